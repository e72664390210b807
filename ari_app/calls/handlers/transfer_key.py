"""The phone's own transfer key (REFER): the same as an instant transfer from the desktop.

There are two ways that it comes, by the administrator's `transfer_progress`:

`replaced`  Asterisk answers a REFER by itself: a Local channel, on its way to the number in the dialplan, takes the
            place of the agent's leg in the bridge, and their phone hangs up. Both halves of it are ended, and the
            number is offered the call as if they had requested that: the contact hears music, and stays theirs, on
            hold, if nobody accepts; their phone is then rung again.
`requested` Asterisk moves nothing and notifies us. The phone stays in the call and is shown how it goes (see
            `transfer_progress`); it is done with the call when the target accepts, and only then.

An attended REFER names two calls of one phone, which become one; if the one still rings, it rings on for the other's
contact. Asterisk tells of each of the two legs by itself, in any order, by the two halves of one Local channel: its
name says which two belong together, and nobody is joined to anybody else.
"""

from dataclasses import dataclass

from ari_app.calls.actions import call_actions, contacts_first
from ari_app.calls.derived import displays
from ari_app.calls.effects import HangUp, TellTransfer
from ari_app.calls.features import attempts, consult, offers, outside, parties, recalls
from ari_app.calls.features.beginning import attached
from ari_app.calls.model import (
    Call,
    Joining,
    Leg,
    LegId,
    Offer,
    OfferKind,
    OfferState,
    Party,
    PartyRole,
    Progress,
    TransferState,
)
from ari_app.calls.step import Step
from ari_app.calls.stimuli import ChannelArrived, TransferRequested
from ari_app.calls.verbs import CallAction
from ari_app.errors import Code, Refused
from ari_app.routing.directory import Purpose
from ari_app.routing.permissions import check_target
from ari_app.routing.targets import Target, TargetType, parse_target

OTHER_LEG = 2.0
"""Seconds in which the second leg of an attended REFER is reported; mostly it is 10 ms."""
ATTENDED = "_attended@transfer"  # where Asterisk's own Local channel goes that joins two calls (bridge.c)


@dataclass(frozen=True, slots=True)
class _Speaking:
    """The call that a phone speaks in through this leg, and whose phone it is there."""

    call: Call
    me: Party
    leg: Leg


def _speaking(step: Step, leg_id: LegId | None) -> _Speaking | None:
    leg = step.leg(leg_id)
    if leg is None or leg.hanging_up:
        return None
    for call, party in list(step.party_by_leg(leg.id)):
        if party.progress is Progress.JOINED and leg.focus == call.id:
            return _Speaking(call, party, leg)
    return None


# -- Asterisk has transferred by itself -------------------------------------------------------------------------------


def replaced(step: Step, fact: ChannelArrived) -> None:
    """A channel has taken the place of a leg of ours (`args`: that leg, and the channel's name without its half).

    `endpoint` is `<number>@<context>` of where it is going. A leg that has no place any more was dealt with before.
    """
    leg, local, *_ = (*fact.args, "", "")
    here = _speaking(step, leg)
    if here is not None and here.me.agent is not None and fact.endpoint.startswith(ATTENDED):
        _attended(step, here, here.me.agent, Joining(local, fact.leg, step.now + OTHER_LEG))
        return
    step.ask(HangUp, fact.leg)
    if here is None:
        return
    if here.me.agent is None:
        parties.leave(step, here.call.id, here.me.id)
    else:
        _blind(step, here, fact.endpoint.partition("@")[0])


def is_half(fact: ChannelArrived) -> bool:
    """Whether this is a channel by which Asterisk transferred while we were away: it has no arguments of its own."""
    return "@" in fact.endpoint and fact.entry_verb in ("", "replaced")


def _without_phone(step: Step, here: _Speaking) -> Call:
    """The call goes on without the phone, which is done with this leg: whom else it holds through it stays the agent's.

    Most hang up by themselves; one that does not is left in Stasis.
    """
    for other, party in list(step.party_by_leg(here.leg.id)):
        if other.id != here.call.id and recalls.keeps_call(other, party, here.leg):
            _call_back(step, step.put_party(other.id, party.id, leg=None), party)
    step.hang_up(here.leg)
    return step.put_party(here.call.id, here.me.id, leg=None)


def _attended(step: Step, here: _Speaking, agent: str, joining: Joining) -> None:
    """The first leg reported waits for the second to be reported: then their two calls become one (S21).

    Nor is a half hung up before: Asterisk would tell the phone that it failed, and forget to end its call.
    """
    call = _without_phone(step, here)
    first = next((c for c in step.calls_of(agent) if c.id != call.id and _awaits(step.mine(c, agent), joining)), None)
    if first is None:
        step.put_party(call.id, here.me.id, away=True, joining=joining)
        return
    step.ask(HangUp, joining.half)
    try:
        _unite(step, first, call, agent)
    except Refused:
        _give_up(step, first, agent)
        _give_up(step, call, agent)


def _awaits(me: Party, joining: Joining) -> bool:
    return me.joining is not None and me.joining.local == joining.local


def overdue(step: Step, call: Call) -> None:
    """Which other call an attended REFER named was not reported in time: it is none of ours."""
    for party in call.joined():
        left = step.find_call(call.id)  # giving one up may have ended it
        if left is not None and party.joining is not None and party.joining.until <= step.now:
            _give_up(step, left, party.agent or "")


