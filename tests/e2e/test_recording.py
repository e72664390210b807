"""Recordings, by what is in their files; and the tones of a conference, by who hears them."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from tests.bots import Lab
from tests.bots.station import Station
from tests.e2e.containers import until_ready
from tests.e2e.office import Agent, Office
from tests.e2e.stack import Stack
from tests.e2e.tape import ari, stored, tape, watching
from tests.e2e.test_configuration import FILE, PORT, environment, own_office
from tests.e2e.witness import LONGEST_GAP, reopen

BEEP = "700 Hz"
"""What the ear calls Asterisk's `beep`."""
VERBS = {"start_recording", "pause_recording", "resume_recording", "stop_recording"}


def who(*names: str) -> frozenset[str]:
    return frozenset(names)


async def record(agent: Agent) -> str:
    """Start to record the agent's call; the file."""
    call = await agent.do("start-recording")
    assert call["recording"]["state"] == "recording"
    return str(call["recording"]["file"])


async def talk(office: Office, *talks: str) -> None:
    """Exactly these hear each other, and go on so for a while: long enough to be found in a file."""
    await office.hears(*talks)
    await next(bot for bot in office.lab.bots.values() if bot.live).stays_up(0.4)
    await office.hears(*talks)


async def hears_a_beep(bot: Station, since: float) -> None:
    """The announcement is heard by this bot, and with it whom it heard before, without a gap."""
    await bot.until(
        lambda: any(heard.voices > {BEEP} for _, _, heard in bot.timeline.stretches(since, time.monotonic())),
        "hears the announcement together with somebody",
    )
    spoken = since
    for _, end, heard in bot.timeline.stretches(since, time.monotonic()):
        if heard.voices - {BEEP}:
            spoken = end
        assert end - spoken <= LONGEST_GAP, f"{bot.name} missed a word, and heard {heard}"


def listed(agent: Agent) -> set[str]:
    assert agent.call is not None
    return set(agent.call["actions"]) & VERBS


