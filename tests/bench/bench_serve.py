"""Ready → the phone rings for the caller who waits; a bare originate to the same phone; `app_queue`; in turns.

    docker/bench serve     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_serve

The time is that from sending the request (`PUT /v1/me/state`; ARI's `POST channels`; `QueuePause` of the manager
interface, for a member who was paused) until the INVITE has come. What ours does meanwhile: the state into Redis, the
change reported, a reservation, the first of the queue found, a channel made, joined to its bridge and dialled.
`app_queue` looks once a second whether somebody is free for who waits (its `retry`, which can't be shorter).
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.bench.baselines import QUEUE, Baselines, baselines
from tests.bench.figures import Figure, begin, load, progress, table, tell
from tests.bots import Contact, Lab
from tests.e2e.office import Agent, Office
from tests.e2e.stack import Stack

GOALS = {"bare originate": 2.5, "app_queue": 1.5}
OURS_QUEUE = "3000"
ECHO = "*43"


@dataclass
class Scene:
    """Carol, whose phone rings; and who calls."""

    stack: Stack
    session: aiohttp.ClientSession
    made: Baselines
    carol: Agent
    caller: Contact

    async def rings(self, request: Awaitable[object]) -> float:
        """Milliseconds from sending the request to the INVITE."""
        sent = time.monotonic()
        done = asyncio.ensure_future(request)
        await self.carol.phone.rings()
        took = (time.monotonic() - sent) * 1000
        await done
        return took

    async def waits(self, number: str) -> None:
        """The caller, with music."""
        self.caller.dial(number)
        await self.caller.hears_music(within=8)

    async def over(self) -> None:
        """The caller gives up."""
        self.caller.hangup()
        await self.carol.phone.ended()


async def ours(scene: Scene) -> float:
    await scene.waits(OURS_QUEUE)
    took = await scene.rings(scene.carol.command("PUT", "/v1/me/state", {"state": "ready"}))
    await scene.over()
    await scene.carol.command("PUT", "/v1/me/state", {"state": "not_ready", "reason": "break"})
    await scene.carol.is_now("not_ready")
    return took


async def originated(scene: Scene) -> float:
    channel = f"bench-{time.monotonic_ns()}"
    where = {"endpoint": f"PJSIP/{scene.carol.phone.user}", "extension": ECHO, "context": "from-phones"}
    url = f"{scene.stack.ari}/ari/channels/{channel}"

    async def make() -> None:
        async with scene.session.post(url, params=where) as response:
            await response.read()

    took = await scene.rings(make())
    async with scene.session.delete(url):
        pass
    await scene.carol.phone.ended()
    return took


async def app_queue(scene: Scene) -> float:
    phone = scene.carol.phone.user
    member = {"Queue": f"bench-{phone}", "Interface": f"PJSIP/{phone}"}
    await scene.made.manager.do("QueuePause", **member, Paused="true")
    await scene.waits(f"{QUEUE}{phone}")
    await asyncio.sleep(random.random())
    took = await scene.rings(scene.made.manager.do("QueuePause", **member, Paused="false"))
    await scene.over()
    return took


WAYS: dict[str, Callable[[Scene], Awaitable[float]]] = {
    "ours": ours, "bare originate": originated, "app_queue": app_queue,
}  # fmt: skip


async def run(stack: Stack, rounds: int, seed: int, file: Path | None) -> None:
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=8)
    office = Office(lab, stack, {})
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    dice = random.Random(seed)
    began = load()
    try:
        carol = await office.agent("carol", ready=False)
        async with (
            aiohttp.ClientSession(headers=stack.ari_headers) as session,
            baselines(stack, [carol.phone.user]) as made,
        ):
            scene = Scene(stack, session, made, carol, await office.caller())
            for round_ in range(-2, rounds):
                for name in dice.sample(list(WAYS), len(WAYS)):
                    took = await WAYS[name](scene)
                    if round_ >= 0:
                        times[name].append(took)
                if round_ >= 0:
                    progress(round_ + 1, rounds)
    finally:
        await office.close()
    figures = [
        Figure("ready → next caller rings", name, goal, ours=times["ours"], baseline=times[name])
        for name, goal in GOALS.items()
    ]
    print(table(figures))
    tell("serve", file, began=began, figures=figures)


if __name__ == "__main__":
    begin(run, __doc__, 30)
