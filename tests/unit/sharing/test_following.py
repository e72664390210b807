"""The call centre follows calls that another controller leads, and commands them: over a real socket, on loopback."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace

import aiohttp
import pytest
from aiohttp import web

from ari_app.api.listening import Listener
from ari_app.api.problems import problem_response
from ari_app.calls import effects as e
from ari_app.calls.commands import Command, Hold
from ari_app.calls.model import Alarm, Call, CallType, EndReason, Leg, LegState
from ari_app.errors import (
    AsteriskUnavailable,
    CallControlError,
    Code,
    LeadsNoMore,
    NotYetKnown,
    OutcomeUnknown,
    Refused,
)
from ari_app.sharing import remote, wire
from ari_app.sharing.remote import PATH, Remote
from ari_app.sharing.telling import NUMBER, Teller
from ari_app.store.leases import Lease

HOST = "127.0.79.2"
WAIT = 5.0
CALL = Call("cc-b-1", CallType.INBOUND, "bridge", 1.0)
HOLD = Hold(id="k1", by="alice", call=CALL.id)


class Led:
    """An Asterisk's calls, as a test makes them, and its leader's port."""

    def __init__(self) -> None:
        self.up: dict[str, Call] = {}
        self.lines: dict[str, Leg] = {}
        self.there = True
        self.full: tuple[str, ...] = ("calls",)
        self.commands: list[Command] = []
        self.requested = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.chosen: Mapping[str, str] = {}
        self.messages: Mapping[str, int] = {}
        self.counted = asyncio.Event()
        self.read = asyncio.Event()
        self.teller = Teller(self)
        self.listener = Listener(self._serve)
        self.port = 0

    def calls(self) -> Mapping[str, Call]:
        return self.up

    def legs(self) -> Mapping[str, Leg]:
        return self.lines

    def reached(self) -> bool:
        return self.there

    def refuses(self) -> tuple[str, ...]:
        return self.full

    async def submit(self, command: Command) -> Call | None:
        self.commands.append(command)
        self.requested.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return self.up.get(getattr(command, "call", ""))

    def story_file(self, call: str) -> str | None:
        return f"story of {call}" if call in self.up else None

    def choose(self, devices: Mapping[str, str]) -> None:
        self.chosen = devices

    def count_messages(self, counts: Mapping[str, int]) -> None:
        self.messages = counts
        self.counted.set()

    async def read_anew(self) -> None:
        self.read.set()

    def change(self, call: Call) -> None:
        before = self.up.get(call.id)
        self.up[call.id] = call
        if call.ended:
            del self.up[call.id]
        self.teller.call_changed(before, call)

    async def start(self) -> Lease:
        self.port = await self.listener.start(HOST, 0)
        return Lease(1, f"owner {self.port}", f"http://{HOST}:{self.port}")

    async def stop(self) -> None:
        await self.teller.close(WAIT)
        await self.listener.stop()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        assert request.path == f"{PATH}b"
        try:
            return await self.teller.serve(request)
        except CallControlError as error:
            return problem_response(error)


class Leaders:
    """Who leads, as a test says."""

    def __init__(self) -> None:
        self.leader = Lease(0)
        self._news = asyncio.Event()

    def lead(self, lease: Lease) -> None:
        self.leader = lease
        self._news.set()
        self._news = asyncio.Event()

    async def inquired(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.01):
                await self._news.wait()


class Shown:
    """What was shown, in order."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self._news = asyncio.Event()

    def _add(self, event: object) -> None:
        self.events.append(event)
        self._news.set()

    def call_changed(self, before: Call | None, call: Call) -> None:
        self._add((before, call))

    def talk_changed(self, call: Call) -> None:
        self._add(("talks", call))

    def hearing_changed(self, calls: list[str]) -> None:
        self._add(("hearing", *calls))

    def call_alarm(self, effect: e.CallAlarm) -> None:
        self._add(effect)

    def emergency_dialled(self, effect: e.EmergencyDialled) -> None:
        self._add(effect)

    def operation_failed(self, effect: e.OperationFailed) -> None:
        self._add(effect)

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT):
            while not holds():
                self._news.clear()
                await self._news.wait()

    async def sees(self, event: object) -> None:
        await self.until(lambda: event in self.events)


