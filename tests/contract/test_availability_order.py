"""Groups that ring in the administrator's order: who of them is reserved first, in every implementation."""

import asyncio
from collections.abc import Callable

import pytest

from ari_app.availability.lastknown import best
from ari_app.availability.port import Availability
from ari_app.routing.directory import Agent, Directory
from ari_app.routing.targets import parse_target
from tests.contract.conftest import Clock, counts, ready

NOBODY: frozenset[str] = frozenset()
SUPPORT = parse_target("group:support")


@pytest.fixture(autouse=True)
async def configured(availability: Availability, directory: Directory) -> None:
    await availability.configure(directory)


async def all_of(availability: Availability, target: str) -> list[str]:
    """Everybody who can be had, in the order in which they are reserved; they are free again afterwards."""
    requests = [f"{target} {n}" for n in range(9)]
    got = [await availability.reserve(request, parse_target(target), NOBODY, 15) for request in requests]
    taken = [(agent, request) for agent, request in zip(got, requests, strict=True) if agent is not None]
    for agent, request in taken:
        await availability.set_activity(agent, None, request=request)
    return [agent for agent, _ in taken]


async def test_a_group_that_rings_in_order_ignores_who_has_been_idle_longest(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    await availability.configure(make(order=("carol", "bob")))
    await ready(availability, clock, "alice", "bob", "carol")
    assert await counts(availability, "group:support") == [3]
    assert await all_of(availability, "group:support") == ["carol", "bob", "alice"]
    assert await availability.reserve("r1", SUPPORT, frozenset({"carol"}), 15) == "bob"
    assert await availability.reserve("r2", SUPPORT, NOBODY, 15) == "carol"
    assert await availability.recompute() == ()


async def test_members_who_are_not_named_come_after_in_the_order_of_the_file(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    late = {name: Agent(name, name, name, groups=("support",)) for name in ("zoe", "adam")}
    await availability.configure(make(order=("carol",), **late))
    await ready(availability, clock, "adam", "zoe", "carol", "bob", "alice")
    assert await all_of(availability, "group:support") == ["carol", "alice", "bob", "zoe", "adam"]


async def test_an_order_that_names_nobody_is_that_of_the_file(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    await availability.configure(make(order=()))
    await ready(availability, clock, "carol", "bob", "alice")
    assert await all_of(availability, "group:support") == ["alice", "bob", "carol"]


async def test_the_order_is_that_group_s_alone(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    """A queue made of it, a skill, another group of its members: there the longest idle is taken."""
    await availability.configure(make(order=("carol", "alice", "bob")))
    await ready(availability, clock, "dave", "bob", "alice", "carol")
    assert await all_of(availability, "queue:all") == ["dave", "bob", "alice", "carol"]
    assert await all_of(availability, "group:sales") == ["dave", "carol"]
    assert await all_of(availability, "skill:french>=2") == ["alice", "dave", "bob"]
    assert await all_of(availability, "group:support") == ["carol", "alice", "bob"]


@pytest.mark.parametrize("what", ["called", "missed", "phone away", "paused", "expired", "rested"])
async def test_whatever_becomes_of_a_member_they_keep_their_place_in_the_order(
    availability: Availability, clock: Clock, make: Callable[..., Directory], what: str
) -> None:
    await availability.configure(make(order=("carol", "alice")))
    await ready(availability, clock, "alice", "bob", "carol")
    match what:
        case "called":
            await availability.set_activity("carol", "on_call")
            await availability.set_activity("carol", None)
        case "missed":
            await availability.count_missed("carol", 0, "no_answer")
        case "phone away":
            await availability.set_reachable("carol", reachable=False)
            assert await availability.reserve("r0", SUPPORT, frozenset({"alice"}), 1) == "bob"
            await availability.set_reachable("carol", reachable=True)
        case "paused":
            await availability.set_state("carol", "not_ready", "lunch")
            await availability.set_state("carol", "ready")
        case "expired":
            assert await availability.reserve("r0", SUPPORT, NOBODY, 15) == "carol"
        case "rested":
            await availability.set_activity("carol", "on_call")
            await availability.set_activity("carol", None, wrap_up=10)
    clock.advance(20)
    assert await all_of(availability, "group:support") == ["carol", "alice", "bob"]
    assert await availability.recompute() == ()


async def test_of_many_requests_at_once_the_first_get_the_first_in_order(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    await availability.configure(make(order=("bob", "carol", "alice")))
    await ready(availability, clock, "alice", "bob", "carol")
    got = await asyncio.gather(*(availability.reserve(f"r{n}", SUPPORT, NOBODY, 15) for n in range(2)))
    assert sorted(agent for agent in got if agent is not None) == ["bob", "carol"]


async def test_another_order_holds_from_the_next_reservation_on(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    await ready(availability, clock, "bob", "carol", "alice")
    orders = [("carol", "bob", "alice"), ("alice", "carol", "bob"), None, ("bob", "alice", "carol")]
    for order in orders:
        await availability.configure(make(order=order))
        assert await counts(availability, "group:support", "queue:all") == [3, 3]
        assert await all_of(availability, "group:support") == list(order or ("bob", "carol", "alice"))
        assert await all_of(availability, "queue:all") == ["bob", "carol", "alice"]
        assert await availability.recompute() == ()


async def test_another_order_counts_for_whoever_is_busy_when_it_comes(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    await availability.configure(make(order=("bob", "alice", "carol")))
    await ready(availability, clock, "alice", "bob", "carol")
    assert await availability.reserve("r1", SUPPORT, NOBODY, 15) == "bob"
    await availability.set_activity("alice", "on_call")
    await availability.configure(make(order=("alice", "carol", "bob")))
    assert await availability.reserve("r1", SUPPORT, NOBODY, 15) == "bob"
    await availability.set_activity("bob", None, request="r1")
    await availability.set_activity("alice", None)
    assert await all_of(availability, "group:support") == ["alice", "carol", "bob"]
    assert await availability.recompute() == ()


@pytest.mark.parametrize("order", [("carol", "bob"), None])
@pytest.mark.parametrize("target", ["group:support", "queue:all", "skill:french", "skill:french>=3", "agent:bob"])
async def test_by_what_was_last_known_the_same_are_found_in_the_same_order(
    availability: Availability,
    clock: Clock,
    make: Callable[..., Directory],
    order: tuple[str, ...] | None,
    target: str,
) -> None:
    directory = make() if order is None else make(order=order)
    await availability.configure(directory)
    await ready(availability, clock, "bob", "alice", "carol")
    records = {record.agent: record for record in (await availability.snapshot()).records}
    known: list[str] = []
    while (agent := best(records, directory, parse_target(target), known, {})) is not None:
        known.append(agent)
    assert known
    assert known == await all_of(availability, target)
