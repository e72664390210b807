"""A time as a phone says it, in files of Asterisk's own prompts: English, and all other languages as French has it."""

from datetime import UTC, datetime, timedelta

_WEEK = 7
_NOON = 12
_SMALL = 10


def moment(at: float, now: float, east: float, language: str) -> tuple[str, ...]:
    """`yesterday at 2 05 p-m`, as sounds for Asterisk to play one after the other. Seconds since the epoch, and of
    clocks there that are before those of Greenwich."""
    when, today = (datetime.fromtimestamp(seconds, UTC) + timedelta(seconds=east) for seconds in (at, now))
    english = language.startswith("en")
    days = (today.date() - when.date()).days
    time = _by_twelve(when) if english else _by_twenty_four(when)
    return (*_day(when, days, english=english), _sound("at"), *time)


def _day(when: datetime, days: int, *, english: bool) -> tuple[str, ...]:
    if days in (0, 1):
        return (_sound("yesterday" if days else "today"),)
    if 0 < days < _WEEK:
        return (_sound(f"day-{when.isoweekday() % 7}"),)
    month, day = _sound(f"mon-{when.month - 1}"), f"number:{when.day}"
    return (month, day) if english else (day, month)


def _by_twelve(when: datetime) -> tuple[str, ...]:
    hour = f"number:{(when.hour - 1) % _NOON + 1}"
    half = _sound("p-m" if when.hour >= _NOON else "a-m")
    if not when.minute:
        return (hour, _sound("oclock"), half)
    oh = (_sound("oh"),) if when.minute < _SMALL else ()
    return (hour, *oh, f"number:{when.minute}", half)


def _by_twenty_four(when: datetime) -> tuple[str, ...]:
    minute = (f"number:{when.minute}",) if when.minute else ()
    return (f"number:{when.hour}", _sound("oclock"), *minute)


def _sound(name: str) -> str:
    return f"sound:digits/{name}"
