"""Phones that are not ours: baresip and SIPp, each a process of its own.

What they speak is a bot's tone out of a file, and what they hear goes to a file (or back as an echo), so that audio is
proved both ways without a line of our SIP or RTP.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import socket
import wave
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np

from tests.bots import tones
from tests.e2e.containers import read_in
from tests.e2e.stack import Stack

_WITHIN = 10.0
_AUDIBLE = 500.0
TLS_PORT = 5061
CERTIFICATE = "/var/lib/asterisk/self-signed.pem"
"""Of the Asterisk under test: nobody else's word for it."""
_MODULES = "/usr/lib/baresip/modules"


def free_port(address: str, kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A port that nobody has now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def write_tone(path: Path, index: int, level: float, seconds: float = 60.0) -> None:
    """A WAV file of a bot's tone."""
    frame = np.rint(tones.wave(index, level)).astype("<i2").tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(tones.RATE)
        file.writeframes(frame * round(seconds / tones.FRAME_SECONDS))


def tones_in(files: Iterable[Path]) -> Counter[int]:
    """In how many frames of those WAV files each tone stands out. A file's header may be unfinished."""
    found: Counter[int] = Counter()
    for file in files:
        data = file.read_bytes()[44:]
        samples = np.frombuffer(data[: len(data) // 2 * 2], dtype="<i2").astype(np.float32)
        for at in range(0, len(samples) - tones.FRAME + 1, tones.FRAME):
            strengths = np.abs(tones.spectrum(samples[at : at + tones.FRAME]))
            if strengths.max() > _AUDIBLE:
                found[int(strengths.argmax())] += 1
    return found


class Baresip:
    """A running baresip that answers by itself. Commands and events go over its JSON port.

    It writes what it hears by its filter `sndfile`: its player `aufile` hangs when a call is put on hold (1.1.0).
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: Path) -> None:
        self._heard = heard
        self.events: list[str] = []
        self._reader, self._writer = reader, writer
        self._changed = asyncio.Event()
        self._following = asyncio.create_task(self._follow())

    async def command(self, name: str, params: str = "") -> None:
        """`hold`, `resume`, `hangup`, `dial`: as its keys."""
        text = json.dumps({"command": name, "params": params, "token": name}).encode()
        self._writer.write(b"%d:%b," % (len(text), text))
        await self._writer.drain()

    async def until(self, event: str, times: int = 1) -> None:
        """Wait until it has reported that event so often."""
        try:
            async with asyncio.timeout(_WITHIN):
                while self.events.count(event) < times:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"baresip tells no {event} ({times}) within {_WITHIN:g} s: {self.events}") from None

    async def _follow(self) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                length = int((await self._reader.readuntil(b":"))[:-1])
                message: dict[str, Any] = json.loads((await self._reader.readexactly(length + 1))[:-1])
                if message.get("event"):
                    self.events.append(str(message["type"]))
                    self._changed.set()

    def heard(self) -> Counter[int]:
        """In how many frames it heard each tone."""
        return tones_in(self._heard.glob("*-dec.wav"))

    async def close(self) -> None:
        """Stop following it."""
        self._following.cancel()
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


@asynccontextmanager
async def baresip(
    place: Path, stack: Stack, user: str, tone: int, level: float, *, encrypted: bool = False
) -> AsyncIterator[Baresip]:
    """A registered phone of that SIP user, speaking that tone; `encrypted`: by TLS with a checked certificate, and SRTP
    where Asterisk has it."""
    authority = await read_in(f"{stack.project}-asterisk", CERTIFICATE) if encrypted else None
    account = account_of(user, f"phone-{user}", stack.asterisk, encrypted=encrypted)
    async with begun(place, stack.bind, account, tone, level, authority) as phone:
        await reachable(stack, user)
        yield phone


def account_of(user: str, secret: str, server: tuple[str, int], *, encrypted: bool) -> str:
    """A line of its file of accounts."""
    host, port = server
    by = f"{host}:{TLS_PORT};transport=tls" if encrypted else f"{host}:{port};transport=udp"
    audio = ";mediaenc=srtp" if encrypted else ""
    who = f"<sip:{user}@{by}>;auth_user={user};auth_pass={secret}"
    return f"{who}{audio};answermode=auto;audio_codecs=PCMU/8000/1;regint=60"


@asynccontextmanager
async def begun(
    place: Path, bind: str, account: str, tone: int, level: float, authority: bytes | None = None
) -> AsyncIterator[Baresip]:
    """A phone that runs, and registers when it comes to it; servers' certificates are to be that authority's (PEM)."""
    spoken, heard = place / "spoken.wav", place / "heard"
    heard.mkdir()
    write_tone(spoken, tone, level)
    control = free_port(bind)
    settings = [
        f"sip_listen {bind}:{free_port(bind, socket.SOCK_DGRAM)}",
        f"audio_source aufile,{spoken}",
        "audio_player aubridge,nowhere",
        f"audio_alert aufile,{place / 'alert.wav'}",
        f"snd_path {heard}",
        f"net_interface {bind}",
        f"module_path {_MODULES}",
        *(f"module {name}.so" for name in ("g711", "aufile", "aubridge", "sndfile", "srtp")),
        "module_tmp account.so",
        *(f"module_app {name}.so" for name in ("menu", "ctrl_tcp")),
        f"ctrl_tcp_listen {bind}:{control}",
    ]
    (place / "config").write_text("\n".join(settings) + "\n")
    if authority is not None:
        (place / "ca.pem").write_bytes(authority)
        with (place / "config").open("a") as more:
            more.write(f"sip_cafile {place / 'ca.pem'}\nsip_verify_server yes\n")
    (place / "accounts").write_text(f"{account}\n")
    (place / "contacts").write_text("")
    log = place / "baresip.log"
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec("baresip", "-f", str(place), stdout=out, stderr=out)
    try:
        phone = Baresip(*await _connect(bind, control, log), heard)
        try:
            yield phone
        finally:
            await phone.close()
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        async with asyncio.timeout(_WITHIN):
            await process.wait()


async def reachable(stack: Stack, user: str) -> None:
    """Wait until Asterisk can reach the phone of that SIP user."""
    url, state = f"{stack.ari}/ari/endpoints/PJSIP/{user}", "?"
    try:
        async with asyncio.timeout(_WITHIN), aiohttp.ClientSession(headers=stack.ari_headers) as session:
            while state != "online":
                async with session.get(url) as response:
                    state = (await response.json())["state"]
                await _a_moment()
    except TimeoutError:
        raise AssertionError(f"the phone {user} is {state} to Asterisk") from None


async def _a_moment() -> None:
    await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=0.05)


async def _connect(address: str, port: int, log: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    try:
        async with asyncio.timeout(_WITHIN):
            while True:
                with suppress(ConnectionRefusedError):
                    return await asyncio.open_connection(address, port)
                await _a_moment()
    except TimeoutError:
        raise AssertionError(f"baresip does not start:\n{_text([log])}") from None


@asynccontextmanager
async def sipp(place: Path, stack: Stack, user: str, registers: str, is_called: str) -> AsyncIterator[None]:
    """A registered phone of that SIP user, played by two SIPp scenarios, that echoes what it hears.

    In `registers`, USER, SECRET and UNIQUE are filled in: SIPp makes its branches of its process' number, and in a
    container that is the same each time, so that Asterisk would take a second phone for a repeat of the first.
    """
    for word, value in {"USER": user, "SECRET": f"phone-{user}", "UNIQUE": secrets.token_hex(8)}.items():
        registers = registers.replace(word, value)
    (place / "registers.xml").write_text(registers)
    (place / "called.xml").write_text(is_called)
    port = free_port(stack.bind, socket.SOCK_DGRAM)
    errors = place / "errors.log"
    process = await asyncio.create_subprocess_exec(
        *("sipp", f"{stack.asterisk[0]}:{stack.asterisk[1]}", "-sf", "registers.xml", "-oocsf", "called.xml"),
        *("-i", stack.bind, "-mi", stack.bind, "-p", str(port), "-m", "1", "-rtp_echo", "-nostdin"),
        *("-trace_err", "-error_file", str(errors)),
        cwd=place,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await reachable(stack, user)
        yield
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    unexpected = _text([errors]) if errors.exists() else ""
    assert "unexpected" not in unexpected.lower(), unexpected[-4000:]


def _text(files: Iterable[Path]) -> str:
    return "".join(file.read_text(errors="replace") for file in files)
