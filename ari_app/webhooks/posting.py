"""One request to one receiver: bounded in time and size, to the address of the file alone."""

import asyncio
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from ari_app.routing.webhooks import is_closed, leads
from ari_app.webhooks.lane import AT_ONCE

WITHIN = aiohttp.ClientTimeout(total=10.0, connect=5.0)
READ = 4_096
"""Bytes of an answer that are read: what it says is nobody's concern."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 0: there was none. `error`: what was wrong, for the log. `wish`: seconds for which the receiver would
    be left alone."""

    status: int
    error: str = ""
    wish: float = 0.0


class Post(Protocol):
    """Sends to one receiver."""

    async def send(self, text: str, headers: Mapping[str, str]) -> Answer:
        """What came of it; raises nothing."""

    async def close(self) -> None:
        """End what is open."""


def may_be_reached(address: str, *, loopback: bool) -> bool:
    """Whether events may go there. Not to addresses that are this machine's or its cloud's own, unless the file names
    this machine: whoever has a name in the DNS can have it lead anywhere."""
    return loopback if leads(address).is_loopback else not is_closed(address)


class _Names(AbstractResolver):
    """Looks names up in a thread of its own: a server of names that does not answer holds up nobody else's."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "webhook-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._thread, self._look_up, host, port, family)
        if not found:
            raise OSError(None, f"{host} leads to no address that events may go to")
        return found

    @staticmethod
    def _look_up(host: str, port: int, family: socket.AddressFamily) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=str(address[0]), port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, _, proto, _, address in socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
            if may_be_reached(str(address[0]), loopback=host == "localhost")
        ]

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)


class HttpPost:
    """See `Post`: its own connections, as many as there are events at once."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=AT_ONCE, resolver=_Names(), use_dns_cache=False),
            timeout=WITHIN,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def send(self, text: str, headers: Mapping[str, str]) -> Answer:
        try:
            async with self._session.post(
                self._url, data=text.encode(), headers=headers, allow_redirects=False
            ) as response:
                await response.content.read(READ)
                return _read(response)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Answer(0, f"{type(error).__name__}: {error}"[:200])

    async def close(self) -> None:
        await self._session.close()


def _read(response: aiohttp.ClientResponse) -> Answer:
    status = response.status
    if 200 <= status < 300:
        return Answer(status)
    error = f"HTTP {status}"
    if 300 <= status < 400:
        host = urlsplit(response.headers.get("Location", "")).hostname or "elsewhere"
        error += f", which leads to {host[:100]}: redirects are not followed"
    wish = response.headers.get("Retry-After", "")
    return Answer(status, error, float(wish) if wish.isdecimal() and len(wish) < 8 else 0.0)
