"""Reports of queues and agents, for who oversees: as JSON and as CSV."""

import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from zoneinfo import ZoneInfo

from aiohttp import web
from pydantic import BaseModel
from pydantic_core import to_json

from ari_app.api.breath import Breath
from ari_app.api.limits import Turns
from ari_app.api.models.reports import (
    MINUTES,
    AgentFiguresRow,
    AgentReportDocument,
    AgentReportQuery,
    QueueReportDocument,
    QueueReportQuery,
    QueueRow,
    ReportQuery,
)
from ari_app.api.port import Agents, Control
from ari_app.api.report_rows import (
    QUEUE_COLUMNS,
    agent_cells,
    agent_columns,
    agent_rows,
    queue_cells,
    queue_rows,
    rules_of,
)
from ari_app.api.routes import Access, Exchange, Route
from ari_app.api.spreadsheet import CONTENT_TYPE as CSV
from ari_app.api.spreadsheet import csv_lines, wants_csv
from ari_app.calls.views import timestamp
from ari_app.errors import Code, FieldError, HistoryUnavailable, Refused
from ari_app.history.port import CallHistory
from ari_app.history.reporting import agent_report, queue_report
from ari_app.records.figures import TooManyRows
from ari_app.records.intervals import Intervals, edges, milliseconds
from ari_app.records.model import AgentStateRecord

JSON = "application/json"
MOST_ROWS = 30_000
"""Intervals of a report, with each queue or agent that was anything in them: some 15 MB."""
WAITING, OF_ONE = 32, 4


class ReportsApi:
    """One report is made at a time, in slices: who wants another waits, session by session, and calls do not."""

    def __init__(
        self, control: Control, agents: Agents, history: CallHistory, clock: Callable[[], float] = time.time
    ) -> None:
        self._control = control
        self._agents = agents
        self._history = history
        self._clock = clock
        self._turns = Turns(1, WAITING, OF_ONE, "too many reports are wanted")

    async def queues(self, exchange: Exchange) -> web.Response:
        """Raises: Refused `invalid`; HistoryUnavailable; HttpError 429."""
        query: QueueReportQuery = exchange.query
        intervals, directory = _intervals(query), self._control.directory()
        rules = rules_of(directory)
        async with self._turn(exchange) as breathe:
            report = await queue_report(self._history, intervals, rules, most=MOST_ROWS, breathe=breathe)
            totals, each = queue_rows(report, intervals, directory, query.target)
            document = QueueReportDocument(
                begins_at=timestamp(intervals.begin / 1000) or "",
                ends_at=timestamp(intervals.end / 1000) or "",
                interval=query.interval,
                tz=query.tz,
                service_level=rules.service_level,
                short_abandon=rules.short_abandon,
                totals=totals,
                intervals=[],
            )
            return await _answer(exchange, "queues", document, totals, each, _queue_sheet, breathe)

    async def agents(self, exchange: Exchange) -> web.Response:
        """Raises: Refused `invalid`; HistoryUnavailable; HttpError 429."""
        query: AgentReportQuery = exchange.query
        intervals, directory = _intervals(query), self._control.directory()
        async with self._turn(exchange) as breathe:
            report = await agent_report(
                self._history, intervals, query.agent, self._running(), most=MOST_ROWS, breathe=breathe
            )
            totals, each = agent_rows(report, intervals, directory)
            document = AgentReportDocument(
                begins_at=timestamp(intervals.begin / 1000) or "",
                ends_at=timestamp(intervals.end / 1000) or "",
                interval=query.interval,
                tz=query.tz,
                totals=totals,
                intervals=[],
            )
            return await _answer(exchange, "agents", document, totals, each, _agent_sheet, breathe)

    @asynccontextmanager
    async def _turn(self, exchange: Exchange) -> AsyncIterator[Breath]:
        """One report alone, with the pauses to make in it.

        Raises:
            Refused: `invalid`, where it would be too long.
            HttpError: 429, too many wait.
        """
        async with self._turns.turn(exchange.session.digest):
            await self._history.settle()
            try:
                yield Breath(partial(_check_somebody_waits, exchange.http))
            except TooManyRows as error:
                message = f"{error}: longer intervals, a shorter time, or one agent alone"
                raise Refused(Code.INVALID, "the report is too long", (FieldError("interval", message),)) from None

    def _running(self) -> list[AgentStateRecord]:
        """The states that agents are in, until now."""
        now = self._clock()
        records = [self._agents.record(agent) for agent in self._control.directory().agents]
        return [
            AgentStateRecord(r.agent, str(r.state), r.reason, r.since, max(now, r.since), r.call)
            for r in records
            if r is not None and str(r.state) != "logged_out"
        ]

    def routes(self) -> list[Route]:
        """The operations of this class."""
        codes = (Code.HISTORY_UNAVAILABLE,)
        return [
            Route(
                "GET", "/v1/reports/queues", "report_queues", "Figures of queues, groups and skills", "history",
                self.queues, QueueReportDocument, query=QueueReportQuery, access=Access.OVERSEER, also=CSV, codes=codes,
            ),
            Route(
                "GET", "/v1/reports/agents", "report_agents", "Figures of agents", "history", self.agents,
                AgentReportDocument, query=AgentReportQuery, access=Access.OVERSEER, also=CSV, codes=codes,
            ),
        ]  # fmt: skip


