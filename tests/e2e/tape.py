"""What is in a recording: fetched from Asterisk, and listened to by the tones of the bots."""

from __future__ import annotations

import asyncio
import io
import wave
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import aiohttp
import numpy as np

from tests.bots.sound import QUIET_RMS
from tests.bots.tones import FRAME, FRAME_SECONDS, RATE, Samples, spectrum
from tests.e2e.office import Office
from tests.e2e.stack import Stack

_LOUD: Final = 0.3
_SHORTEST: Final = 15
"""Frames: what is shorter is a change from one thing to the next, or a voice whose packets came late."""


@dataclass(frozen=True)
class Tape:
    """`parts` are who speaks together, one after the other; `others`: seconds of the longest sound of nobody's."""

    seconds: float
    parts: tuple[frozenset[str], ...]
    heard: frozenset[str]
    others: float


async def ari(stack: Stack, method: str, path: str) -> tuple[int, bytes]:
    """A bare request to Asterisk."""
    async with (
        aiohttp.ClientSession(headers=stack.ari_headers) as session,
        session.request(method, f"{stack.ari}/ari/{path}") as response,
    ):
        return response.status, await response.read()


@asynccontextmanager
async def watching(stack: Stack) -> AsyncIterator[Callable[[str], Awaitable[None]]]:
    """Asterisk's own word on recordings: a wait for the next time that a file is begun or written on.

    Of all that there is to follow, only what is needed. With channels, each would be reported twice, and the second
    word of an end might come after the next beginning. And where a socket that follows devices closes as one of them
    changes, Asterisk locks up (issue 2170): no socket of ARI closes or opens any more, and SIP is refused before long.
    """
    url = f"{stack.ari}/ari/events"
    async with (
        aiohttp.ClientSession(headers=stack.ari_headers) as session,
        session.ws_connect(url, params={"app": "tape"}) as events,
    ):
        status, answer = await ari(stack, "POST", "applications/tape/subscription?eventSource=bridge:")
        assert status == 200, answer

        async def started(file: str) -> None:
            async with asyncio.timeout(5):
                while True:
                    event = await events.receive_json()
                    of = event.get("recording", {}).get("name")
                    if of == file.removesuffix(".wav") and event["type"] == "RecordingStarted":
                        return

        yield started


def stored(file: str) -> str:
    """The path of a recording in ARI, by the name of its file."""
    return quote(file.removesuffix(".wav"), safe="")


async def tape(office: Office, file: str) -> Tape:
    """Fetch a complete recording and listen to it; Asterisk then forgets it."""
    status, data = await ari(office.stack, "GET", f"recordings/stored/{stored(file)}/file")
    assert status == 200, data
    await ari(office.stack, "DELETE", f"recordings/stored/{stored(file)}")
    return listen(office, data)


def listen(office: Office, data: bytes) -> Tape:
    """What is in the file."""
    with wave.open(io.BytesIO(data)) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (RATE, 1, 2)
        samples = np.frombuffer(reader.readframes(reader.getnframes()), dtype="<i2").astype(np.float32)
        assert len(samples) == reader.getnframes(), "the header says more than there is"
    return _listen(office, samples)


def _listen(office: Office, samples: Samples) -> Tape:
    parts: list[tuple[frozenset[str], int]] = []
    heard: Counter[str] = Counter()
    strange = others = 0
    for at in range(0, len(samples) - FRAME + 1, FRAME):
        frame = samples[at : at + FRAME]
        loud = np.flatnonzero(np.abs(spectrum(frame)) > _LOUD * office.lab.studio.level)
        voices = office.lab.studio.names(frozenset(int(index) for index in loud)) & office.lab.bots.keys()
        heard.update(voices)
        strange = strange + 1 if not voices and float(frame @ frame) > FRAME * QUIET_RMS**2 else 0
        others = max(others, strange)
        if parts and parts[-1][0] == voices:
            parts[-1] = (voices, parts[-1][1] + 1)
        else:
            parts.append((voices, 1))
    lasting = [part for part, frames in parts if part and frames >= _SHORTEST]
    reported = tuple(part for i, part in enumerate(lasting) if i == 0 or part != lasting[i - 1])
    return Tape(
        seconds=len(samples) / RATE,
        parts=reported,
        heard=frozenset(name for name, frames in heard.items() if frames >= _SHORTEST),
        others=others * FRAME_SECONDS if others >= _SHORTEST else 0.0,
    )
