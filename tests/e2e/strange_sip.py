"""Calls from the carrier's address whose SIP is bytes of the test's own: what no telephone would send.

Most of them are SIP all the same: what is strange stands where a name, a number or a value may stand, quoted or escaped
as it has to be, so that Asterisk reads it and hands it on to us. Few are as no SIP may be.
"""

from __future__ import annotations

import asyncio
import random
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from string import ascii_letters, digits

from tests.support.rubbish import STRANGE

_STATUS = re.compile(rb"SIP/2\.0 (\d{3}) ")
_CALL_ID = re.compile(rb"^Call-ID:[^\r\n]*?([0-9a-f]{32})", re.MULTILINE | re.IGNORECASE)
_TO = re.compile(rb"^To:[^\r\n]*", re.MULTILINE | re.IGNORECASE)
_ENDS = re.compile(rb"[\r\n\0]")
_PLAIN = frozenset((ascii_letters + digits + "-_.!~*'()&=+$,;?/").encode())
"""What stands in the user of an address as it is."""

# What a name, a number or a header's value may be, besides what is strange everywhere: other encodings, escapes of
# others, what the dialplan or SIP would take for its own, and lengths at which buffers end.
PIECES: Sequence[bytes] = (
    *(text.encode(errors="surrogatepass") for text in STRANGE),
    *(b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"caf\xe9", b"Zo\xc3\xa9", "Z\u00f6e".encode("utf-16")),
    *(b"%00%0d%0aX-Injected:%201", b"%e2%80%ae%1b[2J", b"%", b"%zz", b"=?utf-8?Q?=0D=0AX?=", b"=?utf-8?B?G1sySg==?="),
    *(b'"', b"\\", b'a" <sip:1002@x>;tag=q "', b"<sip:1002@x>", b"'", b"a, b", b"(c)", b"\\\r", b"1,2)&Hangup("),
    *(b"${CALLERID(num)}", b"${SHELL(id)}", b"$[1/0]", b"PJSIP/1001", b"Local/1001@from-phones/n"),
    *(b"a" * length for length in (79, 80, 81, 255, 256, 257, 1_000)),
    *(b"\xe2\x80\xae" * 60, b"\xf0\x9f\x98\x80" * 80, b"%41" * 90),
    *(b"+33612345678", b"anonymous", b"1001", b"*72", b"112"),
)
TEXTS: Sequence[bytes] = (
    *(b"X-Anything", b"User-to-User", b"Privacy", b"Subject", b"Reason", b"User-Agent", b"Server", b"Organization"),
    *(b"Date", b"Priority", b"In-Reply-To", b"P-Charging-Vector", b"Accept-Language", b"Geolocation"),
)
ADDRESSES: Sequence[bytes] = (
    *(b"P-Asserted-Identity", b"P-Preferred-Identity", b"Remote-Party-ID", b"Diversion", b"History-Info"),
    *(b"Call-Info", b"Alert-Info", b"Referred-By", b"Reply-To", b"P-Called-Party-ID"),
)
STRICT: Sequence[bytes] = (
    *(b"Contact", b"Replaces", b"Session-Expires", b"Max-Forwards", b"Require", b"Supported", b"Identity", b"Via"),
)
"""With anything in one of these a call is mostly refused, or not even read."""
NUMBERS: Sequence[bytes] = (b"3000", b"3000", b"3000", b"2000")
"""A queue and a group in which nobody serves: callers stay, and can be looked at."""
PLAIN = b"+33612345678"
NO_SIP = 0.06
"""Of so many some part is as no SIP may be."""
NO_CALL_ID: Sequence[bytes] = (
    b"caf\xe9",
    b"\xff\xfe",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"Zo\xc3\xa9",
    b"\x1b[2J",
    b"\x7f",
)
"""With anything of this in it, a Call-ID is none."""


@dataclass(frozen=True, slots=True)
class Invite:
    """What is strange of one. `caller`: the value of From without its tag; `dialled`: what stands before the @;
    `named`: what stands in Call-ID behind what tells it from others."""

    caller: bytes
    dialled: bytes = b"3000"
    named: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


def quoted(text: bytes) -> bytes:
    """A name as SIP has it (RFC 3261, 25.1): nothing in it ends the quotes or the line."""
    return b'"' + re.sub(rb'(["\\])', rb"\\\1", _ENDS.sub(b" ", text)) + b'"'


def escaped(text: bytes) -> bytes:
    """The user of an address: all bytes may be in it, most of them escaped."""
    return b"".join(bytes((each,)) if each in _PLAIN else b"%%%02x" % each for each in text)


def line(text: bytes) -> bytes:
    """A value in one line."""
    return _ENDS.sub(b" ", text).strip()


