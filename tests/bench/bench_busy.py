"""From 10 to 300 calls up: how long a verb takes, memory, CPU, and the take-over after a controller that dies; its
start.

    docker/bench busy     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_busy

Phones and callers are SIPp's (`tests/bench/many.py`), each call with an agent of its own; nobody speaks. With 10, 100
and 300 of them up:

* mute and unmute of one of them by the API, and by bare ARI requests, in turns, until that is answered; growth is
  ours at 300 to ours at 10, and at 100
* the CPU of a second in which nothing is commanded, and the resident memory: of a call the slope from 10 to 300, of
  an agent what logging 300 of them in took
* the take-over: the controller is killed and started at once; seconds until `/readyz` says that it is ready, and
  until a verb for one of the calls is carried out. With none up it is the start.

Before, all parts are stopped and started (`--no-whole`: they are not): seconds until `/readyz`.
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
from docker.models.containers import Container

from tests.bench.figures import Curve, Figure, Value, load, parser, table, tell
from tests.bench.many import MANY, Crowd, Workplace, crowd, many_agents
from tests.bench.parts import PARTS, memory, used
from tests.bench.sides import Api, Bare
from tests.e2e.containers import until_ready, with_container
from tests.e2e.stack import Stack

SIZES = (10, 100, 300)
RATE, STAYS = 15.0, 600.0
REST = 5.0
WITHIN = 60.0
START_GOAL = 10.0
WARM = 5
POLL_SECONDS = 0.05


@dataclass
class At:
    """With so many calls up."""

    calls: int
    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    memory: float = 0.0
    cpu: float = 0.0
    ready: float = 0.0
    commands: float = 0.0


class Overseer:
    """The administrator, who sees all calls."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self.stack = stack
        self.session = session

    async def log_in(self) -> None:
        """With a token that outlives a controller."""
        self.session.headers["Authorization"] = f"Bearer {await self.stack.login(self.session, 'admin')}"

    async def calls(self) -> list[dict[str, Any]]:
        """Those that are up."""
        async with self.session.get(f"{self.stack.api}/v1/admin/calls") as response:
            found: list[dict[str, Any]] = (await response.json())["calls"]
            return found

    async def until_up(self, count: int) -> None:
        """Wait until so many talk. Raises AssertionError. Polled, for nothing reports it."""
        talking: list[dict[str, Any]] = []
        until = time.monotonic() + WITHIN
        while time.monotonic() < until:
            talking = [call for call in await self.calls() if call["state"] == "established"]
            if len(talking) >= count:
                return
            await asyncio.sleep(0.5)
        raise AssertionError(f"{len(talking)} calls of {count} are up after {WITHIN:.0f} s")


async def verbs(at: At, ours: Api, bare: Bare, rounds: int) -> None:
    """Until each is answered, in turns."""
    pairs: tuple[tuple[Callable[[], Awaitable[object]], Callable[[], Awaitable[object]], list[float]], ...] = (
        (ours.act("mute"), ours.act("unmute"), at.ours),
        (bare.mute, bare.unmute, at.bare),
    )
    for round_ in range(-WARM, rounds):
        for do, undo, into in pairs if round_ % 2 else reversed(pairs):
            for verb in (do, undo):
                began = time.monotonic()
                await verb()
                if round_ >= 0:
                    into.append((time.monotonic() - began) * 1000)


async def take_over(stack: Stack, ours: Api | None, at: At) -> None:
    """The controller dies and is started: seconds until it is ready, and until it has carried a verb out."""
    name = f"{stack.project}-controller"
    await with_container(name, lambda container: container.kill())
    began = time.monotonic()
    await with_container(name, Container.start)
    await until_ready(stack)
    at.ready = time.monotonic() - began
    if ours is None:
        return
    until = began + WITHIN
    while time.monotonic() < until:
        try:
            await ours.ask("mute")
        except (AssertionError, aiohttp.ClientError):
            await asyncio.sleep(POLL_SECONDS)
            continue
        at.commands = time.monotonic() - began
        await ours.ask("unmute")
        return
    raise AssertionError(f"no verb was carried out for {WITHIN:.0f} s")


async def with_calls(overseer: Overseer, callers: Crowd, at: At, more: int, rounds: int) -> None:
    """So many more calls, and what is then to be seen."""
    stack = overseer.stack
    await callers.call([MANY], rate=RATE, at_once=more, stays=STAYS, count=more)
    await overseer.until_up(at.calls)
    call = (await overseer.calls())[0]
    contact = next(party for party in call["parties"] if party["role"] == "contact")
    agent = next(party["agent"] for party in call["parties"] if party["role"] == "agent")
    async with (
        aiohttp.ClientSession(headers=stack.ari_headers) as ari,
        aiohttp.ClientSession() as session,
    ):
        session.headers["Authorization"] = f"Bearer {await stack.login(session, agent)}"
        ours = Api(stack, session, call["id"], contact["id"])
        channel = next(c["id"] for c in await stack.asterisk_has("channels") if c["name"].startswith("PJSIP/carrier"))
        await verbs(at, ours, Bare(stack, ari, channel, ""), rounds)
        before = await used(stack)
        await asyncio.sleep(REST)
        after = await used(stack)
        at.cpu = after.since(before)["controller"] / (after.at - before.at)
        at.memory = (await memory(stack))["controller"]
        await take_over(stack, ours, at)
        known = len(await overseer.calls())
        assert known == at.calls, f"{known} calls of {at.calls} are known after the take-over"
    shown = f"mute {sum(at.ours) / len(at.ours):.1f} ms, {at.cpu:.1f} ms/s at rest, {at.memory / 1024:.1f} MB"
    print(
        f"  {at.calls} calls up: {shown}, ready after {at.ready:.2f} s, commands after {at.commands:.2f} s", flush=True
    )


