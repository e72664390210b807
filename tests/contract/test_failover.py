"""Redis' primary dies, freezes, or is changed: nothing that was answered is lost, and all goes on with the next one.

The nodes are those of `docker/cluster/redis`, started for each test (`tests/support/redis_nodes.py`).
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count, pairwise
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from ari_app.availability.mirror import Mirror
from ari_app.availability.port import Change, Lost, Resync
from ari_app.availability.redis import RedisAvailability
from ari_app.errors import StoreUnavailable
from ari_app.routing.directory import Agent, Directory, Group
from ari_app.routing.targets import parse_target
from ari_app.store.client import connect, disconnect
from ari_app.store.redis import RedisStore
from tests.support.polling import until
from tests.support.redis_nodes import Nodes, redis_nodes

AGAIN_WITHIN = 10.0
DEMOTED_WITHIN = 30.0
STILL = 1.5
"""Seconds for which a Sentinel may stand still and go on as before."""
NOBODY: frozenset[str] = frozenset()
SUPPORT = parse_target("group:support")
AGENTS = 40
HOLDS = 3600.0


@pytest.fixture(scope="module")
def started() -> Iterator[Nodes]:
    """Sentinels take ten seconds to get to know their replicas: once is enough."""
    host = urlsplit(os.environ["CC_REDIS_URL"]).hostname
    assert host is not None
    nodes = redis_nodes(os.environ["CC_COMPOSE_PROJECT"], host)
    with asyncio.Runner() as runner:
        yield runner.run(nodes.__aenter__())
        runner.run(nodes.__aexit__(None, None, None))


@pytest.fixture
async def nodes(started: Nodes) -> Nodes:
    await until(started.are_whole, "the three nodes are whole", DEMOTED_WITHIN)
    return started


async def killed(nodes: Nodes, primary: str) -> None:
    await nodes.kill(primary)


async def frozen(nodes: Nodes, primary: str) -> None:
    await nodes.freeze(primary)


async def requested(nodes: Nodes, _: str) -> None:
    await nodes.fail_over()


async def nothing(_: Nodes, __: str) -> None:
    return


@dataclass
class Work:
    """Several at once reserve agents, free some again, and keep calls; what was answered is noted."""

    availability: RedisAvailability
    store: RedisStore
    reserved: dict[str, str] = field(default_factory=dict)  # by request
    kept: dict[str, bytes] = field(default_factory=dict)
    answered: list[float] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    over: bool = False

    async def reserve(self, worker: int) -> None:
        """One after the other, each requested until it is answered."""
        for number in count():
            if self.over:
                return
            request = f"r{worker}-{number}"
            agent = await self._until_answered(partial(self.availability.reserve, request, SUPPORT, NOBODY, HOLDS))
            if agent is None:
                await asyncio.sleep(0.01)  # all are reserved: until some of these run out
                continue
            self.reserved[request] = agent
            if number % 3:
                await self._until_answered(partial(self.availability.set_activity, agent, None, request=request))
                del self.reserved[request]

    async def keep(self, worker: int) -> None:
        """The same call again and again, and new ones."""
        for number in count():
            if self.over:
                return
            key, value = f"call:{worker}-{number // 10}", b"%d" % number
            await self._until_answered(partial(self.store.save_many, {key: value}))
            self.kept[key] = value
            await asyncio.sleep(0.002)  # the pace of a busy call centre; what is tested is that none of it is lost

    async def _until_answered[T](self, request: Callable[[], Awaitable[T]]) -> T:
        while True:
            try:
                answer = await request()
            except StoreUnavailable as error:
                self.refused.append(error.detail)
                await asyncio.sleep(0.05)  # as a caller of the API would wait before trying again
                continue
            self.answered.append(time.monotonic())
            return answer

    async def lost(self) -> list[str]:
        """What was answered and is not there. To be called when nobody works."""
        there = await self.store.load_all()
        lost = [
            f"{key} is {there.get(key)!r}, was {value!r}" for key, value in self.kept.items() if there.get(key) != value
        ]
        for request, agent in self.reserved.items():
            # the same request gets the agent it has
            now = await self.availability.reserve(request, SUPPORT, NOBODY, HOLDS)
            if now != agent:
                lost.append(f"{request} has {now}, had {agent}")
        twice = len(self.reserved) - len(set(self.reserved.values()))
        return [*lost, *["agents are reserved twice"] * (twice > 0)]


@dataclass
class Centre:
    """A controller's way to Redis, and what its mirror shows."""

    client: Redis
    availability: RedisAvailability
    mirror: Mirror
    work: Work
    moved: list[float]
    seen: list[Change]

    async def mirrors(self) -> bool:
        """Whether the mirror shows what is."""
        snapshot = await self.availability.snapshot()
        records = {record.agent: record for record in snapshot.records}
        counts = {count.target: count.available for count in snapshot.counts}
        shown = {target: self.mirror.available(parse_target(target)) for target in counts}
        return self.mirror.fresh and dict(self.mirror.records) == records and shown == counts


