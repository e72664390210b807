"""Whom one can reach, and how many are free (S1-S8), for every kind of target (S14, S25)."""

from typing import Any

import pytest

from tests.e2e.office import Agent, Office, Refused


async def targets(agent: Agent, query: str, kinds: str = "") -> dict[str, Any]:
    """What the search offers, by target."""
    answer = await agent.command("GET", f"/v1/targets?q={query}&type={kinds}" if kinds else f"/v1/targets?q={query}")
    return {found["target"]: found for found in answer["targets"]}


async def target(agent: Agent, name: str) -> dict[str, Any]:
    """One target as it is now."""
    answer: dict[str, Any] = await agent.command("GET", f"/v1/targets/{name}")
    return answer


async def test_search_finds_every_kind_by_name_whatever_the_accents_and_case_s1(office: Office) -> None:
    (alice,) = await office.agents("alice")
    assert "agent:bob" in await targets(alice, "LEFEVRE")
    assert "agent:dave" in await targets(alice, "mul")
    assert {"group:sales", "queue:sales"} <= set(await targets(alice, "sal"))
    assert "skill:french" in await targets(alice, "fren")
    assert "routing_point:billing" in await targets(alice, "billing")
    assert set(await targets(alice, "sal", "queue")) == {"queue:sales"}


async def test_what_the_administrator_does_not_list_is_refused_s2(office: Office) -> None:
    (alice,) = await office.agents("alice")
    for name in ("agent:nobody", "group:nowhere", "queue:none", "skill:none", "routing_point:none", "number:12"):
        with pytest.raises(Refused) as refused:
            await alice.dials(name)
        assert refused.value.code == "unknown_target"
        assert name not in await targets(alice, name.partition(":")[2])


async def test_the_number_of_free_agents_stands_where_it_is_configured_and_is_pushed_s4_s5(office: Office) -> None:
    alice = await office.agent("alice")
    assert (await target(alice, "group:support"))["available"] == 1
    assert (await target(alice, "group:night"))["available"] is None
    bob = await office.agent("bob")
    await alice.phone.until(lambda: alice.counts.get("group:support") == 2, "is notified that two are free")
    await bob.command("PUT", "/v1/me/state", {"state": "not_ready", "reason": "break"})
    await alice.phone.until(lambda: alice.counts.get("group:support") == 1, "is notified that one is free")
    assert (await target(alice, "group:support"))["available"] == 1


async def test_with_nobody_free_the_actions_are_absent_s6(office: Office) -> None:
    (alice,) = await office.agents("alice")
    for name in ("group:night", "agent:bob", "queue:sales", "skill:english"):
        assert (await target(alice, name))["actions"] == []
        with pytest.raises(Refused) as refused:
            await alice.dials(name)
        assert refused.value.code == "no_agent_available"
    await office.agent("dave")
    assert "call" in (await target(alice, "skill:english"))["actions"]


async def test_a_phone_that_is_gone_makes_its_agent_unavailable(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    await bob.phone.unregister()
    await bob.phone.until(lambda: bob.me.get("reason") == "phone_unreachable", "sees why they are offered nothing")
    assert (await target(alice, "agent:bob"))["actions"] == []
    await bob.phone.register()
    await bob.phone.until(lambda: bob.me.get("reason") is None, "can be had again")


async def test_a_corporate_favourite_attaches_its_data_for_all_who_are_in_the_call_s7_s8(office: Office) -> None:
    alice = await office.agent("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    call = await alice.do("single-step-conference", target="routing_point:billing", user_data={"note": "vip"})
    assert call["user_data"] == {"topic": "billing", "priority": "high", "note": "vip"}
    admin = await office.desk("admin")
    story = await admin.command("GET", "/v1/admin/calls")
    assert story["calls"][0]["user_data"]["topic"] == "billing"


async def test_any_other_routing_point_attaches_nothing_s7(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    call = await alice.dials("routing_point:plain")
    assert call["user_data"] == {}
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    assert bob.call is not None
    assert bob.call["user_data"] == {}


async def test_a_routing_points_menu_hands_its_caller_on_to_a_skill_s14(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, bob)
    await bob.do("single-step-transfer", target="routing_point:billing")
    await bob.phone.ended()
    await caller.hears_speech(within=8)
    await caller.send_dtmf("1")
    await alice.phone.answer(within=15)
    await office.hears("caller <-> alice")
    call = await alice.sees_state("established")
    assert call["user_data"]["topic"] == "billing"
    assert alice.party("contact")["number"] == caller.number


async def test_a_caller_chooses_a_queue_in_the_menu(office: Office) -> None:
    (dave,) = await office.agents("dave")
    caller = await office.caller()
    caller.dial("4000")
    await caller.hears_speech(within=8)
    await caller.send_dtmf("2")
    await dave.phone.answer(within=15)
    await office.hears("caller <-> dave")


async def test_who_presses_something_else_and_then_nothing_in_the_menu_is_served_all_the_same(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    caller.dial("4000")
    await caller.hears_speech(within=8)
    await caller.send_dtmf("9")
    await alice.phone.answer(within=30)
    await office.hears("caller <-> alice")


@pytest.mark.parametrize("verb", ["single-step-transfer", "single-step-conference"])
@pytest.mark.parametrize("name", ["queue:sales", "routing_point:plain"])
async def test_queues_and_routing_points_take_contacts_over_s14_s25(office: Office, verb: str, name: str) -> None:
    alice = await office.agent("alice")
    other = await office.agent("dave" if name == "queue:sales" else "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do(verb, target=name)
    await other.phone.answer()
    if verb == "single-step-transfer":
        await office.hears(f"caller <-> {other.name}")
        await alice.phone.ended()
    else:
        await office.hears("caller <-> alice", f"alice <-> {other.name}", f"caller <-> {other.name}")
