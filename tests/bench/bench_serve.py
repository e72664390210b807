"""An agent becomes ready until their phone rings for the caller who waits, against a bare originate to the same phone.

    python -m tests.bench.bench_serve          with the CC_* of `tests/e2e/stack.py`

The time is that from sending the request (`PUT /v1/me/state`, or ARI's `POST channels`) until the INVITE has come. What
ours does meanwhile: the state into Redis, the change reported, a reservation, the first of the queue found, a channel
made, joined to its bridge and dialled. The goal of 50 ms is that of the queue: whoever becomes free has the next
caller.
"""

import asyncio
import statistics
import time
from pathlib import Path

import aiohttp

from tests.bench.figures import Figure, load, parser, progress, table, tell
from tests.bots import Lab
from tests.e2e.office import Agent, Office
from tests.e2e.stack import Stack

GOAL_MS = 50.0
QUEUE = "3000"
ECHO = "*43"


async def ours(office: Office, carol: Agent, round_: int) -> float:
    """Milliseconds from ready to the INVITE."""
    caller = await office.caller(f"caller{round_}", f"+336000{round_:05}")
    caller.dial(QUEUE)
    await caller.hears_music(within=8)
    sent = time.monotonic()
    ready = asyncio.ensure_future(carol.command("PUT", "/v1/me/state", {"state": "ready"}))
    await carol.phone.rings()
    took = (time.monotonic() - sent) * 1000
    await ready
    caller.hangup()
    await carol.phone.ended()
    await carol.command("PUT", "/v1/me/state", {"state": "not_ready", "reason": "break"})
    await carol.is_now("not_ready")
    return took


async def bare(stack: Stack, session: aiohttp.ClientSession, carol: Agent, round_: int) -> float:
    """Milliseconds from the originate to the INVITE."""
    channel = f"bench-{round_}-{time.monotonic_ns()}"
    where = {"endpoint": f"PJSIP/{carol.phone.user}", "extension": ECHO, "context": "from-phones"}
    sent = time.monotonic()
    made = asyncio.ensure_future(session.post(f"{stack.ari}/ari/channels/{channel}", params=where))
    await carol.phone.rings()
    took = (time.monotonic() - sent) * 1000
    (await made).release()
    async with session.delete(f"{stack.ari}/ari/channels/{channel}"):
        pass
    await carol.phone.ended()
    return took


async def run(stack: Stack, rounds: int, file: Path | None) -> None:
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=8)
    office = Office(lab, stack, {})
    figure = Figure("ready to ringing", "bare originate")
    began = load()
    try:
        async with aiohttp.ClientSession(headers=stack.ari_headers) as session:
            carol = await office.agent("carol", ready=False)
            for round_ in range(-2, rounds):
                mine = await ours(office, carol, round_ + 2)
                theirs = await bare(stack, session, carol, round_ + 2)
                if round_ >= 0:
                    figure.ours.append(mine)
                    figure.baseline.append(theirs)
                    progress(round_ + 1, rounds)
    finally:
        await office.close()
    print(table([figure]))
    within = sum(took <= GOAL_MS for took in figure.ours)
    print(f"within {GOAL_MS:.0f} ms: {within} of {rounds}; median {statistics.median(figure.ours):.1f} ms")
    tell("serve", {"load_before": began, "within_goal": within, "figures": [figure.json()]}, file)


def main() -> None:
    given = parser(__doc__, 30).parse_args()
    asyncio.run(run(Stack.from_environment(), given.rounds, given.json))


if __name__ == "__main__":
    main()
