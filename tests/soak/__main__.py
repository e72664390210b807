"""`python -m tests.soak [--calls N]`, as `docker/test soak` calls it."""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from tests.bots import Lab, answers
from tests.e2e.crowd import CROWD, PHONES
from tests.e2e.stack import Stack
from tests.soak.agents import OUTSIDE, Tally, Worker, hang_up_in_the_end
from tests.soak.callers import Callers, calling
from tests.soak.figures import Sample
from tests.soak.looking import Looking
from tests.soak.page import Soak, page
from tests.soak.picture import svg

_EVERY = 5.0
"""Seconds between two looks."""


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """`calls`, `seed`, and where the `page` and the `picture` are written."""
    parser = argparse.ArgumentParser("docker/test soak --")
    parser.add_argument("--calls", type=int, default=20_000, help="of people outside; agents make some more")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    parser.add_argument("--minutes", type=float, default=120, help="after which no more begin")
    parser.add_argument("--page", type=Path, default=Path("soak.md"))
    parser.add_argument("--picture", type=Path, default=Path("soak.svg"))
    found = parser.parse_args(arguments)
    if found.calls < 100:
        parser.error("--calls must be at least 100")
    return found


@asynccontextmanager
async def at_work(lab: Lab, stack: Stack, tally: Tally, dice: random.Random) -> AsyncIterator[list[Worker]]:
    """Twenty agents who are ready, and people outside whom they call."""
    workers = []
    for name in CROWD:
        phone = await lab.phone(name, PHONES[name], f"phone-{PHONES[name]}", behaviour=answers())
        worker = Worker(stack.api, phone, tally, random.Random(dice.random()))
        workers.append(worker)
        await worker.login(f"{name}-demo")
        await worker.request("PUT", "/v1/me/state", {"state": "ready"})
    people = [await lab.contact(f"outside-{n}", number, behaviour=answers()) for n, number in enumerate(OUTSIDE)]
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(each.works()) for each in workers]
        leaving = group.create_task(hang_up_in_the_end(people))
        try:
            yield workers
        finally:
            tally.stop = True
            lab.board.changed()
            await asyncio.wait(working, timeout=60)
            for task in (*working, leaving):
                task.cancel()
            for bot in lab.bots.values():
                bot.hangup()
    await asyncio.gather(*(each.close(log_out=True) for each in workers))


async def watch(looking: Looking, callers: Callers, tally: Tally, minutes: float) -> list[Sample]:
    """Look again and again while more people call; after so many minutes no more of them do."""
    began, samples = time.monotonic(), list[Sample]()
    calling = asyncio.ensure_future(callers.are_done())
    while not calling.done():
        await asyncio.wait([calling], timeout=_EVERY)
        if samples and callers.all_have_begun():  # the last of them are being served
            continue
        calls = callers.begun() + tally.done["calls out"]
        samples.append(Sample(time.monotonic() - began, calls, await looking.now()))
        if len(samples) % 12 == 1:
            shown = ", ".join(f"{name} {value:,.0f}" for name, value in samples[-1].values.items())
            print(f"  {samples[-1].seconds:6.0f} s  {calls:6} calls  {shown}", flush=True)
        if samples[-1].seconds > minutes * 60:
            callers.stop()
    tally.wrong.update(calling.result())
    return samples


async def main(arguments: Sequence[str]) -> int:
    """Returns 1 where something grows, is left behind or went wrong, else 0."""
    wanted, stack, tally = parse(arguments), Stack.from_environment(), Tally()
    dice, load = random.Random(wanted.seed), os.getloadavg()[0]
    print(f"── {wanted.calls} calls, seed {wanted.seed}", flush=True)
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier)
    left: list[str] = []
    async with aiohttp.ClientSession() as session:
        looking = Looking(stack, session)
        with tempfile.TemporaryDirectory() as place:
            async with (
                at_work(lab, stack, tally, dice),
                calling(Path(place), stack, wanted.calls, dice) as callers,
            ):
                samples = await watch(looking, callers, tally, wanted.minutes)
        try:
            await stack.no_calls()
        except AssertionError as complaint:
            left.append(str(complaint))
        await looking.close()
    await lab.close()
    soak = Soak(
        day=datetime.now(UTC).date().isoformat(),
        commit=os.environ.get("CC_COMMIT", "unknown"),
        cores=os.cpu_count() or 1,
        load=(load, os.getloadavg()[0]),
        samples=samples,
        done=tally.done,
        left=left,
        wrong=[f"{what}: {number}" for what, number in sorted(tally.wrong.items())],
    )
    wanted.page.write_text(page(soak))
    wanted.picture.write_text(svg(samples))
    print(page(soak))
    return int(not soak.good)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
