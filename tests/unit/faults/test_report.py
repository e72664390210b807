"""The page that `docker/test --faults` writes."""

from __future__ import annotations

from dataclasses import replace

from tests.faults.figures import Conditions, Promise, Round, Row
from tests.faults.report import line, page, section

ROWS = (Row("x-killed", "X is killed", (Promise("commands", 2), Promise("free"))), Row("y-cut", "Y is cut off", ()))
CONDITIONS = Conditions("abc123", "2026-01-02", 42, 2, 10, (0.5, 3.25))
GOOD = Round("x killed", {"commands": 0.25, "free": 1.5}, {"alice": 0.04, "bob": 0.0})
BAD = Round("x killed", {"commands": None, "free": 2.5}, {"alice": 0.4}, ("call c1 was left behind", "dave is lost"))


def test_a_row_says_under_which_conditions_it_was_measured_and_what_came_of_it() -> None:
    assert section(ROWS[0], CONDITIONS, [GOOD, GOOD]).splitlines() == [
        "## x-killed",
        "",
        "X is killed. 2026-01-02, commit abc123, 2 rounds, seed 42, 10 calls up, 2 cores with a load of 0.5 "
        "at the begin and 3.2 at the end.",
        "",
        "| measured | promised | median | longest | missed |",
        "|---|---|---|---|---|",
        "| commands | < 2 s | 250 ms | 250 ms | 0 of 2 |",
        "| free |  | 1.50 s | 1.50 s |  |",
        "| longest that somebody did not hear whom they talk to | < 0.3 s | 40 ms | 40 ms | 0 of 2 |",
        "",
        "The longest that each did not hear whom they talk to, in all rounds: alice 40 ms, bob 0 ms.",
        "",
        "Lost or left behind: nothing.",
    ]


def test_what_was_lost_is_named_by_its_round() -> None:
    text = section(ROWS[0], CONDITIONS, [GOOD, BAD])
    assert "| commands | < 2 s | 250 ms | 250 ms | 1 of 2 |" in text
    assert "**Lost or left behind in 1 of 2 rounds:**" in text
    assert "- round 2: call c1 was left behind\n- round 2: dave is lost\n" in text


def test_a_row_that_is_run_again_takes_the_place_of_its_last_and_others_stay() -> None:
    first = page("", ROWS, [(row, CONDITIONS, [GOOD]) for row in reversed(ROWS)])
    assert first.index("## x-killed") < first.index("## y-cut")
    again = page(first, ROWS, [(ROWS[0], CONDITIONS, [BAD])])
    assert again.count("## x-killed") == again.count("## y-cut") == 1
    assert "call c1 was left behind" in again
    assert again.partition("## y-cut")[2] == first.partition("## y-cut")[2]
    assert page(again, ROWS, []) == again


def test_a_row_that_there_is_no_more_goes() -> None:
    written = page("", ROWS, [(row, CONDITIONS, [GOOD]) for row in ROWS])
    assert "y-cut" not in page(written, ROWS[:1], [])


def test_who_watches_sees_each_round() -> None:
    assert line(2, 3, GOOD) == "   2 of 3  x killed: commands 250 ms, free 1.50 s; not heard for 40 ms"
    assert line(3, 3, BAD).endswith("400 ms\n      WRONG: call c1 was left behind\n      WRONG: dave is lost")


def test_a_row_without_calls_that_go_on_says_how_much_was_done_in_all() -> None:
    rounds = [Round("x", {"commands": 1.0}, {}, (), {"calls": 30, "refused": 1})] * 40
    text = section(ROWS[0], replace(CONDITIONS, calls=0), rounds)
    assert "40 rounds, seed 42, 2 cores with" in text
    assert "did not hear" not in text
    assert "\nIn all: 1,200 calls, 40 refused.\n" in text
    assert line(1, 1, rounds[0]) == "   1 of 1  x: commands 1.00 s; 30 calls, 1 refused"
