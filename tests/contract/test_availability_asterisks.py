"""Leaders of two Asterisks share the agents: what each makes of them, and whether each can ring their phone."""

from collections.abc import AsyncIterator

import pytest

from ari_app.availability.port import AgentState, Availability, OthersFirst, Waiting
from ari_app.availability.redis import RedisAvailability
from ari_app.routing.directory import Directory
from ari_app.routing.targets import parse_target
from ari_app.store.leases import Fence
from ari_app.store.redis_leases import RedisLeases
from ari_app.testing.availability import MemoryAvailability
from tests.contract.conftest import Clock

type Two = tuple[Availability, Availability]


@pytest.fixture(autouse=True)
async def configured(availability: Availability, directory: Directory) -> None:
    await availability.configure(directory)


@pytest.fixture
async def two(availability: Availability, clock: Clock) -> AsyncIterator[Two]:
    """Those of asterisk-a and asterisk-b."""
    if isinstance(availability, MemoryAvailability):
        yield availability.led("asterisk-a"), availability.led("asterisk-b")
        return
    assert isinstance(availability, RedisAvailability)
    client, tag = availability._client, availability._tag
    for name in ("asterisk-a", "asterisk-b"):
        await client.set(f"{tag}:fence:{name}", "1 worker")
        await client.set(f"{tag}:lease:{name}", "worker address")
    prefix = tag.strip("{}")
    a, b = (RedisAvailability(client, prefix, clock, Fence(name, 1, "worker")) for name in ("asterisk-a", "asterisk-b"))
    yield a, b


async def state(two: Two) -> tuple[AgentState, str | None]:
    record = await two[0].agent("alice")
    return record.state, record.call


async def test_an_agent_whom_one_has_is_free_when_neither_has_them_and_rests_then(two: Two) -> None:
    a, b = two
    await a.set_state("alice", "ready")
    await a.set_activity("alice", "on_call", "at-a")
    await b.set_activity("alice", "ringing", "at-b")
    assert await state(two) == (AgentState.ON_CALL, "at-a")
    await a.set_activity("alice", None, "at-a", wrap_up=10.0)
    assert await state(two) == (AgentState.RINGING, "at-b")
    await b.set_activity("alice", "on_call", "at-b")
    await b.set_activity("alice", None, "at-b", wrap_up=10.0)
    assert await state(two) == (AgentState.WRAP_UP, "at-b")


async def test_what_one_finds_after_a_take_over_frees_nobody_whom_the_other_has(two: Two) -> None:
    a, b = two
    await a.set_state("alice", "ready")
    await a.set_activity("alice", "on_call", "at-a")
    await b.reconcile({})
    assert await state(two) == (AgentState.ON_CALL, "at-a")
    await b.reconcile({"alice": ("on_call", "at-b")})
    await a.reconcile({})
    assert await state(two) == (AgentState.ON_CALL, "at-b")
    await b.reconcile({})
    assert (await state(two))[0] is AgentState.READY


async def test_an_agent_is_rung_only_when_each_asterisk_that_knows_of_their_phone_can_ring_it(two: Two) -> None:
    a, b = two
    await a.set_state("alice", "ready")
    await a.set_reachable("alice", False)
    await b.set_reachable("alice", False)
    await a.set_reachable("alice", True)
    assert not (await a.agent("alice")).available
    await b.set_reachable("alice", True)
    assert (await a.agent("alice")).available
    await b.set_reachable("alice", False, in_use=True)
    await a.set_reachable("alice", True)
    assert (await a.agent("alice")).in_use
    await b.set_reachable("alice", None)
    assert (await a.agent("alice")).available


async def nobody_leads_b(availability: Availability, how: str) -> None:
    """As after its lease was given up (its controller was stopped in order), or has ended (it was killed)."""
    if isinstance(availability, MemoryAvailability):
        availability.kept.unled.add("asterisk-b")
        return
    assert isinstance(availability, RedisAvailability)
    leases = RedisLeases(availability._client, availability._tag.strip("{}"))
    if how == "given up":
        await leases.release(Fence("asterisk-b", 1, "worker"))
        assert (await leases.look("asterisk-b")).released
    else:
        await availability._client.delete(f"{availability._tag}:lease:asterisk-b")


@pytest.mark.parametrize("how", ["given up", "ended"])
async def test_what_an_asterisk_knew_of_phones_that_is_led_no_more_counts_no_more(
    availability: Availability, two: Two, how: str
) -> None:
    a, b = two
    await a.set_state("alice", "ready")
    await b.set_reachable("alice", False)
    await nobody_leads_b(availability, how)
    await a.set_reachable("alice", True)
    assert (await a.agent("alice")).available


@pytest.mark.parametrize("how", ["given up", "ended"])
async def test_who_waits_at_an_asterisk_that_is_led_no_more_holds_up_nobody(
    availability: Availability, two: Two, how: str
) -> None:
    a, b = two
    assert await b.reserve("r1", SUPPORT, NOBODY, 15, FIRST) is None
    await a.set_state("alice", "ready")
    with pytest.raises(OthersFirst):
        await a.reserve("r2", SUPPORT, NOBODY, 15, SECOND)
    await nobody_leads_b(availability, how)
    assert await a.reserve("r3", SUPPORT, NOBODY, 15, SECOND) == "alice"


SUPPORT = parse_target("group:support")
FIRST, SECOND, THIRD = (Waiting(f"c{n}", (0.0, 1_700_000_000.0 + n)) for n in range(3))
NOBODY: frozenset[str] = frozenset()


