"""Feature codes that an agent presses while they talk, read live from the file: heard at both ends (S10-S15, S26)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bots import Contact, Sound, answers
from tests.e2e.office import Agent, Office
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, own_office

OFF = FILE.read_text()
ON = OFF.replace("  # feature_codes:", "  feature_codes:").replace("  # feature_timeout: 3", "  feature_timeout: 1")
LONG_PROMPT = ON.replace("feature_transfer: pbx-transfer", "feature_transfer: demo-congrats")
PARTNER = "+33555000111"


@asynccontextmanager
async def conversation(
    stack: Stack, tmp_path: Path, text: str = ON
) -> AsyncIterator[tuple[Office, Agent, Agent, Contact]]:
    """Alice talks to a partner outside, bob is free; the codes come by a reload while they talk."""
    file = tmp_path / "callcentre.yaml"
    file.write_text(OFF)
    async with own_office(stack, file) as office:
        alice, bob = await office.agents("alice", "bob")
        partner = await office.caller("partner", PARTNER, behaviour=answers())
        await alice.dials(f"number:{PARTNER}")
        await office.hears("alice <-> partner")
        admin = await office.desk("admin")
        file.write_text(text)
        await admin.command("POST", "/v1/admin/reload")
        yield office, alice, bob, partner
        partner.never_in_silence(longer_than=2)


async def hears_a_voice(agent: Agent, within: float = 5.0) -> None:
    """A prompt is played to them; short ones are not distinguished from other sounds."""
    await agent.phone.hears_sound(Sound.SPEECH, Sound.SOUND, within=within)


async def is_back_by_the_hold_code(office: Office, alice: Agent) -> None:
    """The contact was on hold, and only alice brings them back (S13)."""
    await alice.sees_state("held")
    await alice.phone.send_dtmf("*3")
    await office.hears("alice <-> partner")
    await alice.sees_state("established")


async def test_a_transfer_by_keys_that_is_accepted_s10_s11(stack: Stack, tmp_path: Path) -> None:
    async with conversation(stack, tmp_path) as (office, alice, bob, partner):
        await alice.phone.send_dtmf("*1")
        await hears_a_voice(alice)
        await partner.hears_music(within=8)
        await alice.sees_state("held")
        await alice.phone.send_dtmf("1002#")
        ringing = await bob.phone.rings()
        assert ringing.display.number == PARTNER
        await alice.phone.hears_ringing()
        await alice.sees_offer("ringing")
        assert alice.call is not None
        assert "cancel" in alice.call["actions"]
        await bob.phone.answer()
        await office.hears("bob <-> partner")
        await alice.phone.ended()


async def test_a_transfer_by_keys_that_is_declined_is_reported_and_the_contact_stays_on_hold_s12(
    stack: Stack, tmp_path: Path
) -> None:
    async with conversation(stack, tmp_path) as (office, alice, bob, partner):
        await alice.phone.send_dtmf("*11002#")
        await bob.phone.decline(within=8)
        await alice.sees_offer("declined")
        await alice.phone.hears_speech()
        await partner.hears_music(within=8)
        await office.nobody_hears_anybody()
        await is_back_by_the_hold_code(office, alice)


async def test_a_conference_by_keys_s26(stack: Stack, tmp_path: Path) -> None:
    async with conversation(stack, tmp_path) as (office, alice, bob, partner):
        await alice.phone.send_dtmf("*2")
        await hears_a_voice(alice)
        await partner.hears_music(within=8)
        await alice.phone.send_dtmf("1002#")
        await bob.phone.answer()
        await office.hears("alice <-> bob", "alice <-> partner", "bob <-> partner")
        assert (await alice.sees_offer("accepted"))["offer"]["kind"] == "conference"


async def test_the_hold_code_holds_and_retrieves_s32(stack: Stack, tmp_path: Path) -> None:
    async with conversation(stack, tmp_path) as (office, alice, _bob, partner):
        for _ in range(2):
            await alice.phone.send_dtmf("*3")
            await partner.hears_music(within=8)
            await is_back_by_the_hold_code(office, alice)


async def test_cancel_while_dialling_and_while_it_rings_s15(stack: Stack, tmp_path: Path) -> None:
    async with conversation(stack, tmp_path) as (office, alice, bob, partner):
        await alice.phone.send_dtmf("*110")
        await alice.sees_state("held")
        await alice.phone.send_dtmf("*0")
        await office.hears("alice <-> partner")
        await alice.sees_state("established")

        await alice.phone.send_dtmf("*11002#")
        await bob.phone.rings()
        await alice.phone.send_dtmf("*0")
        await bob.phone.stops_ringing()
        await alice.sees_offer("cancelled")
        await partner.hears_music(within=8)
        await is_back_by_the_hold_code(office, alice)


async def test_an_unknown_number_and_none_at_all_are_reported_and_the_contact_stays_on_hold_s12(
    stack: Stack, tmp_path: Path
) -> None:
    async with conversation(stack, tmp_path) as (office, alice, _bob, partner):
        for keys in ("*17#", "*1"):
            await alice.phone.send_dtmf(keys)
            if keys == "*1":
                await hears_a_voice(alice)
                await alice.phone.hears_nothing()
            await alice.phone.hears_speech(within=10)
            await partner.hears_music(within=8)
            assert alice.call is not None
            assert alice.call["offer"]["kind"] == "call"  # the one that began it
            await is_back_by_the_hold_code(office, alice)


async def test_a_pause_ends_the_number(stack: Stack, tmp_path: Path) -> None:
    async with conversation(stack, tmp_path) as (office, alice, bob, _partner):
        await alice.phone.send_dtmf("*11002")
        await bob.phone.answer(within=8)
        await office.hears("bob <-> partner")


async def test_a_key_ends_the_prompt_and_the_desktop_may_bring_the_contact_back(stack: Stack, tmp_path: Path) -> None:
    async with conversation(stack, tmp_path, LONG_PROMPT) as (office, alice, bob, partner):
        await alice.phone.send_dtmf("*1")
        await alice.phone.hears_speech()
        await alice.phone.send_dtmf("1")
        await alice.phone.hears_nothing(within=2)
        await partner.hears_music(within=8)
        await alice.do("retrieve")
        await office.hears("alice <-> partner")
        await alice.phone.send_dtmf("*1")
        await alice.phone.hears_speech()
        await alice.do("retrieve")
        await office.hears("alice <-> partner")
        assert bob.phone.calls == []


async def test_digits_that_are_sent_to_a_phone_are_no_keys_of_it(stack: Stack, tmp_path: Path) -> None:
    async with conversation(stack, tmp_path) as (office, alice, bob, partner):
        await alice.phone.send_dtmf("*21002#")
        await bob.phone.answer(within=8)
        await office.hears("alice <-> bob", "alice <-> partner", "bob <-> partner")
        await bob.to("alice", "send-dtmf", digits="*3")
        await alice.phone.receives_dtmf("*3")
        await bob.to("contact", "send-dtmf", digits="*3")
        await partner.until(lambda: partner.digits.endswith("*3"), "receives *3")
        await office.hears("alice <-> bob", "alice <-> partner", "bob <-> partner")
        assert alice.call is not None
        assert alice.call["held_since"] is None


async def test_without_codes_keys_only_go_to_the_other_side(stack: Stack, tmp_path: Path) -> None:
    async with conversation(stack, tmp_path, OFF) as (office, alice, bob, partner):
        for keys in ("*3", "*11002#"):
            await alice.phone.send_dtmf(keys)
            await partner.receives_dtmf(keys)
        await office.hears("alice <-> partner")
        assert alice.call is not None
        assert (alice.call["state"], bob.phone.calls) == ("established", [])
