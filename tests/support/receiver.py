"""A receiver of webhooks on the loopback, as somebody may have written it: it checks the signature, and may be slow,
away, or answer anything."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOST = "127.0.79.2"


@dataclass
class Posted:
    """A request that was signed as it must be."""

    id: str
    event: Any
    headers: dict[str, str]


@dataclass
class Receiver:
    """`answer(event)` is the status of each; `hold`, while it is set to wait, holds every answer back."""

    host: str = HOST
    port: int = 0
    answer: Callable[[Any], int] = lambda event: 204
    headers: dict[str, str] = field(default_factory=dict)
    got: list[Posted] = field(default_factory=list)
    """All that was sent, also what was not taken."""
    taken: list[Any] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> "Receiver":
        """Listen; on the same port as before."""
        self.open.set()
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, self.port).start()
        self.port = int(self._runner.addresses[0][1])
        return self

    async def stop(self) -> None:
        """As one that died: nothing listens any more."""
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.port}/hook"

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.text()
        headers = {name.lower(): value for name, value in request.headers.items()}
        event = Webhook(SECRET).verify(body, headers)
        self.got.append(Posted(headers["webhook-id"], json.loads(body), headers))
        await self.open.wait()
        status = self.answer(event)
        if 200 <= status < 300:
            self.taken.append(event)
        return web.Response(status=status, headers=self.headers)
