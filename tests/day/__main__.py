"""`python -m tests.day [--calls N]`, as `docker/test day` calls it."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import secrets
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.bots import Lab
from tests.day import beside
from tests.day.account import Account, finding, lateness
from tests.day.agents import Notes
from tests.day.centre import FEAST, SECOND, Hours, holiday_of, written, zone_at
from tests.day.desk import Desk
from tests.day.page import Result, page
from tests.day.plan import MINUTE, Minute, scaled
from tests.day.running import Day, database_away
from tests.day.spans import Bounds, Window, length
from tests.day.stories import QUEUES, stories
from tests.e2e.stack import Stack

DEMO = Path(__file__).parents[2] / "asterisk" / "callcentre.yaml"
_BEFORE = 20
"""Seconds before the first minute, in which the file is written and agents log in."""
_LEVELS = [0.8 + n / 100 for n in range(500)]


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """`calls`, `seed`, where the `page` is written, and the `file` that the controller reads."""
    parser = argparse.ArgumentParser("docker/test day --")
    parser.add_argument("--calls", type=int, default=3_000, help="of people outside")
    parser.add_argument("--minutes", type=int, default=8, help="so many of the day's eight; the last ones are left out")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    parser.add_argument("--page", type=Path, default=Path("day.md"))
    parser.add_argument("--notes", type=Path, help="where all is written that phones noted")
    parser.add_argument("--file", type=Path, default=Path("/callcentre/callcentre.yaml"))
    found = parser.parse_args(arguments)
    if found.calls < 50:
        parser.error("--calls must be at least 50")
    return found


def hours_of(minutes: Sequence[Minute], begin: datetime) -> Hours:
    """When the first queue is open: the minutes in which it is to be, one after the other."""
    spans: list[tuple[datetime, datetime]] = []
    for number, minute in enumerate(minutes):
        if minute.open:
            at = begin + timedelta(minutes=number)
            follows = bool(spans) and spans[-1][1] == at
            spans[-1:] = (
                [(spans[-1][0], at + timedelta(minutes=1))]
                if follows
                else [*spans[-1:], (at, at + timedelta(minutes=1))]
            )
    if minutes[-1].open:  # who calls at the very end is served
        spans[-1] = (spans[-1][0], spans[-1][1] + timedelta(minutes=5))
    zone = zone_at(begin)
    return Hours(zone, tuple(spans), holiday_of(begin.astimezone(ZoneInfo(zone)).date()))


def level_of(waits: Sequence[Bounds]) -> float:
    """An edge that nobody's wait is near to."""

    def room(level: float) -> float:
        return min((max(wait.low - level, level - wait.high) for wait in waits), default=1.0)

    return max(_LEVELS, key=room)


async def main(arguments: Sequence[str]) -> int:
    """Returns 1 where a figure is another one than was counted, or something went wrong, else 0."""
    wanted, stack, notes = parse(arguments), Stack.from_environment(), Notes()
    minutes = scaled(wanted.calls)[: wanted.minutes]
    now = datetime.now(UTC)
    begin = (now + timedelta(seconds=_BEFORE + MINUTE)).replace(second=0, microsecond=0)
    hours = hours_of(minutes, begin)
    print(
        f"── {wanted.calls} calls from {begin:%H:%M} on, seed {wanted.seed}, a holiday in {hours.holiday}", flush=True
    )
    async with Desk(stack) as desk, Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=8) as lab:
        wanted.file.write_text(written(DEMO.read_text(), hours))
        await desk.reload()
        with tempfile.TemporaryDirectory() as place:
            day = Day(Path(place), stack, desk, lab, notes, random.Random(wanted.seed))
            await day.runs(minutes, begin)
        left = await day.nothing_is_left()
        await desk.all_is_written()
        if wanted.notes is not None:
            wanted.notes.write_text(json.dumps(asdict(notes.ledger), indent=1))
        result = await compare(desk, wanted, hours, day, minutes, begin)
    result = Result(**{**{name: getattr(result, name) for name in Result.__slots__}, "wrong": [*left, *result.wrong]})
    wanted.page.write_text(page(result))
    print(page(result))
    return int(not result.good)


async def compare(
    desk: Desk, wanted: argparse.Namespace, hours: Hours, day: Day, minutes: Sequence[Minute], begin: datetime
) -> Result:
    """Count, and look at the reports."""
    notes, first = day.notes, begin.timestamp()

    def is_shut(number: str, at: float) -> bool:
        by_hand = number == SECOND and any(since <= at < until for since, until in day.shut)
        return by_hand or number == FEAST or (QUEUES[number] == "queue:first" and not hours.is_open(at))

    late = lateness(notes.ledger)
    moment = min(late.most, late.mean + 4 * late.deviation)
    found = stories(notes.ledger, is_shut, moment)
    otherwise = stories(notes.ledger, is_shut, moment, answered_first=False)
    account = Account(notes.ledger, found, late, finding(notes.ledger), otherwise)
    levels = {
        target: level_of(
            [
                length(x.span, account.late)
                for story in found
                for x in story.stays
                if x.left == "answered" and x.target == target
            ]
        )
        for target in ("queue:first", "queue:second")
    }
    wanted.file.write_text(written(DEMO.read_text(), hours, (levels["queue:first"], levels["queue:second"])))
    await desk.reload()
    whole = Window(first - 2 * MINUTE, datetime.now(UTC).timestamp())
    reports = {of: await desk.report(of, whole, "15m") for of in ("queues", "agents")}
    figures = [
        *beside.queues(reports["queues"]["totals"], account.queues(levels)),
        *beside.agents(reports["agents"]["totals"], account.agents()),
    ]
    wrong = [f"{what}: {number}" for what, number in sorted(notes.wrong.items())]
    wrong += [f"{story.caller.number}: {what}" for story in found for what in story.wrong]
    calls = await desk.history()
    wrong += beside.records(calls, found)
    of_minutes = []
    for report in reports.values():
        wrong += beside.shares([*report["totals"], *report["intervals"]])
        wrong += beside.added_up(report["totals"], report["intervals"])
    for number in range(len(minutes)):
        window = Window(first + MINUTE * number, first + MINUTE * (number + 1))
        of_minutes += beside.queues((await desk.report("queues", window))["totals"], account.queues(levels, window))
        of_minutes += beside.agents((await desk.report("agents", window))["totals"], account.agents(window))
    return Result(
        day=begin.date().isoformat(),
        commit=os.environ.get("CC_COMMIT", "unknown"),
        cores=os.cpu_count() or 1,
        seconds=day.lasted,
        callers=len(found),
        database_away=database_away(minutes),
        late=account.late,
        found=account.found,
        levels=levels,
        figures=figures,
        of_minutes=of_minutes,
        records=len(calls),
        parts=notes.done,
        crossed=sum(story.crossed is not None for story in found),
        wrong=wrong,
    )


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
