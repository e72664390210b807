"""Bodies about calls that are over, and how they went."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from ari_app.api.models.common import Answer, Request, Timestamp
from ari_app.calls.model import CallType, EndReason, OfferKind, PartyRole
from ari_app.records.model import SegmentEnd, SegmentKind

type OutcomeShown = Literal["answered", "missed", "abandoned", "unanswered", "voicemail"]


def _moment(text: object) -> object:
    """A time as RFC 3339 has it: pydantic takes numbers, and dates alone, for times as well."""
    is_time = isinstance(text, str) and re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", text)
    if text is not None and not is_time and not isinstance(text, datetime):
        raise ValueError("must be a time such as 2026-01-02T03:04:05Z")
    return text


_FIRST, _LAST = datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 29, tzinfo=UTC)
"""Some days within what calendars have: such a time is one in each zone, and so are the day and the second after."""


def _shown_everywhere(moment: datetime) -> datetime:
    """The last day of 9999 stands for ever, and is no day of a year that there is somewhere else."""
    return min(max(moment, _FIRST), _LAST)


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_moment), AfterValidator(_shown_everywhere)]


class NewDisposition(Request):
    """How a call went: a code out of the administrator's list, and what else there is to say."""

    code: Annotated[str, Field(max_length=64)] | None = None
    notes: Annotated[str, Field(max_length=4000, pattern=r"^[^\x00]*$")] = ""


class HistoryQuery(Request):
    """Which calls. An agent is shown their own whatever they ask for."""

    agent: Annotated[str, Field(max_length=64, description="Who was in it, or was rung for it")] | None = None
    number: Annotated[str, Field(max_length=64, description="Of the contact, or what was dialled")] | None = None
    queue: Annotated[str, Field(max_length=64)] | None = None
    from_: Annotated[Moment | None, Field(alias="from", description="Ended at or after")] = None
    to: Annotated[Moment | None, Field(description="Ended before")] = None
    outcome: OutcomeShown | None = None
    limit: Annotated[int, Field(ge=1, le=100, strict=False)] = 50
    cursor: Annotated[str, Field(max_length=128, description="`next` of the answer before")] | None = None


class DispositionDocument(Answer):
    """What an agent noted of a call."""

    agent: str
    code: str | None
    notes: str
    at: Timestamp


class SegmentDocument(Answer):
    """What one party of a call did for a while. Of one party they follow each other.

    `target`: for whom a caller waited or a phone was rung; `offer`: what a phone was rung for; `position` and
    `last_position`: the place in the queue, from 1, when it began and when it ended.
    """

    party: str
    role: PartyRole
    kind: SegmentKind
    begins_at: Timestamp
    ends_at: Timestamp
    end: SegmentEnd
    ended_by: str | None
    agent: str | None
    target: str | None
    offer: OfferKind | None
    position: int | None
    last_position: int | None


class OutsiderDocument(Answer):
    """Somebody outside."""

    name: str
    number: str
    anonymous: bool


class RecordDocument(Answer):
    """A call that is over. `outcome` is `missed` for an agent who was rung for it and was not in it."""

    id: str
    type: CallType
    outcome: OutcomeShown
    started_at: Timestamp
    answered_at: Timestamp | None
    ended_at: Timestamp
    ended_by: str
    end_reason: EndReason
    dialled: str | None
    queue: str | None
    queued_at: Timestamp | None
    contact: OutsiderDocument | None
    agents: list[str]
    missed_by: list[str]
    caller_id: str | None
    dispositions: list[DispositionDocument]
    parent: str | None = Field(description="Of a consultation: the call with the contact")
    transfers: int
    conferences: int
    segments: list[SegmentDocument] = Field(description="In the order in which they began")


class HistoryDocument(Answer):
    """Calls, the last first. `next`: the cursor for those before; null where there are no more."""

    calls: list[RecordDocument]
    next: str | None
