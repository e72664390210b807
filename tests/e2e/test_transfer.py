"""Instant transfer (S10-S17), each step heard."""

import asyncio

import pytest

from tests.bots import answers, declines, is_busy, is_unreachable
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, PHONES, Office, Refused


@pytest.mark.parametrize("target", ["agent:bob", "group:sales"])
async def test_the_contact_hears_music_and_nobody_from_the_moment_it_is_requested_s10(
    office: Office, target: str
) -> None:
    alice, bob, dave = await office.agents("alice", "bob", "dave")
    caller = await office.caller()
    await office.connect(caller, alice)
    call = await alice.do("single-step-transfer", target=target)
    assert call["state"] == "held"
    assert call["offer"]["state"] == "ringing"
    assert call["offer"]["ringing"] == ["bob" if target == "agent:bob" else "dave"]
    await (bob if target == "agent:bob" else dave).phone.rings()
    await office.nobody_hears_anybody()
    await caller.hears_music(within=8)


@pytest.mark.parametrize("target", ["agent:bob", "group:sales", "skill:english", "number:1002"])
async def test_when_the_target_accepts_contact_and_target_talk_and_the_initiator_is_done_s11_s14(
    office: Office, target: str
) -> None:
    alice = await office.agent("alice")
    other = await office.agent("bob" if target in ("agent:bob", "number:1002") else "dave")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target=target)
    await other.phone.answer()
    await office.hears(f"caller <-> {other.name}")
    await alice.phone.ended()
    await alice.sees_state("released")
    call = await other.sees_state("established")
    assert call["owner"] == other.name
    await alice.is_now("ready")
    await other.is_now("on_call")


async def test_an_outside_number_takes_the_contact_over_s14(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    outside = await office.caller("partner", "+33555000111", behaviour=answers())
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="number:+33555000111")
    await office.hears("caller <-> partner")
    await alice.phone.ended()
    caller.hangup()
    await outside.ended()


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [(declines(), "declined"), (is_busy(), "busy"), (is_unreachable(404), "unavailable")],
    ids=["declined", "busy", "unreachable"],
)
async def test_a_target_that_refuses_leaves_the_contact_on_hold_until_retrieved_s12_s13(
    office: Office, refusal: object, outcome: str
) -> None:
    alice, bob = await office.agents("alice", "bob")
    bob.phone.behaviour = refusal  # type: ignore[assignment]
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    call = await alice.sees_offer(outcome)
    assert call["state"] == "held"
    await caller.hears_music(within=8)
    await office.nobody_hears_anybody()
    assert "retrieve" in call["actions"]
    await alice.do("retrieve")
    await office.hears("caller <-> alice")
    await bob.is_now("ready")


@pytest.mark.parametrize("target", ["group:sales", "skill:english", "queue:sales", "number:+33555000111"])
async def test_every_kind_of_target_that_refuses_leaves_the_contact_on_hold_s12_s13_s14(
    office: Office, target: str
) -> None:
    alice, dave = await office.agents("alice", "dave")
    dave.phone.behaviour = declines()
    await office.caller("partner", "+33555000111", behaviour=declines())
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target=target)
    call = await alice.sees_offer("declined")
    assert call["state"] == "held"
    await caller.hears_music(within=8)
    await office.nobody_hears_anybody()
    await alice.do("retrieve")
    await office.hears("caller <-> alice")


