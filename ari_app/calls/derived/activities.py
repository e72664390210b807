"""What calls make of agents: rung, on a call, or free again after some rest. Derived, and reported where it has
changed.

Who has left a call is on it until their phone has: as long as a leg of theirs is on its way out, what was reported
stays. Rung for the next caller meanwhile, by another Asterisk as it may be, they would have both.

After reconciliation it is reported of every agent: a controller that died between two writes has left some as they are
not.
"""

from ari_app.calls.effects import AvailabilityEffect, ReconcileAgents, SetActivity
from ari_app.calls.model import AgentId, Call, CallId, CallType, Leg, LegState, OfferState
from ari_app.calls.state import agents_of
from ari_app.calls.step import Step


def settle(step: Step) -> None:
    """Tell availability what the touched calls make of their agents, where that has changed."""
    reported: list[AvailabilityEffect] = []
    gone = [was for leg_id, leg in step.legs.items() if leg is None and (was := step.leg_before(leg_id)) is not None]
    talked = {p.agent for call in step.versions() if call.listening is None for p in call.parties.values() if p.agent}
    talked |= {leg.agent for leg in gone if leg.agent and leg.left}
    concerned_too = {leg.agent for leg in gone if leg.agent}
    concerned_too |= {supervisor for call in step.versions() for supervisor in call.monitors}
    concerned_too |= {call.listening.agent for call in step.versions() if call.listening is not None}
    with_legs = _with_legs(step) if step.tells_all_agents else set()
    concerned_too |= with_legs
    for agent in sorted(talked | concerned_too):
        activity, concerned = _activity(step, agent) or (None, None)
        before = step.activities.get(agent, step.activity_before(agent))
        if activity != before:
            step.activities[agent] = activity
            # Who only listened, or heard messages, needs no rest.
            over = before == "on_call" and activity is None and agent in talked
            wrap_up = _wrap_up(step, agent, gone) if over else 0.0
            of = _left(step, agent, gone) if wrap_up else concerned
            reported.append(SetActivity(agent, activity, of, wrap_up))
    if step.tells_all_agents:
        kept = tuple(request for call in step.live_calls() if (request := _kept_for(call)) is not None)
        reported.append(ReconcileAgents(tuple(_busy(step, with_legs)), (*step.all_awaited(), *kept)))
        # After what this step has given back, and before the reservations that it asks for: whom an earlier incarnation
        # had reserved can then be had.
        given_back = [effect for effect in step.effects if isinstance(effect, SetActivity)]
        step.effects[:] = [*given_back, *reported, *(x for x in step.effects if not isinstance(x, SetActivity))]
    else:
        step.effects.extend(reported)


def _kept_for(call: Call) -> str | None:
    """The reservation of an agent who is rung as soon as the caller's own phone is up."""
    offer = call.offering()
    return offer.request if offer is not None and offer.reserved and offer.state is OfferState.PENDING else None


def _with_legs(step: Step) -> set[AgentId]:
    legs = [step.leg(leg_id) for leg_id in dict.fromkeys([*(leg.id for leg in step.legs_before()), *step.legs])]
    return {leg.agent for leg in legs if leg is not None and leg.agent is not None}


def _busy(step: Step, with_legs: set[AgentId]) -> list[tuple[AgentId, str, CallId | None]]:
    everybody = {agent for call in step.live_calls() for agent in agents_of(call)} | with_legs
    return [(agent, *found) for agent in sorted(everybody) if (found := _activity(step, agent)) is not None]


def _activity(step: Step, agent: str) -> tuple[str, CallId | None] | None:
    found: tuple[str, CallId | None] | None = None
    for call in step.calls_of(agent):
        party = step.mine(call, agent)
        rung = call.offer is not None and any(a.party == party.id for a in call.offer.attempts)
        if not rung:
            return "on_call", call.id
        found = ("ringing", call.id)
    monitored = step.monitored_by(agent)
    return ("on_call", monitored.id) if monitored is not None else found or _leaving(step, agent)


def _leaving(step: Step, agent: str) -> tuple[str, CallId | None] | None:
    """They have left their calls, and their phone has not: as it was reported, or, after a restart, would have been."""
    legs = step.legs_of(agent)
    if not legs:
        return None
    talks = next((leg for leg in legs if leg.left is not None or leg.state is LegState.UP), None)
    known = step.activities.get(agent) or step.activity_before(agent)
    return known or ("on_call" if talks is not None else "ringing"), talks.left if talks is not None else None


def _left(step: Step, agent: str, gone: list[Leg]) -> CallId | None:
    """The call that they rest from: not the consultation in which they were rung for it, and which it ended."""
    left = (leg.left for leg in gone if leg.agent == agent)
    calls = (c for c in step.versions() if c.type is not CallType.CONSULT)
    talked = (c.id for c in calls if any(p.agent == agent for p in c.parties.values()))
    return next((call for call in (*left, *talked) if call is not None), None)


def _wrap_up(step: Step, agent: str, gone: list[Leg]) -> float:
    """That of the queue by which the caller came, where it has its own; else the longest of the agent's groups."""
    left = [leg.left_queue for leg in gone if leg.agent == agent]
    talked = [c.queue for c in step.versions() if any(p.agent == agent for p in c.parties.values())]
    queues = (step.directory.queues.get(queue) for queue in (*left, *talked) if queue is not None)
    own = next((queue.wrap_up for queue in queues if queue is not None), None)
    if own is not None:
        return own
    listed = step.directory.agents.get(agent)
    groups = [step.directory.groups[g] for g in (listed.groups if listed else ()) if g in step.directory.groups]
    return max((g.wrap_up for g in groups), default=0.0)
