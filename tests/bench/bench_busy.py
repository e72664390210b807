"""From 10 to 300 calls up: how long a verb takes, memory, CPU, and the take-over after a controller that dies; its
start.

    docker/bench busy     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_busy

Phones and callers are SIPp's (`tests/bench/many.py`), each call with an agent of its own; nobody speaks. With 10, 100
and 300 of them up:

* mute and unmute of one of them by the API, and by bare ARI requests, in turns, until that is answered; growth is
  ours at 300 to ours at 10, and at 100
* the CPU of a second in which nothing is commanded, and the resident memory: of a call the slope from 10 to 300, in
  one process; of an agent that of a controller that was just started, with 300 more of them logged in and without
* the take-over, with 10 up and with 300: the controller is killed and started at once; seconds until `/readyz` says
  that it is ready, and until a verb for one of the calls is carried out. With none up it is the start.

Before, all parts are stopped and started (`--no-whole`: they are not): seconds until `/readyz`.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
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
        if at.calls == SIZES[0]:
            await dies(overseer, ours, at)
        await verbs(at, ours, Bare(stack, ari, channel, ""), rounds)
        before = await used(stack)
        await asyncio.sleep(REST)
        after = await used(stack)
        at.cpu = after.since(before)["controller"] / (after.at - before.at)
        at.memory = (await memory(stack))["controller"]
        if at.calls == SIZES[-1]:
            await dies(overseer, ours, at)
    shown = f"mute {sum(at.ours) / len(at.ours):.1f} ms, {at.cpu:.1f} ms/s at rest, {at.memory / 1024:.1f} MB"
    print(f"  {at.calls} calls up: {shown}", flush=True)


async def dies(overseer: Overseer, ours: Api, at: At) -> None:
    """The controller; all calls are known again afterwards."""
    await take_over(overseer.stack, ours, at)
    known = len(await overseer.calls())
    assert known == at.calls, f"{known} calls of {at.calls} are known after the take-over"
    print(f"  {at.calls} calls up: ready after {at.ready:.2f} s, commands after {at.commands:.2f} s", flush=True)


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


async def just_started(stack: Stack) -> tuple[At, float]:
    """The start of a controller, with what is then up; and the memory that it has."""
    at = At(0)
    await take_over(stack, None, at)
    await asyncio.sleep(REST)
    return at, (await memory(stack))["controller"]


async def grow(stack: Stack, rounds: int) -> tuple[list[At], float]:
    """All sizes; and the memory of a controller that was just started, with all agents logged in."""
    found = [At(calls) for calls in SIZES]
    async with (
        many_agents(stack, SIZES[-1]) as agents,
        aiohttp.ClientSession() as session,
        aiohttp.ClientSession() as mine,
    ):
        workplace, overseer = Workplace(stack, session), Overseer(stack, mine)
        await overseer.log_in()
        await workplace.log_in(agents)
        await workplace.become("ready", agents)
        try:
            _, with_agents = await just_started(stack)
            async with crowd(stack) as callers:
                await callers.phones()
                up = 0
                for at in found:
                    await with_calls(overseer, callers, at, at.calls - up, rounds)
                    up = at.calls
        finally:
            await clear(overseer)
            await stack.no_calls(within=60)
            await workplace.become("logged_out", agents)
    return found, with_agents


def curves(found: Sequence[At], start: At) -> list[Curve]:
    """How it goes with the calls that are up."""
    ends = (start, found[0], found[-1])
    shown: tuple[tuple[str, str, str, Sequence[At], Callable[[At], float]], ...] = (
        ("mute is answered", "ours", "ms", found, lambda at: statistics.median(at.ours)),
        ("mute is answered", "bare ARI", "ms", found, lambda at: statistics.median(at.bare)),
        ("controller's memory", "resident", "MB", found, lambda at: at.memory / 1024),
        ("controller's CPU of a second at rest", "ours", "ms", found, lambda at: at.cpu),
        ("take-over", "until ready", "s", ends, lambda at: at.ready),
        ("take-over", "until a verb is done", "s", ends[1:], lambda at: at.commands),
    )
    return [
        Curve(title, name, "calls up", unit, [(at.calls, of(at)) for at in over])
        for title, name, unit, over, of in shown
    ]


async def run(stack: Stack, rounds: int, whole: bool, file: Path | None) -> None:
    began = load()
    values = []
    if whole:
        values.append(Value("start of all parts, until ready", await start_anew(stack), "s", START_GOAL))
    start, without = await just_started(stack)
    found, with_agents = await grow(stack, rounds)
    figures, ends = growth(found), (found[0], found[-1])
    print(table(figures))
    values += [
        Value("memory of a call that is up", slope(found), "kB", 30.0),
        Value("memory of an agent who is logged in", (with_agents - without) / SIZES[-1], "kB", 10.0),
        Value("start of the controller, until ready", start.ready, "s"),
        *(Value(f"take-over, {at.calls} calls up, until ready", at.ready, "s") for at in ends),
        *(Value(f"take-over, {at.calls} calls up, until a verb is done", at.commands, "s") for at in ends),
    ]
    for value in values:
        print(f"  {value.name}: {value.value:.2f} {value.unit}")
    tell("busy", file, began=began, figures=figures, curves=curves(found, start), values=values)


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
