"""Twinkle, a phone that is not ours, consults and transfers with its own keys: two lines, REFER with Replaces."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.bots import Contact
from tests.e2e.office import Agent, Office
from tests.e2e.test_foreign_phone import TALK, at_a_foreign_phone, begins
from tests.e2e.twinkle import Twinkle, twinkle


@asynccontextmanager
async def bob_talks(office: Office, folder: Path) -> AsyncIterator[tuple[Agent, Contact, Twinkle]]:
    """Bob, at a twinkle, has answered a caller who hears them."""
    caller = await office.caller()
    tone = await office.lab.phone("bob", "1002", register=False)
    bob = at_a_foreign_phone(office, "bob", tone)
    async with twinkle(folder, office.stack, "1002", tone.tone, tone.level) as phone:
        await begins(bob)
        caller.dial("1002")
        await phone.until("incoming call")
        await phone.command("answer")
        await bob.sees_state("established")
        await office.hears("bob -> caller")
        yield bob, caller, phone


async def test_twinkle_answers_holds_consults_and_joins_contact_and_target_s10_s21(
    office: Office, tmp_path: Path
) -> None:
    (carol,) = await office.agents("carol")
    async with bob_talks(office, tmp_path) as (bob, caller, phone):
        await caller.stays_up(1.0)
        await phone.command("hold")
        await bob.sees_state("held")
        await caller.hears_music(within=8)
        await phone.command("retrieve")
        await bob.sees_state("established")
        await office.hears("bob -> caller")
        await phone.command("transfer -c 1003")
        await caller.hears_music(within=8)
        await carol.phone.answer()
        await office.hears("bob -> carol")
        await carol.phone.stays_up(1.0)
        await phone.command("transfer -c")
        await office.hears("caller <-> carol")
        await bob.is_now("ready")
        await phone.command("bye")
        heard = phone.heard()
    assert heard[caller.tone] >= TALK, heard
    assert heard[carol.phone.tone] >= TALK, heard


async def test_twinkle_transfers_to_a_phone_that_still_rings_and_it_rings_on_for_the_contact(
    office: Office, tmp_path: Path
) -> None:
    (carol,) = await office.agents("carol")
    async with bob_talks(office, tmp_path) as (bob, caller, phone):
        await phone.command("transfer -c 1003")
        await carol.phone.rings()
        await phone.until("Line 2: far end answered call")  # call control answers whatever a phone dials
        await phone.until("Line 2: far end answered call")  # call control answers what a phone dials
        await phone.command("transfer -c")
        await carol.phone.displays(number=caller.number)
        await carol.phone.answer()
        await office.hears("caller <-> carol")
        await bob.is_now("ready")
        caller.never_in_silence(longer_than=2)
