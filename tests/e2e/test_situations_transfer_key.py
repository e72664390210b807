"""The phone's transfer key with several calls at the phone, or while somebody still rings (F1, F2, F9, F16)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bots import Behaviour, Call, rings
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Office
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import APPLICATION, FILE, own_office
from tests.e2e.test_transfer_progress import entering, switched_on

OUTSIDE = "+33555000111"


async def test_whom_the_phone_still_rings_rings_on_for_the_contact_s16(office: Office) -> None:
    """The agent holds, dials, and transfers before anybody has answered: the phone is done at once."""
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.phone.hold()
    alice.phone.dial("1002")
    await bob.phone.rings()
    transfer = await alice.phone.transfer_attended()
    await alice.phone.until(lambda: not alice.phone.live, "has no call any more")
    assert transfer.succeeded
    await caller.hears_music(within=8)
    await office.nobody_hears_anybody()
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await bob.phone.displays(name=CALLER_NAME, number=CALLER_NUMBER)
    call = await bob.sees(lambda call: call["type"] == "inbound", "has the contact's call")
    assert call["owner"] == "bob"
    await alice.is_now("ready")
    assert len(bob.phone.calls) == 1
    caller.never_in_silence(longer_than=2)


async def test_whom_the_phone_still_rang_declines_and_the_contact_waits_for_the_agent_s16(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.phone.hold()
    alice.phone.dial("1002")
    await bob.phone.rings()
    await alice.phone.transfer_attended()
    await caller.hears_music(within=8)
    await bob.phone.decline()
    await alice.sees_offer("declined")
    await alice.phone.rings()
    await caller.hears_music(within=8)
    await alice.phone.answer()
    await office.hears("caller <-> alice")
    caller.never_in_silence(longer_than=2)


@pytest.mark.parametrize("behaviour", [rings(), rings(progress="early media")], ids=["180", "early media"])
async def test_somebody_outside_whom_the_phone_still_rings_rings_on_for_the_contact_s16(
    office: Office, behaviour: Behaviour
) -> None:
    alice = await office.agent("alice")
    caller = await office.caller()
    partner = await office.caller("partner", OUTSIDE, behaviour=behaviour)
    await office.connect(caller, alice)
    await alice.phone.hold()
    alice.phone.dial(OUTSIDE)
    await partner.rings()
    await alice.phone.transfer_attended()
    await alice.phone.until(lambda: not alice.phone.live, "has no call any more")
    await caller.hears_music(within=8)
    await partner.answer()
    await office.hears("caller <-> partner")
    await alice.is_now("ready")
    caller.never_in_silence(longer_than=2)


async def test_the_phone_that_transfers_while_somebody_rings_is_shown_how_it_goes_s16(
    stack: Stack, tmp_path: Path
) -> None:
    """With `transfer_progress`: it keeps the contact, who stays on hold when nobody accepts."""
    async with switched_on(stack, tmp_path) as office:
        alice, bob = await office.agents("alice", "bob")
        caller = await office.caller()
        await office.connect(caller, alice)
        await alice.phone.hold()
        second = alice.phone.dial("1002")
        await bob.phone.rings()
        transfer = await alice.phone.transfer_attended()
        await alice.phone.ended(second)
        await caller.hears_music(within=8)
        await bob.phone.decline()
        await alice.phone.until(lambda: transfer.progress == [100, 603], "shows that bob declined")
        await caller.hears_music(within=8)
        await office.nobody_hears_anybody()
        second = alice.phone.dial("1002")
        await bob.phone.rings()
        transfer = await alice.phone.transfer_attended()
        await bob.phone.answer()
        await office.hears("caller <-> bob")
        await alice.phone.until(lambda: transfer.progress == [100, 200], "shows that bob accepted")
        await alice.is_now("ready")
        caller.never_in_silence(longer_than=2)


@pytest.mark.parametrize("accepted", [True, False], ids=["accepts", "declines"])
async def test_a_consultation_is_completed_while_it_still_rings_s16(office: Office, accepted: bool) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("initiate-transfer", target="agent:bob")
    await bob.phone.rings()
    call = await alice.sees(lambda call: "complete_transfer" in call["actions"], "may complete it while it rings")
    await alice.do("complete-transfer", call["id"])
    await alice.phone.ended()
    await caller.hears_music(within=8)
    await office.nobody_hears_anybody()
    if accepted:
        await bob.phone.answer()
        await office.hears("caller <-> bob")
        await alice.is_now("ready")
    else:
        await bob.phone.decline()
        await alice.phone.answer()
        await office.hears("caller <-> alice")
    caller.never_in_silence(longer_than=2)


@pytest.mark.parametrize("talks", ["bob", "carol"])
async def test_of_three_calls_those_two_are_joined_that_the_transfer_key_names_s21(
    stack: Stack, tmp_path: Path, talks: str
) -> None:
    """The contact is to be passed to bob, whether the agent talks to bob at that moment or to carol."""
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace('phone: "1001"', 'phone: "1001"\n    max_calls: 3'))
    async with own_office(stack, file) as office, entering(stack, APPLICATION):
        await _three_calls(office, talks)


async def _three_calls(office: Office, talks: str) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.phone.call
    await first.hold()
    calls: dict[str, Call] = {}
    for colleague, number in ((carol, "1003"), (bob, "1002")) if talks == "bob" else ((bob, "1002"), (carol, "1003")):
        for call in calls.values():
            await call.hold()
        calls[colleague.name] = alice.phone.dial(number)
        await colleague.phone.answer()
        await office.hears(f"alice <-> {colleague.name}")
    await alice.phone.transfer_attended(first, calls["bob"])
    left = "carol" if talks == "carol" else None
    await office.hears("caller <-> bob", *(["alice <-> carol"] if left else []))
    await alice.phone.until(lambda: alice.phone.live == [calls["carol"]], "has carol's call and no other")
    if not left:
        await carol.phone.hears_music(within=8)
        await calls["carol"].resume()
        await office.hears("caller <-> bob", "alice <-> carol")
    caller.never_in_silence(longer_than=2)


async def test_the_held_call_is_transferred_while_the_phone_talks_in_another_s10_s46(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.phone.call
    await first.hold()
    alice.phone.dial("1002")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    transfer = await alice.phone.transfer("1003", call=first)
    assert transfer.accepted == 202
    await carol.phone.rings()
    await carol.phone.displays(name=CALLER_NAME, number=CALLER_NUMBER)
    await caller.hears_music(within=8)
    await office.hears("alice <-> bob")
    await carol.phone.answer()
    await office.hears("alice <-> bob", "caller <-> carol")
    assert transfer.succeeded
    caller.never_in_silence(longer_than=2)


async def test_a_conference_that_the_phone_holds_is_transferred_too_s10_s34(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.phone.hold()
    await caller.hears_music(within=8)
    await bob.phone.hears_music(within=8)
    await office.nobody_hears_anybody()
    await alice.phone.transfer("1003")
    await carol.phone.answer()
    await office.hears("caller <-> bob", "caller <-> carol", "bob <-> carol")
    caller.never_in_silence(longer_than=2)


@pytest.mark.parametrize("by", ["complete-transfer", "complete-conference", "the phone's key"])
async def test_what_was_attached_in_a_consultation_is_the_contacts_from_then_on_s7_s8(office: Office, by: str) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.call_id
    await alice.command("PATCH", f"/v1/calls/{first}/user-data", {"case": "1", "kept": "yes"})
    if by == "the phone's key":
        await alice.phone.hold()
        alice.phone.dial("1002")
    else:
        await alice.do("initiate-transfer", target="agent:bob", user_data={"why": "bill"})
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await bob.command("PATCH", f"/v1/calls/{bob.call_id}/user-data", {"case": "2", "note": "by bob"})
    if by == "the phone's key":
        await alice.phone.transfer_attended()
    else:
        await alice.do(by)
    wanted = {"case": "2", "kept": "yes", "note": "by bob"} | ({} if by == "the phone's key" else {"why": "bill"})
    await bob.sees(lambda call: call["id"] == first and call["user_data"] == wanted, f"reads {wanted}")
    await office.hears("caller <-> bob", *(["alice <-> bob", "alice <-> caller"] if by.endswith("conference") else []))
