"""A call as somebody sees it (docs/api.md, "Calls"): the shapes of the public contract, and how they are filled.

`view(call, viewer, directory)` is pure. Times are RFC 3339 strings in UTC.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

from ari_app.calls.actions import (
    OVERSEERS,
    CallState,
    OfferShown,
    PartyState,
    call_actions,
    call_state,
    offer_state,
    outcome_shown,
    party_actions,
    party_state,
    progress_state,
)
from ari_app.calls.model import (
    Call,
    CallType,
    EndReason,
    MonitorMode,
    Offer,
    OfferKind,
    OfferState,
    Party,
    PartyRole,
    Recording,
)
from ari_app.calls.verbs import CallAction, PartyAction
from ari_app.routing.directory import Directory, Role


class DateTime:
    """Says of a text, to whoever describes these shapes (pydantic), that it is a time."""

    def __get_pydantic_json_schema__(self, schema: Any, handler: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        return {**handler(schema), "format": "date-time", "examples": ["2026-01-02T03:04:05.678Z"]}


type Time = Annotated[str, DateTime()]
"""RFC 3339 in UTC with milliseconds."""


@dataclass(frozen=True, slots=True)
class PartyView:
    """Somebody in the call; `you` is the one who looks, also after they left; `actions` what they may do to this party
    now.

    `anonymous`: the identity is withheld, and `name` and `number` are empty unless the administrator lets agents see
    them all the same. `talking`: speaks now; false where it is not known. `held_since`: since when they are on hold.
    """

    id: str
    role: PartyRole
    agent: str | None
    name: str
    number: str
    anonymous: bool
    state: PartyState
    muted: bool
    deaf: bool
    talking: bool
    you: bool
    actions: tuple[PartyAction, ...]
    joined_at: Time | None = None
    held_since: Time | None = None


@dataclass(frozen=True, slots=True)
class OfferView:
    """The last offer: who is rung for what, and how it went. `ring_until`: when it is no longer rung, if it rings."""

    id: str
    kind: OfferKind
    target: str
    ringing: tuple[str, ...]
    state: OfferShown
    caller_id: str | None
    ring_until: Time | None = None


@dataclass(frozen=True, slots=True)
class RecordingView:
    """The recording of the call: `file` is its name under the administrator's directory."""

    id: str
    file: str
    state: Literal["recording", "paused"]
    since: Time


@dataclass(frozen=True, slots=True)
class MonitorView:
    """A supervisor who listens, whispers or is on the way in; `you` is the one who looks."""

    agent: str
    name: str
    mode: MonitorMode
    state: PartyState
    you: bool


@dataclass(frozen=True, slots=True)
class CallBackView:
    """Whose place is kept though they have hung up. `state`: `queued` until an agent is found; `calling` while an agent
    is there, or they are rung; `resting` until the next try, at `next_at`. `tries`: how often they were rung in vain.
    """

    target: str
    name: str
    number: str
    state: Literal["queued", "calling", "resting"]
    promised_at: Time
    expires_at: Time
    tries: int
    last: OfferShown | None
    next_at: Time | None


@dataclass(frozen=True, slots=True)
class CallView:
    """A call as its agent sees it. `monitors` is empty for agents who are not to know.

    `dialled`: the number that whoever began it dialled, null where that is not known. `queued_at`: since when its
    caller waits, or had waited when somebody answered, to be served; `queue` the queue in which. `ended_by` is
    `contact`, `agent:<id>` or `system`. `callback`: its caller is to be called back, and has not been reached yet.
    `voicemail`: the box in which its caller leaves a message, or has left one.
    """

    id: str
    type: CallType
    state: CallState
    owner: str | None
    parent: str | None
    user_data: Mapping[str, str]
    caller_id: str | None
    started_at: Time
    answered_at: Time | None
    held_since: Time | None
    parties: tuple[PartyView, ...]
    offer: OfferView | None
    actions: tuple[CallAction, ...]
    recording: RecordingView | None = None
    monitors: tuple[MonitorView, ...] = ()
    dialled: str | None = None
    queue: str | None = None
    queued_at: Time | None = None
    ended_at: Time | None = None
    ended_by: str | None = None
    end_reason: EndReason | None = None
    callback: CallBackView | None = None
    voicemail: str | None = None


def timestamp(seconds: float | None) -> str | None:
    """RFC 3339 in UTC with milliseconds."""
    return None if seconds is None else _text(seconds)


