"""Calls that another controller leads, as the call centre has them: a copy that follows, and commands that are sent.

Never a command twice: one that was sent, and whose answer did not come before the connection broke, has an unknown
outcome; one that could not be sent has not been done.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Protocol, assert_never

import aiohttp
import structlog

from ari_app.calls import effects as e
from ari_app.calls.commands import Command
from ari_app.calls.model import Call, CallId, EndReason, Leg, LegId
from ari_app.calls.state import State
from ari_app.errors import AsteriskUnavailable, Code, NotYetKnown, Unavailable
from ari_app.sharing import wire
from ari_app.sharing.key import HEADER
from ari_app.sharing.passing import TAKEN_OVER_WITHIN
from ari_app.sharing.telling import HEARTBEAT, LONGEST, NUMBER, TAKEN
from ari_app.sharing.wire import ids_of
from ari_app.store.leases import Lease

log = structlog.get_logger(__name__)

CONNECT_WITHIN = 1.0
PAUSE = 0.1
STORY_WITHIN = 5.0
PATH = "/controllers/"
"""Where a controller serves what it leads, by the Asterisk's name."""


class Leaders(Protocol):
    """Who leads that Asterisk."""

    @property
    def leader(self) -> Lease: ...
    async def inquired(self) -> None: ...


class Shown(Protocol):
    """Who shows what changes."""

    def call_changed(self, before: Call | None, call: Call) -> None: ...
    def talk_changed(self, call: Call) -> None: ...
    def hearing_changed(self, calls: list[CallId]) -> None: ...
    def call_alarm(self, effect: e.CallAlarm) -> None: ...
    def emergency_dialled(self, effect: e.EmergencyDialled) -> None: ...
    def operation_failed(self, effect: e.OperationFailed) -> None: ...


