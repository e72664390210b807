"""The phone's own transfer key (REFER): the same as an instant transfer from the desktop.

There are two ways that it comes, by the administrator's `transfer_progress`:

`replaced`  Asterisk answers a REFER by itself: a Local channel, on its way to the number in the dialplan, takes the
            place of the agent's leg in the bridge, and his phone hangs up. Both halves of it are ended, and the number
            is offered the call as if he had asked for that: the contact hears music, and stays his, on hold, if nobody
            accepts; his phone is then rung again.
`asked`     Asterisk moves nothing and tells us. The phone stays in the call and is told how it goes (see
            `transfer_progress`); it is done with the call when the target accepts, and only then.

An attended REFER (two calls of one phone) joins the two calls.
"""

from dataclasses import dataclass

from ari_app.calls import consult, displays, offers, parking, parties
from ari_app.calls.actions import call_actions, contacts_first
from ari_app.calls.arrivals import attached
from ari_app.calls.effects import HangUp, TellTransfer
from ari_app.calls.model import (
    Call,
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
from ari_app.calls.stimuli import ChannelArrived, TransferAsked
from ari_app.errors import Code, Refused
from ari_app.routing.directory import Verb
from ari_app.routing.permissions import check_target
from ari_app.routing.targets import Target, TargetType, parse_target

ATTENDED = "_attended@transfer"  # where Asterisk's own Local channel goes that joins two calls (bridge.c)


@dataclass(frozen=True, slots=True)
class _Place:
    """The call that a phone speaks in through this leg, and whose phone it is there."""

    call: Call
    me: Party
    leg: Leg


def _place(step: Step, leg_id: LegId | None) -> _Place | None:
    leg = step.leg(leg_id)
    if leg is None or leg.hanging_up:
        return None
    for call, party in list(step.party_by_leg(leg.id)):
        if party.progress is Progress.JOINED and leg.focus == call.id:
            return _Place(call, party, leg)
    return None


# -- Asterisk has transferred by itself -------------------------------------------------------------------------------


def replaced(step: Step, fact: ChannelArrived) -> None:
    """A channel has taken the place of a leg of ours. `endpoint` is `<number>@<context>` of where it is going."""
    step.ask(HangUp, fact.leg)
    here = _place(step, fact.args[0] if fact.args else None)
    if here is None:
        return
    if fact.endpoint.startswith(ATTENDED):
        _attended(step, here)
    else:
        _blind(step, here, fact.endpoint.partition("@")[0])


def _attended(step: Step, here: _Place) -> None:
    """The two calls of his phone become one without him (S21); one that is not answered yet is given up for it.

    Which other one he meant Asterisk does not tell: of several it is taken to be the newest.
    """
    agent = here.me.agent or ""
    answered = sorted((c for c in step.calls_of(agent) if c.offering() is None), key=lambda c: c.started_at)
    others = [call for call in answered if call.id != here.call.id]
    if here.call.offering() is None and others:
        earlier, later = sorted((here.call, others[-1]), key=lambda c: c.started_at)
        consult.join(step, later, earlier, agent, stay=False)
        return
    for each in answered:
        _phone_gone(step, each, step.mine(each, agent))


def _phone_gone(step: Step, call: Call, me: Party) -> None:
    """His phone is done with the call: whom he has on hold stays his, and he is rung for them again."""
    leg = step.leg(me.leg)
    if leg is not None and parking.keeps_call(step, call, me, leg):
        parties.hang_up(step, leg)
        _call_back(step, step.put_party(call.id, me.id, leg=None), me)
    else:
        parties.leave(step, call.id, me.id)


def _blind(step: Step, here: _Place, number: str) -> None:
    """What he asked for goes on without his phone. Most hang up by themselves; one that does not is left in Stasis."""
    call, me = here.call, here.me
    for other, party in list(step.party_by_leg(here.leg.id)):
        if other.id != call.id and parking.keeps_call(step, other, party, here.leg):
            _call_back(step, step.put_party(other.id, party.id, leg=None), party)
    parties.hang_up(step, here.leg)
    call = step.put_party(call.id, me.id, leg=None)
    if call.offering() is not None or me.role is not PartyRole.AGENT:
        parties.leave(step, call.id, me.id)
        return
    try:
        target = _target(step, number, me)
    except Refused:
        _nowhere(step, call, me)
    else:
        _transfer(step, call, me, target)


def _nowhere(step: Step, call: Call, me: Party) -> None:
    """He mistyped: the contact is still his, on hold, and his phone rings for him; colleagues go on without him."""
    others = [p for p in call.joined() if p.id != me.id]
    if others and all(p.role is PartyRole.CONTACT for p in others):
        _call_back(step, parties.hold(step, call, me.id, others), me)
    else:
        parties.leave(step, call.id, me.id)


def _call_back(step: Step, call: Call, me: Party) -> None:
    """His phone is rung again at once for those whom he has on hold."""
    step.put_call(step.put_party(call.id, me.id, away=True), recall_at=step.now)


# -- Asterisk asks us -------------------------------------------------------------------------------------------------


def asked(step: Step, fact: TransferAsked) -> None:
    """A phone whose transfer key is ours asks for a transfer. What cannot be is refused to it, and changes nothing."""
    here = _place(step, fact.leg)
    offer = here.call.offering() if here is not None else None
    if offer is not None and offer.refer == fact.leg:
        return  # pressed again while it rings: every press is told how that ends
    try:
        if here is None:
            raise Refused(Code.NOT_ALLOWED_NOW, "this phone is in no call")
        if fact.replaces:
            _join(step, here, _place(step, fact.other))
        else:
            _offer(step, here, fact.number)
    except Refused:
        step.ask(TellTransfer, fact.leg, TransferState.DECLINED)


def _offer(step: Step, here: _Place, number: str) -> None:
    """The target is rung, the contact is on hold, the phone stays (S10-S12)."""
    call, me = here.call, here.me
    if "single_step_transfer" not in call_actions(call, me.agent or "", step.directory):
        raise Refused(Code.NOT_ALLOWED_NOW, "this call cannot be transferred now")
    target = _target(step, number, me)
    if target.type is TargetType.AGENT and target.id in offers.busy_in(call):
        raise Refused(Code.NOT_ALLOWED_NOW, f"{target} is in this call already")
    _transfer(step, call, me, target, refer=here.leg.id)


def _join(step: Step, here: _Place, other: _Place | None) -> None:
    """Two calls of one phone become one without him (S21)."""
    if other is None or other.call.id == here.call.id or here.me.agent is None or other.me.agent != here.me.agent:
        raise Refused(Code.NOT_ALLOWED_NOW, "this is not another call of the same phone")
    both = sorted((here.call, other.call), key=lambda c: c.started_at)
    if any(c.offering() is not None or len(c.joined()) < 2 for c in both):
        raise Refused(Code.NOT_ALLOWED_NOW, "one of the calls has nobody in it yet")
    if any(p.agent in offers.busy_in(both[0]) - {here.me.agent} for p in both[1].joined()):
        raise Refused(Code.NOT_ALLOWED_NOW, "somebody would be in it twice")
    step.ask(TellTransfer, here.leg.id, TransferState.ANSWERED)
    consult.join(step, both[1], both[0], here.me.agent, stay=False)


# -- both ways --------------------------------------------------------------------------------------------------------


def _target(step: Step, number: str, me: Party) -> Target:
    target = step.directory.resolve(parse_target(f"number:{number}"))
    check_target(step.directory, me.agent or "", target, Verb.TRANSFER)
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
    call = step.put_call(call, offer=offer, user_data={**call.user_data, **attached(step.directory, target)})
    offers.seek(step, call)
