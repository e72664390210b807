"""docs/benchmarks.md, its pictures, goals and notes, and results that are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.bench import notes
from tests.bench.figures import Curve, Figure, Value
from tests.bench.goals import GOALS, judged
from tests.bench.page import KEYS, all_curves, all_figures, page
from tests.bench.picture import curves, ratios
from tests.bench.results import Result, keep, kept

_SVG = "{http://www.w3.org/2000/svg}"


def result(bench: str, *figures: Figure, values: Sequence[Value] = (), lines: Sequence[Curve] = ()) -> Result:
    said = {
        "cores": 2, "load_before": 0.25, "figures": [each.json() for each in figures],
        "curves": [each.json() for each in lines], "values": [each.json() for each in values],
    }  # fmt: skip
    return Result(bench, "abc123", "2026-01-02", 90.0, said)


def transfer(ours: float) -> Result:
    figure = Figure("transfer, answer → audio", "Dial()", 1.05, ours=[ours] * 3, baseline=[20.0] * 3)
    return result("audio", figure)


def test_a_goal_that_is_met_says_so_and_one_that_is_missed_says_why() -> None:
    good, bad = page([transfer(20.0)], {"transfer": "It waits."}), page([transfer(30.0)], {"transfer": "It waits."})
    title = "| instant transfer, answer → first audio / `Dial()` | 1.18–1.34 | ≤ 1.05 |"
    assert f"{title} 1.00 | met |" in good
    assert f"{title} 1.50 | **missed** |" in bad
    assert "It waits." in bad
    assert "It waits." not in good
    assert "The limit has not been looked for yet." in page([transfer(30.0)], {})


def test_what_was_not_measured_is_neither_met_nor_missed() -> None:
    assert {each.met for each in judged([])} == {None}
    assert "Nothing has been measured yet." in page([], {})
    one = result("serve", Figure("ready → next caller rings", "bare originate", ours=[2.0], baseline=[1.0]))
    (serve,) = [each for each in judged([one]) if each.goal.key == "serve"]
    assert (serve.found, serve.met) == ([2.0, None], None)
    worse = result("serve", Figure("ready → next caller rings", "bare originate", ours=[9.0], baseline=[1.0]))
    (serve,) = [each for each in judged([worse]) if each.goal.key == "serve"]
    assert serve.met is False


def test_where_a_goal_is_about_several_figures_the_worst_counts() -> None:
    made = [
        Figure(f"reservations, rich, {kind}", "bare EVALSHA", ours=[n], baseline=[1.0], more=True)
        for kind, n in (("group", 0.7), ("skill", 0.5))
    ]
    (found,) = [each for each in judged([result("reservations", *made)]) if each.goal.key == "reservations"]
    assert (found.found, found.met) == ([0.5], False)
    (memory,) = [
        each
        for each in judged([result("cpu", values=[Value("memory of a call that is up", 12.0, "kB")])])
        if each.goal.key == "memory"
    ]
    assert memory.found == [12.0, None]


def test_the_page_has_every_figure_with_its_interval_and_the_run() -> None:
    found = [result("zzz", values=[Value("start", 4.5, "s", 10.0)]), transfer(30.0)]
    text = page(found, {})
    assert "2026-01-02, commit abc123: 2 benches in 3 minutes on 2 cores, with a load of 0.2 to 0.2 before" in text
    assert (
        "| transfer, answer → audio / Dial() | 3 | 30, 30 ms | 20, 20 ms | 1.50 (1.50–1.50) | ≤ 1.05 | **missed** |"
        in text
    )
    assert "| start | 4.5 s | ≤ 10 s | met |" in text
    assert text.index("### audio") < text.index("### zzz")


def test_the_pictures_show_every_ratio_and_every_curve() -> None:
    points = [(1.0, 2.0), (300.0, 3.0)]
    found = [
        transfer(30.0),
        result("busy", lines=[Curve("mute", name, "calls", "ms", points) for name in ("ours", "bare")]),
    ]
    picture = ET.fromstring(ratios(all_figures(found)))  # noqa: S314 - our own
    assert len(list(picture.iter(f"{_SVG}circle"))) == 1
    drawn = ET.fromstring(curves(all_curves(found)))  # noqa: S314 - our own
    lines = list(drawn.iter(f"{_SVG}polyline"))
    assert len(lines) == 2
    first, last = [point.split(",") for point in lines[0].attrib["points"].split()]
    assert float(first[0]) < float(last[0])
    assert float(first[1]) > float(last[1])
    assert ET.fromstring(ratios([])).tag == f"{_SVG}svg"  # noqa: S314 - our own


def test_notes_are_about_goals_and_stand_in_parts() -> None:
    assert notes.parts("for writers\n\n## a\n\nOne.\n\n## b\nTwo.\n") == {"a": "One.", "b": "Two."}
    assert notes.read().keys() <= KEYS
    assert len(KEYS) == len(GOALS)


def test_results_of_several_runs_of_one_commit_make_one_report(tmp_path: Path) -> None:
    first = transfer(30.0)
    keep(tmp_path, first)
    keep(tmp_path, replace(first, bench="serve", commit="another"))
    keep(tmp_path, replace(first, seconds=91.0))
    (found,) = kept(tmp_path, "abc123")
    assert found.seconds == pytest.approx(91.0)
    assert found.figures == first.figures
