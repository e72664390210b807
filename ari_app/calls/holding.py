"""Retrieve: everybody is back, on whichever leg the agent has (S13, S46)."""

from ari_app.calls import parties
from ari_app.calls.model import Call, LegState, Party
from ari_app.calls.step import Step


def retrieve(step: Step, command: str, call: Call, me: Party) -> None:
    """Bring back all who are on hold; a phone that was hung up meanwhile is rung first."""
    leg = parties.agent_leg(step, me.agent or "")
    if me.leg is None and (leg is None or leg.state is not LegState.UP):
        step.await_effects(command, call.id, until="answered", party=me.id)
        call = step.put_call(call, recall_at=None)
        if leg is None:
            parties.ring_own_phone(step, call, me)
        else:  # it rings already for a call that he makes, which will wait then
            shared, held_by = step.put_leg(leg, focus=call.id), me.held_by - {me.id}
            parties.note_hold(step, step.put_party(call.id, me.id, leg=shared.id, held_by=held_by, away=True))
        return
    parties.turn_to(step, step.put_call(call, recall_at=None), me.agent or "")
    call = step.call(call.id)
    parties.retrieve_all(step, call, call.parties[me.id])
