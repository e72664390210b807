"""An agent answers a caller who waits until both hear each other: while the caller hears their position in the queue,
and outside of an announcement, alternating.

    docker/bench announcement or, with the CC_* of `tests/e2e/stack.py`: python -m tests.bench.bench_announcement

The time is that from the agent's 200 until the first frame of the other has come to either, whichever is later.
Nothing can be heard before the next frame of 20 ms: so the agent answers, in both ways, at the same places of a
frame, evenly spread. The queue and the agent are of the tests' crowd (`tests/e2e/crowd.py`); the caller's number is
one for which prompts are in English, whose prompt is long.
"""

from pathlib import Path

from tests.bench.figures import Figure, begin, load, progress, spread, table, tell
from tests.bench.moments import FRAME, answers_at, both_hear
from tests.bots import Contact, Lab
from tests.e2e.crowd import CROWD, QUEUE_ANNOUNCED
from tests.e2e.office import Agent, Office
from tests.e2e.stack import Stack

GOAL = 1.1
NUMBER = "+442079460123"
WAYS = ("reported", "plain")


async def once(office: Office, caller: Contact, agent: Agent, way: str, after: float) -> float:
    """One caller, in milliseconds from the agent's 200 to audio both ways."""
    caller.dial(QUEUE_ANNOUNCED)
    await caller.hears_music(within=8)
    if way == "reported":
        await caller.hears_speech(within=8)
    await agent.command("PUT", "/v1/me/state", {"state": "ready"})
    answered = await answers_at(office.lab, agent.phone, caller, after)
    took = await both_hear(caller, agent.phone, answered)
    caller.hangup()
    await caller.ended()
    await agent.phone.ended()
    await agent.command("PUT", "/v1/me/state", {"state": "not_ready", "reason": "break"})
    await agent.is_now("not_ready")
    return took


async def run(stack: Stack, rounds: int, seed: int, file: Path | None) -> None:
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier)
    office = Office(lab, stack, {})
    times: dict[str, list[float]] = {way: [] for way in WAYS}
    began = load()
    try:
        agent = await office.agent(CROWD[0], ready=False)
        caller = await office.caller(number=NUMBER)
        for way in WAYS:
            await once(office, caller, agent, way, 0.0)  # everything is warm
        for done, after in enumerate(spread(rounds, FRAME, seed)):
            for way in WAYS if done % 2 else reversed(WAYS):
                times[way].append(await once(office, caller, agent, way, after))
            progress(done + 1, rounds)
    finally:
        await office.close()
    figure = Figure(
        "answer → audio during an announcement", "outside of one", GOAL, ours=times["reported"], baseline=times["plain"]
    )
    print(table([figure]))
    tell("announcement", file, began=began, figures=[figure])


if __name__ == "__main__":
    begin(run, __doc__, 12)
