"""What of the packets of an RTP stream reaches the ear, in frames of 20 ms."""

import asyncio
import socket
import struct
import time
from collections.abc import AsyncIterator
from types import SimpleNamespace

import pytest

from tests.bots.rtp import RtpStream
from tests.bots.tones import FRAME

MARKER = 0x80
ANNOUNCED, SAID = b"\x10", b"\x20"


class Listening:
    """A stream, and what it has handed on."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self.arrivals: list[float] = []
        self._handed_on = asyncio.Event()
        self.stream = RtpStream("127.0.0.1", self._frame, lambda at, key: None, lambda: None)
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def _frame(self, at: float, payload: bytes) -> None:
        self.frames.append(payload)
        self.arrivals.append(at)
        self._handed_on.set()

    def sends(self, number: int, payload: bytes, marker: int = 0) -> None:
        """One packet of PCMU."""
        header = struct.pack("!BBHII", 0x80, marker, number, number * FRAME, 1)
        self._sender.sendto(header + payload, ("127.0.0.1", self.stream.port))

    async def until(self, frames: int) -> None:
        """That many frames were handed on."""
        async with asyncio.timeout(2):
            while len(self.frames) < frames:
                self._handed_on.clear()
                await self._handed_on.wait()

    def close(self) -> None:
        """Give the sockets back."""
        self.stream.close()
        self._sender.close()


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    listening = Listening()
    yield listening
    listening.close()


async def test_packets_of_any_length_are_cut_into_frames(listening: Listening) -> None:
    listening.sends(1, ANNOUNCED * 240)
    listening.sends(2, ANNOUNCED * 240)
    await listening.until(3)
    assert listening.frames == [ANNOUNCED * FRAME] * 3


async def test_the_last_samples_of_an_announcement_are_no_part_of_the_first_frame_after_it(
    listening: Listening,
) -> None:
    listening.sends(1, ANNOUNCED * FRAME)
    listening.sends(2, ANNOUNCED * 138)
    listening.sends(3, SAID * FRAME, MARKER)
    listening.sends(4, SAID * FRAME)
    await listening.until(3)
    assert listening.frames == [ANNOUNCED * FRAME, SAID * FRAME, SAID * FRAME]


def _passes(monkeypatch: pytest.MonkeyPatch, seconds: float, *, wall: float) -> None:
    """So much time has passed; by the clock on the wall, which somebody may have set, `wall`."""
    clock, on_the_wall = time.monotonic, time.time
    later = SimpleNamespace(monotonic=lambda: clock() + seconds, time=lambda: on_the_wall() + wall)
    monkeypatch.setattr("tests.bots.rtp.time", later)


async def test_a_packet_is_stamped_when_it_came_however_long_the_loop_stood_still(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what is heard before and after such a while would be silence that nobody has heard."""
    listening.sends(1, SAID * FRAME)
    came = time.monotonic()
    _passes(monkeypatch, 3.0, wall=3.0)
    await listening.until(1)
    assert listening.arrivals[0] <= came


@pytest.mark.parametrize("wall", [-3600.0, 3600.0])
async def test_a_clock_that_is_set_stamps_no_packet_before_the_one_before_nor_in_the_future(
    listening: Listening, monkeypatch: pytest.MonkeyPatch, wall: float
) -> None:
    listening.sends(1, SAID * FRAME)
    await listening.until(1)
    _passes(monkeypatch, 0.0, wall=wall)
    listening.sends(2, SAID * FRAME)
    await listening.until(2)
    assert listening.arrivals[0] <= listening.arrivals[1] <= time.monotonic()
