"""SIP over UDP for one socket: transport and transactions (RFC 3261, 17).

Owns the socket, retransmission, and the ACK of every rejection. Dialogs and calls are above it.
aiosipua parses and writes the messages; its own stack is not used, because it never acknowledges
a rejection, and Asterisk then repeats it for half a minute.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping

from aiosipua import SipMessage, SipRequest, SipResponse, generate_branch, generate_tag

Address = tuple[str, int]

T1 = 0.5
T2 = 4.0
TIMER_B = 32.0
"""Seconds after which a transaction gives up, and for which a finished one absorbs repeats."""

USER_AGENT = "call-bots"
ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, UPDATE, REFER, NOTIFY, INFO"

REASONS = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 202: "Accepted", 302: "Moved Temporarily",
    400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 480: "Temporarily Unavailable", 481: "Call Does Not Exist",
    486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 491: "Request Pending",
    500: "Server Error", 503: "Service Unavailable", 603: "Decline", 604: "Does Not Exist Anywhere",
}  # fmt: skip


def branch_of(message: SipMessage) -> str:
    """The branch of the topmost Via; empty if it has none."""
    via = message.via
    return (via[0].branch or "") if via else ""


def method_of(message: SipMessage) -> str:
    """The method that the CSeq names; empty without a CSeq."""
    return message.cseq.method if message.cseq is not None else ""


class ClientTransaction:
    """A request of ours until its final response. Responses go to `on_response`, in the loop.

    No answer at all within 32 s is handed on as a 408 of our own.
    """

    def __init__(
        self, agent: UserAgent, request: SipRequest, to: Address, on_response: Callable[[SipResponse], None]
    ) -> None:
        self.agent = agent
        self.request = request
        self.to = to
        self.provisional = False
        self.final: int | None = None
        self._on_response = on_response
        self._wire = bytes(request)
        self._interval = T1
        self._loop = asyncio.get_running_loop()
        self.sent_at = time.monotonic()
        agent.send(self._wire, to)
        self._repeat = self._loop.call_later(T1, self._retransmit)
        self._give_up = self._loop.call_later(TIMER_B, self._timed_out)

    def _retransmit(self) -> None:
        if self.final is not None or (self.provisional and self.request.method == "INVITE"):
            return
        self.agent.send(self._wire, self.to)
        self._interval = self._interval * 2
        if self.request.method != "INVITE":
            self._interval = min(self._interval, T2)
        self._repeat = self._loop.call_later(self._interval, self._retransmit)

    def _timed_out(self) -> None:
        if self.final is None and not self.provisional:
            self.final = 408
            self.agent.finished()
            self._on_response(SipResponse(status_code=408, reason_phrase="no answer to our request"))
        if self.final is not None:
            self.agent.forget(self)

    def receive(self, response: SipResponse) -> None:
        """A response that matches this transaction; repeats of a rejection are only acknowledged."""
        status = response.status_code
        if status < 200:
            self.provisional = True
            if self.final is None:
                self._on_response(response)
            return
        invite = self.request.method == "INVITE"
        if invite and status >= 300:
            self.agent.send(bytes(self._rejection_ack(response)), self.to)
        repeated = self.final is not None
        self.final = status
        self.agent.finished()
        self._repeat.cancel()
        self._give_up.cancel()
        self._give_up = self._loop.call_later(TIMER_B, self._timed_out)
        if not repeated or (invite and status < 300):
            self._on_response(response)

    def _rejection_ack(self, response: SipResponse) -> SipRequest:
        ack = SipRequest(method="ACK", uri=self.request.uri)
        ack.headers.append("Via", self.request.headers.get("via")[0])
        for route in self.request.headers.get("route"):
            ack.headers.append("Route", route)
        ack.set_header("From", self.request.get_header("from") or "")
        ack.set_header("To", response.get_header("to") or "")
        ack.set_header("Call-ID", self.request.call_id or "")
        seq = self.request.cseq.seq if self.request.cseq is not None else 1
        ack.set_header("CSeq", f"{seq} ACK")
        ack.set_header("Max-Forwards", "70")
        return ack

    def cancel(self, reason: str = "") -> None:
        """Send CANCEL for this INVITE (RFC 3261, 9.1: only once a provisional response has come)."""
        request = SipRequest(method="CANCEL", uri=self.request.uri)
        request.headers.append("Via", self.request.headers.get("via")[0])
        for name in ("From", "To", "Call-ID"):
            request.set_header(name, self.request.get_header(name) or "")
        seq = self.request.cseq.seq if self.request.cseq is not None else 1
        request.set_header("CSeq", f"{seq} CANCEL")
        request.set_header("Max-Forwards", "70")
        if reason:
            request.set_header("Reason", reason)
        self.agent.start(request, self.to, lambda response: None)

    def close(self) -> None:
        """Stop the timers; nothing is sent or reported any more."""
        self._repeat.cancel()
        self._give_up.cancel()


class ServerTransaction:
    """A request from the other side until we have answered it finally."""

    def __init__(self, agent: UserAgent, request: SipRequest, source: Address) -> None:
        self.agent = agent
        self.request = request
        self.source = source
        self.final: int | None = None
        self.acknowledged = False
        self.tag = (request.to_addr.tag if request.to_addr is not None else None) or generate_tag()
        self._last: bytes | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._started = time.monotonic()

    def respond(
        self,
        status: int,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        reason: str = "",
        tag: str = "",
    ) -> float:
        """Send a response; a final one to an INVITE is repeated until its ACK. Returns when it was sent.

        `tag` is another than ours, of another phone that the request has reached.
        """
        response = SipResponse(status_code=status, reason_phrase=reason or REASONS.get(status, "Unknown"))
        for via in self.request.headers.get("via"):
            response.headers.append("Via", via)
        for route in self.request.headers.get("record-route"):
            response.headers.append("Record-Route", route)
        response.set_header("From", self.request.get_header("from") or "")
        to = self.request.get_header("to") or ""
        if status > 100 and self.request.to_addr is not None and self.request.to_addr.tag is None:
            to += f";tag={tag or self.tag}"
        response.set_header("To", to)
        response.set_header("Call-ID", self.request.call_id or "")
        response.set_header("CSeq", self.request.get_header("cseq") or "")
        response.set_header("User-Agent", USER_AGENT)
        response.set_header("Allow", ALLOW)
        for name, value in (headers or {}).items():
            response.set_header(name, value)
        response.body = body
        if status >= 200:
            self.final = status
        self._last = bytes(response)
        self.agent.send(self._last, self.source)
        now = time.monotonic()
        if status >= 200 and self.request.method == "INVITE":
            self._schedule(T1)
        return now

    def _schedule(self, interval: float) -> None:
        def repeat() -> None:
            if self.acknowledged or time.monotonic() - self._started > TIMER_B or self._last is None:
                return
            self.agent.send(self._last, self.source)
            self._schedule(min(interval * 2, T2))

        self._timer = asyncio.get_running_loop().call_later(interval, repeat)

    def repeat(self) -> None:
        """The request came again: so does our last response."""
        if self._last is not None:
            self.agent.send(self._last, self.source)

    def ack(self) -> None:
        """The ACK has come."""
        self.acknowledged = True
        self.close()

    def close(self) -> None:
        """Stop repeating."""
        if self._timer is not None:
            self._timer.cancel()


class UserAgent(asyncio.DatagramProtocol):
    """One SIP socket. `on_request` gets every new request except CANCEL's and ACK's bookkeeping.

    `on_request(transaction)` for new requests (CANCEL included, as its own transaction), and
    `on_ack(request)` for each ACK.
    """

    def __init__(self, on_request: Callable[[ServerTransaction], None], on_ack: Callable[[SipRequest], None]) -> None:
        self._on_request = on_request
        self._on_ack = on_ack
        self._transport: asyncio.DatagramTransport | None = None
        self._clients: dict[tuple[str, str], ClientTransaction] = {}
        self._servers: dict[tuple[str, str], ServerTransaction] = {}
        self._finished: asyncio.Event = asyncio.Event()
        self._gone: asyncio.Event = asyncio.Event()
        self.address: Address = ("", 0)
        self._opened = False
        self.plugged = True
        """False: the cable is pulled; nothing goes out or comes in."""

    async def open(self, bind: Address) -> None:
        """Bind the socket; port 0 takes a free one. Raises OSError when the address can't be had."""
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=bind)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport
        self._opened = True
        name = transport.get_extra_info("sockname")
        self.address = (str(name[0]), int(name[1]))

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed: its address can be had again."""
        self._gone.set()

    async def closed(self) -> None:
        """After `close`: wait until the socket is given back, which the loop does in a turn of its own."""
        if self._opened:
            await self._gone.wait()

    def close(self) -> None:
        """Close the socket and end every transaction."""
        for client in self._clients.values():
            client.close()
        for server in self._servers.values():
            server.close()
        self._clients.clear()
        self._servers.clear()
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def via(self) -> str:
        """A Via of ours with a new branch."""
        return f"SIP/2.0/UDP {self.address[0]}:{self.address[1]};rport;branch={generate_branch()}"

    def contact(self, user: str) -> str:
        """Our Contact for that user."""
        return f"<sip:{user}@{self.address[0]}:{self.address[1]}>"

    def send(self, wire: bytes, to: Address) -> None:
        """Send bytes; after close() nothing happens."""
        if self._transport is not None and self.plugged:
            self._transport.sendto(wire, to)

    def start(self, request: SipRequest, to: Address, on_response: Callable[[SipResponse], None]) -> ClientTransaction:
        """Send a request that already has its Via, and follow it."""
        transaction = ClientTransaction(self, request, to, on_response)
        self._clients[branch_of(request), request.method] = transaction
        return transaction

    async def ask(self, request: SipRequest, to: Address) -> SipResponse:
        """Send a request and wait for its final response (a 408 of our own after 32 s)."""
        answered: asyncio.Future[SipResponse] = asyncio.get_running_loop().create_future()

        def final(response: SipResponse) -> None:
            if response.status_code >= 200 and not answered.done():
                answered.set_result(response)

        self.start(request, to, final)
        return await answered

    async def drain(self) -> None:
        """Wait until every request of ours has its final response."""
        while any(client.final is None for client in self._clients.values()):
            self._finished.clear()
            await self._finished.wait()

    def finished(self) -> None:
        """A client transaction has its final response."""
        self._finished.set()

    def forget(self, transaction: ClientTransaction) -> None:
        """That client transaction is over."""
        self._clients.pop((branch_of(transaction.request), transaction.request.method), None)

    def invite_for(self, request: SipRequest) -> ServerTransaction | None:
        """The INVITE transaction that a CANCEL or an ACK of a rejection belongs to."""
        return self._servers.get((branch_of(request), "INVITE"))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if not self.plugged or not data.strip():
            return
        try:
            message = SipMessage.parse(data)
        except ValueError:
            return
        if isinstance(message, SipResponse):
            client = self._clients.get((branch_of(message), method_of(message)))
            if client is not None:
                client.receive(message)
            return
        assert isinstance(message, SipRequest)
        self._request_received(message, (addr[0], addr[1]))

    def _request_received(self, request: SipRequest, source: Address) -> None:
        if request.method == "ACK":
            rejected = self.invite_for(request)
            if rejected is not None:
                rejected.ack()
            self._on_ack(request)
            return
        key = (branch_of(request), request.method)
        known = self._servers.get(key)
        if known is not None:
            known.repeat()
            return
        transaction = ServerTransaction(self, request, source)
        self._servers[key] = transaction
        # A ringing INVITE may last for minutes; everything else is forgotten after Timer B.
        lifetime = 600.0 if request.method == "INVITE" else TIMER_B
        asyncio.get_running_loop().call_later(lifetime, self._servers.pop, key, None)
        self._on_request(transaction)

    def error_received(self, exc: Exception) -> None:
        """An ICMP error on loopback means that nobody listens; the transaction times out by itself."""
        with contextlib.suppress(AttributeError):
            exc.add_note("on a SIP socket")