class Centre:
    """The call centre's end."""

    def __init__(self, leaders: Leaders, number: int = 1) -> None:
        self.shown = Shown()
        self.devices = {"1001": "page"}
        self.messages = {"support": 2}
        self.remote = Remote(
            "b", leaders, "key", number, self.shown, lambda: self.devices, lambda: 99.0, lambda: self.messages
        )
        self.task = asyncio.create_task(self.remote.run())

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PAUSE", 0.0)


@pytest.fixture
async def led() -> AsyncIterator[Led]:
    led = Led()
    led.change(CALL)
    led.teller.begun()
    yield led
    await led.stop()


@pytest.fixture
async def leaders(led: Led) -> Leaders:
    leaders = Leaders()
    leaders.lead(await led.start())
    return leaders


@pytest.fixture
async def centre(leaders: Leaders) -> AsyncIterator[Centre]:
    centre = Centre(leaders)
    await until(centre.remote.known())
    yield centre
    await centre.stop()


async def until[T](waited: Awaitable[T]) -> T:
    async with asyncio.timeout(WAIT):
        return await waited


async def test_it_has_the_calls_that_are_there_and_what_becomes_of_them(led: Led, centre: Centre) -> None:
    assert centre.shown.events == [(None, CALL)]
    assert centre.remote.reached
    owned = replace(CALL, owner="alice")
    leg = Leg("leg-1", state=LegState.UP)
    led.change(owned)
    led.teller.leg_changed(leg.id, leg)
    led.teller.talk_changed(owned)
    led.teller.call_alarm(e.CallAlarm(owned, Alarm.AGENT_GONE))
    failed = e.OperationFailed(CALL.id, ("alice",), "hold", AsteriskUnavailable("gone"))
    emergency = e.EmergencyDialled("alice", "1001", "112")
    led.teller.emergency_dialled(emergency)
    led.teller.operation_failed(failed)
    await centre.shown.sees(failed)
    assert centre.shown.events[1:] == [
        (CALL, owned), ("hearing",), ("talks", owned), e.CallAlarm(owned, Alarm.AGENT_GONE), emergency,
        failed,
    ]  # fmt: skip
    assert centre.remote.calls == {CALL.id: owned}
    assert centre.remote.state.legs == {leg.id: leg}
    led.teller.leg_changed(leg.id, None)
    over = replace(owned, ended=True)
    led.change(over)
    await centre.shown.sees((owned, over))
    assert (centre.remote.calls, centre.remote.state.legs) == ({}, {})


