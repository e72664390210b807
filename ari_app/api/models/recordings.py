"""Bodies about recordings."""

from typing import Annotated, Literal

from pydantic import Field

from ari_app.api.models.common import Answer, Request, Timestamp
from ari_app.api.models.history import Moment


class RecordingsQuery(Request):
    """Which recordings."""

    call: Annotated[str, Field(max_length=128, description="Of this call")] | None = None
    agent: Annotated[str, Field(max_length=64, description="Who was in the call while it was recorded")] | None = None
    from_: Annotated[Moment | None, Field(alias="from", description="Begun at or after")] = None
    to: Annotated[Moment | None, Field(description="Begun before")] = None
    limit: Annotated[int, Field(ge=1, le=100, strict=False)] = 50
    cursor: Annotated[str, Field(max_length=128, description="`next` of the answer before")] | None = None


class RecordingDocument(Answer):
    """What was, or is being, recorded of a call. `agents` were in it meanwhile; `file` as in `RECORDINGS_DIR`.

    `ended_at` is null until it is complete, and where the controller was not there to see that. `seconds` (for how long
    it plays) and `size` (bytes) are null until the file is complete and was measured.
    """

    id: str
    call_id: str
    state: Literal["recording", "paused", "complete"]
    started_at: Timestamp
    started_by: str
    ended_at: Timestamp | None
    agents: list[str]
    file: str
    seconds: float | None
    size: int | None


class RecordingsDocument(Answer):
    """Recordings, the last first. `next`: the cursor for those before; null where there are no more."""

    recordings: list[RecordingDocument]
    next: str | None
