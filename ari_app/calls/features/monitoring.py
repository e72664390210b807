"""Supervisors at a call that is not theirs: they listen, whisper to an agent, barge in, take the call over.

A monitor is no party: nobody hears them but the agent whom they whisper to, nobody waits for them, and whatever fails
with them leaves the call as it is. Their phone's leg is in a bridge of its own with a *snoop*, a channel that hears
what one leg of the call hears and says, and with `whisper` speaks to that leg alone. So the bridge of the call is not
touched: had they joined it muted, Asterisk would mix where it only passed packets on.

Owns who monitors, and how they become a party; what they hear is derived in `snoops`.
"""

from dataclasses import replace
from typing import assert_never

from ari_app.calls import commands as c
from ari_app.calls.actions import call_actions
from ari_app.calls.derived import channels, snoops
from ari_app.calls.effects import DestroyBridge, LeaveBridge
from ari_app.calls.features import offers, parties
from ari_app.calls.model import (
    AgentId,
    BridgeId,
    Call,
    CallId,
    Identity,
    Leg,
    LegId,
    LegState,
    Monitor,
    MonitorMode,
    Party,
    PartyId,
    PartyRole,
    Phone,
    Progress,
)
from ari_app.calls.step import Step
from ari_app.errors import Code, Refused
from ari_app.routing.directory import Role

_TRIES = 3
_JOINING = frozenset({MonitorMode.BARGE, MonitorMode.TAKE_OVER})

# -- commands ---------------------------------------------------------------------------------------------------------


def command(step: Step, cmd: c.AnyMonitoring, call: Call) -> None:
    """Carry it out on a call that they see.

    Raises:
        Refused: `forbidden` for an agent, `feature_disabled`, `not_found` for a party, `not_allowed_now`.
    """
    if cmd.role is Role.AGENT:
        raise Refused(Code.FORBIDDEN, "this is for supervisors")
    if not isinstance(cmd, c.StopMonitoring) and not step.directory.settings.monitoring.enabled:
        raise Refused(Code.FEATURE_DISABLED, "monitoring is switched off by the administrator")
    elsewhere = any(other.id != call.id for other in step.calls_of(cmd.by))
    monitored = step.monitored_by(cmd.by)
    engaged = elsewhere or (monitored is not None and monitored.id != call.id)
    if cmd.action not in call_actions(call, cmd.by, step.directory, cmd.role, engaged=engaged):
        raise Refused(Code.NOT_ALLOWED_NOW, f"{cmd.action} cannot be done to this call now; see its actions")
    match cmd:
        case c.StopMonitoring():
            step.await_effects(cmd.id, call.id)
            _stop(step, call, call.monitors[cmd.by])
        case c.MonitorCall():
            _begin(step, cmd, call, cmd.mode)
        case c.TakeOver():
            _begin(step, cmd, call, MonitorMode.TAKE_OVER)
        case _:
            assert_never(cmd)


def _begin(step: Step, cmd: c.MonitorCall | c.TakeOver, call: Call, mode: MonitorMode) -> None:
    """Ring their phone, unless it is up for this call already; then they are what they requested to be."""
    chosen = _chosen(call, cmd.party)
    if mode is MonitorMode.BARGE and len(call.joined()) >= step.directory.settings.max_parties:
        raise Refused(Code.TOO_MANY, "this call has as many parties as it may have")
    step.await_effects(cmd.id, call.id, until="monitoring", agent=cmd.by)
    if cmd.by not in call.monitors:
        step.require_phone(step.directory.agents[cmd.by].phone or "")
        _ring(step, call, cmd.by, mode, chosen or _agent_of(call))
    replaces = (chosen or _agent_of(call)).id if mode is MonitorMode.TAKE_OVER else None
    watched = chosen.agent if chosen is not None else step.call(call.id).monitors[cmd.by].watched
    monitor = step.put_monitor(call.id, cmd.by, mode=mode, watched=watched, replaces=replaces, failures=0, lost=None)
    _enter_if_ready(step, call.id, monitor)


def _chosen(call: Call, party_id: PartyId | None) -> Party | None:
    if party_id is None:
        return None
    party = call.parties.get(party_id)
    if party is None or party.progress is Progress.LEFT:
        raise Refused(Code.NOT_FOUND, "there is no such party in this call")
    if party.agent is None or party.progress is not Progress.JOINED:
        raise Refused(Code.NOT_ALLOWED_NOW, "that party is not an agent who is in the call")
    return party


