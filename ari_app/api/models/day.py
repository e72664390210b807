"""Bodies about an agent's own day: figures, and calls that they have missed."""

from typing import Annotated

from pydantic import Field

from ari_app.api.models.common import Answer, Request, Timestamp
from ari_app.api.models.history import Moment, RecordDocument
from ari_app.api.models.reports import AgentFiguresRow


class DayDocument(Answer):
    """What an agent did today, as `GET /v1/reports/agents` counts it; the state that they are in counts until `as_of`.

    `history_at`: when a call of theirs, or what they noted of one, came into the history last, as far as is known here.
    """

    begins_at: Timestamp
    ends_at: Timestamp
    tz: str = Field(description="`settings.zone`: the day is that of this time zone")
    as_of: Timestamp
    figures: AgentFiguresRow
    missed_unseen: int = Field(description="How many calls they have missed and not looked at yet: 50 at most")
    history_at: Timestamp


class MissedDocument(Answer):
    """Calls that they have missed in the last seven days, the last first. Those that ended after `seen_until` are new
    to them; null: they have never looked."""

    calls: list[RecordDocument]
    unseen: int
    seen_until: Timestamp | None


class MissedSeen(Request):
    """Which missed calls they have looked at: those that ended until then."""

    until: Annotated[Moment, Field(description="`ended_at` of the last one that was shown")]
