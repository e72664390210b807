"""Reports of queues and agents, for who oversees: as JSON and as CSV."""

import asyncio
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from aiohttp import web

from ari_app.api.models.reports import (
    MINUTES,
    AgentReportDocument,
    AgentReportQuery,
    QueueReportDocument,
    QueueReportQuery,
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
from ari_app.api.spreadsheet import csv_text, wants_csv
from ari_app.calls.views import timestamp
from ari_app.errors import Code, FieldError, Refused
from ari_app.history.port import CallHistory
from ari_app.history.reporting import agent_report, queue_report
from ari_app.records.intervals import Intervals, edges, milliseconds
from ari_app.records.model import AgentStateRecord


class ReportsApi:
    """One report is made at a time: who wants another waits, and calls do not."""

    def __init__(
        self, control: Control, agents: Agents, history: CallHistory, clock: Callable[[], float] = time.time
    ) -> None:
        self._control = control
        self._agents = agents
        self._history = history
        self._clock = clock
        self._one = asyncio.Lock()

    async def queues(self, exchange: Exchange) -> QueueReportDocument | web.Response:
        """Raises: Refused `invalid`; HistoryUnavailable."""
        query: QueueReportQuery = exchange.query
        intervals, directory = _intervals(query), self._control.directory()
        rules = rules_of(directory)
        async with self._one:
            await self._history.settle()
            report = await queue_report(self._history, intervals, rules)
        totals, rows = queue_rows(report, intervals, directory, query.target)
        if wants_csv(exchange.http.headers.get("Accept", "")):
            shown = rows if query.interval is not None else totals
            return _sheet("queues", csv_text(QUEUE_COLUMNS, queue_cells(shown, ZoneInfo(query.tz))))
        return QueueReportDocument(
            begins_at=timestamp(intervals.begin / 1000) or "",
            ends_at=timestamp(intervals.end / 1000) or "",
            interval=query.interval,
            tz=query.tz,
            service_level=rules.service_level,
            short_abandon=rules.short_abandon,
            totals=totals,
            intervals=rows if query.interval is not None else [],
        )

    async def agents(self, exchange: Exchange) -> AgentReportDocument | web.Response:
        """Raises: Refused `invalid`; HistoryUnavailable."""
        query: AgentReportQuery = exchange.query
        intervals, directory = _intervals(query), self._control.directory()
        async with self._one:
            await self._history.settle()
            report = await agent_report(self._history, intervals, query.agent, self._running())
        totals, rows = agent_rows(report, intervals, directory)
        if wants_csv(exchange.http.headers.get("Accept", "")):
            shown = rows if query.interval is not None else totals
            columns = agent_columns(shown)
            return _sheet("agents", csv_text(columns, agent_cells(shown, columns, ZoneInfo(query.tz))))
        return AgentReportDocument(
            begins_at=timestamp(intervals.begin / 1000) or "",
            ends_at=timestamp(intervals.end / 1000) or "",
            interval=query.interval,
            tz=query.tz,
            totals=totals,
            intervals=rows if query.interval is not None else [],
        )

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


def _sheet(name: str, text: str) -> web.Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"', "Vary": "Accept"}
    return web.Response(text=text, content_type=CSV, charset="utf-8", headers=headers)
