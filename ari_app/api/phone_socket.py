"""The phone in the page: its WebSocket, led on to Asterisk's, for as long as the session lasts.

Asterisk's own HTTP server is for the controller alone; browsers reach it through here, and only for SIP. One page of an
agent has the phone: whoever opens a socket takes it over. What is carried is not understood, but for one thing: a page
speaks for its own agent only (`speaks_for`).
"""

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from aiohttp import ClientConnectionError, ClientWebSocketResponse, WSMsgType, web

from ari_app.api.authentication import Session
from ari_app.api.models.sockets import SocketQuery
from ari_app.api.phone_api import PATH, PageSecrets, name_of, phone_of
from ari_app.api.port import Control, Phones
from ari_app.api.problems import UPGRADE_REQUIRED, HttpError
from ari_app.api.routes import Access, Exchange, Route
from ari_app.api.tickets import Tickets
from ari_app.api.windows import GOING_AWAY, SESSION_ENDED
from ari_app.errors import AsteriskUnavailable, Code

log = structlog.get_logger(__name__)

TAKEN_OVER = 4009
NOT_YOURS = 1008
TRY_AGAIN = 1013
SUBPROTOCOL = "sip"
LONGEST = 64 * 1024
"""Bytes of one SIP message."""
HEARTBEAT = 15.0
GOODBYE = 2.0

DESCRIPTION = f"""SIP over a WebSocket (RFC 7118, subprotocol `{SUBPROTOCOL}`) for the phone in the page: account and
secret are in `GET /v1/me/phone`. One page of an agent has it: whoever opens it takes it over.

Close codes: 4001 the session has ended; {TAKEN_OVER} another page has taken the phone over; {TRY_AGAIN} Asterisk is
away: try again, with a new ticket; {NOT_YOURS} a request for another account; 1009 a message longer than {LONGEST}
bytes; 1001 the server stops."""

_NAMES = re.compile(r"^(from|f|to|t)[ \t]*:", re.IGNORECASE | re.MULTILINE)
# A name and an address in brackets, or an address without, after which there are none.
_FROM = re.compile(
    r'^(?:from|f)[ \t]*:[ \t]*(?:(?:"(?:[^"\\\n]|\\[^\n])*"|[^"<:\n]*)[ \t]*<sips?:([^@;>\s]+)@'
    r"|sips?:([^@;>\s]+)@[^<\n]*$)",
    re.IGNORECASE | re.MULTILINE,
)
_TO = re.compile(r"^(?:to|t)[ \t]*:(.*)", re.IGNORECASE | re.MULTILINE)
# No dialogue has one, whatever it says.
_REGISTER = re.compile(r"\s*REGISTER\b")
# What may say `;tag=` in a header and is no parameter of it.
_NAME_OR_ADDRESS = re.compile(r'"(?:[^"\\\n]|\\[^\n])*"|<[^>\n]*>')
_TAG = re.compile(r";[ \t]*tag[ \t]*=", re.IGNORECASE)
_LENGTH = re.compile(r"^(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,6})[ \t]*$", re.IGNORECASE | re.MULTILINE)
# Asterisk takes each of these for the end of a line; we shall not see fewer lines than it does.
_BARE = re.compile(r"\r(?!\n)|(?<!\r)\n|\0")


def speaks_for(message: str, account: str) -> bool:
    """Whether a page with this account may send this: answers, what belongs to a dialogue, and requests of its own.

    Stricter than SIP: what Asterisk could read in another way than we do is refused.
    """
    if not message.strip():
        return True
    head, _, body = message.partition("\r\n\r\n")
    if _BARE.search(head) or not _is_one(head, body):
        return False
    if message.startswith("SIP/2.0 "):
        return True
    head = re.sub(r"\n[ \t]+", " ", head.replace("\r\n", "\n"))
    names = sorted(name.lower()[0] for name in _NAMES.findall(head))
    if names != ["f", "t"]:
        return False
    if _in_dialogue(head):
        return True
    sender = _FROM.search(head)
    return sender is not None and account in sender.groups()


def _is_one(head: str, body: str) -> bool:
    """Whether no other message follows this one: Asterisk would read that too."""
    lengths = _LENGTH.findall(head.replace("\r\n", "\n"))
    return len(lengths) <= 1 and len(body.encode()) <= int(lengths[0] if lengths else 0)


def _in_dialogue(head: str) -> bool:
    to = _TO.search(head)
    tagged = to is not None and _TAG.search(_NAME_OR_ADDRESS.sub("", to[1])) is not None
    return tagged and _REGISTER.match(head) is None


@dataclass(slots=True, eq=False)
class _Held:
    """A page that has its agent's phone. `ended` says why, once it must be closed."""

    session: Session
    ended: "asyncio.Future[tuple[int, str]]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def end(self, code: int, reason: str) -> None:
        if not self.ended.done():
            self.ended.set_result((code, reason))