async def test_a_leader_of_an_earlier_version_is_requested_no_tie(
    leaders: Leaders, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = Centre(leaders)
    await until(centre.remote.known())
    assert centre.remote.ties
    await centre.stop()
    monkeypatch.setattr(wire, "KNOWN", ())
    centre = Centre(leaders, number=2)
    await until(centre.remote.known())
    assert (centre.remote.reached, centre.remote.ties) == (True, False)
    await centre.stop()


def test_what_a_leader_of_an_earlier_version_reports_is_read_and_says_nothing_of_ties() -> None:
    earlier = '{"number":1,"changes":[],"legs":[],"reached":true,"refuses":[],"kind":"all_calls"}'
    assert wire.read_from_leader(earlier) == wire.AllCalls(1, (), (), True)


async def test_a_command_is_answered_with_what_the_leader_answers(led: Led, centre: Centre) -> None:
    assert await until(centre.remote.submit(HOLD)) == CALL
    led.error = Refused(Code.NOT_ALLOWED_NOW, "not now")
    with pytest.raises(Refused, match="not now"):
        await until(centre.remote.submit(replace(HOLD, id="k2")))
    assert led.commands == [HOLD, replace(HOLD, id="k2")]


async def test_a_command_over_which_the_leader_fails_by_a_fault_of_ours_is_answered_with_that_nobody_knows(
    led: Led, centre: Centre
) -> None:
    led.error = RuntimeError("a fault")
    with pytest.raises(OutcomeUnknown):
        await until(centre.remote.submit(HOLD))


async def test_where_nobody_leads_a_command_is_refused_and_not_done_later(led: Led) -> None:
    centre = Centre(leaders := Leaders())
    with pytest.raises(AsteriskUnavailable):
        await centre.remote.submit(HOLD)
    assert not centre.remote.reached
    leaders.lead(await led.start())
    await until(centre.remote.known())
    assert led.commands == []
    await centre.stop()


async def test_what_is_requested_while_a_call_is_taken_over_waits_for_that_and_not_for_ever(
    led: Led, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = Centre(leaders := Leaders())
    waiting = asyncio.create_task(centre.remote.led())
    leaders.lead(await led.start())
    await until(waiting)
    assert await until(centre.remote.submit(HOLD)) == CALL
    monkeypatch.setattr(remote, "TAKEN_OVER_WITHIN", 0.01)
    leaders.lead(Lease(2, "nobody", f"http://{HOST}:1"))
    await until(centre.remote.lost.wait())
    await until(centre.remote.led())
    with pytest.raises(AsteriskUnavailable):
        await centre.remote.submit(HOLD)
    await centre.stop()


async def test_what_a_leader_that_leaves_has_not_begun_is_sent_to_the_next(
    led: Led, leaders: Leaders, centre: Centre
) -> None:
    led.error = LeadsNoMore()
    asking = asyncio.create_task(centre.remote.submit(HOLD))
    await until(led.requested.wait())
    other = await replaced(led, leaders, centre, CALL)
    assert await until(asking) == CALL
    assert (led.commands, other.commands) == ([HOLD], [HOLD])
    await other.stop()


async def test_what_was_sent_to_a_leader_that_is_lost_has_an_unknown_outcome_and_is_not_sent_again(
    led: Led, leaders: Leaders, centre: Centre
) -> None:
    led.gate.clear()
    asking = asyncio.create_task(centre.remote.submit(HOLD))
    await until(led.requested.wait())
    other = await replaced(led, leaders, centre)
    with pytest.raises(NotYetKnown):
        await until(asking)
    assert (led.commands, other.commands) == ([HOLD], [])
    led.gate.set()
    await other.stop()


async def replaced(led: Led, leaders: Leaders, centre: Centre, *calls: Call) -> Led:
    """Another controller leads, and has these calls."""
    other = Led()
    other.up = {call.id: call for call in calls}
    other.teller.begun()
    leaders.lead(replace(await other.start(), number=2))
    with suppress(TimeoutError):
        async with asyncio.timeout(WAIT):
            while not centre.remote.reached or other.chosen != centre.devices:
                await leaders.inquired()
    assert other.chosen == centre.devices
    return other


async def test_the_next_leader_is_followed_at_once(
    led: Led, leaders: Leaders, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "PAUSE", 10 * WAIT)
    other = await replaced(led, leaders, centre, CALL)
    assert await until(centre.remote.submit(HOLD)) == CALL
    assert other.commands == [HOLD]
    await other.stop()


async def test_the_next_leader_is_followed_and_a_call_that_it_does_not_know_is_over(
    led: Led, leaders: Leaders, centre: Centre
) -> None:
    held = replace(CALL, id="cc-b-2")
    led.change(held)
    await centre.shown.sees((None, held))
    other = await replaced(led, leaders, centre, held)
    lost = replace(CALL, ended=True, ended_at=99.0, end_reason=EndReason.LOST, ended_by="system")
    assert (CALL, lost) in centre.shown.events
    assert centre.remote.calls == {held.id: held}
    await other.stop()


async def test_a_call_that_ended_while_nobody_served_the_call_centre_is_reported_to_the_next_once(
    led: Led, leaders: Leaders, centre: Centre
) -> None:
    owned = replace(CALL, owner="alice")
    led.change(owned)
    await centre.shown.sees((CALL, owned))
    await until(_taken(led, leaders))
    await centre.stop()
    over = replace(owned, ended=True)
    led.change(over)
    after = Centre(leaders, number=2)
    await until(after.remote.known())
    assert after.shown.events == [(owned, over)]
    await until(_taken(led, leaders))
    await after.stop()
    third = Centre(leaders, number=3)
    await until(third.remote.known())
    assert third.shown.events == []
    await third.stop()


async def _taken(led: Led, leaders: Leaders) -> None:
    """Until all that was reported was taken in."""
    while led.teller._untaken._steps:
        await leaders.inquired()


async def test_a_call_centre_that_was_frozen_commands_nothing_when_another_serves(
    led: Led, leaders: Leaders, centre: Centre
) -> None:
    after = Centre(leaders, number=2)
    await until(after.remote.known())
    async with asyncio.timeout(WAIT):
        while centre.remote.reached:
            await leaders.inquired()
    with pytest.raises(AsteriskUnavailable):
        await centre.remote.submit(HOLD)
    assert await until(after.remote.submit(HOLD)) == CALL
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{leaders.leader.address}{PATH}b", headers={NUMBER: "1"}) as refused,
    ):
        assert refused.status == 503
    await after.stop()


async def test_a_leader_that_stops_answers_what_is_under_way_and_takes_no_more(led: Led, centre: Centre) -> None:
    led.gate.clear()
    asking = asyncio.create_task(centre.remote.submit(HOLD))
    await until(led.requested.wait())
    closing = asyncio.create_task(led.teller.close(WAIT))
    late = asyncio.create_task(centre.remote.submit(replace(HOLD, id="k2")))
    with pytest.raises(CallControlError, match="stopping"):
        await until(late)
    led.gate.set()
    assert await until(asking) == CALL
    await until(closing)
    assert led.commands == [HOLD]


async def reached_again(centre: Centre, leaders: Leaders) -> None:
    while not centre.remote.reached:
        await leaders.inquired()


async def test_an_asterisk_that_is_lost_is_known_to_be(led: Led, leaders: Leaders, centre: Centre) -> None:
    assert not centre.remote.lost.is_set()
    refused = [centre.remote.refuses]
    led.teller.asterisk_reached(False, ())
    await until(centre.remote.lost.wait())
    assert not centre.remote.reached
    refused.append(centre.remote.refuses)
    led.teller.asterisk_reached(True, ("rate", "late"))
    await until(reached_again(centre, leaders))
    assert [*refused, centre.remote.refuses] == [("calls",), (), ("rate", "late")]


async def test_how_many_messages_there_are_is_known_there_too(led: Led, centre: Centre) -> None:
    await until(led.counted.wait())
    assert led.messages == {"support": 2}
    led.counted.clear()
    centre.messages = {"support": 3}
    await centre.remote.tell_messages()
    await until(led.counted.wait())
    assert led.messages == {"support": 3}


async def test_stories_are_reported_and_phones_and_files_are_heard_of(led: Led, centre: Centre) -> None:
    assert await until(centre.remote.story_file(CALL.id)) == f"story of {CALL.id}"
    assert await until(centre.remote.story_file("cc-b-9")) is None
    assert led.chosen == {"1001": "page"}
    await until(led.read.wait())  # each who follows anew has the file read
    led.read.clear()
    centre.devices = {}
    await centre.remote.tell_devices()
    await centre.remote.read_anew()
    await until(led.read.wait())
    assert not led.chosen