def _intervals(query: ReportQuery) -> Intervals:
    """Raises: Refused `invalid`."""
    begin, end = (milliseconds(moment.timestamp()) for moment in (query.from_, query.to))
    minutes = MINUTES[query.interval] if query.interval is not None else None
    try:
        return Intervals(edges(begin, end, minutes, ZoneInfo(query.tz)))
    except (ValueError, OverflowError) as error:
        field = "interval" if end > begin else "to"
        raise Refused(Code.INVALID, "there is no such report", (FieldError(field, str(error)),)) from None


def _check_somebody_waits(request: web.BaseRequest) -> None:
    """Raises: HistoryUnavailable, which nobody gets to know."""
    if request.transport is None or request.transport.is_closing():
        raise HistoryUnavailable("whoever wanted it has gone")


async def _answer[Row: BaseModel](
    exchange: Exchange,
    name: str,
    document: BaseModel,
    totals: Sequence[Row],
    each: Iterable[Row],
    sheet: Callable[[Sequence[Row], ZoneInfo], Iterable[str]],
    breathe: Breath,
) -> web.Response:
    """The document with its `intervals`, or as a sheet these, and `totals` where there are none."""
    query: ReportQuery = exchange.query
    rows = await breathe.all(each) if query.interval is not None else []
    if not wants_csv(exchange.http.headers.get("Accept", "")):
        return await _written(document, rows, breathe)
    lines = await breathe.all(sheet(rows if query.interval is not None else totals, ZoneInfo(query.tz)))
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Vary": "Accept"}
    return web.Response(text="".join(lines), content_type=CSV, charset="utf-8", headers=headers)


async def _written(document: BaseModel, rows: Sequence[BaseModel], breathe: Breath) -> web.Response:
    """The document with these as its `intervals`, which stand at its end and are written row by row."""
    head = to_json(document).removesuffix(b"[]}")
    body = b",".join(await breathe.all(map(to_json, rows)))
    return web.Response(body=b"%b[%b]}" % (head, body), content_type=JSON)


def _queue_sheet(rows: Sequence[QueueRow], zone: ZoneInfo) -> Iterable[str]:
    return csv_lines(QUEUE_COLUMNS, queue_cells(rows, zone))


def _agent_sheet(rows: Sequence[AgentFiguresRow], zone: ZoneInfo) -> Iterable[str]:
    columns = agent_columns(rows)
    return csv_lines(columns, agent_cells(rows, columns, zone))
