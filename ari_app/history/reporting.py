"""Reports out of the history: which calls and states are counted. What the figures are is in `records.figures`."""

from collections.abc import Awaitable, Callable, Iterable

from ari_app.history.port import Counted
from ari_app.records.figures import AgentReport, QueueReport, Rules
from ari_app.records.intervals import Intervals
from ari_app.records.model import AgentStateRecord

type Breathe = Callable[[], Awaitable[None]]
"""Called again and again while it is counted: others are to have their turn. May raise, and ends it so."""


async def _on() -> None:
    """There are no others."""


async def queue_report(
    history: Counted, intervals: Intervals, rules: Rules, *, most: int | None = None, breathe: Breathe = _on
) -> QueueReport:
    """Of all targets that callers waited for. `most`: rows that it may have.

    Raises:
        HistoryUnavailable, TooManyRows.
    """
    report = QueueReport(intervals, rules, most)
    async for page in history.between(*_seconds(intervals)):
        for call, wrap_ups in page:
            report.add(call, wrap_ups)
            await breathe()
    return report


async def agent_report(
    history: Counted,
    intervals: Intervals,
    only: str | None,
    running: Iterable[AgentStateRecord],
    *,
    most: int | None = None,
    breathe: Breathe = _on,
) -> AgentReport:
    """Of all agents, or one. `running`: states that go on, as far as they have. Raises: as for queues."""
    report, going_on = AgentReport(intervals, only, most), {state.key: state for state in running}
    async for calls in history.between(*_seconds(intervals), only):
        for call, _ in calls:
            report.add_call(call)
            await breathe()
    async for states in history.states(*_seconds(intervals), only):
        for state in states:
            going_on.pop(state.key, None)  # it has ended meanwhile
            report.add_state(state)
            await breathe()
    for state in going_on.values():
        report.add_state(state)
        await breathe()
    return report


def _seconds(intervals: Intervals) -> tuple[float, float]:
    return intervals.begin / 1000, intervals.end / 1000
