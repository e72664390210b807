"""Commands that ring a target: a call, an instant transfer, an instant conference, a consultation.

A target that is agents is reserved before anything changes: with nobody free the command is refused and the contact has
not heard a thing (S6). The reservation's answer brings the same command here a second time, with the agent.
"""

from dataclasses import replace
from typing import assert_never

from ari_app.calls import commands as c
from ari_app.calls.actions import call_actions, contacts_first
from ari_app.calls.derived import channels, displays
from ari_app.calls.effects import CallerIdChosen
from ari_app.calls.features import attempts, consult, offers, opening, outside, parties
from ari_app.calls.features.beginning import attached, new_call
from ari_app.calls.model import (
    Call,
    CallType,
    Identity,
    Leg,
    LegState,
    Offer,
    OfferKind,
    OfferState,
    Party,
    PartyRole,
    Phone,
    Progress,
)
from ari_app.calls.state import Seek
from ari_app.calls.step import Step
from ari_app.calls.verbs import CallAction, PartyAction
from ari_app.errors import Code, FieldError, Refused
from ari_app.routing.directory import Agent, CallerId, Purpose
from ari_app.routing.permissions import check_caller_id, check_target
from ari_app.routing.targets import Target, TargetType

__all__ = ["check_size", "contacts_first", "make_call", "offer", "require", "reserved"]

_BY_PHONE = frozenset({CallAction.RETRIEVE, CallAction.ALTERNATE, PartyAction.RETRIEVE})


def require[V: (CallAction, PartyAction)](call: Call, cmd: c.CallCommand, verb: V, allowed: frozenset[V]) -> None:
    """Refuse what is not listed now."""
    me = call.party_of(cmd.by)
    if verb not in allowed and verb in _BY_PHONE and me is not None and not me.has_line:
        raise Refused(Code.NOT_ALLOWED_NOW, "your phone has this call on hold by its own key: resume it there")
    if verb not in allowed:
        raise Refused(Code.NOT_ALLOWED_NOW, f"{verb} cannot be done to this call now; see its actions")


def check_size(step: Step, data: dict[str, str]) -> None:
    """Attached data is bounded, keys and values together."""
    limit = step.directory.settings.max_user_data
    if sum(len(k) + len(v) for k, v in data.items()) > limit:
        problem = FieldError("user_data", f"more than {limit} characters in all")
        raise Refused(Code.INVALID, "too much attached data", (problem,))


# -- a new call -------------------------------------------------------------------------------------------------------


def make_call(step: Step, cmd: c.MakeCall) -> None:
    """Check, then reserve or begin."""
    target, _agent, _identity = _check_call(step, cmd)
    if not target.type.of_agents:
        _begin_call(step, cmd, None, None)
    else:
        _reserve(step, cmd, target, frozenset({cmd.by}))


def _check_call(step: Step, cmd: c.MakeCall) -> tuple[Target, Agent, CallerId | None]:
    target = step.directory.resolve(cmd.target)
    check_target(step.directory, cmd.by, target, Purpose.CALL)
    chosen = check_caller_id(step.directory, cmd.by, cmd.caller_id, Purpose.CALL)
    check_size(step, dict(cmd.user_data))
    agent = step.directory.agents.get(cmd.by)
    if agent is None or agent.phone is None:
        raise Refused(Code.NOT_ALLOWED_NOW, "you have no phone to call from")
    if step.monitored_by(cmd.by) is not None:
        raise Refused(Code.NOT_ALLOWED_NOW, "you are monitoring a call; stop that first")
    outside.check(step, cmd.by, target)
    opening.check(step, target)
    mine = step.calls_of(cmd.by)
    if len(mine) >= agent.max_calls and not outside.is_emergency(step, target):
        raise Refused(Code.TOO_MANY, f"you already have {len(mine)} calls, the most you may have")
    for call in mine:
        party = call.party_of(cmd.by)
        rung = party is not None and party.away and party.leg is not None
        if party is not None and (rung or party.progress is not Progress.JOINED):
            raise Refused(Code.NOT_ALLOWED_NOW, "your phone is ringing; answer or decline first")
    if not _line_is_up(step, cmd.by):
        step.require_phone(agent.phone)
    return target, agent, chosen


