"""What should be, by the calls and parties alone: an account kept apart from the machine's own, and from `media`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from ari_app.calls.model import (
    Call,
    CallId,
    Leg,
    LegState,
    Monitor,
    OfferKind,
    PartyRole,
    Progress,
)
from ari_app.calls.replay import replay
from ari_app.calls.state import is_recorded, is_unreached
from ari_app.engine.storyfile import read, write
from ari_app.routing.hours import Chosen
from ari_app.routing.targets import TargetType
from ari_app.testing.asterisk_model import State
from tests.support import astray, wellformed
from tests.support.earshot import established_in_silence, expected_hears, rung_wrongly, shown_to_hear, still_announced

if TYPE_CHECKING:
    from tests.support.world import World

_ENOUGH = 3
"""As often in a row a phone may refuse by itself, in these tests."""


def _refuses_for_ever(world: World) -> list[str]:
    """Who counts as ready though their phone has refused often enough."""
    refusing = (agent for agent, times in world.refusing.items() if times >= _ENOUGH and agent in world.agents.idle)
    return [f"{agent} is ready, and their phone refuses" for agent in refusing]


def never_dialled(world: World) -> list[str]:
    """Phones that are said to be rung, and that nobody has dialled: whoever waits for them waits in vain."""
    channels = world.asterisk.world.channels
    return [
        f"{leg.id} is said to be dialled, and is not"
        for leg in world.switch.legs.values()
        if leg.state is LegState.DIALLING and leg.id in channels and channels[leg.id].state is State.CREATED
    ]


def to_be_rung(world: World) -> set[str]:
    """Legs that were decided for a call in which somebody is there, and of which Asterisk does not know yet. Not where
    somebody has hung up and that is yet to be heard of: the call may be over by then, and nobody is rung for it.
    """
    channels, state = world.asterisk.world.channels, world.switch.state
    gone = {leg.id for leg in world.switch.legs.values() if leg.state is LegState.UP and leg.id not in channels}
    return {
        leg.id
        for leg in world.switch.legs.values()
        if leg.state is LegState.CREATING
        and leg.destination
        and not (leg.tie or leg.hanging_up or leg.id in channels)
        and any(
            party.leg in channels and party.progress is Progress.JOINED
            for call in state.calls_of_leg.get(leg.id, ())
            if gone.isdisjoint(party.leg or "" for party in state.calls[call].joined())
            for party in state.calls[call].parties.values()
        )
    }


def _not_found_again(world: World) -> list[str]:
    """Calls that are looked for by what they are, and would not be found; and those that would be found in vain."""
    state = world.switch.state
    unreached = {call.id for call in state.calls.values() if is_unreached(call)}
    recorded = {call.id for call in state.calls.values() if is_recorded(call)}
    return [
        f"{call} is not found by what it is"
        for call in sorted((unreached ^ state.unreached.keys()) | (recorded ^ state.recorded.keys()))
    ]


def _waits_for_who_went_home(world: World) -> list[str]:
    """Calls that are kept for agents who are logged out or listed no longer, but for a transfer of theirs that is
    reported in two parts.
    """
    return [
        f"{call.id} waits for {party.agent}, who went home"
        for call in world.switch.calls.values()
        for party in call.joined()
        if party.away and party.joining is None
        if party.agent in world.gone_home or party.agent not in world.directory.agents
    ]


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


def _waits_where_it_is_closed(world: World) -> list[str]:
    """Callers whom a target that sends away who waits keeps for ever; a call-back is kept until they are reached."""
    found = []
    for call in world.switch.calls.values():
        offer = call.offering() if call.to_call_back() is None else None
        entry = world.directory.opened(offer.target) if offer is not None else None
        override = world.overrides.get(str(offer.target)) if offer is not None else None
        if offer is None or entry is None or override is None or offer.by is not None or offer.fallback:
            continue
        closed = override.counts(world.now) and override.chosen is Chosen.CLOSED
        if closed and entry.closed.release and (offer.closes_at is None or offer.closes_at > world.now):
            found.append(f"{call.id} waits for {offer.target}, which is closed")
    return found


def wrong(world: World) -> list[str]:
    """What should not be, now that everything has happened that could."""
    monitors = [monitor for call in world.switch.calls.values() for monitor in call.monitors.values()]
    bridged: list[Call | Monitor] = [*world.switch.calls.values(), *monitors]
    tried = {x.bridge for x in bridged if x.bridge_failures}
    return [
        *(*world.alarms, *world.noticed, *world.lost),
        *_channels(world),
        *_not_found_again(world),
        *_kept_otherwise(world),
        *_of_nobody(world),
        *_displayed_otherwise(world),
        *never_dialled(world),
        *_monitors(world, monitors),
        *_bridges(world, bridged, tried),
        *_elsewhere(world),
        *_hearing(world),
        *_parties(world),
        *still_announced(world),
        *_refuses_for_ever(world),
        *_waits_for_who_went_home(world),
        *_waits_where_it_is_closed(world),
        *rung_wrongly(world),
        *established_in_silence(world),
        *_off_hold_too_soon(world),
        *_recorded_wrongly(world, tried),
        *_unanswered(world),
        *_stale(world),
        *_activities(world, monitors),
    ]


def _channels(world: World) -> list[str]:
    difference = (set(world.asterisk.world.channels) - astray.awaited(world)) ^ set(world.switch.legs)
    return [f"leaked or lost channels: {difference}"] if difference else []


@lru_cache(1024)
def _read_call(kept: bytes) -> Call:
    return wellformed.CALL.validate_json(kept)


@lru_cache(1024)
def _read_leg(kept: bytes) -> Leg:
    return wellformed.LEG.validate_json(kept)


def _kept_otherwise(world: World) -> list[str]:
    """A controller that starts anew finds what there is now."""
    calls = {call_id: _read_call(kept) for call_id, kept in world.saved_calls.items()}
    legs = {leg_id: _read_leg(kept) for leg_id, kept in world.saved_legs.items()}
    wrong = ["calls are not kept as they are"] if calls != world.switch.calls else []
    return [*wrong, "legs are not kept as they are"] if legs != world.switch.legs else wrong


def _monitors(world: World, monitors: Sequence[Monitor]) -> list[str]:
    found = []
    for monitor in monitors:
        phone = world.switch.legs.get(monitor.leg)
        if phone is None or (phone.state is LegState.UP) != (monitor.progress is Progress.JOINED):
            found.append(f"{monitor} has another state than its phone")
        elif phone.state is LegState.UP and monitor.snoop is None and phone.id not in world.asterisk.music():
            found.append(f"{monitor} is in silence")
    return found


def _bridges(world: World, bridged: Sequence[Call | Monitor], tried: set[str]) -> list[str]:
    made = {x.bridge for x in bridged if x.bridge_made}
    difference = (made ^ world.asterisk.world.bridges) - tried
    return [f"leaked or lost bridges: {difference}"] if difference else []


def _elsewhere(world: World) -> list[str]:
    """Each leg is in the bridge into which it was moved: who is on hold, or has no company yet, will hear it later."""
    channels = world.asterisk.world.channels
    return [
        f"{leg.id} is in {channels[leg.id].bridge}, should be in {leg.requested.bridge}"
        for leg in world.switch.legs.values()
        if leg.requested is not None and leg.id in channels and channels[leg.id].bridge != leg.requested.bridge
    ]


def _hearing(world: World) -> list[str]:
    heard, expected, shown = world.asterisk.hears(), expected_hears(world), shown_to_hear(world)
    found = [f"hears {heard}, should {expected}"] if heard != expected else []
    return [*found, f"is shown to hear {shown}, and hears {heard}"] if shown != heard else found


def _parties(world: World) -> list[str]:
    """Who speaks, and what those hear who are on hold."""
    found = []
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
    return found


def _activities(world: World, monitors: Sequence[Monitor]) -> list[str]:
    busy = {
        p.agent
        for call in world.switch.calls.values()
        for p in call.parties.values()
        if p.agent and p.progress is not Progress.LEFT
    } | {monitor.agent for monitor in monitors}
    kept = {call.offer.reserved for call in world.switch.calls.values() if call.offer and call.offer.reserved}
    busy &= world.directory.agents.keys()  # of others nothing is known any more
    strays = {a for a in world.agents.activity if a not in busy | kept}
    idle = busy - set(world.agents.activity)
    return [f"agents' activities are off: {strays} {idle}"] if strays or idle else []


def replayed_otherwise(world: World) -> list[str]:
    """Steps of stories that have other effects when they are run again, out of a file, with what they found."""
    stories = world.switch.stories
    files = [write(call, stories.of(call) or ()) for call in stories.calls()]
    steps = [step for file in files for step in replay(*read(file))]
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


def _recorded_wrongly(world: World, tried: set[str]) -> list[str]:
    """By the calls alone: each that is recorded has one file that is written, unless it is paused; no other has."""
    tapes = [tape for tape in world.asterisk.world.tapes.values() if tape.bridge is not None]
    written = {tape.bridge: tape for tape in tapes if not tape.paused}
    live = [tape.bridge for tape in tapes]
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
        if call.awaits is not None and call.awaits.party is None:
            legs.setdefault(call.awaits.tie, set()).add(call.id)
        for monitor in call.monitors.values():
            agents.setdefault(monitor.agent, set()).add(call.id)
            for leg in (monitor.leg, monitor.snoop.leg if monitor.snoop is not None else None):
                if leg is not None:
                    legs.setdefault(leg, set()).add(call.id)
    kept = world.switch.state
    same = [{k: set(v) for k, v in i.items()} for i in (kept.calls_of_leg, kept.calls_of_agent, kept.legs_of_agent)]
    phones: dict[str, set[str]] = {}
    for known in world.switch.legs.values():
        if known.agent is not None:
            phones.setdefault(known.agent, set()).add(known.id)
    return [] if same == [legs, agents, phones] else ["calls or legs are looked up as they were"]


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
    for name in world.requested - set(world.replies) - set(world.refusals):
        if name not in waiting:
            return [f"{name} was never answered"]
        if world.switch.state.pending[name].until == "done":
            return [f"{name} still waits for {world.switch.state.pending[name].effects}"]
    return []
