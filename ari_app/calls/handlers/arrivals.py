"""Channels that enter from the dialplan (docs/configuration.md): callers, agents who dial, feature codes.

Stasis(app, agent|group|queue|skill|routing_point, id)   a caller to be delivered there
Stasis(app, number, number)                              … to what the administrator gave that number to
Stasis(app, dial, number)                                an agent's phone that dials
Stasis(app, feature, ready|not_ready|login|logout)       the agent of that phone
Stasis(app, feature, opening, target)                    a supervisor's phone opens or closes that
Stasis(app, feature, voicemail, language)                an agent's phone hears messages, with times in that language
"""

import re

from ari_app.calls.actions import OVERSEERS
from ari_app.calls.derived import announcing, displays, transfer_progress
from ari_app.calls.effects import ArrivalRefused, CheckOutcome, HangUp, OpeningChosen, SetAgentState, TakeTransferKey
from ari_app.calls.features import (
    beginning,
    callbacks,
    listening,
    monitoring,
    offers,
    opening,
    outside,
    parties,
    queueing,
    ties,
    waiting,
)
from ari_app.calls.model import (
    CallType,
    Leg,
    LegState,
    Offer,
    OfferKind,
    OfferState,
    Party,
    PartyRole,
    Progress,
)
from ari_app.calls.step import Step, attempt_of
from ari_app.calls.stimuli import ChannelArrived, OutcomeChecked
from ari_app.errors import Code, Refused
from ari_app.routing.directory import Agent, Purpose
from ari_app.routing.entries import DELIVERIES, DIAL, FEATURE, OPENING, TIE, VOICEMAIL, Fault, delivered_to, opened_by
from ari_app.routing.permissions import check_target
from ari_app.routing.targets import Target, TargetType, parse_target

_FEATURES = {
    "ready": ("ready", "ready"),
    "not_ready": ("not_ready", "not_ready"),
    "login": ("ready", "logged_in"),
    "logout": ("logged_out", "logged_out"),
}
# What is wrong with a number that an agent may dial, but not now; and what they hear.
_REFUSALS = {
    Code.NOT_ALLOWED_NOW: (Fault.LOGGED_OUT, "logged_out"),
    Code.TOO_MANY: (Fault.TOO_MANY_CALLS, "too_many_calls"),
    Code.RATE_LIMITED: (Fault.RATE_LIMITED, "too_many_calls"),
}


def arrived(step: Step, fact: ChannelArrived) -> None:
    """Take a channel in. What cannot be served hears why; it is never left in silence."""
    if step.leg(fact.leg) is not None:
        return
    if fact.via is not None and _handed_back(step, fact):
        return
    match fact.entry_verb:
        case verb if verb == DIAL:
            _dialled(step, fact)
        case verb if verb == FEATURE:
            _feature(step, fact)
        case verb if verb in DELIVERIES:
            _caller(step, fact)
        case verb if verb == TIE:
            ties.arrived(step, fact)
        case _:
            _turn_away(step, fact, Fault.UNKNOWN_VERB)


def _handed_back(step: Step, fact: ChannelArrived) -> bool:
    """A routing point has decided where its caller goes: the call goes on there, the dialplan's part is over."""
    here = next(iter(step.party_by_leg(fact.via or "")), None)
    if here is None or fact.entry_verb not in DELIVERIES:
        return False
    call, point = here
    attempt = attempt_of(call.offer, fact.via or "")
    if attempt is not None:  # its answer is reported after its arrival, or before: in either order
        offers.accept(step, call.id, attempt)
    if step.call(call.id).offering() is not None:
        offers.cancel(step, call.id)  # somebody was being rung for the menu, which is over
    call = step.call(call.id)
    try:
        target = _target(step, fact)
    except Refused:
        target = None
        _tell_refused(step, fact, Fault.UNKNOWN_TARGET)
    half = step.leg(fact.via)
    if half is not None:
        step.hang_up(half)
    step.ask(HangUp, fact.leg)
    call = step.put_party(call.id, point.id, progress=Progress.LEFT, leg=None, held_by=frozenset())
    call = step.put_call(call.id, user_data={**call.user_data, **fact.user_data})
    contact = call.contact()
    # Whoever hung their phone up while the menu was on hold has nobody to be brought back for.
    agent = next((p for p in call.joined() if p.role is PartyRole.AGENT and p.leg is not None and not p.away), None)
    if target is None or (contact is None and agent is None):
        parties.end_if_over(step, call)
        return True
    shown = contact or agent
    identity = shown.identity if shown is not None else fact.caller
    by = agent.id if agent is not None and contact is None else None
    offer = Offer(step.new_id("o"), OfferKind.CALL, target, by, identity, OfferState.SEEKING, priority=_priority(fact))
    waiting.enter(step, step.put_call(call.id, offer=queueing.waits_on(step, call, offer)))
    return True


