"""What every implementation of `Availability` does with reservations, counts and a changed configuration."""

import asyncio
from collections.abc import Callable

import pytest

from ari_app.availability.port import AgentState, Availability
from ari_app.routing.directory import Agent, Directory
from ari_app.routing.targets import parse_target
from tests.contract.conftest import Clock, counts, ready

NOBODY: frozenset[str] = frozenset()
SUPPORT = parse_target("group:support")


@pytest.fixture(autouse=True)
async def configured(availability: Availability, directory: Directory) -> None:
    await availability.configure(directory)


# -- reservations -----------------------------------------------------------------------------------------------------


async def test_the_longest_idle_is_reserved_first(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "bob", "carol", "alice")
    got = [await availability.reserve(f"r{n}", SUPPORT, NOBODY, 15) for n in range(4)]
    assert got == ["bob", "carol", "alice", None]
    assert (await availability.agent("bob")).state is AgentState.RESERVED


async def test_excluded_agents_are_passed_over(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "bob", "carol", "alice")
    assert await availability.reserve("r1", SUPPORT, frozenset({"bob", "carol", "dave"}), 15) == "alice"
    assert await availability.reserve("r2", SUPPORT, frozenset({"bob", "carol", "dave"}), 15) is None
    assert await availability.reserve("r3", parse_target("agent:bob"), frozenset({"bob"}), 15) is None


async def test_a_queue_takes_from_all_its_groups(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "dave", "alice", "carol")
    everybody = parse_target("queue:all")
    assert await counts(availability, "queue:all", "queue:sales") == [3, 2]
    got = [await availability.reserve(f"r{n}", everybody, NOBODY, 15) for n in range(4)]
    assert got == ["dave", "alice", "carol", None]


async def test_a_skill_takes_the_highest_level_then_the_longest_idle(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "bob", "dave", "alice")
    french = parse_target("skill:french")
    assert [await availability.reserve(f"r{n}", french, NOBODY, 15) for n in range(4)] == ["alice", "dave", "bob", None]


async def test_a_skill_takes_nobody_below_its_level(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "bob", "dave", "alice")
    assert await counts(
        availability, "skill:french", "skill:french>=2", "skill:french>=3", "skill:french>=4", "skill:french>=6"
    ) == [3, 3, 2, 1, 0]
    wanted = parse_target("skill:french>=3")
    assert [await availability.reserve(f"r{n}", wanted, NOBODY, 15) for n in range(3)] == ["alice", "dave", None]


