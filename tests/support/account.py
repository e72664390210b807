"""What should be, by the calls and parties alone: an account kept apart from the machine's own, and from `media`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.hearing import hearing, monitor_ear
from ari_app.calls.model import (
    Call,
    CallId,
    LegState,
    Monitor,
    MonitorMode,
    OfferKind,
    OfferState,
    PartyRole,
    Phone,
    Progress,
)
from ari_app.calls.replay import replay
from ari_app.routing.targets import TargetType
from tests.support import astray

if TYPE_CHECKING:
    from tests.support.world import World


def expected_hears(world: World) -> set[tuple[str, str]]:
    """Who should hear whom."""
    pairs = set()
    for call in world.switch.calls.values():
        talking = []
        for party in call.joined():
            leg = world.switch.legs.get(party.leg or "")
            if leg is None or party.held_by or leg.focus != call.id or leg.playing or leg.hanging_up:
                continue
            if leg.on_hold_by_phone:
                continue
            if leg.state is LegState.UP:
                talking.append((party, leg.id))
        pairs |= {
            (mine, other)
            for me, mine in talking
            for them, other in talking
            if mine != other and not me.deaf and not them.muted
        }
        for monitor in call.monitors.values():
            pairs |= _overheard(world, call, monitor, pairs)
    return pairs


def is_served_or_told_of(world: World, fact: s.ChannelArrived, effects: Sequence[e.Effect]) -> None:
    """Who comes out of the dialplan gets a call or a change of state, or the administrator is told; never neither.

    A call that is dialled by hand is never one more than its agent may have.
    """
    refused = [effect for effect in effects if isinstance(effect, e.ArrivalRefused)]
    begun = [x.call for x in effects if isinstance(x, e.CallChanged) and x.before is None]
    changed = any(isinstance(effect, e.SetAgentState) for effect in effects)
    if fact.verb == "replaced" or fact.via is not None:
        return
    assert len(refused) == (0 if begun or changed else 1), f"{fact}: {refused}"
    for call in begun if fact.verb == "dial" else ():
        mine = world.switch.state.calls_of_agent.get(call.owner or "", {})
        most = world.directory.agents[call.owner or ""].max_calls
        assert len(mine) <= most, f"{call.owner} has {len(mine)} calls, and may have {most}"


def company(world: World, leg_id: str) -> set[str]:
    """The legs of those whom this one could talk to, were nothing played to anybody."""
    for call in world.switch.calls.values():
        there = set()
        for party in call.joined():
            leg = world.switch.legs.get(party.leg or "")
            up = leg is not None and leg.state is LegState.UP and leg.focus == call.id and not leg.hanging_up
            holds = leg is not None and leg.id != leg_id and leg.on_hold_by_phone and party.agent is not None
            if leg is not None and up and not party.held_by and not leg.farewell and not holds:
                there.add(leg.id)
        if leg_id in there:
            return there - {leg_id}
    return set()


def _still_announced(world: World) -> list[str]:
    """To whom something is played though somebody has come to talk to since it began."""
    return [
        f"{leg.id} hears an announcement, and not {newcomers}"
        for leg in world.switch.legs.values()
        if leg.playing is not None and not leg.farewell
        if (newcomers := company(world, leg.id) - world.among.get(leg.playing, set()))
    ]


def _rung_wrongly(world: World) -> list[str]:
    """Who is alone while somebody is rung for the call hears a ringing tone, and nobody else does."""
    found = []
    for leg in world.switch.legs.values():
        call = world.switch.calls.get(leg.focus or "")
        channel = world.asterisk.world.channels.get(leg.id)
        party = next((p for p in call.joined() if p.leg == leg.id), None) if call is not None else None
        if call is None or channel is None or party is None or leg.state is not LegState.UP or leg.playing is not None:
            continue
        if leg.on_hold_by_phone:  # it hears nothing that it could be sent
            continue
        offer = call.offering()
        rung = offer is not None and offer.state is OfferState.RINGING
        talking = [other for other in company(world, leg.id) if world.switch.legs[other].playing is None]
        wanted = rung and party.agent is not None and not party.held_by and not talking
        if wanted is not channel.ringback and not leg.hanging_up:
            found.append(f"{leg.id} hears {'no' if wanted else 'a'} ringing tone")
    return found


_ENOUGH = 3
"""As often in a row a phone may refuse by itself, in these tests."""
_DECLINES = frozenset({17, 21})


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
    """Nobody is rung again soon for a caller whom they declined; who talks, or is ready anew, refuses no more."""
    match effect:
        case e.SetActivity(agent, "on_call") | e.SetAgentState(agent):
            del world.refusing[agent]
        case e.CreateLeg(leg=leg, call=call_id):
            call, rung = world.switch.calls.get(call_id), world.switch.legs.get(leg)
            offer = call.offering() if call is not None else None
            waits = offer is not None and offer.by is None and not offer.fallback
            if waits and rung is not None and world.now < world.declined.get((call_id, rung.agent or ""), 0.0):
                world.alarms.append(f"{rung.agent} has declined this caller, and is rung again")


def may_ring(world: World, told: s.OtherPlaceFound) -> bool:
    """Whether the phone of which another place is told now is about to be rung, and not to answer by itself."""
    leg = world.switch.legs.get(told.leg)
    return leg is not None and leg.state is not LegState.UP and not (leg.hanging_up or leg.auto_answer)


def not_rung(told: s.OtherPlaceFound, effects: Sequence[e.Effect]) -> list[str]:
    """An agent's other phone, of which was told in this step, though it is not rung; an offer and a recall ring all."""
    rung = [effect.destination for effect in effects if isinstance(effect, e.CreateLeg)]
    places = [destination.place for destination in rung if isinstance(destination, Phone)]
    return [] if told.place in places else [f"{told.place} is not rung"]


