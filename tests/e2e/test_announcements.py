"""What callers hear, word for word: in French and in English, and as the administrator's file says.

The demo's dialplan speaks French, but English to numbers of Britain and America. What was said is found again in the
caller's audio by the waves of Asterisk's own sound files, so that the language is heard and not believed.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.bots import Contact, answers
from tests.bots.events import DeadlineMissed
from tests.bots.recital import recited
from tests.bots.tones import RATE, Samples
from tests.e2e import crowd
from tests.e2e.office import Agent, Office
from tests.e2e.prompts import prompts
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, own_office

NUMBERS = {"fr": "+33612345678", "en": "+442079460123"}
OTHER = {"fr": "en", "en": "fr"}

in_both_languages = pytest.mark.parametrize("language", ["fr", "en"])


async def taped(office: Office, name: str, language: str) -> Contact:
    """A caller out of a country of that language; all that they hear is kept."""
    caller = await office.caller(name, NUMBERS[language])
    caller.tape = bytearray()
    return caller


def tape_of(caller: Contact) -> bytes:
    """What they have heard up to now."""
    assert caller.tape is not None
    return bytes(caller.tape)


async def hears_said(caller: Contact, known: Mapping[str, Samples], *expected: str) -> None:
    """These, and nothing else of what is known. Music that fades may pass for speech: only the tape tells.

    Looked through beside the loop, which has all phones' audio to carry on meanwhile.
    """
    said: list[str] = []
    try:
        async with asyncio.timeout(20):
            while (said := await asyncio.to_thread(recited, tape_of(caller), known)) != [*expected]:
                await hears_on(caller)
    except TimeoutError:
        raise DeadlineMissed(f"{caller.name} hears {said}\n{caller.board.recent({caller.name})}") from None


async def hears_on(caller: Contact, seconds: float = 0.5) -> None:
    """So much more is on the tape."""
    enough, wanted = asyncio.Event(), len(tape_of(caller)) + round(seconds * RATE)

    def look(at: float, payload: bytes) -> None:
        if len(tape_of(caller)) >= wanted:
            enough.set()

    caller.on_frame = look
    await enough.wait()
    caller.on_frame = None


async def hang_up_and_decline(alice: Agent, bob: Agent) -> None:
    """In this order: declined first, the contact would be kept for who is still there (S12)."""
    alice.phone.hangup()
    await bob.sees(
        lambda call: all(p["agent"] != "alice" or p["state"] == "left" for p in call["parties"]), "sees alice leave"
    )
    await bob.phone.decline()


async def left_alone(office: Office, caller: Contact) -> None:
    """Agent and target are gone while the transfer rang: nobody is left to help (S16)."""
    alice, bob = await office.agents("alice", "bob")
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    await hang_up_and_decline(alice, bob)
    await caller.ended(within=15)


@in_both_languages
async def test_with_nobody_left_the_caller_hears_so_in_their_language_s16(office: Office, language: str) -> None:
    known = await prompts(office.stack, "vm-nobodyavail", "goodbye", "pbx-invalid")
    caller = await taped(office, "caller", language)
    await left_alone(office, caller)
    assert recited(tape_of(caller), known) == [f"{language}/vm-nobodyavail", f"{language}/goodbye"]


@in_both_languages
async def test_a_number_that_leads_nowhere_says_so_in_the_callers_language(office: Office, language: str) -> None:
    known = await prompts(office.stack, "pbx-invalid", "vm-nobodyavail")
    caller = await taped(office, "caller", language)
    caller.dial(crowd.NOWHERE)
    await caller.ended(within=15)
    assert recited(tape_of(caller), known) == [f"{language}/pbx-invalid"]


@in_both_languages
async def test_the_position_in_the_queue_is_announced_in_each_callers_language(office: Office, language: str) -> None:
    known = await prompts(office.stack, "queue-youarenext", "queue-thereare", "digits/2", "queue-callswaiting")
    first = await taped(office, "first", language)
    second = await taped(office, "second", OTHER[language])
    for caller in (first, second):
        caller.dial(crowd.QUEUE_ANNOUNCED)
        await caller.hears_music(within=8)
    place = ("queue-thereare", "digits/2", "queue-callswaiting")
    await hears_said(first, known, f"{language}/queue-youarenext")
    await hears_said(second, known, *(f"{OTHER[language]}/{prompt}" for prompt in place))
    for caller in (first, second):
        await caller.hears_music(within=10)


async def test_what_is_said_is_what_the_administrators_file_says_s16(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    original = FILE.read_text()
    text = original.replace(
        "nobody_available: [vm-nobodyavail, goodbye]", "nobody_available: [queue-thankyou, vm-goodbye]"
    )
    assert text != original
    file.write_text(text)
    known = await prompts(stack, "vm-nobodyavail", "goodbye", "queue-thankyou", "vm-goodbye")
    async with own_office(stack, file) as office:
        alice, bob = await office.agents("alice", "bob")
        partner = await office.caller("partner", NUMBERS["fr"], behaviour=answers())
        partner.tape = bytearray()
        await alice.dials(f"number:{partner.number}")
        await office.hears("alice <-> partner")
        await alice.do("single-step-transfer", target="agent:bob")
        await bob.phone.rings()
        await hang_up_and_decline(alice, bob)
        await partner.ended(within=15)
        assert recited(tape_of(partner), known) == ["fr/queue-thankyou", "fr/vm-goodbye"]
