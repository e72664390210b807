"""What may be done now, by whom: the one place that decides it (docs/api.md, "Ground rules").

A desktop shows what is listed here, and the machine refuses what is not: both ask these functions.
"""

from collections.abc import Mapping
from typing import Literal

from ari_app.calls.model import AgentId, Call, CallType, Offer, OfferKind, OfferState, Party, PartyRole, Progress
from ari_app.calls.verbs import CallAction, PartyAction
from ari_app.routing.directory import Directory, Role

type CallState = Literal["queued", "dialing", "ringing", "established", "held", "released"]
type PartyState = Literal["dialing", "ringing", "connected", "held", "left"]
type OfferShown = Literal["ringing", "accepted", "declined", "busy", "no_answer", "unavailable", "cancelled"]

OVERSEERS = frozenset({Role.SUPERVISOR, Role.ADMIN})

_PROGRESS: Mapping[Progress, PartyState] = {
    Progress.DIALING: "dialing",
    Progress.RINGING: "ringing",
    Progress.JOINED: "connected",
    Progress.LEFT: "left",
}
_OFFERS: Mapping[OfferState, OfferShown] = {
    OfferState.ACCEPTED: "accepted",
    OfferState.DECLINED: "declined",
    OfferState.BUSY: "busy",
    OfferState.NO_ANSWER: "no_answer",
    OfferState.UNAVAILABLE: "unavailable",
    OfferState.CANCELLED: "cancelled",
}


def call_actions(
    call: Call, viewer: str, directory: Directory, role: Role = Role.AGENT, *, engaged: bool = False
) -> frozenset[CallAction]:
    """The verbs that `viewer` may use on this call now. `engaged`: another call has them."""
    if call.ended:
        return frozenset()
    me = call.party_of(viewer)
    if me is None:
        return _oversight(call, viewer, directory, engaged=engaged) if role in OVERSEERS else frozenset()
    if me.progress is not Progress.JOINED:
        return _before_joining(call, me)
    return _joined_actions(call, me, directory)


def _oversight(call: Call, viewer: str, directory: Directory, *, engaged: bool) -> frozenset[CallAction]:
    """What a supervisor may do with a call whose party they are not."""
    actions = {CallAction.CLEAR, CallAction.UPDATE_USER_DATA} | _recording(call, viewer, directory)
    if call.listening is not None:
        return frozenset(actions)
    if viewer in call.monitors:
        actions.add(CallAction.STOP_MONITORING)
    listed = directory.agents.get(viewer)
    present = call.joined()
    able = directory.settings.monitoring.enabled and listed is not None and listed.phone is not None and not engaged
    if able and any(p.agent for p in present):
        actions |= {CallAction.MONITOR, CallAction.TAKE_OVER} if len(present) > 1 else {CallAction.MONITOR}
    return frozenset(actions)


def _before_joining(call: Call, me: Party) -> frozenset[CallAction]:
    offer = call.offering()
    attempt = next((a for a in offer.attempts if a.party == me.id), None) if offer else None
    if attempt is None:  # my own phone rings for the call that I make
        return frozenset({CallAction.CANCEL, CallAction.RELEASE})
    return frozenset({CallAction.RELEASE}) if attempt.answering else frozenset({CallAction.ANSWER, CallAction.RELEASE})


