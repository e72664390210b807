"""When phones do what is timed: at places of a frame that both sides share, so that neither is lucky."""

from __future__ import annotations

import asyncio
import time

from tests.bots import Call, Lab
from tests.bots.station import Station

FRAME = 0.020
LIFTS_AFTER = 0.1
"""A person takes longer; this lets the ringing side settle."""


def until_frame(lab: Lab, *calls: Call) -> float:
    """Seconds until the first of these calls speaks again; their frames lie 5 ms apart from now on, in this order.

    Where a call's frames lie depends on how many calls the lab has, and so would the time until both are heard: it is
    a transfer that has one more.
    """
    clock = lab.studio.clock
    streams = [call.audio.stream for call in calls]
    others = [each.audio.stream for bot in lab.bots.values() for each in bot.live if each not in calls]
    for stream in (*streams, *others):
        clock.remove(stream)
    for stream in (*streams, *others):
        clock.add(stream)
    # The clock's own counters: nothing else tells which of its groups is next.
    turns = -clock._turn % clock.GROUPS
    return max(0.0, clock._due - time.monotonic()) + turns * FRAME / clock.GROUPS


async def answers_at(lab: Lab, who: Station, other: Station, after: float) -> float:
    """Who rings answers, `after` into a frame of the other's; when the 200 was sent."""
    call = await who.rings()
    await asyncio.sleep(LIFTS_AFTER)
    await asyncio.sleep(until_frame(lab, other.call, call) + after)
    call.answer()
    return call.stamps["200 sent"]


async def both_hear(one: Station, other: Station, since: float) -> float:
    """Milliseconds from `since` until the first frame of each has come to the other, whichever is later."""
    heard = [await one.first_hears(other.name, after=since), await other.first_hears(one.name, after=since)]
    return (max(heard) - since) * 1000


async def at_frame(hearer: Station, offset: float) -> None:
    """Until `offset` into a frame of those that come to that phone."""
    frames = hearer.call.audio.ear
    await asyncio.sleep((frames.last_frame + offset - time.monotonic()) % FRAME)
