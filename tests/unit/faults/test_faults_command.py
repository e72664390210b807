"""`docker/test --faults`: which rows, and how many rounds."""

from __future__ import annotations

import pytest

from tests.faults import rows
from tests.faults.__main__ import parse
from tests.faults.checker import Rule
from tests.faults.seeding import ROOT, SEEDED
from tests.runner.steps import commands
from tests.seeded.faults import Fault


def test_without_rows_all_are_run_with_the_rounds_that_each_has() -> None:
    found = parse([])
    assert (found.rows, found.rounds) == ([], None)
    assert {row.name: row.rounds for row in rows.ROWS if row.rounds != 20} == {"controller-killed": 60}


def test_rows_rounds_and_the_seed_are_chosen() -> None:
    found = parse(["redis-killed", "network-cut", "--rounds", "3", "--seed", "7"])
    assert (found.rows, found.rounds, found.seed) == (["redis-killed", "network-cut"], 3, 7)


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (["redis-kiled"], "unknown row redis-kiled"),
        (["--calls", "2"], "--calls must be 3 to 17"),
        (["--rounds", "0"], "--rounds must be at least 1"),
        (["redis-killed", "--seeded", "taken-agents-are-free"], "--seeded goes with the row history alone"),
    ],
)
def test_what_makes_no_sense_is_refused(given: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(given)
    assert complaint in capsys.readouterr().err


def test_every_row_can_be_played_and_the_page_is_among_the_reports() -> None:
    assert {row.name for row in rows.ROWS} == set(rows.PLAYED)
    (only,) = commands("faults", ("redis-killed", "--rounds", "3"))
    assert only[2:] == ("tests.faults", "--page", "/reports/faults.page", "redis-killed", "--rounds", "3")


@pytest.mark.parametrize("fault", SEEDED.values(), ids=lambda fault: fault.name)
def test_a_fault_that_is_put_into_controllers_stands_once_and_breaks_a_rule_of_the_checker(fault: Fault) -> None:
    assert (ROOT / fault.file).read_text(encoding="utf-8").count(fault.lines) == 1
    assert fault.instead != fault.lines
    assert fault.says in Rule.__value__.__args__
    assert parse(["history", "--seeded", fault.name]).seeded == fault.name
