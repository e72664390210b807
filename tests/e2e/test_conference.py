"""Instant conference and what may be done to each party (S25-S39), each step heard."""

import pytest

from tests.bots import answers, declines
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Office

ALL_THREE = ("caller <-> alice", "alice <-> bob", "caller <-> bob")


@pytest.mark.parametrize("target", ["agent:bob", "group:support", "skill:french", "number:1002"])
async def test_it_starts_by_itself_when_the_target_accepts_s25_s26(office: Office, target: str) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    call = await alice.do("single-step-conference", target=target)
    assert call["offer"]["kind"] == "conference"
    await bob.phone.rings()
    await bob.phone.displays(name=CALLER_NAME, number=CALLER_NUMBER)
    await caller.hears_music(within=8)
    await office.nobody_hears_anybody()
    await bob.phone.answer()
    await office.hears(*ALL_THREE)
    call = await alice.sees_offer("accepted")
    assert call["owner"] == "alice"


async def test_somebody_outside_joins_s25(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    await office.connect(caller, alice)
    await alice.do("single-step-conference", target="number:+33555000111", caller_id="support")
    await office.hears("caller <-> alice", "alice <-> partner", "caller <-> partner")
    assert partner.display.number == "+33140000001"


@pytest.mark.parametrize("target", ["agent:bob", "group:support", "skill:french", "number:+33555000111"])
async def test_refused_it_leaves_the_contact_on_hold_s27(office: Office, target: str) -> None:
    alice, bob = await office.agents("alice", "bob")
    bob.phone.behaviour = declines()
    await office.caller("partner", "+33555000111", behaviour=declines())
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-conference", target=target)
    await alice.sees_offer("declined")
    await caller.hears_music(within=8)
    await office.nobody_hears_anybody()
    await alice.do("retrieve")
    await office.hears("caller <-> alice")


async def test_one_party_is_removed_and_the_others_go_on_s29(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.to("bob", "remove")
    await bob.phone.ended()
    await office.hears("caller <-> alice")
    await bob.sees_state("released")


async def test_a_deafened_party_is_heard_and_hears_nobody_s30(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    call = await alice.to("bob", "deafen")
    assert [p["deaf"] for p in call["parties"] if p["agent"] == "bob"] == [True]
    await office.hears("caller <-> alice", "bob -> caller", "bob -> alice")
    await alice.to("bob", "undeafen")
    await office.hears(*ALL_THREE)


async def test_a_muted_party_hears_and_is_heard_by_nobody_s31(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.to("bob", "mute")
    await office.hears("caller <-> alice", "caller -> bob", "alice -> bob")
    await alice.to("bob", "unmute")
    await office.hears(*ALL_THREE)


async def test_mute_deafen_and_hold_are_undone_each_by_itself_s31(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.to("bob", "mute")
    await alice.to("bob", "deafen")
    await alice.to("bob", "hold")
    await bob.phone.hears_music(within=8)
    await alice.to("bob", "unmute")
    await office.hears("caller <-> alice")
    await alice.to("bob", "retrieve")
    await office.hears("caller <-> alice", "bob -> caller", "bob -> alice")
    await alice.to("bob", "mute")
    await alice.to("bob", "undeafen")
    await office.hears("caller <-> alice", "caller -> bob", "alice -> bob")
    await alice.to("bob", "hold")
    await bob.phone.hears_music(within=8)
    await alice.to("bob", "retrieve")
    await office.hears("caller <-> alice", "caller -> bob", "alice -> bob")
    await alice.to("bob", "unmute")
    await office.hears(*ALL_THREE)


async def test_a_contact_is_muted_and_deafened_in_a_call_of_two_s30_s31(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.to("contact", "mute")
    await office.hears("alice -> caller")
    with office.silence_is_right(caller, why="they are deafened"):
        await alice.to("contact", "deafen")
        await office.nobody_hears_anybody()
        await alice.to("contact", "unmute")
        await office.hears("caller -> alice")
        await alice.to("contact", "undeafen")
    await office.hears("caller <-> alice")


async def test_all_are_held_and_brought_back_s32(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.do("hold")
    await office.nobody_hears_anybody()
    await caller.hears_music(within=8)
    await bob.phone.hears_music(within=8)
    await alice.do("retrieve")
    await office.hears(*ALL_THREE)


async def test_one_party_of_a_conference_is_held_and_brought_back_s33(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.to("contact", "hold")
    await office.hears("alice <-> bob")
    await caller.hears_music(within=8)
    await alice.to("contact", "retrieve")
    await office.hears(*ALL_THREE)


async def test_conferences_grow_and_pass_on_to_four_and_more_s34(office: Office) -> None:
    alice, bob, carol, dave = await office.agents("alice", "bob", "carol", "dave")
    caller = await office.caller()
    await office.conference(caller, alice, bob, carol)
    await carol.do("single-step-transfer", target="agent:dave")
    await dave.phone.answer()
    await carol.phone.ended()
    names = ["caller", "alice", "bob", "dave"]
    await office.hears(*(f"{a} <-> {b}" for i, a in enumerate(names) for b in names[:i]))


async def test_digits_reach_one_party_and_no_other_s35(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.to("contact", "send-dtmf", digits="12#")
    await caller.receives_dtmf("12#")
    assert bob.phone.digits == ""
    await alice.do("send-dtmf", digits="7", party=alice.party("bob")["id"])
    await bob.phone.receives_dtmf("7")
    assert caller.digits == "12#"


async def test_the_agent_who_was_added_may_leave_s36(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await bob.do("release")
    await bob.phone.ended()
    await office.hears("caller <-> alice")
    await alice.do("single-step-conference", target="agent:carol")
    await carol.phone.answer()
    await office.hears("caller <-> alice", "alice <-> carol", "caller <-> carol")
    carol.phone.hangup()
    await office.hears("caller <-> alice")
    await alice.do("single-step-transfer", target="agent:carol")
    await carol.phone.answer()
    await office.hears("caller <-> carol")


async def test_the_last_who_was_added_leaves_and_the_contact_ends_it_for_both_s36(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    bob.phone.hangup()
    await office.hears("caller <-> alice")
    caller.hangup()
    await alice.phone.ended()
    await alice.is_now("ready")


@pytest.mark.parametrize("how", ["release", "hang up"])
async def test_the_initiator_leaves_while_a_third_rings_and_the_contact_is_the_others_s37(
    office: Office, how: str
) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.do("single-step-conference", target="agent:carol")
    await carol.phone.rings()
    if how == "hang up":
        alice.phone.hangup()
    else:
        await alice.do("release")
    await alice.phone.ended()
    await carol.phone.answer()
    await office.hears("caller <-> bob", "caller <-> carol", "bob <-> carol")


async def test_the_initiator_leaves_while_they_consult_and_the_contact_is_the_other_agents_s37(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.do("initiate-transfer", target="agent:carol")
    await carol.phone.answer()
    await office.hears("alice <-> carol")
    alice.phone.hangup()
    await carol.phone.ended()
    await office.hears("caller <-> bob")
    await bob.sees(lambda call: call["owner"] == "bob", "owns the call")


@pytest.mark.parametrize("how", ["release", "hang up", "release with all on hold"])
async def test_the_initiator_leaves_and_the_call_is_the_other_agents_s37(office: Office, how: str) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    if how == "release with all on hold":
        await alice.do("hold")
        await caller.hears_music(within=8)
    if how == "hang up":
        alice.phone.hangup()
    else:
        await alice.do("release")
    await alice.phone.ended()
    await office.hears("caller <-> bob")
    call = await bob.sees(lambda call: call["owner"] == "bob", "owns the call")
    assert "single_step_transfer" in call["actions"]


async def test_the_last_agent_leaves_people_outside_and_the_call_ends_s39(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    await office.connect(caller, alice)
    await alice.do("single-step-conference", target="number:+33555000111")
    await office.hears("caller <-> alice", "alice <-> partner", "caller <-> partner")
    await alice.do("release")
    await caller.ended()
    await partner.ended()
