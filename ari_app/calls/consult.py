"""Consultation: a private call beside the contact's, and the ways out of it (S20-S22).

The consultation is a call of its own whose `parent` is the contact's; both speak through the agent's one leg, and
turning from one to the other is a change of that leg's focus.
"""

from dataclasses import replace

from ari_app.calls import monitoring, parties
from ari_app.calls.model import Call, Party, Progress
from ari_app.calls.step import Step


def complete(step: Step, consult: Call, agent: str, *, stay: bool) -> Call:
    """Those consulted join the contact's call; the agent stays (conference) or is done (transfer)."""
    return join(step, consult, step.call(consult.parent or ""), agent, stay=stay)


def join(step: Step, consult: Call, parent: Call, agent: str, *, stay: bool) -> Call:
    """Two calls of one agent become one: everybody of `consult` joins `parent`, on hold or not."""
    there = {p.agent for p in parent.parties.values() if p.agent and p.progress is not Progress.LEFT}
    if stay:
        parties.turn_to(step, parent, agent)  # before a line is hung up: the one that talks is kept
        consult = step.call(consult.id)
    moved = [p for p in consult.joined() if p.agent != agent and p.agent not in there]
    for party in moved:
        _move(step, consult, parent, party)
    monitoring.follow(step, consult.id, parent.id)
    parties.end(step, consult.id)
    parent = step.call(parent.id)
    me = step.mine(parent, agent)
    parent = parties.retrieve_all(step, parent, me)
    if not stay:
        heir = next((p.agent for p in moved if p.agent), None)
        parent = step.put_call(parent, owner=heir or parent.owner)
        parties.leave(step, parent.id, me.id, transferred=True)
    for party in moved:
        leg = step.leg(party.leg)
        if party.agent is not None and leg is not None and leg.focus != parent.id:
            parties.step_aside(step, step.call(parent.id), party.agent)
    return step.calls[parent.id]


def _move(step: Step, consult: Call, parent: Call, party: Party) -> None:
    """One leg changes calls without being heard to. Who has turned to a call of his own meanwhile stays in that."""
    leg = step.leg(party.leg)
    step.put_party(consult.id, party.id, leg=None)
    step.add_party(parent.id, replace(party, id=step.new_id("p"), held_by=frozenset()))
    if leg is not None and leg.focus == consult.id:
        step.put_leg(leg, focus=parent.id)


def alternate(step: Step, consult: Call, agent: str) -> None:
    """Talk to the other side; the one left hears music."""
    parent = step.call(consult.parent or "")
    leg = step.leg(step.mine(consult, agent).leg)
    here = leg is not None and leg.focus == consult.id
    other = parent if here else consult
    parties.turn_to(step, other, agent)
    other = step.call(other.id)
    parties.retrieve_all(step, other, step.mine(other, agent))


def reconnect(step: Step, consult: Call, agent: str) -> Call:
    """Give the one consulted up and go back to the contact."""
    parent = step.call(consult.parent or "")
    parties.turn_to(step, parent, agent)  # before a line is hung up: the one that talks is kept
    parties.end(step, consult.id)
    parent = step.call(parent.id)
    return parties.retrieve_all(step, parent, step.mine(parent, agent))


def attach(call: Call, data: dict[str, str]) -> dict[str, str]:
    """The attached data with more of it."""
    return {**call.user_data, **data}
