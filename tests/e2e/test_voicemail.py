"""Callers who leave a message: what they hear, what is in the file, who gets to know of it, also when a controller
dies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiohttp
import pytest

from tests.bots import Contact
from tests.bots.desktop import Json
from tests.e2e import crowd
from tests.e2e.containers import Part, run_in
from tests.e2e.office import CALLER_NUMBER, Agent, Office
from tests.e2e.tape import listen
from tests.e2e.test_lamps import lamp_becomes
from tests.e2e.test_opening_hours import choose, opened_again
from tests.e2e.test_operations import ari_app
from tests.e2e.test_recording import BEEP, who
from tests.e2e.test_situations_admin import figure
from tests.e2e.test_situations_machine import RECORDINGS
from tests.e2e.witness import reopen

LAMP = "voicemail:rest"
SPOKEN = 3.5
"""Seconds that callers speak."""


@asynccontextmanager
async def as_agent(office: Office, agent: str) -> AsyncIterator[aiohttp.ClientSession]:
    """Requests of theirs."""
    async with aiohttp.ClientSession() as session:
        token = await office.stack.login(session, agent)
    async with aiohttp.ClientSession(office.stack.api, headers={"Authorization": f"Bearer {token}"}) as session:
        yield session


async def messages(session: aiohttp.ClientSession, **query: str) -> list[Json]:
    async with session.get("/v1/voicemails", params=query) as answer:
        assert answer.status == 200, await answer.text()
        found: list[Json] = (await answer.json())["voicemails"]
        return found


@pytest.fixture(autouse=True)
async def emptied(office: Office) -> None:
    """No message of another test is there."""
    async with as_agent(office, "erin") as erin:
        for message in await messages(erin):
            async with erin.delete(f"/v1/voicemails/{message['id']}") as answer:
                assert answer.status == 204


@contextmanager
def recorded(office: Office, caller: Contact) -> Iterator[None]:
    """While they speak they hear nothing."""
    with office.silence_is_right(caller, why="their message is recorded", perhaps=True):
        yield


async def hears_the_beep(caller: Contact) -> None:
    since = time.monotonic()
    await caller.until(
        lambda: any(BEEP in heard.voices for _, _, heard in caller.timeline.stretches(since, time.monotonic())),
        "hears the beep",
        within=15,
    )


async def notified(agent: Agent, within: float = 15.0) -> Json:
    """The one message of which the agent is notified."""

    def found() -> list[Json]:
        return [event["voicemail"] for event in agent.events if event["type"] == "voicemail.left"]

    await agent.phone.until(lambda: bool(found()), "is notified of a message", within=within)
    (message,) = found()
    return dict(message)


async def the_one(session: aiohttp.ClientSession) -> Json:
    """The one message that there is, as soon as it is there."""
    async with asyncio.timeout(15):
        while not (found := await messages(session)):
            pass
    (message,) = found
    return message


async def is_recognised(office: Office, session: aiohttp.ClientSession, message: Json, *names: str) -> None:
    """These, and nobody else, are heard in it."""
    async with session.get(f"/v1/voicemails/{message['id']}") as answer:
        assert (answer.status, answer.content_type) == (200, "audio/wav")
        heard = listen(office, await answer.read())
    assert heard.heard == who(*names), heard


async def test_who_presses_the_key_leaves_a_message_that_the_group_sees_hears_and_marks(office: Office) -> None:
    erin, rested = await office.desk("erin"), await office.agent(crowd.RESTED, ready=False)
    caller = await office.caller()
    caller.dial(crowd.QUEUE_WITH_BOX)
    await caller.hears_music(within=8)
    with recorded(office, caller):
        await caller.send_dtmf("7")
        await hears_the_beep(caller)
        await caller.stays_up(SPOKEN)
        caller.hangup()
    message = await notified(rested)
    assert (message["box"], message["number"], message["queue"], message["state"]) == (
        "rest",
        CALLER_NUMBER,
        "box",
        "new",
    )
    assert rested.phone.ringing is None
    await lamp_becomes(office, LAMP, "INUSE")
    async with as_agent(office, crowd.RESTED) as session, as_agent(office, "alice") as other:
        await is_recognised(office, session, message, "caller")
        assert await messages(other) == []
        async with other.get(f"/v1/voicemails/{message['id']}") as answer:
            assert answer.status == 404
        async with session.put(f"/v1/voicemails/{message['id']}", json={"state": "heard"}) as answer:
            assert (await answer.json())["by"] == crowd.RESTED
    await lamp_becomes(office, LAMP, "NOT_INUSE")
    await erin.phone.until(
        lambda: any(e["type"] == "voicemail.updated" and e["voicemail"]["state"] == "heard" for e in erin.events),
        "sees that it is heard",
    )
    async with as_agent(office, "erin") as session, asyncio.timeout(10):
        calls: list[str] = []
        while message["call_id"] not in calls:
            async with session.get("/v1/history", params={"outcome": "voicemail"}) as answer:
                calls = [call["id"] for call in (await answer.json())["calls"]]
    await office.stack.no_calls()


async def test_who_comes_while_it_is_closed_hears_so_and_leaves_a_message(office: Office) -> None:
    erin, rested = await office.desk("erin"), await office.agent(crowd.RESTED, ready=False)
    caller = await office.caller()
    async with opened_again(erin, "queue:box"):
        await choose(erin, "queue:box", "closed")
        with recorded(office, caller):
            caller.dial(crowd.QUEUE_WITH_BOX)
            await hears_the_beep(caller)
            await caller.stays_up(SPOKEN)
            caller.say(False)  # silence ends it
            await caller.ended(within=20)
    message = await notified(rested)
    assert 2 <= message["seconds"] <= 6
    async with as_agent(office, "erin") as session:
        await is_recognised(office, session, message, "caller")


async def hears_voice(agent: Agent, name: str) -> None:
    """Prompts come first: how many there are, when it was left, and from which number."""
    since = time.monotonic()
    await agent.phone.until(lambda: name in agent.phone.timeline.voices(since), f"hears {name}", within=60)


async def test_an_agent_hears_messages_at_their_phone_the_newest_first_and_says_that_one_is_done(
    office: Office,
) -> None:
    rested = await office.agent(crowd.RESTED, ready=False)
    caller, second = await office.caller(), await office.caller("second", "+33600000002")
    for one in (caller, second):
        with recorded(office, one):
            one.dial(crowd.BOX)
            await hears_the_beep(one)
            await one.stays_up(SPOKEN)
            one.hangup()
    async with as_agent(office, crowd.RESTED) as session:
        async with asyncio.timeout(15):
            while len(found := await messages(session)) < 2:
                pass
        newest, oldest = found
        assert newest["number"] == "+33600000002"
        await lamp_becomes(office, LAMP, "INUSE")
        rested.events.clear()
        rested.phone.dial("*98")
        await rested.is_now("on_call")
        await hears_voice(rested, "second")
        await marked_as(rested, newest, "heard")
        await rested.phone.send_dtmf("2")
        await hears_voice(rested, "caller")
        await marked_as(rested, oldest, "heard")
        await lamp_becomes(office, LAMP, "NOT_INUSE")
        await rested.phone.send_dtmf("3")
        await marked_as(rested, oldest, "done")
        await rested.phone.send_dtmf("1")
        await hears_voice(rested, "second")
        pressing = asyncio.create_task(rested.phone.send_dtmf("#"))  # it ends the call in the midst of the key
        await rested.phone.ended(within=15)
        await asyncio.gather(pressing, return_exceptions=True)
        assert {each["id"]: (each["state"], each["by"]) for each in await messages(session)} == {
            newest["id"]: ("heard", crowd.RESTED),
            oldest["id"]: ("done", crowd.RESTED),
        }
    await office.stack.no_calls()


async def test_whoever_is_forgotten_has_their_message_deleted_with_its_file(office: Office) -> None:
    others = await files_of_messages(office)
    caller = await office.caller("somebody", "+33611222333")
    with recorded(office, caller):
        caller.dial(crowd.BOX)
        await hears_the_beep(caller)
        await caller.stays_up(SPOKEN)
        caller.hangup()
    async with as_agent(office, "erin") as session:
        await the_one(session)
        (file,) = set(await files_of_messages(office)) - set(others)
        status, said, complaint = await ari_app(office.stack, "forget", "--do", "+33611222333")
        assert (status, complaint) == (0, ""), said
        assert await messages(session) == []
    assert file not in await files_of_messages(office)
    await office.stack.no_calls()


async def files_of_messages(office: Office) -> list[str]:
    """Their paths, in Asterisk's container."""
    found = await run_in(f"{office.stack.project}-asterisk", "find", RECORDINGS, "-name", "*-v*.wav")
    return found.decode().split()


