"""Reports as rows: for the API, spreadsheets and terminals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from ari_app.api.models.reports import AgentFiguresRow, QueueRow, RatioDocument, StateTime
from ari_app.calls.views import timestamp
from ari_app.records.figures import AgentFigures, AgentReport, QueueFigures, QueueReport, Ratio, Rules
from ari_app.records.intervals import Intervals
from ari_app.routing.directory import Directory
from ari_app.routing.targets import Target, TargetType, parse_target

QUEUE_COLUMNS = (
    "target", "name", "begins_at", "ends_at", "offered", "answered", "abandoned", "short_abandons", "overflowed",
    "by_key", "callbacks", "nobody", "otherwise", "answer_within", "answered_in_time", "longest_wait", "talk", "hold",
    "wrap_up", "transfers", "conferences", "service_level", "abandonment", "speed_of_answer", "handle_time",
)  # fmt: skip
AGENT_COLUMNS = (
    "agent", "name", "begins_at", "ends_at", "rung", "answered", "missed", "declined", "busy", "unavailable",
    "withdrawn", "calls", "talk", "hold", "wrap_up", "transfers", "conferences", "logged_in", "occupancy",
    "handle_time",
)  # fmt: skip

type Span = tuple[int, int]


def rules_of(directory: Directory) -> Rules:
    """As the administrator's file has them now."""
    queues = directory.queues.values()
    own = {f"queue:{q.id}": q.service_level for q in queues if q.service_level is not None}
    return Rules(directory.settings.service_level, directory.settings.short_abandon, own)


def queue_rows(
    report: QueueReport, intervals: Intervals, directory: Directory, only: str | None = None
) -> tuple[list[QueueRow], Iterator[QueueRow]]:
    """Of the whole, and of each interval; callers who waited for one agent are in the figures of agents."""
    whole = (intervals.begin, intervals.end)
    listed = [t for t in sorted(report.totals) if not t.startswith("agent:") and only in (None, t)]
    names, within = {target: _name_of_target(directory, target) for target in listed}, rules_of(directory).within
    totals = [_queue_row(target, names[target], whole, report.totals[target], within(target)) for target in listed]
    rows = (
        _queue_row(target, names[target], _span(intervals, which), figures, within(target))
        for (target, which), figures in sorted(report.rows.items(), key=lambda row: (row[0][1], row[0][0]))
        if target in names
    )
    return totals, rows


def agent_rows(
    report: AgentReport, intervals: Intervals, directory: Directory
) -> tuple[list[AgentFiguresRow], Iterator[AgentFiguresRow]]:
    """Of the whole, and of each interval."""
    whole = (intervals.begin, intervals.end)
    listed = directory.agents
    names = {agent: listed[agent].name if agent in listed else agent for agent in report.totals}
    totals = [agent_row(a, names[a], whole, f) for a, f in sorted(report.totals.items()) if _is_something(f)]
    rows = (
        agent_row(agent, names[agent], _span(intervals, which), figures)
        for (agent, which), figures in sorted(report.rows.items(), key=lambda row: (row[0][1], row[0][0]))
        if _is_something(figures)
    )
    return totals, rows


def queue_cells(rows: Iterable[QueueRow], zone: ZoneInfo) -> Iterator[list[str | None]]:
    """Of `QUEUE_COLUMNS`; shares and means as numbers, times as in the zone."""
    return ([_cell(getattr(row, name), zone, name) for name in QUEUE_COLUMNS] for row in rows)


def agent_columns(rows: Iterable[AgentFiguresRow]) -> tuple[str, ...]:
    """`AGENT_COLUMNS`, and one for each state and reason in which anybody was: `ready`, `not_ready:lunch`."""
    return (*AGENT_COLUMNS, *sorted({_state_name(s) for row in rows for s in row.states}))


def agent_cells(rows: Iterable[AgentFiguresRow], columns: Sequence[str], zone: ZoneInfo) -> Iterator[list[str | None]]:
    """Of these columns."""
    for row in rows:
        spent: Mapping[str, float] = {_state_name(s): s.seconds for s in row.states}
        yield [
            _cell(getattr(row, name) if name in AGENT_COLUMNS else spent.get(name, 0.0), zone, name) for name in columns
        ]


