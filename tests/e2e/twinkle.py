"""A phone that is not ours and that consults: twinkle, by the commands of its console. It has two lines.

There is no sound card in a container. What it hears goes to files and what it says comes out of a pipe, both by ALSA's
plugin `file`. Nothing but that pipe gives twinkle the time: a device that never waits would cost it a whole core.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import socket
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, suppress
from pathlib import Path

import numpy as np

from tests.bots import tones
from tests.e2e.foreign import free_port, reachable, tones_in
from tests.e2e.stack import Stack

_WITHIN = 10.0
_PIPE_HOLDS = 4096
"""Bytes: what is said while no call is up must not be said later."""

_SOUND = """
pcm.speaker {{ type file; slave.pcm null; file "{heard}"; format raw; truncate false }}
pcm.microphone {{ type file; slave.pcm null; file /dev/null; infile "{spoken}"; format raw }}
"""
_SYSTEM = """
dev_speaker=alsa:speaker
dev_mic=alsa:microphone
dev_ringtone=alsa:null
validate_audio_dev=no
play_ringtone=no
play_ringback=no
sip_port={sip}
rtp_port={rtp}
log_show_sip=yes
"""
_PROFILE = """
user_name={user}
user_domain={host}:{port}
auth_name={user}
auth_pass=phone-{user}
numerical_user_is_phone=no
codecs=g711u
ptime=20
speex_dsp_vad=no
speex_dsp_agc=no
speex_dsp_nrd=no
pres_publish_startup=no
allow_xfer_consult_inprog=yes
"""


class Microphone:
    """A frame of sound into a pipe every 20 ms; what nobody reads is not said."""

    def __init__(self, path: Path, frame: bytes) -> None:
        # Open for both, so that neither side waits for the other's opening.
        self._pipe = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, _PIPE_HOLDS)
        self._frame = frame
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time()
        self._timer = self._loop.call_soon(self._speak)

    def _speak(self) -> None:
        with suppress(BlockingIOError):
            os.write(self._pipe, self._frame)
        self._due += tones.FRAME_SECONDS
        self._timer = self._loop.call_at(self._due, self._speak)

    def close(self) -> None:
        """Say nothing more."""
        self._timer.cancel()
        os.close(self._pipe)


class Twinkle:
    """A running twinkle. Commands are its console's: `call 1003`, `answer`, `hold`, `transfer -c 1003`, `bye` …"""

    def __init__(self, process: Process, heard: Path) -> None:
        self.said = ""
        """All that the console has shown."""
        self._process = process
        self._heard = heard
        self._changed = asyncio.Event()
        self._following = asyncio.create_task(self._follow())

    async def command(self, text: str) -> None:
        """Type that."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        await self._process.stdin.drain()

    async def until(self, shown: str, times: int = 1) -> None:
        """Wait until the console has shown that so often."""
        try:
            async with asyncio.timeout(_WITHIN):
                while self.said.count(shown) < times:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"twinkle shows no {shown!r} ({times}) within {_WITHIN:g} s:\n{self.said}") from None

    def heard(self) -> Counter[int]:
        """In how many frames it heard each tone."""
        return tones_in(self._heard.parent.glob(f"{self._heard.name}*"))

    async def _follow(self) -> None:
        assert self._process.stdout is not None
        while text := await self._process.stdout.read(4096):
            self.said += text.decode(errors="replace")
            self._changed.set()

    async def close(self) -> None:
        """Quit, which takes its registration back."""
        with suppress(ConnectionError):
            await self.command("quit")
        try:
            async with asyncio.timeout(_WITHIN):
                await self._process.wait()
        finally:
            with suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()
            await self._following


def _free_ports() -> tuple[int, int]:
    """A port for SIP, which twinkle opens for TCP too, and the first of four for the RTP and RTCP of two lines."""
    while True:
        sip, rtp = free_port("", socket.SOCK_DGRAM), free_port("", socket.SOCK_DGRAM) & ~1
        wanted = [(socket.SOCK_STREAM, sip), *((socket.SOCK_DGRAM, port) for port in range(rtp, rtp + 4))]
        with suppress(OSError), ExitStack() as probes:
            for kind, port in wanted:
                probes.enter_context(socket.socket(socket.AF_INET, kind)).bind(("", port))
            return sip, rtp


@asynccontextmanager
async def twinkle(place: Path, stack: Stack, user: str, tone: int, level: float) -> AsyncIterator[Twinkle]:
    """A registered phone of that SIP user, speaking that tone."""
    spoken, heard = place / "spoken", place / "heard.raw"
    os.mkfifo(spoken)
    (place / ".asoundrc").write_text(_SOUND.format(heard=heard, spoken=spoken))
    (place / ".twinkle").mkdir()
    sip, rtp = _free_ports()
    (place / ".twinkle" / "twinkle.sys").write_text(_SYSTEM.format(sip=sip, rtp=rtp))
    profile = _PROFILE.format(user=user, host=stack.asterisk[0], port=stack.asterisk[1])
    (place / ".twinkle" / "agent.cfg").write_text(profile)
    microphone = Microphone(spoken, np.rint(tones.wave(tone, level)).astype("<i2").tobytes())
    try:
        process = await asyncio.create_subprocess_exec(
            *("twinkle-console", "agent.cfg"),
            cwd=place,
            env={**os.environ, "HOME": str(place)},
            stdin=PIPE,
            stdout=PIPE,
            stderr=STDOUT,
        )
        phone = Twinkle(process, heard)
        try:
            try:
                await reachable(stack, user)
            except AssertionError as unreachable:
                raise AssertionError(f"{unreachable}:\n{phone.said}") from None
            yield phone
        finally:
            await phone.close()
    finally:
        microphone.close()
