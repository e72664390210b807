"""Who hears whom in a call: read off what was requested of Asterisk for each leg, the same values that `media` derives.

An ear is a party, or a supervisor who listens (`monitor:<agent>`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ari_app.calls.model import Call, Leg, LegId, Media, Monitor, PartyId, Progress, Sound

type Heard = Literal["talk", "music", "ringing", "announcement", "silence"]
type Legs = Callable[[LegId], Leg | None]

_SOUNDS: dict[Sound, Heard] = {Sound.MUSIC: "music", Sound.RINGING: "ringing"}


@dataclass(frozen=True, slots=True)
class Ear:
    """What somebody hears: others of the call by their ids; `sound` is `talk` where anybody of them may speak."""

    ear: PartyId
    hears: tuple[PartyId, ...]
    sound: Heard


def monitor_ear(agent: str) -> str:
    """What a supervisor who listens is called."""
    return f"monitor:{agent}"


def hearing(call: Call, legs: Legs) -> tuple[Ear, ...]:
    """Of everybody who is in the call, in the order in which they joined, then of its supervisors."""
    there: dict[PartyId, Leg] = {}
    for party in call.joined():
        leg = legs(party.leg) if party.leg is not None else None
        if leg is not None and leg.speaks_in(call.id):
            there[party.id] = leg
    talk = {ear: [other for other in there if other != ear and _hears(there[ear], there[other])] for ear in there}
    overheard = {m.agent: _overheard(m, there, talk) for m in call.monitors.values() if _listens(m, legs)}
    for agent in overheard:
        _whisper(call.monitors[agent], there, talk)
    ears = [_ear(party.id, talk.get(party.id, []), there.get(party.id)) for party in call.joined()]
    return (
        *ears,
        *(_ear(monitor_ear(agent), heard, legs(call.monitors[agent].leg)) for agent, heard in overheard.items()),
    )


def _hears(ear: Leg, other: Leg) -> bool:
    mine, theirs = ear.requested or Media(), other.requested or Media()
    if mine.bridge is None or mine.bridge != theirs.bridge or ear.held_by_phone or other.held_by_phone:
        return False
    # Who has music and is heard by nobody hears the music alone.
    music_alone = mine.sound is Sound.MUSIC and mine.nobody_hears
    return not mine.hears_nobody and not theirs.nobody_hears and not music_alone


def _listens(monitor: Monitor, legs: Legs) -> bool:
    leg = legs(monitor.leg)
    return monitor.progress is Progress.JOINED and leg is not None and not leg.hanging_up


def _overheard(monitor: Monitor, there: dict[PartyId, Leg], talk: dict[PartyId, list[PartyId]]) -> list[PartyId]:
    """Through a snoop one hears whom its leg hears, and that leg unless it is muted."""
    of = _watched(monitor, there)
    if of is None:
        return []
    muted = (there[of].requested or Media()).nobody_hears
    return [*talk[of], *([] if muted else [of])]


def _whisper(monitor: Monitor, there: dict[PartyId, Leg], talk: dict[PartyId, list[PartyId]]) -> None:
    of = _watched(monitor, there)
    whispers = monitor.snoop is not None and monitor.snoop.whisper
    if of is not None and whispers and not (there[of].requested or Media()).hears_nobody:
        talk[of].append(monitor_ear(monitor.agent))


def _watched(monitor: Monitor, there: dict[PartyId, Leg]) -> PartyId | None:
    snoop = monitor.snoop
    if snoop is None or not snoop.up:
        return None
    return next((party for party, leg in there.items() if leg.id == snoop.of), None)


def _ear(name: str, hears: list[PartyId], leg: Leg | None) -> Ear:
    if hears:
        return Ear(name, tuple(hears), "talk")
    media = leg.requested if leg is not None else None
    if leg is not None and leg.playing is not None:
        return Ear(name, (), "announcement")
    if media is None or media.hears_nobody:
        return Ear(name, (), "silence")
    return Ear(name, (), _SOUNDS.get(media.sound, "silence"))
