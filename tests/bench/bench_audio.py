"""Answer → first audio both ways, ours against what Asterisk does without us, with the same bots, in turns.

    docker/bench audio     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_audio

* a call to Alice's number / `Dial()`
* a transfer: the caller reaches Bob by way of Alice / `Dial()`; / `Answer()`, then `Dial()`, where the caller's audio
  runs already when Bob answers, as it does in a transfer; / the blind transfer of `features.conf`, by keys of Alice's
  phone
* a consultation: Bob's answer until Alice and Bob hear each other / the attended transfer of `features.conf`; and its
  completion, until the caller and Bob do / the same, by Alice's hanging up
* a caller of a queue: the agent's answer / `app_queue`

The time is that from the 200 (or the request, or the BYE) until the first frame of the other has come to either,
whichever is later. Nothing can be heard before the next frame of 20 ms: so phones answer, in all ways of a round, at
the same place of a frame, evenly spread over the rounds.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.bench.baselines import ANSWER_DIAL, ATTENDED, BLIND, DIAL, QUEUE, WITH_TRANSFERS, baselines
from tests.bench.figures import Figure, begin, load, progress, spread, table, tell
from tests.bench.moments import FRAME, answers_at, both_hear
from tests.bots import Contact, Lab
from tests.bots.station import Station
from tests.e2e.office import PHONES, Agent, Office
from tests.e2e.stack import Stack

GOAL = 1.05
QUEUE_OURS = "3000"

type Times = dict[str, float]


@dataclass
class Scene:
    """Alice and Bob, who have desktops and are in no queue; Dave, who serves one; and a caller."""

    office: Office
    caller: Contact
    alice: Agent
    bob: Agent
    dave: Agent

    @property
    def lab(self) -> Lab:
        return self.office.lab

    async def over(self) -> None:
        """Whatever is up ends, and all are as before."""
        self.caller.hangup()
        await self.caller.ended()
        for agent in (self.alice, self.bob, self.dave):
            agent.phone.hangup()
            if agent.phone.calls:
                await agent.phone.ended()
        await self.alice.is_now("ready")
        await self.bob.is_now("ready")

    async def answered(self, who: Agent, after: float, other: Station | None = None) -> float:
        """Milliseconds from their answer until they and the other (the caller) hear each other."""
        other = other or self.caller
        since = await answers_at(self.lab, who.phone, other, after)
        return await both_hear(other, who.phone, since)

    async def with_alice(self, number: str) -> None:
        """The caller talks to Alice."""
        self.caller.dial(number)
        (await self.alice.phone.rings()).answer()
        await self.lab.hears(("caller", "alice"), ("alice", "caller"), stable=0.1)


async def call(scene: Scene, after: float) -> Times:
    scene.caller.dial(PHONES["alice"])
    return {"call": await scene.answered(scene.alice, after)}


async def transfer(scene: Scene, after: float) -> Times:
    await scene.with_alice(PHONES["alice"])
    await scene.alice.sees_state("established")
    await scene.alice.do("single-step-transfer", target="agent:bob")
    return {"transfer": await scene.answered(scene.bob, after)}


async def dialled(scene: Scene, after: float) -> Times:
    scene.caller.dial(f"{DIAL}{PHONES['bob']}")
    return {"Dial()": await scene.answered(scene.bob, after)}


async def answered_before(scene: Scene, after: float) -> Times:
    scene.caller.dial(f"{ANSWER_DIAL}{PHONES['bob']}")
    return {"Answer(), Dial()": await scene.answered(scene.bob, after)}


async def blind(scene: Scene, after: float) -> Times:
    await scene.with_alice(f"{WITH_TRANSFERS}{PHONES['alice']}")
    await press(scene.alice, BLIND)
    return {"blind": await scene.answered(scene.bob, after)}


async def consultation(scene: Scene, after: float) -> Times:
    await scene.with_alice(PHONES["alice"])
    await scene.alice.sees_state("established")
    second = str((await scene.alice.do("initiate-transfer", target="agent:bob"))["id"])
    consulted = await scene.answered(scene.bob, after, scene.alice.phone)
    await scene.alice.sees(lambda seen: seen["id"] == second and seen["state"] == "established", "consults")
    since = time.monotonic()
    await scene.alice.do("complete-transfer", second)
    return {"consultation": consulted, "completed": await both_hear(scene.caller, scene.bob.phone, since)}


async def attended(scene: Scene, after: float) -> Times:
    await scene.with_alice(f"{WITH_TRANSFERS}{PHONES['alice']}")
    await press(scene.alice, ATTENDED)
    consulted = await scene.answered(scene.bob, after, scene.alice.phone)
    since = time.monotonic()
    scene.alice.phone.hangup()
    return {"attended": consulted, "hung up": await both_hear(scene.caller, scene.bob.phone, since)}


async def press(agent: Agent, keys: str) -> None:
    """The code of a transfer, then, once its prompt is heard, Bob's number."""
    await agent.phone.call.send_dtmf(keys)
    await agent.phone.hears_speech()
    # Once it is transferred the phone is hung up, with the last key still down.
    await asyncio.wait([asyncio.ensure_future(agent.phone.call.send_dtmf(PHONES["bob"]))])