@asynccontextmanager
async def centre(nodes: Nodes, prefix: str, confirm: float = 0.2) -> AsyncIterator[Centre]:
    moved: list[float] = []
    seen: list[Change] = []
    client = connect(nodes.url, sentinels=nodes.sentinels(confirm, moved=lambda: moved.append(time.monotonic())))
    availability = RedisAvailability(client, prefix)
    agents = {f"a{n}": Agent(f"a{n}", f"A {n}", f"1{n:03}", groups=("support",)) for n in range(AGENTS)}
    mirror = Mirror(availability)
    mirror.listen(seen.append)
    running = asyncio.create_task(mirror.run())
    try:
        await availability.configure(Directory(agents=agents, groups={"support": Group("support", "Support")}))
        for agent in agents:
            await availability.set_state(agent, "ready")
        await mirror.wait_fresh()
        yield Centre(client, availability, mirror, Work(availability, RedisStore(client, prefix)), moved, seen)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await disconnect(client)


@asynccontextmanager
async def working(work: Work) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(work.reserve(n)) for n in range(6)] + [
        asyncio.create_task(work.keep(n)) for n in range(4)
    ]
    try:
        yield
    finally:
        # None in the middle of a request: whether that was done would not be known.
        work.over = True
        async with asyncio.timeout(AGAIN_WITHIN):
            await asyncio.gather(*tasks)


def gap(answered: Sequence[float], after: float) -> float:
    """The longest time without an answer."""
    times = [at for at in answered if at >= after]
    return max((later - earlier for earlier, later in pairwise(times)), default=0.0)


@pytest.mark.parametrize(
    ("fault", "back"),
    [(killed, Nodes.start), (frozen, Nodes.thaw), (requested, nothing)],
    ids=["killed", "frozen", "requested"],
)
async def test_nothing_that_was_answered_is_lost_and_an_old_primary_that_is_back_does_no_harm(
    nodes: Nodes,
    prefix: str,
    fault: Callable[[Nodes, str], Awaitable[None]],
    back: Callable[[Nodes, str], Awaitable[None]],
) -> None:
    async with centre(nodes, prefix) as here:
        work = here.work
        old = await nodes.primary()

        async def answered(more: int, at_least: int) -> bool:
            return len(work.answered) >= at_least + more

        async with working(work):
            await until(lambda: answered(200, 0), "work is done", AGAIN_WITHIN)
            began = time.monotonic()
            await fault(nodes, old)

            async def moved_and_answered() -> bool:
                return bool(here.moved) and any(at > here.moved[0] for at in work.answered)

            await until(moved_and_answered, "Redis is written to again", AGAIN_WITHIN)
            before = len(work.answered)
            await until(lambda: answered(200, before), "it goes on", AGAIN_WITHIN)
            await back(nodes, old)
            await until(nodes.are_whole, "the old primary is a replica", DEMOTED_WITHIN)
        print(
            f"fail-over ({fault.__name__}): {gap(work.answered, began - 1):.2f} s without an answer, "
            f"{len(work.answered)} answered, {len(work.refused)} refused: {sorted(set(work.refused))}"
        )
        assert await nodes.primary() != old
        assert await work.lost() == []
        assert len(here.moved) == 1
        # Windows show what is: it was subscribed anew, and has read everything anew.
        assert Resync() in here.seen[next(i for i, change in enumerate(here.seen) if isinstance(change, Lost)) :]
        await until(here.mirrors, "the mirror shows what is", AGAIN_WITHIN)


