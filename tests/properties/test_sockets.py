"""Whatever a client writes into a socket, of events or of the phone in the page: others are served, and so is the next.

`CC_EXAMPLES` connections of each sort, all to one server in memory, which must never speak of a fault of its own.
"""

import asyncio
import base64
import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from aiosipua import parse_address
from hypothesis import example, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from ari_app.api.phone_socket import speaks_for
from ari_app.api.subscriptions import MOST
from ari_app.api.websocket import LONGEST
from tests.support.rubbish import anything, deep, spoilt, texts
from tests.unit.api.fakes import HOST, World

EXAMPLES = int(os.environ.get("CC_EXAMPLES", "60"))
WITHIN = 10.0
GOOD = {"type": "subscribe", "targets": ["agent:bob"]}

type Sent = str | bytes


class Server:
    """One that lasts, and its loop."""

    def __init__(self) -> None:
        self.loop = asyncio.Runner()
        self.world = self.loop.run(World(burst=1e9).start())
        self.token = self.loop.run(self.world.token("alice"))

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.world.port}"

    async def open(self) -> aiohttp.ClientWebSocketResponse:
        headers = {"Authorization": f"Bearer {self.token}"}
        socket = await self.world.http.ws_connect(f"{self.url}/v1/events", headers=headers, max_msg_size=0)
        assert (await socket.receive_json(timeout=WITHIN))["type"] == "snapshot"
        return socket

    async def serves(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """What is wanted here is answered, after all that was answered before; or this socket was closed."""
        with suppress(ConnectionError, aiohttp.ClientConnectionError):
            await socket.send_json(GOOD)
        while (message := await socket.receive(timeout=WITHIN)).type is aiohttp.WSMsgType.TEXT:
            event = message.json()
            if event["type"] == "subscribed" and [t["target"] for t in event["targets"] or ()] == ["agent:bob"]:
                break
        else:
            assert socket.close_code in {1002, 1003, 1007, 1009}, (message, socket.close_code)
        await socket.close()

    def close(self) -> None:
        self.loop.run(self.world.stop())
        self.loop.close()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    started = Server()
    yield started
    started.close()


def without_faults(logs: Sequence[Any]) -> None:
    faults = [each for each in logs if each["log_level"] in ("error", "critical")]
    assert not faults, faults


# -- messages of events ------------------------------------------------------------------------------------------------

_SUBSCRIBE = st.one_of(
    st.just(GOOD),
    st.just({"type": "unsubscribe"}),
    st.just({"type": "subscribe", "q": "sup", "types": ["group", "agent"], "limit": 20}),
    st.builds(lambda q, limit: {"type": "subscribe", "q": q, "limit": limit}, texts, st.integers()),
    st.builds(lambda names: {"type": "subscribe", "targets": names}, st.lists(st.one_of(texts, st.just("agent:bob")))),
)
_TEXTS = st.one_of(spoilt(_SUBSCRIBE), anything).map(json.dumps)
_MESSAGES: st.SearchStrategy[Sent] = st.one_of(
    _TEXTS, _TEXTS, st.text(st.characters(codec="utf-8"), max_size=40), st.binary(max_size=40)
)


@settings(max_examples=EXAMPLES)
@given(st.lists(_MESSAGES, max_size=8))
@example([json.dumps(deep(20_000 // 2)), json.dumps(GOOD)])
@example(['{"type":' * 5_000])
@example(["x" * LONGEST, json.dumps({"type": "subscribe", "q": "é" * 101})])
@example(["x" * (LONGEST + 1)])
@example([json.dumps({"type": "subscribe", "targets": ["agent:bob"] * (MOST + 1)})] * 300)
def test_whatever_a_client_says_its_window_goes_on_or_is_closed_and_others_go_on(
    server: Server, messages: Sequence[Sent]
) -> None:
    async def talk() -> None:
        other, socket = await server.open(), await server.open()
        with suppress(ConnectionError, aiohttp.ClientConnectionError):
            for message in messages:
                await (socket.send_str(message) if isinstance(message, str) else socket.send_bytes(message))
        await server.serves(socket)
        await server.serves(other)
        assert not other.close_code or other.close_code < 1002

    with capture_logs() as logs:
        server.loop.run(talk())
    without_faults(logs)


# -- frames ------------------------------------------------------------------------------------------------------------


def _frame(first: int, second: int, length: bytes, mask: bytes, payload: bytes) -> bytes:
    return bytes((first, second)) + length + mask + payload


_FRAMES = st.one_of(
    st.builds(
        _frame,
        st.integers(0, 255),
        st.integers(0, 255),
        st.sampled_from([b"", b"\x00\x05", b"\xff\xff", b"\x00" * 8, b"\x7f" + b"\xff" * 7, b"\xff" * 8]),
        st.sampled_from([b"", b"\x00" * 4, b"abcd"]),
        st.binary(max_size=20),
    ),
    st.builds(lambda first, data: _frame(first, 0x80 | len(data), b"", b"\x00" * 4, data),
              st.sampled_from([0x81, 0x82, 0x01, 0x80, 0x88, 0x89, 0x8A, 0xC1, 0x8F]), st.binary(max_size=125)),
    st.binary(max_size=50),
)  # fmt: skip


@settings(max_examples=EXAMPLES)
@given(st.sampled_from(["/v1/events", "/phone"]), st.lists(_FRAMES, max_size=8))
@example("/v1/events", [b"\x01\x80\x00\x00\x00\x00"] + [b"\x00\x80\x00\x00\x00\x00"] * 5_000)
@example("/v1/events", [b"\x89\x80\x00\x00\x00\x00"] * 5_000)
def test_whatever_bytes_a_client_sends_others_go_on(server: Server, path: str, frames: Sequence[bytes]) -> None:
    async def talk() -> None:
        other = await server.open()
        reader, writer = await asyncio.open_connection(HOST, server.world.port)
        key = base64.b64encode(os.urandom(16)).decode()
        writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {server.token}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Protocol: sip\r\n\r\n".encode()
        )
        assert b" 101 " in await asyncio.wait_for(reader.readline(), WITHIN)
        with suppress(ConnectionError):
            writer.writelines(frames)
            await writer.drain()
        try:
            await server.serves(other)
        finally:
            writer.transport.abort()
            with suppress(ConnectionError):
                await writer.wait_closed()

    with capture_logs() as logs:
        server.loop.run(talk())
    without_faults(logs)


# -- SIP of a page -----------------------------------------------------------------------------------------------------

MINE, THEIRS = "1001-page", "1002-page"
_NAME = st.sampled_from(
    ["", '"Zoé" ', '"sip:1001-page@x" ', r'"a\" <sip:1001-page@x>;tag=q" ', '"\\\\" ', "Zoé ", "sip:1001-page@x "]
)
_ADDRESS = st.builds(
    lambda name, user, inside, after: f"{name}<sip:{user}@x{inside}>{after}",
    _NAME, st.sampled_from([MINE, THEIRS, "%31001-page", ""]), st.sampled_from(["", ";tag=a", "?From=x"]),
    st.sampled_from(["", ";tag=a", " ; TAG = a", ";x=y"]),
)  # fmt: skip
_HEADER = st.builds(
    lambda name, between, value: f"{name}{between}{value}",
    st.sampled_from(["From", "f", "FROM", "To", "t", "X-From", "Subject", "x\x00From"]),
    st.sampled_from([": ", ":", " : ", ":\r\n ", "\t:"]),
    st.one_of(_ADDRESS, st.sampled_from([f"sip:{MINE}@x", f"sip:{THEIRS}@x;tag=a", "<tel:1>"])),
)
_END = st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r", "\r\n\r\n", "\0"])
_SIP = st.builds(
    lambda first, headers: first + "\r\n" + "".join(f"{header}{end}" for header, end in headers) + "\r\n",
    st.sampled_from(
        ["INVITE sip:2000@x SIP/2.0", "REGISTER sip:x SIP/2.0", "\r\nINVITE sip:x SIP/2.0", "SIP/2.0 200 OK"]
    ),
    st.lists(st.tuples(_HEADER, _END), max_size=5),
)


def as_asterisk_reads(message: str) -> Iterator[tuple[str, bool]]:
    """Of each request in it, whose it is (the last From counts) and whether it belongs to a dialogue. Asterisk takes a
    bare CR or LF for the end of a line, and goes on after the end of a message."""
    for part in re.split(r"\r\n\r\n", message):
        head = re.sub(r"\n[ \t]+", " ", re.sub(r"\r\n|\r", "\n", part.split("\0")[0])).lstrip("\n")
        first, *lines = head.split("\n")
        fields: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.strip().lower()[:4]] = value.strip()
        sender, to = fields.get("from", fields.get("f", "")), fields.get("to", fields.get("t", ""))
        if sender and to and not first.startswith("SIP/2.0 "):
            with suppress(ValueError):
                dialogue = "tag" in {key.lower() for key in parse_address(to).params}
                yield parse_address(sender).uri.user or "", dialogue and not first.startswith("REGISTER")


@settings(max_examples=EXAMPLES * 20)
@given(_SIP)
def test_a_page_speaks_for_nobody_else_however_it_is_written(message: str) -> None:
    if speaks_for(message, MINE):
        for sender, dialogue in as_asterisk_reads(message):
            assert dialogue or sender == MINE, message