async def queued(scene: Scene, after: float) -> Times:
    scene.caller.dial(QUEUE_OURS)
    await scene.caller.hears_music(within=8)
    await scene.dave.command("PUT", "/v1/me/state", {"state": "ready"})
    took = await scene.answered(scene.dave, after)
    scene.caller.hangup()
    await scene.dave.phone.ended()
    await scene.dave.command("PUT", "/v1/me/state", {"state": "not_ready", "reason": "break"})
    return {"queue": took}


async def app_queue(scene: Scene, after: float) -> Times:
    scene.caller.dial(f"{QUEUE}{PHONES['dave']}")
    return {"app_queue": await scene.answered(scene.dave, after)}


WAYS: tuple[Callable[[Scene, float], Awaitable[Times]], ...] = (
    call, transfer, dialled, answered_before, blind, consultation, attended, queued, app_queue,
)  # fmt: skip
FIGURES = (
    ("call", "call, answer → audio", "Dial()", None),
    ("transfer", "transfer, answer → audio", "Dial()", GOAL),
    ("transfer", "transfer, answer → audio", "Answer(), Dial()", None),
    ("transfer", "transfer, answer → audio", "blind", None),
    ("consultation", "consultation, answer → audio", "attended", None),
    ("completed", "consultation completed → audio", "hung up", None),
    ("queue", "queue, answer → audio", "app_queue", None),
)
"""Of what is timed: whose, its name, against what, and the goal."""
SAID = {"blind": "features.conf", "attended": "features.conf", "hung up": "features.conf"}


async def run(stack: Stack, rounds: int, seed: int, file: Path | None) -> None:
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier)
    office = Office(lab, stack, {})
    times: dict[str, list[float]] = {}
    dice = random.Random(seed)
    began = load()
    try:
        async with baselines(stack, [PHONES["dave"]]):
            alice, bob = await office.agents("alice", "bob")
            dave = await office.agent("dave", ready=False)
            scene = Scene(office, await office.caller(), alice, bob, dave)
            for way in WAYS:
                await way(scene, 0.0)  # everything is warm
                await scene.over()
            for done, after in enumerate(spread(rounds, FRAME, seed)):
                for way in dice.sample(WAYS, len(WAYS)):
                    for what, took in (await way(scene, after)).items():
                        times.setdefault(what, []).append(took)
                    await scene.over()
                progress(done + 1, rounds)
    finally:
        await office.close()
    figures = [
        Figure(name, SAID.get(against, against), goal, ours=times[of], baseline=times[against])
        for of, name, against, goal in FIGURES
    ]
    print(table(figures))
    tell("audio", file, began=began, figures=figures)


if __name__ == "__main__":
    begin(run, __doc__, 24)
