"""An agent's phone played by SIPp that dials, holds and transfers: what it does is written like a script.

script = Script("1001").dial("one", "+33612345678").waits().hold("one").waits().resume("one")

Where it waits, the test lets it go on, by the socket on which SIPp talks to its twin (`-3pcc`): that is the test.
Its two dialogs are one call to SIPp, which takes for the Call-ID what stands behind `///`. It echoes what it hears.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from tests.e2e.foreign import free_port
from tests.e2e.sipp import OK, sipp
from tests.e2e.stack import Stack

_HEADERS = """
      {method} sip:{to}@[remote_ip]:[remote_port] SIP/2.0
      {via}
      Max-Forwards: 70
      From: <sip:{user}@[remote_ip]>;tag={dialog}-UNIQUE
      To: <sip:{to}@[remote_ip]>{tag}
      Call-ID: {dialog}///UNIQUE
      CSeq: {seq} {method}
      Contact: <sip:{user}@[local_ip]:[local_port]>
      Allow: INVITE, ACK, BYE, CANCEL, UPDATE, NOTIFY
      {rest}
"""
_SDP = """Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=- 1 {version} IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000
      a={direction}
"""
_EMPTY = "Content-Length: 0\n"
_SAID = b"\x1b"
"""What the twin's messages end with."""

type _Twin = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_NEW_VIA = "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]UNIQUE"


