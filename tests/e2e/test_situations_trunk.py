"""What trunks bring: numbers with parameters, keys as tones, strangers, and more callers than there is room for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.bots import Call, Contact, Lab, answers
from tests.e2e.containers import asterisk_console
from tests.e2e.office import Office
from tests.e2e.stack import Stack

LIMIT = "CALLS_FROM_OUTSIDE"
CONGESTED = 503


@pytest.mark.parametrize("parameters", [";npdi=yes;rn=+33199", ";tgrp=paris;trunk-context=example.com"])
async def test_a_number_with_the_carriers_parameters_rings_the_agent_and_both_talk(
    office: Office, parameters: str
) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    caller.dial(f"1001{parameters}")
    await alice.phone.answer()
    await office.hears("alice <-> caller")


@pytest.mark.parametrize("keys_as_tones", [True, False], ids=["tones", "events"])
async def test_keys_choose_in_the_menu_whether_they_come_as_tones_or_as_events(
    office: Office, keys_as_tones: bool
) -> None:
    alice, dave = await office.agents("alice", "dave")
    caller = await office.caller()
    caller.keys_as_tones = keys_as_tones
    caller.dial("4000")
    await caller.hears_speech(within=8)
    await caller.send_dtmf("2")
    await dave.phone.answer()
    await office.hears("caller <-> dave")
    assert alice.phone.calls == []


@pytest.mark.parametrize("keys_as_tones", [True, False], ids=["tones", "events"])
async def test_keys_that_an_agent_sends_reach_a_contact_of_either_kind(office: Office, keys_as_tones: bool) -> None:
    (alice,) = await office.agents("alice")
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    partner.keys_as_tones = keys_as_tones
    await alice.dials(f"number:{partner.number}")
    await office.hears("alice <-> partner")
    await alice.do("send-dtmf", digits="5*")
    await partner.receives_dtmf("5*")


async def dials(contact: Contact, number: str) -> Call:
    """Dial, and wait until the call is refused."""
    call = contact.dial(number)
    await contact.until(lambda: call.status > 0, "is refused", within=5)
    return call


async def test_a_stranger_who_calls_themselves_the_carrier_is_refused_and_nobody_is_rung(
    office: Office, stack: Stack
) -> None:
    (alice,) = await office.agents("alice")
    block, _, _ = stack.carrier[0].rpartition(".")
    async with Lab(stack.asterisk, bind=stack.bind, carrier=(f"{block}.77", 0)) as elsewhere:
        stranger = await elsewhere.contact("stranger", "carrier", display="Carrier")
        for number in ("1001", "4000", "112"):
            assert (await dials(stranger, number)).status == 401
    assert alice.phone.calls == []
    caller = await office.caller()
    await office.connect(caller, alice)


@asynccontextmanager
async def at_most(stack: Stack, calls: int) -> AsyncIterator[None]:
    """So many calls from outside are let in while the block lasts."""
    before = await asterisk_console(stack, f"dialplan eval function GLOBAL({LIMIT})")
    usual = before.rpartition(" ")[2]
    assert usual.isdigit(), before
    await asterisk_console(stack, f"dialplan set global {LIMIT} {calls}")
    try:
        yield
    finally:
        await asterisk_console(stack, f"dialplan set global {LIMIT} {usual}")


async def test_with_all_lines_from_outside_taken_the_next_caller_is_refused_and_agents_still_call_out(
    office: Office, stack: Stack
) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    late = await office.caller("late", "+33622222222")
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    async with at_most(stack, 1):
        await office.connect(caller, alice)
        assert (await dials(late, "1002")).status == CONGESTED
        bob.phone.dial(partner.number)
        await office.hears("alice <-> caller", "bob <-> partner")
        caller.hangup()
        await alice.phone.ended()
        await alice.is_now("ready")
        late.dial("1001")
        await alice.phone.answer()
        await office.hears("alice <-> late", "bob <-> partner")
