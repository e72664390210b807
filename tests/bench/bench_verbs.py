"""Verb → heard in RTP, by the API, against the bare ARI requests on the same call, in turns; and what else mutes
somebody.

    docker/bench verbs     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_verbs

A caller and Alice talk. The time is that from sending the request until the last frame in which somebody is heard who
should not be: for mute and hold the caller by Alice, for deafen Alice by the caller, for hold both; of what undoes it,
until the first frame in which they are heard again. All use HTTP clients with their connections open.

The bare requests: `mute?direction=in`, `mute?direction=out`, and for hold `removeChannel`, then `moh`. Mute is also
done by aioari and by asyncari as they come from PyPI, on the same channel, and by `ConfBridge` (its command of the
manager interface) on another call that is up at the same time: another caller and Bob are in a `ConfBridge` there.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aioari
import aiohttp
import asyncari

from tests.bench.baselines import CONFERENCE, Baselines, baselines
from tests.bench.figures import Figure, begin, load, progress, spread, table, tell
from tests.bench.moments import FRAME, at_frame
from tests.bench.sides import Act, Api, Bare, bridge_of, connect
from tests.bots import Lab, answers
from tests.e2e.office import Office
from tests.e2e.stack import Stack

GOAL = 1.15
UNDONE = {"mute": "unmute", "deafen": "undeafen", "hold": "retrieve"}
# (who hears, who is heard) of which nothing may be left
ENDS = {
    "mute": (("alice", "caller"),),
    "deafen": (("caller", "alice"),),
    "hold": (("alice", "caller"), ("caller", "alice")),
}
CONFERRED = (("bob", "other"),)

type Heard = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Side:
    """How one side does and undoes a command, and who is then heard no longer."""

    do: Act
    undo: Act
    ends: Heard


def library(ari: Any, channel: str) -> Side:
    """By aioari or asyncari, which have the same operations."""
    return Side(
        lambda: ari.channels.mute(channelId=channel, direction="in"),
        lambda: ari.channels.unmute(channelId=channel, direction="in"),
        ENDS["mute"],
    )


def conference(made: Baselines, channel: str) -> Side:
    """By `ConfBridge`."""
    of = {"Conference": "bench", "Channel": channel}
    return Side(
        lambda: made.manager.do("ConfbridgeMute", **of), lambda: made.manager.do("ConfbridgeUnmute", **of), CONFERRED
    )


async def until_off(office: Office, act: Act, ends: Heard, offset: float) -> float:
    """Milliseconds from sending the request until nothing is left to be heard."""
    # `offset` into a frame of the one who is to be silenced, as their frames reach the other.
    await at_frame(office.lab[ends[0][0]], offset)
    sent = time.monotonic()
    await act()
    for hears, heard in ends:
        await office.lab[hears].hears_nothing_of(heard, stable=0.0)
    lasts = [office.lab[hears].timeline.last(heard, sent - 1.0) for hears, heard in ends]
    return (max(last for last in lasts if last is not None) - sent) * 1000


async def until_on(office: Office, act: Act, ends: Heard, offset: float) -> float:
    """Milliseconds from sending the request until all are heard again."""
    await asyncio.sleep(offset)
    sent = time.monotonic()
    await act()
    firsts = [await office.lab[hears].first_hears(heard, after=sent) for hears, heard in ends]
    await office.lab.hears(*ends, stable=0.1)
    return (max(firsts) - sent) * 1000


async def conferring(office: Office, stack: Stack) -> str:
    """Another caller and Bob are in a `ConfBridge`; that caller's channel."""
    before = {channel["name"] for channel in await stack.asterisk_has("channels")}
    (bob,) = await office.agents("bob")
    other = await office.caller("other", "+33612345679")
    other.dial(CONFERENCE)
    bob.phone.dial(CONFERENCE)
    await office.lab.hears(("bob", "other"), ("other", "bob"))
    names = {channel["name"] for channel in await stack.asterisk_has("channels")} - before
    return str(next(name for name in names if name.startswith("PJSIP/carrier")))


def goal(side: str) -> float | None:
    """Against bare requests alone."""
    return GOAL if side == "bare ARI" else None


type Times = dict[tuple[str, str], list[float]]


async def measure(office: Office, sides: Mapping[str, Mapping[str, Side]], rounds: int, seed: int) -> Times:
    """All commands, each by all of its sides in turn: milliseconds by (command, side)."""
    times: Times = {}
    dice = random.Random(seed)
    offsets = {command: spread(rounds, FRAME, seed + i) for i, command in enumerate(sides)}
    for round_ in range(-2, rounds):
        for command, ways in sides.items():
            for name in dice.sample(list(ways), len(ways)):
                side, offset = ways[name], offsets[command][max(round_, 0)]
                off = await until_off(office, side.do, side.ends, offset)
                on = await until_on(office, side.undo, side.ends, offset)
                if round_ >= 0:
                    times.setdefault((command, name), []).append(off)
                    times.setdefault((UNDONE[command], name), []).append(on)
        if round_ >= 0:
            progress(round_ + 1, rounds)
    return times


async def run(stack: Stack, rounds: int, seed: int, file: Path | None) -> None:
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier)
    office = Office(lab, stack, {})
    began = load()
    try:
        async with AsyncExitStack() as opened:
            made = await opened.enter_async_context(baselines(stack))
            ari = await opened.enter_async_context(aiohttp.ClientSession(headers=stack.ari_headers))
            api = await opened.enter_async_context(aiohttp.ClientSession())
            (alice,) = await office.agents("alice", behaviour=answers())
            await connect(office, await office.caller(), alice)
            api.headers["Authorization"] = f"Bearer {await stack.login(api, 'alice')}"
            channel, bridge = await bridge_of(stack, ari)
            bare, ours = Bare(stack, ari, channel, bridge), Api.of(stack, api, alice)
            sides = {
                command: {
                    "ours": Side(ours.act(command), ours.act(UNDONE[command]), ends),
                    "bare ARI": Side(getattr(bare, command), getattr(bare, UNDONE[command]), ends),
                }
                for command, ends in ENDS.items()
            }
            by_aioari = await aioari.connect(stack.ari, stack.ari_user, stack.ari_password)
            opened.push_async_callback(by_aioari.close)
            by_asyncari = await opened.enter_async_context(
                asyncari.connect(f"{stack.ari}/", "bench-asyncari", stack.ari_user, stack.ari_password)
            )
            sides["mute"] |= {
                "aioari": library(by_aioari, channel),
                "asyncari": library(by_asyncari, channel),
                "ConfBridge": conference(made, await conferring(office, stack)),
            }
            times = await measure(office, sides, rounds, seed)
            async with api.post(f"{stack.api}/v1/logout"):
                pass
            for bot in lab.bots.values():
                bot.hangup()
            await stack.no_calls()
    finally:
        await office.close()
    figures = [
        # No pairs: a frame that is just missed is a ratio of many.
        Figure(f"{command} → heard", side, goal(side), ours=times[command, "ours"], baseline=took, paired=False)
        for (command, side), took in times.items()
        if side != "ours"
    ]
    print(table(figures))
    tell("verbs", file, began=began, figures=figures)


if __name__ == "__main__":
    begin(run, __doc__, 30)
