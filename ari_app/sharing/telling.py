"""The leader of an Asterisk that is not the first: it has the calls, and the call centre follows and commands them.

One call centre at a time: one with a higher number takes the place of one before, which is followed no more.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Coroutine, Mapping
from contextlib import suppress
from typing import Protocol, assert_never

import structlog
from aiohttp import ClientConnectionError, WSMsgType, web

from ari_app.calls import effects as e
from ari_app.calls.commands import Command
from ari_app.calls.model import Call, CallId, Leg, LegId
from ari_app.errors import CallControlError, Code, OutcomeUnknown, Unavailable
from ari_app.sharing import wire
from ari_app.sharing.untaken import Untaken

log = structlog.get_logger(__name__)

NUMBER, TAKEN = "X-Centre-Number", "X-Taken"
"""Headers of whoever connects: the number of its lease, and up to where it has taken in what this leader reported."""
HEARTBEAT = 2.0
LONGEST = 64 * 1024 * 1024
"""Bytes of a message: all calls at once."""
BACKLOG = 20_000
"""Messages that wait for a call centre; beyond that it begins anew."""


NEWS = 200
"""Of what people are notified of, so much is kept while no call centre follows; of more the oldest goes."""


class Led(Protocol):
    """What there is to tell, and to command."""

    def calls(self) -> Mapping[CallId, Call]:
        """Those that are up."""

    def legs(self) -> Mapping[LegId, Leg]: ...
    def reached(self) -> bool:
        """Whether Asterisk is."""

    def refuses(self) -> tuple[str, ...]:
        """Why callers from outside are refused there."""

    async def submit(self, command: Command) -> Call | None:
        """See `api.port.Control`."""

    def story_file(self, call: CallId) -> str | None:
        """See `engine.storyfile`."""

    def choose(self, devices: Mapping[str, str]) -> None:
        """These phones ring, as `ari.devices.Devices.chosen` has them."""

    def count_messages(self, counts: Mapping[str, int]) -> None:
        """There are so many messages of callers, and no more: see `calls.stimuli.MessagesCounted`."""

    async def read_anew(self) -> None:
        """The administrator's file has changed."""


