"""The administrator's file: opening hours, and what callers get outside of them.

Time zones and holidays are looked up here, when the file is read, for some years around: from then on a calendar is a
value that needs nothing else.
"""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import holidays
from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from ari_app.config.entry import Entry
from ari_app.config.values import Announcement, TargetText, Zone
from ari_app.routing.hours import Calendar, Closed, Span

YEARS_BEFORE, YEARS_AFTER = 1, 10
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN = r"([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)"
_DATE = re.compile(r"(?:(?P<year>[0-9]{4})-)?(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_REGION = re.compile(r"(?P<country>[A-Z]{2})(?:-(?P<region>[A-Za-z0-9 -]{1,32}))?")
_USUAL = "usual"


def _spans(value: object) -> object:
    """`closed`, one span, or a list of them."""
    if value == "closed":
        return ()
    texts: list[Any] = value if isinstance(value, list) else [value]
    if not all(isinstance(text, str) and re.fullmatch(_SPAN, text) for text in texts):
        raise ValueError("must be closed, or times such as 09:00-12:30, one or a list of them")
    spans = sorted((_minutes(text) for text in texts), key=lambda span: span.begin)
    if any(span.begin == span.end for span in spans):
        raise ValueError("must not end when it begins; a whole day is 00:00-24:00")
    return tuple(Span(s.begin, s.end if s.end > s.begin else s.end + 24 * 60) for s in spans)


def _minutes(text: str) -> Span:
    begin, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
    return Span(begin, end)


def _date(text: str) -> str:
    found = _DATE.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        date(int(found["year"] or 2000), int(found["month"]), int(found["day"]))
    except ValueError:
        raise ValueError("must be a day such as 2027-05-14, or 12-24 for that of every year") from None
    return text


def _region(text: str) -> str:
    found = _REGION.fullmatch(text)
    try:
        if found is None:
            raise NotImplementedError
        holidays.country_holidays(found["country"], subdiv=found["region"])
    except NotImplementedError:
        raise ValueError("must be a country, perhaps with a region, whose holidays are known: FR, DE-BY") from None
    return text


def _one_or_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


_TIMES = {"type": "string", "pattern": f"^({_SPAN}|closed)$"}
_LIST = {"type": "array", "items": {"type": "string", "pattern": f"^{_SPAN}$"}}
_Spans = tuple[Span, ...]
Times = Annotated[_Spans, BeforeValidator(_spans), WithJsonSchema({"anyOf": [_TIMES, _LIST]})]
_OnDate = Annotated[
    _Spans | None,
    BeforeValidator(lambda value: None if value == _USUAL else _spans(value)),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^({_SPAN}|closed|{_USUAL})$"}, _LIST]}),
]
_Regions = Annotated[
    list[Annotated[str, AfterValidator(_region)]],
    BeforeValidator(_one_or_list),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class HoursEntry(Entry):
    """When something is open. Queues, groups and routing points name it as their `hours`. Times are `09:00-12:30`, a
    list of them, or `closed`; `22:00-06:00` ends on the next day."""

    zone: Zone
    """The time zone, such as `Europe/Paris` (IANA)."""
    weekdays: Times = ()
    """On the days from Monday to Friday that are not given themselves."""
    monday: Times | None = None
    """On Mondays."""
    tuesday: Times | None = None
    """On Tuesdays."""
    wednesday: Times | None = None
    """On Wednesdays."""
    thursday: Times | None = None
    """On Thursdays."""
    friday: Times | None = None
    """On Fridays."""
    saturday: Times = ()
    """On Saturdays."""
    sunday: Times = ()
    """On Sundays."""
    holidays: _Regions = []
    """Countries, or regions, on whose public holidays it is otherwise: `FR`, `[FR-57, DE-SL]`."""
    on_holidays: Times = ()
    """What it is on those; closed unless given."""
    dates: dict[Annotated[str, AfterValidator(_date)], _OnDate] = {}
    """Days that are otherwise, holidays or not: `2027-05-14: closed`, `12-24: 09:00-12:00` in every year,
    `2027-05-17: usual` for a holiday on which you work as on any other such day."""

    def calendar(self) -> Calendar:
        """As it is applied, for the years around this one."""
        given = [getattr(self, day) for day in _DAYS]
        return Calendar(
            self.zone,
            tuple(self.weekdays if times is None else times for times in given),
            tuple(self.holidays),
            MappingProxyType(dict(self.dates)),
            MappingProxyType(self._days(_years())),
            _offsets(self.zone, _years()),
        )

    def _days(self, years: range) -> dict[int, tuple[Span, ...]]:
        days: dict[int, tuple[Span, ...]] = {}
        for text in self.holidays:
            country, _, region = text.partition("-")
            found = holidays.country_holidays(country, subdiv=region or None, years=years)
            days |= {day.toordinal(): self.on_holidays for day in found}
        # What is said of a day in every year counts less than what is said of that day.
        for text, times in sorted(self.dates.items(), key=lambda item: len(item[0])):
            for day in _days_of(text, years):
                if times is None:
                    days.pop(day, None)
                else:
                    days[day] = times
        return days


def _years() -> range:
    this = datetime.now(UTC).year
    return range(this - YEARS_BEFORE, this + YEARS_AFTER + 1)


def _days_of(text: str, years: range) -> Iterator[int]:
    """The days that a date means; the 29th of February is not in every year."""
    found = _DATE.fullmatch(text)
    for year in [int(found["year"])] if found is not None and found["year"] else years:
        month, day = text[-5:].split("-")
        if (month, day) != ("02", "29") or _is_leap(year):
            yield date(year, int(month), int(day)).toordinal()


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


@cache
def _offsets(zone: str, years: range) -> tuple[tuple[float, int], ...]:
    """Since when, in seconds since the epoch, the clock is how far ahead of UTC. It takes a while."""
    return tuple(_changes(ZoneInfo(zone), years))


def _changes(zone: ZoneInfo, years: range) -> Iterator[tuple[float, int]]:
    at, end = datetime(years.start, 1, 1, tzinfo=UTC), datetime(years.stop, 1, 1, tzinfo=UTC)
    offset = _ahead(zone, at)
    yield at.timestamp(), offset
    while at < end:
        later = at + timedelta(days=1)
        if _ahead(zone, later) != offset:
            at, offset = _change(zone, at, later), _ahead(zone, later)
            yield at.timestamp(), offset
        at = later


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second in which the offset changes between these two times."""
    offset = _ahead(zone, before)
    while after - before > timedelta(seconds=1):
        middle = (before + (after - before) / 2).replace(microsecond=0)
        before, after = (middle, after) if _ahead(zone, middle) == offset else (before, middle)
    return after


def _ahead(zone: ZoneInfo, at: datetime) -> int:
    offset = at.astimezone(zone).utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0


class ClosedEntry(Entry):
    """What callers get while it is closed: an announcement, then another target, or the end."""

    announcement: Announcement | None = None
    """Its sound files; without them the announcement `closed`."""
    to: TargetText | None = None
    """Where they go then; without it they are released."""


type Closing = Literal["finish", "release"]


def closed(entry: ClosedEntry | None, closing: Closing) -> Closed:
    """As it is applied."""
    release = closing == "release"
    return Closed(release=release) if entry is None else Closed(entry.announcement or "", entry.to, release)
