"""Bodies about messages that callers have left."""

from typing import Annotated, Literal

from pydantic import Field

from ari_app.api.models.common import Answer, Request, Timestamp

type VoicemailState = Literal["new", "heard", "done"]


class VoicemailsQuery(Request):
    """Which messages."""

    box: Annotated[str, Field(max_length=64, description="In this box")] | None = None
    state: Annotated[VoicemailState, Field(description="That are so far")] | None = None
    call: Annotated[str, Field(max_length=128, description="Left in this call")] | None = None
    limit: Annotated[int, Field(ge=1, le=100, strict=False)] = 50
    cursor: Annotated[str, Field(max_length=128, description="`next` of the answer before")] | None = None


class MarkedVoicemail(Request):
    """How far a message is: `heard`, `done` where nothing is left to be done about it, or `new` again."""

    state: VoicemailState


class VoicemailDocument(Answer):
    """A message that a caller has left. `seconds` is null where nobody knows how long it is.

    `queue` is the last that its caller was in, `dialled` what they dialled; of who withholds them, `name` and `number`
    are empty. `by` has marked it last, at `marked_at`.
    """

    id: str
    box: str
    call_id: str
    state: VoicemailState
    left_at: Timestamp
    seconds: float | None
    name: str
    number: str
    anonymous: bool
    queue: str | None
    dialled: str | None
    by: str | None
    marked_at: Timestamp | None


class VoicemailsDocument(Answer):
    """Messages, the last first. `next`: the cursor for those before; null where there are no more."""

    voicemails: list[VoicemailDocument]
    next: str | None