def _line_is_up(step: Step, agent: str) -> bool:
    """Whether the agent's phone could talk in the new call on the line that it has; else it is rung (S45)."""
    leg = parties.agent_leg(step, agent)
    return leg is not None and leg.state is LegState.UP and not leg.held_by_phone


def _begin_call(step: Step, cmd: c.MakeCall, reserved_agent: str | None, request: str | None) -> None:
    """The call exists from here on: the agent's phone, then the target."""
    target, agent, chosen = _check_call(step, cmd)
    leg = parties.agent_leg(step, agent.id)
    up = _line_is_up(step, agent.id)
    for other in step.calls_of(agent.id):
        parties.step_aside(step, other, agent.id)
    call_id = step.new_id("c")
    identity = _shown(chosen) or displays.shown_identity(step, None, agent.id, OfferKind.CALL)
    me = Party(step.new_id("p"), PartyRole.AGENT, displays.of_agent(agent), agent.id)
    settings = step.directory.settings
    offered = Offer(
        step.new_id("o"),
        OfferKind.CALL,
        target,
        me.id,
        identity,
        OfferState.PENDING,
        caller_id=cmd.caller_id,
        deadline=step.now + settings.own_phone_timeout,
        reserved=reserved_agent,
        request=request,
    )
    kind = CallType.OUTBOUND if target.type is TargetType.NUMBER else CallType.INTERNAL
    dialled = cmd.target.id if cmd.target.type is TargetType.NUMBER else None
    call = new_call(step, call_id, kind, {**attached(step.directory, target), **cmd.user_data}, offered, dialled)
    step.put_call(call.id, owner=agent.id, caller_id=cmd.caller_id)
    step.await_effects(cmd.id, call_id, until="ringing", offer=offered.id)
    if leg is not None and up:
        step.add_party(call_id, replace(me, leg=leg.id, progress=Progress.JOINED))
        step.put_leg(leg.id, focus=call_id)
        _ring_now(step, call_id, reserved_agent)
    else:
        own = step.add_leg(Leg(step.new_id("l"), LegState.CREATING, agent.id, Phone(agent.phone or ""), call_id))
        shown = _whom(step, target, reserved_agent)
        own = step.put_leg(own.id, shown=shown, auto_answer=True)
        step.add_party(call_id, replace(me, leg=own.id))
        channels.create(step, own, call_id)
    _remember(step, cmd.by, cmd.caller_id)


def _whom(step: Step, target: Target, agent: str | None) -> Identity:
    """What the caller's own phone shows while it rings for their call: whom they are calling."""
    listed = step.directory.agents.get(agent) if agent else None
    if listed is not None:
        return displays.of_agent(listed)
    return Identity(target.id, target.id if target.type is TargetType.NUMBER else "")


def _ring_now(step: Step, call_id: str, agent: str | None) -> None:
    step.put_offer(call_id, state=OfferState.SEEKING, deadline=None)
    if agent is not None:
        offers.ring(step, call_id, agent)
    else:
        offers.seek(step, step.call(call_id))


# -- a target for a call ----------------------------------------------------------------------------------------------


def offer(step: Step, cmd: c.AnyOffer, call: Call) -> None:
    """Check, then reserve or begin."""
    target, _chosen = _check_offer(step, cmd, call)
    if not target.type.of_agents:
        _begin_offer(step, cmd, call, None, None)
    else:
        _reserve(step, cmd, target, attempts.busy_in(call) | {cmd.by})


def _kind_of(cmd: c.AnyOffer) -> tuple[OfferKind, Purpose]:
    """What the target is rung for, and what must be enabled for that."""
    match cmd:
        case c.SingleStepTransfer():
            return OfferKind.TRANSFER, Purpose.TRANSFER
        case c.SingleStepConference():
            return OfferKind.CONFERENCE, Purpose.CONFERENCE
        case c.InitiateTransfer():
            return OfferKind.CONSULT, Purpose.TRANSFER
        case _:
            assert_never(cmd)