def _joined_actions(call: Call, me: Party, directory: Directory) -> frozenset[CallAction]:
    actions = {CallAction.RELEASE, CallAction.CLEAR, CallAction.UPDATE_USER_DATA}
    actions |= _recording(call, me.agent, directory)
    others = [p for p in call.joined() if p.id != me.id]
    offer = call.offering()
    if offer is not None and offer.by == me.id:
        actions.add(CallAction.CANCEL)
    frozen = _frozen_by_offer(call)
    if any(not p.held_by for p in others):
        actions.add(CallAction.HOLD)
    if not frozen and me.has_line and any(call.on_hold(p) for p in call.joined()) and _brings_back(call, me):
        actions.add(CallAction.RETRIEVE)
    if any(p.leg is not None and not p.away for p in others):
        actions.add(CallAction.SEND_DTMF)
    if others and offer is None:
        actions |= {CallAction.SINGLE_STEP_TRANSFER, CallAction.INITIATE_TRANSFER}
        if directory.settings.conferences and len(others) + 1 < directory.settings.max_parties:
            actions.add(CallAction.SINGLE_STEP_CONFERENCE)
        if call.type is CallType.CONSULT or me.away or me.leg is None:
            actions -= {CallAction.INITIATE_TRANSFER}
    if me.merges_with and directory.settings.conferences:
        actions.add(CallAction.MERGE)
    if call.type is CallType.CONSULT and call.parent is not None and call.owner == me.agent:
        actions |= _out_of_consultation(me, directory, talks=bool(others) and offer is None)
    return frozenset(actions)


def _brings_back(call: Call, me: Party) -> bool:
    """Whether a retrieve of mine changes anything: who waits for a colleague on another call waits on all the same."""
    after = call.retrieved(me)
    return me.turned_away or any(call.on_hold(p) and not after.on_hold(after.parties[p.id]) for p in call.joined())


def _out_of_consultation(me: Party, directory: Directory, *, talks: bool) -> set[CallAction]:
    """Ways to the contact's call out of one's consultation; `talks`: somebody is there, and nobody is rung for it."""
    actions = {CallAction.COMPLETE_TRANSFER} if me.hands_over else set()
    if not me.parent_open:
        return actions
    actions.add(CallAction.RECONNECT)
    if talks:
        actions.add(CallAction.COMPLETE_TRANSFER)
        if me.has_line:
            actions.add(CallAction.ALTERNATE)
        if directory.settings.conferences and me.may_confer:
            actions.add(CallAction.COMPLETE_CONFERENCE)
    return actions


def _recording(call: Call, viewer: str | None, directory: Directory) -> set[CallAction]:
    """What runs may be ended also where the administrator has switched recording off meanwhile."""
    if call.recording is None:
        return {CallAction.START_RECORDING} if directory.settings.recording and len(call.joined()) >= 2 else set()
    if not directory.settings.agents_stop_recordings and _outranks(call.recording.by, viewer, directory):
        return set()
    return {
        CallAction.RESUME_RECORDING if call.recording.paused else CallAction.PAUSE_RECORDING,
        CallAction.STOP_RECORDING,
    }


def _outranks(one: str, other: str | None, directory: Directory) -> bool:
    """Whether one of them oversees others, and the other one does not. Who is no longer listed does not."""
    oversees = [who in directory.agents and directory.agents[who].role in OVERSEERS for who in (one, other or "")]
    return oversees == [True, False]


def _frozen_by_offer(call: Call) -> bool:
    """While a transfer or conference rings, those it holds stay on hold: cancel it first (S12, S15)."""
    offer = call.offering()
    return offer is not None and offer.kind in (OfferKind.TRANSFER, OfferKind.CONFERENCE)


def party_actions(call: Call, party: Party, viewer: str, role: Role = Role.AGENT) -> frozenset[PartyAction]:
    """The verbs that `viewer` may use on this party now."""
    me = call.party_of(viewer)
    seen = (me is not None and me.progress is Progress.JOINED) or (me is None and role in OVERSEERS)
    alone = call.leaves_message or call.listening is not None
    if call.ended or alone or not seen or party.progress is not Progress.JOINED:
        return frozenset()
    actions = {
        PartyAction.UNMUTE if party.muted else PartyAction.MUTE,
        PartyAction.UNDEAFEN if party.deaf else PartyAction.DEAFEN,
    }
    if me is None or party.id != me.id:
        actions |= _actions_on_another(call, party, me)
    return frozenset(actions)