async def test_of_two_transfers_requested_at_once_one_is_done_s10_s11(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.connect(caller, alice)
    answered = await asyncio.gather(
        *(alice.do("single-step-transfer", target=f"agent:{name}") for name in ("bob", "carol")), return_exceptions=True
    )
    refused = [answer for answer in answered if isinstance(answer, Refused)]
    assert [refusal.code for refusal in refused] == ["not_allowed_now"]
    other = carol if answered[0] in refused else bob
    await other.phone.answer()
    await office.hears(f"caller <-> {other.name}")
    assert sorted(len(agent.phone.calls) for agent in (bob, carol)) == [0, 1]


async def test_two_agents_transfer_at_once_and_each_contact_reaches_their_target_s11(office: Office) -> None:
    alice, bob, carol, dave = await office.agents("alice", "bob", "carol", "dave")
    one = await office.caller("one", "+33600000001")
    two = await office.caller("two", "+33600000002")
    for caller, agent in ((one, alice), (two, bob)):
        caller.dial(PHONES[agent.name])
        await agent.phone.answer()
        await agent.sees_state("established")
    await asyncio.gather(
        alice.do("single-step-transfer", target="agent:carol"), bob.do("single-step-transfer", target="agent:dave")
    )
    await carol.phone.answer()
    await dave.phone.answer()
    await office.hears("one <-> carol", "two <-> dave")


async def test_a_target_that_does_not_answer_in_time_leaves_the_contact_on_hold_s12(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    await alice.sees_offer("no_answer", within=20)
    await bob.phone.stops_ringing()
    await caller.hears_music(within=8)
    await office.nobody_hears_anybody()
    await alice.do("retrieve")
    await office.hears("caller <-> alice")
    await bob.is_now("not_ready")


async def test_the_initiator_can_cancel_while_it_rings_s15(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    call = await alice.do("cancel")
    assert call["offer"]["state"] == "cancelled"
    await bob.phone.stops_ringing()
    await caller.hears_music(within=8)
    await alice.do("retrieve")
    await office.hears("caller <-> alice")


async def test_the_initiator_hangs_up_while_it_rings_and_the_target_still_gets_the_contact_s16(
    office: Office,
) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    alice.phone.hangup()
    await alice.is_now("ready")
    await caller.hears_music(within=8)
    await bob.phone.answer()
    await office.hears("caller <-> bob")


async def test_nobody_left_to_help_the_contact_hears_why_and_is_released_s16(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    alice.phone.hangup()
    await alice.is_now("ready")
    await alice.command("PUT", "/v1/me/state", {"state": "logged_out"})
    await bob.command("PUT", "/v1/me/state", {"state": "logged_out"})
    await bob.phone.decline()
    await caller.hears_speech(within=8)
    await caller.ended(within=15)


async def test_the_contact_hangs_up_while_it_rings_and_the_ringing_stops_at_once_s17(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    caller.hangup()
    await bob.phone.stops_ringing(within=1)
    await alice.phone.ended()
    await bob.is_now("ready")


async def test_a_group_member_who_declines_is_followed_by_the_next(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="group:support")
    await bob.phone.decline()
    await carol.phone.answer()
    await office.hears("caller <-> carol")


async def test_with_nobody_available_it_is_refused_and_the_contact_hears_nothing_of_it_s6(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    assert await alice.refused("single-step-transfer", target="group:night") == "no_agent_available"
    assert await alice.refused("single-step-transfer", target="agent:bob") == "no_agent_available"
    await office.hears("caller <-> alice")


async def test_the_target_sees_the_contact_s55(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    await bob.phone.displays(name=CALLER_NAME, number=CALLER_NUMBER)
    await bob.sees(lambda call: call["state"] == "ringing", "sees it ring")
    assert bob.party("contact")["number"] == CALLER_NUMBER


async def test_the_target_sees_the_identity_that_the_agent_chose_s50_s51(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    call = await alice.do("single-step-transfer", target="agent:bob", caller_id="sales")
    assert call["offer"]["caller_id"] == "sales"
    await bob.phone.rings()
    await bob.phone.displays(name="Sales", number="+33140000002")


async def test_the_whole_way_of_a_call_leaves_nobody_in_silence(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.connect(caller, alice)
    for giver, taker in ((alice, bob), (bob, carol), (carol, alice)):
        await giver.do("single-step-transfer", target=f"agent:{taker.name}")
        await taker.phone.answer()
        await office.hears(f"caller <-> {taker.name}")
    assert PHONES["alice"] == alice.phone.user