class Teller:
    """`Followers` of the leader. `begun` once its calls are restored: before that nobody is reported anything."""

    def __init__(self, led: Led) -> None:
        self._led = led
        self._untaken = Untaken()
        self._restored = asyncio.Event()
        self._number = 0
        self._messages: asyncio.Queue[str] | None = None
        self._news: deque[wire.FromLeader] = deque(maxlen=NEWS)
        self._socket: web.WebSocketResponse | None = None
        self._working: set[asyncio.Task[None]] = set()
        self._closing = False

    def begun(self) -> None:
        """The calls of an earlier leader are here."""
        self._restored.set()

    async def close(self, within: float) -> None:
        """Take no more commands, answer those under way, and let the call centre find the next leader."""
        self._closing = True
        if self._working:
            await asyncio.wait(self._working, timeout=within)
        for work in self._working:
            work.cancel()
        socket, messages = self._socket, self._messages
        if messages is not None and socket is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(within):
                    await messages.join()
                    await socket.close()

    async def serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Tell, and do what is commanded, until the call centre is gone or another takes its place.

        Raises:
            Unavailable: a newer call centre is served already.
        """
        number = int(request.headers.get(NUMBER, "0"))
        if number < self._number or self._closing:
            raise Unavailable(Code.STANDBY, "another controller serves the call centre")
        self._number = number
        await self._restored.wait()
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, max_msg_size=LONGEST, compress=False)
        await socket.prepare(request)
        if self._socket is not None:
            self._start(_closed(self._socket))  # one that is frozen does not take its end
        messages: asyncio.Queue[str] = asyncio.Queue()
        self._socket, self._messages = socket, messages
        self._untaken.taken(int(request.headers.get(TAKEN, "0")))
        legs = tuple(self._led.legs().values())
        everything = self._untaken.all(self._led.calls().values())
        now = (self._led.reached(), self._led.refuses(), wire.KNOWN)
        self._tell(wire.AllCalls(self._untaken.number, everything, legs, *now))
        while self._news:
            self._tell(self._news.popleft())
        log.info("call_centre_follows", number=number, calls=len(everything))
        writing = asyncio.create_task(self._write(socket, messages))
        try:
            await self._read(socket)
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)
            if self._socket is socket:
                self._socket = self._messages = None
        return socket

    def _tell(self, message: wire.FromLeader) -> None:
        messages = self._messages
        if messages is None:
            if isinstance(message, wire.Alarmed | wire.Emergency | wire.Failed):
                self._news.append(message)
            return
        messages.put_nowait(wire.from_leader(message))
        if messages.qsize() > BACKLOG and self._socket is not None:
            self._messages = None
            self._start(_closed(self._socket))

    async def _write(self, socket: web.WebSocketResponse, messages: asyncio.Queue[str]) -> None:
        with suppress(ClientConnectionError):
            while True:
                await socket.send_str(await messages.get())
                messages.task_done()

    async def _read(self, socket: web.WebSocketResponse) -> None:
        async for message in socket:
            if message.type is not WSMsgType.TEXT or socket is not self._socket:
                return
            try:
                self._received(wire.read_from_centre(message.data))
            except ValueError:
                log.exception("message_not_understood")
                return

    def _received(self, message: wire.FromCentre) -> None:
        match message:
            case wire.Do():
                self._start(self._do(wire.command_of(message)))
            case wire.Taken(number):
                self._untaken.taken(number)
            case wire.TellStory(call):
                self._tell(wire.StoryIs(call, self._led.story_file(call)))
            case wire.Devices(chosen):
                self._led.choose(chosen)
            case wire.Messages(counts):
                self._led.count_messages(counts)
            case wire.ReadAnew():
                self._start(_quietly(self._led.read_anew()))
            case _:
                assert_never(message)

    async def _do(self, command: Command) -> None:
        try:
            if self._closing:
                raise Unavailable(Code.STANDBY, "this controller is stopping; try again shortly")
            answer = wire.Answered(command.id, await self._led.submit(command))
        except CallControlError as error:
            answer = wire.Answered(command.id, failure=wire.Failure.of(error))
        except Exception:
            self._tell(wire.Answered(command.id, failure=wire.Failure.of(OutcomeUnknown())))
            raise
        self._tell(answer)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    # -- `Followers` --------------------------------------------------------------------------------------------------

    def call_changed(self, before: Call | None, call: Call) -> None:
        self._tell(self._untaken.changed(before, call))

    def talk_changed(self, call: Call) -> None:
        self._tell(wire.Talks(call))

    def leg_changed(self, leg_id: LegId, leg: Leg | None) -> None:
        self._tell(wire.LegIs(leg_id, leg))

    def call_alarm(self, effect: e.CallAlarm) -> None:
        self._tell(wire.Alarmed(effect.call, effect.alarm))

    def emergency_dialled(self, effect: e.EmergencyDialled) -> None:
        self._tell(wire.Emergency(effect.agent, effect.phone, effect.number))

    def operation_failed(self, effect: e.OperationFailed) -> None:
        failure = wire.Failure.of(effect.error)
        self._tell(wire.Failed(effect.call, effect.agents, effect.operation, failure))

    def asterisk_reached(self, reached: bool, refuses: tuple[str, ...]) -> None:
        self._tell(wire.Reached(reached, refuses))

    def device_changed(self, user: str) -> None:
        """Phones are shown by the call centre, which has its own news of them."""


async def _closed(socket: web.WebSocketResponse) -> None:
    await socket.close()


async def _quietly(work: Awaitable[None]) -> None:
    try:
        await work
    except CallControlError as error:
        log.warning("not_read_anew", reason=error.detail)
