"""Retrieve: everybody is back, on whichever leg the agent has (S13, S46)."""

from ari_app.calls import parties
from ari_app.calls.model import Call, Party
from ari_app.calls.step import Step


def retrieve(step: Step, command: str, call: Call, me: Party) -> None:
    """Bring back all who are on hold; a phone that was hung up meanwhile is rung first."""
    if me.leg is None and parties.agent_leg(step, me.agent or "") is None:
        step.await_effects(command, call.id, until="answered", party=me.id)
        parties.ring_own_phone(step, step.put_call(call, recall_at=None), me)
        return
    parties.turn_to(step, step.put_call(call, recall_at=None), me.agent or "")
    call = step.call(call.id)
    parties.retrieve_all(step, call, call.parties[me.id])
