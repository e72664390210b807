"""Intervals of reports: where they begin, also on days on which the clock is changed."""

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.records.intervals import MOST, Intervals, edges, milliseconds

PARIS = ZoneInfo("Europe/Paris")
HOUR = 3_600_000


def at(text: str) -> int:
    return milliseconds(datetime.fromisoformat(text).timestamp())


def hours(begin: str, end: str, zone: ZoneInfo = PARIS) -> list[int]:
    """How many hours each day has."""
    days = edges(at(begin), at(end), 1440, zone)
    return [(b - a) // HOUR for a, b in pairwise(days)]


def test_a_day_has_23_or_25_hours_where_the_clock_is_changed() -> None:
    assert hours("2026-03-28T00:00+01:00", "2026-03-31T00:00+02:00") == [24, 23, 24]
    assert hours("2026-10-24T00:00+02:00", "2026-10-27T00:00+01:00") == [24, 25, 24]
    quarters = edges(at("2026-03-29T00:00+01:00"), at("2026-03-30T00:00+02:00"), 15, PARIS)
    assert len(quarters) - 1 == 23 * 4


def test_a_midnight_that_is_left_out_is_the_moment_of_the_change() -> None:
    """In Cairo clocks go from 24:00 to 1:00."""
    days = edges(at("2026-04-23T00:00+02:00"), at("2026-04-25T00:00+03:00"), 1440, ZoneInfo("Africa/Cairo"))
    assert days == (at("2026-04-23T00:00+02:00"), at("2026-04-24T01:00+03:00"), at("2026-04-25T00:00+03:00"))


def test_the_first_and_the_last_are_cut() -> None:
    begin, end = at("2026-11-29T08:07:00Z"), at("2026-11-29T08:31:00Z")
    assert edges(begin, end, 15, ZoneInfo("UTC")) == (
        begin, at("2026-11-29T08:15:00Z"), at("2026-11-29T08:30:00Z"), end,
    )  # fmt: skip
    assert edges(begin, end, None, PARIS) == (begin, end)


def test_there_is_an_end_to_how_many_may_be_wanted() -> None:
    begin = at("2026-01-01T00:00:00Z")
    assert len(edges(begin, begin + 31 * 24 * HOUR, 15, ZoneInfo("UTC"))) == 31 * 24 * 4 + 1
    for end in (begin + (MOST + 1) * 15 * 60_000, begin + 400_000 * 24 * HOUR):
        with pytest.raises(ValueError, match="more than 3,000"):
            edges(begin, end, 15, ZoneInfo("UTC"))
    with pytest.raises(ValueError, match="more than 3,000"):  # the first and the last are parts of one
        edges(begin + 1, begin + 1 + MOST * 15 * 60_000, 15, ZoneInfo("UTC"))
    for end in (begin, begin - 1):
        with pytest.raises(ValueError, match="after the begin"):
            edges(begin, end, 15, ZoneInfo("UTC"))


MOMENTS = st.integers(at("1995-01-01T00:00:00Z"), at("2035-01-01T00:00:00Z"))


@given(MOMENTS, st.integers(1, 3 * 24 * HOUR), st.sampled_from([15, 30, 60, 1440]),
       st.sampled_from(sorted(available_timezones())))  # fmt: skip
def test_anywhere_they_follow_each_other_and_cover_all(begin: int, length: int, minutes: int, zone: str) -> None:
    found = edges(begin, begin + length, minutes, ZoneInfo(zone))
    assert (found[0], found[-1]) == (begin, begin + length)
    gaps = [b - a for a, b in pairwise(found)]
    assert min(gaps) > 0
    assert max(gaps) <= (minutes * 60_000 if minutes < 1440 else 49 * HOUR)  # a day that Samoa left out
    for edge in found[1:-1] if minutes < 1440 else ():
        local = datetime.fromtimestamp(edge / 1000, UTC).astimezone(ZoneInfo(zone))
        assert local.second == 0 or local.year < 1996  # clocks that were off by seconds


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=9, unique=True), st.integers(-50, 1050), st.integers(0, 500))
def test_the_parts_of_a_time_are_all_of_it_that_falls_within(marks: list[int], begin: int, lasts: int) -> None:
    intervals = Intervals(tuple(sorted(marks)))
    parts = list(intervals.parts(begin, begin + lasts))
    within = max(0, min(begin + lasts, intervals.end) - max(begin, intervals.begin))
    assert sum(spent for _, spent in parts) == within
    assert all(spent > 0 and 0 <= which < len(intervals) for which, spent in parts)
    assert [which for which, _ in parts] == sorted({which for which, _ in parts})
    which = intervals.at(begin)
    assert (which is not None) == (intervals.begin <= begin < intervals.end)
    assert which is None or intervals.edges[which] <= begin < intervals.edges[which + 1]
