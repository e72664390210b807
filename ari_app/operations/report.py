"""`ari-app report queues|agents`: figures out of the history, as a table or as CSV. What they mean: docs/reports.md.

It reads the database itself, so no login is needed; whoever can has its password, or its file, already. States that
agents are still in are read from Redis; where that is away, the figures are without them, and that is said.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from ari_app.api.models.reports import MINUTES, AgentFiguresRow, QueueRow, RatioDocument
from ari_app.api.report_rows import (
    QUEUE_COLUMNS,
    agent_cells,
    agent_columns,
    agent_rows,
    queue_cells,
    queue_rows,
    rules_of,
)
from ari_app.api.spreadsheet import csv_text
from ari_app.config.errors import ConfigInvalid
from ari_app.config.file import load
from ari_app.config.settings import ProcessSettings
from ari_app.configured import opened_store
from ari_app.engine.snapshots import read_state
from ari_app.errors import HistoryUnavailable, StoreUnavailable
from ari_app.history.database import Database
from ari_app.history.port import Counted
from ari_app.history.reading import HistoryReader
from ari_app.history.reporting import agent_report, queue_report
from ari_app.operations.text import lasting, plain, table
from ari_app.records.figures import LOGGED_OUT
from ari_app.records.intervals import Intervals, day_of, edges, milliseconds
from ari_app.records.model import AgentStateRecord
from ari_app.routing.directory import Directory

_DONE, _FAILED, _USAGE = 0, 1, 2
_NOTHING = "-"
_NAME = 1  # the column that gives way

INTERVALS = tuple(MINUTES)


@dataclass(frozen=True, slots=True)
class Choice:
    """Of what (`queues`, `agents`) and when: today, unless said. Times without a zone are those of `zone`.

    An empty `zone` is that of the call centre.
    """

    what: str
    begin: str | None
    end: str | None
    interval: str | None
    zone: str
    as_csv: bool


def run(settings: ProcessSettings, choice: Choice, columns: int) -> int:
    """Print it; the exit status."""
    try:
        directory = load(settings.config).directory
    except ConfigInvalid as invalid:
        print(invalid, file=sys.stderr)
        return _FAILED
    choice = replace(choice, zone=choice.zone or directory.settings.zone)
    try:
        intervals = period(choice, time.time())
    except (ValueError, KeyError, OSError, OverflowError) as error:
        print(f"there is no such report: {error}", file=sys.stderr)
        return _USAGE
    try:
        return asyncio.run(_run(settings, choice, intervals, directory, columns))
    except HistoryUnavailable as error:
        print(f"{error.reason}", file=sys.stderr)
    return _FAILED


def period(choice: Choice, now: float) -> Intervals:
    """When it is of. Raises: ValueError, KeyError, OSError, OverflowError."""
    zone = ZoneInfo(choice.zone)
    today = day_of(milliseconds(now), zone)
    begin, end = (
        at if text is None else milliseconds(_moment(text, zone).timestamp())
        for text, at in zip((choice.begin, choice.end), today, strict=True)
    )
    return Intervals(edges(begin, end, MINUTES[choice.interval] if choice.interval is not None else None, zone))


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """Raises: ValueError."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo is not None else at.replace(tzinfo=zone)


async def _run(
    settings: ProcessSettings, choice: Choice, intervals: Intervals, directory: Directory, columns: int
) -> int:
    database = Database(settings.history_url)
    try:
        running = await _running(settings) if choice.what == "agents" else []
        return await shown(HistoryReader(database), choice, intervals, directory, print, columns, running)
    finally:
        await database.close()


async def _running(settings: ProcessSettings) -> list[AgentStateRecord]:
    """The states that agents are in, until now."""
    try:
        async with opened_store(settings) as store:
            kept = await store.load_all()
    except StoreUnavailable as error:
        print(f"without the states that agents are in now: {error.detail}", file=sys.stderr)
        return []
    return running_states(kept, time.time())