def _agent_of(call: Call) -> Party:
    """The owner, else the agent who joined first; `actions` has seen that there is one."""
    agents = [p for p in call.joined() if p.agent]
    return next((p for p in agents if p.agent == call.owner), agents[0])


def _ring(step: Step, call: Call, agent: AgentId, mode: MonitorMode, watched: Party) -> None:
    listed = step.directory.agents[agent]
    phone = Phone(listed.phone or "")
    leg = Leg(step.new_id("l"), LegState.CREATING, agent, phone, call.id, shown=watched.identity, auto_answer=True)
    step.add_leg(leg)
    monitor = Monitor(
        agent=agent,
        name=listed.name,
        number=phone.user,
        mode=mode,
        leg=leg.id,
        bridge=f"{leg.id}-b",
        deadline=step.now + step.directory.settings.own_phone_timeout,
    )
    step.put_call(call.id, monitors={**call.monitors, agent: monitor})
    channels.create(step, leg, call.id)


def _stop(step: Step, call: Call, monitor: Monitor) -> None:
    step.put_call(call.id, monitors={key: m for key, m in call.monitors.items() if key != monitor.agent})
    _clear_away(step, monitor)


def follow(step: Step, call_id: CallId, into: CallId) -> None:
    """Those who are listened to have joined another call: whoever listens goes with them."""
    call, other = step.call(call_id), step.call(into)
    if call.monitors:
        step.put_call(call.id, monitors={})
        step.put_call(other.id, monitors={**other.monitors, **call.monitors})


def stop_all(step: Step, agent: AgentId) -> None:
    """The supervisor has turned to something else: they listen no longer."""
    call = step.monitored_by(agent)
    if call is not None:
        _stop(step, call, call.monitors[agent])


def _clear_away(step: Step, monitor: Monitor) -> None:
    """Whatever was there for this monitor goes; the call may be over already."""
    snoops.drop(step, monitor)
    leg = step.leg(monitor.leg)
    if leg is not None:
        step.hang_up(leg)
    _destroy_bridge(step, monitor)


def _destroy_bridge(step: Step, monitor: Monitor) -> None:
    if monitor.bridge_made or monitor.bridge_failures:  # one that failed may be there, only the answer was lost
        step.ask(DestroyBridge, monitor.bridge)


# -- into the call ----------------------------------------------------------------------------------------------------


def _enter_if_ready(step: Step, call_id: CallId, monitor: Monitor) -> None:
    """Their phone is up and they are to be heard by all: from here on they are a party like any other."""
    leg = step.leg(monitor.leg)
    if monitor.mode not in _JOINING or monitor.progress is not Progress.JOINED or leg is None:
        return
    call = step.call(call_id)
    step.put_call(call.id, monitors={key: m for key, m in call.monitors.items() if key != monitor.agent})
    snoops.drop(step, monitor)
    if leg.requested is None or leg.requested.bridge is not None:
        step.ask(LeaveBridge, leg.id, monitor.bridge)
        step.put_leg(leg.id, requested=replace(leg.requested, bridge=None) if leg.requested is not None else None)
    _destroy_bridge(step, monitor)
    identity = Identity(monitor.name, monitor.number)
    me = Party(step.new_id("p"), PartyRole.AGENT, identity, monitor.agent, leg.id, Progress.JOINED)
    call = step.add_party(call_id, me)
    if monitor.mode is MonitorMode.TAKE_OVER:
        _replace(step, call, monitor)


def _replace(step: Step, call: Call, monitor: Monitor) -> None:
    """The agent's part is over, with the target that they had rung and the holds that were theirs."""
    party = call.parties.get(monitor.replaces or "")
    call = step.put_call(call.id, owner=monitor.agent, parent=None)
    if party is None or party.progress is not Progress.JOINED:
        return  # they have left meanwhile
    offer = call.offering()
    if offer is not None and offer.by == party.id:
        offers.cancel(step, call.id)
    step.put_call(call.id, recall_at=None)
    parties.leave(step, call.id, party.id)


# -- what happens to legs ---------------------------------------------------------------------------------------------


def created(step: Step, leg_id: LegId) -> None:
    """A channel of a monitor's exists. Their phone is dialled by `settle`; a snoop is up at once."""
    for call, monitor in list(step.monitors_by_leg(leg_id)):
        leg = step.leg(leg_id)
        if monitor.snoop is not None and monitor.snoop.leg == leg_id and leg is not None:
            step.put_leg(leg.id, state=LegState.UP)
            step.put_monitor(call.id, monitor.agent, snoop=replace(monitor.snoop, up=True))
        else:
            step.touch(call.id)


