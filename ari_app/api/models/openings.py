"""Bodies about what is open and what is closed."""

from typing import Annotated, Literal

from pydantic import Field

from ari_app.api.models.common import Answer, Request, Timestamp
from ari_app.api.models.history import Moment

type OpeningChoice = Literal["hours", "open", "closed"]


class NewOpening(Request):
    """Open or closed whatever its hours say, until then where that is given; or by its hours again."""

    opening: OpeningChoice
    until: Annotated[Moment | None, Field(description="Its hours count again from then on")] = None


class Opening(Answer):
    """Whether callers are served now, and when that changes by itself (null: not, or not within a year).

    `opening` is what counts: its hours, or what somebody has chosen, who (`by`), when (`at`) and until when.
    """

    open: bool
    changes_at: Timestamp | None
    opening: OpeningChoice
    hours: str | None = Field(description="The hours that the configuration gives it; null: it is always open")
    until: Timestamp | None
    by: str | None
    at: Timestamp | None


class OpeningDocument(Opening):
    """The same of a queue, a group or a routing point."""

    target: str
    name: str


class OpeningDocuments(Answer):
    """All queues, then all groups, then all routing points."""

    openings: list[OpeningDocument]