async def marked_as(agent: Agent, message: Json, state: str) -> None:
    """The agent's desktop shows it."""
    await agent.phone.until(
        lambda: any(
            event["type"] == "voicemail.updated"
            and (event["voicemail"]["id"], event["voicemail"]["state"]) == (message["id"], state)
            for event in agent.events
        ),
        f"sees that a message is {state}",
        within=10,
    )


async def test_whom_no_box_notifies_hears_that_there_is_nothing_for_them(office: Office) -> None:
    dave = await office.agent("dave", ready=False)
    dave.phone.dial("*98")
    await dave.phone.hears_speech(within=8)
    await dave.phone.ended(within=15)


async def test_who_says_nothing_has_left_no_message(office: Office) -> None:
    caller = await office.caller()
    caller.say(False)
    with recorded(office, caller):
        caller.dial(crowd.BOX)
        await hears_the_beep(caller)
        await caller.ended(within=20)
    async with as_agent(office, "erin") as session:
        assert await messages(session) == []


async def test_a_controller_that_dies_in_mid_message_loses_nothing(office: Office) -> None:
    rested = await office.agent(crowd.RESTED, ready=False)
    caller, second = await office.caller(), await office.caller("second", "+33600000002")
    with recorded(office, caller), recorded(office, second):
        for one in (caller, second):
            one.dial(crowd.BOX)
        await asyncio.gather(hears_the_beep(caller), hears_the_beep(second))
        async with Part(office.stack, "controller").killed():
            await caller.stays_up(SPOKEN)
            second.hangup()  # while nobody looks
        await reopen(rested)
        await caller.send_dtmf("#")
        await caller.ended(within=20)
    async with as_agent(office, crowd.RESTED) as session:
        async with asyncio.timeout(15):
            while len(found := await messages(session)) < 2:
                pass
        for message in found:
            name = "caller" if message["number"] == CALLER_NUMBER else "second"
            await is_recognised(office, session, message, name)
    assert len(found) == 2
    await office.stack.no_calls()


