"""What every implementation of `Availability` does with an agent's states."""

import pytest

from ari_app.availability.port import AgentState, Availability
from ari_app.errors import Code, Refused, StoreUnavailable
from ari_app.routing.directory import Directory
from ari_app.routing.targets import parse_target
from tests.contract.conftest import Clock, counts, empty, ready

NOBODY: frozenset[str] = frozenset()


@pytest.fixture(autouse=True)
async def configured(availability: Availability, directory: Directory) -> None:
    await availability.configure(directory)


# -- the person's choice ----------------------------------------------------------------------------------------------


async def test_every_agent_starts_logged_out(availability: Availability, clock: Clock) -> None:
    record = await availability.agent("alice")
    assert (record.state, record.reason, record.since, record.reachable) == ("logged_out", None, clock.now, True)
    assert [record.agent for record in await availability.agents()] == [
        "admin",
        "alice",
        "bob",
        "carol",
        "dave",
        "frank",
    ]


async def test_a_choice_is_shown_with_its_reason_and_since_when(availability: Availability, clock: Clock) -> None:
    began = clock.advance(5)
    record = await availability.set_state("alice", "not_ready", "lunch")
    assert (record.state, record.reason, record.since) == (AgentState.NOT_READY, "lunch", began)
    clock.advance(5)
    assert (await availability.set_state("alice", "not_ready", "lunch")).since == began
    assert (await availability.set_state("alice", "not_ready", "training")).since == began + 5
    assert (await availability.set_state("alice", "ready", "lunch")).reason is None
    assert await availability.agent("alice") == await availability.set_state("alice", "ready")


async def test_an_unknown_agent_or_state_is_refused(availability: Availability) -> None:
    with pytest.raises(Refused) as unknown:
        await availability.set_state("mallory", "ready")
    assert unknown.value.code is Code.NOT_FOUND
    with pytest.raises(Refused) as missing:
        await availability.agent("mallory")
    assert missing.value.code is Code.NOT_FOUND
    with pytest.raises(Refused) as state:
        await availability.set_state("alice", "on_call")
    assert (state.value.code, state.value.fields[0].field) == (Code.INVALID, "state")
    with pytest.raises(Refused) as activity:
        await availability.set_activity("alice", "wrap_up")
    assert (activity.value.code, activity.value.fields[0].field) == (Code.INVALID, "activity")


async def test_facts_about_an_agent_who_is_not_listed_are_ignored(availability: Availability) -> None:
    assert not await availability.set_activity("mallory", "on_call")
    await availability.count_missed("mallory", 1, "no_answer")
    await availability.set_reachable("mallory", reachable=False)
    assert await availability.recompute() == ()


