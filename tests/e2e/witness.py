"""That a conversation was not disturbed: what every bot heard in a stretch of time, frame by frame."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from tests.bots import pairs
from tests.bots.sound import NOTHING, Sound
from tests.e2e.office import Agent, Office

LONGEST_GAP = 0.3
"""Seconds for which a voice may be missing: late packets on a busy machine. Whatever else is heard never may be."""

CATCHES_UP = 0.2
"""Seconds after the bots stood still in which others still lack what they did not send."""

_ELSE = frozenset({Sound.MUSIC, Sound.SPEECH, Sound.RINGING})


@asynccontextmanager
async def undisturbed(
    office: Office, *talks: str, among: Iterable[str] = (), music: Iterable[str] = ()
) -> AsyncIterator[None]:
    """Exactly these hear each other from the block's begin to its end: nobody and nothing else, and no gap. Who is on
    hold (`music`) hears that without a gap."""
    names = sorted(among or office.lab.bots)
    await office.hears(*talks, among=names)
    since = time.monotonic()
    yield
    await office.hears(*talks, among=names)
    disturbances = list(_disturbances(office, talks, names, since, time.monotonic()))
    disturbances += _without_music(office, music, since, time.monotonic())
    assert not disturbances, "\n".join(
        ["a conversation was disturbed", *disturbances, office.lab.board.recent(last=60)]
    )


def _disturbances(
    office: Office, talks: tuple[str, ...], names: list[str], since: float, until: float
) -> Iterable[str]:
    wanted = pairs(*talks)
    for name in names:
        voices = frozenset(voice for hearer, voice in wanted if hearer == name)
        for begin, end, heard in office.lab[name].timeline.stretches(since, until):
            at = f"{name} at {begin - office.lab.board.epoch:.3f} for {end - begin:.3f} s"
            if surplus := (heard.voices & set(names)) - voices:
                yield f"{at}: hears {', '.join(sorted(surplus))}"
            elif voices and (heard.sound in _ELSE or (voices - heard.voices and _lacks(office, begin, end))):
                yield f"{at}: hears {heard} instead of {', '.join(sorted(voices))}"


def _without_music(office: Office, names: Iterable[str], since: float, until: float) -> Iterable[str]:
    for name in names:
        for begin, end, heard in office.lab[name].timeline.stretches(since, until):
            if heard.sound in NOTHING | {Sound.RINGING, Sound.IDLE} and _lacks(office, begin, end):
                at = f"{name} at {begin - office.lab.board.epoch:.3f} for {end - begin:.3f} s"
                yield f"{at}: hears {heard} instead of music"


def _lacks(office: Office, begin: float, end: float) -> bool:
    return without_stalls(begin, end, office.lab.stalls) > LONGEST_GAP


def without_stalls(begin: float, end: float, stalls: Iterable[tuple[float, float]]) -> float:
    """Seconds of a gap, but for those in which the bots themselves stood still, or what they sent had not come yet."""
    left, at = 0.0, begin
    for since, until in sorted((since, until + CATCHES_UP) for since, until in stalls):
        left += max(0.0, min(since, end) - at)
        at = max(at, until)
    return left + max(0.0, end - at)


async def reopen(*agents: Agent) -> None:
    """Open the desktops again, as a browser does after the server was away; only what they see then counts."""
    for agent in agents:
        await agent.close(log_out=False)
        await agent.login(f"{agent.name}-demo")
