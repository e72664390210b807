"""The phone's own transfer key (REFER): the same as an instant transfer from the desktop.

Asterisk answers a REFER by itself: a Local channel, on its way to the number in the dialplan, takes the place of the
agent's leg in the bridge, and his phone hangs up. Both halves of it are ended, and the number is offered the call as if
he had asked for that: the contact hears music, and stays his, on hold, if nobody accepts; his phone is then rung again.
An attended REFER (two calls of one phone) joins the two calls.
"""

from ari_app.calls import consult, displays, legs, offers, parties
from ari_app.calls.actions import contacts_first
from ari_app.calls.arrivals import attached
from ari_app.calls.effects import HangUp
from ari_app.calls.model import Call, Leg, Offer, OfferKind, OfferState, Party, PartyRole, Progress
from ari_app.calls.step import Step
from ari_app.calls.stimuli import ChannelArrived
from ari_app.errors import Refused
from ari_app.routing.directory import Verb
from ari_app.routing.permissions import check_target
from ari_app.routing.targets import Target, parse_target

ATTENDED = "_attended@transfer"  # where Asterisk's own Local channel goes that joins two calls (bridge.c)


def replaced(step: Step, fact: ChannelArrived) -> None:
    """A channel has taken the place of a leg of ours. `endpoint` is `<number>@<context>` of where it is going."""
    step.ask(HangUp, fact.leg)
    leg = step.leg(fact.args[0] if fact.args else "")
    if leg is None or leg.hanging_up:
        return
    for call, party in list(step.party_by_leg(leg.id)):
        if party.progress is Progress.JOINED and leg.focus == call.id:
            if fact.endpoint.startswith(ATTENDED):
                _attended(step, call, party)
            else:
                _blind(step, call, party, _target(step, fact, party), leg)
            return


def _attended(step: Step, call: Call, me: Party) -> None:
    """The two calls of his phone become one without him (S21); one that is not answered yet is given up for it."""
    agent = me.agent or ""
    both = sorted((c for c in step.calls_of(agent) if c.offering() is None), key=lambda c: c.started_at)
    if len(both) == 2:
        consult.join(step, both[1], both[0], agent, stay=False)
        return
    for each in both:
        _phone_gone(step, each, step.mine(each, agent))


def _phone_gone(step: Step, call: Call, me: Party) -> None:
    """His phone is done with the call: whom he has on hold stays his, and he is rung for them again."""
    leg = step.leg(me.leg)
    if leg is not None and legs.keeps_call(step, call, me, leg):
        parties.hang_up(step, leg)
        step.put_call(step.put_party(call.id, me.id, leg=None), recall_at=step.now)
    else:
        parties.leave(step, call.id, me.id)


def _blind(step: Step, call: Call, party: Party, target: Target | None, leg: Leg) -> None:
    """His phone hangs up by itself; what he asked for goes on without it."""
    step.put_leg(leg, focus=None, hanging_up=True)
    call = step.put_party(call.id, party.id, leg=None)
    if target is None or call.offering() is not None or party.role is not PartyRole.AGENT:
        parties.leave(step, call.id, party.id)
    else:
        _transfer(step, call, party, target)


def _target(step: Step, fact: ChannelArrived, party: Party) -> Target | None:
    try:
        target = step.directory.resolve(parse_target(f"number:{fact.endpoint.partition('@')[0]}"))
        check_target(step.directory, party.agent or "", target, Verb.TRANSFER)
    except Refused:
        return None
    return target


def _transfer(step: Step, call: Call, me: Party, target: Target) -> None:
    held = contacts_first(call, me)
    identity = displays.shown_identity(step, call, me.agent, OfferKind.TRANSFER, outside=False)
    offer = Offer(
        step.new_id("o"),
        OfferKind.TRANSFER,
        target,
        me.id,
        identity,
        OfferState.SEEKING,
        held=frozenset(p.id for p in held),
        deadline=step.now + step.directory.settings.offer_timeout,
    )
    call = parties.hold(step, call, me.id, held)
    call = step.put_call(call, offer=offer, user_data={**call.user_data, **attached(step.directory, target)})
    offers.seek(step, call)