async def test_a_choice_made_in_a_call_takes_effect_after_it(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    await availability.set_activity("alice", "on_call", call="c1")
    record = await availability.set_state("alice", "not_ready", "lunch")
    assert (record.state, record.reason, record.choice, record.call) == ("on_call", None, "not_ready", "c1")
    ended = clock.advance(60)
    await availability.set_activity("alice", None, call="c1")
    record = await availability.agent("alice")
    assert (record.state, record.reason, record.since, record.call) == ("not_ready", "lunch", ended, None)
    assert await counts(availability, "group:support", "agent:alice") == [0, 0]


# -- after the calls were reconciled ----------------------------------------------------------------------------------


async def test_what_an_earlier_life_of_a_controller_left_ends_when_calls_are_reconciled(
    availability: Availability, clock: Clock
) -> None:
    await ready(availability, clock, "alice", "bob", "carol", "dave")
    await availability.reserve("lost", parse_target("agent:alice"), NOBODY, 30)
    await availability.set_activity("bob", "ringing", call="over")
    await availability.set_activity("carol", "on_call", call="c1")
    await availability.set_activity("dave", "on_call", call="over")
    clock.advance(1)
    await availability.reconcile({"carol": ("on_call", "c1"), "dave": ("ringing", "c2")})
    records = {record.agent: record for record in await availability.agents()}
    assert [records[a].state for a in ("alice", "bob", "carol", "dave")] == ["ready", "ready", "on_call", "ringing"]
    assert [records[a].call for a in ("alice", "bob", "carol", "dave")] == [None, None, "c1", "c2"]
    assert await counts(availability, "group:support") == [2]
    before = await availability.agents()
    await availability.reconcile({"carol": ("on_call", "c1"), "dave": ("ringing", "c2")})
    assert [record.revision for record in await availability.agents()] == [record.revision for record in before]


async def test_a_wrap_up_and_a_reservation_that_is_waited_for_go_on(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice", "bob", "carol")
    await availability.set_activity("alice", "on_call", call="c1")
    await availability.set_activity("alice", None, wrap_up=30)
    await availability.reserve("mine", parse_target("agent:bob"), NOBODY, 30)
    await availability.reserve("not mine", parse_target("agent:carol"), NOBODY, 30)
    await availability.reconcile({}, awaited=["mine"])
    assert [(await availability.agent(a)).state for a in ("alice", "bob", "carol")] == ["wrap_up", "reserved", "ready"]
    assert await availability.set_activity("bob", "ringing", request="mine")


async def test_whoever_has_lost_what_was_configured_says_so(availability: Availability, directory: Directory) -> None:
    assert await availability.configured()
    await empty(availability)
    assert not await availability.configured()
    for question in (
        availability.agent("alice"),
        availability.set_state("alice", "ready"),
        availability.extend("alice", 10, 60),
    ):
        with pytest.raises(StoreUnavailable):  # who works here is not unknown
            await question
    await availability.configure(directory)
    assert await availability.configured()
    with pytest.raises(Refused, match="no agent"):
        await availability.set_state("nobody", "ready")


async def test_who_is_new_has_chosen_what_is_known_of_them(
    availability: Availability, directory: Directory, clock: Clock
) -> None:
    await ready(availability, clock, "alice", "bob", "carol")
    await availability.set_state("bob", "not_ready", "lunch")
    await availability.set_activity("carol", "on_call", call="c1")
    await availability.set_state("carol", "not_ready", "lunch")
    known = {record.agent: record for record in await availability.agents()}
    await empty(availability)
    await availability.configure(directory, known)
    records = {record.agent: (record.state, record.reason) for record in await availability.agents()}
    assert (records["alice"], records["bob"]) == (("ready", None), ("not_ready", "lunch"))
    assert records["carol"] == ("not_ready", None)  # the reason is not shown while a call has them
    assert records["dave"] == ("logged_out", None)
    assert await counts(availability, "group:support") == [1]
    assert await availability.recompute() == ()


# -- what calls make of them ------------------------------------------------------------------------------------------


async def test_activities_are_shown_with_their_call(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    for activity in ("reserved", "ringing", "on_call"):
        began = clock.advance(1)
        assert await availability.set_activity("alice", activity, call="c1")
        clock.advance(1)
        assert await availability.set_activity("alice", activity, call="c1")
        record = await availability.agent("alice")
        assert (record.state, record.since, record.call, record.available) == (activity, began, "c1", False)
    await availability.set_activity("alice", "on_call", call="c2")
    assert (await availability.agent("alice")).call == "c2"
    await availability.set_activity("alice", "on_call")
    assert (await availability.agent("alice")).call == "c2"


async def test_an_activity_without_time_limit_does_not_run_out(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    await availability.set_activity("alice", "ringing", call="c1")
    clock.advance(3600)
    assert (await availability.expire()).ended == 0
    assert (await availability.agent("alice")).state is AgentState.RINGING


async def test_wrap_up_follows_a_call_and_ends_when_it_is_due(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    await availability.set_activity("alice", "on_call", call="c1")
    due = clock.advance(10) + 20
    await availability.set_activity("alice", None, call="c1", wrap_up=20)
    clock.advance(5)
    await availability.set_activity("alice", None, call="c1", wrap_up=20)
    record = await availability.agent("alice")
    assert (record.state, record.wrap_up_until, record.call) == (AgentState.WRAP_UP, due, "c1")
    expired = await availability.expire()
    assert (expired.ended, expired.next_due) == (0, due)
    clock.now = due + 3
    expired = await availability.expire()
    assert (expired.ended, expired.next_due) == (1, None)
    record = await availability.agent("alice")
    assert (record.state, record.since, record.wrap_up_until, record.call) == (AgentState.READY, due, None, None)


@pytest.mark.parametrize("choice", ["ready", "not_ready", "logged_out"])
async def test_a_choice_made_in_wrap_up_ends_it(availability: Availability, clock: Clock, choice: str) -> None:
    await ready(availability, clock, "alice")
    await availability.set_activity("alice", "on_call")
    await availability.set_activity("alice", None, wrap_up=20)
    assert (await availability.set_state("alice", choice)).state == choice
    assert (await availability.expire()).next_due is None
    assert await counts(availability, "group:support") == [int(choice == "ready")]


@pytest.mark.parametrize("activity", ["reserved", "ringing", "on_call"])
async def test_wrap_up_can_be_interrupted_by_a_call_of_their_own(
    availability: Availability, clock: Clock, activity: str
) -> None:
    await ready(availability, clock, "alice")
    await availability.set_activity("alice", "on_call", call="c1")
    await availability.set_activity("alice", None, wrap_up=20)
    await availability.set_activity("alice", activity)
    record = await availability.agent("alice")
    assert (record.state, record.call, record.wrap_up_until) == (activity, None, None)
    clock.advance(30)
    assert (await availability.expire()).ended == 0


async def test_somebody_logged_out_may_telephone_but_has_no_wrap_up(availability: Availability) -> None:
    assert await availability.set_activity("alice", "on_call")
    assert (await availability.agent("alice")).state is AgentState.ON_CALL
    await availability.set_activity("alice", None, wrap_up=20)
    assert (await availability.agent("alice")).state is AgentState.LOGGED_OUT


async def test_an_agent_whose_phone_cannot_ring_is_not_available(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    await availability.set_reachable("alice", reachable=False)
    record = await availability.agent("alice")
    assert (record.state, record.reachable, record.available) == (AgentState.READY, False, False)
    assert await counts(availability, "group:support", "agent:alice") == [0, 0]
    await availability.set_reachable("alice", reachable=True)
    await availability.set_reachable("alice", reachable=True)
    assert await counts(availability, "group:support", "agent:alice") == [1, 1]


async def test_an_agent_whose_phone_is_in_use_past_call_control_is_not_available(
    availability: Availability, clock: Clock
) -> None:
    await ready(availability, clock, "alice", "bob")
    await availability.set_reachable("alice", reachable=False, in_use=True)
    record = await availability.agent("alice")
    assert (record.state, record.reachable, record.in_use, record.available) == (AgentState.READY, False, True, False)
    assert await counts(availability, "group:support", "agent:alice") == [1, 0]
    assert await availability.reserve("r1", parse_target("agent:alice"), NOBODY, 15) is None
    await availability.set_reachable("alice", reachable=False)
    record = await availability.agent("alice")
    assert (record.reachable, record.in_use) == (False, False)
    await availability.set_reachable("alice", reachable=False, in_use=True)
    await availability.set_reachable("alice", reachable=True)
    record = await availability.agent("alice")
    assert (record.reachable, record.in_use, record.available) == (True, False, True)
    assert await counts(availability, "group:support", "agent:alice") == [2, 1]
    await availability.set_reachable("alice", reachable=True, in_use=True)
    assert await availability.agent("alice") == record
    assert await availability.recompute() == ()


async def test_a_phone_in_use_changes_nothing_of_a_call_that_has_them(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    await availability.reserve("r1", parse_target("agent:alice"), NOBODY, 15)
    await availability.set_reachable("alice", reachable=False, in_use=True)
    assert (await availability.agent("alice")).state is AgentState.RESERVED
    assert await availability.set_activity("alice", "ringing", request="r1")
    await availability.set_activity("alice", None)
    assert await counts(availability, "agent:alice") == [0]
    await availability.set_reachable("alice", reachable=True)
    assert await counts(availability, "agent:alice") == [1]


async def test_an_agent_without_a_phone_is_never_available(availability: Availability) -> None:
    record = await availability.set_state("admin", "ready")
    assert (record.state, record.reachable) == (AgentState.READY, False)
    assert await availability.reserve("r1", parse_target("agent:admin"), NOBODY, 15) is None


# -- missed calls -----------------------------------------------------------------------------------------------------


async def test_after_so_many_missed_calls_in_a_row_the_agent_is_not_ready(
    availability: Availability, clock: Clock
) -> None:
    await ready(availability, clock, "alice")
    await availability.set_activity("alice", "ringing")
    await availability.set_activity("alice", None)
    await availability.count_missed("alice", 2, "no_answer")
    record = await availability.agent("alice")
    assert (record.state, record.missed) == (AgentState.READY, 1)
    await availability.count_missed("alice", 2, "no_answer")
    record = await availability.agent("alice")
    assert (record.state, record.reason, record.missed) == (AgentState.NOT_READY, "no_answer", 2)
    assert (await availability.set_state("alice", "ready")).missed == 0


async def test_answering_starts_the_count_of_missed_calls_anew(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    await availability.count_missed("alice", 2, "no_answer")
    await availability.set_activity("alice", "on_call")
    assert (await availability.agent("alice")).missed == 0


async def test_without_a_limit_missed_calls_are_only_counted(availability: Availability, clock: Clock) -> None:
    await ready(availability, clock, "alice")
    for _ in range(3):
        await availability.count_missed("alice", 0, "no_answer")
    record = await availability.agent("alice")
    assert (record.state, record.missed) == (AgentState.READY, 3)


async def test_a_missed_call_does_not_log_anybody_in(availability: Availability) -> None:
    await availability.count_missed("alice", 1, "no_answer")
    assert (await availability.agent("alice")).state is AgentState.LOGGED_OUT


# -- wrap-up made longer ----------------------------------------------------------------------------------------------


async def test_wrap_up_lasts_longer_up_to_a_limit_and_never_shorter(availability: Availability, clock: Clock) -> None:
    await availability.set_state("alice", "ready")
    await availability.set_activity("alice", "on_call", "c1")
    await availability.set_activity("alice", None, wrap_up=10)
    ends = clock.now + 10
    assert (await availability.extend("alice", 30, 600)).wrap_up_until == ends + 30
    assert (await availability.extend("alice", 600, 60)).wrap_up_until == clock.now + 60
    assert (await availability.extend("alice", 600, 5)).wrap_up_until == clock.now + 60
    assert (await availability.agent("alice")).wrap_up_until == clock.now + 60
    clock.advance(59)
    await availability.expire()
    assert (await availability.agent("alice")).state == "wrap_up"
    clock.advance(1)
    await availability.expire()
    assert (await availability.agent("alice")).state == "ready"


async def test_without_wrap_up_nothing_is_made_longer(availability: Availability) -> None:
    await availability.set_state("alice", "ready")
    with pytest.raises(Refused) as refused:
        await availability.extend("alice", 30, 600)
    assert refused.value.code is Code.NOT_ALLOWED_NOW
    assert (await availability.agent("alice")).state == "ready"
    with pytest.raises(Refused) as unknown:
        await availability.extend("mallory", 30, 600)
    assert unknown.value.code is Code.NOT_FOUND


async def test_what_was_chosen_for_after_a_call_is_known_with_its_reason(availability: Availability) -> None:
    await availability.set_state("alice", "ready")
    await availability.set_activity("alice", "on_call", "c1")
    record = await availability.set_state("alice", "not_ready", "lunch")
    assert (record.state, record.reason, record.choice, record.choice_reason) == ("on_call", None, "not_ready", "lunch")
    assert (await availability.agent("alice")).choice_reason == "lunch"
    assert (await availability.set_state("alice", "ready")).choice_reason is None
