"""A message that a caller has left, as it is kept and as clients see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from pydantic import TypeAdapter

from ari_app.api.kept import PAGE
from ari_app.api.models.voicemails import VoicemailDocument, VoicemailState
from ari_app.calls.model import Call, CallId, Message
from ari_app.calls.views import timestamp


@dataclass(frozen=True, slots=True)
class Known:
    """A message. Times in seconds since the epoch. `state`: `recording` until it is over, `dropped` where there was
    none and its file is still to be deleted."""

    id: str
    call: CallId
    box: str
    file: str
    begun_at: float
    state: Literal["recording", "dropped"] | VoicemailState = "recording"
    seconds: float | None = None
    name: str = ""
    number: str = ""
    anonymous: bool = False
    queue: str | None = None
    dialled: str | None = None
    by: str | None = None
    marked_at: float | None = None

    @property
    def listed(self) -> bool:
        """Whether there is a message."""
        return self.state in ("new", "heard", "done")


KNOWN = TypeAdapter(Known)


class Kept(Protocol):
    """See `store.port.Store`."""

    async def voicemails(self, after: str | None, limit: int) -> Sequence[bytes]: ...


async def all_kept(store: Kept) -> list[Known]:
    """All messages that there are. Raises: StoreUnavailable."""
    found: list[Known] = []
    while page := await store.voicemails(found[-1].id if found else None, PAGE):
        found += map(KNOWN.validate_json, page)
    return found


@dataclass(frozen=True, slots=True)
class Unheard:
    """The messages of a box that nobody has heard: how many, and when the oldest was left. Seconds since the epoch."""

    count: int = 0
    oldest: float | None = None


def entry(call: Call, message: Message, begun_at: float) -> Known:
    """A message that has begun, as its call tells of it."""
    caller = min((p for p in call.parties.values() if p.agent is None), key=lambda p: p.order, default=None)
    identity = caller.identity if caller is not None else None
    anonymous = identity is None or identity.anonymous
    return Known(
        id=message.id,
        call=call.id,
        box=message.box,
        file=message.file,
        begun_at=begun_at,
        seconds=message.seconds,
        name=identity.name if identity is not None and not anonymous else "",
        number=identity.number if identity is not None and not anonymous else "",
        anonymous=anonymous,
        queue=call.queue,
        dialled=call.dialled,
    )


def document(message: Known) -> VoicemailDocument:
    """As clients see it."""
    state: VoicemailState = message.state if message.state in ("heard", "done") else "new"
    return VoicemailDocument(
        id=message.id,
        box=message.box,
        call_id=message.call,
        state=state,
        left_at=timestamp(message.begun_at) or "",
        seconds=message.seconds,
        name=message.name,
        number=message.number,
        anonymous=message.anonymous,
        queue=message.queue,
        dialled=message.dialled,
        by=message.by,
        marked_at=timestamp(message.marked_at),
    )
