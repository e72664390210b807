"""How long something went on, where phones tell only when it was caused, or shown."""

from __future__ import annotations

from typing import Any

import pytest

from tests.day.spans import Bounds, Lateness, Moment, Span, Window, count, length, longest, total


def near(low: float, high: float) -> Any:
    """These bounds, but for what numbers are rounded by."""
    return Bounds(pytest.approx(low), pytest.approx(high))  # type: ignore[arg-type]


LATE = Lateness((0.02, 0.02, 0.02, 0.1))


def test_what_two_phones_have_seen_lies_between_and_what_one_has_seen_was_noted_later_by_the_way() -> None:
    seen = Span(Moment(10.0, 10.1), Moment(12.0, 12.3))
    assert length(seen, LATE) == near(1.899, 2.301)
    unseen = Span(Moment(10.0), Moment(12.0, 12.3))
    assert length(unseen, LATE) == near(1.899, 2.301)
    waited = Span(Moment(10.0, since=10.5), Moment(12.0, 12.0))
    assert length(waited, LATE) == near(1.399, 2.001)


def test_many_are_late_by_the_mean_and_one_by_the_most() -> None:
    assert LATE.mean == pytest.approx(0.04)
    assert LATE.of(1) == LATE.most == 0.1
    assert LATE.of(10_000) == pytest.approx(LATE.mean, abs=0.002)
    spans = [Span(Moment(float(n)), Moment(n + 1.0, n + 1.0)) for n in range(10_000)]
    bounds = total(spans, LATE)
    assert bounds.high - bounds.low == pytest.approx(10_000 * (LATE.of(10_000) + 0.002), rel=1e-3)
    assert longest(spans, LATE) == near(0.899, 1.001)


def test_times_are_cut_at_the_edges_of_a_window_and_who_is_near_one_may_be_on_either_side() -> None:
    hour, span = Window(100.0, 200.0), Span(Moment(90.0, 90.0), Moment(150.0, 150.0))
    assert total([span], LATE, hour) == near(49.999, 50.001)
    assert total([span], LATE, Window(200.0, 300.0)) == Bounds(0, 0)
    moments = [Moment(99.0), Moment(99.95), Moment(100.0), Moment(199.95), Moment(200.0)]
    assert count(moments, LATE, hour) == Bounds(1, 3)
    assert count(moments, LATE) == Bounds(5, 5)
    assert longest([], LATE) == near(0.0, 0.001)
