"""RTP of one call: PCMU and telephone-event, 20 ms, two ways (RFC 3550, 4733).

Owns the media socket of a call, what is sent on each tick, and the arrival time of each packet, taken
from the kernel, so that a busy event loop doesn't blur it. Who is heard is decided by `hearing`.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from tests.bots import keys, tones
from tests.bots.hearing import LOST_AFTER

PCMU: Final = 0
DTMF_KEYS: Final = "0123456789*#ABCD"
_SO_TIMESTAMPNS: Final = 35
_HEADER: Final = struct.Struct("!BBHII")
_EVENT: Final = struct.Struct("!BBH")
_TIMESPEC: Final = struct.Struct("@qq")
_EVENT_FRAMES: Final = 5
_EVENT_ENDS: Final = 3
_GAP_FRAMES: Final = 4
_DIGIT_MARK: Final = 0x80


def _event_frames(key: str) -> list[tuple[bytes, bool]]:
    """The packets of one digit: (payload, whether it is the first)."""
    code = DTMF_KEYS.index(key)
    steps = [_EVENT.pack(code, 10, tones.FRAME * (i + 1)) for i in range(_EVENT_FRAMES)]
    end = _EVENT.pack(code, _DIGIT_MARK | 10, tones.FRAME * (_EVENT_FRAMES + 1))
    return [(step, i == 0) for i, step in enumerate(steps)] + [(end, False)] * _EVENT_ENDS


class RtpStream:
    """One call's audio. `speaks` is the frame it sends; None sends nothing at all.

    `on_frame(at, payload)` for each received frame of 160 bytes, `on_digit(at, key)` at the first packet of
    each digit received, `on_lost()` once when no packet has come for 60 ms.
    """

    def __init__(
        self,
        host: str,
        on_frame: Callable[[float, bytes], None],
        on_digit: Callable[[float, str], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self._socket.bind((host, 0))
        self.port: int = self._socket.getsockname()[1]
        self._on_frame = on_frame
        self._on_digit = on_digit
        self._on_lost = on_lost
        self.remote: tuple[str, int] | None = None
        self.speaks: bytes | None = tones.SILENCE
        self.program: list[bytes] | None = None
        """Frames sent in a circle instead of `speaks`, e.g. a network's ringing tone."""
        self.dtmf_payload: int | None = None
        self.keys_as_tones = False
        """Keys are tones in the audio, whatever the call agreed on."""
        self.plugged = True
        """False: nothing is sent, and what comes in is thrown away."""
        self.received = 0
        self.sent = 0
        self.last_packet: float | None = None
        self._arrived = time.monotonic()
        self._program_at = 0
        self._ssrc = random.getrandbits(32)
        self._sequence = random.getrandbits(16)
        self._timestamp = random.getrandbits(32)
        self._keys: deque[list[tuple[bytes, bool]]] = deque()
        self._tones: deque[bytes] = deque()
        self._event: list[tuple[bytes, bool]] = []
        self._event_timestamp = 0
        self._gap = 0
        self._keys_sent: list[asyncio.Future[None]] = []
        self._digit_timestamp: int | None = None
        self._rest = b""
        self._marker = True
        self._lost = True
        asyncio.get_running_loop().add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Give the socket back."""
        if self._socket.fileno() >= 0:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
        for waiting in self._keys_sent:
            waiting.cancel()
        self._keys_sent.clear()

    async def send_dtmf(self, digits: str) -> None:
        """Send digits as RFC 4733 events, 180 ms each, or as tones; returns when the last has been sent.

        Raises ValueError for a key that no phone has, RuntimeError where the call agreed on no events.
        """
        wrong = set(digits.upper()) - set(DTMF_KEYS)
        if wrong:
            raise ValueError(f"no such key: {', '.join(sorted(wrong))}")
        if self.keys_as_tones:
            self._tones.extend(frame for key in digits.upper() for frame in keys.press(key))
        elif self.dtmf_payload is None:
            raise RuntimeError("this call has no telephone-event")
        else:
            self._keys.extend(_event_frames(key) for key in digits.upper())
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keys_sent.append(sent)
        await sent

    def tick(self, now: float) -> None:
        """20 ms have passed: send what is due, and notice that nothing comes in any more."""
        if self._overdue(now):
            # A busy loop reads late: what has arrived in the meantime counts.
            self._readable()
            if self._overdue(now):
                self._lost = True
                self._on_lost()
        self._timestamp = (self._timestamp + tones.FRAME) & 0xFFFFFFFF
        if self.remote is None or not self.plugged:
            return
        if self._event or (self._keys and self._gap == 0):
            self._send_event()
            return
        self._gap = max(0, self._gap - 1)
        if not self._keys and not self._tones and self._gap == 0 and self._keys_sent:
            for waiting in self._keys_sent:
                if not waiting.done():
                    waiting.set_result(None)
            self._keys_sent.clear()
        frame = self._next_frame()
        if frame is None:
            self._marker = True
            return
        self._send(PCMU, frame, self._timestamp, self._marker)
        self._marker = False

    def _overdue(self, now: float) -> bool:
        return not self._lost and self.last_packet is not None and now - self.last_packet > LOST_AFTER

    def _next_frame(self) -> bytes | None:
        if self._tones:
            return self._tones.popleft()
        if self.program is None:
            return self.speaks
        frame = self.program[self._program_at % len(self.program)]
        self._program_at += 1
        return frame

    def _send_event(self) -> None:
        if not self._event:
            self._event = self._keys.popleft()
            self._event_timestamp = self._timestamp
        payload, first = self._event.pop(0)
        if self.dtmf_payload is not None:
            self._send(self.dtmf_payload, payload, self._event_timestamp, first)
        if not self._event:
            self._gap = _GAP_FRAMES

    def _send(self, kind: int, payload: bytes, timestamp: int, marker: bool) -> None:
        if self.remote is None:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        header = _HEADER.pack(0x80, kind | (0x80 if marker else 0), self._sequence, timestamp, self._ssrc)
        try:
            self._socket.sendto(header + payload, self.remote)
        except OSError:
            # Nobody listens there any more, or the buffer is full: RTP is lossy, the next frame comes.
            return
        self.sent += 1

    def _readable(self) -> None:
        # One packet is the rule; after a stall of the loop the queue is emptied at once.
        while (received := self._receive()) is not None:
            if time.monotonic() - received < tones.FRAME_SECONDS / 2:
                return

    def _receive(self) -> float | None:
        try:
            packet, ancillary, _, _ = self._socket.recvmsg(2048, 64)
        except OSError:
            return None
        # They come in order: a step of the wall clock must become no arrival in the future or long ago.
        at = self._arrived = max(self._arrived, _arrival(ancillary))
        if self.plugged and len(packet) > _HEADER.size and packet[0] >> 6 == 2:
            self._received(at, packet)
        return at

    def _received(self, at: float, packet: bytes) -> None:
        self.received += 1
        self.last_packet = at
        self._lost = False
        first, kind, _, timestamp, _ = _HEADER.unpack_from(packet)
        payload = packet[_HEADER.size + 4 * (first & 0x0F) :]
        marker, kind = bool(kind & 0x80), kind & 0x7F
        if kind == PCMU:
            self._audio(at, payload, marker)
        elif kind == self.dtmf_payload and len(payload) >= _EVENT.size:
            code = payload[0]
            if timestamp != self._digit_timestamp and code < len(DTMF_KEYS):
                self._digit_timestamp = timestamp
                self._on_digit(at, DTMF_KEYS[code])

    def _audio(self, at: float, payload: bytes, marker: bool) -> None:
        if marker:
            # A talkspurt begins: what an announcement left of its last frame is no part of what another says.
            self._rest = b""
        if len(payload) == tones.FRAME and not self._rest:
            self._on_frame(at, payload)
            return
        data = self._rest + payload
        while len(data) >= tones.FRAME:
            self._on_frame(at, data[: tones.FRAME])
            data = data[tones.FRAME :]
        self._rest = data


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> float:
    now = time.monotonic()
    for level, kind, data in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, nanoseconds = _TIMESPEC.unpack_from(data)
            waited: float = time.time() - (seconds + nanoseconds * 1e-9)
            return now - max(0.0, waited)
    return now


class MediaClock:
    """The 20 ms clock of all streams of a lab, in four groups 5 ms apart, so that they don't burst.

    `on_stall(seconds)` when the event loop was late by 60 ms or more: a test that blocks it spoils RTP.
    """

    GROUPS: Final = 4

    def __init__(self, on_stall: Callable[[float], None]) -> None:
        self._groups: list[set[RtpStream]] = [set() for _ in range(self.GROUPS)]
        self._turn = 0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._on_stall = on_stall

    def add(self, stream: RtpStream) -> None:
        """Tick this stream from now on."""
        min(self._groups, key=len).add(stream)
        if self._timer is None:
            self._due = time.monotonic()
            self._schedule()

    def remove(self, stream: RtpStream) -> None:
        """Tick it no more; the clock rests when there is none."""
        for group in self._groups:
            group.discard(stream)
        if not any(self._groups) and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        self._due += tones.FRAME_SECONDS / self.GROUPS
        self._timer = asyncio.get_running_loop().call_at(self._due, self._tick)

    def _tick(self) -> None:
        now = time.monotonic()
        late = now - self._due
        if late > LOST_AFTER:
            self._on_stall(late)
            # Phones don't send in one burst what they missed.
            self._due = now
        group = self._groups[self._turn]
        self._turn = (self._turn + 1) % self.GROUPS
        for stream in list(group):
            stream.tick(now)
        if any(self._groups):
            self._schedule()