def _actions_on_another(call: Call, party: Party, me: Party | None) -> set[PartyAction]:
    actions = set()
    if party.leg is not None and not party.away:
        actions.add(PartyAction.SEND_DTMF)
    if me is not None and not party.held_by:
        actions.add(PartyAction.HOLD)
    able = me is not None and me.has_line and not me.away
    if able and party.held_by - {party.id} and not _frozen_by_offer(call):
        actions.add(PartyAction.RETRIEVE)
    if len(call.joined()) > 2:
        actions.add(PartyAction.REMOVE)
    return actions


def call_state(call: Call, viewer: str) -> CallState:
    """`queued`, `dialing`, `ringing`, `established`, `held` or `released`, as `viewer` sees the call."""
    if call.ended:
        return "released"
    me = call.party_of(viewer)
    if me is not None and me.progress is not Progress.JOINED:
        return "ringing" if me.progress is Progress.RINGING else "dialing"
    waits = call.offering() is not None or call.to_call_back() is not None
    if call.queued_at is not None and call.answered_at is None and waits and not any(p.agent for p in call.joined()):
        return "queued"
    if len(call.joined()) <= 1 and (offer := call.offering()) is not None:
        return "ringing" if any(a.ringing for a in offer.attempts) else "dialing"
    me = me or _agent_of(call)
    others = [p for p in call.joined() if p is not me]
    away = me is not None and (not me.present or call.waits(me))
    if others and (away or all(call.on_hold(p) for p in others)):
        return "held"
    return "established"


def _agent_of(call: Call) -> Party | None:
    """Through whose eyes somebody sees the call who is not in it: its owner's, else those of who joined first."""
    agents = [p for p in call.joined() if p.agent is not None]
    return next((p for p in agents if p.agent == call.owner), next(iter(agents), None))


def party_state(call: Call, party: Party) -> PartyState:
    """`dialing`, `ringing`, `connected`, `held` or `left`. An agent whose phone was hung up or holds is no more
    connected than who waits for that agent.
    """
    if party.progress is not Progress.JOINED:
        return progress_state(party.progress)
    if party.away and party.leg is not None:
        return "ringing"
    return "held" if party.turned_away or call.on_hold(party) else "connected"


def progress_state(progress: Progress) -> PartyState:
    """How far somebody has come; `connected` once they are there."""
    return _PROGRESS[progress]


def offer_state(offer: Offer) -> OfferShown:
    """The public state; who is still being looked for counts as ringing."""
    return outcome_shown(offer.state)


def outcome_shown(state: OfferState) -> OfferShown:
    """The same of a state by itself."""
    return _OFFERS.get(state, "ringing")


def may_be_joined(call: Call, agent: AgentId, directory: Directory) -> bool:
    """Whether the contact of another call of that agent, at another Asterisk, may join this one: they talk here, or
    could at once, and nobody is rung.
    """
    me, others = call.party_of(agent), [p for p in call.joined() if p.agent != agent]
    if me is None or me.progress is not Progress.JOINED or not others or call.offering() is not None:
        return False
    here = me.leg is not None and not me.away and not me.held_by_phone and me.joining is None
    settings = directory.settings
    few = settings.conferences and len(others) + 2 <= settings.max_parties
    return here and few and (call.type is not CallType.CONSULT or call.parent is None)


def may_leave(call: Call, agent: AgentId) -> Party | None:
    """Whom that agent may have join a call of theirs at another Asterisk: a contact who is alone with them, while
    nobody is rung. Colleagues stay where they are.
    """
    me, others = call.party_of(agent), [p for p in call.joined() if p.agent != agent]
    if me is None or me.progress is not Progress.JOINED or len(others) != 1 or call.offering() is not None:
        return None
    (other,) = others
    here = me.leg is not None and not me.away and me.joining is None
    free = here and other.role is PartyRole.CONTACT and other.leg is not None
    return other if free and (call.type is not CallType.CONSULT or call.parent is None) else None


def contacts_first(call: Call, initiator: Party | None) -> list[Party]:
    """Whom a transfer or conference puts on hold: the contacts; between colleagues, the others (S10, S41)."""
    others = [p for p in call.joined() if initiator is None or p.id != initiator.id]
    contacts = [p for p in others if p.role is PartyRole.CONTACT]
    return contacts or others
