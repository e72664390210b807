"""Reports: text, JUnit, picture."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from tests.bots import report
from tests.bots.events import Event
from tests.bots.picture import svg
from tests.bots.runner import Result, StepResult
from tests.bots.sound import Sound
from tests.bots.timeline import HeardSince


def result(failure: str = "") -> Result:
    """A run of two bots."""
    steps = [StepResult("alice dials 2000 & <waits>", 0.0, 0.1), StepResult("expect", 0.1, 3.0, failure)]
    timelines = {
        "alice": [
            HeardSince(10.0, frozenset(), Sound.IDLE),
            HeardSince(11.0, frozenset({"bob", "<carol>"}), Sound.VOICES),
        ],
        "bob": [HeardSince(10.0, frozenset(), Sound.SILENCE), HeardSince(12.0, frozenset(), Sound.MUSIC)],
    }
    events = [Event(10.5, "alice", "invite sent", "\x00 & <b>")]
    return Result(
        "A & B", "a.yaml", 10.0, 3.1, failure=failure and f"step 2: {failure}",
        steps=steps, timelines=timelines, events=events,
    )  # fmt: skip


def test_the_text_shows_each_step_and_the_story_of_a_failure() -> None:
    said = report.text(result("alice does not hear bob\nmatrix"))
    assert "FAIL  2   0.100 s + 3.000 s  expect" in said
    assert "  step 2: alice does not hear bob\n  matrix" in said
    assert report.summary([result(), result("x"), Result("s", "s.yaml", skipped="why")]) == (
        "1 passed, 1 failed, 1 skipped in 6.2 s"
    )


def test_junit_is_xml_with_counts_failures_and_the_log() -> None:
    written = report.junit([result(), result("x"), Result("s", "s.yaml", skipped="why")])
    suite = ElementTree.fromstring(written)[0]  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert "invite sent ? & <b>" in (suite[0].findtext("system-out") or "")
    failure = suite[1].find("failure")
    assert failure is not None
    assert failure.get("message") == "step 2: x"


def test_the_picture_is_well_formed_small_and_shows_every_stretch() -> None:
    picture = svg(result("x"))
    root = ElementTree.fromstring(picture)  # noqa: S314 - our own
    titles = [title.text for title in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["1.000–3.100 s: <carol>, bob"] * 2 + ["0.000–2.000 s: silence", "2.000–3.100 s: music"]
    assert len(picture) < 10_000


def test_a_directory_is_filled_with_junit_and_pictures(tmp_path: Path) -> None:
    written = report.write([result(), Result("s", "s.yaml", skipped="why")], tmp_path / "new")
    assert [path.name for path in written] == ["junit.xml", "a.svg"]