async def test_on_a_disk_without_room_callers_leave_no_message_hear_so_and_can_when_there_is_room_again(
    office: Office,
) -> None:
    refused, left = 'callcontrol_voicemails_refused_total{reason="disk"}', "callcontrol_recordings_left_bytes"
    asterisk = f"{office.stack.project}-asterisk"
    rested, caller = await office.agent(crowd.RESTED, ready=False), await office.caller()
    before = await figure(office.stack, refused)
    await run_in(asterisk, "fallocate", "-l", "40M", f"{RECORDINGS}/full")  # of 64 MB
    try:
        async with asyncio.timeout(15):
            while await figure(office.stack, left) >= 32 * 2**20:
                pass
        since = time.monotonic()
        caller.dial(crowd.BOX)
        await caller.hears_speech(within=10)  # which says why
        await caller.ended(within=20)
        assert caller.timeline.first(BEEP, since) is None
        assert await figure(office.stack, refused) == before + 1
    finally:
        await run_in(asterisk, "rm", "-f", f"{RECORDINGS}/full")
    async with asyncio.timeout(15):
        while await figure(office.stack, left) < 32 * 2**20:
            pass
    with recorded(office, caller):
        caller.dial(crowd.BOX)
        await hears_the_beep(caller)
        await caller.stays_up(SPOKEN)
        caller.hangup()
    await notified(rested)
    await office.stack.no_calls()
