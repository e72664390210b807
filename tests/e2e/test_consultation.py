"""Consultation: a private word beside the contact, and every way out of it (S20-S22)."""

import pytest

from tests.bots import declines
from tests.e2e.office import Agent, Office


async def consult(office: Office, alice: Agent, bob: Agent, target: str = "agent:bob") -> tuple[str, str]:
    """Alice, who talks with the caller, consults Bob; the ids of the first call and of the consultation."""
    first = alice.call_id
    call = await alice.do("initiate-transfer", target=target)
    assert call["type"] == "consult"
    assert call["parent"] == first
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.sees(lambda call: call["state"] == "established", "talks")
    return first, str(call["id"])


async def test_agent_and_target_talk_privately_while_the_contact_hears_music_s20(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first, _ = await consult(office, alice, bob)
    await caller.hears_music(within=8)
    assert alice.calls[first]["state"] == "held"


async def test_completed_as_a_transfer_contact_and_target_talk_s21(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first, second = await consult(office, alice, bob)
    await alice.do("complete-transfer", second)
    await office.hears("caller <-> bob")
    await alice.phone.ended()
    await bob.sees(lambda call: call["id"] == first and call["owner"] == "bob", "owns the first call")


async def test_completed_as_a_conference_all_three_talk_s21(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first, second = await consult(office, alice, bob)
    call = await alice.do("complete-conference", second)
    assert call["id"] == first
    await office.hears("caller <-> alice", "alice <-> bob", "caller <-> bob")


async def test_the_agent_alternates_between_the_two_s21(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    _, second = await consult(office, alice, bob)
    await alice.do("alternate", second)
    await office.hears("caller <-> alice")
    await bob.phone.hears_music(within=8)
    await alice.do("alternate", second)
    await office.hears("alice <-> bob")
    await caller.hears_music(within=8)


async def test_the_agent_gives_the_target_up_and_is_back_with_the_contact_s21(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    _, second = await consult(office, alice, bob)
    await alice.do("reconnect", second)
    await office.hears("caller <-> alice")
    await bob.phone.ended()


@pytest.mark.parametrize("how", ["declines", "hangs up"])
async def test_the_target_declines_or_hangs_up_and_the_contact_stays_on_hold_s22(office: Office, how: str) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.call_id
    if how == "declines":
        bob.phone.behaviour = declines()
        await alice.do("initiate-transfer", target="agent:bob")
    else:
        await consult(office, alice, bob)
        bob.phone.hangup()
    await alice.phone.until(lambda: alice.calls[first]["state"] == "held", "has the contact on hold")
    await bob.is_now("ready")
    await caller.hears_music(within=8)
    await office.nobody_hears_anybody()
    await alice.do("retrieve", first)
    await office.hears("caller <-> alice")


async def test_the_contact_hangs_up_and_agent_and_target_talk_on(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first, second = await consult(office, alice, bob)
    caller.hangup()
    await alice.phone.until(lambda: alice.calls[first]["state"] == "released", "sees the first call end")
    await office.hears("alice <-> bob")
    assert await alice.refused("complete-transfer", call=second) == "not_allowed_now"


async def test_a_consultation_out_of_a_conference(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    call = await alice.do("initiate-transfer", target="agent:carol")
    await carol.phone.answer()
    await office.hears("alice <-> carol")
    await caller.hears_music(within=8)
    await alice.do("complete-conference", str(call["id"]))
    names = ["caller", "alice", "bob", "carol"]
    await office.hears(*(f"{a} <-> {b}" for i, a in enumerate(names) for b in names[:i]))
