"""From 10 to 10,000 agents, and from 10 to 300 calls: a reservation, a search, and a call's steps in the machine.

    docker/bench agents     or, with `CC_REDIS_URL`:     python -m tests.bench.bench_agents

For each size the same is timed again and again, sizes taking turns: a reservation in a group (of ten agents),
released again untimed; `GET /v1/targets` as people type, at a server of that size; and all steps of the pure machine
(`Switch.handle`) of one call: it comes, is answered, held, retrieved and ended. The machine is also timed with other
calls up. Growth is each size against the one before; flat is 1.
"""

import argparse
import asyncio
import os
import time
import uuid
from collections import deque
from contextlib import AsyncExitStack
from functools import partial
from itertools import pairwise

import aiohttp

from ari_app.availability.redis import RedisAvailability
from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Identity, Phone
from ari_app.calls.switch import Switch
from ari_app.routing.directory import Directory
from ari_app.routing.targets import TargetType, parse_target
from ari_app.store.client import connect, disconnect
from ari_app.testing.asterisk import Behaviour, FakeAsterisk
from tests.bench.bench_reservations import NOBODY, plain, timed
from tests.bench.bench_search import HOST, TOKEN, people, process, typed
from tests.bench.figures import Curve, Figure, load, parser, progress, table, tell

AGENTS = (10, 100, 1_000, 10_000)
CALLS = (10, 100, 300)
GOAL = 1.25
SIZE, SEARCHES = 10, 40
"""Reservations and searches of a round."""
CALLER = Identity("Zoé Caller", "+33612345678")

type Times = dict[int, list[float]]
"""Milliseconds by size, a value for each round."""


class Machine:
    """The switch, with Asterisk in memory, and agents who are always free. `seconds` it has taken so far."""

    def __init__(self, directory: Directory) -> None:
        self.switch = Switch(directory, "cc-1")
        self.asterisk = FakeAsterisk("cc-")
        self.seconds = 0.0
        self._inbox: deque[s.Stimulus] = deque()
        self._made = 0
        for agent in directory.agents.values():
            if agent.phone is not None:
                self.asterisk.behaviour[Phone(agent.phone)] = Behaviour.ANSWER
        self.asterisk.restore_link()
        self.settle()

    def settle(self) -> None:
        """All that happens by itself."""
        while (next_ := self._inbox.popleft() if self._inbox else self.asterisk.deliver_next()) is not None:
            self.feed(next_)

    def feed(self, stimulus: s.Stimulus) -> None:
        """One step, timed."""
        began = time.perf_counter()
        effects = self.switch.handle(stimulus, 1_000_000.0)
        self.seconds += time.perf_counter() - began
        for effect in effects:
            match effect:
                case e.ReserveAgent(request, target) if target.type is TargetType.AGENT:
                    self._inbox.append(s.AgentReserved(request, target.id))
                case e.SetActivity(agent, None):
                    self._inbox.append(s.AgentBecameAvailable(agent))
                case e.OnAsterisk():
                    self.asterisk.execute(effect)
                case _:
                    pass

    def comes(self, agent: str) -> str:
        """A caller, who is answered; their leg."""
        self._made += 1
        leg = f"in{self._made}"
        self.asterisk.arrive(leg, "carrier", "agent", agent, caller=CALLER)
        self.settle()
        return leg

    def serve(self, agent: str) -> float:
        """Milliseconds of the steps of one call."""
        before = self.seconds
        leg = self.comes(agent)
        (call,) = (call.id for call in self.switch.state.calls.values() if call.party_of(agent) is not None)
        self.feed(c.Hold(id=f"{leg}-hold", by=agent, call=call))
        self.settle()
        self.feed(c.Retrieve(id=f"{leg}-retrieve", by=agent, call=call))
        self.settle()
        self.asterisk.hang_up(leg)
        self.settle()
        return (self.seconds - before) * 1000


def steps(rounds: int, machines: dict[int, Machine]) -> Times:
    """Of one call in each of them, in turns."""
    times: Times = {size: [] for size in machines}
    for round_ in range(-5, rounds):
        for size in machines if round_ % 2 else reversed(machines):
            took = machines[size].serve("agent0")
            if round_ >= 0:
                times[size].append(took)
    return times


