"""Holds: why somebody is on hold, retrieving (S13, S46), and contacts who are on hold for too long.

A hold has two owners, each of whom undoes only its own: the desktop (`held_by`), and the phone by its own key
(`held_by_phone`), which no request of ours makes it release. Where both have held, the contact has music until both are
done; `settle` derives the phone's part, and since when somebody is on hold.
"""

from ari_app.calls.derived import announcing
from ari_app.calls.effects import CallAlarm
from ari_app.calls.features import parties, recalls
from ari_app.calls.model import Alarm, Call, LegState, Party, PartyRole, Progress
from ari_app.calls.step import Step


def retrieve(step: Step, command: str, call: Call, me: Party) -> None:
    """Bring back all who are on hold; a phone that is not up is rung for it first, and answers by itself.

    Raises:
        Refused: `phone_unreachable`.
    """
    leg = parties.agent_leg(step, me.agent or "")
    call = step.put_call(call.id, recall_at=None)
    if leg is not None and leg.state is LegState.UP:
        parties.turn_to(step, call, me.agent or "")
        call = step.call(call.id)
        parties.retrieve_all(step, call, call.parties[me.id])
        return
    step.await_effects(command, call.id, until="answered", party=me.id)
    if leg is not None and me.leg is None and leg.auto_answer:  # it rings already for another call, which waits then
        step.put_leg(leg.id, focus=call.id)
        step.put_party(call.id, me.id, leg=leg.id, held_by=me.held_by - {me.id}, away=True)
    elif leg is None or not leg.auto_answer:
        step.require_phone(parties.own_phone(step, me).user)
        if leg is not None:  # it rings, and whoever has requested the call at their desktop need not pick it up
            for other, party in list(step.party_by_leg(leg.id)):  # rung for another call, it is due again later
                parties.stop_ringing(step, other, party, answered_elsewhere=True)
        parties.ring_own_phone(step, call, me, auto_answer=True)


def settle(step: Step) -> None:
    """Derive anew what the calls that this step touched, and their agents' phones, make of holds."""
    for agent in dict.fromkeys(p.agent for call in step.versions() for p in call.parties.values() if p.agent):
        _settle_phone(step, agent)
    for call_id in list(step.calls):
        call = step.find_call(call_id)
        if call is not None:
            _note_hold(step, call)


def _settle_phone(step: Step, agent: str) -> None:
    """Which of the agent's calls has a line that the phone holds, and in which of them could they talk at once."""
    talks = parties.active_line(step, agent) is not None
    for call in step.calls_of(agent):
        me = step.mine(call, agent)
        leg = step.leg(me.leg)
        held = leg is not None and leg.held_by_phone
        holds = held and leg is not None and leg.speaks_in(call.id) and me.progress is Progress.JOINED
        able = leg or parties.agent_leg(step, agent)
        has_line = talks or able is None or not able.held_by_phone
        if (holds, has_line) != (me.held_by_phone, me.has_line):
            step.put_party(call.id, me.id, held_by_phone=holds, has_line=has_line)


def _note_hold(step: Step, call: Call) -> None:
    """Keep since when somebody is on hold, and when that is too long."""
    held = any(call.on_hold(p) for p in call.joined())
    if held != (call.held_since is not None):
        call = step.put_call(call.id, held_since=step.now if held else None)
    limit = step.directory.settings.max_hold
    waits = limit is not None and any(call.on_hold(p) and p.role is PartyRole.CONTACT for p in call.joined())
    if waits != (call.hold_alarm_at is not None):
        step.put_call(call.id, hold_alarm_at=step.now + limit if waits and limit is not None else None)


def too_long(step: Step, call: Call) -> None:
    """Somebody is on hold for as long as the administrator allows: raise the alarm, and fetch their agent back.

    A phone that was hung up is rung; an agent who only waits hears it said; one who talks to somebody else is not cut
    off: their desktop has the alarm.
    """
    call = step.put_call(call.id, hold_alarm_at=None)  # and once more, as long as somebody waits
    step.emit(CallAlarm(call, Alarm.HELD_TOO_LONG))
    owner = call.party_of(call.owner or "")
    if owner is None:
        return
    if call.recall_at is not None:
        recalls.recall(step, call)
        return
    leg = step.leg(owner.leg)
    waits = all(call.on_hold(p) for p in call.joined() if p.id != owner.id)
    if leg is not None and leg.speaks_in(call.id) and leg.playing is None and waits:
        announcing.play(step, leg, "hold_reminder", step.directory.settings.announcements.get("hold_reminder", ""))