def _target(step: Step, fact: ChannelArrived) -> Target:
    return delivered_to(step.directory, fact.entry_verb, _argument(fact))


def _argument(fact: ChannelArrived) -> str:
    return fact.args[0] if fact.args else ""


def _leg(step: Step, fact: ChannelArrived, call_id: str | None, agent: str | None = None) -> Leg:
    return step.add_leg(Leg(fact.leg, LegState.UP, agent=agent, focus=call_id))


def _turn_away(step: Step, fact: ChannelArrived, fault: Fault, prompt: str = "invalid_number") -> None:
    """Who cannot be served hears why, and the administrator is notified: nobody else would know of it."""
    _tell_refused(step, fact, fault)
    announcing.farewell(step, _leg(step, fact, None), prompt)


def _tell_refused(step: Step, fact: ChannelArrived, fault: Fault) -> None:
    # What somebody has dialled is nobody's business but theirs.
    argument = "" if fact.entry_verb == DIAL else _argument(fact)
    step.emit(ArrivalRefused(fact.entry, fact.entry_verb, argument, fault))


def _caller(step: Step, fact: ChannelArrived) -> None:
    """Somebody is to be delivered to a target, and hears music until then."""
    try:
        target = _target(step, fact)
    except Refused:
        _turn_away(step, fact, Fault.UNKNOWN_TARGET)
        return
    call_id = step.new_id("c")
    _leg(step, fact, call_id)
    party = Party(
        step.new_id("p"),
        PartyRole.CONTACT,
        fact.caller,
        leg=fact.leg,
        progress=Progress.JOINED,
        withheld=fact.withheld,
    )
    offer = Offer(
        step.new_id("o"),
        OfferKind.CALL,
        target,
        None,
        fact.caller,
        OfferState.SEEKING,
        priority=_priority(fact),
    )
    beginning.new_call(
        step,
        call_id,
        CallType.INBOUND,
        {**beginning.attached(step.directory, target), **fact.user_data},
        offer,
        fact.dialled or _number(fact.entry),
    )
    callbacks.returns(step, step.add_party(call_id, party))
    waiting.enter(step, step.call(call_id))


def _number(entry: str) -> str:
    """Where the dialplan handed the caller over, if that is a number: what they dialled, unless a menu came between."""
    extension = entry.rpartition(" ")[2]
    return extension if re.fullmatch(r"\+?[0-9*#]{1,32}", extension) else ""


def _priority(fact: ChannelArrived) -> int:
    """The dialplan may say how urgent a caller is: a whole number, more is sooner."""
    text = fact.args[1] if len(fact.args) > 1 else ""
    return int(text) if text.isascii() and text.lstrip("-").isdigit() and len(text) < 6 else 0


def _dialled(step: Step, fact: ChannelArrived) -> None:
    """An agent dialled by hand: the same call as from the desktop, on the leg that dialled."""
    agent = step.directory.agent_of_phone(fact.endpoint)
    if agent is None:
        _turn_away(step, fact, Fault.UNKNOWN_PHONE)
        return
    try:
        target = step.directory.numbers.get(_argument(fact)) or parse_target(f"number:{_argument(fact)}")
        check_target(step.directory, agent.id, target, Purpose.CALL)
        outside.check(step, agent.id, target)
    except Refused as error:
        _turn_away(step, fact, *_REFUSALS.get(error.code, (Fault.NUMBER_REFUSED, "invalid_number")))
        return
    if len(step.calls_of(agent.id)) >= agent.max_calls and not outside.is_emergency(step, target):
        _turn_away(step, fact, Fault.TOO_MANY_CALLS, "too_many_calls")
        return
    if not opening.is_open(step, target):
        sounds = opening.rule(step, target).sounds or step.directory.sounds(target, "closed")
        announcing.farewell(step, _leg(step, fact, None), "closed", sounds)
        return
    call_id = _turn_to_new_call(step, fact, agent)
    if transfer_progress.wanted(step):
        step.ask(TakeTransferKey, fact.leg)
    identity = displays.shown_identity(step, None, agent.id, OfferKind.CALL)
    me = _party(step, fact, agent)
    offer = Offer(step.new_id("o"), OfferKind.CALL, target, me.id, identity, OfferState.SEEKING)
    kind = CallType.OUTBOUND if target.type is TargetType.NUMBER else CallType.INTERNAL
    call = beginning.new_call(
        step,
        call_id,
        kind,
        {**beginning.attached(step.directory, target), **fact.user_data},
        offer,
        _argument(fact),
    )
    step.put_call(call.id, owner=agent.id)
    step.add_party(call_id, me)
    offers.seek(step, step.call(call_id))


