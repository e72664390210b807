"""What every implementation of `Leases` does, and what no store keeps of somebody whose lease is another's."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from ari_app.availability.redis import RedisAvailability
from ari_app.errors import StoreUnavailable
from ari_app.routing.directory import Directory
from ari_app.routing.targets import parse_target
from ari_app.store.leases import Fence, Lease, Leases, Renewal
from ari_app.store.port import KeptFact, hash_token
from ari_app.store.redis import RedisStore
from ari_app.store.redis_leases import RedisLeases
from ari_app.testing.leases import MemoryLeases
from tests.contract.conftest import Clock

LONG = 60.0
SHORT = 0.05
DEADLINE = 5.0


@pytest.fixture(params=["memory", "redis"])
def leases(request: pytest.FixtureRequest, prefix: str) -> Leases:
    return MemoryLeases() if request.param == "memory" else RedisLeases(request.getfixturevalue("client"), prefix)


@pytest.fixture
def emptied(request: pytest.FixtureRequest, leases: Leases, prefix: str) -> Callable[[], Awaitable[None]]:
    """The store loses what it kept."""

    async def empty() -> None:
        if isinstance(leases, MemoryLeases):
            leases.forget()
        else:
            await request.getfixturevalue("client").delete(f"{{{prefix}}}:lease:a", f"{{{prefix}}}:fence:a")

    return empty


async def until_free(leases: Leases) -> None:
    async with asyncio.timeout(DEADLINE):
        while (await leases.look("a")).owner:  # noqa: ASYNC110 - nobody is notified when a lease ends
            await asyncio.sleep(0)


async def test_of_two_one_has_it_and_whoever_has_it_next_has_a_higher_number(leases: Leases) -> None:
    assert await leases.look("a") == Lease(0)
    assert await leases.take("a", "one", "host:1", LONG) == 1
    assert await leases.look("a") == Lease(1, "one", "host:1")
    assert await leases.take("a", "two", "host:2", LONG) is None
    await leases.release(Fence("a", 1, "one"))
    assert await leases.look("a") == Lease(1, released=True)
    assert await leases.take("a", "two", "host:2", LONG) == 2
    assert await leases.look("a") == Lease(2, "two", "host:2")


async def test_each_asterisk_has_a_lease_of_its_own(leases: Leases) -> None:
    assert await leases.take("a", "one", "host:1", LONG) == 1
    assert await leases.take("b", "two", "host:2", LONG) == 1


async def test_a_lease_that_nobody_renews_ends_and_its_number_stays(leases: Leases) -> None:
    assert await leases.take("a", "one", "host:1", SHORT) == 1
    await until_free(leases)
    assert await leases.look("a") == Lease(1)
    assert await leases.take("a", "two", "host:2", LONG) == 2


async def test_it_is_known_when_one_ends_and_it_may_be_given_up_in_the_name_of_who_is_dead(leases: Leases) -> None:
    assert await leases.take("a", "one", "host:1", LONG) == 1
    seen = await leases.look("a")
    assert LONG - 5 < seen.left <= LONG
    await leases.release(Fence("a", seen.number, seen.owner))
    assert await leases.look("a") == Lease(1, released=True)
    assert (
        await leases.renew(Fence("a", 1, "one"), "host:1", LONG) is Renewal.KEPT
    )  # it was not, and nobody has taken it
    assert await leases.take("a", "two", "host:2", LONG) is None


async def test_one_that_is_renewed_goes_on(leases: Leases) -> None:
    one = Fence("a", 1, "one")
    assert await leases.take("a", "one", "host:1", SHORT) == 1
    assert await leases.renew(one, "host:1", LONG) is Renewal.KEPT
    assert await leases.take("a", "two", "host:2", LONG) is None


async def test_who_renews_one_knows_whether_somebody_who_leads_none_seeks_it(leases: Leases) -> None:
    one = Fence("a", 1, "one")
    assert await leases.take("a", "one", "host:1", LONG) == 1
    assert await leases.look("b", LONG) == Lease(0)
    assert await leases.renew(one, "host:1", LONG) is Renewal.KEPT
    assert await leases.look("a", SHORT) == Lease(1, "one", "host:1")
    assert await leases.renew(one, "host:1", LONG) is Renewal.SOUGHT
    async with asyncio.timeout(DEADLINE):
        while await leases.renew(one, "host:1", LONG) is Renewal.SOUGHT:  # noqa: ASYNC110 - it ends by itself
            await asyncio.sleep(0)


async def test_one_that_ended_is_renewed_as_long_as_nobody_took_it_and_not_after(leases: Leases) -> None:
    one = Fence("a", 1, "one")
    assert await leases.take("a", "one", "host:1", SHORT) == 1
    await until_free(leases)
    assert await leases.renew(one, "host:1", SHORT) is Renewal.KEPT
    await until_free(leases)
    assert await leases.take("a", "two", "host:2", LONG) == 2
    assert await leases.renew(one, "host:1", LONG) is Renewal.LOST
    assert await leases.look("a") == Lease(2, "two", "host:2")


async def test_whoever_lost_it_can_release_nothing(leases: Leases) -> None:
    assert await leases.take("a", "one", "host:1", SHORT) == 1
    await until_free(leases)
    assert await leases.take("a", "two", "host:2", LONG) == 2
    await leases.release(Fence("a", 1, "one"))
    assert await leases.look("a") == Lease(2, "two", "host:2")


async def test_numbers_grow_on_in_a_store_that_was_emptied(
    leases: Leases, emptied: Callable[[], Awaitable[None]]
) -> None:
    assert await leases.take("a", "one", "host:1", LONG, above=7) == 8
    await emptied()
    assert await leases.look("a") == Lease(0)
    assert await leases.renew(Fence("a", 8, "one"), "host:1", LONG) is Renewal.KEPT
    assert await leases.look("a") == Lease(8, "one", "host:1")


async def test_of_a_store_that_forgot_the_highest_number_wins_and_of_two_equal_ones_the_first(
    leases: Leases, emptied: Callable[[], Awaitable[None]]
) -> None:
    assert await leases.take("a", "one", "host:1", LONG, above=4) == 5
    await emptied()
    assert await leases.take("a", "two", "host:2", LONG) == 1
    assert await leases.renew(Fence("a", 5, "one"), "host:1", LONG) is Renewal.KEPT
    assert await leases.renew(Fence("a", 1, "two"), "host:2", LONG) is Renewal.LOST
    assert await leases.renew(Fence("a", 5, "three"), "host:3", LONG) is Renewal.LOST
    assert await leases.look("a") == Lease(5, "one", "host:1")


# -- the real Redis only ----------------------------------------------------------------------------------------------


@pytest.fixture
async def overtaken(client: Redis, prefix: str) -> Fence:
    """Of a controller that stood still meanwhile."""
    leases = RedisLeases(client, prefix)
    assert await leases.take("a", "one", "host:1", SHORT) == 1
    await until_free(leases)
    return Fence("a", 1, "one")


async def test_nothing_is_kept_of_whoever_has_not_the_last_number(client: Redis, prefix: str, overtaken: Fence) -> None:
    old = RedisStore(client, prefix, overtaken)
    token = hash_token("a token")
    await old.save_many({"call:1": b"{}"})
    assert await RedisLeases(client, prefix).take("a", "two", "host:2", LONG) == 2
    for write in (
        old.save_many({"call:1": None, "call:2": b"{}"}),
        old.save_many({"call:1": None}, [KeptFact("call:1", "call", b"{}")]),
        old.add_facts([KeptFact("call:1", "call", b"{}")]),
        old.forget_facts(["1-1"]),
        old.put_token(token, b"alice", 60, "alice"),
        old.change_password("alice", b"x"),
        old.claim("key", 60),
        old.set_caller_id("alice", "support"),
        old.set_device("1001", "page"),
        old.note_recent("alice", "agent:bob"),
        old.add_favourite("alice", "agent:bob"),
        old.keep_recording("r", b"x", 1.0),
        old.note("call", "alice", b"x"),
        old.add_facts([KeptFact("call:1", "call", b"{}")]),
        old.keep_counts("2026-11-28", {"a": 1}),
    ):
        with pytest.raises(StoreUnavailable, match="another controller leads"):
            await write
    tag = f"{{{prefix}}}"
    keys = {key.decode() async for key in client.scan_iter(match=f"*{prefix}*", count=1000)}
    assert keys == {f"{tag}:snapshots", f"{tag}:lease:a", f"{tag}:fence:a"}
    new = RedisStore(client, prefix, Fence("a", 2, "two"))
    assert await new.load_all() == {"call:1": b"{}"}
    await new.save_many({"call:1": None})
    assert await new.load_all() == {}


async def test_nobody_is_reserved_or_changed_by_whoever_has_not_the_last_number(
    client: Redis, prefix: str, clock: Clock, directory: Directory, overtaken: Fence
) -> None:
    old = RedisAvailability(client, prefix, clock, overtaken)
    await old.configure(directory)
    await old.set_state("alice", "ready")
    assert await RedisLeases(client, prefix).take("a", "two", "host:2", LONG) == 2
    new = RedisAvailability(client, prefix, clock, Fence("a", 2, "two"))
    before = await new.agents()
    for change in (
        old.set_state("bob", "ready"),
        old.set_activity("alice", "on_call"),
        old.reserve("r1", parse_target("group:support"), frozenset(), 15),
        old.reconcile({}),
        old.set_reachable("alice", reachable=False),
        old.count_missed("alice", 1, "missed"),
        old.expire(),
        old.recompute(),
    ):
        with pytest.raises(StoreUnavailable, match="another controller leads"):
            await change
    assert await new.agents() == before
    assert await new.reserve("r1", parse_target("group:support"), frozenset(), 15) == "alice"


async def test_nothing_is_kept_under_a_number_of_which_an_emptied_store_knows_nothing(
    client: Redis, prefix: str
) -> None:
    fence = Fence("a", 3, "one")
    store = RedisStore(client, prefix, fence)
    with pytest.raises(StoreUnavailable, match="another controller leads"):
        await store.save_many({"call:1": b"{}"})
    assert await RedisLeases(client, prefix).renew(fence, "host:1", LONG) is Renewal.KEPT
    await store.save_many({"call:1": b"{}"})


async def test_leaders_of_two_asterisks_add_facts_to_one_stream_and_forget_of_it_what_they_like(
    client: Redis, prefix: str
) -> None:
    one, other = RedisStore(client, prefix), RedisStore(client, prefix, asterisk="b")
    await one.add_facts([KeptFact("call:1", "call", b"{}")])
    await other.save_many({"call:2": None}, [KeptFact("call:2", "call", b"{}")])
    found = await one.facts("", 10)
    assert [fact.key for _, fact in found] == ["call:1", "call:2"]
    await one.forget_facts([position for position, _ in found])
    assert await other.facts_waiting() == 0


async def test_of_more_calls_than_one_command_takes_all_are_kept(client: Redis, prefix: str) -> None:
    store = RedisStore(client, prefix)
    many = {f"call:{n}": b"{}" for n in range(12_345)}
    await store.save_many(many)
    assert await store.load_all() == many
    await store.save_many(dict.fromkeys(many))
    assert await store.load_all() == {}