def ringing(step: Step, leg_id: LegId) -> None:
    """Their phone rings."""
    for call, monitor in _rung(step, leg_id):
        step.put_monitor(call.id, monitor.agent, progress=Progress.RINGING)


def answered(step: Step, leg_id: LegId) -> None:
    """Their phone is up."""
    for call, monitor in _rung(step, leg_id):
        ready = step.put_monitor(call.id, monitor.agent, progress=Progress.JOINED, deadline=None)
        _enter_if_ready(step, call.id, ready)


def _rung(step: Step, leg_id: LegId) -> list[tuple[Call, Monitor]]:
    return [(call, monitor) for call, monitor in step.monitors_by_leg(leg_id) if monitor.leg == leg_id]


def gone(step: Step, leg_id: LegId) -> None:
    """Their phone was hung up, or never answered: that was it. A snoop goes with the leg that it is on, and that is
    reported too, before or after.
    """
    for call, monitor in list(step.monitors_by_leg(leg_id)):
        if monitor.leg == leg_id:
            _refuse_waiting(step, call, monitor)
            _stop(step, call, monitor)
        else:
            of = monitor.snoop.of if monitor.snoop is not None else None
            step.put_monitor(call.id, monitor.agent, snoop=None, lost=of)


def timed_out(step: Step, call_id: CallId) -> None:
    """A supervisor's own phone has rung long enough."""
    call = step.find_call(call_id)
    for monitor in call.monitors.values() if call is not None else ():
        if monitor.deadline is not None and monitor.deadline <= step.now:
            _refuse_waiting(step, step.call(call_id), monitor)
            _stop(step, step.call(call_id), monitor)


def _refuse_waiting(step: Step, call: Call, monitor: Monitor) -> None:
    for name in snoops.waiting(step, call, monitor):
        step.refuse(name, Refused(Code.NOT_ALLOWED_NOW, "your phone was not answered, or hung up"))


def bridge_missing(step: Step, bridge: BridgeId) -> bool:
    """Made anew, with both put in again. False: that has failed too often, and it is over."""
    for call in list(step.live_calls()):
        for monitor in call.monitors.values():
            if monitor.bridge != bridge:
                continue
            failures = monitor.bridge_failures + 1
            renewed = step.put_monitor(call.id, monitor.agent, bridge_made=False, bridge_failures=failures)
            if failures > _TRIES:
                _stop(step, step.call(call.id), renewed)
                return False
            for leg in (step.leg(monitor.leg), step.leg(monitor.snoop.leg if monitor.snoop else None)):
                if leg is not None:
                    step.put_leg(leg.id, requested=None)
            return True
    return True


# -- after the connection was lost ------------------------------------------------------------------------------------


def cut_off(step: Step, bridges: frozenset[BridgeId]) -> None:
    """What Asterisk holds is not known: snoops are made anew, and all media are requested of whoever is up."""
    for call in list(step.live_calls()):
        for monitor in call.monitors.values():
            snoop = step.leg(monitor.snoop.leg) if monitor.snoop is not None else None
            if snoop is not None:
                step.give_up(snoop.id)  # requested where it is still there
            made = monitor.bridge_made and monitor.bridge in bridges
            step.put_monitor(call.id, monitor.agent, snoop=None, bridge_made=made, failures=0, lost=None)
            for leg in filter(None, [step.leg(monitor.leg)]):
                step.put_leg(leg.id, requested=None)


# -- what is heard ----------------------------------------------------------------------------------------------------


def settle(step: Step) -> None:
    """Ask for whatever the monitors of the calls touched by this step now need; of a call that is over they go."""
    for call_id, call in list(step.calls.items()):
        if call.ended and call.monitors:
            step.put_call(call.id, monitors={})
            for monitor in call.monitors.values():
                _clear_away(step, monitor)
        elif step.linked and not call.ended:
            for agent in call.monitors:
                snoops.settle(step, call_id, agent)


def effective(call: Call, agent: AgentId | None) -> bool:
    """Whether they hear what they requested, or are a monitor no longer: a party, or gone."""
    monitor = call.monitors.get(agent or "")
    if monitor is None:
        return True
    return monitor.progress is Progress.JOINED and (monitor.snoop is None or monitor.snoop.up)