def plain(text: bytes) -> bytes:
    """What of it may stand in a Call-ID."""
    return re.sub(rb"[^ -~]", b"", text).strip()


def invites(count: int, seed: int = 7) -> Iterator[Invite]:
    """So many, always the same: first each piece in each place, then all at random."""
    dice = random.Random(seed)
    for number, piece in enumerate(PIECES[:count]):
        user = escaped(piece) if number % 2 and piece else PLAIN
        asserted = b"%b <sip:%b@x>" % (quoted(piece), user)
        headers = ((b"X-Anything", line(piece)), (ADDRESSES[number % len(ADDRESSES)], asserted))
        yield Invite(b"%b <sip:%b@x>" % (quoted(piece), user), named=plain(piece), headers=headers)
    for _ in range(count - len(PIECES)):
        yield _any(dice)


def _any(dice: random.Random) -> Invite:
    texts = [(name, line(_joined(dice))) for name in dice.sample(TEXTS, dice.randint(0, 3))]
    addresses = [(name, _address(dice) + _parameters(dice)) for name in dice.sample(ADDRESSES, dice.randint(0, 3))]
    headers = [*texts, *addresses]
    dice.shuffle(headers)
    caller, named, dialled = _address(dice), b"", dice.choice(NUMBERS)
    if dice.random() < 0.3:
        named = plain(_joined(dice))
    if dice.random() < 0.2:
        dialled += b";" + escaped(dice.choice(PIECES)) + b"=" + escaped(dice.choice(PIECES))
    if dice.random() < NO_SIP:
        spoils = dice.choice(_SPOILT)
        return spoils(dice, Invite(caller, dialled, named, tuple(headers)))
    return Invite(caller, dialled, named, tuple(headers))


def _joined(dice: random.Random) -> bytes:
    return b"".join(dice.choices(PIECES, k=dice.randint(1, 2)))


def _address(dice: random.Random) -> bytes:
    """Of somebody, in each way in which it may be written."""
    user = escaped(_joined(dice)) or PLAIN
    address = b"%b:%b@x" % (dice.choice((b"sip", b"sip", b"SIP", b"sips")), user)
    match dice.randint(0, 9):
        case 0:
            return address
        case 1:
            return b"<%b>" % address
        case 2:
            return b"No Quotes Here <%b>" % address
        case 3:
            return b"%b<%b;user=phone;x=%b>" % (quoted(_joined(dice)), address, escaped(dice.choice(PIECES)) or b"1")
        case _:
            return b"%b <%b>" % (quoted(_joined(dice)), address)


def _parameters(dice: random.Random) -> bytes:
    """Behind an address in a header that takes some."""
    name, value = dice.choice((b"reason", b"privacy", b"index", b"counter", b"x")), line(dice.choice(PIECES))
    return dice.choice((b"", b"", b";%b=%b" % (name, quoted(value)), b";%b=1.1" % name))


def _no_name(dice: random.Random, invite: Invite) -> Invite:
    """Quotes in quotes, lines in names, half an address."""
    return replace(invite, caller=b'"%b" <sip:%b@x>' % (_joined(dice), _joined(dice)))


def _no_number(dice: random.Random, invite: Invite) -> Invite:
    return replace(invite, dialled=invite.dialled + _joined(dice))


def _no_header(dice: random.Random, invite: Invite) -> Invite:
    random_bytes = dice.randbytes(dice.randint(0, 60))
    spoilt = (dice.choice((*TEXTS, *ADDRESSES)), dice.choice((_joined(dice), random_bytes, b"x\r\n folded")))
    return replace(invite, headers=(*invite.headers, spoilt))


def _strict(dice: random.Random, invite: Invite) -> Invite:
    return replace(invite, headers=((dice.choice(STRICT), line(_joined(dice))), *invite.headers))


def _no_call_id(dice: random.Random, invite: Invite) -> Invite:
    return replace(invite, named=invite.named + dice.choice(NO_CALL_ID))


_SPOILT: Sequence[Callable[[random.Random, Invite], Invite]] = (
    *(_no_name, _no_number, _no_header, _strict, _no_call_id),
)


@dataclass
class StrangeCaller(asyncio.DatagramProtocol):
    """Somebody at this address who calls, is answered, and hangs up."""

    address: str
    server: tuple[str, int]
    port: int = 0
    statuses: dict[bytes, int] = field(default_factory=dict)
    """The last status of each call, by what tells its Call-ID from others."""

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
        """Returns what tells its Call-ID from others."""
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
        call, code = call_id[1], int(status[1])
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
            b"From: %b;tag=%b" % (invite.caller, call_id[:8]),
            to or b"To: <%b>" % uri,
            b"Call-ID: " + call_id + invite.named,
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