async def test_what_a_primary_answers_that_is_back_when_another_was_chosen_already_is_not_lost(
    nodes: Nodes, prefix: str
) -> None:
    """The Sentinel that has chosen stands still before the others know: there are two primaries, one with a replica."""
    async with centre(nodes, prefix) as here:
        work, old = here.work, await nodes.primary()
        leaders: list[str] = []

        async def work_is_done() -> bool:
            return len(work.answered) > 200

        async def another_is_chosen() -> bool:
            leaders.extend(filter(None, [await nodes.promotes()]))
            return bool(leaders)

        async def the_old_one_is_followed() -> bool:
            return await nodes.is_followed(old)

        async def it_was_written_to() -> bool:
            return len(work.answered) + len(work.refused) > tried + 20

        async with working(work):
            await until(work_is_done, "work is done", AGAIN_WITHIN)
            await nodes.kill(old)
            await until(another_is_chosen, "another is chosen", AGAIN_WITHIN)
            await nodes.stop_sentinel(leaders[0])
            try:
                # no longer than so, or it takes its clock for broken, and the fail-over is off
                with suppress(AssertionError):
                    began = time.monotonic()
                    await nodes.start(old)
                    await until(the_old_one_is_followed, "the old one is followed", STILL)
                    tried = len(work.answered) + len(work.refused)
                    await until(it_was_written_to, "it was written to", STILL - (time.monotonic() - began))
            finally:
                await nodes.go_on_with_sentinel(leaders[0])
            await until(nodes.are_whole, "one of them is a replica", DEMOTED_WITHIN)
        assert await work.lost() == []


async def test_without_any_replica_writes_are_refused_and_where_that_is_wanted_they_go_on(
    nodes: Nodes, prefix: str
) -> None:
    alone: list[float] = []
    sentinels = nodes.sentinels(unconfirmed=lambda: alone.append(time.monotonic()))
    client = connect(nodes.url, sentinels=sentinels)
    store = RedisStore(client, prefix)
    primary = await nodes.primary()
    replicas = [address for address in nodes.containers if address != primary]
    reasons: list[str] = []

    async def kept() -> bool:
        try:
            await store.save_many({"call:1": b"{}"})
        except StoreUnavailable as error:
            reasons.append(error.detail)
            return False
        return True

    async def refused_by_redis() -> bool:
        return not await kept() and "min-replicas-to-write" in reasons[-1]

    try:
        assert await kept()
        for address in replicas:
            await nodes.stop_redis(address)
        # Whoever could lead may come back any moment, without what is written now.
        assert not await kept()
        await until(refused_by_redis, "Redis refuses", AGAIN_WITHIN)
        async with nodes.client(primary, 6379) as redis:
            await redis.config_set("min-replicas-to-write", 0)
        await until(kept, "the primary keeps it alone", AGAIN_WITHIN)
        assert alone
        began = len(alone)
        assert all([await kept() for _ in range(20)])  # none waits for what is not there
        assert len(alone) <= began + 1
    finally:
        for address in replicas:
            await nodes.go_on_with_redis(address)
        async with nodes.client(primary, 6379) as redis:
            await redis.config_set("min-replicas-to-write", 1)
        await disconnect(client)