def _check_offer(step: Step, cmd: c.AnyOffer, call: Call) -> tuple[Target, CallerId | None]:
    _kind, enabled = _kind_of(cmd)
    target = step.directory.resolve(cmd.target)
    check_target(step.directory, cmd.by, target, enabled)
    chosen = check_caller_id(step.directory, cmd.by, cmd.caller_id, enabled)
    check_size(step, {**call.user_data, **cmd.user_data})
    require(call, cmd, cmd.action, call_actions(call, cmd.by, step.directory, cmd.role))
    outside.check(step, cmd.by, target)
    opening.check(step, target)
    if target.type is TargetType.AGENT and target.id in attempts.busy_in(call):
        raise Refused(Code.NOT_ALLOWED_NOW, f"{target} is in this call already")
    return target, chosen


def _begin_offer(step: Step, cmd: c.AnyOffer, call: Call, agent: str | None, request: str | None) -> None:
    """The contact goes on hold and the target rings (S10, S20, S26)."""
    target, chosen = _check_offer(step, cmd, call)
    kind, _enabled = _kind_of(cmd)
    me = step.mine(call, cmd.by)
    identity = _shown(chosen) or displays.shown_identity(step, call, cmd.by, kind)
    data = {**attached(step.directory, target), **cmd.user_data}
    offered = Offer(step.new_id("o"), kind, target, me.id, identity, OfferState.SEEKING, caller_id=cmd.caller_id)
    offered = replace(offered, by_keys=cmd.by_keys, request=request)
    _remember(step, cmd.by, cmd.caller_id)
    if kind is OfferKind.CONSULT:
        _begin_consultation(step, cmd, call, me, offered, data, agent)
        return
    held = contacts_first(call, me)
    offered = replace(offered, held=frozenset(p.id for p in held))
    step.await_effects(cmd.id, call.id, until="ringing", offer=offered.id)
    call = parties.hold(step, call, me.id, held)
    call = step.put_call(call.id, user_data=consult.attach(call, data), offer=offered)
    _ring_now(step, call.id, agent)


def _begin_consultation(
    step: Step, cmd: c.AnyOffer, first: Call, me: Party, offered: Offer, data: dict[str, str], agent: str | None
) -> None:
    parties.turn_to(step, first, cmd.by)  # of several lines of the phone it takes the one that talks
    leg = step.leg(step.mine(step.call(first.id), cmd.by).leg)
    if leg is None or leg.state is not LegState.UP:
        raise Refused(Code.NOT_ALLOWED_NOW, "your phone is not in this call; retrieve it first")
    parties.step_aside(step, step.call(first.id), cmd.by)
    call_id = step.new_id("c")
    mine = Party(step.new_id("p"), PartyRole.AGENT, me.identity, me.agent, leg.id, Progress.JOINED)
    offered = replace(offered, by=mine.id)
    step.await_effects(cmd.id, call_id, until="ringing", offer=offered.id)
    dialled = cmd.target.id if cmd.target.type is TargetType.NUMBER else None
    call = new_call(step, call_id, CallType.CONSULT, {**first.user_data, **data}, offered, dialled)
    step.put_call(call.id, owner=cmd.by, parent=first.id, caller_id=cmd.caller_id)
    step.add_party(call_id, mine)
    step.put_leg(leg.id, focus=call_id)
    _ring_now(step, call_id, agent)


# -- reservations -----------------------------------------------------------------------------------------------------


def _reserve(step: Step, cmd: c.MakeCall | c.AnyOffer, target: Target, exclude: frozenset[str]) -> None:
    request = step.new_id("r")
    call_id = None if isinstance(cmd, c.MakeCall) else cmd.call
    step.seeks[request] = Seek(call_id, command=cmd)
    offers.reserve(step, request, target, exclude)


def reserved(step: Step, cmd: c.MakeCall | c.AnyOffer, agent: str, request: str) -> None:
    """The reservation that a command waited for holds `agent`; all checks are made anew, for time has passed."""
    if isinstance(cmd, c.MakeCall):
        _begin_call(step, cmd, agent, request)
    else:
        _begin_offer(step, cmd, step.call(cmd.call), agent, request)


def _shown(chosen: CallerId | None) -> Identity | None:
    return Identity(chosen.name, chosen.number, chosen.anonymous) if chosen is not None else None


def _remember(step: Step, agent: str, caller_id: str | None) -> None:
    if caller_id is not None:
        step.emit(CallerIdChosen(agent, caller_id))
