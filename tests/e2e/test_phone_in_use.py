"""A phone that is used past call control is offered nothing until it is free, and its agent sees why."""

from __future__ import annotations

import pytest

from tests.bots import answers
from tests.e2e.office import PHONES, Agent, Office, Refused
from tests.e2e.test_lamps import lamp_becomes

SUPPORT = "group:support"
PAST = "*9"
"""Before a phone's number: straight to that phone (extensions.conf)."""


async def counts(agent: Agent, available: int) -> None:
    """The agent's window shows so many free agents of support, and so does the API."""
    await agent.phone.until(lambda: agent.counts.get(SUPPORT) == available, f"is notified that {available} are free")
    assert (await agent.command("GET", f"/v1/targets/{SUPPORT}"))["available"] == available


def never_flickered(reported: list[int | None], lowest: int, highest: int) -> None:
    """The numbers shown fell to the lowest and rose to the highest, and nothing else."""
    numbers = [number or 0 for number in reported]
    turn = numbers.index(lowest)
    assert numbers == sorted(numbers[:turn], reverse=True) + sorted(numbers[turn:]), numbers
    assert len(set(numbers[:turn])) == turn, numbers
    assert len(set(numbers[turn:])) == len(numbers) - turn, numbers
    assert numbers[-1] == highest, numbers


async def test_two_phones_that_talk_past_call_control_are_not_available_until_they_hang_up(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.connect(caller, carol)
    await counts(carol, 2)
    seen = len(carol.counts_of(SUPPORT))

    alice.phone.dial(PAST + PHONES["bob"])
    await bob.phone.rings()
    for agent in (alice, bob):
        await agent.has_reason("phone_in_use")
        assert agent.me["state"] == "ready"
        await lamp_becomes(office, agent.name, "INUSE")
    await counts(carol, 0)
    await bob.phone.answer()
    await office.hears("caller <-> carol", "alice <-> bob")
    for target in ("agent:alice", "agent:bob", SUPPORT):
        assert await carol.refused("single-step-transfer", target=target) == "no_agent_available"
    assert (await carol.command("GET", "/v1/targets/agent:alice"))["actions"] == []
    await counts(carol, 0)

    alice.phone.hangup()
    for agent in (alice, bob):
        await agent.has_reason(None)
        await lamp_becomes(office, agent.name, "NOT_INUSE")
    await counts(carol, 2)
    never_flickered(carol.counts_of(SUPPORT)[seen:], 0, 2)
    await carol.do("single-step-transfer", target="agent:alice")
    await alice.phone.answer()
    await office.hears("caller <-> alice")


async def test_who_waits_gets_the_agent_the_moment_their_phone_is_free(office: Office) -> None:
    dave, erin = await office.agents("dave", "erin")
    dave.phone.dial(PAST + PHONES["erin"])
    await erin.phone.rings()
    await dave.has_reason("phone_in_use")
    caller = await office.caller()
    caller.dial("3000")
    await caller.hears_music(within=8)
    assert [call for call in dave.phone.calls if call.direction == "in"] == []
    dave.phone.hangup()
    await dave.phone.answer()
    await office.hears("caller <-> dave")


async def test_an_emergency_call_makes_a_phone_busy_for_all_else(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    await office.lab.contact("emergency", "112", behaviour=answers())
    bob.phone.dial("112")
    await bob.has_reason("phone_in_use")
    await office.hears("bob <-> emergency")
    with pytest.raises(Refused) as refused:
        await alice.dials("agent:bob")
    assert refused.value.code == "no_agent_available"
    bob.phone.hangup()
    await bob.has_reason(None)
    await alice.dials("agent:bob")
    await bob.phone.answer()
    await office.hears("alice <-> bob")


async def test_a_phone_that_listens_to_the_dialplan_is_in_use_after_a_second(office: Office) -> None:
    (alice,) = await office.agents("alice")
    alice.phone.dial("*43")
    await alice.has_reason("phone_in_use")
    alice.phone.hangup()
    await alice.has_reason(None)


async def test_call_control_s_own_calls_are_no_use_past_it(office: Office) -> None:
    """Feature codes, calls dialled by the phone and by the desktop, calls answered: never the reason."""
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    for dialled in ("*71", "*70"):
        call = alice.phone.dial(dialled)
        await alice.is_now("not_ready" if dialled == "*71" else "ready")
        await alice.phone.ended(call, within=15)
    alice.phone.dial(PHONES["bob"])
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    bob.phone.hangup()
    await alice.is_now("ready")
    await counts(carol, 3)
    seen = len(carol.counts_of(SUPPORT))
    await alice.dials("agent:bob")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.do("release")
    for agent in (alice, bob):
        await agent.is_now("ready")
    await counts(carol, 3)
    never_flickered(carol.counts_of(SUPPORT)[seen:], 1, 3)
    for agent in (alice, bob, carol):
        assert agent.reasons() <= {None, "phone_unreachable"}, agent.name
