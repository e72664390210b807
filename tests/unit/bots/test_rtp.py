"""What of the packets of an RTP stream reaches the ear, in frames of 20 ms."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator

import pytest

from tests.bots.rtp import RtpStream
from tests.bots.tones import FRAME

MARKER = 0x80
ANNOUNCED, SAID = b"\x10", b"\x20"


class Listening:
    """A stream, and what it has handed on."""

    def __init__(self) -> None:
        self.frames: list[bytes] = []
        self._handed_on = asyncio.Event()
        self.stream = RtpStream("127.0.0.1", self._frame, lambda at, key: None, lambda: None)
        self._sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def _frame(self, at: float, payload: bytes) -> None:
        self.frames.append(payload)
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
