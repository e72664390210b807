"""What Redis gets late, for its network was cut or it stood still, changes nothing that was requested since."""

from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as NoAnswer

from ari_app.availability.port import AgentState, Waiting
from ari_app.availability.redis import RedisAvailability
from ari_app.errors import StoreUnavailable
from ari_app.routing.directory import Directory
from ari_app.routing.targets import parse_target
from ari_app.store.leases import Fence
from ari_app.store.redis import RedisStore
from tests.contract.conftest import Clock

SUPPORT = parse_target("group:support")


class Network:
    """Between a client and Redis: what is requested while it is `cut` has no answer, and arrives late (`delivers`)."""

    def __init__(self, client: Redis) -> None:
        self.cut = False
        self._client = client
        self._late: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def evalsha(self, *args: Any) -> Any:
        if self.cut:
            self._late.append(args)
            raise NoAnswer
        return await self._client.evalsha(*args)

    async def delivers(self) -> list[str]:
        """What comes late is done now; what Redis says to that."""
        answers = []
        for args in self._late:
            try:
                answers.append(str(await self._client.evalsha(*args)))
            except ResponseError as refusal:
                answers.append(str(refusal))
        return answers


@pytest.fixture
def network(client: Redis) -> Network:
    return Network(client)


@pytest.fixture
async def fence(client: Redis, prefix: str) -> Fence:
    await client.set(f"{{{prefix}}}:fence:a", "1 one")
    await client.set(f"{{{prefix}}}:lease:a", "one address")
    return Fence("a", 1, "one")


@pytest.fixture
async def agents(
    client: Redis, network: Network, prefix: str, clock: Clock, directory: Directory, fence: Fence
) -> RedisAvailability:
    await RedisAvailability(client, prefix, clock, fence).configure(directory)
    found = RedisAvailability(network, prefix, clock, fence)  # type: ignore[arg-type]
    await found.set_state("alice", "ready")
    # each script once, so that Redis knows it
    assert await found.reserve("first", SUPPORT, frozenset(), 15) == "alice"
    await found.set_activity("alice", "on_call", "first")
    await found.set_activity("alice", None, "first")
    await found.left("first")
    return found


async def test_a_leg_that_is_gone_is_not_written_again(network: Network, prefix: str, fence: Fence) -> None:
    store = RedisStore(network, prefix, fence)  # type: ignore[arg-type]
    await store.save_many({"leg:1": b"{}"})
    network.cut = True
    with pytest.raises(StoreUnavailable):
        await store.save_many({"leg:1": b"{}", "leg:2": b"{}"})
    network.cut = False
    await store.save_many({"leg:1": None})
    (refusal,) = await network.delivers()
    assert refusal.startswith("LATE")
    assert await store.load_all() == {}
    await store.save_many({"leg:3": b"{}"})
    assert await store.load_all() == {"leg:3": b"{}"}


async def test_the_end_of_a_call_that_arrives_late_frees_nobody_whom_the_next_one_has(
    network: Network, agents: RedisAvailability
) -> None:
    await agents.set_activity("alice", "on_call", "c1")
    network.cut = True
    with pytest.raises(StoreUnavailable):
        await agents.set_activity("alice", None, "c1")
    network.cut = False
    await agents.set_activity("alice", None, "c1")
    assert await agents.reserve("r2", SUPPORT, frozenset(), 15) == "alice"
    await agents.set_activity("alice", "ringing", "c2")
    await network.delivers()
    assert (await agents.agent("alice")).state is AgentState.RINGING


async def test_nobody_is_reserved_for_a_request_that_arrives_late_and_its_caller_does_not_wait_again(
    network: Network, agents: RedisAvailability, client: Redis
) -> None:
    network.cut = True
    with pytest.raises(StoreUnavailable):
        await agents.reserve("late", SUPPORT, frozenset(), 15, Waiting("c1", (0.0, 1.0)))
    network.cut = False
    await agents.left("c1")
    await network.delivers()
    assert (await agents.agent("alice")).state is AgentState.READY
    assert not await client.exists(f"{agents._tag}:waiting:a:group:support")


async def test_who_is_overtaken_and_waits_for_an_answer_is_answered(
    network: Network, agents: RedisAvailability, client: Redis
) -> None:
    await client.set(f"{agents._tag}:turn:agents:a", "1 one 1")  # as another request has left it, sent later
    agents._scripts._unanswered = 0

    async def overtaken(*args: Any) -> Any:
        agents._scripts._unanswered = 1
        return await client.evalsha(*args)

    network.evalsha = overtaken  # type: ignore[method-assign]
    assert (await agents.set_state("bob", "ready")).state is AgentState.READY


async def test_the_next_leader_begins_anew(client: Redis, agents: RedisAvailability, prefix: str, clock: Clock) -> None:
    await client.set(f"{agents._tag}:turn:agents:a", "1 one 7")
    await client.set(f"{agents._tag}:fence:a", "2 two")
    new = RedisAvailability(client, prefix, clock, Fence("a", 2, "two"))
    assert (await new.set_state("bob", "ready")).state is AgentState.READY
