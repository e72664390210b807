"""Who should hear whom, by the calls and parties alone: apart from the machine's own `media` and `hearing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ari_app.calls.hearing import hearing, monitor_ear
from ari_app.calls.model import (
    Call,
    LegState,
    Monitor,
    MonitorMode,
    OfferState,
)

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
            if leg.held_by_phone:
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


def _overheard(world: World, call: Call, monitor: Monitor, pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """What a supervisor should hear, and who hears them: the agent whom they watch, or a colleague who speaks here."""
    phone = world.switch.legs.get(monitor.leg)
    if phone is None or phone.state is not LegState.UP or phone.hanging_up:
        return set()
    there = []
    for party in call.joined():
        leg = world.switch.legs.get(party.leg or "")
        if party.agent is None or party.held_by or leg is None or leg.id == monitor.lost or leg.held_by_phone:
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


def company(world: World, leg_id: str) -> set[str]:
    """The legs of those whom this one could talk to, were nothing played to anybody."""
    for call in world.switch.calls.values():
        there = set()
        for party in call.joined():
            leg = world.switch.legs.get(party.leg or "")
            up = leg is not None and leg.state is LegState.UP and leg.focus == call.id and not leg.hanging_up
            holds = leg is not None and leg.id != leg_id and leg.held_by_phone and party.agent is not None
            if leg is not None and up and not party.held_by and not leg.farewell and not holds:
                there.add(leg.id)
        if leg_id in there:
            return there - {leg_id}
    return set()


def still_announced(world: World) -> list[str]:
    """To whom something is played though somebody has come to talk to since it began."""
    return [
        f"{leg.id} hears an announcement, and not {newcomers}"
        for leg in world.switch.legs.values()
        if leg.playing is not None and not leg.farewell
        if (newcomers := company(world, leg.id) - world.among.get(leg.playing, set()))
    ]


def rung_wrongly(world: World) -> list[str]:
    """Who is alone while somebody is rung for the call hears a ringing tone, and nobody else does."""
    found = []
    for leg in world.switch.legs.values():
        call = world.switch.calls.get(leg.focus or "")
        channel = world.asterisk.world.channels.get(leg.id)
        party = next((p for p in call.joined() if p.leg == leg.id), None) if call is not None else None
        if call is None or channel is None or party is None or leg.state is not LegState.UP or leg.playing is not None:
            continue
        if leg.held_by_phone:  # it hears nothing that it could be sent
            continue
        offer = call.offering()
        rung = offer is not None and offer.state is OfferState.RINGING
        talking = [other for other in company(world, leg.id) if world.switch.legs[other].playing is None]
        wanted = rung and party.agent is not None and not party.held_by and not talking
        if wanted is not channel.ringback and not leg.hanging_up:
            found.append(f"{leg.id} hears {'no' if wanted else 'a'} ringing tone")
    return found


def shown_to_hear(world: World) -> set[tuple[str, str]]:
    """Who hears whom, by leg, as windows are notified (`call.hearing`)."""
    reported = set()
    for call in world.switch.calls.values():
        legs = {p.id: p.leg for p in call.joined() if p.leg is not None}
        legs |= {monitor_ear(m.agent): m.leg for m in call.monitors.values()}
        for ear in hearing(call, world.switch.legs.get):
            reported |= {(legs[ear.ear], legs[other]) for other in ear.hears}
            if (ear.sound == "talk") != bool(ear.hears):
                reported.add((ear.ear, f"{ear.sound} is not so"))
    return reported


def established_in_silence(world: World) -> list[str]:
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
                    leg is not None and (leg.playing or leg.hanging_up or (leg.held_by_phone and leg.agent is None))
                    for leg in (mine, theirs)
                )
                if shown.state == "established" and not excused and (a.leg, b.leg) not in hears:
                    found.append(f"{call.id} is established for {viewer}, and {a.id} does not hear {b.id}")
    return found
