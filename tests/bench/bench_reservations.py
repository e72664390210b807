"""Reservations per second against the bare EVALSHA of a script that does nothing, alternating in one run.

    CC_REDIS_URL=redis://... python -m tests.bench.bench_reservations [--agents 10000] [--groups 1000] [--rounds 25]

Two call centres: `groups`, where every agent is in one group and nothing else, and `rich`, where they are in two
groups, so in two of 100 queues, and has two of 50 skills: six counts that a reservation changes instead of one. Both
sides use the same client and the same number of callers at once. Releasing the agents again is not timed. Prints text,
then one line of JSON; ends with 1 where a median ratio of `groups` misses the goal. Leaves nothing behind in Redis.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
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

GOAL = 0.5
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
    client: Redis, availability: RedisAvailability, targets: Sequence[Target], callers: int, rounds: int, size: int
) -> dict[str, float]:
    """One kind of target: the medians of all rounds."""
    sha = await client.script_load(NOTHING)
    dice = random.Random(2)
    bare: list[float] = []
    reserved: list[float] = []
    for round_ in range(rounds):
        bare.append(await timed(callers, [partial(client.evalsha, sha, 1, "{bench}")] * size))
        got: list[str] = []

        async def reserve(request: str, target: Target, got: list[str] = got) -> None:
            agent = await availability.reserve(request, target, NOBODY, 600)
            if agent is not None:
                got.append(agent)

        reserved.append(
            await timed(callers, [partial(reserve, f"{round_}-{n}", dice.choice(targets)) for n in range(size)])
        )
        if len(got) < size * 0.9 or len(set(got)) != len(got):
            raise SystemExit(f"{len(got)} of {size} reserved, {len(set(got))} different agents")
        await timed(callers, [partial(availability.set_activity, a, None) for a in got])
    return {
        "bare_per_second": round(statistics.median(bare)),
        "reservations_per_second": round(statistics.median(reserved)),
        "ratio": round(statistics.median(r / b for r, b in zip(reserved, bare, strict=True)), 3),
    }


async def bench(
    client: Redis, prefix: str, directory: Directory, rounds: int, size: int
) -> dict[str, dict[str, float]]:
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
    results: dict[str, dict[str, float]] = {}
    for kind, targets in kinds.items():
        for callers in (1, 8) if targets else ():
            result = await measure(client, availability, targets, callers, rounds, size)
            results[f"{kind}, {callers} at once"] = result
            print(
                f"  {kind}, {callers} at once: {result['reservations_per_second']:.0f} reservations/s, bare"
                f" {result['bare_per_second']:.0f}/s, ratio {result['ratio']:.2f}"
            )
    drift = await availability.recompute()
    if drift:
        raise SystemExit(f"drifted: {drift[:10]}")
    return results


async def run(agents: int, groups: int, rounds: int, size: int) -> int:
    client = connect(os.environ["CC_REDIS_URL"])
    prefix = f"bench-{uuid.uuid4().hex}"
    results = {}
    try:
        for name, make in (("groups", plain), ("rich", rich)):
            print(f"{name}: {agents} agents in {groups} groups")
            results[name] = await bench(client, f"{prefix}-{name}", make(agents, groups), rounds, size)
    finally:
        keys = [key async for key in client.scan_iter(match=f"{{{prefix}-*", count=5000)]
        for start in range(0, len(keys), 1000):
            await client.unlink(*keys[start : start + 1000])
        await disconnect(client)
    worst = {name: min(result["ratio"] for result in kinds.values()) for name, kinds in results.items()}
    print(f"worst ratios: groups {worst['groups']:.2f} (goal {GOAL}), rich {worst['rich']:.2f}")
    print(json.dumps({"bench": "reservations", "worst_ratio": worst, "goal": GOAL, "results": results}))
    return 0 if worst["groups"] >= GOAL else 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, default=10_000)
    parser.add_argument("--groups", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=25)
    parser.add_argument("--size", type=int, default=200, help="reservations a round")
    arguments = parser.parse_args()
    sys.exit(asyncio.run(run(arguments.agents, arguments.groups, arguments.rounds, arguments.size)))


if __name__ == "__main__":
    main()
