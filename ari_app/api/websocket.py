"""Sends an agent's events to one window: a snapshot or the events missed, then each event as it comes.

Ends when the client goes, does not keep up (4008), its token ends (4001) or the server stops (1001).
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

from aiohttp import ClientConnectionError, WSMsgType, web
from pydantic_core import to_json

from ari_app.api.authentication import Authentication, Session
from ari_app.api.documents import me
from ari_app.api.events import SESSION_ENDED, EventHub, Opened
from ari_app.api.models import EventsQuery
from ari_app.api.port import Agents, Control, Store
from ari_app.api.problems import UPGRADE_REQUIRED, HttpError
from ari_app.api.routes import Exchange
from ari_app.calls.views import timestamp
from ari_app.errors import Code, Refused

# Seconds between pings; a client that does not answer within half of it is gone.
HEARTBEAT = 30.0
# Seconds that a client has for answering our close.
GOODBYE = 2.0


class EventsApi:
    """`GET /v1/events`."""

    def __init__(
        self,
        hub: EventHub,
        authentication: Authentication,
        control: Control,
        agents: Agents,
        store: Store,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._hub = hub
        self._authentication = authentication
        self._control = control
        self._agents = agents
        self._store = store
        self._clock = clock

    async def serve(self, exchange: Exchange) -> web.StreamResponse:
        """Send until it ends; the token comes as bearer or in the query, for browsers can't send headers here."""
        session = await self._session(exchange)
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, timeout=GOODBYE, max_msg_size=4096, compress=False)
        if not socket.can_prepare(exchange.http).ok:
            detail = "this is a WebSocket; ask for an upgrade"
            raise HttpError(UPGRADE_REQUIRED, Code.INVALID, detail, headers={"Upgrade": "websocket"})
        await socket.prepare(exchange.http)
        opened = self._hub.open(session.agent, session.digest, exchange.query.since)
        ends = asyncio.get_running_loop().call_later(
            max(0.0, session.expires_at - self._clock()), opened.window.close, SESSION_ENDED, "the token has expired"
        )
        try:
            await self._run(socket, opened, session)
        finally:
            ends.cancel()
            self._hub.closed(opened.window)
        code, reason = opened.window.closed or (1000, "")
        await socket.close(code=code, message=reason.encode(), drain=False)
        return socket

    async def _session(self, exchange: Exchange) -> Session:
        if exchange.who is not None:
            return exchange.who
        query: EventsQuery = exchange.query
        if query.token is None:
            raise Refused(Code.UNAUTHENTICATED, "log in, and send the token as bearer or as ?token=")
        return await self._authentication.session(query.token)

    async def _run(self, socket: web.WebSocketResponse, opened: Opened, session: Session) -> None:
        """Until the first of: the client is gone, the window is closed."""
        tasks = [
            asyncio.create_task(self._send(socket, opened, session)),
            asyncio.create_task(_listen(socket)),
            asyncio.create_task(opened.window.wait_closed()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _send(self, socket: web.WebSocketResponse, opened: Opened, session: Session) -> None:
        with suppress(ClientConnectionError):  # it went while we were writing
            if opened.calls is not None:
                await socket.send_str(await self._snapshot(opened, session))
            while (event := await opened.window.next()) is not None:
                await socket.send_str(event.text())

    async def _snapshot(self, opened: Opened, session: Session) -> str:
        """Calls are as of `seq`; the agent's own state is as of now, which his next event tells again."""
        directory = self._control.directory()
        myself = await me(session.agent, self._agents.record(session.agent.id), directory, self._store)
        snapshot = {
            "type": "snapshot",
            "seq": opened.seq,
            "at": timestamp(self._clock()),
            "me": myself,
            "calls": opened.calls,
        }
        return to_json(snapshot).decode()


async def _listen(socket: web.WebSocketResponse) -> None:
    """Read what the client sends, which means nothing, until it closes; aiohttp answers pings meanwhile."""
    while True:
        message = await socket.receive()
        if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
            return
