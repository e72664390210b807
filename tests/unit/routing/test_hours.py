"""Whether something is open: over any change of clocks, over midnight, on days that are otherwise, and by hand."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ari_app.config.hours import HoursEntry
from ari_app.routing.hours import Calendar, Chosen, Override, Span, changes_after, is_open, next_change, open_at

# Clocks are set by an hour, half an hour, a day (Apia, 30.12.2011), and never.
ZONES = ("Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata", "America/St_Johns", "UTC")
NEVER: tuple[Span, ...] = ()
type Week = tuple[tuple[Span, ...], ...]
YEAR = datetime.now(UTC).year
TIMES = st.datetimes(datetime(YEAR, 1, 2), datetime(YEAR + 2, 12, 30)).map(lambda t: t.replace(tzinfo=UTC).timestamp())  # noqa: DTZ001


@st.composite
def spans(draw: st.DrawFn) -> tuple[Span, ...]:
    """Those of a day, some of them over midnight."""
    begins = draw(st.lists(st.integers(0, 24 * 60 - 1), max_size=3, unique=True).map(sorted))
    return tuple(Span(begin, begin + draw(st.integers(1, 24 * 60))) for begin in begins)


WEEKS = st.tuples(*[spans()] * 7)


def calendar(zone: str, week: Week, days: dict[int, tuple[Span, ...]] | None = None) -> Calendar:
    entry = HoursEntry(zone=zone).calendar()
    return Calendar(zone, week, days=days or {}, offsets=entry.offsets)


def shown(zone: str, at: float) -> datetime:
    """What the clock on the wall shows."""
    return datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None)


def by_the_clock(week: Week, days: dict[int, tuple[Span, ...]], clock: datetime) -> bool:
    """Whether it is open, by what the clock shows alone."""
    for back in range(3):
        day = clock.date() - timedelta(days=back)
        midnight = datetime.combine(day, datetime.min.time())
        for span in days.get(day.toordinal(), week[day.weekday()]):
            if midnight + timedelta(minutes=span.begin) <= clock < midnight + timedelta(minutes=span.end):
                return True
    return False


@given(zone=st.sampled_from(ZONES), week=WEEKS, at=TIMES)
def test_it_is_open_whenever_the_clock_says_so(zone: str, week: Week, at: float) -> None:
    assert not by_the_clock(week, {}, shown(zone, at)) or open_at(calendar(zone, week), at)


@given(zone=st.sampled_from(ZONES), week=WEEKS, at=TIMES)
def test_it_is_open_against_the_clock_only_where_that_was_set_back(zone: str, week: Week, at: float) -> None:
    """Who is open until 2:30 has not closed at the first 2:30 of two, nor opens anew at the second 2:00."""
    if open_at(calendar(zone, week), at) and not by_the_clock(week, {}, shown(zone, at)):
        before, after = (ZoneInfo(zone).utcoffset(shown(zone, at + hours * 3600)) for hours in (-3, 3))
        assert before is not None
        assert after is not None
        assert after < before


@given(zone=st.sampled_from(ZONES), week=WEEKS, at=TIMES)
def test_between_now_and_the_next_change_nothing_changes_and_there_it_does(zone: str, week: Week, at: float) -> None:
    hours = calendar(zone, week)
    change, now = changes_after(hours, at), open_at(hours, at)
    if change is None:
        assert all(open_at(hours, at + day * 86_400.0) is now for day in range(30))
        return
    assert change > at
    assert open_at(hours, change) is not now
    assert open_at(hours, change - 0.001) is now
    assert all(open_at(hours, at + (change - at) * part / 20) is now for part in range(20))


@given(zone=st.sampled_from(ZONES), week=WEEKS, other=spans(), at=TIMES)
def test_a_day_that_is_otherwise_counts_in_place_of_its_weekday(
    zone: str, week: Week, other: tuple[Span, ...], at: float
) -> None:
    days = {shown(zone, at).date().toordinal(): other}
    assert not by_the_clock(week, days, shown(zone, at)) or open_at(calendar(zone, week, days), at)


def at(text: str, zone: str = "Europe/Paris", fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


NINE_TO_FIVE = Span(9 * 60, 17 * 60)
NIGHT = Span(22 * 60, 30 * 60)
OFFSETS = ((0.0, 3600), (at("2027-03-28 03:00:00"), 7200), (at("2027-10-31 02:00:00", fold=1), 3600))


def paris(*week: tuple[Span, ...], days: dict[int, tuple[Span, ...]] | None = None) -> Calendar:
    return Calendar("Europe/Paris", week * 7 if len(week) == 1 else week, days=days or {}, offsets=OFFSETS)


def test_a_day_of_nine_to_five_is_eight_hours_also_when_clocks_are_set() -> None:
    office = paris((NINE_TO_FIVE,))
    for day in ("2027-03-27", "2027-03-28", "2027-03-29", "2027-10-31", "2027-11-01"):
        assert changes_after(office, at(f"{day} 05:00:00")) == at(f"{day} 09:00:00")
        assert changes_after(office, at(f"{day} 12:00:00")) == at(f"{day} 17:00:00")


def test_a_night_over_a_change_of_clocks_is_an_hour_shorter_or_longer() -> None:
    night = paris((NIGHT,))
    for evening, hours in (("2027-03-26 22:00:00", 8), ("2027-03-27 22:00:00", 7), ("2027-10-30 22:00:00", 9)):
        assert changes_after(night, at(evening)) == at(evening) + hours * 3600
    assert not open_at(night, at("2027-03-28 06:00:00"))
    assert open_at(night, at("2027-03-28 05:59:59"))


def test_what_opens_in_the_hour_that_is_left_out_opens_when_it_is_over() -> None:
    early = paris((Span(2 * 60 + 30, 8 * 60),))
    assert changes_after(early, at("2027-03-28 01:00:00")) == at("2027-03-28 03:00:00")


def test_what_opens_and_closes_in_the_hour_that_is_left_out_stays_closed_that_day() -> None:
    early = paris((Span(2 * 60 + 10, 2 * 60 + 50),))
    assert changes_after(early, at("2027-03-28 01:00:00")) == at("2027-03-29 02:10:00")


def test_what_is_open_in_the_hour_that_comes_twice_is_open_until_the_second_end() -> None:
    early = paris((Span(2 * 60 + 10, 2 * 60 + 50),))
    opens = at("2027-10-31 02:10:00", fold=0)
    assert changes_after(early, at("2027-10-31 01:00:00")) == opens
    assert changes_after(early, opens) == at("2027-10-31 02:50:00", fold=1)


def test_a_night_before_a_day_that_is_closed_goes_on_until_its_morning() -> None:
    night = paris((NIGHT,), days={_day("2027-05-14"): ()})
    assert open_at(night, at("2027-05-14 05:00:00"))
    assert not open_at(night, at("2027-05-14 23:00:00"))
    assert not open_at(night, at("2027-05-15 05:00:00"))
    assert changes_after(night, at("2027-05-14 12:00:00")) == at("2027-05-15 22:00:00")


def test_what_is_always_or_never_open_never_changes() -> None:
    whole = (Span(0, 24 * 60),)
    assert changes_after(paris(whole), at("2027-05-14 12:00:00")) is None
    assert changes_after(paris(NEVER), at("2027-05-14 12:00:00")) is None
    assert open_at(paris(whole), at("2027-10-31 02:30:00", fold=1))


def test_times_before_the_first_offset_and_after_the_last_have_that_one() -> None:
    office = paris((NINE_TO_FIVE,))
    assert open_at(office, datetime(1960, 5, 4, 8, 30, tzinfo=UTC).timestamp())
    assert open_at(office, datetime(2060, 5, 4, 8, 30, tzinfo=UTC).timestamp())
    assert not open_at(office, datetime(2060, 5, 4, 7, 30, tzinfo=UTC).timestamp())


def test_a_day_that_was_left_out_altogether_has_no_hours() -> None:
    """Samoa went from 29 to 31 December 2011 over the date line."""
    apia = (datetime(2011, 12, 30, 10, tzinfo=UTC).timestamp(), 14 * 3600)
    samoa = Calendar("Pacific/Apia", ((NINE_TO_FIVE,),) * 7, offsets=((0.0, -10 * 3600), apia))
    closed = datetime(2011, 12, 30, 3, tzinfo=UTC).timestamp()  # 29 December, 17:00
    assert open_at(samoa, closed - 1)
    assert not open_at(samoa, closed)
    assert changes_after(samoa, closed) == datetime(2011, 12, 30, 19, tzinfo=UTC).timestamp()  # 31 December, 9:00


NOON, EVENING, NEXT_MORNING = at("2027-05-12 12:00:00"), at("2027-05-12 17:00:00"), at("2027-05-13 09:00:00")
MORNING_TOO = at("2027-05-13 08:00:00")


@pytest.mark.parametrize(
    ("override", "opened", "change"),
    [
        (None, True, EVENING),
        (Override(Chosen.HOURS, "erin", 0.0), True, EVENING),
        (Override(Chosen.CLOSED, "erin", 0.0), False, None),
        (Override(Chosen.OPEN, "erin", 0.0), True, None),
        (Override(Chosen.CLOSED, "erin", 0.0, until=NOON), True, EVENING),
        (Override(Chosen.CLOSED, "erin", 0.0, until=NOON + 60), False, NOON + 60),
        (Override(Chosen.CLOSED, "erin", 0.0, until=EVENING + 60), False, NEXT_MORNING),
        (Override(Chosen.OPEN, "erin", 0.0, until=NOON + 60), True, EVENING),
        (Override(Chosen.OPEN, "erin", 0.0, until=EVENING + 60), True, EVENING + 60),
    ],
)
def test_what_somebody_chose_goes_before_the_hours_as_long_as_they_said(
    override: Override | None, opened: bool, change: float | None
) -> None:
    office = paris((NINE_TO_FIVE,))
    assert is_open(office, override, NOON) is opened
    assert next_change(office, override, NOON) == change


@pytest.mark.parametrize(
    ("override", "opened", "change"),
    [
        (None, True, None),
        (Override(Chosen.CLOSED, "erin", 0.0), False, None),
        (Override(Chosen.CLOSED, "erin", 0.0, until=NOON + 60), False, NOON + 60),
        (Override(Chosen.OPEN, "erin", 0.0, until=NOON + 60), True, None),
    ],
)
def test_what_has_no_hours_is_open_unless_somebody_has_closed_it(
    override: Override | None, opened: bool, change: float | None
) -> None:
    assert is_open(None, override, NOON) is opened
    assert next_change(None, override, NOON) == change


@given(zone=st.sampled_from(ZONES), week=WEEKS, at=TIMES, chosen=st.sampled_from(Chosen), until=st.floats(1, 1e6))
@example(zone="UTC", week=(NEVER,) * 7, at=NOON, chosen=Chosen.OPEN, until=60.0)
def test_the_next_change_is_one_whatever_was_chosen(
    zone: str, week: Week, at: float, chosen: Chosen, until: float
) -> None:
    hours, override = calendar(zone, week), Override(chosen, "erin", at, at + until)
    change, now = next_change(hours, override, at), is_open(hours, override, at)
    if change is not None:
        assert change > at
        assert is_open(hours, override, change) is not now
        assert all(is_open(hours, override, at + (change - at) * part / 20) is now for part in range(20))