async def test_among_equals_in_a_skill_the_longest_idle_is_taken(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    equal = {n: Agent(n, n, n, groups=("support",), skills={"french": 999}) for n in ("bob", "alice", "carol")}
    await availability.configure(make(**equal))
    await ready(availability, clock, "carol", "alice", "bob", "dave")
    french = parse_target("skill:french>=999")
    got = [await availability.reserve(f"r{n}", french, NOBODY, 15) for n in range(4)]
    assert got == ["carol", "alice", "bob", None]


async def test_one_agent_can_be_reserved_by_name_once(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    alice = parse_target("agent:alice")
    assert await counts(availability, "agent:alice") == [1]
    assert await availability.reserve("r1", alice, NOBODY, 15) == "alice"
    assert await availability.reserve("r2", alice, NOBODY, 15) is None
    assert await counts(availability, "agent:alice", "group:support", "skill:french") == [0, 0, 0]


@pytest.mark.parametrize("target", ["agent:mallory", "group:nowhere", "routing_point:billing", "number:+33123456789"])
async def test_where_there_are_no_agents_nobody_is_reserved(availability: Availability, target: str) -> None:
    assert await availability.reserve("r1", parse_target(target), NOBODY, 15) is None
    assert await counts(availability, target) == [0]


async def test_only_those_who_are_ready_are_reserved(availability: Availability, clock: Clock) -> None:
    await availability.set_state("alice", "not_ready", "lunch")
    await ready(availability, clock, "bob", "carol")
    await availability.set_activity("carol", "on_call")
    await availability.set_state("bob", "logged_out")
    assert await availability.reserve("r1", SUPPORT, NOBODY, 15) is None
    for agent in ("alice", "bob", "carol"):
        assert await availability.reserve("r1", parse_target(f"agent:{agent}"), NOBODY, 15) is None


async def test_the_same_request_gets_the_same_agent(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice", "bob")
    assert await availability.reserve("r1", SUPPORT, NOBODY, 15) == "alice"
    clock.advance(1)
    assert await availability.reserve("r1", SUPPORT, frozenset({"alice"}), 15) == "alice"
    assert (await availability.agent("alice")).since == clock.now - 1
    await availability.set_activity("alice", "on_call")
    clock.advance(60)
    assert await availability.reserve("r1", SUPPORT, NOBODY, 15) == "alice"
    assert await counts(availability, "group:support") == [1]


async def test_a_request_whose_agent_was_released_reserves_anew(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice", "bob")
    await availability.reserve("r1", SUPPORT, NOBODY, 15)
    await availability.set_activity("alice", None, request="r1")
    assert await availability.reserve("r1", SUPPORT, frozenset({"alice"}), 15) == "bob"


async def test_a_reservation_that_nobody_takes_further_runs_out(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    due = clock.now + 15
    await availability.reserve("r1", SUPPORT, NOBODY, 15)
    await availability.set_activity("alice", "reserved", call="c1")
    clock.now = due - 0.001
    assert (await availability.expire()).next_due == due
    assert (await availability.agent("alice")).call == "c1"
    clock.now = due
    assert (await availability.expire()).ended == 1
    record = await availability.agent("alice")
    assert (record.state, record.since, record.call) == (AgentState.READY, due, None)
    assert await counts(availability, "group:support") == [1]


async def test_a_reservation_taken_further_does_not_run_out(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    await availability.reserve("r1", SUPPORT, NOBODY, 15)
    await availability.set_activity("alice", "ringing", call="c1")
    clock.advance(60)
    assert (await availability.expire()).ended == 0
    assert (await availability.agent("alice")).state is AgentState.RINGING


async def test_what_has_run_out_can_be_reserved_without_expire(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    await availability.reserve("r1", SUPPORT, NOBODY, 15)
    clock.advance(20)
    assert await availability.reserve("r2", SUPPORT, NOBODY, 15) == "alice"
    clock.advance(20)
    assert await availability.reserve("r2", SUPPORT, NOBODY, 15) == "alice"
    clock.advance(20)
    assert await availability.reserve("r3", parse_target("agent:alice"), NOBODY, 15) == "alice"
    assert await availability.recompute() == ()


async def test_more_may_run_out_at_once_than_one_step_puts_right(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    crowd = {f"agent{n:03}": Agent(f"agent{n:03}", "", str(n), groups=("night",)) for n in range(250)}
    await availability.configure(make(frank=None, **crowd))
    for agent in crowd:
        await availability.set_state(agent, "ready")
        assert await availability.reserve(agent, parse_target("group:night"), NOBODY, 15) == agent
    clock.advance(20)
    # each step puts a hundred right, and whoever else it is about
    night = parse_target("group:night")
    assert await availability.reserve("agent249", night, frozenset({"agent249"}), 15) == "agent000"
    assert await availability.reserve("last", parse_target("agent:agent248"), NOBODY, 15) == "agent248"
    assert (await availability.expire()).ended == 250 - 2 * 100 - 2
    assert await counts(availability, "group:night") == [248]
    assert await availability.recompute() == ()


async def test_a_reservation_that_came_to_nothing_gives_the_place_back(
    availability: Availability, clock: Clock
) -> None:
    await ready(availability, clock, "alice", "bob")
    await availability.reserve("r1", SUPPORT, NOBODY, 15)
    await availability.set_activity("alice", "ringing")
    await availability.set_activity("alice", None)
    assert await availability.reserve("r2", SUPPORT, NOBODY, 15) == "alice"
    clock.advance(20)
    assert await availability.reserve("r3", SUPPORT, NOBODY, 15) == "alice"


@pytest.mark.parametrize("what", ["answered", "missed", "missed after release", "phone away", "paused"])
async def test_a_call_or_an_absence_sends_the_agent_to_the_end(
    availability: Availability, clock: Clock, what: str
) -> None:
    await ready(availability, clock, "alice", "bob")
    match what:
        case "answered":
            await availability.set_activity("alice", "on_call")
            await availability.set_activity("alice", None)
        case "missed":
            await availability.set_activity("alice", "ringing")
            await availability.count_missed("alice", 0, "no_answer")
            await availability.set_activity("alice", None)
        case "missed after release":
            await availability.count_missed("alice", 0, "no_answer")
        case "phone away":
            await availability.set_reachable("alice", reachable=False)
            await availability.set_reachable("alice", reachable=True)
        case "paused":
            await availability.set_state("alice", "not_ready", "lunch")
            await availability.set_state("alice", "ready")
    assert await availability.reserve("r1", SUPPORT, NOBODY, 15) == "bob"


async def test_a_controller_that_was_too_slow_cannot_take_the_agent_from_the_next(
    availability: Availability, clock: Clock
) -> None:
    await ready(availability, clock, "alice")
    await availability.reserve("slow", SUPPORT, NOBODY, 15)
    clock.advance(20)
    await availability.reserve("next", SUPPORT, NOBODY, 15)
    assert not await availability.set_activity("alice", "ringing", call="c1", request="slow")
    assert not await availability.set_activity("alice", None, call="c1", request="slow")
    assert await availability.set_activity("alice", "ringing", call="c2", request="next")
    assert (await availability.agent("alice")).call == "c2"
    assert await availability.set_activity("alice", None, call="c2", request="next")
    assert not await availability.set_activity("alice", None, call="c2", request="next")


async def test_a_reservation_that_ran_out_may_still_be_taken_further_where_nobody_came_between(
    availability: Availability, clock: Clock
) -> None:
    await ready(availability, clock, "alice", "bob")
    await availability.reserve("slow", SUPPORT, NOBODY, 15)
    clock.advance(20)
    assert await availability.set_activity("alice", "ringing", call="c1", request="slow")
    assert await availability.reserve("slow", SUPPORT, NOBODY, 15) == "alice"
    await availability.set_activity("alice", None, request="slow")
    assert await availability.reserve("slow", SUPPORT, frozenset({"alice"}), 15) == "bob"
    # the request has bob now: it can't have alice too
    assert not await availability.set_activity("alice", "ringing", call="c1", request="slow")
    assert await availability.recompute() == ()


async def test_of_many_requests_at_once_each_gets_another_agent(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice", "bob", "carol")
    got = await asyncio.gather(*(availability.reserve(f"r{n}", SUPPORT, NOBODY, 15) for n in range(8)))
    assert sorted(agent for agent in got if agent is not None) == ["alice", "bob", "carol"]


async def test_of_many_who_want_somebody_at_once_each_has_the_answer_to_their_own_wish(
    availability: Availability, clock: Clock
) -> None:
    await ready(availability, clock, "alice", "bob", "carol", "dave")
    wishes = {
        "r1": ("agent:bob", NOBODY),
        "r2": ("group:support", frozenset({"alice", "bob"})),
        "r3": ("skill:french>=2", NOBODY),
        "r4": ("agent:bob", NOBODY),
        "r5": ("agent:dave", frozenset({"dave", "carol"})),
        "r6": ("number:0331234567", NOBODY),
    }
    tries = [availability.reserve(r, parse_target(target), but, 15) for r, (target, but) in wishes.items()]
    again = [availability.reserve(request, SUPPORT, NOBODY, 15) for request in ("r1", "r2", "r3")]
    got = await asyncio.gather(*tries, *again)
    assert got == ["bob", "carol", "alice", None, None, None, "bob", "carol", "alice"]
    assert await counts(availability, "agent:dave", "group:support") == [1, 0]
    assert await availability.recompute() == ()


# -- configuration ----------------------------------------------------------------------------------------------------


async def test_configuring_again_changes_nothing(
    availability: Availability, clock: Clock, directory: Directory
) -> None:
    await ready(availability, clock, "alice")
    await availability.reserve("r1", SUPPORT, NOBODY, 15)
    before = await availability.agents()
    clock.advance(1)
    await availability.configure(directory)
    assert await availability.agents() == before


async def test_agents_keep_their_state_when_their_groups_and_skills_change(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    await ready(availability, clock, "alice", "bob", "carol")
    await availability.set_activity("bob", "on_call")
    await availability.configure(
        make(
            alice=Agent("alice", "Alice", "1001", groups=("sales",), skills={"french": 1, "english": 3}),
            bob=Agent("bob", "Bob", "1002", groups=("night",)),
        )
    )
    assert [r.state for r in await availability.agents()][1:4] == ["ready", "on_call", "ready"]
    targets = ("group:support", "group:sales", "queue:all", "group:night", "skill:french>=2", "skill:english>=3")
    assert await counts(availability, *targets) == [1, 2, 2, 0, 0, 2]
    assert await availability.recompute() == ()
    await availability.set_activity("bob", None)
    assert await counts(availability, "group:night", "group:support", "skill:french") == [1, 1, 1]
    assert await availability.reserve("r1", parse_target("group:sales"), NOBODY, 15) == "alice"
    assert await availability.recompute() == ()


async def test_removed_agents_disappear_with_their_reservations(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    await ready(availability, clock, "alice", "bob")
    await availability.reserve("r1", SUPPORT, NOBODY, 15)
    await availability.configure(make(alice=None, bob=None))
    assert [record.agent for record in await availability.agents()] == ["admin", "carol", "dave", "frank"]
    assert await counts(availability, "group:support", "skill:french", "agent:bob") == [0, 0, 0]
    clock.advance(20)
    assert (await availability.expire()).ended == 0
    assert await availability.reserve("r1", SUPPORT, NOBODY, 15) is None
    assert await availability.recompute() == ()
    await availability.configure(make())
    assert (await availability.agent("alice")).state is AgentState.LOGGED_OUT


async def test_a_phone_given_or_taken_changes_who_is_available(
    availability: Availability, clock: Clock, make: Callable[..., Directory]
) -> None:
    await ready(availability, clock, "alice", "admin")
    await availability.configure(
        make(alice=Agent("alice", "Alice", groups=("support",)), admin=Agent("admin", "", "1009", groups=("support",)))
    )
    assert await availability.reserve("r1", SUPPORT, NOBODY, 15) == "admin"
    assert await availability.reserve("r2", SUPPORT, NOBODY, 15) is None
    assert not (await availability.agent("alice")).reachable


async def test_the_snapshot_has_all_records_and_all_counts(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice", "dave")
    snapshot = await availability.snapshot()
    assert snapshot.records == await availability.agents()
    assert {count.target: count.available for count in snapshot.counts} == {
        "group:support": 1,
        "group:sales": 1,
        "group:night": 0,
        "group:empty": 0,
        "queue:all": 2,
        "queue:sales": 1,
        "skill:french=5": 1,
        "skill:french=3": 1,
        "skill:french=2": 0,
        "skill:english=5": 0,
        "skill:english=4": 1,
        "skill:billing=2": 1,
    }


async def test_the_end_of_a_call_that_comes_once_more_ends_no_reservation(availability: Availability) -> None:
    """Nobody heard that it was done the first time, and the agent was given to the next caller since."""
    await availability.set_state("alice", "ready")
    await availability.set_activity("alice", "on_call", "c1")
    await availability.set_activity("alice", None, "c1")
    assert await availability.reserve("next", parse_target("agent:alice"), frozenset(), 15) == "alice"
    assert not await availability.set_activity("alice", None, "c1")
    assert (await availability.agent("alice")).state is AgentState.RESERVED
    assert await availability.set_activity("alice", None, request="next")
    assert (await availability.agent("alice")).state is AgentState.READY