def of_agents(rounds: int) -> Times:
    """With so many agents, and no other call."""
    return steps(rounds, {size: Machine(people(size, max(1, size // 10))) for size in AGENTS})


def of_calls(rounds: int) -> Times:
    """With so many calls of others."""
    machines = {}
    for size in CALLS:
        machines[size] = Machine(people(1_000, 100))
        for number in range(1, size + 1):
            machines[size].comes(f"agent{number}")
        assert len(machines[size].switch.state.calls) == size
    return steps(rounds, machines)


async def reservations(rounds: int) -> Times:
    """Each of a free agent of some group."""
    times: Times = {size: [] for size in AGENTS}
    prefix, client = f"bench-{uuid.uuid4().hex}", connect(os.environ["CC_REDIS_URL"])
    try:
        of = {size: RedisAvailability(client, f"{prefix}-{size}") for size in AGENTS}
        for size, availability in of.items():
            await availability.configure(plain(size, size // 10))
            await timed(8, [partial(availability.set_state, f"agent{n}", "ready") for n in range(size)])
        for round_ in range(-2, rounds):
            for size in AGENTS if round_ % 2 else reversed(AGENTS):
                targets = [parse_target(f"group:group{n % (size // 10)}") for n in range(SIZE)]
                began, got = time.perf_counter(), dict[str, str | None]()
                for number, target in enumerate(targets):
                    got[f"{round_}-{number}"] = await of[size].reserve(f"{round_}-{number}", target, NOBODY, 600)
                if round_ >= 0:
                    times[size].append((time.perf_counter() - began) * 1000 / SIZE)
                assert None not in got.values(), f"{size} agents, round {round_}: {got}"
                free = of[size].set_activity
                await timed(8, [partial(free, agent, None, request=which) for which, agent in got.items() if agent])
    finally:
        keys = [key async for key in client.scan_iter(match=f"{{{prefix}-*", count=5000)]
        for start in range(0, len(keys), 1000):
            await client.unlink(*keys[start : start + 1000])
        await disconnect(client)
    return times


async def searches(rounds: int) -> Times:
    """As people type."""
    times: Times = {size: [] for size in AGENTS}
    headers = {"Authorization": f"Bearer {TOKEN.format(agent='agent0')}"}
    async with AsyncExitStack() as stack:
        at = {}
        for size in AGENTS:
            sizes = ("--agents", str(size), "--groups", str(size // 10))
            _, port = await stack.enter_async_context(process("tests.bench.bench_search", "--serve", *sizes))
            session = aiohttp.ClientSession(f"http://{HOST}:{port}", headers=headers)
            at[size] = await stack.enter_async_context(session)
        texts = typed(people(AGENTS[0], 1), SEARCHES)
        for round_ in range(-1, rounds):
            for size in AGENTS if round_ % 2 else reversed(AGENTS):
                began = time.perf_counter()
                for text in texts:
                    async with at[size].get("/v1/targets", params={"q": text}) as response:
                        await response.read()
                        assert response.status == 200, await response.text()
                if round_ >= 0:
                    times[size].append((time.perf_counter() - began) * 1000 / SEARCHES)
    return times


def grown(what: str, of: str, times: Times) -> tuple[list[Figure], Curve]:
    """Each size against the one before."""
    sizes = list(times)
    figures = [
        Figure(f"growth, {what}, {many:,} {of}", f"{few:,}", GOAL, ours=times[many], baseline=times[few])
        for few, many in pairwise(sizes)
    ]
    points = [(float(size), sorted(took)[len(took) // 2]) for size, took in times.items()]
    return figures, Curve(what, "ours", of, "ms", points)


async def run(arguments: argparse.Namespace) -> None:
    began = load()
    rounds: int = arguments.rounds
    found = [grown("steps of a call", "agents", of_agents(rounds))]
    progress(1, 4)
    found.append(grown("steps of a call beside others", "calls", of_calls(rounds)))
    progress(2, 4)
    found.append(grown("a reservation", "agents", await reservations(rounds)))
    progress(3, 4)
    found.append(grown("a search", "agents", await searches(rounds)))
    progress(4, 4)
    figures = [figure for some, _ in found for figure in some]
    print(table(figures))
    tell("agents", arguments.json, began=began, figures=figures, curves=[curve for _, curve in found])


def main() -> None:
    asyncio.run(run(parser(__doc__, 60).parse_args()))


if __name__ == "__main__":
    main()
