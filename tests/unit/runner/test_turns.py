"""Tests that several call centres share: each is run once, and few with browsers at the same time."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.e2e.turns import PLACES, Turn, Turns


@pytest.fixture
def three(tmp_path: Path) -> list[Turns]:
    """Call centres that share."""
    return [Turns(tmp_path) for _ in range(3)]


def test_each_is_run_by_the_first_that_comes_to_it(three: list[Turns]) -> None:
    ran: list[str] = []
    for number, turns in enumerate(three):
        for test in ("a", "b"):
            turns.offer(Turn(test, partial(ran.append, f"{test} by {number}")))
    assert ran == ["a by 0", "b by 0"]


def test_who_runs_one_says_so_and_no_longer_when_it_has_failed(three: list[Turns]) -> None:
    first, *_ = three
    running: list[bool] = []

    def fails() -> None:
        running.append(first.running)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        first.offer(Turn("a", fails))
    assert running == [True]
    assert not first.running


def test_with_browsers_no_more_are_run_at_once_than_there_are_places_and_the_others_are_made_up_for(
    three: list[Turns],
) -> None:
    ran: list[str] = []
    first, second, third = three

    def offered_by_all() -> None:
        ran.append("first")
        second.offer(Turn("second", offered_by_the_third, with_browser=True))

    def offered_by_the_third() -> None:
        ran.append("second")
        third.offer(Turn("third", partial(ran.append, "third"), with_browser=True))
        third.offer(Turn("calls", partial(ran.append, "calls")))

    first.offer(Turn("first", offered_by_all, with_browser=True))
    assert PLACES == 2
    assert ran == ["first", "second", "calls"]
    third.offer(Turn("more calls", partial(ran.append, "more calls")))
    assert ran == ["first", "second", "calls", "third", "more calls"]


def test_what_was_put_off_and_taken_by_another_meanwhile_is_not_run_again(three: list[Turns]) -> None:
    ran: list[str] = []
    first, second, third = three
    late = Turn("late", partial(ran.append, "late"), with_browser=True)
    first.offer(
        Turn("a", lambda: second.offer(Turn("b", lambda: third.offer(late), with_browser=True)), with_browser=True)
    )
    second.offer(late)
    third.offer(Turn("c", partial(ran.append, "c")), last=True)
    assert ran == ["late", "c"]


def test_after_the_last_nothing_is_left_for_which_a_place_is_waited_for(three: list[Turns]) -> None:
    first, second, third = three
    ran = Event()
    waits = Thread(target=lambda: third.offer(Turn("last", ran.set, with_browser=True), last=True))

    def both_places_are_taken() -> None:
        waits.start()
        assert not ran.wait(0.1)

    first.offer(Turn("a", lambda: second.offer(Turn("b", both_places_are_taken, with_browser=True)), with_browser=True))
    waits.join(10)
    assert ran.is_set()
