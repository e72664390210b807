"""Reports of scenario runs: for the terminal, for CI (JUnit XML), and the pictures."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from tests.bots.picture import svg
from tests.bots.runner import Result

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd]")


def text(result: Result) -> str:
    """A scenario's result for people: each step with its time, and the story where it failed."""
    lines = [f"{result.file}: {result.name}"]
    if result.skipped:
        return f"{lines[0]}\n  skipped: {result.skipped}"
    for number, step in enumerate(result.steps, 1):
        mark = "FAIL" if step.failure else "ok  "
        lines.append(f"  {mark} {number:2} {step.began:7.3f} s +{step.took:6.3f} s  {step.label}")
    if result.failure:
        lines.append("  " + result.failure.replace("\n", "\n  "))
    lines.append(f"  {'passed' if result.passed else 'FAILED'} in {result.took:.1f} s")
    return "\n".join(lines)


def summary(results: list[Result]) -> str:
    """One line for all of them."""
    passed = sum(result.passed for result in results)
    skipped = sum(bool(result.skipped) for result in results)
    failed = len(results) - passed - skipped
    seconds = sum(result.took for result in results)
    return f"{passed} passed, {failed} failed, {skipped} skipped in {seconds:.1f} s"


def junit(results: list[Result]) -> str:
    """JUnit XML, with each bot's events as the output of its test case."""
    skipped = sum(bool(result.skipped) for result in results)
    failed = sum(not result.passed for result in results) - skipped
    suite = ElementTree.Element(
        "testsuite",
        name="call-bots",
        tests=str(len(results)),
        failures=str(failed),
        skipped=str(skipped),
        errors="0",
        time=f"{sum(result.took for result in results):.3f}",
    )
    for result in results:
        case = ElementTree.SubElement(
            suite, "testcase", classname="bots." + Path(result.file).stem, name=result.name,
            file=result.file, time=f"{result.took:.3f}",
        )  # fmt: skip
        if result.skipped:
            ElementTree.SubElement(case, "skipped", message=result.skipped)
        elif result.failure:
            failure = ElementTree.SubElement(case, "failure", message=_clean(result.failure.split("\n")[0]))
            failure.text = _clean(result.failure)
        output = ElementTree.SubElement(case, "system-out")
        output.text = _clean("\n".join(event.line(result.epoch) for event in result.events))
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _clean(said: str) -> str:
    return _NOT_XML.sub("?", said)


def write(results: list[Result], directory: Path) -> list[Path]:
    """Write `junit.xml` and an SVG a scenario into the directory, which is made. Raises OSError."""
    directory.mkdir(parents=True, exist_ok=True)
    written = [directory / "junit.xml"]
    written[0].write_text(junit(results), encoding="utf-8")
    for result in results:
        if not result.skipped:
            written.append(directory / f"{Path(result.file).stem}.svg")
            written[-1].write_text(svg(result), encoding="utf-8")
    return written
