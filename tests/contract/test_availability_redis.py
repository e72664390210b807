"""What only the real Redis can show: lost connections, time limits, scripts it forgot, keys, several controllers."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis

from ari_app.availability.feed import feed
from ari_app.availability.mirror import Mirror
from ari_app.availability.port import AgentChanged, AgentState, Change, CountChanged, Resync
from ari_app.availability.redis import RedisAvailability
from ari_app.errors import StoreUnavailable
from ari_app.routing.directory import Directory
from ari_app.routing.targets import parse_target
from ari_app.store.client import connect, disconnect
from tests.contract.conftest import Clock, Wire

NOBODY: frozenset[str] = frozenset()
SUPPORT = parse_target("group:support")
DEADLINE = 10.0


@pytest.fixture
async def near(client: Redis, prefix: str, clock: Clock, directory: Directory) -> RedisAvailability:
    """Another controller, whose connection is never touched."""
    availability = RedisAvailability(client, prefix, clock)
    await availability.configure(directory)
    return availability


@pytest.fixture
async def far(wire: Wire, prefix: str, clock: Clock, near: RedisAvailability) -> AsyncIterator[RedisAvailability]:
    """A controller that reaches Redis through the wire."""
    client = connect(wire.url)
    yield RedisAvailability(client, prefix, clock)
    await disconnect(client)


async def test_no_answer_is_an_error_of_ours_within_a_bounded_time(far: RedisAvailability, wire: Wire) -> None:
    await far.agents()
    wire.freeze()
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        await far.reserve("r1", SUPPORT, NOBODY, 15)
    assert time.monotonic() - began < 3
    wire.cut()


async def test_no_redis_is_an_error_of_ours_and_the_next_command_after_it_is_back_works(
    far: RedisAvailability, near: RedisAvailability, wire: Wire
) -> None:
    await far.set_state("alice", "ready")
    await wire.close()
    for command in (far.agents(), far.reserve("r1", SUPPORT, NOBODY, 15), far.available(SUPPORT), far.expire()):
        with pytest.raises(StoreUnavailable):
            await command
    await wire.open()
    assert await far.reserve("r1", SUPPORT, NOBODY, 15) == "alice"


async def test_a_connection_cut_while_idle_is_replaced_unnoticed(far: RedisAvailability, wire: Wire) -> None:
    await asyncio.gather(*(far.available(SUPPORT) for _ in range(8)))
    wire.cut()
    async with asyncio.timeout(DEADLINE):
        while True:
            try:
                await far.available(SUPPORT)
                return
            except StoreUnavailable:
                continue  # the end of the connection had not arrived yet


async def test_scripts_that_redis_forgot_are_sent_again(near: RedisAvailability, client: Redis) -> None:
    await near.set_state("alice", "ready")
    await client.script_flush()
    assert await near.reserve("r1", SUPPORT, NOBODY, 15) == "alice"


async def test_a_refused_command_is_no_exception_of_redis(near: RedisAvailability, client: Redis, prefix: str) -> None:
    await client.delete(f"{{{prefix}}}:free:group:support")
    await client.set(f"{{{prefix}}}:free:group:support", "not a set")
    with pytest.raises(StoreUnavailable):
        await near.set_state("alice", "ready")


async def test_every_key_is_in_one_slot_of_a_cluster(
    near: RedisAvailability, client: Redis, prefix: str, clock: Clock
) -> None:
    monitored: list[str] = []
    async with client.monitor() as monitor:
        for agent in ("alice", "bob"):
            await near.set_state(agent, "ready")
        await near.reserve("r1", SUPPORT, NOBODY, 15)
        await near.set_activity("alice", "on_call")
        await near.set_activity("alice", None, wrap_up=5)
        clock.advance(20)
        await near.expire()
        await near.recompute()
        await near.snapshot()
        await client.echo(prefix)
        async with asyncio.timeout(DEADLINE):
            while not (monitored and monitored[-1] == f"ECHO {prefix}"):
                monitored.append((await monitor.next_command())["command"])
    keys = [line.split()[1] for line in monitored if prefix in line and not line.startswith(("ECHO", "EVAL"))]
    assert len(keys) > 50
    assert {key.partition("}")[0] + "}" for key in keys} == {f"{{{prefix}}}"}


async def test_what_drifted_is_found_and_put_right(near: RedisAvailability, client: Redis, prefix: str) -> None:
    tag = f"{{{prefix}}}"
    for agent in ("alice", "bob", "carol"):
        await near.set_state(agent, "ready")
    await near.reserve("r1", parse_target("agent:carol"), NOBODY, 15)
    assert await near.recompute() == ()
    await client.zrem(f"{tag}:free:group:support", "alice")
    await client.zadd(f"{tag}:free:skill:french=2", {"bob": 1.0, "ghost": 2.0, "frank": 3.0})
    await client.hset(f"{tag}:agent:bob", "free", 0)
    await client.zrem(f"{tag}:due", "carol")
    await client.zadd(f"{tag}:due", {"ghost": 1.0, "dave": 5.0})
    await client.hdel(f"{tag}:requests", "r1")
    await client.hset(f"{tag}:requests", "r0", "dave")
    await client.sadd(f"{tag}:agents", "ghost")
    found = [line.partition(" is ")[0] for line in await near.recompute()]
    assert sorted(found) == [
        "agent:bob: free",
        "agents: ghost",
        "due: carol",
        "due: dave",
        "due: ghost",
        "group:support: alice",
        "requests: r0",
        "requests: r1",
        "skill:french=2: bob",
        "skill:french=2: frank",
        "skill:french=2: ghost",
    ]
    assert await near.recompute() == ()
    assert await near.available(SUPPORT) == 2
    assert await near.reserve("r1", SUPPORT, NOBODY, 15) == "carol"


async def test_a_place_that_drifted_is_found_and_put_right(
    near: RedisAvailability, client: Redis, prefix: str, make: Callable[..., Directory]
) -> None:
    support = f"{{{prefix}}}:free:group:support"
    await near.configure(make(order=("carol", "bob")))
    for agent in ("alice", "bob", "carol"):
        await near.set_state(agent, "ready")
    assert await client.zrange(support, 0, -1, withscores=True) == [(b"carol", 1.0), (b"bob", 2.0), (b"alice", 3.0)]
    await client.zadd(support, {"bob": 7.0, "dave": 2.0})
    assert await near.recompute() == (
        "group:support: bob is 7, ought to be 2",
        "group:support: dave is in, ought to be out",
    )
    assert await near.recompute() == ()
    assert await near.reserve("r1", SUPPORT, frozenset({"carol"}), 15) == "bob"


async def test_a_configuration_that_is_overtaken_has_not_the_last_word(
    near: RedisAvailability, client: Redis, prefix: str, clock: Clock, make: Callable[..., Directory]
) -> None:
    late = RedisAvailability(client, prefix, clock)
    members = late._members

    async def overtaken(key: str) -> set[str]:
        late._members = members  # type: ignore[method-assign]
        await near.configure(make(bob=None))
        return await members(key)

    late._members = overtaken  # type: ignore[method-assign]
    await late.configure(make(alice=None))
    assert [record.agent for record in await near.agents()] == ["admin", "alice", "carol", "dave", "frank"]


async def test_the_reservation_of_a_dead_controller_runs_out(
    far: RedisAvailability, near: RedisAvailability, wire: Wire, clock: Clock
) -> None:
    await near.set_state("alice", "ready")
    assert await far.reserve("r1", SUPPORT, NOBODY, 15) == "alice"
    await wire.close()
    assert await near.reserve("r2", SUPPORT, NOBODY, 15) is None
    clock.advance(15)
    assert await near.reserve("r2", SUPPORT, NOBODY, 15) == "alice"


async def until(mirror: Mirror, fact: Callable[[], bool]) -> None:
    changed = asyncio.Event()
    end = mirror.listen(lambda _: changed.set())
    async with asyncio.timeout(DEADLINE):
        while not fact():
            changed.clear()
            await changed.wait()
    end()


@pytest.mark.parametrize("how", ["cut", "refused", "silent"])
async def test_a_mirror_knows_when_it_is_blind_and_catches_up(
    far: RedisAvailability, near: RedisAvailability, wire: Wire, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.availability.feed.SILENCE_SECONDS", 0.2)
    mirror = Mirror(far)
    running = asyncio.create_task(mirror.run())
    await mirror.wait_fresh()
    match how:
        case "cut":
            wire.cut()
        case "refused":
            await wire.close()
        case "silent":
            wire.freeze()
    await until(mirror, lambda: not mirror.fresh)
    await near.set_state("alice", "ready")
    match how:
        case "refused":
            await wire.open()
        case "silent":
            wire.cut()
    await until(mirror, lambda: mirror.fresh and mirror.available(SUPPORT) == 1)
    record = mirror.record("alice")
    assert record is not None
    assert record.state is AgentState.READY
    await near.set_state("alice", "not_ready")
    await until(mirror, lambda: mirror.available(SUPPORT) == 0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_missed_message_is_noticed_by_its_number(client: Redis, prefix: str) -> None:
    channel = f"{{{prefix}}}:changes"
    changes = feed(client, channel)
    assert await anext(changes) == Resync()
    for number in (7, 8, 10, 11):
        await client.publish(channel, f'{{"s":{number},"t":1000,"a":{{}},"c":[["group:a",{number}]]}}')
    reported: list[Change] = []
    async with asyncio.timeout(DEADLINE):
        while len(reported) < 5:
            reported.append(await anext(changes))
    assert reported == [
        CountChanged("group:a", 7, 1.0),
        CountChanged("group:a", 8, 1.0),
        Resync(),
        CountChanged("group:a", 10, 1.0),
        CountChanged("group:a", 11, 1.0),
    ]


async def test_silence_is_not_taken_for_a_lost_connection(
    near: RedisAvailability, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.availability.feed.SILENCE_SECONDS", 0.1)
    changes = near.changes()
    assert await anext(changes) == Resync()
    following = asyncio.ensure_future(anext(changes))
    # many times as long as it takes to ask and to give up
    done, _ = await asyncio.wait({following}, timeout=1)
    assert not done
    record = await near.set_state("alice", "ready")
    async with asyncio.timeout(DEADLINE):
        assert await following == AgentChanged(record, became_available=True)
