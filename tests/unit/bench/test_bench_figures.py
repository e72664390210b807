"""Ratios of alternating rounds, their intervals, and what is said of them."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from tests.bench.figures import Curve, Figure, Value, percentile, spread, summary, table, tell
from tests.bench.results import last_line


def test_a_figure_of_paired_rounds_is_the_median_of_their_ratios_whatever_drifts_meanwhile() -> None:
    figure = Figure("a", "b", ours=[2.0, 20.0, 200.0], baseline=[1.0, 10.0, 100.0])
    assert figure.ratio == 2.0
    assert figure.interval == (2.0, 2.0)


def test_a_figure_of_rounds_that_are_no_pairs_is_the_ratio_of_the_percentiles() -> None:
    figure = Figure("a", "b", ours=[1.0, 2.0, 30.0], baseline=[1.0, 1.0, 1.0, 1.0], paired=False)
    assert figure.ratio == 2.0
    assert Figure("a", "b", ours=[1.0, 2.0, 30.0], baseline=[1.0], paired=False, at=99).ratio == pytest.approx(29.44)


def test_rounds_of_which_one_is_missing_make_no_pairs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        _ = Figure("a", "b", ours=[1.0, 2.0], baseline=[1.0]).ratio


def test_the_interval_is_where_the_ratio_lies_and_the_narrower_the_more_rounds_there_are() -> None:
    dice = random.Random(5)

    def measured(rounds: int) -> Figure:
        baseline = [10 + dice.gauss(0, 1) for _ in range(rounds)]
        return Figure("a", "b", ours=[1.2 * value + dice.gauss(0, 1) for value in baseline], baseline=baseline)

    few, many = measured(10), measured(400)
    for figure in (few, many):
        low, high = figure.interval
        assert low <= figure.ratio <= high
    assert many.interval[1] - many.interval[0] < few.interval[1] - few.interval[0]
    assert many.interval[0] < 1.2 < many.interval[1]


@pytest.mark.parametrize(("more", "met"), [(False, False), (True, True)])
def test_a_goal_is_the_most_or_where_more_is_better_the_least(more: bool, met: bool) -> None:
    figure = Figure("a", "b", 1.1, ours=[1.2], baseline=[1.0], more=more)
    assert figure.met() is met
    assert ("MISSED" in table([figure])) is not met
    assert Figure("a", "b", ours=[1.2], baseline=[1.0]).met() is None


def test_percentiles_and_summaries_are_of_all_values() -> None:
    values = [float(n) for n in range(1, 101)]
    assert percentile(values, 50) == 50.5
    assert percentile(values, 99) == pytest.approx(99.01)
    assert summary(values)["p99"] == 99.01
    assert summary([3.0]) == {"min": 3.0, "p25": 3.0, "median": 3.0, "p75": 3.0, "p99": 3.0, "max": 3.0}


def test_offsets_cover_the_frame_evenly() -> None:
    assert sorted(spread(4, 0.020)) == pytest.approx([0.0025, 0.0075, 0.0125, 0.0175])


def test_the_last_line_of_a_bench_is_its_result_and_its_file_has_it_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figure = Figure("a", "b", ours=[1.2, 1.4], baseline=[1.0, 1.0])
    curve = Curve("p99", "ours", "calls a second", "ms", [(10, 1.23456)])
    tell(
        "x",
        tmp_path / "f",
        began=0.5,
        figures=[figure],
        curves=[curve],
        values=[Value("v", 2.0, "kB", 3.0)],
        more={"n": 1},
    )
    printed = capsys.readouterr().out
    said = last_line((tmp_path / "f").read_text())
    assert said is not None
    assert said == json.loads(printed)
    assert (said["bench"], said["load_before"], said["n"]) == ("x", 0.5, 1)
    assert said["figures"][0]["ratio"] == 1.3
    assert said["curves"][0]["points"] == [[10, 1.235]]
    assert said["values"] == [{"name": "v", "value": 2.0, "unit": "kB", "goal": 3.0}]
    assert last_line("") is None
