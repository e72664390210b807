"""Asterisk dies, stands still, or its connection with the controller is cut or taken over by another."""

import asyncio
import os
import time
from urllib.parse import urlsplit

import aiohttp

from tests.e2e.containers import Part, until_away, until_ready
from tests.e2e.office import Office
from tests.e2e.witness import reopen, undisturbed


async def cut_ari(office: Office) -> None:
    """Every connection of the controller to Asterisk is gone, as when a cable is pulled and put in again."""
    port = urlsplit(office.stack.ari).port
    assert port is not None
    assert await Part(office.stack, "controller").cut_connections(port) > 0, "there was no connection to cut"


async def test_after_asterisk_died_no_call_is_left_and_the_agents_are_free(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    talking = await office.caller("talking", "+33600000001")
    waiting = await office.caller("waiting", "+33600000002")
    await office.connect(talking, alice)
    waiting.dial("3000")
    await waiting.hears_music(within=8)
    async with Part(office.stack, "asterisk").killed():
        with office.silence_is_right(talking, waiting, why="Asterisk is dead", perhaps=True):
            await until_away(office.stack, "asterisk_unavailable")
        for bot in office.lab.bots.values():
            bot.hangup()  # nobody is there who would tell them
        assert await alice.refused("hold") == "asterisk_unavailable"
    await office.stack.no_calls()
    await alice.is_now("ready")
    await bob.is_now("ready")
    await asyncio.gather(alice.phone.register(), bob.phone.register())
    again = await office.caller("again", "+33600000003")
    again.dial("2000")
    await alice.phone.until(lambda: bool(alice.phone.ringing or bob.phone.ringing), "or bob rings")
    served = alice if alice.phone.ringing else bob
    await served.phone.answer()
    await office.hears(f"again <-> {served.name}")


async def test_after_a_restart_of_asterisk_in_order_agents_are_free_and_served_again(office: Office) -> None:
    (alice,) = await office.agents("alice")
    talking = await office.caller("talking", "+33600000001")
    await office.connect(talking, alice)
    await Part(office.stack, "asterisk").restart()
    for bot in office.lab.bots.values():
        bot.hangup()
    await office.stack.no_calls()
    await alice.is_now("ready")
    await alice.phone.register()
    again = await office.caller("again", "+33600000002")
    again.dial("2000")  # they wait, should their phone not be seen again yet
    await alice.phone.answer(within=10)
    await office.hears("again <-> alice")


async def test_a_call_goes_on_and_obeys_after_asterisk_stood_still(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    with office.silence_is_right(caller, why="Asterisk stands still"):
        async with Part(office.stack, "asterisk").frozen():
            await until_away(office.stack, "asterisk_unavailable")
        await office.hears("caller <-> alice")
    await alice.do("hold")
    await caller.hears_music()
    await alice.do("retrieve")
    await office.hears("caller <-> alice")


async def test_a_conversation_does_not_hear_that_the_connection_to_asterisk_was_cut(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    everyone = ("caller <-> alice", "caller <-> bob", "alice <-> bob")
    async with undisturbed(office, *everyone):
        await cut_ari(office)
        await until_ready(office.stack)
        await caller.stays_up(1.0)
    await alice.to("contact", "hold")
    await office.hears("alice <-> bob")
    await caller.hears_music()
    await alice.to("contact", "retrieve")
    await office.hears(*everyone)


async def test_a_phone_that_rings_when_the_connection_is_cut_can_be_answered(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    caller.dial("1001")
    await alice.phone.rings()
    await alice.is_now("ringing")
    await cut_ari(office)
    await until_ready(office.stack)
    await alice.phone.answer()
    await office.hears("caller <-> alice")
    await alice.sees_state("established")
    assert len(alice.phone.calls) == 1, "the phone was rung anew"


async def test_a_transfer_that_rings_when_the_connection_is_cut_comes_to_its_end_s11(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    await caller.hears_music()
    begin = time.monotonic()
    await cut_ari(office)
    await until_ready(office.stack)
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await alice.phone.ended()
    await alice.is_now("ready")
    caller.never_in_silence(longer_than=1.0, since=begin)


async def test_who_hangs_up_just_when_the_connection_is_cut_is_missed(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    cutting = asyncio.create_task(cut_ari(office))
    caller.hangup()
    await cutting
    await alice.phone.ended()
    await alice.is_now("ready")
    await office.stack.no_calls()


async def test_a_controller_whose_application_is_taken_over_gives_way_and_comes_back(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    application = os.environ.get("CC_STASIS_APP", "callcontrol")
    events = f"{office.stack.ari.replace('http', 'ws', 1)}/ari/events?app={application}"
    async with undisturbed(office, "caller <-> alice"):
        async with (
            aiohttp.ClientSession(headers=office.stack.ari_headers) as session,
            session.ws_connect(events),
        ):
            await until_away(office.stack)
        await until_ready(office.stack)
    await reopen(alice)
    await alice.do("hold")
    await caller.hears_music()
    await alice.do("retrieve")
    await office.hears("caller <-> alice")
