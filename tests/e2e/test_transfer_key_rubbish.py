"""The transfer key pressed at the wrong moment or towards nowhere: no caller is dropped or left in silence."""

from __future__ import annotations

import asyncio

import pytest

from tests.bots import CallState, Contact, Transfer
from tests.e2e.office import Agent, Office


async def _press(agent: Agent, refer_to: str, *, refer_sub: bool = True) -> Transfer:
    """A REFER on the phone's newest call, its Refer-To as it stands."""
    call = agent.phone.call
    call.transfer = Transfer(call, refer_to)
    await call.transfer.send(refer_to, refer_sub=refer_sub)
    return call.transfer


def _uri(office: Office, user: str) -> str:
    host, port = office.stack.asterisk
    return f"<sip:{user}@{host}:{port}>"


async def _back_again(office: Office, alice: Agent, caller: Contact) -> None:
    """The phone that hung up rings again for the contact, who has had music meanwhile."""
    await alice.phone.rings()
    await caller.hears_music(within=8)
    await alice.phone.answer()
    await office.hears("caller <-> alice")
    assert caller.call.state is CallState.UP
    caller.never_in_silence(longer_than=2)


async def test_held_first_as_phones_do_it_is_an_instant_transfer_s10_s11(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.phone.hold()
    await caller.hears_music(within=8)
    await office.nobody_hears_anybody()
    transfer = await alice.phone.transfer("1002")
    await bob.phone.rings()
    await caller.hears_music(within=8)
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await alice.phone.ended()
    assert transfer.succeeded
    caller.never_in_silence(longer_than=2)


@pytest.mark.parametrize("refer_sub", [True, False], ids=["plain", "Refer-Sub: false"])
@pytest.mark.parametrize("number", ["99", "1001", "2999"], ids=["unknown", "own", "no such group"])
async def test_to_what_may_not_be_reached_the_contact_comes_back_to_the_agent_s12(
    office: Office, number: str, refer_sub: bool
) -> None:
    alice = await office.agent("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    await _press(alice, _uri(office, number), refer_sub=refer_sub)
    await _back_again(office, alice, caller)


@pytest.mark.parametrize(
    "refer_to",
    [
        "",
        "<>",
        "nonsense",
        "<tel:+33123456789>",
        "<sip:>",
        "<sip:nobody@nowhere.invalid>",
        "<sip:1002@[::1",
        "<sip:@x>",
    ],
)
@pytest.mark.parametrize("refer_sub", [True, False], ids=["plain", "Refer-Sub: false"])
async def test_a_malformed_refer_is_refused_and_they_talk_on(office: Office, refer_to: str, refer_sub: bool) -> None:
    alice = await office.agent("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    transfer = await _press(alice, refer_to, refer_sub=refer_sub)
    await alice.phone.until(lambda: transfer.finished, "is refused")
    assert not transfer.succeeded
    await office.hears("caller <-> alice")
    caller.never_in_silence(longer_than=2)


async def test_two_in_a_row_reach_the_first_target_alone(office: Office) -> None:
    """The second is pressed before anything has become of the first: Asterisk takes both."""
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.connect(caller, alice)
    call = alice.phone.call
    first, second = Transfer(call, _uri(office, "1002")), Transfer(call, _uri(office, "1003"))
    call.transfer = first  # gets both, for nothing in a NOTIFY distinguishes them
    assert call.state is CallState.UP
    await asyncio.gather(*(transfer.send(transfer.target, refer_sub=True) for transfer in (first, second)))
    assert first.accepted == 202
    assert second.accepted in (202, 404)  # 404: the first has taken the phone out of its call by then
    await alice.phone.until(lambda: 200 in first.progress, "is notified that one is done")
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await carol.is_now("ready")
    assert not carol.phone.calls
    caller.never_in_silence(longer_than=2)


async def test_in_a_conference_the_others_talk_on_and_the_target_joins_them_s34(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.phone.transfer("1003")
    await carol.phone.answer()
    await office.hears("caller <-> bob", "caller <-> carol", "bob <-> carol")
    await alice.phone.ended()
    caller.never_in_silence(longer_than=2)


async def test_to_nowhere_out_of_a_conference_the_others_talk_on_s37(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.phone.transfer("99")
    await alice.phone.ended()
    await office.hears("caller <-> bob")
    caller.never_in_silence(longer_than=2)


async def test_while_the_desktop_holds_the_call_the_contact_is_not_lost_s13(office: Office) -> None:
    alice = await office.agent("alice")
    await office.agent("bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("hold")
    await caller.hears_music(within=8)
    transfer = await alice.phone.transfer("1002")
    await alice.phone.until(lambda: transfer.finished, "is shown how it went")
    assert not transfer.succeeded
    await alice.do("retrieve")
    await office.hears("caller <-> alice")
    caller.never_in_silence(longer_than=2)


async def test_while_a_transfer_of_the_desktop_rings_that_goes_on_s16(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    await alice.phone.transfer("1003")
    await caller.hears_music(within=8)
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    caller.never_in_silence(longer_than=2)


async def test_in_a_consultation_of_the_desktop_the_contact_is_kept_for_the_agent_s22(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("initiate-transfer", target="agent:bob")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.phone.transfer("1003")
    await carol.phone.answer()
    await alice.phone.rings()
    await caller.hears_music(within=8)
    await alice.phone.answer()
    await office.hears("caller <-> alice", "bob <-> carol")
    caller.never_in_silence(longer_than=2)


async def test_while_the_phone_still_rings_it_moves_nobody(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    caller.dial("1001")
    await alice.phone.rings()
    transfer = await alice.phone.transfer("1002")
    await alice.phone.until(lambda: transfer.finished, "is refused")
    assert not transfer.succeeded
    await caller.hears_music(within=8)
    assert alice.phone.call.state is CallState.RINGING
    await alice.phone.answer()
    await office.hears("caller <-> alice")
    caller.never_in_silence(longer_than=2)
    assert not bob.phone.calls


async def test_a_contact_cannot_transfer_themselves(office: Office) -> None:
    """Who is outside has no number of ours to dial at our cost; the call goes on."""
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    transfer = await caller.transfer("1002")
    assert transfer.accepted == 603
    await office.hears("caller <-> alice")
    assert not bob.phone.calls
    caller.never_in_silence(longer_than=2)