def _state_name(spent: StateTime) -> str:
    return f"{spent.state}:{spent.reason}" if spent.reason else spent.state


def _cell(value: object, zone: ZoneInfo, column: str) -> str | None:
    if isinstance(value, RatioDocument):
        return None if value.value is None else f"{value.value:.4f}"
    if column in ("begins_at", "ends_at"):
        return datetime.fromisoformat(str(value)).astimezone(zone).isoformat(timespec="seconds")
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _span(intervals: Intervals, which: int) -> Span:
    return intervals.edges[which], intervals.edges[which + 1]


def _name_of_target(directory: Directory, target: str) -> str:
    """Its own, where it is not listed any more, or no target."""
    try:
        parsed: Target = parse_target(target)
    except ValueError:
        return target
    entry = directory.listed(parsed.type).get(parsed.id) if parsed.type is not TargetType.NUMBER else None
    return entry.name if entry is not None else target


def _queue_row(target: str, name: str, span: Span, figures: QueueFigures, within: float) -> QueueRow:
    return QueueRow(
        target=target,
        name=name,
        begins_at=_moment(span[0]),
        ends_at=_moment(span[1]),
        offered=figures.offered,
        answered=figures.answered,
        abandoned=figures.abandoned,
        short_abandons=figures.short_abandons,
        overflowed=figures.overflowed,
        by_key=figures.by_key,
        callbacks=figures.callbacks,
        nobody=figures.nobody,
        otherwise=figures.otherwise,
        answer_within=within,
        answered_in_time=figures.answered_in_time,
        longest_wait=figures.longest_wait / 1000,
        talk=figures.talk / 1000,
        hold=figures.hold / 1000,
        wrap_up=figures.wrap_up / 1000,
        transfers=figures.transfers,
        conferences=figures.conferences,
        service_level=_share(figures.service_level),
        abandonment=_share(figures.abandonment),
        speed_of_answer=_mean(figures.speed_of_answer),
        handle_time=_mean(figures.handle_time),
    )


def agent_row(agent: str, name: str, span: Span, figures: AgentFigures) -> AgentFiguresRow:
    """Of one agent, in the time of `span` (milliseconds)."""
    spent = sorted(figures.states.items(), key=lambda each: (each[0][0], each[0][1] or ""))
    return AgentFiguresRow(
        agent=agent,
        name=name,
        begins_at=_moment(span[0]),
        ends_at=_moment(span[1]),
        rung=figures.rung,
        answered=figures.answered,
        missed=figures.missed,
        declined=figures.declined,
        busy=figures.busy,
        unavailable=figures.unavailable,
        withdrawn=figures.withdrawn,
        calls=figures.calls,
        talk=figures.talk / 1000,
        hold=figures.hold / 1000,
        wrap_up=figures.wrap_up / 1000,
        transfers=figures.transfers,
        conferences=figures.conferences,
        logged_in=figures.logged_in / 1000,
        states=[StateTime(state=state, reason=reason, seconds=ms / 1000) for (state, reason), ms in spent],
        occupancy=_mean(figures.occupancy, 1000),
        handle_time=_mean(figures.handle_time),
    )


def _is_something(figures: AgentFigures) -> bool:
    return bool(figures.rung or figures.calls or figures.talk or figures.hold or figures.transfers or figures.states)


def _share(ratio: Ratio) -> RatioDocument:
    return RatioDocument(numerator=ratio.numerator, denominator=ratio.denominator, value=ratio.value)


def _mean(ratio: Ratio, of: int = 1) -> RatioDocument:
    """Of times: in seconds; `of` what, in milliseconds where that is a time too."""
    numerator, denominator = ratio.numerator / 1000, ratio.denominator / of
    value = None if not denominator else numerator / denominator
    return RatioDocument(numerator=numerator, denominator=denominator, value=value)


def _moment(milliseconds: int) -> str:
    return timestamp(milliseconds / 1000) or ""