def _refuses_for_ever(world: World) -> list[str]:
    """Who counts as ready though their phone has refused often enough."""
    refusing = (agent for agent, times in world.refusing.items() if times >= _ENOUGH and agent in world.agents.idle)
    return [f"{agent} is ready, and their phone refuses" for agent in refusing]


def _waits_for_who_went_home(world: World) -> list[str]:
    """Calls that are kept for agents who are logged out, but for a transfer of theirs that is told of in two parts."""
    return [
        f"{call.id} waits for {party.agent}, who went home"
        for call in world.switch.calls.values()
        for party in call.joined()
        if party.away and party.agent in world.gone_home and party.joining is None
    ]


def _overheard(world: World, call: Call, monitor: Monitor, pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """What a supervisor should hear, and who hears them: the agent whom they watch, or a colleague who speaks here."""
    phone = world.switch.legs.get(monitor.leg)
    if phone is None or phone.state is not LegState.UP or phone.hanging_up:
        return set()
    there = []
    for party in call.joined():
        leg = world.switch.legs.get(party.leg or "")
        if party.agent is None or party.held_by or leg is None or leg.id == monitor.lost or leg.on_hold_by_phone:
            continue
        channel = world.asterisk.world.channels.get(leg.id)
        if channel is not None and channel.music is not None:
            continue  # they wait, and who waits is not listened to
        if leg.focus == call.id and leg.state is LegState.UP and not leg.hanging_up:
            there.append((party.agent != monitor.watched, party.agent != call.owner, party.order, party, leg.id))
    if not there:
        return set()
    *_, party, leg_id = min(there, key=lambda found: found[:3])
    heard = {b for a, b in pairs if a == leg_id} | (set() if party.muted else {leg_id})
    deaf = party.deaf and world.switch.legs[leg_id].playing is None  # or the announcement could not be heard either
    whispered = {(leg_id, phone.id)} if monitor.mode is MonitorMode.WHISPER and not deaf else set()
    return {(phone.id, other) for other in heard} | whispered


def _displayed_otherwise(world: World) -> list[str]:
    """Phones of agents who talk and do not show the contact, as the contact is shown; what was chosen stays (S51)."""
    found = []
    for call in world.switch.calls.values():
        contact = next((p for p in call.joined() if p.role is PartyRole.CONTACT), None)
        for party in call.joined() if contact is not None and contact.identity.known else ():
            leg, channel = world.switch.legs.get(party.leg or ""), world.asterisk.world.channels.get(party.leg or "")
            if party.agent is None or leg is None or channel is None or leg.chosen or not leg.speaks_in(call.id):
                continue
            if contact is not None and channel.shown != contact.identity:
                found.append(f"{party.agent}'s phone shows {channel.shown}, and talks with {contact.identity}")
    return found


def wrong(world: World) -> list[str]:
    """What should not be, now that everything has happened that could."""
    found = [*world.alarms, *world.noticed, *world.lost]
    channels = set(world.asterisk.world.channels) - astray.awaited(world)
    if channels != set(world.switch.legs):
        found.append(f"leaked or lost channels: {channels ^ set(world.switch.legs)}")
    found += _of_nobody(world)
    found += _displayed_otherwise(world)
    monitors = [monitor for call in world.switch.calls.values() for monitor in call.monitors.values()]
    bridged: list[Call | Monitor] = [*world.switch.calls.values(), *monitors]
    made = {x.bridge for x in bridged if x.bridge_made}
    tried = {x.bridge for x in bridged if x.bridge_failures}
    for monitor in monitors:
        phone = world.switch.legs.get(monitor.leg)
        if phone is None or (phone.state is LegState.UP) != (monitor.progress is Progress.JOINED):
            found.append(f"{monitor} has another state than its phone")
        elif phone.state is LegState.UP and monitor.snoop is None and phone.id not in world.asterisk.music():
            found.append(f"{monitor} is in silence")
    if made - tried != world.asterisk.world.bridges - tried:
        found.append(f"leaked or lost bridges: {made ^ world.asterisk.world.bridges}")
    if world.asterisk.hears() != expected_hears(world):
        found.append(f"hears {world.asterisk.hears()}, should {expected_hears(world)}")
    if _told_to_hear(world) != world.asterisk.hears():
        found.append(f"is told to hear {_told_to_hear(world)}, and hears {world.asterisk.hears()}")
    for call in world.switch.calls.values():
        for party in call.joined():
            leg = world.switch.legs.get(party.leg or "")
            channel = world.asterisk.world.channels.get(party.leg or "")
            heard = channel is not None and channel.detecting
            if party.talking and (not heard or party.muted or party.held_by):
                found.append(f"{party.id} is said to speak, and cannot be heard")
            if leg is None or leg.focus != call.id or leg.state is not LegState.UP:  # rung again, it hears nothing
                continue
            if party.held_by and leg.playing is None and leg.id not in world.asterisk.music():
                found.append(f"{party.id} is on hold without music")
            if channel is not None and channel.music not in (None, _music_class(world, call)):
                found.append(f"{party.id} hears the music {channel.music}, should {_music_class(world, call)}")
    found += _still_announced(world)
    found += _refuses_for_ever(world)
    found += _waits_for_who_went_home(world)
    found += _rung_wrongly(world)
    found += _established_in_silence(world)
    found += _off_hold_too_soon(world)
    found += _recorded_wrongly(world, tried)
    found += _unanswered(world)
    found += _stale(world)
    busy = {
        p.agent
        for call in world.switch.calls.values()
        for p in call.parties.values()
        if p.agent and p.progress is not Progress.LEFT
    } | {monitor.agent for monitor in monitors}
    kept = {call.offer.reserved for call in world.switch.calls.values() if call.offer and call.offer.reserved}
    strays = {a for a in world.agents.activity if a not in busy | kept}
    if strays or busy - set(world.agents.activity):
        found.append(f"agents' activities are off: {strays} {busy - set(world.agents.activity)}")
    return found


def _told_to_hear(world: World) -> set[tuple[str, str]]:
    """Who hears whom, by leg, as windows are told (`call.hearing`)."""
    told = set()
    for call in world.switch.calls.values():
        legs = {p.id: p.leg for p in call.joined() if p.leg is not None}
        legs |= {monitor_ear(m.agent): m.leg for m in call.monitors.values()}
        for ear in hearing(call, world.switch.legs.get):
            told |= {(legs[ear.ear], legs[other]) for other in ear.hears}
            if (ear.sound == "talk") != bool(ear.hears):
                told.add((ear.ear, f"{ear.sound} is not so"))
    return told


def replayed_otherwise(world: World) -> list[str]:
    """Steps of stories that have other effects when they are run again with what they found."""
    stories = world.switch.stories
    steps = [step for call in stories.calls() for step in replay(call, stories.of(call) or ())]
    return [f"{step} is replayed otherwise" for step in steps if not step.same]


def _music_class(world: World, call: Call) -> str:
    """Who waits for a queue hears its music, everybody else that of the call."""
    offer = call.offer
    waits = offer is not None and offer.going_on and offer.target.type is TargetType.QUEUE
    queue = world.directory.queues.get(offer.target.id) if waits and offer is not None else None
    return (queue.music_class if queue is not None else None) or call.music_class


def _off_hold_too_soon(world: World) -> list[str]:
    """Whom a transfer or conference has on hold stays so while it rings (S12, S26)."""
    return [
        f"{call.id}: {party.id} is off hold while somebody is rung for it"
        for call in world.switch.calls.values()
        if (offer := call.offering()) is not None and offer.kind in (OfferKind.TRANSFER, OfferKind.CONFERENCE)
        for party in call.joined()
        if party.id in offer.held and not party.held_by and offer.by in {p.id for p in call.joined()}
    ]


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
    return [f"{agent} is told to have the call back, and is not there"] if rings else []


def _established_in_silence(world: World) -> list[str]:
    """Of a call that somebody sees as established, those who are said to be connected hear each other, whatever their
    legs are said to do; a contact's own phone is the contact's affair.
    """
    found = []
    hears = world.asterisk.hears()
    for call in world.switch.calls.values() if world.asterisk.connected else ():
        for viewer in (*sorted(p.agent for p in call.joined() if p.agent), "olga"):
            shown = world.shown(call, viewer)
            if (
                shown.state == "established"
                and len(call.joined()) > 1
                and len([p for p in shown.parties if p.state == "connected"]) < 2
            ):
                found.append(f"{call.id} is established for {viewer}, and nobody is connected")
            there = [call.parties[p.id] for p in shown.parties if p.state == "connected"]
            legs = {p.id: world.switch.legs.get(p.leg or "") for p in there}
            for a, b in ((a, b) for a in there for b in there if a is not b and not a.deaf and not b.muted):
                mine, theirs = legs[a.id], legs[b.id]
                excused = any(
                    leg is not None and (leg.playing or leg.hanging_up or (leg.on_hold_by_phone and leg.agent is None))
                    for leg in (mine, theirs)
                )
                if shown.state == "established" and not excused and (a.leg, b.leg) not in hears:
                    found.append(f"{call.id} is established for {viewer}, and {a.id} does not hear {b.id}")
    return found


def _recorded_wrongly(world: World, tried: set[str]) -> list[str]:
    """By the calls alone: each that is recorded has one file that is written, unless it is paused; no other has."""
    written = {tape.bridge: tape for tape in world.asterisk.world.tapes.values() if not tape.paused}
    live = [tape.bridge for tape in world.asterisk.world.tapes.values()]
    recorded = {c.bridge: c.recording for c in world.switch.calls.values() if c.recording and c.bridge_made}
    wanted = {bridge for bridge, recording in recorded.items() if not recording.paused}
    found = []
    if set(written) - tried != wanted - tried:
        found.append(f"records {set(written)}, should {wanted}")
    if len(live) != len(set(live)) or not set(live) - tried <= set(recorded):
        found.append(f"files are still open: {live}, of {set(recorded)}")
    return found


def _stale(world: World) -> list[str]:
    """What looking up would find of calls as they no longer are."""
    legs: dict[str, set[CallId]] = {}
    agents: dict[str, set[CallId]] = {}
    for call in world.switch.calls.values():
        for party in call.parties.values():
            if party.progress is not Progress.LEFT:
                for mine in party.legs:
                    legs.setdefault(mine, set()).add(call.id)
                if party.agent is not None:
                    agents.setdefault(party.agent, set()).add(call.id)
        for monitor in call.monitors.values():
            agents.setdefault(monitor.agent, set()).add(call.id)
            for leg in (monitor.leg, monitor.snoop.leg if monitor.snoop is not None else None):
                if leg is not None:
                    legs.setdefault(leg, set()).add(call.id)
    kept = world.switch.state
    same = ({k: set(v) for k, v in i.items()} for i in (kept.calls_of_leg, kept.calls_of_agent))
    return [] if list(same) == [legs, agents] else ["calls are looked up as they were"]


def _of_nobody(world: World) -> list[str]:
    """Legs that no call knows of, and that are on no way out."""
    calls = world.switch.calls.values()
    monitors = [monitor for call in calls for monitor in call.monitors.values()]
    known: set[str | None] = {leg for call in calls for party in call.parties.values() for leg in party.legs}
    known |= {leg for m in monitors for leg in (m.leg, m.snoop.leg if m.snoop is not None else None)}
    strays = [leg for leg in world.switch.legs.values() if leg.id not in known and not leg.farewell]
    return [f"a leg of nobody: {leg}" for leg in strays]


def _unanswered(world: World) -> list[str]:
    waiting = set(world.switch.state.pending)
    for name in world.asked - set(world.replies) - set(world.refusals):
        if name not in waiting:
            return [f"{name} was never answered"]
        if world.switch.state.pending[name].until == "done":
            return [f"{name} still waits for {world.switch.state.pending[name].effects}"]
    return []