@lru_cache(4096)
def _text(seconds: float) -> str:
    """The times of a call are shown again with each change, and to everybody in it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def view(call: Call, viewer: str, directory: Directory, role: Role = Role.AGENT, *, engaged: bool = False) -> CallView:
    """The call as `viewer` (an agent's id) sees it. `engaged`: another call has them."""
    parties = sorted(call.parties.values(), key=lambda p: p.order)
    return CallView(
        id=call.id,
        type=call.type,
        state=call_state(call, viewer),
        owner=call.owner,
        parent=call.parent,
        user_data=dict(call.user_data),
        caller_id=call.caller_id,
        started_at=timestamp(call.started_at) or "",
        answered_at=timestamp(call.answered_at),
        held_since=timestamp(call.held_since),
        parties=tuple(_party(call, p, viewer, role) for p in parties if not _another_phone(call, p)),
        offer=offer_view(call.offer),
        actions=tuple(sorted(call_actions(call, viewer, directory, role, engaged=engaged))),
        recording=_recording(call.recording),
        monitors=_monitors(call, viewer, directory, role),
        dialled=call.dialled,
        queue=call.queue,
        queued_at=timestamp(call.queued_at),
        ended_at=timestamp(call.ended_at),
        ended_by=call.ended_by,
        end_reason=call.end_reason,
        callback=callback_view(call),
        voicemail=call.message.box if call.message is not None and (call.leaves_message or call.message.left) else None,
    )


def callback_view(call: Call) -> CallBackView | None:
    """Who is to be called back, and how that goes; None where nobody is."""
    back = call.to_call_back()
    if back is None:
        return None
    offer = call.offering()
    calling = bool(call.joined()) or (offer is not None and bool(offer.attempts))
    return CallBackView(
        target=str(back.target),
        name=back.identity.name,
        number=back.identity.number,
        state="resting" if back.next_at is not None else "calling" if calling else "queued",
        promised_at=timestamp(back.promised_at) or "",
        expires_at=timestamp(back.expires_at) or "",
        tries=back.tries,
        last=outcome_shown(back.last) if back.last is not None else None,
        next_at=timestamp(back.next_at),
    )


def _another_phone(call: Call, party: Party) -> bool:
    """Whether it is rung for somebody who is shown already: an agent with several phones is one party."""
    rung = call.offer.attempts if call.offer is not None else ()
    of_agent = [attempt.party for attempt in rung if attempt.agent is not None and attempt.agent == party.agent]
    return party.id in of_agent[1:]


def _monitors(call: Call, viewer: str, directory: Directory, role: Role) -> tuple[MonitorView, ...]:
    """Overseers see who monitors; agents where the administrator says so."""
    if role not in OVERSEERS and not directory.settings.monitoring.agents_told:
        return ()
    return tuple(
        MonitorView(m.agent, m.name, m.mode, progress_state(m.progress), m.agent == viewer)
        for _, m in sorted(call.monitors.items())
    )


def _recording(recording: Recording | None) -> RecordingView | None:
    if recording is None:
        return None
    state: Literal["recording", "paused"] = "paused" if recording.paused else "recording"
    return RecordingView(recording.id, f"{recording.file}.wav", state, timestamp(recording.since) or "")


def _party(call: Call, party: Party, viewer: str, role: Role) -> PartyView:
    known = party.withheld or party.identity
    return PartyView(
        id=party.id,
        role=party.role,
        agent=party.agent,
        name=known.name,
        number=known.number,
        anonymous=party.identity.anonymous,
        state=party_state(call, party),
        muted=party.muted,
        deaf=party.deaf,
        talking=party.talking,
        you=party.agent == viewer,
        actions=tuple(sorted(party_actions(call, party, viewer, role))),
        joined_at=timestamp(party.joined_at),
        held_since=timestamp(party.held_since),
    )


def offer_view(offer: Offer | None) -> OfferView | None:
    """The offer as clients see it."""
    if offer is None or offer.state is OfferState.PENDING:
        return None
    return OfferView(
        id=offer.id,
        kind=offer.kind,
        target=str(offer.target),
        ringing=tuple(dict.fromkeys(a.agent or str(offer.target) for a in offer.attempts)),
        state=offer_state(offer),
        caller_id=offer.caller_id,
        ring_until=timestamp(offer.deadline) if offer.state is OfferState.RINGING else None,
    )
