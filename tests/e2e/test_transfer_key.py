"""The phone's own transfer key does what the desktop does, and the desktop sees it."""

import pytest

from tests.bots import declines
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, PHONES, Office


@pytest.mark.parametrize("refer_sub", [True, False], ids=["plain", "Refer-Sub: false"])
async def test_a_blind_refer_is_an_instant_transfer(office: Office, refer_sub: bool) -> None:
    """With `Refer-Sub: false` Asterisk 22.10 must not crash (its issue 2021)."""
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    transfer = await alice.phone.transfer("1002", refer_sub=refer_sub)
    assert transfer.accepted
    await bob.phone.rings()
    await bob.phone.displays(name=CALLER_NAME, number=CALLER_NUMBER)
    await caller.hears_music(within=8)
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await alice.phone.ended()
    await alice.is_now("ready")


async def test_phones_are_shown_that_their_transfers_went_each_time(office: Office) -> None:
    """Asterisk says so as the channel that it makes for that comes into the bridge; or that it failed, where we hang it
    up before, and then the phone keeps a call in which nobody is."""
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    here, there = alice, bob
    for _ in range(12):
        transfer = await here.phone.transfer(PHONES[there.name])
        await there.phone.rings()
        await there.phone.answer()
        await office.hears(f"caller <-> {there.name}")
        await here.phone.ended()
        assert transfer.succeeded
        await here.is_now("ready")
        here, there = there, here


async def test_a_blind_refer_that_is_declined_brings_the_contact_back_to_the_agent(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    bob.phone.behaviour = declines()
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.phone.transfer("1002")
    await alice.sees_offer("declined")
    await alice.phone.rings()
    await alice.phone.answer()
    await office.hears("caller <-> alice")


async def test_an_attended_refer_joins_the_two_calls(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.phone.hold()
    alice.phone.dial("1002")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await caller.hears_music(within=8)
    await alice.phone.transfer_attended()
    await office.hears("caller <-> bob")
    await alice.phone.ended()
    call = await bob.sees(lambda call: call["type"] == "inbound", "has the contact's call")
    assert call["owner"] == "bob"
