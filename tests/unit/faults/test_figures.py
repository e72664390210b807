"""What the rounds of a fault come to."""

from __future__ import annotations

from tests.faults.figures import HEARD, Figure, Promise, Round, Row, figures, gap

ROW = Row("x-killed", "X is killed", (Promise("commands", 2), Promise("free")))


def test_the_median_and_the_longest_of_each_promise_and_the_rounds_that_missed_it() -> None:
    rounds = [
        Round("a", {"commands": 1.0, "free": 9.0}, {"alice": 0.1, "bob": 0.5}),
        Round("b", {"commands": 3.0, "free": 1.0}, {"alice": 0.2}),
        Round("c", {"commands": 2.0, "free": None}, {}),
    ]
    assert figures(ROW, rounds) == [
        Figure("commands", 2, 3, 2.0, 3.0, missed=1),
        Figure("free", None, 3, 5.0, 9.0, missed=1),
        Figure(HEARD, 0.3, 3, 0.2, 0.5, missed=1),
    ]


def test_what_never_came_has_no_median_and_was_missed_each_time() -> None:
    (commands, *_) = figures(ROW, [Round("a", {"commands": None}, {}), Round("b", {"commands": None}, {})])
    assert commands == Figure("commands", 2, 2, None, None, missed=2)


def test_a_round_that_broke_before_anything_was_measured_counts_for_nothing_but_what_was_heard() -> None:
    commands, _, heard = figures(ROW, [Round("a", {}, {"alice": 0.1}, ("it broke",))])
    assert (commands.rounds, heard.rounds) == (0, 1)


def test_a_silence_goes_on_over_changes_of_what_else_is_heard_and_ends_with_the_voice() -> None:
    both, bob, nobody = frozenset({"alice", "bob"}), frozenset({"bob"}), frozenset[str]()
    heard = [(0.0, 1.0, both), (1.0, 1.2, bob), (1.2, 1.5, nobody), (1.5, 2.0, both), (2.0, 2.4, nobody)]
    assert round(gap(heard, frozenset({"alice"})), 3) == 0.5
    assert round(gap(heard, frozenset({"bob"})), 3) == 0.4
    assert gap([], frozenset({"bob"})) == 0
