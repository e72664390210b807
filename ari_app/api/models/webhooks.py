"""Bodies about receivers of webhooks, for administrators."""

from typing import Annotated, Literal

from pydantic import Field

from ari_app.api.models.common import Answer, Request, Timestamp
from ari_app.routing.webhooks import Kind


class WebhookDocument(Answer):
    """A receiver as it is now. `url` is without what stands behind its `?`; no `targets`: it is notified of all.

    `failing`: it takes nothing, and is tried again; `stopped`: it has answered 410, and is sent nothing until somebody
    requests it. `waiting` have not been taken yet, the oldest since `oldest_at`; `dead` were given up.
    """

    id: str
    url: str
    events: list[Kind]
    targets: list[str]
    state: Literal["ok", "failing", "stopped"]
    failing_since: Timestamp | None
    error: str
    next_try_at: Timestamp | None
    waiting: int
    oldest_at: Timestamp | None
    dead: int


class WebhookList(Answer):
    """All receivers, as the file lists them."""

    webhooks: list[WebhookDocument]


class DeadLettersQuery(Request):
    """Which dead letters."""

    limit: Annotated[int, Field(ge=1, le=100, strict=False)] = 50
    cursor: (
        Annotated[str, Field(max_length=64, pattern=r"^\d+(-\d+)?$", description="`next` of the answer before")] | None
    ) = None


class DeadLetterDocument(Answer):
    """An event that was given up: it had `expired` after a day of tries, or `too_many` waited."""

    id: str
    type: str
    subject: str
    kept_at: Timestamp
    attempts: int
    reason: Literal["expired", "too_many"]
    dead_at: Timestamp


class DeadLetters(Answer):
    """The last first; `next` is the cursor for those before, null where there are none."""

    dead_letters: list[DeadLetterDocument]
    next: str | None


class Retried(Answer):
    """How many dead letters wait again."""

    retried: int
