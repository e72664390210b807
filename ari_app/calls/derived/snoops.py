"""What supervisors hear: derived after every step, like media, and only the difference requested.

The snoop is on the leg of the agent to watch as long as that leg speaks in this call, then on a colleague's; whoever is
on hold is heard by nobody (S33), and while no agent is there the supervisor hears music. Another leg or mode is another
snoop. The one before goes first: through two of them in one bridge the agent would hear themselves.
"""

from ari_app.calls.derived import media
from ari_app.calls.effects import CreateBridge, CreateSnoop, DialLeg, HangUp, JoinBridge, LeaveBridge
from ari_app.calls.model import (
    AgentId,
    Call,
    CallId,
    Leg,
    LegId,
    LegState,
    Media,
    Monitor,
    MonitorMode,
    Snoop,
    Sound,
)
from ari_app.calls.step import Step

_TRIES = 3


def settle(step: Step, call_id: CallId, agent: AgentId) -> None:
    """Ask for whatever this monitor now needs: their phone dialled, then with the right snoop, or with music."""
    call = step.call(call_id)
    monitor = call.monitors[agent]
    leg = step.leg(monitor.leg)
    if leg is None or leg.hanging_up or leg.state is LegState.CREATING:
        return
    step.causes.update(waiting(step, call, monitor))
    if leg.state is LegState.UP:
        monitor = _settle_snoop(step, call, monitor)
    wanted = Media(bridge=monitor.bridge)
    if leg.state is LegState.UP and monitor.snoop is None:
        wanted = Media(sound=Sound.MUSIC, music_class=media.music_class(step, call))
    if leg.requested is None and leg.state is not LegState.UP:
        leg = step.put_leg(leg.id, requested=Media())
    if wanted.bridge is not None and not monitor.bridge_made:
        step.ask(CreateBridge, monitor.bridge)
        monitor = step.put_monitor(call_id, agent, bridge_made=True)
    media.ask(step, leg, wanted, monitor.bridge)
    if leg.state is LegState.CREATED:
        step.ask(DialLeg, leg.id)
        step.put_leg(leg.id, state=LegState.DIALLING)
    _let_in(step, monitor)


def _settle_snoop(step: Step, call: Call, monitor: Monitor) -> Monitor:
    """Have it on the right leg, in the right mode."""
    on, whisper = _to_hear(step, call, monitor), monitor.mode is MonitorMode.WHISPER
    snoop = monitor.snoop
    if snoop is not None and (snoop.of, snoop.whisper) == (on, whisper):
        return monitor
    drop(step, monitor)
    if on is None:
        return step.put_monitor(call.id, monitor.agent, snoop=None)
    leg = step.add_leg(Leg(step.new_id("s"), LegState.CREATING, focus=call.id))
    step.ask(CreateSnoop, leg.id, on, whisper, call.id)
    return step.put_monitor(call.id, monitor.agent, snoop=Snoop(leg.id, on, whisper))


def _to_hear(step: Step, call: Call, monitor: Monitor) -> LegId | None:
    """The leg of the agent to watch, else of the owner, else of whoever joined first: speaking here and neither on
    hold nor waiting, with music, for somebody who has turned away: they talk to nobody then, and are not listened to.
    """
    found = []
    for party in call.joined():
        leg = step.leg(party.leg)
        talks = party.agent is not None and party.present and not call.waits(party)
        if talks and leg is not None and leg.speaks_in(call.id) and leg.id != monitor.lost:
            found.append((party.agent != monitor.watched, party.agent != call.owner, party.order, leg.id))
    return min(found)[3] if found else None


def _let_in(step: Step, monitor: Monitor) -> None:
    leg = step.leg(monitor.snoop.leg) if monitor.snoop is not None else None
    if leg is None or leg.state is not LegState.UP or leg.hanging_up:
        return
    if leg.requested is None or leg.requested.bridge != monitor.bridge:
        step.ask(JoinBridge, leg.id, monitor.bridge)
        step.put_leg(leg.id, requested=Media(bridge=monitor.bridge))


def waiting(step: Step, call: Call, monitor: Monitor) -> list[str]:
    """The commands that wait until they hear what they requested."""
    return [
        pending.command
        for pending in step.all_pending()
        if pending.until == "monitoring" and pending.call == call.id and pending.agent == monitor.agent
    ]


def drop(step: Step, monitor: Monitor) -> None:
    """It goes, and out of the bridge first."""
    leg = step.leg(monitor.snoop.leg) if monitor.snoop is not None else None
    if leg is not None and not leg.hanging_up:
        if leg.requested is None or leg.requested.bridge is not None:
            step.ask(LeaveBridge, leg.id, monitor.bridge)  # the next one is let in only after
        step.hang_up(leg)


def failed(step: Step, effect: CreateSnoop) -> None:
    """It could not be made: tried again, then they hear music until it is requested anew or another agent is there."""
    step.ask(HangUp, effect.leg)  # it may have been made all the same, only the answer was lost
    found = list(step.monitors_by_leg(effect.leg))
    step.drop_leg(effect.leg)
    for call, monitor in found:
        lost = effect.of if monitor.failures + 1 >= _TRIES else None
        step.put_monitor(call.id, monitor.agent, snoop=None, failures=monitor.failures + 1, lost=lost)
