"""Reports out of the history: which calls and states are counted. What the figures are is in `records.figures`."""

from collections.abc import Iterable

from ari_app.history.port import Counted
from ari_app.records.figures import AgentReport, QueueReport, Rules
from ari_app.records.intervals import Intervals
from ari_app.records.model import AgentStateRecord


async def queue_report(history: Counted, intervals: Intervals, rules: Rules) -> QueueReport:
    """Of all targets that callers waited for. Raises: HistoryUnavailable."""
    report = QueueReport(intervals, rules)
    async for page in history.between(*_seconds(intervals)):
        for call, wrap_ups in page:
            report.add(call, wrap_ups)
    return report


async def agent_report(
    history: Counted, intervals: Intervals, only: str | None, running: Iterable[AgentStateRecord]
) -> AgentReport:
    """Of all agents, or one. `running`: states that go on, as far as they have. Raises: HistoryUnavailable."""
    report, going_on = AgentReport(intervals, only), {state.key: state for state in running}
    async for calls in history.between(*_seconds(intervals), only):
        for call, _ in calls:
            report.add_call(call)
    async for states in history.states(*_seconds(intervals), only):
        for state in states:
            going_on.pop(state.key, None)  # it has ended meanwhile
            report.add_state(state)
    for state in going_on.values():
        report.add_state(state)
    return report


def _seconds(intervals: Intervals) -> tuple[float, float]:
    return intervals.begin / 1000, intervals.end / 1000
