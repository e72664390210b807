"""`tests/SCENARIOS.md` is true: its tests exist, and every criterion is shown end to end."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TABLE = (TESTS / "SCENARIOS.md").read_text()
CRITERIA = (*range(1, 9), *range(10, 18), *range(20, 23), *range(25, 42), *range(45, 48), *range(50, 56))
"""The numbers of the promises to agents; those that are missing were never given."""

_NAMED = re.compile(r"`((?:unit/|contract/)?[a-z_/]+)::(test_\w+)`")
_ROW = re.compile(r"^\| S(\d+) \|", re.MULTILINE)


@cache
def names_in(file: Path) -> frozenset[str]:
    """The names of all tests in a file; none where it is not there."""
    return frozenset(re.findall(r"def (test_\w+)\(", file.read_text())) if file.is_file() else frozenset()


def criteria_of(test: str) -> set[int]:
    """Those that a test's name cites: `…_s31`."""
    return {int(number) for number in re.findall(r"_s(\d+)(?=_|$)", test)}


def shown_end_to_end() -> dict[int, set[str]]:
    """For each criterion the end-to-end tests that cite it."""
    found: dict[int, set[str]] = {}
    for file in sorted((TESTS / "e2e").glob("test_*.py")):
        for test in names_in(file):
            for number in criteria_of(test):
                found.setdefault(number, set()).add(f"{file.stem}::{test}")
    return found


def missing(text: str) -> list[str]:
    """The tests that a text names and that are not there."""
    named = _NAMED.findall(text)
    places = {name: TESTS / (file if "/" in file else f"e2e/{file}") for file, name in named}
    return [name for name, place in places.items() if name not in names_in(place.with_suffix(".py"))]


def row(number: int) -> str:
    """The line of a criterion in the table."""
    return next(line for line in TABLE.splitlines() if line.startswith(f"| S{number} |"))


def test_every_test_named_in_the_tables_exists() -> None:
    assert len(_NAMED.findall(TABLE)) > 100
    assert missing(TABLE) == []


def test_a_test_that_is_not_there_would_be_missed() -> None:
    assert missing("`test_hold::test_nothing_of_the_kind`, `unit/nowhere::test_either`") == [
        "test_nothing_of_the_kind",
        "test_either",
    ]


@pytest.mark.parametrize("number", CRITERIA)
def test_every_criterion_has_end_to_end_tests_that_name_it_and_the_table_has_each(number: int) -> None:
    shown = shown_end_to_end().get(number, set())
    assert shown, f"no test in tests/e2e has _s{number} in its name"
    listed = {f"{file}::{test}" for file, test in _NAMED.findall(row(number))}
    assert listed, f"SCENARIOS.md names no test of S{number}"
    assert listed - shown == set(), f"SCENARIOS.md says that they show S{number}"
    assert shown - listed == set(), f"SCENARIOS.md does not say that they show S{number}"


def test_the_table_has_the_criteria_that_there_are_and_no_test_cites_another() -> None:
    assert [int(number) for number in _ROW.findall(TABLE)] == list(CRITERIA)
    assert set(shown_end_to_end()) <= set(CRITERIA)


SITUATIONS = {
    *(f"F{number}" for number in (*range(1, 20), *range(21, 24))),
    "F6b",
    *(f"N{number}" for number in (*range(1, 7), *range(9, 12))),
    *(f"C{number}" for number in (9, *range(13, 18))),
}
"""What phones, trunks, administrators and broken parts bring; the numbers that are missing were never given, or
are shown by no row of the table."""
UNHEARD = {"N6", "N10", "N11", "C17"}
"""Those in which nobody is at a phone."""


def shown_in_situations() -> dict[str, list[str]]:
    """For each row of the table of situations the files of the tests that it names."""
    found: dict[str, list[str]] = {}
    for number, rest in re.findall(r"^\| ([FNC]\d+b?) \|(.*)$", TABLE, re.MULTILINE):
        found.setdefault(number, []).extend(file for file, _ in _NAMED.findall(rest))
    return found


def test_every_situation_is_shown_end_to_end_where_anybody_is_at_a_phone() -> None:
    shown = {
        number: [file for file in files if number in UNHEARD or "/" not in file]
        for number, files in shown_in_situations().items()
    }
    assert sorted(number for number in SITUATIONS if not shown.get(number)) == []
