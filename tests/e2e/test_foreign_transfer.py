"""Hold and transfer by the own keys of phones that are not ours: baresip, and SIPp by scripts (S10-S13, S21, S32)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bots import declines
from tests.e2e.foreign import baresip
from tests.e2e.office import Office
from tests.e2e.sipp_phone import Script, plays
from tests.e2e.stack import Stack
from tests.e2e.test_foreign_phone import at_a_foreign_phone, begins, bob_at_baresip
from tests.e2e.test_transfer_progress import switched_on


def _number(office: Office, number: str) -> str:
    host, port = office.stack.asterisk
    return f"sip:{number}@{host}:{port}"


async def test_baresip_transfers_by_its_own_key_s10_s11(office: Office, tmp_path: Path) -> None:
    alice = await office.agent("alice")
    caller = await office.caller()
    async with bob_at_baresip(office, tmp_path) as (bob, phone):
        caller.dial("1002")
        await office.hears("bob -> caller")
        await phone.command("hold")
        await caller.hears_music(within=8)
        await phone.command("transfer", _number(office, "1001"))
        await alice.phone.rings()
        await caller.hears_music(within=8)
        await office.nobody_hears_anybody()
        await alice.phone.answer()
        await office.hears("alice <-> caller")
        await phone.until("CALL_CLOSED")
        await bob.is_now("ready")
        caller.never_in_silence(longer_than=2)


async def test_a_transfer_by_baresip_that_is_declined_brings_the_contact_back_to_it_s12(
    office: Office, tmp_path: Path
) -> None:
    """Its call was gone with the transfer key: it is rung again, and answers by itself."""
    alice = await office.agent("alice", behaviour=declines())
    caller = await office.caller()
    async with bob_at_baresip(office, tmp_path) as (_, phone):
        caller.dial("1002")
        await office.hears("bob -> caller")
        await phone.command("transfer", _number(office, "1001"))
        await phone.until("CALL_CLOSED")
        await phone.until("CALL_ESTABLISHED", times=2)
        await office.hears("bob -> caller")
        await alice.is_now("ready")
        caller.never_in_silence(longer_than=2)


async def test_baresip_shows_that_the_target_declined_and_the_contact_waits_for_retrieve_s12_s13(
    stack: Stack, tmp_path: Path
) -> None:
    """With `transfer_progress`. Version 1.1 hangs up when its transfer has failed, for reasons of its own."""
    (place := tmp_path / "baresip").mkdir()
    async with switched_on(stack, tmp_path) as office:
        alice = await office.agent("alice")
        caller = await office.caller()
        tone = await office.lab.phone("bob", "1002", register=False)
        bob = at_a_foreign_phone(office, "bob", tone)
        async with baresip(place, office.stack, "1002", tone.tone, tone.level) as phone:
            await begins(bob)
            caller.dial("1002")
            await office.hears("bob -> caller")
            await phone.command("hold")
            await bob.sees_state("held")
            await phone.command("transfer", _number(office, "1001"))
            await alice.phone.rings()
            await caller.hears_music(within=8)
            await alice.phone.decline()
            await phone.until("TRANSFER_FAILED")
            await bob.sees_offer("declined")
            await caller.hears_music(within=8)
            await office.nobody_hears_anybody()
            await caller.stays_up(1.0)
            await bob.do("retrieve")
            await phone.until("CALL_ESTABLISHED", times=2)
            await office.hears("bob -> caller")
            caller.never_in_silence(longer_than=2)


async def test_baresip_shows_that_the_target_accepted_s11(stack: Stack, tmp_path: Path) -> None:
    (place := tmp_path / "baresip").mkdir()
    async with switched_on(stack, tmp_path) as office:
        alice = await office.agent("alice")
        caller = await office.caller()
        tone = await office.lab.phone("bob", "1002", register=False)
        bob = at_a_foreign_phone(office, "bob", tone)
        async with baresip(place, office.stack, "1002", tone.tone, tone.level) as phone:
            await begins(bob)
            caller.dial("1002")
            await office.hears("bob -> caller")
            await phone.command("transfer", _number(office, "1001"))
            await alice.phone.answer()
            await office.hears("alice <-> caller")
            await phone.until("CALL_CLOSED")
            assert "TRANSFER_FAILED" not in phone.events
            await bob.is_now("ready")


async def test_a_script_of_sipp_holds_and_resumes_s32(office: Office, tmp_path: Path) -> None:
    contact = await office.caller("contact", "+33555000111")
    alice = at_a_foreign_phone(office, "alice", await office.lab.phone("alice", "1001", register=False))
    await alice.login("alice-demo")
    script = Script("1001").dial("one", "+33555000111").waits().hold("one").waits().resume("one").waits()
    async with plays(tmp_path, office.stack, script.hangs_up("one")) as phone:
        await contact.answer()
        await contact.hears_only("contact")
        await phone.goes_on()
        await alice.sees_state("held", within=10)
        await contact.hears_music(within=8)
        await phone.goes_on()
        await alice.sees_state("established", within=10)
        await contact.hears_only("contact")
        await phone.goes_on()
        await contact.ended(within=10)
        await phone.ends()


@pytest.mark.parametrize("polite", [True, False], ids=["hangs up", "leaves that to us"])
async def test_a_script_of_sipp_transfers_by_a_blind_refer_s10_s11(
    office: Office, tmp_path: Path, polite: bool
) -> None:
    """A phone that does not hang up after its transfer leaves no channel behind (`Office.close` looks)."""
    bob = await office.agent("bob")
    contact = await office.caller("contact", "+33555000111")
    alice = at_a_foreign_phone(office, "alice", await office.lab.phone("alice", "1001", register=False))
    await alice.login("alice-demo")
    script = Script("1001").dial("one", "+33555000111").waits().hold("one").waits()
    script.transfer("one", "1002")
    if polite:
        script.waits().hangs_up("one")
    async with plays(tmp_path, office.stack, script) as phone:
        await contact.answer()
        await contact.hears_only("contact")
        await phone.goes_on()
        await contact.hears_music(within=8)
        await phone.goes_on()
        await bob.phone.rings()
        await contact.hears_music(within=8)
        if polite:
            await phone.goes_on()
        await bob.phone.answer()
        await office.hears("bob <-> contact")
        await phone.ends()
        contact.never_in_silence(longer_than=2)


async def test_a_script_of_sipp_joins_its_two_calls_by_an_attended_refer_s21(office: Office, tmp_path: Path) -> None:
    bob = await office.agent("bob")
    contact = await office.caller("contact", "+33555000111")
    alice = at_a_foreign_phone(office, "alice", await office.lab.phone("alice", "1001", register=False))
    await alice.login("alice-demo")
    script = Script("1001").dial("one", "+33555000111").waits().hold("one").dial("two", "1002").waits()
    script.transfer_attended("one", "two").is_hung_up().hangs_up("one")  # Asterisk waits for that a minute
    async with plays(tmp_path, office.stack, script) as phone:
        await contact.answer()
        await contact.hears_only("contact")
        await phone.goes_on()
        await bob.phone.answer(within=10)
        await contact.hears_music(within=8)
        await office.hears("bob -> bob")
        await phone.goes_on()
        await office.hears("bob <-> contact", within=10)
        await phone.ends()
        call = await bob.sees(lambda call: call["owner"] == "bob", "has the contact's call")
        assert call["state"] == "established"
        contact.never_in_silence(longer_than=2)