def _turn_to_new_call(step: Step, fact: ChannelArrived, agent: Agent) -> str:
    """Their phone speaks in a call that is to be; in the others they have it aside."""
    monitoring.stop_all(step, agent.id)
    for other in step.calls_of(agent.id):
        parties.step_aside(step, other, agent.id)
    call_id = step.new_id("c")
    _leg(step, fact, call_id, agent.id)
    return call_id


def _party(step: Step, fact: ChannelArrived, agent: Agent) -> Party:
    return Party(step.new_id("p"), PartyRole.AGENT, displays.of_agent(agent), agent.id, fact.leg, Progress.JOINED)


def _feature(step: Step, fact: ChannelArrived) -> None:
    """A feature code: the state changes and a voice confirms it."""
    agent = step.directory.agent_of_phone(fact.endpoint)
    if agent is not None and _argument(fact) == VOICEMAIL:
        _listen(step, fact, agent)
        return
    if agent is not None and _argument(fact) == OPENING:
        _open_or_close(step, fact, agent)
        return
    feature = _FEATURES.get(_argument(fact))
    if agent is None or feature is None:
        _turn_away(step, fact, Fault.UNKNOWN_PHONE if agent is None else Fault.UNKNOWN_FEATURE)
        return
    state, prompt = feature
    leg = _leg(step, fact, None)
    if state != "logged_out" and step.directory.settings.disposition_required:
        announcing.keep_for_last(step, leg)
        step.emit(CheckOutcome(fact.leg, agent.id, _argument(fact)))
        return
    step.emit(SetAgentState(agent.id, state))
    announcing.farewell(step, leg, prompt)


def outcome_checked(step: Step, fact: OutcomeChecked) -> None:
    """After-call work is not ended by phone, either, where it must be said first how the call went."""
    state, prompt = _FEATURES[fact.feature]
    if not fact.missing:
        step.emit(SetAgentState(fact.agent, state))
    leg = step.leg(fact.leg)
    if leg is not None and not leg.hanging_up:
        announcing.farewell(step, leg, "disposition_required" if fact.missing else prompt)


def _listen(step: Step, fact: ChannelArrived, agent: Agent) -> None:
    """The agent hears the messages of the boxes that notify them, in a call of their own."""
    if not listening.boxes(step.directory, agent):
        _turn_away(step, fact, Fault.NOT_ALLOWED)
        return
    if len(step.calls_of(agent.id)) >= agent.max_calls:
        _turn_away(step, fact, Fault.TOO_MANY_CALLS, "too_many_calls")
        return
    call_id = _turn_to_new_call(step, fact, agent)
    dialled = fact.dialled or _number(fact.entry)
    call = beginning.new_call(step, call_id, CallType.INTERNAL, dict(fact.user_data), None, dialled)
    step.put_call(call.id, owner=agent.id)
    step.add_party(call_id, _party(step, fact, agent))
    language = fact.args[1] if len(fact.args) > 1 else ""
    listening.begin(step, step.call(call_id), agent, language)


def _open_or_close(step: Step, fact: ChannelArrived, agent: Agent) -> None:
    """Who oversees opens what is closed, or closes what is open; a voice says how it is then."""
    target = opened_by(step.directory, fact.args[1] if len(fact.args) > 1 else "")
    if target is None or agent.role not in OVERSEERS:
        _turn_away(step, fact, Fault.UNKNOWN_TARGET if target is None else Fault.NOT_ALLOWED)
        return
    prompt = "opening_closed" if opening.is_open(step, target) else "opening_open"
    step.emit(OpeningChosen(str(target), opening.toggled(step, target), agent.id))
    announcing.farewell(step, _leg(step, fact, None), prompt)