async def test_callers_of_two_asterisks_are_served_in_the_order_in_which_they_came(two: Two) -> None:
    a, b = two
    assert await a.reserve("r1", SUPPORT, NOBODY, 15, FIRST) is None
    assert await b.reserve("r2", SUPPORT, NOBODY, 15, SECOND) is None
    await a.set_state("alice", "ready")
    with pytest.raises(OthersFirst) as others:
        await b.reserve("r3", SUPPORT, NOBODY, 15, SECOND)
    assert others.value.agent == "alice"
    assert await a.reserve("r4", SUPPORT, NOBODY, 15, FIRST) == "alice"
    await a.set_activity("alice", "on_call", "c0")
    assert await a.reserve("r5", SUPPORT, NOBODY, 15, THIRD) is None
    await a.set_activity("alice", None, "c0")
    with pytest.raises(OthersFirst):
        await a.reserve("r6", SUPPORT, NOBODY, 15, THIRD)
    assert await b.reserve("r7", SUPPORT, NOBODY, 15, SECOND) == "alice"


async def test_who_came_later_is_served_where_agents_are_left_for_those_before(two: Two) -> None:
    a, b = two
    assert await a.reserve("r1", SUPPORT, NOBODY, 15, FIRST) is None
    await a.set_state("alice", "ready")
    await a.set_state("bob", "ready")
    later = await b.reserve("r2", SUPPORT, NOBODY, 15, SECOND)
    first = await a.reserve("r3", SUPPORT, NOBODY, 15, FIRST)
    assert (first, later) == ("alice", "bob")


async def test_a_higher_priority_goes_first_whenever_it_came(two: Two) -> None:
    a, b = two
    urgent = Waiting("urgent", (-1.0, 1_700_000_009.0))
    assert await a.reserve("r1", SUPPORT, NOBODY, 15, FIRST) is None
    assert await b.reserve("r2", SUPPORT, NOBODY, 15, urgent) is None
    await a.set_state("alice", "ready")
    with pytest.raises(OthersFirst):
        await a.reserve("r3", SUPPORT, NOBODY, 15, FIRST)
    assert await b.reserve("r4", SUPPORT, NOBODY, 15, urgent) == "alice"


async def test_nobody_waits_for_who_has_left_refused_somebody_or_is_not_there_after_a_take_over(two: Two) -> None:
    a, b = two
    for leaves in (a.left(FIRST.call), a.waiting([]), a.reserve("again", SUPPORT, frozenset({"bob"}), 15, FIRST)):
        await a.set_state("alice", "logged_out")
        assert await a.reserve("r1", SUPPORT, NOBODY, 15, FIRST) is None
        await leaves
        await a.set_state("alice", "ready")
        assert await b.reserve("r2", SUPPORT, NOBODY, 15, SECOND) == "alice"
        await b.set_activity("alice", None, request="r2")
    await a.waiting([(FIRST, SUPPORT)])
    with pytest.raises(OthersFirst):
        await b.reserve("r3", SUPPORT, NOBODY, 15, SECOND)


ALICE = parse_target("agent:alice")


async def test_who_is_about_to_call_is_reserved_for_nobody_else(two: Two, clock: Clock) -> None:
    a, b = two
    await a.set_state("alice", "ready")
    assert await a.claim("own-1", "alice", 10)
    assert await a.claim("own-1", "alice", 10)
    assert await b.reserve("r1", ALICE, NOBODY, 15) is None
    assert (await state(two))[0] is AgentState.RESERVED
    await a.set_activity("alice", "on_call", "at-a")
    clock.advance(11)
    await a.claim("own-1", "alice", 0)
    assert await state(two) == (AgentState.ON_CALL, "at-a")
    await a.set_activity("alice", None, "at-a")
    assert await b.reserve("r2", ALICE, NOBODY, 15) == "alice"
    await a.claim("own-1", "alice", 0)
    assert (await state(two))[0] is AgentState.RESERVED


@pytest.mark.parametrize("activity", [None, "ringing"])
async def test_whom_another_asterisk_rings_or_is_about_to_cannot_call_just_then(two: Two, activity: str | None) -> None:
    a, b = two
    await a.set_state("alice", "ready")
    assert await b.reserve("r1", ALICE, NOBODY, 15) == "alice"
    if activity is not None:
        await b.set_activity("alice", activity, "at-b")
    assert not await a.claim("own-1", "alice", 10)
    await a.claim("own-1", "alice", 0)
    assert (await state(two))[0] is not AgentState.READY
    await b.set_activity("alice", "on_call", "at-b")
    assert await a.claim("own-1", "alice", 10)  # what the calls there say of that counts
    assert await state(two) == (AgentState.ON_CALL, "at-b")


async def test_a_call_that_was_not_made_gives_its_agent_back_in_their_place(two: Two, clock: Clock) -> None:
    a, b = two
    await a.set_state("alice", "ready")
    clock.advance(1)
    await a.set_state("bob", "ready")
    assert await a.claim("own-1", "alice", 10)
    await a.claim("own-1", "alice", 0)
    assert (await state(two))[0] is AgentState.READY
    assert await a.claim("own-2", "alice", 10)
    clock.advance(10)
    assert await b.reserve("r1", SUPPORT, NOBODY, 15) == "alice"


async def test_who_is_not_free_is_kept_by_nothing(two: Two) -> None:
    a, _ = two
    for known in ("alice", "nobody"):
        assert await a.claim("own-1", known, 10)
    assert (await state(two))[0] is AgentState.LOGGED_OUT
    await a.set_state("alice", "ready")
    assert await a.reserve("r1", ALICE, NOBODY, 15) == "alice"
    assert await a.claim("own-1", "alice", 10)  # its own calls say what follows
    assert await a.reserve("r1", ALICE, NOBODY, 15) == "alice"
