"""Situations that somebody who is rung brings, and whoever waits for them to answer."""

from pathlib import Path

import pytest

from tests.bots import declines, forwards, is_busy, is_unreachable, rings
from tests.bots.behaviour import Progress
from tests.bots.recital import recited
from tests.e2e import crowd
from tests.e2e.office import Office
from tests.e2e.prompts import prompts
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import APPLICATION, FILE, own_office
from tests.e2e.test_transfer_progress import entering

PARTNER = "+33555000111"

ENGLISH = "+442079460123"
"""A caller from there hears prompts in English: the prompt of the position in the queue is long."""


async def test_an_agent_who_answers_while_the_caller_hears_the_place_is_heard_before_the_voice_has_ended(
    office: Office,
) -> None:
    known = await prompts(office.stack, "queue-youarenext")
    agent = await office.agent(crowd.CROWD[0], ready=False)
    caller = await office.caller(number=ENGLISH)
    caller.tape = bytearray()
    caller.dial(crowd.QUEUE_ANNOUNCED)
    await caller.hears_music(within=8)
    await caller.hears_speech(within=8)
    await agent.command("PUT", "/v1/me/state", {"state": "ready"})
    await agent.phone.answer()
    await office.hears(f"caller <-> {agent.name}", within=10)
    assert recited(bytes(caller.tape), known) == []


@pytest.mark.parametrize("progress", ["100 alone", "183 without SDP", "183 without audio"])
async def test_an_agent_hears_it_ring_outside_whatever_the_network_tells_of_it(
    office: Office, progress: Progress
) -> None:
    alice = await office.agent("alice")
    partner = await office.caller("partner", PARTNER, behaviour=rings(progress=progress))
    await alice.dials(f"number:{PARTNER}")
    await partner.rings()
    await alice.phone.hears_ringing()
    await partner.answer()
    await office.hears("alice <-> partner")


@pytest.mark.parametrize("verb", ["single-step-conference", "initiate-transfer"])
async def test_who_confers_or_consults_hears_it_ring_outside_until_there_is_audio(office: Office, verb: str) -> None:
    alice = await office.agent("alice")
    caller = await office.caller()
    partner = await office.caller("partner", PARTNER, behaviour=rings(progress="100 alone"))
    await office.connect(caller, alice)
    await alice.do(verb, target=f"number:{PARTNER}")
    call = await partner.rings()
    await alice.phone.hears_ringing()
    await caller.hears_music(within=8)
    call.ring("early media")
    call.audio.play_ringing(False)  # not a tone: somebody's voice, before the answer
    await alice.phone.hears_only("partner")
    await partner.answer()
    third = ("caller <-> partner", "caller <-> alice") if verb == "single-step-conference" else ()
    await office.hears("alice <-> partner", *third)


@pytest.mark.parametrize("verb", ["single-step-conference", "initiate-transfer"])
async def test_who_is_recorded_hears_it_ring_outside_as_well(office: Office, verb: str) -> None:
    alice = await office.agent("alice")
    caller = await office.caller()
    partner = await office.caller("partner", PARTNER, behaviour=rings(progress="100 alone"))
    await office.connect(caller, alice)
    await alice.do("start-recording")
    await alice.do(verb, target=f"number:{PARTNER}")
    await partner.rings()
    await alice.phone.hears_ringing()
    await partner.answer()
    third = ("caller <-> partner", "caller <-> alice") if verb == "single-step-conference" else ()
    await office.hears("alice <-> partner", *third)


async def test_a_number_outside_rings_longer_than_an_agent_does_until_the_agent_gives_it_up_or_its_time_is_over_s12_s15(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    text = FILE.read_text().replace("offer_timeout: 15", "offer_timeout: 1")
    file.write_text(text.replace("outside_timeout: 60", "outside_timeout: 4"))
    async with own_office(stack, file) as office:
        alice, carol, _bob = await office.agents("alice", "carol", "bob")
        partner = await office.caller("partner", PARTNER)
        await alice.dials(f"number:{PARTNER}")
        await partner.rings()
        first = await carol.dials("agent:bob")
        # Bob was rung for long enough, and not the partner.
        await carol.phone.until(lambda: carol.calls[first["id"]]["state"] == "released", "sees its call given up")
        await partner.answer()
        await office.hears("alice <-> partner")
        other = await office.caller("other", "+33555000222")
        for verb in ("single-step-transfer", "single-step-conference"):
            await alice.do(verb, target="number:+33555000222")
            await other.rings()
            await alice.do("cancel")
            await other.stops_ringing()
            await alice.do("retrieve")
            await office.hears("alice <-> partner")
        consult = await alice.do("initiate-transfer", target="number:+33555000222")
        await other.rings()
        await other.stops_ringing(within=8)
        await alice.phone.until(lambda: alice.calls[consult["id"]]["state"] == "released", "sees it given up")
        await partner.hears_music(within=8)


REFUSALS = (
    (declines(), "declined"),
    (is_busy(), "busy"),
    (forwards("1006"), "unreachable"),
    (is_unreachable(488), "unreachable"),
    (is_unreachable(503), "unreachable"),
)


async def test_a_phone_that_refuses_by_itself_is_rung_three_times_for_a_caller_and_its_agent_is_not_ready(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace("# retry_interval: 2 ", "retry_interval: 0.2 "))
    async with own_office(stack, file) as office, entering(stack, APPLICATION):
        alice = await office.agent("alice", ready=False)
        for number, (behaviour, reason) in enumerate(REFUSALS):
            alice.phone.behaviour = behaviour
            rung = len(alice.phone.calls)
            await alice.command("PUT", "/v1/me/state", {"state": "ready"})
            caller = await office.caller(f"caller{number}", f"+3361234567{number}")
            caller.dial("2000")
            await alice.phone.until(lambda: alice.me.get("state") == "not_ready", "is not ready", within=8)
            assert alice.me["reason"] == reason
            assert len(alice.phone.calls) - rung == 3
            await caller.hears_music()
            caller.hangup()
            await caller.ended()


async def test_who_declines_a_caller_is_rung_for_the_next_and_that_one_is_served_by_a_colleague(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace("# retry_interval: 2 ", "retry_interval: 0.2 "))
    async with own_office(stack, file) as office, entering(stack, APPLICATION):
        alice = await office.agent("alice")
        first = await office.caller("first", "+33600000001")
        second = await office.caller("second", "+33600000002")
        first.dial("2000")
        await alice.phone.decline()
        await first.hears_music(within=8, stable=1.0)  # time enough to be rung for again, were it so
        second.dial("2000")
        await alice.phone.answer()
        await office.hears("second <-> alice")
        second.hangup()
        await alice.is_now("ready")
        bob = await office.agent("bob")
        await bob.phone.answer()
        await office.hears("first <-> bob")
        assert len(alice.phone.calls) == 2
