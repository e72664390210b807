"""A mute by the API until it is heard, while others flood it, against the same with nobody else there; in turns.

    docker/bench flood     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_flood

The flood is that of `flooders`: sixty clients with tokens, a spray of logins, half-open connections. Quiet and flooded
blocks of rounds alternate; a flood has a second to begin, and what it leaves a second to end.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.bench.bench_verbs import ENDS, until_off
from tests.bench.figures import Figure, begin, load, progress, spread, table, tell
from tests.bench.moments import FRAME
from tests.bench.sides import Api, connect
from tests.bots import Lab, answers
from tests.bots.desktop import Json
from tests.e2e.office import Office
from tests.e2e.stack import Stack

GOAL = 1.3
BLOCKS = 4


@asynccontextmanager
async def flooded(api: str, seen: list[str]) -> AsyncIterator[None]:
    """Others flood the API while the block lasts; `seen` gets what became of it. They would be at other machines: what
    they take of this one is not to count, so they give way."""
    process = await asyncio.create_subprocess_exec(
        "nice", "-n", "19", sys.executable, "-m", "tests.bench.flooders", api,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await asyncio.sleep(1.0)
    try:
        yield
    finally:
        out, _ = await process.communicate()
        seen.append(out.decode().strip())
        await asyncio.sleep(1.0)


async def mutes(office: Office, ours: Api, offsets: list[float]) -> list[float]:
    """Milliseconds until each was heard."""
    mute, unmute = ours.act("mute"), ours.act("unmute")
    took = []
    for offset in offsets:
        took.append(await until_off(office, mute, ENDS["mute"], offset))
        await unmute()
        await office.lab.hears(("caller", "alice"), ("alice", "caller"), stable=0.1)
    return took


async def leave_a_recording(stack: Stack, ours: Api) -> None:
    """A short one, for those who flood to fetch."""
    await ours.act("start-recording")()
    await asyncio.sleep(3.0)
    await ours.act("stop-recording")()
    async with aiohttp.ClientSession(stack.api) as session, asyncio.timeout(20):
        session.headers["Authorization"] = f"Bearer {await stack.login(session, 'erin')}"
        found: list[Json] = []
        while not (found and found[0]["state"] == "complete"):
            async with session.get("/v1/recordings", params={"limit": "1"}) as answer:
                found = (await answer.json())["recordings"]
            await asyncio.sleep(0.1)


async def run(stack: Stack, rounds: int, seed: int, file: Path | None) -> None:
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier)
    office = Office(lab, stack, {})
    began = load()
    seen: list[str] = []
    figure = Figure("mute → heard under a flood", "quiet", GOAL)
    offsets = spread(rounds, FRAME, seed)
    try:
        async with aiohttp.ClientSession() as api:
            (alice,) = await office.agents("alice", behaviour=answers())
            caller = await office.caller()
            await connect(office, caller, alice)
            api.headers["Authorization"] = f"Bearer {await stack.login(api, 'alice')}"
            ours = Api.of(stack, api, alice)
            await mutes(office, ours, offsets[:2])
            await leave_a_recording(stack, ours)
            for block in range(BLOCKS):
                part = offsets[block::BLOCKS]
                figure.baseline.extend(await mutes(office, ours, part))
                async with flooded(stack.api, seen):
                    figure.ours.extend(await mutes(office, ours, part))
                progress(block + 1, BLOCKS)
    finally:
        await office.close()
    print(table([figure]))
    print(*seen, sep="\n")
    tell("flood", file, began=began, figures=[figure], more={"flood": seen})


if __name__ == "__main__":
    begin(run, __doc__, 60)
