"""A phone in the page, as far as SIP goes: registers through the API's own port, rings, declines. Without media: what a
browser hears is tested in a browser.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

import aiohttp
from aiosipua import SipDigestAuth, SipMessage, SipRequest, SipResponse, generate_branch, generate_call_id, generate_tag
from aiosipua.auth import answer_challenge

from tests.e2e.office import Agent, Office

WITHIN = 5.0
HOST = "page.invalid"
ANSWER = f"""v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE {{mid}}
m=audio 9 UDP/TLS/RTP/SAVPF {{payload}}
c=IN IP4 127.0.0.1
a=mid:{{mid}}
a=rtpmap:{{codec}}
a=ice-ufrag:page
a=ice-pwd:nobodyconnectstothisone
a=fingerprint:sha-256 {":".join(["AB"] * 32)}
a=setup:active
a=rtcp-mux
a=sendrecv
"""


class PagePhone:
    """One agent's. `rung` are the INVITEs that came; `closed` the close code, once there is one."""

    def __init__(self, office: Office, agent: Agent, phone: dict[str, Any]) -> None:
        self.agent = agent
        self.used = ""
        self._api = office.stack.api
        self._session = aiohttp.ClientSession()
        self.phone = phone
        self.rung: list[SipRequest] = []
        self.closed: int | None = None
        self._answers: asyncio.Queue[SipResponse] = asyncio.Queue()
        self._call_id = generate_call_id(HOST)
        self._seq = 0
        self._socket: aiohttp.ClientWebSocketResponse
        self._reader: asyncio.Task[None]

    @classmethod
    @asynccontextmanager
    async def open(cls, office: Office, agent: Agent) -> AsyncIterator[Self]:
        """Ask for what it takes, and open the socket with a ticket; in the end close it, as a tab that is closed."""
        page = cls(office, agent, await agent.command("GET", "/v1/me/phone"))
        page.used = await page.ticket()
        page._socket = await page.connect(page.used)
        page._reader = asyncio.create_task(page._read())
        try:
            yield page
        finally:
            await page.close()

    async def ticket(self) -> str:
        """A new one."""
        return str((await self.agent.command("POST", "/v1/events/ticket"))["ticket"])

    async def connect(self, ticket: str, origin: str | None = None) -> aiohttp.ClientWebSocketResponse:
        """A socket. Raises aiohttp.WSServerHandshakeError."""
        url = f"{self._api}{self.phone['path']}?ticket={ticket}"
        return await self._session.ws_connect(url, protocols=("sip",), origin=origin)

    async def register(self) -> int:
        """Register with the secret of the session; the last status."""
        response = await self._ask(self._register())
        if response.status_code != 401:
            return response.status_code
        request = self._register()
        auth = SipDigestAuth(self.phone["user"], self.phone["password"])
        header = answer_challenge(auth, response, 401, "REGISTER", request.uri)
        assert header is not None
        request.set_header(*header)
        return (await self._ask(request)).status_code

    async def rings(self) -> SipRequest:
        """Wait for the INVITE that has not been waited for yet."""
        already = len(self.rung)
        await self.agent.phone.until(lambda: len(self.rung) > already, "rings in the page", within=WITHIN)
        return self.rung[-1]

    async def is_closed(self) -> int | None:
        """Wait until the other side has closed it; the code."""
        async with asyncio.timeout(WITHIN):
            await self._reader
        return self.closed

    async def close(self) -> None:
        """As a tab that is closed."""
        await self._socket.close()
        await self._reader
        await self._session.close()

    async def accept(self, invite: SipRequest) -> None:
        """Answer the call, and send no audio: as far as SIP goes, it is up."""
        offered = invite.body.decode()
        mid = re.search(r"^a=mid:(\S+)", offered, re.MULTILINE)
        codec = re.search(r"^a=rtpmap:(\d+ opus/48000/2)", offered, re.MULTILINE)
        assert mid is not None
        assert codec is not None
        answer = ANSWER.format(mid=mid[1], codec=codec[1], payload=codec[1].split()[0])
        await self._answer(invite, 200, "OK", answer.replace("\n", "\r\n"))

    async def decline(self, invite: SipRequest) -> None:
        """Decline the call."""
        await self._answer(invite, 603, "Decline")

    async def _read(self) -> None:
        async for message in self._socket:
            if not message.data.strip():
                continue  # Asterisk keeps the socket alive
            parsed = SipMessage.parse(message.data)
            if isinstance(parsed, SipResponse):
                self._answers.put_nowait(parsed)
            elif isinstance(parsed, SipRequest):
                await self._requested(parsed)
        self.closed = self._socket.close_code

    async def _requested(self, request: SipRequest) -> None:
        match request.method:
            case "INVITE":
                await self._answer(request, 180, "Ringing")
                self.rung.append(request)
            case "ACK":
                pass
            case _:
                await self._answer(request, 200, "OK")

    async def _answer(self, request: SipRequest, status: int, reason: str, body: str = "") -> None:
        response = SipResponse(status_code=status, reason_phrase=reason)
        for name in ("Via", "Record-Route"):
            for value in request.headers.get(name.lower()):
                response.headers.append(name, value)
        for name in ("From", "To", "Call-ID", "CSeq"):
            response.set_header(name, request.get_header(name) or "")
        to = request.get_header("to") or ""
        if status > 100 and "tag=" not in to:
            response.set_header("To", f"{to};tag={self._call_id[:8]}")
        response.set_header("Contact", f"<sip:page@{HOST};transport=ws>")
        if body:
            response.set_header("Content-Type", "application/sdp")
            response.body = body.encode()
        await self._socket.send_str(bytes(response).decode())

    async def _ask(self, request: SipRequest) -> SipResponse:
        await self._socket.send_str(bytes(request).decode())
        async with asyncio.timeout(WITHIN):
            return await self._answers.get()

    def _register(self) -> SipRequest:
        self._seq += 1
        domain = self.phone["uri"].partition("@")[2]
        request = SipRequest(method="REGISTER", uri=f"sip:{domain}")
        request.headers.append("Via", f"SIP/2.0/WS {HOST};branch={generate_branch()}")
        request.set_header("From", f"<{self.phone['uri']}>;tag={generate_tag()}")
        request.set_header("To", f"<{self.phone['uri']}>")
        request.set_header("Call-ID", self._call_id)
        request.set_header("CSeq", f"{self._seq} REGISTER")
        request.set_header("Contact", f"<sip:page@{HOST};transport=ws>;expires=120")
        request.set_header("Max-Forwards", "70")
        return request
