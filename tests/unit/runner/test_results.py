"""Counting what came of the tests, and telling it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runner.results import Outcome, Style, count, outcome, summary


def junit(directory: Path, name: str, *suites: str) -> Path:
    """A file as pytest writes it."""
    file = directory / name
    file.write_text(f'<?xml version="1.0" encoding="utf-8"?><testsuites>{"".join(suites)}</testsuites>')
    return file


def suite(tests: int, failures: int = 0, errors: int = 0, skipped: int = 0) -> str:
    """One of its suites, with a test that prints what looks like another."""
    numbers = f'errors="{errors}" failures="{failures}" skipped="{skipped}" tests="{tests}"'
    printed = '<testcase name="a"><system-out><![CDATA[<testsuite tests="9" ]]></system-out></testcase>'
    return f'<testsuite name="pytest" {numbers}>{printed}</testsuite>'


def test_the_files_of_all_parts_are_counted_together(tmp_path: Path) -> None:
    files = [junit(tmp_path, "e2e.xml", suite(10, 1, 2, 3)), junit(tmp_path, "e2e.2.xml", suite(5), suite(1))]
    assert count(files) == (10, 3)


def test_a_file_that_was_not_written_to_its_end_is_a_failure(tmp_path: Path) -> None:
    torn = tmp_path / "unit.xml"
    torn.write_text('<?xml version="1.0"?><testsuites><testsuite tests="4"')
    assert count([torn]) == (0, 1)


def test_a_step_that_broke_before_it_could_count_has_failed_once(tmp_path: Path) -> None:
    assert outcome("types", 3, [], good=False) == Outcome("types", 3, 0, 1)
    files = [junit(tmp_path, "unit.xml", suite(4))]
    assert outcome("unit", 3, files, good=False) == Outcome("unit", 3, 4, 1, "4 passed, 0 failed")
    assert outcome("unit", 3, files, good=True) == Outcome("unit", 3, 4, 0, "4 passed, 0 failed")


def test_a_step_that_has_failed_has_failed_as_often_as_its_tests(tmp_path: Path) -> None:
    assert outcome("unit", 3, [junit(tmp_path, "unit.xml", suite(4, 2))], good=False).failed == 2


@pytest.mark.parametrize("colours", [True, False])
def test_the_last_line_says_how_many_passed_and_failed(colours: bool) -> None:
    outcomes = [Outcome("lint", 4, 0, 1), Outcome("unit", 100, 7, 2, "7 passed, 2 failed")]
    reported = summary(outcomes, 3, 107, "/reports", Style(colours))
    assert reported.splitlines()[-1] == "7 passed, 3 failed"
    assert ("\033" in reported) == colours


def test_the_summary_has_a_line_for_each_step() -> None:
    outcomes = [Outcome("lint", 4, 0, 1), Outcome("unit", 100, 7, 0, "7 passed, 0 failed")]
    assert summary(outcomes, 3, 107, "/reports", Style(colours=False)) == "\n".join(
        (
            "",
            "── summary",
            "✓ images       3 s",
            "✗ lint         4 s",
            "✓ unit       100 s  7 passed, 0 failed",
            "  total      107 s  logs and results: /reports",
            "7 passed, 1 failed",
        )
    )