async def test_both_sides_are_in_the_file_and_what_is_paused_is_not(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    assert alice.call is not None
    assert alice.call["recording"] is None
    assert listed(alice) == {"start_recording"}
    before = time.monotonic()
    file = await record(alice)
    assert re.fullmatch(rf"calls/\d{{8}}T\d{{6}}Z-{alice.call_id}-r\d+\.wav", file)
    for bot in (caller, alice.phone):
        await hears_a_beep(bot, before)
    await talk(office, "caller <-> alice")
    assert listed(alice) == {"pause_recording", "stop_recording"}

    call = await alice.do("pause-recording")
    assert call["recording"]["state"] == "paused"
    assert await alice.refused("pause-recording") == "not_allowed_now"
    await alice.do("single-step-conference", target="agent:bob")
    await bob.phone.answer()
    await talk(office, "caller <-> alice", "alice <-> bob", "caller <-> bob")
    await bob.do("release")
    await talk(office, "caller <-> alice")
    caller.say(False)
    await talk(office, "alice -> caller")
    await alice.do("resume-recording")
    await talk(office, "alice -> caller")
    call = await alice.do("stop-recording")
    assert call["recording"] is None
    assert await alice.refused("stop-recording") == "not_allowed_now"
    caller.say(True)
    await talk(office, "caller <-> alice")

    heard = await tape(office, file)
    assert heard.parts == (who("caller", "alice"), who("alice"))
    assert heard.others == 0
    assert heard.seconds > 0.5


async def test_a_conference_is_recorded_without_those_on_hold_and_without_their_music(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    file = await record(bob)
    await talk(office, "caller <-> alice", "alice <-> bob", "caller <-> bob")
    await alice.to("contact", "hold")
    await talk(office, "alice <-> bob")
    await caller.hears_music(within=8)
    await alice.to("contact", "retrieve")
    await alice.to("bob", "mute")
    await talk(office, "caller <-> alice", "alice -> bob", "caller -> bob")
    await alice.do("stop-recording")
    heard = await tape(office, file)
    assert heard.parts == (who("caller", "alice", "bob"), who("alice", "bob"), who("caller", "alice"))
    assert heard.others == 0


async def test_everybody_on_hold_and_back_leaves_one_file(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    file = await record(alice)
    await talk(office, "caller <-> alice")
    await alice.do("hold")
    await caller.hears_music(within=8)
    await alice.do("retrieve")
    await talk(office, "caller <-> alice")
    await alice.do("clear")
    await caller.ended()
    heard = await tape(office, file)
    assert heard.parts == (who("caller", "alice"), who("alice"), who("caller", "alice"))
    assert heard.others == 0


async def test_a_recording_goes_on_through_a_transfer_and_ends_with_the_call(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    file = await record(alice)
    await talk(office, "caller <-> alice")
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.answer()
    await talk(office, "caller <-> bob")
    call = await bob.sees(lambda call: call["recording"] is not None, "sees that it is recorded")
    assert call["recording"]["file"] == file
    assert "stop_recording" in call["actions"]
    caller.hangup()
    await bob.sees_state("released")
    await office.stack.no_calls()
    heard = await tape(office, file)
    assert heard.parts == (who("caller", "alice"), who("caller", "bob"))
    assert heard.others == 0


async def test_a_consultation_is_recorded_only_where_that_is_requested_and_into_a_file_of_its_own(
    office: Office,
) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    file = await record(alice)
    await talk(office, "caller <-> alice")
    consultation = await alice.do("initiate-transfer", target="agent:bob")
    assert consultation["recording"] is None
    await bob.phone.answer()
    await talk(office, "alice <-> bob")
    private = await record(bob)
    await talk(office, "alice <-> bob")
    await alice.do("complete-conference", consultation["id"])
    await talk(office, "caller <-> alice", "alice <-> bob", "caller <-> bob")
    beside = await tape(office, private)
    assert beside.parts == (who("alice", "bob"),)
    await bob.sees(lambda call: call["recording"] is not None, "sees the other recording")
    await bob.do("stop-recording")
    heard = await tape(office, file)
    assert heard.parts == (who("caller", "alice"), who("caller", "alice", "bob"))


async def test_a_supervisor_records_a_call_that_they_are_not_in(office: Office) -> None:
    (alice,) = await office.agents("alice")
    erin = await office.desk("erin")
    caller = await office.caller()
    await office.connect(caller, alice)
    call = await erin.do("start-recording", alice.call_id)
    await alice.sees(lambda mine: mine["recording"] == call["recording"], "sees that it is recorded")
    await talk(office, "caller <-> alice")
    await erin.do("stop-recording", alice.call_id)
    heard = await tape(office, call["recording"]["file"])
    assert heard.parts == (who("caller", "alice"),)


async def test_a_file_that_ends_before_its_time_is_written_on_and_the_third_end_is_the_last(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    async with watching(office.stack) as started:
        file = await record(alice)
        await started(file)
        await talk(office, "caller <-> alice")
        await _ends(office.stack, file)
        await started(file)
        caller.say(False)
        await talk(office, "alice -> caller")
        await alice.do("stop-recording")
        heard = await tape(office, file)
        assert heard.parts == (who("caller", "alice"), who("alice"))

        # At once, one after the other: an end after more than 5 s would count as the first.
        file = await record(alice)
        for _ in range(3):
            await started(file)
            await _ends(office.stack, file)
    await alice.sees(lambda call: call["recording"] is None, "sees that it is not recorded any more")
    await alice.phone.until(lambda: bool(alice.errors), "is notified")
    assert [(e["operation"], e["problem"]["code"]) for e in alice.errors] == [("recording", "asterisk_unavailable")]
    caller.say(True)
    await office.hears("caller <-> alice")
    await tape(office, file)  # what there was to hear until then
    assert listed(alice) == {"start_recording"}


async def _ends(stack: Stack, file: str) -> None:
    """As if its time were over: not by the controller."""
    status, answer = await ari(stack, "POST", f"recordings/live/{stored(file)}/stop")
    assert status == 204, answer


async def test_where_recording_is_switched_off_the_actions_are_absent_and_refused(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace("enabled: true            #", "enabled: false  #"))
    async with own_office(stack, file) as office:
        alice, bob = await office.agents("alice", "bob")
        await alice.dials("agent:bob")
        await bob.phone.answer()
        await talk(office, "alice <-> bob")
        assert not listed(alice)
        for verb in VERBS:
            assert await alice.refused(verb.replace("_", "-")) == "feature_disabled"


@asynccontextmanager
async def controller(stack: Stack, file: Path) -> AsyncIterator[None]:
    """A controller of its own, which dies without a word when the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ari_app", "run", env=environment(stack, file), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await until_ready(replace(stack, api=f"http://{stack.bind}:{PORT}"))
        yield
    finally:
        process.kill()
        await process.wait()


async def test_a_recording_goes_on_while_the_controller_is_dead_and_obeys_the_next(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text())
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=8)
    office = Office(lab, replace(stack, api=f"http://{stack.bind}:{PORT}"), {})
    try:
        async with controller(stack, file):
            alice, bob = await office.agents("alice", "bob")
            await alice.dials("agent:bob")
            await bob.phone.answer()
            await talk(office, "alice <-> bob")
            name = await record(alice)
            await talk(office, "alice <-> bob")
        alice.phone.say(False)
        await talk(office, "bob -> alice")
        async with controller(stack, file):
            await reopen(alice, bob)
            call = await alice.sees(lambda call: call["recording"] is not None, "sees that it is recorded")
            assert call["recording"]["file"] == name
            status, answer = await ari(stack, "GET", f"recordings/live/{stored(name)}")
            assert (status, json.loads(answer)["state"]) == (200, "recording")
            await alice.do("stop-recording")
            heard = await tape(office, name)
            assert heard.parts == (who("alice", "bob"), who("bob"))
            await alice.do("clear")
            await office.close()
    finally:
        await lab.close()


# -- tones of a conference --------------------------------------------------------------------------------------------


async def test_all_hear_that_somebody_joins_and_leaves_a_conference_where_that_is_listed(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    text = FILE.read_text().replace("# conference_join: confbridge-join", "conference_join: beep")
    file.write_text(text.replace("# conference_leave: confbridge-leave", "conference_leave: beep"))
    async with own_office(stack, file) as office:
        alice, bob, carol = await office.agents("alice", "bob", "carol")
        await alice.dials("agent:bob")
        await bob.phone.answer()
        await office.hears("alice <-> bob")
        for phone in (alice.phone, bob.phone):
            assert BEEP not in phone.heard_since(0), "a call of two has no tone"
        before = time.monotonic()
        await alice.do("single-step-conference", target="agent:carol")
        await carol.phone.answer()
        for phone in (alice.phone, bob.phone, carol.phone):
            await _tone(phone, before)
        await office.hears("alice <-> bob", "alice <-> carol", "bob <-> carol")
        before = time.monotonic()
        await carol.do("release")
        await carol.phone.ended()
        for phone in (alice.phone, bob.phone):
            await hears_a_beep(phone, before)
        await office.hears("alice <-> bob")


async def _tone(bot: Station, since: float) -> None:
    await bot.until(lambda: BEEP in bot.heard_since(since), "hears the tone")


async def test_nobody_hears_a_tone_where_none_is_listed(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await bob.do("release")
    await bob.phone.ended()
    await office.hears("caller <-> alice")
    for bot in (caller, alice.phone, bob.phone):
        assert BEEP not in bot.heard_since(0)
