"""What came of the steps: JUnit files counted, and the summary that ends with "<n> passed, <n> failed"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

_BAD = ("failures", "errors")
_NOT_RUN = "skipped"


@dataclass(frozen=True)
class Outcome:
    """What came of one step. `detail` says how many tests it had, and is empty where it has none to count."""

    step: str
    seconds: int
    passed: int
    failed: int
    detail: str = ""


@dataclass(frozen=True)
class Style:
    """How to set words off, if at all."""

    colours: bool

    def __call__(self, code: int, text: str) -> str:
        return f"\033[{code}m{text}\033[0m" if self.colours else text

    def heading(self, text: str) -> str:
        """The line above a step."""
        return self(1, f"── {text}")

    def note(self, text: str) -> str:
        """Something by the way."""
        return f"{self(2, '·')} {text}"

    def mark(self, *, good: bool) -> str:
        """Whether it is all right."""
        return self(32, "✓") if good else self(31, "✗")


def count(files: Iterable[Path]) -> tuple[int, int]:
    """How many tests of these JUnit files passed and failed. A file that was not written to its end has one failed."""
    passed = failed = 0
    for file in files:
        try:
            suites = list(ET.parse(file).iter("testsuite"))  # noqa: S314 - pytest has just written it
        except ET.ParseError:
            failed += 1
            continue
        for suite in suites:
            numbers = {name: int(suite.get(name, 0)) for name in ("tests", _NOT_RUN, *_BAD)}
            bad = sum(numbers[name] for name in _BAD)
            failed += bad
            passed += numbers["tests"] - numbers[_NOT_RUN] - bad
    return passed, failed


def outcome(step: str, seconds: int, files: Sequence[Path], *, good: bool) -> Outcome:
    """What came of a step. One that is not good has failed once at least: it may have broken before it could count."""
    passed, failed = count(files)
    detail = f"{passed} passed, {failed} failed" if files else ""
    return Outcome(step, seconds, passed, failed if good else max(failed, 1), detail)


def summary(outcomes: Sequence[Outcome], images: int, total: int, reports: str, style: Style) -> str:
    """The table of the steps, and the last line. `images` and `total` are seconds, `reports` a directory."""
    lines = ["", style.heading("summary"), _line(style, Outcome("images", images, 0, 0))]
    lines += [_line(style, each) for each in outcomes]
    lines.append(f"  {'total':<9} {total:4} s  logs and results: {reports}")
    lines.append(f"{sum(each.passed for each in outcomes)} passed, {sum(each.failed for each in outcomes)} failed")
    return "\n".join(lines)


def _line(style: Style, each: Outcome) -> str:
    return f"{style.mark(good=not each.failed)} {each.step:<9} {each.seconds:4} s  {each.detail}".rstrip()
