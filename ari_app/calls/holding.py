"""Retrieve: everybody is back, on whichever leg the agent has (S13, S46); and contacts who are on hold for too long."""

from ari_app.calls import announcing, parking, parties
from ari_app.calls.effects import CallAlarm
from ari_app.calls.model import Alarm, Call, LegState, Party, PartyRole
from ari_app.calls.step import Step


def retrieve(step: Step, command: str, call: Call, me: Party) -> None:
    """Bring back all who are on hold; a phone that was hung up meanwhile is rung first."""
    leg = parties.agent_leg(step, me.agent or "")
    if me.leg is None and (leg is None or leg.state is not LegState.UP):
        step.await_effects(command, call.id, until="answered", party=me.id)
        call = step.put_call(call, recall_at=None)
        if leg is None:
            step.require_phone(parties.own_phone(step, me).user)
            parties.ring_own_phone(step, call, me, auto_answer=True)
        else:  # it rings already for a call that he makes, which will wait then
            shared, held_by = step.put_leg(leg, focus=call.id), me.held_by - {me.id}
            parties.note_hold(step, step.put_party(call.id, me.id, leg=shared.id, held_by=held_by, away=True))
        return
    parties.turn_to(step, step.put_call(call, recall_at=None), me.agent or "")
    call = step.call(call.id)
    parties.retrieve_all(step, call, call.parties[me.id])


def too_long(step: Step, call: Call) -> None:
    """Somebody is on hold for as long as the administrator allows: raise the alarm, and fetch his agent back.

    A phone that was hung up is rung; an agent who only waits hears it said; one who talks to somebody else is not cut
    off: his desktop has the alarm.
    """
    limit = step.directory.settings.max_hold
    call = step.put_call(call, hold_alarm_at=step.now + limit if limit is not None else None)
    if limit is None or not any(p.held_by and p.role is PartyRole.CONTACT for p in call.joined()):
        return
    step.emit(CallAlarm(call, Alarm.HELD_TOO_LONG))
    owner = call.party_of(call.owner or "")
    if owner is None:
        return
    if call.recall_at is not None:
        parking.recall(step, call)
        return
    leg = step.leg(owner.leg)
    waits = all(p.held_by for p in call.joined() if p.id != owner.id)
    if leg is not None and leg.speaks_in(call.id) and leg.playing is None and waits:
        announcing.play(step, leg, "hold_reminder", step.directory.settings.announcements.get("hold_reminder", ""))