class Script:
    """What the phone of `user` does, in order. Every method adds to it and returns it."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._lines: list[str] = []
        self._seq: dict[str, int] = {}
        self._number: dict[str, str] = {}

    def dial(self, dialog: str, number: str) -> Script:
        """A new call, which is answered."""
        self._number[dialog] = number
        self._seq[dialog] = 1
        sdp = _SDP.format(version=1, direction="sendrecv")
        self._send("INVITE", dialog, sdp, retrans=True)
        self._lines.append('<recv response="100" optional="true"/>\n<recv response="401" auth="true"/>')
        self._send("ACK", dialog, _EMPTY, via="[last_Via:]", tag="[peer_tag_param]")
        self._seq[dialog] = 2
        secret = f"[authentication username={self._user} password=phone-{self._user}]\n      "
        self._send("INVITE", dialog, secret + sdp, retrans=True)
        self._lines += [f'<recv response="{status}" optional="true"/>' for status in (100, 180, 183)]
        self._lines.append(
            '<recv response="200"><action><ereg regexp="tag=([^;]+)" search_in="hdr" header="To:"'
            f' assign_to="all{dialog},tag{dialog}"/></action></recv>'
        )
        return self._send("ACK", dialog, _EMPTY, tag=self._tag(dialog))

    def hold(self, dialog: str) -> Script:
        """The hold key."""
        return self._reinvite(dialog, "sendonly")

    def resume(self, dialog: str) -> Script:
        """The hold key again."""
        return self._reinvite(dialog, "sendrecv")

    def transfer(self, dialog: str, number: str) -> Script:
        """The transfer key, blind."""
        return self._refer(dialog, f"<sip:{number}@[remote_ip]:[remote_port]>")

    def transfer_attended(self, dialog: str, other: str) -> Script:
        """The transfer key with two calls: those at their other ends shall talk to each other."""
        call_id = quote(f"{other}///UNIQUE", safe="")
        replaces = f"{call_id}%3Bto-tag%3D[$tag{other}]%3Bfrom-tag%3D{other}-UNIQUE"
        to = f"<sip:{self._number[other]}@[remote_ip]:[remote_port]?Replaces={replaces}>"
        return self._refer(dialog, to)

    def waits(self) -> Script:
        """The person does nothing until the test goes on."""
        self._lines.append("<sendCmd><![CDATA[Call-ID: [call_id]\n\n]]></sendCmd>\n<recvCmd/>")
        return self

    def hangs_up(self, *dialogs: str) -> Script:
        """The receiver goes down."""
        for dialog in dialogs:
            self._next(dialog)
            self._send("BYE", dialog, _EMPTY, tag=self._tag(dialog), retrans=True)
            self._lines.append('<recv response="200"/>')
        return self

    def is_hung_up(self) -> Script:
        """The other side ends one of its calls."""
        self._lines.append(f'<recv request="BYE"/>\n<send><![CDATA[{OK}]]></send>')
        return self

    def xml(self, unique: str) -> str:
        """The scenario, with ids of its own."""
        body = "\n".join(self._lines).replace("UNIQUE", unique)
        unused = [f"all{dialog}" for dialog in self._number]
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="phone">\n'
            f'{body}\n<Reference variables="{",".join(unused)}"/>\n</scenario>\n'
        )

    def _reinvite(self, dialog: str, direction: str) -> Script:
        self._next(dialog)
        sdp = _SDP.format(version=self._seq[dialog], direction=direction)
        self._send("INVITE", dialog, sdp, tag=self._tag(dialog), retrans=True)
        self._lines.append('<recv response="100" optional="true"/>\n<recv response="200"/>')
        return self._send("ACK", dialog, _EMPTY, tag=self._tag(dialog))

    def _refer(self, dialog: str, refer_to: str) -> Script:
        self._next(dialog)
        headers = f"Refer-To: {refer_to}\n      Referred-By: <sip:{self._user}@[remote_ip]>\n      {_EMPTY}"
        self._send("REFER", dialog, headers, tag=self._tag(dialog), retrans=True)
        self._lines.append('<recv response="202"/>')
        return self

    def _next(self, dialog: str) -> None:
        self._seq[dialog] += 1

    def _tag(self, dialog: str) -> str:
        return f";tag=[$tag{dialog}]"

    def _send(
        self, method: str, dialog: str, rest: str, *, via: str = _NEW_VIA, tag: str = "", retrans: bool = False
    ) -> Script:
        message = _HEADERS.format(
            method=method,
            to=self._number[dialog],
            via=via,
            user=self._user,
            dialog=dialog,
            tag=tag,
            seq=self._seq[dialog],
            rest=rest,
        )
        attribute = ' retrans="500"' if retrans else ""
        self._lines.append(f"<send{attribute}><![CDATA[{message}\n]]></send>")
        return self


class Playing:
    """A script under way."""

    def __init__(self, process: asyncio.subprocess.Process, errors: Path, twin: asyncio.Future[_Twin]) -> None:
        self._process = process
        self._errors = errors
        self._twin = twin

    async def goes_on(self, within: float = 10.0) -> None:
        """Wait until it has come to where it waits, and let it go on."""
        try:
            async with asyncio.timeout(within):
                reader, writer = await asyncio.shield(self._twin)
                said = await reader.readuntil(_SAID)
        except (TimeoutError, asyncio.IncompleteReadError):
            raise AssertionError(f"the script does not come to where it waits: {self._complaints()}") from None
        writer.write(said)
        await writer.drain()

    async def ends(self, within: float = 20.0) -> None:
        """Wait for its end; everything must have come as it is written."""
        async with asyncio.timeout(within):
            status = await self._process.wait()
        assert status == 0, self._complaints()

    def _complaints(self) -> str:
        return self._errors.read_text(errors="replace")[-4000:] if self._errors.exists() else "it complains of nothing"


@asynccontextmanager
async def plays(place: Path, stack: Stack, script: Script) -> AsyncIterator[Playing]:
    """Begin to play the script, beside the test; it is stopped with the block."""
    twin: asyncio.Future[_Twin] = asyncio.get_running_loop().create_future()
    server = await asyncio.start_server(lambda *streams: twin.set_result(streams), stack.bind, 0)
    host, port = server.sockets[0].getsockname()
    unique = secrets.token_hex(8)
    (place / "script.xml").write_text(script.xml(unique))
    errors = place / "script-errors.log"
    arguments = (
        *("-sf", "script.xml", "-cid_str", unique),
        *("-i", stack.bind, "-mi", stack.bind, "-p", str(free_port(stack.bind, socket.SOCK_DGRAM))),
        # -aa: a new display (UPDATE) and how a transfer goes (NOTIFY) may come at any time.
        *("-m", "1", "-rtp_echo", "-aa", "-3pcc", f"{host}:{port}"),
    )
    async with server, sipp(place, stack, errors, *arguments) as process:
        yield Playing(process, errors, twin)
        if twin.done():
            twin.result()[1].close()