class Remote:
    """Run `run()` in a task. `number` is that of the call centre's own lease; `devices` which phones ring, now;
    `messages` how many callers have left."""

    def __init__(
        self,
        asterisk: str,
        leaders: Leaders,
        key: str,
        number: int,
        shown: Shown,
        devices: Callable[[], Mapping[str, str]],
        clock: Callable[[], float] = time.time,
        messages: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._messages = messages
        self.asterisk = asterisk
        self.ids = ids_of(asterisk)
        self.state = State(f"copy of {asterisk}")
        self.refuses: tuple[str, ...] = ()
        """Why callers from outside are refused there."""
        self.lost = asyncio.Event()
        """Set while the connection to that Asterisk is."""
        self.lost.set()
        self._knows: tuple[str, ...] = ()
        self._leaders = leaders
        self._headers = {HEADER: key, NUMBER: str(number)}
        self._shown = shown
        self._devices = devices
        self._clock = clock
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._stands = False
        self._standing = asyncio.Event()
        self._lost_at = asyncio.get_running_loop().time()
        self._taken: tuple[Lease, int] = (Lease(0), 0)
        self._commands: dict[str, asyncio.Future[Call | None]] = {}
        self._stories: dict[CallId, list[asyncio.Future[str | None]]] = {}
        self._first = asyncio.Event()

    # -- what the call centre asks ------------------------------------------------------------------------------------

    @property
    def calls(self) -> Mapping[CallId, Call]:
        """Those that are up, as far as is known."""
        return self.state.calls

    @property
    def reached(self) -> bool:
        """Whether that Asterisk is, and who leads it."""
        return self._stands and not self.lost.is_set()

    @property
    def ties(self) -> bool:
        """Whether who leads it can have calls become one with calls of another Asterisk."""
        return self.reached and "ties" in self._knows

    async def known(self) -> None:
        """Wait until its calls were reported once."""
        await self._first.wait()

    async def led(self) -> None:
        """Wait until who leads it has reported its calls; in vain for no longer than a take-over takes."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._lost_at + TAKEN_OVER_WITHIN):
                await self._standing.wait()

    async def submit(self, command: Command) -> Call | None:
        """See `api.port.Control`.

        Raises:
            AsteriskUnavailable: nobody leads that Asterisk just now; nothing was done.
            NotYetKnown: who leads it was lost before the answer.
        """
        try:
            return await self._sent(command)
        except Unavailable as error:
            if error.code is not Code.STANDBY:
                raise
        # Who led it leaves, and has not begun with it.
        with suppress(TimeoutError):
            async with asyncio.timeout(TAKEN_OVER_WITHIN):
                await self.lost.wait()
        await self.led()
        return await self._sent(command)

    async def _sent(self, command: Command) -> Call | None:
        socket = self._socket
        if socket is None or not self._stands:
            raise AsteriskUnavailable(f"nobody leads {self.asterisk} just now; try again shortly")
        answer: asyncio.Future[Call | None] = asyncio.get_running_loop().create_future()
        self._commands[command.id] = answer
        try:
            await self._send(socket, wire.request_for(command))
            return await answer
        finally:
            self._commands.pop(command.id, None)

    async def story_file(self, call: CallId) -> str | None:
        """See `api.port.Control`; None where nobody can tell."""
        socket = self._socket
        if socket is None:
            return None
        answer: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()
        self._stories.setdefault(call, []).append(answer)
        await self._send(socket, wire.TellStory(call))
        with suppress(TimeoutError):
            async with asyncio.timeout(STORY_WITHIN):
                return await answer
        return None

    async def tell_messages(self) -> None:
        """Callers have left others than before."""
        if self._socket is not None and "messages" in self._knows:
            await self._send(self._socket, wire.Messages(self._messages()))

    async def tell_devices(self) -> None:
        """Which phones ring has changed."""
        if self._socket is not None:
            await self._send(self._socket, wire.Devices(self._devices()))

    async def read_anew(self) -> None:
        """The administrator's file was read again."""
        if self._socket is not None:
            await self._send(self._socket, wire.ReadAnew())

    # -- the connection -----------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Follow whoever leads, for ever."""
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
            while True:
                lease = self._leaders.leader
                if lease.address.startswith("http"):
                    try:
                        await self._follow(session, lease)
                    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
                        log.warning("leader_not_reached", asterisk=self.asterisk, reason=repr(error))
                if not lease.replaced_by(self._leaders.leader):
                    await self._leaders.inquired()
                if not lease.replaced_by(self._leaders.leader):  # the next one is followed at once
                    await asyncio.sleep(PAUSE)

    async def _follow(self, session: aiohttp.ClientSession, lease: Lease) -> None:
        taken = self._taken[1] if self._taken[0] == lease else 0
        async with asyncio.timeout(CONNECT_WITHIN):
            socket = await session.ws_connect(
                f"{lease.address.rstrip('/')}{PATH}{self.asterisk}",
                headers={**self._headers, TAKEN: str(taken)},
                heartbeat=HEARTBEAT,
                max_msg_size=LONGEST,
                compress=0,
            )
        reading = asyncio.create_task(self._read(socket, lease))
        replaced = asyncio.create_task(self._replaced(lease))
        try:
            self._socket = socket
            await self._send(socket, wire.Devices(self._devices()))
            await self._send(socket, wire.ReadAnew())  # it may have changed while nobody could be notified of it
            await asyncio.wait({reading, replaced}, return_when=asyncio.FIRST_COMPLETED)
            if reading.done():
                reading.result()
        finally:
            if self._stands:
                self._lost_at = asyncio.get_running_loop().time()
            self._socket, self._stands = None, False
            self._standing.clear()
            self._lost()
            for task in (reading, replaced):
                task.cancel()
            await asyncio.gather(reading, replaced, return_exceptions=True)
            await socket.close()

    async def _replaced(self, lease: Lease) -> None:
        """Until another leads."""
        while not lease.replaced_by(self._leaders.leader):
            await self._leaders.inquired()

    def _lost(self) -> None:
        self.lost.set()
        for command in self._commands.values():
            if not command.done():
                command.set_exception(NotYetKnown(f"who leads {self.asterisk} was lost: look at the call"))
        for waiting in self._stories.values():
            for story in waiting:
                if not story.done():
                    story.set_result(None)
        self._stories.clear()

    async def _send(self, socket: aiohttp.ClientWebSocketResponse, message: wire.FromCentre) -> None:
        """What a connection that breaks does not take is noticed where it is read."""
        with suppress(aiohttp.ClientError, ConnectionError):
            await socket.send_str(wire.from_centre(message))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse, lease: Lease) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            received = wire.read_from_leader(message.data)
            self._received(received)
            if isinstance(received, wire.AllCalls):
                await self.tell_messages()
            if isinstance(received, wire.AllCalls | wire.CallIs):
                self._taken = (lease, received.number)
                await self._send(socket, wire.Taken(received.number))

    # -- what is reported ---------------------------------------------------------------------------------------------

    def _received(self, message: wire.FromLeader) -> None:
        match message:
            case wire.AllCalls():
                self._begin(message)
            case wire.CallIs(change=change):
                self._change(change)
            case wire.Talks(call):
                if call.id in self.state.calls:
                    self.state.keep(call)
                    self._shown.talk_changed(call)
            case wire.LegIs(leg_id, leg):
                self._leg(leg_id, leg)
            case wire.Reached(reached, refuses):
                self._asterisk_reached(reached, refuses)
            case wire.Alarmed(call, alarm):
                self._shown.call_alarm(e.CallAlarm(call, alarm))
            case wire.Emergency(agent, phone, number):
                self._shown.emergency_dialled(e.EmergencyDialled(agent, phone, number))
            case wire.Failed(call, agents, operation, failure):
                self._shown.operation_failed(e.OperationFailed(call, agents, operation, failure.error()))
            case wire.Answered():
                self._answered(message)
            case wire.StoryIs(call, text):
                for waiting in self._stories.pop(call, []):
                    if not waiting.done():
                        waiting.set_result(text)
            case _:
                assert_never(message)

    def _begin(self, reported: wire.AllCalls) -> None:
        for leg_id in self.state.legs.keys() - {leg.id for leg in reported.legs}:
            self.state.keep_leg(leg_id, None)
        for leg in reported.legs:
            self.state.keep_leg(leg.id, leg)
        listed = {change.call.id for change in reported.changes}
        now = self._clock()
        for call in [c for c in self.state.calls.values() if c.id not in listed]:
            # Its leader died when it had just ended, and nobody knows more of it.
            over = replace(call, ended=True, ended_at=now, end_reason=EndReason.LOST, ended_by="system")
            self._change(wire.Change(call, over))
        for change in reported.changes:
            self._change(change)
        self._stands, self._knows = True, reported.knows
        self._standing.set()
        self._asterisk_reached(reported.reached, reported.refuses)
        self._first.set()

    def _change(self, change: wire.Change) -> None:
        before = self.state.calls.get(change.call.id, change.before)
        self.state.keep(change.call)
        self._shown.call_changed(before, change.call)

    def _leg(self, leg_id: LegId, leg: Leg | None) -> None:
        self.state.keep_leg(leg_id, leg)
        self._shown.hearing_changed(list(self.state.calls_of_leg.get(leg_id, {})))

    def _asterisk_reached(self, reached: bool, refuses: tuple[str, ...]) -> None:
        self.refuses = refuses
        if reached:
            self.lost.clear()
        else:
            self.lost.set()

    def _answered(self, message: wire.Answered) -> None:
        waiting = self._commands.get(message.command)
        if waiting is None or waiting.done():
            return
        if message.failure is not None:
            waiting.set_exception(message.failure.error())
        else:
            waiting.set_result(message.call)
