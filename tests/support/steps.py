"""What one step may do, and what is noted of it for `account`: who is rung, who refuses, who gets a call at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import (
    Call,
    CallId,
    LegState,
    PartyRole,
    Phone,
)

if TYPE_CHECKING:
    from tests.support.world import World

_DECLINES = frozenset({17, 21})


def is_served_or_reported_of(world: World, fact: s.ChannelArrived, effects: Sequence[e.Effect]) -> None:
    """Who comes out of the dialplan gets a call or a change of state, or the administrator is notified; never neither.

    A call that is dialled by hand is never one more than its agent may have, but in an emergency.
    """
    refused = [effect for effect in effects if isinstance(effect, e.ArrivalRefused)]
    begun = [x.call for x in effects if isinstance(x, e.CallChanged) and x.before is None]
    changed = any(isinstance(effect, e.SetAgentState | e.CheckOutcome | e.OpeningChosen) for effect in effects)
    # What they have dialled is closed, which is nobody's fault: they hear so, and are released.
    changed = changed or any(isinstance(x, e.Announce) and x.prompt == "closed" for x in effects)
    if fact.entry_verb in ("replaced", "tie") or fact.via is not None:
        return
    assert len(refused) == (0 if begun or changed else 1), f"{fact}: {refused}"
    emergencies = world.directory.settings.emergency.numbers
    for call in begun if fact.entry_verb == "dial" and not emergencies.intersection(fact.args) else ():
        mine = world.switch.state.calls_of_agent.get(call.owner or "", {})
        most = world.directory.agents[call.owner or ""].max_calls
        assert len(mine) <= most, f"{call.owner} has {len(mine)} calls, and may have {most}"


def rung_out_of_turn(world: World, before: Call | None, call: Call) -> list[str]:
    """Agents who are rung for a caller while another, who is more urgent or as urgent and longer there, waits for the
    same, and could have had them. In a group that rings all at once the first of them alone is anybody's.
    """
    offer, was = call.offering(), before.offer if before is not None else None
    if offer is None or offer.by is not None or world.directory.ring_policy(offer.target) == "all":
        return []
    known = {a.agent for a in was.attempts} if was is not None and was.id == offer.id else set()
    found = []
    for agent in {a.agent for a in offer.attempts} - known - {None}:
        for other in world.switch.calls.values():
            theirs = other.offering()
            if theirs is None or theirs.by is not None or theirs.target != offer.target or theirs.attempts:
                continue
            refused = agent in theirs.tried or any(p.agent == agent for p in other.parties.values())
            if not refused and (-theirs.priority, _came(other)) < (-offer.priority, _came(call)):
                found.append(f"{agent} is rung for {call.id}, and {other.id} was before it")
    return found


def _came(call: Call) -> float:
    """Since when they wait: who calls in again may have the place that was kept for them."""
    return call.started_at if call.place_since is None else call.place_since


def note_refusal(world: World, stimulus: s.Stimulus) -> None:
    """Keep who refuses: a phone by itself, before it has rung, or a person who has heard it ring."""
    leg = world.switch.legs.get(stimulus.leg) if isinstance(stimulus, s.LegGone) else None
    if leg is None or leg.agent is None or leg.hanging_up or not isinstance(stimulus, s.LegGone):
        return
    for call in world.switch.calls.values():
        offer = call.offering()
        if offer is None or all(a.leg != leg.id for a in offer.attempts):
            continue
        if leg.state is LegState.DIALLING and sum(a.agent == leg.agent for a in offer.attempts) > 1:
            continue  # another phone of theirs still rings
        if leg.state is LegState.DIALLING and not world.engaged(leg.agent, call):
            world.refusing[leg.agent] += 1
        elif leg.state is LegState.RINGING and stimulus.cause in _DECLINES and offer.by is None:
            rest = world.now + world.directory.settings.declined_interval
            world.declined[call.id, leg.agent] = rest


def note_effect(world: World, effect: e.Effect) -> None:
    """Nobody is rung again soon for a caller whom they declined, and who has not been served since; who talks, or is
    ready anew, refuses no more.
    """
    match effect:
        case e.CallChanged(call=changed) if {p.role for p in changed.joined()} >= {PartyRole.CONTACT, PartyRole.AGENT}:
            world.declined = {key: until for key, until in world.declined.items() if key[0] != changed.id}
        case e.SetActivity(agent, "on_call") | e.SetAgentState(agent):
            del world.refusing[agent]
        case e.CreateLeg(leg=leg, call=call_id):
            call, rung = world.switch.calls.get(call_id), world.switch.legs.get(leg)
            offer = call.offering() if call is not None else None
            waits = offer is not None and offer.by is None and not offer.fallback
            if waits and rung is not None and world.now < world.declined.get((call_id, rung.agent or ""), 0.0):
                world.alarms.append(f"{rung.agent} has declined this caller, and is rung again")
            if offer is not None and any(a.leg == leg and not a.answering for a in offer.attempts):
                world.alarms += _beside_the_last_call(world, rung.agent if rung is not None else None, call_id)


def _beside_the_last_call(world: World, agent: str | None, call_id: CallId) -> list[str]:
    """An agent is on a call until their leg is gone: a phone that Asterisk has not ended yet is rung for no other. With
    call waiting, it is rung beside the call that they are in anyway."""
    listed = world.directory.agents.get(agent or "")
    in_another = world.switch.state.calls_of_agent.get(agent or "", {}).keys() - {call_id}
    if agent is None or (listed is not None and listed.call_waiting and in_another):
        return []
    legs = [leg for leg in world.switch.legs.values() if leg.agent == agent and leg.hanging_up]
    return [f"{agent} is rung while {leg.id} is being ended" for leg in legs]


def may_ring(world: World, reported: s.OtherPlaceFound) -> bool:
    """Whether the phone of which another place is reported now is about to be rung, and not to answer by itself."""
    leg = world.switch.legs.get(reported.leg)
    if leg is None or not isinstance(leg.destination, Phone):
        return False
    return leg.state is not LegState.UP and not (leg.hanging_up or leg.auto_answer)


def not_rung(reported: s.OtherPlaceFound, effects: Sequence[e.Effect]) -> list[str]:
    """An agent's other phone, which was reported in this step, though not rung; an offer and a recall ring all."""
    rung = [effect.destination for effect in effects if isinstance(effect, e.CreateLeg)]
    places = [destination.place for destination in rung if isinstance(destination, Phone)]
    return [] if reported.place in places else [f"{reported.place} is not rung"]


def outlived(before: Call | None, call: Call) -> list[str]:
    """Parties who are muted or deaf by somebody who is not here, though of the agents here none has seen that."""
    were = {p.agent for p in before.joined() if p.agent} if before is not None else set()
    here = {p.agent for p in call.joined() if p.agent}
    if were & here or not were ^ here:
        return []
    by = {p.muted_by for p in call.joined() if p.muted} | {p.deaf_by for p in call.joined() if p.deaf}
    return [f"{call.id}: somebody is still muted or deaf by {agent}" for agent in by - here]


def not_retrieved(call: Call | None, agent: str | None) -> list[str]:
    """A retrieve is answered when its agent's phone is up, not while it rings; one that has hung up since was there."""
    me = call.party_of(agent) if call is not None and agent is not None and not call.ended else None
    rings = me is not None and me.away and me.leg is not None
    return [f"{agent} is answered to have the call back, and is not there"] if rings else []