def running_states(kept: Mapping[str, bytes], now: float) -> list[AgentStateRecord]:
    """Out of what a controller keeps for the next one."""
    found = (read_state(value) for key, value in kept.items() if key.startswith("state:"))
    return [
        AgentStateRecord(s.agent, s.state, s.reason, s.begun_at, max(now, s.begun_at), s.call)
        for s in found
        if s is not None and s.state != LOGGED_OUT
    ]


async def shown(
    history: Counted,
    choice: Choice,
    intervals: Intervals,
    directory: Directory,
    write: Callable[[str], None],
    columns: int,
    running: Iterable[AgentStateRecord] = (),
) -> int:
    """Write it; `running`: states that go on, as far as they have. Raises: HistoryUnavailable."""
    zone, whole = ZoneInfo(choice.zone), choice.interval is None
    if choice.what == "queues":
        totals, each = queue_rows(await queue_report(history, intervals, rules_of(directory)), intervals, directory)
        rows = totals if whole else list(each)
        if choice.as_csv:
            write(csv_text(QUEUE_COLUMNS, queue_cells(rows, zone)).rstrip())
            return _DONE
        lines = [_queue_line(row, zone, whole=whole) for row in rows]
        heads: tuple[str, ...] = _QUEUE_HEADS
    else:
        of_all, by_interval = agent_rows(await agent_report(history, intervals, None, running), intervals, directory)
        chosen = of_all if whole else list(by_interval)
        if choice.as_csv:
            names = agent_columns(chosen)
            write(csv_text(names, agent_cells(chosen, names, zone)).rstrip())
            return _DONE
        lines = [_agent_line(row, zone, whole=whole) for row in chosen]
        heads = _AGENT_HEADS
    _write_table(heads if not whole else heads[1:], lines, write, columns, _NAME - whole)
    return _DONE


_QUEUE_HEADS = (
    "from", "queue", "offered", "answered", "abandoned", "short", "other", "in time", "ASA", "longest", "AHT",
)  # fmt: skip
_AGENT_HEADS = (
    "from", "agent", "rung", "answered", "missed", "declined", "calls", "talk", "hold", "wrap-up", "AHT", "logged in",
    "occupied",
)  # fmt: skip


def _queue_line(row: QueueRow, zone: ZoneInfo, *, whole: bool) -> list[str]:
    others = row.overflowed + row.by_key + row.callbacks + row.nobody + row.otherwise
    cells = [
        row.name, str(row.offered), str(row.answered), str(row.abandoned), str(row.short_abandons), str(others),
        _share(row.service_level), _mean(row.speed_of_answer), lasting(row.longest_wait), _mean(row.handle_time),
    ]  # fmt: skip
    return cells if whole else [_at(row.begins_at, zone), *cells]


def _agent_line(row: AgentFiguresRow, zone: ZoneInfo, *, whole: bool) -> list[str]:
    cells = [
        row.name, str(row.rung), str(row.answered), str(row.missed), str(row.declined), str(row.calls),
        lasting(row.talk), lasting(row.hold), lasting(row.wrap_up), _mean(row.handle_time), lasting(row.logged_in),
        _share(row.occupancy),
    ]  # fmt: skip
    return cells if whole else [_at(row.begins_at, zone), *cells]


def _write_table(
    heads: Sequence[str], lines: Sequence[Sequence[str]], write: Callable[[str], None], columns: int, first: int
) -> None:
    if not lines:
        write("nothing was in this time")
        return
    rows = [list(heads), *([plain(cell) for cell in line] for line in lines)]
    aligned = [max(len(row[at]) for row in rows) for at in range(len(heads))]
    # Figures stand below each other at their right ends.
    rows = [[c if at <= first else c.rjust(aligned[at]) for at, c in enumerate(row)] for row in rows]
    for line in table(rows, columns, first=first):
        write(line)


def _at(moment: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(moment).astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _share(ratio: RatioDocument) -> str:
    return _NOTHING if ratio.value is None else f"{ratio.value:.0%}"


def _mean(ratio: RatioDocument) -> str:
    return _NOTHING if ratio.value is None else lasting(ratio.value)