def _give_up(step: Step, call: Call, agent: str) -> None:
    """Nobody is joined to anybody: the contact stays the agent's. What rings goes on where it can (S16)."""
    me = step.mine(call, agent)
    if me.joining is not None:
        step.ask(HangUp, me.joining.half)
    call = step.put_party(call.id, me.id, joining=None, away=False)
    if call.offering() is not None:
        parties.leave(step, call.id, me.id)
    else:
        _nowhere(step, call, me)


def _blind(step: Step, here: _Speaking, number: str) -> None:
    """What was requested goes on without the phone."""
    me, call = here.me, _without_phone(step, here)
    if call.offering() is not None or call.listening is not None:
        parties.leave(step, call.id, me.id)
        return
    try:
        target = _target(step, number, me)
    except Refused:
        _nowhere(step, call, me)
    else:
        _transfer(step, call, me, target)


def _nowhere(step: Step, call: Call, me: Party) -> None:
    """A number mistyped: the contact stays on hold, and the agent is rung again for them; colleagues just go on."""
    others = [p for p in call.joined() if p.id != me.id]
    if others and all(p.role is PartyRole.CONTACT for p in others):
        _call_back(step, parties.hold(step, call, me.id, others), me)
    else:
        parties.leave(step, call.id, me.id)


def _call_back(step: Step, call: Call, me: Party) -> None:
    """Their phone is rung again at once for those whom they have on hold."""
    step.put_call(step.put_party(call.id, me.id, away=True).id, recall_at=step.now)


# -- Asterisk asks us -------------------------------------------------------------------------------------------------


def requested(step: Step, fact: TransferRequested) -> None:
    """A phone whose transfer key is ours asks for a transfer. What cannot be is refused to it, and changes nothing."""
    here = _speaking(step, fact.leg)
    offer = here.call.offering() if here is not None else None
    if offer is not None and offer.refer == fact.leg:
        return  # pressed again while it rings: every press is shown how that ends
    try:
        if here is None:
            raise Refused(Code.NOT_ALLOWED_NOW, "this phone is in no call")
        if fact.replaces:
            _join(step, here, _speaking(step, fact.other))
        else:
            _offer(step, here, fact.number)
    except Refused:
        step.ask(TellTransfer, fact.leg, TransferState.DECLINED)


def _offer(step: Step, here: _Speaking, number: str) -> None:
    """The target is rung, the contact is on hold, the phone stays (S10-S12)."""
    call, me = here.call, here.me
    if CallAction.SINGLE_STEP_TRANSFER not in call_actions(call, me.agent or "", step.directory):
        raise Refused(Code.NOT_ALLOWED_NOW, "this call cannot be transferred now")
    target = _target(step, number, me)
    if target.type is TargetType.AGENT and target.id in attempts.busy_in(call):
        raise Refused(Code.NOT_ALLOWED_NOW, f"{target} is in this call already")
    _transfer(step, call, me, target, refer=here.leg.id)


def _join(step: Step, here: _Speaking, other: _Speaking | None) -> None:
    """The two calls of the phone that it names, and no others."""
    if other is None or other.call.id == here.call.id or here.me.agent is None or other.me.agent != here.me.agent:
        raise Refused(Code.NOT_ALLOWED_NOW, "this is not another call of the same phone")
    _unite(step, here.call, other.call, here.me.agent, here.leg)


# -- both ways --------------------------------------------------------------------------------------------------------


def _unite(step: Step, one: Call, two: Call, agent: str, asking: Leg | None = None) -> None:
    """Two calls of one phone become one, without its agent (S21); one that rings, rings on for the contact (S16).

    `asking` waits to be shown how it goes. The later one is taken for the consultation.
    """
    earlier, later = sorted((one, two), key=lambda call: (call.started_at, call.parent is not None))
    for consulted, parent in ((later, earlier), (earlier, later)):
        if consult.can_hand_over(step, consulted, parent, agent):
            consult.hand_over(step, consulted, parent, agent, asking)
            return
    if any(call.offering() is not None or len(call.joined()) < 2 for call in (one, two)):
        raise Refused(Code.NOT_ALLOWED_NOW, "one of the calls has nobody in it yet")
    if attempts.busy_in(earlier) & attempts.busy_in(later) - {agent}:
        raise Refused(Code.NOT_ALLOWED_NOW, "somebody would be in it twice")
    if asking is not None:
        step.ask(TellTransfer, asking.id, TransferState.ANSWERED)
    consult.join(step, later, earlier, agent, stay=False, user_data=consult.attach(earlier, later.user_data))


def _target(step: Step, number: str, me: Party) -> Target:
    target = step.directory.resolve(parse_target(f"number:{number}"))
    check_target(step.directory, me.agent or "", target, Purpose.TRANSFER)
    outside.check(step, me.agent or "", target)
    return target


def _transfer(step: Step, call: Call, me: Party, target: Target, refer: LegId | None = None) -> None:
    held = contacts_first(call, me)
    identity = displays.shown_identity(step, call, me.agent, OfferKind.TRANSFER)
    offer = Offer(
        step.new_id("o"),
        OfferKind.TRANSFER,
        target,
        me.id,
        identity,
        OfferState.SEEKING,
        held=frozenset(p.id for p in held),
        refer=refer,
    )
    call = parties.hold(step, call, me.id, held)
    call = step.put_call(call.id, offer=offer, user_data={**call.user_data, **attached(step.directory, target)})
    offers.seek(step, call)
