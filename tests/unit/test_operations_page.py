"""docs/operations.md tells of every figure, and of no line of the log that is never written."""

import re

from tests.support.documents import ROOT

PAGE = (ROOT / "docs/operations.md").read_text()
SOURCE = "".join(file.read_text() for file in (ROOT / "ari_app").rglob("*.py"))


def test_the_figures_are_those_that_there_are() -> None:
    reported = {name.removesuffix("_total") for name in re.findall(r"^\| `(callcontrol_\w+)` \|", PAGE, re.MULTILINE)}
    assert reported == set(re.findall(r'"(callcontrol_\w+)"', SOURCE))


def test_each_is_reported_once() -> None:
    for name in (r"^\| `(callcontrol_\w+)` \|", r"^\| `(\w+)`"):
        reported = re.findall(name, PAGE, re.MULTILINE)
        assert len(reported) > 5
        assert len(reported) == len(set(reported))


def test_every_warning_is_reported() -> None:
    written = set(re.findall(r'log\.(?:warning|error|exception)\(\s*"(\w+)"', SOURCE))
    assert len(written) > 20
    assert {name for name in written if f"`{name}`" not in PAGE} == set()


def test_the_lines_of_the_log_are_written_somewhere() -> None:
    table = PAGE.partition("| line | what to do |")[2].partition("\n\n")[0]
    reported = {
        name for cell in re.findall(r"^\| (`[^|]+)\|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)
    }
    assert len(reported) > 5
    assert {name for name in reported if f'"{name}"' not in SOURCE} == set()
