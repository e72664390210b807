"""Bodies of reports: figures of queues and agents. What they mean stands in docs/reports.md."""

from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field

from ari_app.api.models.common import Answer, Request, Timestamp
from ari_app.api.models.history import Moment

type Interval = Literal["15m", "30m", "1h", "1d"]
MINUTES: dict[str, int] = {"15m": 15, "30m": 30, "1h": 60, "1d": 1440}


def _zone(name: str) -> str:
    """Raises: ValueError."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a time zone such as Europe/Paris") from None
    return name


Zone = Annotated[
    str, Field(max_length=64, description="Of days and intervals, as `Europe/Paris`"), AfterValidator(_zone)
]


class ReportQuery(Request):
    """Of which time, and in which intervals; without an interval the whole alone."""

    from_: Annotated[Moment, Field(alias="from", description="Begins here")]
    to: Annotated[Moment, Field(description="Ends before")]
    interval: Interval | None = None
    tz: Zone = "UTC"


class QueueReportQuery(ReportQuery):
    """Of all queues, groups and skills, or of one."""

    target: Annotated[str, Field(max_length=100, description="Such as `queue:sales`")] | None = None


class AgentReportQuery(ReportQuery):
    """Of all agents, or of one."""

    agent: Annotated[str, Field(max_length=64)] | None = None


class RatioDocument(Answer):
    """So much of so much; times in seconds. `value` is null where there is nothing to divide by."""

    numerator: float
    denominator: float
    value: float | None


class QueueRow(Answer):
    """Who was offered to a target in this time. Each counts once among `answered` to `otherwise`. Times in
    seconds. `answered_in_time` are those who were answered within `answer_within`."""

    target: str
    name: str
    begins_at: Timestamp
    ends_at: Timestamp
    offered: int
    answered: int
    abandoned: int
    short_abandons: int
    overflowed: int
    by_key: int
    callbacks: int
    nobody: int
    otherwise: int
    answer_within: float
    answered_in_time: int
    longest_wait: float
    talk: float
    hold: float
    wrap_up: float
    transfers: int
    conferences: int
    service_level: RatioDocument
    abandonment: RatioDocument
    speed_of_answer: RatioDocument
    handle_time: RatioDocument


class StateTime(Answer):
    """So many seconds in this state, with this reason."""

    state: str
    reason: str | None
    seconds: float


class AgentFiguresRow(Answer):
    """What an agent did in this time. Each ring counts once among `answered` to `withdrawn`. Times in seconds."""

    agent: str
    name: str
    begins_at: Timestamp
    ends_at: Timestamp
    rung: int
    answered: int
    missed: int
    declined: int
    busy: int
    unavailable: int
    withdrawn: int
    calls: int
    talk: float
    hold: float
    wrap_up: float
    transfers: int
    conferences: int
    logged_in: float
    states: list[StateTime]
    occupancy: RatioDocument
    handle_time: RatioDocument


class QueueReportDocument(Answer):
    """`totals` of the whole time; of `intervals` those in which anything was. `service_level` and `short_abandon` are
    those of the settings, in seconds."""

    begins_at: Timestamp
    ends_at: Timestamp
    interval: Interval | None
    tz: str
    service_level: float
    short_abandon: float
    totals: list[QueueRow]
    intervals: list[QueueRow]


class AgentReportDocument(Answer):
    """`totals` of the whole time; of `intervals` those in which anything was."""

    begins_at: Timestamp
    ends_at: Timestamp
    interval: Interval | None
    tz: str
    totals: list[AgentFiguresRow]
    intervals: list[AgentFiguresRow]
