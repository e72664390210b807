"""Calls from the carrier's address whose SIP is bytes of the test's own: what no telephone would send."""

from __future__ import annotations

import asyncio
import random
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tests.support.rubbish import STRANGE

_STATUS = re.compile(rb"SIP/2\.0 (\d{3}) ")
_CALL_ID = re.compile(rb"^Call-ID: *([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_TO = re.compile(rb"^To:[^\r\n]*", re.MULTILINE | re.IGNORECASE)

# What a name, a number or a header's value may be, besides what is strange everywhere.
PIECES: Sequence[bytes] = (
    *(text.encode(errors="surrogatepass") for text in STRANGE if not set(text) & {"\r", "\n"}),
    *(
        b"\xff\xfe",
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"caf\xe9",
        b"%00%0d%0aX-Injected:%201",
        b"%e2%80%ae%1b[2J",
        b"%",
        b"%zz",
    ),
    *(
        rb"\"",
        rb"a\" <sip:1002@x>;tag=q \"",
        rb"\\\r",
        b"=?utf-8?Q?=0D=0AX?=",
        b"a" * 300,
        b"\xe2\x80\xae" * 60,
        b"1,2)&Hangup(",
    ),
    *(
        b"${CALLERID(num)}",
        b"${SHELL(id)}",
        b"$[1/0]",
        b"\r\n folded",
        b"Zo\xc3\xa9",
        b"+33612345678",
        b"anonymous",
        b"1001",
    ),
)
HEADERS: Sequence[bytes] = (
    *(
        b"X-Anything",
        b"Diversion",
        b"P-Asserted-Identity",
        b"P-Preferred-Identity",
        b"Remote-Party-ID",
        b"User-to-User",
    ),
    *(b"Privacy", b"Subject", b"Call-Info", b"Alert-Info", b"History-Info", b"Reason", b"User-Agent", b"Organization"),
)
STRICT: Sequence[bytes] = (
    *(
        b"Contact",
        b"Replaces",
        b"Session-Expires",
        b"Max-Forwards",
        b"Require",
        b"Supported",
        b"Referred-By",
        b"Identity",
    ),
)
"""With anything in one of these a call is mostly refused, or not even read."""
NUMBERS: Sequence[bytes] = (b"3000", b"3000", b"3000", b"4000", b"2002")
"""A queue in which nobody serves, mostly: callers stay, and can be looked at."""
PLAIN = b"+33612345678"


@dataclass(frozen=True, slots=True)
class Invite:
    """What is strange of one: the caller's name and number, what they dial, and headers."""

    name: bytes
    user: bytes
    dialled: bytes
    headers: tuple[tuple[bytes, bytes], ...]


def invites(count: int, seed: int = 7) -> Iterator[Invite]:
    """So many, always the same: first each piece in each place, then all at random."""
    dice = random.Random(seed)
    for number, piece in enumerate(PIECES[:count]):
        yield Invite(piece, piece if number % 2 else PLAIN, b"3000", ((b"X-Anything", piece),))
    for _ in range(count - len(PIECES)):
        chosen = dice.sample(HEADERS, dice.randint(0, 3)) + dice.sample(STRICT, dice.random() < 0.15)
        values = (_value(dice) if dice.random() < 0.9 else dice.randbytes(dice.randint(0, 60)) for _ in chosen)
        after = dice.choice([b"", b"", b"", b"", b";npdi=yes", b"%0a", b";" + dice.choice(PIECES)])
        yield Invite(
            _joined(dice), _joined(dice), dice.choice(NUMBERS) + after, tuple(zip(chosen, values, strict=True))
        )


def _joined(dice: random.Random) -> bytes:
    return b"".join(dice.choices(PIECES, k=dice.randint(1, 2)))


def _value(dice: random.Random) -> bytes:
    address = b'"%b" <sip:%b@x>' % (dice.choice(PIECES), dice.choice(PIECES))
    return dice.choice([address, dice.choice(PIECES), address + b";privacy=full;reason=" + dice.choice(PIECES)])


@dataclass
class StrangeCaller(asyncio.DatagramProtocol):
    """Somebody at this address who calls, is answered, and hangs up."""

    address: str
    server: tuple[str, int]
    port: int = 0
    statuses: dict[bytes, int] = field(default_factory=dict)
    """The last status of each call, by its Call-ID."""

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(self.address, 0))
        self.port = self._transport.get_extra_info("sockname")[1]
        self._to: dict[bytes, bytes] = {}
        self._called: dict[bytes, Invite] = {}
        self._news = asyncio.Event()

    def close(self) -> None:
        self._transport.close()

    def call(self, invite: Invite) -> bytes:
        """Returns the Call-ID."""
        call_id = uuid.uuid4().hex.encode()
        self._called[call_id] = invite
        self._transport.sendto(self._request(b"INVITE", call_id, self._sdp(), b""), self.server)
        return call_id

    async def settled(self, calls: Sequence[bytes], within: float) -> None:
        """Wait until each was answered or refused, or will not be: what cannot be read gets no answer."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while any(self.statuses.get(call, 0) < 200 for call in calls):
                    self._news.clear()
                    await self._news.wait()

    def hang_up(self, calls: Sequence[bytes]) -> None:
        """End those that were answered, and give up the others."""
        for call in calls:
            answered = 200 <= self.statuses.get(call, 0) < 300
            method = b"BYE" if answered else b"CANCEL"
            self._transport.sendto(self._request(method, call, b"", self._to.get(call, b"")), self.server)

    def datagram_received(self, data: bytes, addr: object) -> None:
        status, call_id, to = _STATUS.match(data), _CALL_ID.search(data), _TO.search(data)
        if status is None or call_id is None or call_id[1] not in self._called:
            return
        call, code = call_id[1].strip(), int(status[1])
        if b"CSeq: 1 INVITE" in data:
            self.statuses[call] = code
            self._to[call] = to[0] if to is not None else b""
            if code >= 200:
                self._transport.sendto(self._request(b"ACK", call, b"", self._to[call]), self.server)
        self._news.set()

    def _request(self, method: bytes, call_id: bytes, body: bytes, to: bytes) -> bytes:
        invite = self._called[call_id]
        host, port = self.server[0].encode(), self.server[1]
        uri = b"sip:%b@%b:%d" % (invite.dialled, host, port)
        number = 2 if method == b"BYE" else 1
        branch = call_id + (b"b" if method in (b"BYE", b"ACK") else b"")
        lines = [
            b"%b %b SIP/2.0" % (method, uri),
            b"Via: SIP/2.0/UDP %b:%d;rport;branch=z9hG4bK%b" % (self.address.encode(), self.port, branch),
            b'From: "%b" <sip:%b@%b>;tag=%b' % (invite.name, invite.user, self.address.encode(), call_id[:8]),
            to or b"To: <%b>" % uri,
            b"Call-ID: " + call_id,
            b"CSeq: %d %b" % (number, method),
            b"Max-Forwards: 70",
        ]
        if method == b"INVITE":
            lines.append(b"Contact: <sip:x@%b:%d>" % (self.address.encode(), self.port))
            lines += [b"%b: %b" % header for header in invite.headers]
            lines.append(b"Content-Type: application/sdp")
        lines.append(b"Content-Length: %d" % len(body))
        return b"\r\n".join(lines) + b"\r\n\r\n" + body

    def _sdp(self) -> bytes:
        address = self.address.encode()
        where = b"v=0\r\no=- 1 1 IN IP4 %b\r\ns=-\r\nc=IN IP4 %b\r\nt=0 0\r\n" % (address, address)
        return where + b"m=audio 9 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
