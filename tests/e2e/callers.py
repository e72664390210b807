"""Callers by the hundred: SIPp behind the carrier, for whom nobody listens. Each has a number of its own."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.e2e.foreign import free_port
from tests.e2e.sipp import OK, sipp
from tests.e2e.stack import Stack
from tests.support.polling import until

REQUEST = """
      {method} sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]-UNIQUE
      Max-Forwards: 70
      From: <sip:[field0]@[local_ip]:[local_port]>;tag=[call_number]UNIQUE
      To: <sip:[service]@[remote_ip]:[remote_port]>{tag}
      Call-ID: [call_id]
      CSeq: 1 {method}
      Contact: <sip:[field0]@[local_ip]:[local_port]>
      {rest}
"""
ACK = REQUEST.format(method="ACK", tag="[peer_tag_param]", rest="Content-Length: 0")
BYE = REQUEST.format(method="BYE", tag="[peer_tag_param]", rest="Content-Length: 0").replace("1 BYE", "2 BYE")
SDP = """Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=- 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0
      a=rtpmap:0 PCMU/8000
"""
# Calls, and stays until the other side hangs up, or is refused for want of room (503).
_SCENARIO = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="calls and waits to be served">
  <send retrans="500"><![CDATA[{REQUEST.format(method="INVITE", tag="", rest=SDP)}]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="503" optional="true" next="refused"><action><log message="refused"/></action></recv>
  <recv response="200"><action><log message="let in"/></action></recv>
  <send><![CDATA[{ACK}
]]></send>
  <recv request="BYE"/>
  <send><![CDATA[{OK}]]></send>
  <nop next="end"/>
  <label id="refused"/>
  <send><![CDATA[
      ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      CSeq: 1 ACK
      Max-Forwards: 70
      Content-Length: 0

]]></send>
  <label id="end"/>
</scenario>
"""


class Callers:
    """Those of one SIPp."""

    def __init__(self, process: asyncio.subprocess.Process, errors: Path, log: Path) -> None:
        self._process = process
        self._errors = errors
        self._log = log

    async def all_were_served(self, within: float) -> None:
        """Wait until every one of them was answered, and hung up by the other side; nothing unexpected was reported."""
        try:
            async with asyncio.timeout(within):
                status = await self._process.wait()
        except TimeoutError:
            raise AssertionError(f"callers still wait after {within:g} s; {self._complaints()}") from None
        assert status == 0, f"SIPp ends with {status}; {self._complaints()}"
        assert self._counted()[1] == 0, "somebody was refused"

    async def decided(self, callers: int, within: float) -> tuple[int, int]:
        """Wait until so many were answered or refused; how many were which."""

        async def all_are() -> bool:
            return sum(self._counted()) == callers

        await until(all_are, f"{callers} callers are let in or refused; {self._complaints()}", within)
        return self._counted()

    def _counted(self) -> tuple[int, int]:
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return lines.count("let in"), lines.count("refused")

    def _complaints(self) -> str:
        return self._errors.read_text(errors="replace")[-2000:] if self._errors.exists() else "it complains of nothing"


@asynccontextmanager
async def calling(place: Path, stack: Stack, dialled: str, numbers: Sequence[str], rate: int) -> AsyncIterator[Callers]:
    """The owners of these numbers call one after the other, `rate` a second; who is left at the end is cut off."""
    unique, errors, log = secrets.token_hex(6), place / "errors.log", place / "callers.log"
    (place / "calls.xml").write_text(_SCENARIO.replace("UNIQUE", unique))
    (place / "numbers.csv").write_text("\n".join(["SEQUENTIAL", *numbers, ""]))
    host = stack.carrier[0]
    sip, audio = free_port(host, socket.SOCK_DGRAM), free_port(host, socket.SOCK_DGRAM)
    arguments = (
        *("-sf", "calls.xml", "-inf", "numbers.csv", "-s", dialled),
        *("-i", host, "-p", str(sip), "-mi", host, "-min_rtp_port", str(audio), "-cid_str", f"%u-{unique}@%s"),
        *("-trace_logs", "-log_file", str(log)),
        "-rtp_echo",  # whoever sends nothing is lost (`rtp_timeout`)
        *("-m", str(len(numbers)), "-l", str(len(numbers)), "-r", str(rate)),
    )
    async with sipp(place, stack, errors, *arguments) as process:
        yield Callers(process, errors, log)
