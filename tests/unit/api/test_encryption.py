"""The API by TLS: whoever begins a connection and does not encrypt it holds it no longer than one without a request."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from ari_app.api.connections import Connections
from ari_app.api.encryption import server_context
from ari_app.api.listening import Listener
from tests.support.certificates import make_authority, make_certificate

HOST = "127.0.79.1"
WAIT = 5.0
REQUEST = b"GET /here HTTP/1.1\r\nHost: here\r\n\r\n"


async def served(request: web.BaseRequest) -> web.Response:
    """Whatever is requested."""
    return web.Response(text=f"what is at {request.path}, for {(await request.read()).decode()}")


class Door:
    """Where it listens, who was refused, and how it is known."""

    def __init__(self, port: int, refused: list[str], authority: Path) -> None:
        self.port = port
        self.refused = refused
        self.known = ssl.create_default_context(cafile=authority)

    @asynccontextmanager
    async def connection(self, sent: bytes = b"") -> AsyncIterator[asyncio.StreamReader]:
        """One that is not encrypted, on which no more than this is sent."""
        reader, writer = await asyncio.open_connection(HOST, self.port, local_addr=("127.0.78.5", 0))
        writer.write(sent)
        try:
            yield reader
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """Three connections for each address, and little time."""
    known = await make_authority(tmp_path)
    certificate, key = await make_certificate(tmp_path, HOST)
    refused: list[str] = []
    listener = Listener(served, Connections(refused.append, 3, 0.3))
    port = await listener.start(HOST, 0, server_context(certificate, key))
    yield Door(port, refused, known)
    await listener.stop()


async def test_requests_are_answered_also_what_comes_with_the_end_of_the_handshake(door: Door) -> None:
    for _ in range(20):
        async with asyncio.timeout(WAIT):
            reader, writer = await asyncio.open_connection(HOST, door.port, ssl=door.known)
            writer.write(REQUEST)
            assert (await reader.readuntil(b"for ")).startswith(b"HTTP/1.1 200")
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"https://{HOST}:{door.port}/there", data="x" * 100_000, ssl=door.known) as answer,
    ):
        assert (await answer.text()).startswith("what is at /there, for xxx")
    assert door.refused == []


@pytest.mark.parametrize("sent", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "half a handshake"])
async def test_a_connection_that_is_not_encrypted_in_time_is_closed(door: Door, sent: bytes) -> None:
    async with door.connection(sent) as reader, asyncio.timeout(WAIT):
        with suppress(ConnectionError):
            assert await reader.read() == b""
    assert door.refused == ["unfinished"]


async def test_what_is_no_tls_is_not_answered_in_clear(door: Door) -> None:
    async with door.connection(REQUEST) as reader, asyncio.timeout(WAIT):
        with suppress(ConnectionError):
            assert b"HTTP" not in await reader.read()
    assert door.refused == []


async def test_connections_that_are_not_encrypted_count_for_their_address_and_no_longer_than_they_are_there(
    door: Door,
) -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        held = [await stack.enter_async_context(door.connection()) for _ in range(3)]
        async with door.connection() as one_more:
            with suppress(ConnectionError):
                assert await one_more.read() == b""
        assert door.refused == ["connections"]
        for reader in held:
            with suppress(ConnectionError):
                await reader.read()
        async with door.connection() as later:
            with suppress(ConnectionError):
                await later.read()
    assert door.refused == ["connections", *["unfinished"] * 4]