class PhoneSockets:
    """`GET /phone`. `tell(agent)` is called when another page has that agent's phone, or none any more."""

    def __init__(
        self,
        control: Control,
        phones: Phones,
        secrets: PageSecrets,
        tickets: Tickets,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._control = control
        self._phones = phones
        self._secrets = secrets
        self._tickets = tickets
        self._tell = tell
        self._clock = clock
        self._held: dict[str, _Held] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def holder(self, agent: str) -> str | None:
        """The session whose page has this agent's phone."""
        held = self._held.get(agent)
        return name_of(held.session.digest) if held is not None else None

    async def serve(self, exchange: Exchange) -> web.StreamResponse:
        """Carry SIP until either end, or the session, is over."""
        session = await self._tickets.session(exchange)
        phone = phone_of(session, self._control)
        socket = web.WebSocketResponse(
            protocols=(SUBPROTOCOL,), heartbeat=HEARTBEAT, timeout=GOODBYE, max_msg_size=LONGEST, compress=False
        )
        ready = socket.can_prepare(exchange.http)
        if not ready.ok or ready.protocol != SUBPROTOCOL:
            detail = f"this is a WebSocket with the subprotocol {SUBPROTOCOL}; ask for an upgrade"
            raise HttpError(UPGRADE_REQUIRED, Code.INVALID, detail, headers={"Upgrade": "websocket"})
        held = _Held(session)
        async with self._locks[session.agent.id]:
            asterisk = await self._phones.connect(phone, self._secrets.password(session))
            self._take_over(session.agent.id, held)
        try:
            await socket.prepare(exchange.http)
            code, reason = await self._carry(socket, asterisk, held, self._phones.account(phone))
        finally:
            self._phones.closed(phone)
            await asterisk.close()
            await self._let_go(session.agent.id, phone, held)
        await socket.close(code=code, message=reason.encode(), drain=False)
        return socket

    def _take_over(self, agent: str, held: _Held) -> None:
        before = self._held.get(agent)
        self._held[agent] = held
        if before is not None:
            before.end(TAKEN_OVER, "another page has taken the phone over")
        log.info("page_phone_opened", agent=agent, taken_over=before is not None)
        self._tell(agent)

    async def _let_go(self, agent: str, phone: str, held: _Held) -> None:
        async with self._locks[agent]:
            if self._held.get(agent) is not held:
                return
            del self._held[agent]
            with suppress(AsteriskUnavailable):
                await self._phones.forget(phone)
        log.info("page_phone_closed", agent=agent)
        self._tell(agent)

    async def _carry(
        self, socket: web.WebSocketResponse, asterisk: ClientWebSocketResponse, held: _Held, account: str
    ) -> tuple[int, str]:
        """Why it ended: a close code and a reason."""
        seconds = max(0.0, held.session.expires_at - self._clock())
        loop = asyncio.get_running_loop()
        expiry = loop.call_later(seconds, held.end, SESSION_ENDED, "the token has expired")
        up = loop.create_task(_up(socket, asterisk, account))
        down = loop.create_task(_down(asterisk, socket))
        try:
            done, _ = await asyncio.wait({up, down, held.ended}, return_when=asyncio.FIRST_COMPLETED)
            return next(iter(done)).result()
        finally:
            expiry.cancel()
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)

    def sessions(self) -> Collection[str]:
        """The sessions whose page has a phone, each by the digest of its token."""
        return {held.session.digest for held in self._held.values()}

    def end_session(self, digest: str) -> None:
        """The session has ended: its phone in the page too."""
        for held in list(self._held.values()):
            if held.session.digest == digest:
                held.end(SESSION_ENDED, "logged out")

    def directory_changed(self) -> None:
        """The configuration was read again: whoever is gone, or has another phone, has none in the page."""
        directory = self._control.directory()
        for held in list(self._held.values()):
            now = directory.agents.get(held.session.agent.id)
            if now is None or now.phone != held.session.agent.phone or not directory.settings.page_phone.enabled:
                held.end(SESSION_ENDED, "configuration changed")

    def close_all(self) -> None:
        """The server stops."""
        for held in list(self._held.values()):
            held.end(GOING_AWAY, "the server stops")

    def route(self) -> Route:
        """The one operation of this class."""
        return Route(
            "GET", PATH, "phone", "A WebSocket: SIP for the phone in the page", "agent", self.serve, status=101,
            query=SocketQuery, access=Access.OWN,
            codes=(Code.FEATURE_DISABLED, Code.NOT_ALLOWED_NOW, Code.ASTERISK_UNAVAILABLE),
            statuses={426: "this is a WebSocket with the subprotocol sip; ask for an upgrade"}, description=DESCRIPTION,
        )  # fmt: skip


async def _up(socket: web.WebSocketResponse, asterisk: ClientWebSocketResponse, account: str) -> tuple[int, str]:
    """From the page to Asterisk. One message waits at a time: who sends faster than Asterisk takes is slowed down."""
    while True:
        message = await socket.receive()
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return 1000, ""
        text = message.data if message.type is WSMsgType.TEXT else message.data.decode(errors="replace")
        if not speaks_for(text, account):
            return NOT_YOURS, "a request for another account"
        try:
            await asterisk.send_str(text)
        except (ClientConnectionError, ConnectionResetError):
            return TRY_AGAIN, "Asterisk is away"


async def _down(asterisk: ClientWebSocketResponse, socket: web.WebSocketResponse) -> tuple[int, str]:
    """From Asterisk to the page."""
    while True:
        message = await asterisk.receive()
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return TRY_AGAIN, "Asterisk is away"
        text = message.data if message.type is WSMsgType.TEXT else message.data.decode(errors="replace")
        try:
            await socket.send_str(text)
        except (ClientConnectionError, ConnectionResetError):
            return 1000, ""
