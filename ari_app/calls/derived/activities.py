"""What calls make of agents: rung, on a call, or free again after some rest. Derived, and reported where it has
changed.

After reconciliation it is reported of every agent: a controller that died between two writes has left some as they are
not.
"""

from ari_app.calls.effects import AvailabilityEffect, ReconcileAgents, SetActivity
from ari_app.calls.model import AgentId, CallId
from ari_app.calls.state import agents_of
from ari_app.calls.step import Step


def settle(step: Step) -> None:
    """Tell availability what the touched calls make of their agents, where that has changed."""
    reported: list[AvailabilityEffect] = []
    talked = {p.agent for call in step.versions() for p in call.parties.values() if p.agent}
    for agent in sorted(talked | {supervisor for call in step.versions() for supervisor in call.monitors}):
        activity, concerned = _activity(step, agent) or (None, None)
        before = step.activities.get(agent, step.activity_before(agent))
        if activity != before:
            step.activities[agent] = activity
            over = before == "on_call" and activity is None and agent in talked  # who only listened needs no rest
            wrap_up = _wrap_up(step, agent) if over else 0.0
            reported.append(SetActivity(agent, activity, concerned, wrap_up))
    if step.tells_all_agents:
        reported.append(ReconcileAgents(tuple(_busy(step)), step.all_awaited()))
        # After what this step has given back, and before the reservations that it asks for: whom an earlier incarnation
        # had reserved can then be had.
        given_back = [effect for effect in step.effects if isinstance(effect, SetActivity)]
        step.effects[:] = [*given_back, *reported, *(x for x in step.effects if not isinstance(x, SetActivity))]
    else:
        step.effects.extend(reported)


def _busy(step: Step) -> list[tuple[AgentId, str, CallId]]:
    everybody = {agent for call in step.live_calls() for agent in agents_of(call)}
    return [(agent, *found) for agent in sorted(everybody) if (found := _activity(step, agent)) is not None]


def _activity(step: Step, agent: str) -> tuple[str, CallId] | None:
    found: tuple[str, CallId] | None = None
    for call in step.calls_of(agent):
        party = step.mine(call, agent)
        rung = call.offer is not None and any(a.party == party.id for a in call.offer.attempts)
        if not rung:
            return "on_call", call.id
        found = ("ringing", call.id)
    monitored = step.monitored_by(agent)
    return ("on_call", monitored.id) if monitored is not None else found


def _wrap_up(step: Step, agent: str) -> float:
    listed = step.directory.agents.get(agent)
    groups = [step.directory.groups[g] for g in (listed.groups if listed else ()) if g in step.directory.groups]
    return max((g.wrap_up for g in groups), default=0.0)
