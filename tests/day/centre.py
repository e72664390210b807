"""The call centre of the day: its administrator's file, and when what is open. Pure.

Nobody speeds up a clock: Asterisk, phones and the controller have the machine's own. The day is short because its
conversations are, and because its opening hours are minutes of now: written into the file for the minutes to come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays

from tests.e2e.crowd import CROWD, PHONES

FIRST, SECOND, FEAST = "3801", "3802", "3803"
"""Numbers: a queue with hours and keys, the one where those go who wait too long there, and one on holiday."""
FIRST_AGENTS, SECOND_AGENTS = CROWD[:12], CROWD[12:]
SERVED_BY = {FIRST: FIRST_AGENTS, SECOND: SECOND_AGENTS}
MAX_WAIT = 6.0
WRAP_UP = 0.5
RINGS = 3.0
"""Seconds: after which who waits goes on, of after-call work, and for which a phone rings."""
TRIES, RETRY_AFTER = 2, 2.0
SHORT = 1.5
"""Seconds: who gives up before is a short abandon."""
ZONES = ("Asia/Kathmandu", "America/St_Johns", "Pacific/Chatham", "Europe/Paris")
_NIGHT_IS_OVER, _NIGHT = 1, 22
KEY_BACK, KEY_SECOND, KEY_AWAY = "1", "2", "9"

_GROUPS = """\
  first: {name: First, number: "2801", enabled_for: [call, transfer, conference]}
  second: {name: Second, number: "2802", enabled_for: [call, transfer, conference]}
"""
_QUEUES = f"""\
  first:
    name: First queue
    number: "{FIRST}"
    groups: [first]
    max_wait: {MAX_WAIT:g}
    overflow: queue:second
    wrap_up: {WRAP_UP:g}
    hours: shop
    keys: {{"{KEY_BACK}": callback, "{KEY_SECOND}": "queue:second", "{KEY_AWAY}": hang_up}}
    callback: {{tries: {TRIES}, retry_after: {RETRY_AFTER:g}}}
    service_level: LEVEL_OF_FIRST
  second:
    name: Second queue
    number: "{SECOND}"
    groups: [second]
    wrap_up: {WRAP_UP:g}
    service_level: LEVEL_OF_SECOND
  feast:
    name: Queue on holiday
    number: "{FEAST}"
    groups: [second]
    hours: holiday
"""
_SETTINGS = f"""\
  short_abandon: {SHORT:g}
  retry_interval: 1
  declined_interval: 1
  max_declined: 1000
  max_busy: 1000
"""


@dataclass(frozen=True, slots=True)
class Hours:
    """When the first queue is open: whole minutes, from and to before, in the zone; and where today is a holiday."""

    zone: str
    open: tuple[tuple[datetime, datetime], ...]
    holiday: str | None

    def is_open(self, at: float) -> bool:
        moment = datetime.fromtimestamp(at, UTC)
        return any(begin <= moment < end for begin, end in self.open)


def zone_at(moment: datetime, zones: Sequence[str] = ZONES) -> str:
    """One in which it is no hour near midnight, so that the day is one day there."""
    return next((zone for zone in zones if _NIGHT_IS_OVER <= moment.astimezone(ZoneInfo(zone)).hour < _NIGHT), zones[0])


def holiday_of(day: date, kinds: Mapping[str, list[str]] | None = None) -> str | None:
    """A country, or a region of one (`GB-SCT`), with a public holiday on that day. None: there is none anywhere."""
    known = holidays.list_supported_countries() if kinds is None else kinds
    for country, regions in sorted(known.items()):
        for region in (None, *regions):
            if day in holidays.country_holidays(country, region, years=day.year):
                return country if region is None else f"{country}-{region}"
    return None


def written(demo: str, hours: Hours, levels: tuple[float, float] = (20.0, 20.0)) -> str:
    """The file, out of that of the demonstration. `levels`: within what each of the two queues is to answer.

    Raises ValueError where that one has not what is changed in it.
    """
    text = demo
    for section, entries in {"agents": _agents(), "groups": _GROUPS, "queues": _QUEUES, "settings": _SETTINGS}.items():
        text = _once(text, f"\n{section}:\n", f"\n{section}:\n{entries}")
    text = _once(text, "  offer_timeout: 15 ", f"  offer_timeout: {RINGS:g} ")
    text = text.replace("LEVEL_OF_FIRST", f"{levels[0]:g}").replace("LEVEL_OF_SECOND", f"{levels[1]:g}")
    return text + _hours(hours)


def _agents() -> str:
    groups = dict.fromkeys(FIRST_AGENTS, "first") | dict.fromkeys(SECOND_AGENTS, "second")
    return "".join(
        f'  {name}: {{name: {name.capitalize()} Agent, phone: "{PHONES[name]}", password: {name}-demo, '
        f"groups: [{group}]}}\n"
        for name, group in groups.items()
    )


def _hours(hours: Hours) -> str:
    days: dict[date, list[str]] = {}
    zone = ZoneInfo(hours.zone)
    for begin, end in ((begin.astimezone(zone), end.astimezone(zone)) for begin, end in hours.open):
        # What ends on the next day is two times.
        midnight = datetime.combine(begin.date() + timedelta(days=1), datetime.min.time(), zone)
        parts = [(begin, end)] if end <= midnight else [(begin, midnight), (midnight, end)]
        for one, other in parts:
            until = "24:00" if other == midnight else f"{other:%H:%M}"
            days.setdefault(one.date(), []).append(f"{one:%H:%M}-{until}")
    dates = "".join(f"      {day.isoformat()}: [{', '.join(times)}]\n" for day, times in sorted(days.items()))
    feast = f"holidays: {hours.holiday}, " if hours.holiday is not None else ""
    week = "[00:00-24:00]" if hours.holiday is not None else "closed"
    every = ", ".join(f"{name}: {week}" for name in ("weekdays", "saturday", "sunday"))
    return f"""
hours:
  shop:
    zone: {hours.zone}
    dates:
{dates}  holiday: {{zone: {hours.zone}, {feast}{every}}}
"""


def _once(text: str, there: str, here: str) -> str:
    if text.count(there) != 1:
        raise ValueError(f"the demonstration's file has {there.strip()!r} not once")
    return text.replace(there, here)