async def start_anew(stack: Stack) -> float:
    """Seconds from starting the containers until `/readyz`."""
    names = [f"{stack.project}-{part}" for part in PARTS]
    for name in names:
        await with_container(name, lambda container: container.stop(timeout=5))
    began = time.monotonic()
    for name in names:
        await with_container(name, Container.start)
    await until_ready(stack)
    return time.monotonic() - began


def growth(found: list[At]) -> list[Figure]:
    """Ours against bare at each size, and at ten times as many calls or what is nearest to it against before."""
    made = [
        Figure(f"mute is answered, {at.calls} calls up", "bare ARI", ours=at.ours, baseline=at.bare) for at in found
    ]
    for few, many in pairwise(found):
        grown = Figure(
            f"growth, mute is answered, {many.calls} calls up", f"{few.calls}", 1.25,
            ours=many.ours, baseline=few.ours, paired=False,
        )  # fmt: skip
        made.append(grown)
    return made


def slope(found: list[At]) -> float:
    """kB of a call: from the fewest to the most."""
    return (found[-1].memory - found[0].memory) / (found[-1].calls - found[0].calls)


async def run(stack: Stack, rounds: int, whole: bool, file: Path | None) -> None:
    began = load()
    values = []
    if whole:
        values.append(Value("start of all parts, until ready", await start_anew(stack), "s", START_GOAL))
    none = At(0)
    await take_over(stack, None, none)
    found = [At(calls) for calls in SIZES]
    async with (
        many_agents(stack, SIZES[-1]) as agents,
        aiohttp.ClientSession() as session,
        aiohttp.ClientSession() as mine,
    ):
        workplace, overseer = Workplace(stack, session), Overseer(stack, mine)
        await overseer.log_in()
        await asyncio.sleep(REST)
        before = (await memory(stack))["controller"]
        await workplace.log_in(agents)
        await workplace.become("ready", agents)
        await asyncio.sleep(REST)
        of_agent = ((await memory(stack))["controller"] - before) / len(agents)
        try:
            async with crowd(stack) as callers:
                await callers.phones()
                up = 0
                for at in found:
                    await with_calls(overseer, callers, at, at.calls - up, rounds)
                    up = at.calls
                await clear(overseer)
            await stack.no_calls(within=60)
        finally:
            await workplace.become("logged_out", agents)
    figures = growth(found)
    print(table(figures))
    values += [
        Value("memory of a call that is up", slope(found), "kB", 30.0),
        Value("memory of an agent who is logged in", of_agent, "kB", 10.0),
        Value("start of the controller, until ready", none.ready, "s"),
        *(Value(f"take-over, {at.calls} calls up, until ready", at.ready, "s") for at in found),
        *(Value(f"take-over, {at.calls} calls up, until a verb is done", at.commands, "s") for at in found),
    ]
    curves = [
        Curve("mute is answered", "ours", "calls up", "ms", [(at.calls, sum(at.ours) / len(at.ours)) for at in found]),
        Curve(
            "mute is answered", "bare ARI", "calls up", "ms", [(at.calls, sum(at.bare) / len(at.bare)) for at in found]
        ),
        Curve("controller's memory", "resident", "calls up", "MB", [(at.calls, at.memory / 1024) for at in found]),
        Curve("controller's CPU at rest", "of a second", "calls up", "ms", [(at.calls, at.cpu) for at in found]),
        Curve("take-over", "ready", "calls up", "s", [(0, none.ready), *((at.calls, at.ready) for at in found)]),
        Curve("take-over", "a verb is done", "calls up", "s", [(at.calls, at.commands) for at in found]),
    ]
    for value in values:
        print(f"  {value.name}: {value.value:.2f} {value.unit}")
    tell("busy", file, began=began, figures=figures, curves=curves, values=values)


async def clear(overseer: Overseer) -> None:
    """All hang up: what SIPp would take minutes for, Asterisk does at once."""
    stack = overseer.stack
    async with aiohttp.ClientSession(headers=stack.ari_headers) as session:
        for channel in await stack.asterisk_has("channels"):
            async with session.delete(f"{stack.ari}/ari/channels/{channel['id']}") as response:
                await response.read()


def main() -> None:
    arguments = parser(__doc__, 60)
    arguments.add_argument(
        "--whole", action=argparse.BooleanOptionalAction, default=True, help="start all parts anew first"
    )
    given = arguments.parse_args()
    asyncio.run(run(Stack.from_environment(), given.rounds, given.whole, given.json))


if __name__ == "__main__":
    main()
