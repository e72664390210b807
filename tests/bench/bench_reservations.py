"""Reservations per second against the bare EVALSHA of a script that does nothing, alternating in one run.

    docker/bench reservations
    CC_REDIS_URL=redis://... python -m tests.bench.bench_reservations [--agents 10000] [--groups 1000] [--rounds 25]

Two call centres: `groups`, where every agent is in one group and nothing else, and `rich`, where they are in two
groups, so in two of 100 queues, and has two of 50 skills: six counts that a reservation changes instead of one. Both
sides use the same client and the same number of callers at once. Releasing the agents again is not timed. Prints text,
then one line of JSON; ends with 1 where a goal is missed. Leaves nothing behind in Redis.
"""

import argparse
import asyncio
import os
import random
import sys
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from redis.asyncio import Redis

from ari_app.availability.redis import RedisAvailability
from ari_app.routing.directory import Agent, Directory, Group, Queue, Skill
from ari_app.routing.targets import Target, parse_target
from ari_app.store.client import connect, disconnect
from tests.bench.figures import Figure, load, parser, table, tell

GOALS = {"groups": 0.5, "rich": 0.6}
NOBODY: frozenset[str] = frozenset()
NOTHING = "return 1"
QUEUES = 100
SKILLS = 50


def plain(agents: int, groups: int) -> Directory:
    """Groups and nothing else."""
    return Directory(
        agents={
            f"agent{n}": Agent(f"agent{n}", f"Agent {n}", str(100_000 + n), groups=(f"group{n % groups}",))
            for n in range(agents)
        },
        groups={f"group{n}": Group(f"group{n}", f"Group {n}") for n in range(groups)},
    )


def rich(agents: int, groups: int) -> Directory:
    """Groups, queues and skills; the same for the same sizes."""
    dice = random.Random(1)
    return Directory(
        agents={
            f"agent{n}": Agent(
                f"agent{n}",
                f"Agent {n}",
                str(100_000 + n),
                groups=(f"group{n % groups}", f"group{dice.randrange(groups)}"),
                skills={f"skill{dice.randrange(SKILLS)}": dice.randint(1, 5) for _ in range(2)},
            )
            for n in range(agents)
        },
        groups={f"group{n}": Group(f"group{n}", f"Group {n}") for n in range(groups)},
        queues={
            f"queue{n}": Queue(f"queue{n}", f"Queue {n}", groups=tuple(f"group{g}" for g in range(n, groups, QUEUES)))
            for n in range(QUEUES)
        },
        skills={f"skill{n}": Skill(f"skill{n}", f"Skill {n}") for n in range(SKILLS)},
    )


async def timed(callers: int, work: Sequence[Callable[[], Awaitable[object]]]) -> float:
    """Pieces of work a second, by so many callers at once."""
    pending = iter(work)

    async def caller() -> None:
        for piece in pending:
            await piece()

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return len(work) / (time.perf_counter() - began)


async def measure(
    client: Redis, availability: RedisAvailability, targets: Sequence[Target], rounds: int, size: int, figure: Figure,
    callers: int,
) -> None:  # fmt: skip
    """One kind of target: what both sides do in a second, round by round."""
    sha = await client.script_load(NOTHING)
    dice = random.Random(2)
    for round_ in range(rounds):
        figure.baseline.append(await timed(callers, [partial(client.evalsha, sha, 1, "{bench}")] * size))
        got: dict[str, str] = {}

        async def reserve(request: str, target: Target, got: dict[str, str] = got) -> None:
            agent = await availability.reserve(request, target, NOBODY, 600)
            if agent is not None:
                got[request] = agent

        figure.ours.append(
            await timed(callers, [partial(reserve, f"{round_}-{n}", dice.choice(targets)) for n in range(size)])
        )
        if len(got) < size * 0.9 or len(set(got.values())) != len(got):
            raise SystemExit(f"{len(got)} of {size} reserved, {len(set(got.values()))} different agents")
        await timed(callers, [partial(availability.set_activity, a, None, request=of) for of, a in got.items()])


async def bench(
    client: Redis, prefix: str, name: str, directory: Directory, rounds: int, size: int
) -> list[Figure]:  # fmt: skip
    """All kinds of target of one call centre; none may have drifted afterwards."""
    availability = RedisAvailability(client, prefix)
    began = time.perf_counter()
    await availability.configure(directory)
    configured = time.perf_counter() - began
    await timed(8, [partial(availability.set_state, a, "ready") for a in directory.agents])
    began = time.perf_counter()
    await availability.snapshot()
    read = time.perf_counter() - began
    print(f"  configured in {configured:.2f} s, read whole in {read:.2f} s")

    kinds = {
        "group": [parse_target(f"group:{group}") for group in directory.groups],
        "queue": [parse_target(f"queue:{queue}") for queue in directory.queues],
        "skill": [parse_target(f"skill:{skill}>=2") for skill in directory.skills],
    }
    figures = []
    for kind, targets in kinds.items():
        for callers in (1, 8) if targets else ():
            what, goal = f"reservations, {name}, {kind}, {callers} at once", GOALS[name]
            figure = Figure(what, "bare EVALSHA", goal, unit="a second", more=True)
            await measure(client, availability, targets, rounds, size, figure, callers)
            figures.append(figure)
    drift = await availability.recompute()
    if drift:
        raise SystemExit(f"drifted: {drift[:10]}")
    return figures


async def run(arguments: argparse.Namespace) -> int:
    client, began = connect(os.environ["CC_REDIS_URL"]), load()
    prefix = f"bench-{uuid.uuid4().hex}"
    figures: list[Figure] = []
    try:
        for name, make in (("groups", plain), ("rich", rich)):
            print(f"{name}: {arguments.agents} agents in {arguments.groups} groups")
            made = make(arguments.agents, arguments.groups)
            figures += await bench(client, f"{prefix}-{name}", name, made, arguments.rounds, arguments.size)
    finally:
        keys = [key async for key in client.scan_iter(match=f"{{{prefix}-*", count=5000)]
        for start in range(0, len(keys), 1000):
            await client.unlink(*keys[start : start + 1000])
        await disconnect(client)
    print(table(figures))
    tell("reservations", arguments.json, began=began, figures=figures)
    return int(any(figure.met() is False for figure in figures))


def main() -> None:
    made = parser(__doc__, 25)
    made.add_argument("--agents", type=int, default=10_000)
    made.add_argument("--groups", type=int, default=1_000)
    made.add_argument("--size", type=int, default=200, help="reservations a round")
    sys.exit(asyncio.run(run(made.parse_args())))


if __name__ == "__main__":
    main()
