"""The call."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from operator import attrgetter

from ari_app.calls.model.callbacks import CallBack
from ari_app.calls.model.ids import AgentId, BridgeId, CallId, PartyId
from ari_app.calls.model.listening import Listening
from ari_app.calls.model.offers import Offer
from ari_app.calls.model.parties import Party, PartyRole, Progress
from ari_app.calls.model.pending import Pending
from ari_app.calls.model.ties import Awaited, Tie
from ari_app.calls.model.voicemail import Message
from ari_app.calls.model.watching import Monitor, Recording

_ORDER = attrgetter("order")


class CallType(StrEnum):
    """How the call came about."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    INTERNAL = "internal"
    CONSULT = "consult"


class Alarm(StrEnum):
    """What is wrong with a call though everybody does what they should."""

    HELD_TOO_LONG = "held_too_long"  # a contact is on hold for longer than the administrator allows
    NOT_CALLED_BACK = "not_called_back"  # it was tried as often, or as long, as the administrator says, and is over
    AGENT_GONE = "agent_gone"  # a contact waits for an agent whose phone is dead or is not answered, or who went home


class EndReason(StrEnum):
    """Why a call is over. What a target did (`declined` and so on) where nobody was reached."""

    HANGUP = "hangup"  # somebody who talked left, and no conversation was left
    CLEARED = "cleared"  # ended for everybody
    MERGED = "merged"  # whoever was left goes on in another call
    ABANDONED = "abandoned"  # a caller gave up before anybody answered
    CANCELLED = "cancelled"  # whoever made the call gave it up before anybody answered; a caller, by a key of a queue
    DECLINED = "declined"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    UNAVAILABLE = "unavailable"
    CLOSED = "closed"  # what they called was closed
    VOICEMAIL = "voicemail"  # a caller has left a message
    NOT_CALLED_BACK = "not_called_back"  # whoever was to be called back was not reached, or nobody was free in time
    LOST = "lost"  # a line or a phone died
    FAULT = "fault"  # of ours: this call alone was released


@dataclass(frozen=True, slots=True)
class Call:
    """A conversation, and who is in it. Times in seconds since the epoch; the last are derived: `times`, `endings`."""

    id: CallId
    type: CallType
    bridge: BridgeId
    started_at: float
    owner: AgentId | None = None
    parent: CallId | None = None  # of a consultation: the call with the contact
    user_data: Mapping[str, str] = field(default_factory=dict)  # the attached data
    caller_id: str | None = None
    answered_at: float | None = None
    held_since: float | None = None
    parties: Mapping[PartyId, Party] = field(default_factory=dict)
    offer: Offer | None = None  # the last one stays, when it is over
    ended: bool = False
    bridge_made: bool = False
    bridge_failures: int = 0
    recall_at: float | None = None  # an agent who has no leg is rung again
    recalls: int = 0  # how often that was in vain
    hold_alarm_at: float | None = None  # somebody will have been on hold for too long
    music_class: str = "default"
    recording: Recording | None = None
    stopping: frozenset[str] = frozenset()  # files that Asterisk was requested to complete, and has not answered
    monitors: Mapping[AgentId, Monitor] = field(default_factory=dict)
    dialled: str | None = None  # the number that whoever began it has dialled
    queue: str | None = None  # the last queue that its caller was in
    queued_at: float | None = None  # since when they have waited to be served; kept when somebody answers
    ended_at: float | None = None
    ended_by: str | None = None  # `contact`, `agent:<id>` or `system`
    end_reason: EndReason | None = None
    carried_out: tuple[Pending, ...] = ()  # the last commands on it, without their effects: see `repeats`
    rung: tuple[AgentId, ...] = ()  # the agents who were rung for it, each once, in that order
    tie: Tie | None = None  # this is nobody's call, and shown to nobody
    tied_by: CallId | None = None  # the last tie that was dialled for those of this call
    awaits: Awaited | None = None  # the last who was to come by a tie
    callback: CallBack | None = None  # its caller has left a queue to be called back, or was
    message: Message | None = None  # the last one that its caller was to leave in a box
    listening: Listening | None = None  # its agent hears messages, and nobody else is in it
    place_since: float | None = None  # since when its caller counts as waiting, where that is not `started_at`

    def joined(self) -> list[Party]:
        """Those who are in the call now, held or not, in the order they joined."""
        found = [p for p in self.parties.values() if p.progress is Progress.JOINED]
        if len(found) > 1:
            found.sort(key=_ORDER)
        return found

    def waits(self, party: Party) -> bool:
        """Whether nobody is there to talk to, and that because somebody has turned away."""
        others = [p for p in self.joined() if p.id != party.id]
        return not any(p.present for p in others) and any(p.turned_away for p in others)

    def on_hold(self, party: Party) -> bool:
        """Whether it hears music and nobody: somebody holds it, or it waits for who has turned away."""
        return bool(party.held_by) or self.waits(party)

    def retrieved(self, by: Party) -> "Call":
        """As it is when this party has brought all back, but a colleague who is away on another call of their own."""
        back = {
            p.id: replace(p, held_by=p.held_by & {p.id} if p.id != by.id else frozenset[PartyId]())
            for p in self.joined()
        }
        return replace(self, parties={**self.parties, **back})

    def contact(self) -> Party | None:
        """Whoever is from outside and in the call now; of several, the first who joined."""
        return next((p for p in self.joined() if p.role is PartyRole.CONTACT), None)

    def party_of(self, agent: AgentId) -> Party | None:
        """The agent's own party, unless they have left."""
        for party in self.parties.values():
            if party.agent == agent and party.progress is not Progress.LEFT:
                return party
        return None

    def to_call_back(self) -> CallBack | None:
        """The call-back, as long as whom it is for has not answered: until then the call needs nobody in it."""
        return self.callback if self.callback is not None and not self.callback.reached else None

    @property
    def leaves_message(self) -> bool:
        """Whether its caller is at a box: greeted, or speaking. Nobody is rung for them meanwhile."""
        return self.message is not None and self.message.ended_at is None

    def offering(self) -> Offer | None:
        """The offer, while it goes on."""
        return self.offer if self.offer is not None and self.offer.going_on else None
