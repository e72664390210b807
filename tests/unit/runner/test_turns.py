"""Tests that several call centres share: each is run once, and few that take much at the same time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.e2e.turns import LONG, PLACES, Turn, Turns, mark, order


@pytest.fixture
def three(tmp_path: Path) -> list[Turns]:
    """Call centres that share."""
    return [Turns(tmp_path) for _ in range(3)]


@pytest.fixture
def one_more(tmp_path: Path) -> list[Turns]:
    """Call centres that share: one more than there are places."""
    return [Turns(tmp_path) for _ in range(PLACES + 1)]


def test_what_takes_long_is_in_the_first_half_and_all_else_anywhere() -> None:
    half = 16 ** len(mark("")) // 2
    long = [order(f"tests/e2e/{file}::test_{number}") for file in LONG for number in range(50)]
    others = [order(f"tests/e2e/test_hold.py::test_{number}") for number in range(100)]
    assert max(long) < half < max(others)
    assert len({*long, *others}) == len(long) + len(others)


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


def taking_all_places(turns: list[Turns], last: Callable[[], None]) -> None:
    """Run one test that takes much within the other, as long as there are places, and `last` within all of them."""
    run = last
    for number in reversed(range(PLACES)):
        run = partial(turns[number].offer, Turn(f"takes much {number}", run, heavy=True))
    run()


def test_of_those_that_take_much_no_more_are_run_at_once_than_there_are_places_and_the_others_are_made_up_for(
    one_more: list[Turns],
) -> None:
    ran: list[str] = []
    *_, last = one_more

    def all_places_are_taken() -> None:
        last.offer(Turn("browser", partial(ran.append, "browser"), heavy=True))
        last.offer(Turn("calls", partial(ran.append, "calls")))

    taking_all_places(one_more, all_places_are_taken)
    assert ran == ["calls"]
    last.offer(Turn("more calls", partial(ran.append, "more calls")))
    assert ran == ["calls", "browser", "more calls"]


def test_what_was_put_off_and_taken_by_another_meanwhile_is_not_run_again(one_more: list[Turns]) -> None:
    ran: list[str] = []
    first, *_, last = one_more
    late = Turn("late", partial(ran.append, "late"), heavy=True)
    taking_all_places(one_more, partial(last.offer, late))
    first.offer(late)
    last.offer(Turn("c", partial(ran.append, "c")), last=True)
    assert ran == ["late", "c"]


def test_after_the_last_nothing_is_left_for_which_a_place_is_waited_for(one_more: list[Turns]) -> None:
    *_, last = one_more
    ran = Event()
    waits = Thread(target=lambda: last.offer(Turn("last", ran.set, heavy=True), last=True))

    def all_places_are_taken() -> None:
        waits.start()
        assert not ran.wait(0.1)

    taking_all_places(one_more, all_places_are_taken)
    waits.join(10)
    assert ran.is_set()
