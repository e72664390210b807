"""Answer of a transfer's target until both hear each other, against the same two bots through Dial(), alternating.

    docker/test bench     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_transfer_audio

In each round the caller reaches Bob three ways: transferred by Alice; by `Dial()`; and by `Answer()`, then `Dial()`,
where the caller's audio runs already when Bob answers, as it does in a transfer. The time is that from Bob's 200 until
the first frame of the other has come to either, whichever is later. Nothing can be heard before the next frame of
20 ms: so Bob answers, in all three ways, at the same places of a frame, evenly spread, and the frames of the two bots
lie equally. The two extensions are added to the running dialplan and taken out again.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bench.figures import Figure, load, parser, progress, spread, table, tell
from tests.bots import Call, Contact, Lab, answers
from tests.e2e.containers import asterisk_console
from tests.e2e.office import PHONES, Agent, Office
from tests.e2e.stack import Stack

GOAL = 1.05
FRAME = 0.020
CONTEXT = "from-carrier"
PLAIN, ANSWERED = f"*9{PHONES['bob']}", f"*8{PHONES['bob']}"
WAYS = ("transfer", PLAIN, ANSWERED)
# A person takes longer; this lets the ringing side settle.
LIFTS_AFTER = 0.1


@asynccontextmanager
async def dialplan(stack: Stack) -> AsyncIterator[None]:
    """The two extensions that dial Bob without us."""
    dial = f"Dial,PJSIP/{PHONES['bob']}"
    steps = ((PLAIN, 1, dial), (ANSWERED, 1, "Answer"), (ANSWERED, 2, dial))
    try:
        for number, priority, application in steps:
            await asterisk_console(
                stack, f"dialplan add extension {number},{priority},{application} into {CONTEXT} replace"
            )
        yield
    finally:
        for number in (PLAIN, ANSWERED):
            await asterisk_console(stack, f"dialplan remove extension {number}@{CONTEXT}")


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


async def once(office: Office, caller: Contact, alice: Agent, bob: Agent, way: str, after: float) -> float:
    """One call, in milliseconds from Bob's 200 to audio both ways."""
    if way == "transfer":
        caller.dial(PHONES["alice"])
        await alice.sees_state("established")
        await office.lab.hears(("caller", "alice"), ("alice", "caller"))
        await alice.do("single-step-transfer", target="agent:bob")
    else:
        caller.dial(way)
    call = await bob.phone.rings()
    await asyncio.sleep(LIFTS_AFTER)
    await asyncio.sleep(until_frame(office.lab, caller.call, call) + after)
    call.answer()
    answered = call.stamps["200 sent"]
    heard = [
        await caller.first_hears("bob", after=answered),
        await bob.phone.first_hears("caller", after=answered),
    ]
    caller.hangup()
    await caller.ended()
    await bob.phone.ended()
    await alice.phone.ended()
    await alice.is_now("ready")
    await bob.is_now("ready")
    return (max(heard) - answered) * 1000


async def run(stack: Stack, rounds: int, seed: int, file: Path | None) -> None:
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier)
    office = Office(lab, stack, {})
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    dice = random.Random(seed)
    began = load()
    try:
        async with dialplan(stack):
            alice, bob = await office.agents("alice", "bob")
            alice.phone.behaviour = answers()
            caller = await office.caller()
            for way in WAYS:
                await once(office, caller, alice, bob, way, 0.0)  # everything is warm
            for done, after in enumerate(spread(rounds, FRAME, seed)):
                for way in dice.sample(WAYS, len(WAYS)):
                    times[way].append(await once(office, caller, alice, bob, way, after))
                progress(done + 1, rounds)
    finally:
        await office.close()
    figures = [
        Figure("transfer", "Dial()", GOAL, ours=times["transfer"], baseline=times[PLAIN]),
        Figure("transfer", "Answer(), Dial()", GOAL, ours=times["transfer"], baseline=times[ANSWERED]),
    ]
    print(table(figures))
    tell("transfer_audio", {"load_before": began, "figures": [figure.json() for figure in figures]}, file)


def main() -> None:
    arguments = parser(__doc__, 50)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    asyncio.run(run(Stack.from_environment(), given.rounds, given.seed, given.json))


if __name__ == "__main__":
    main()
