"""docs/soak.md, its picture, and what `docker/test soak` is to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.runner.steps import commands
from tests.soak.__main__ import parse
from tests.soak.callers import Callers, _last
from tests.soak.figures import WATCHED
from tests.soak.page import Soak, page
from tests.soak.picture import svg
from tests.unit.soak.test_soak_figures import samples

SOAK = Soak("2026-01-02", "abc123", 2, (0.5, 3.25), samples(10, 30, 30, 30), {"held": 1200, "served": 9}, [], [])


def test_the_page_says_what_was_run_and_what_is_flat() -> None:
    text = page(SOAK)
    assert SOAK.good
    assert (
        "2026-01-02, commit abc123: 3,000 calls in 0 minutes (100.0 a second) on 2 cores, "
        "with a load of 0.5 at the begin and 3.2 at the end." in text
    )
    assert "| controller, resident memory | 10.0 MB | 30.0 MB | 30.0 MB | +0.00 MB | 1 MB | flat |" in text
    assert "| channels | 10 | 30 | 30 | +0.00 | 1 | flat |" in text
    assert "had 6,000 lines then, in 3.0 MB of Redis: it fills up to 200,000 lines." in text
    assert "What was done: 1,200 held, 9 served.\n" in text
    assert "Left behind when all had hung up: nothing.\n\nNot as it should be: nothing.\n" in text


@pytest.mark.parametrize(
    ("soak", "said"),
    [
        (replace(SOAK, samples=samples(10, 20, 30, 40)), "| channels | 10 | 30 | 40 | +10.00 | 1 | **grows** |"),
        (replace(SOAK, left=["a bridge"]), "**Left behind when all had hung up:**\n\n- a bridge\n"),
        (replace(SOAK, wrong=["x: 2", "y: 1"]), "**Not as it should be:**\n\n- x: 2\n- y: 1\n"),
    ],
)
def test_what_grows_is_left_behind_or_went_wrong_is_named_and_fails(soak: Soak, said: str) -> None:
    assert said in page(soak)
    assert not soak.good


def test_the_picture_has_a_curve_for_each_figure_from_the_first_call_to_the_last() -> None:
    picture = ET.fromstring(svg(SOAK.samples))  # noqa: S314 - our own
    curves = list(picture.iter("{http://www.w3.org/2000/svg}polyline"))
    assert len(curves) == len(WATCHED)
    points = [point.split(",") for point in curves[0].attrib["points"].split()]
    across, heights = [float(x) for x, _ in points], [float(y) for _, y in points]
    assert across == sorted(across)
    assert heights[0] > heights[1] == heights[2] == heights[3]


def test_how_many_calls_have_begun_is_what_sipp_stated_last(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_text("A;TotalCallCreated;FailedCall(C);\nx;4;0;\nx;7;1;\n")
    callers = Callers(9, tmp_path / "errors", {"patient": one, "impatient": other}, {})
    assert (callers.begun(), callers.all_have_begun()) == (7, False)
    other.write_text("A;TotalCallCreated;FailedCall(C);\nx;2;0;\n")
    assert (callers.begun(), callers.all_have_begun()) == (9, True)
    assert _last(one, "FailedCall(C)") == 1


def test_the_command_writes_page_and_picture_among_the_reports() -> None:
    (only,) = commands("soak", ("--calls", "500"))
    assert only[2:] == (
        "tests.soak",
        "--page",
        "/reports/soak.page",
        "--picture",
        "/reports/soak.svg",
        "--calls",
        "500",
    )
    assert parse([]).calls == 20_000
    with pytest.raises(SystemExit):
        parse(["--calls", "99"])
