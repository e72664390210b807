"""Callers by the thousand: SIPp behind the carrier, a process for each kind and minute, which notes each message."""

from __future__ import annotations

import asyncio
import random
import secrets
import socket
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from tests.day.ledger import Caller
from tests.day.plan import MINUTE, PREFIX, QUIET, Kind, Minute, Row, rows
from tests.e2e.callers import ACK, BYE, REQUEST, SDP
from tests.e2e.foreign import free_port
from tests.e2e.sipp import OK, sipp
from tests.e2e.stack import Stack

_AT_ONCE = 300
_INVITE = REQUEST.format(method="INVITE", tag="", rest=SDP.replace("[media_port]", "[rtpstream_audio_port]"))
_CALLS = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="calls">
  <send retrans="500"><![CDATA[{_INVITE}]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200"/>
  <send><![CDATA[{ACK}
]]></send>
  <nop><action><exec rtp_stream="silence.ulaw,-1,0,PCMU/8000"/></action></nop>
"""
# Asterisk waits for up to half a second for the first of it before it goes on, as it would with no real phone.
_SILENCE = b"\xff" * 8000
_STAYS = f'<recv request="BYE"/><send><![CDATA[{OK}]]></send></scenario>\n'
_GIVES_UP = """  <pause distribution="uniform" min="{}" max="{}"/>
  <send retrans="500"><![CDATA[{}
]]></send><recv response="200"/></scenario>
"""
_SCENARIOS: dict[Kind, str] = {
    "patient": _CALLS + _STAYS,
    "hasty": _CALLS + _GIVES_UP.format(100, 1200, BYE),
    "impatient": _CALLS + _GIVES_UP.format(2000, 4000, BYE),
}


class Crowd:
    """All who call in one minute. What they note is read in the end."""

    def __init__(self, place: Path, stack: Stack, dice: random.Random) -> None:
        self._place, self._stack, self._dice = place, stack, dice
        self._running = AsyncExitStack()
        self._processes: list[asyncio.subprocess.Process] = []
        self._notes: list[tuple[Path, Sequence[Row]]] = []
        self.called = 0

    async def begins(self, minute: Minute, number: int) -> None:
        """The `number`th minute begins: they call until it is nearly over."""
        host = self._stack.carrier[0]
        (self._place / "silence.ulaw").write_bytes(_SILENCE)
        for kind in PREFIX:
            who = rows(minute, number, kind, self._dice)
            self.called += len(who)
            name, unique = f"{kind}_{number}", secrets.token_hex(6)
            text = _SCENARIOS[kind].replace("UNIQUE", unique).replace("[service]", "[field1]")
            (self._place / f"{name}.xml").write_text(text)
            lines = [f"{each.number};{each.dials}" for each in who]
            (self._place / f"{name}.csv").write_text("\n".join(["SEQUENTIAL", *lines, ""]))
            sip, audio = free_port(host, socket.SOCK_DGRAM), free_port(host, socket.SOCK_DGRAM)
            notes = self._place / f"{name}.messages"
            self._notes.append((notes, who))
            self._processes.append(
                await self._running.enter_async_context(
                    sipp(
                        *(self._place, self._stack, self._place / f"{name}.errors"),
                        *("-sf", f"{name}.xml", "-inf", f"{name}.csv", "-cid_str", f"%u-{unique}@%s"),
                        *("-i", host, "-p", str(sip), "-mi", host, "-min_rtp_port", str(audio)),
                        *("-trace_shortmsg", "-shortmessage_file", str(notes), "-watchdog_interval", "0"),
                        *("-m", str(len(who)), "-l", str(_AT_ONCE)),
                        *("-r", str(len(who)), "-rp", str(round((MINUTE - 2 * QUIET) * 1000))),
                    )
                )
            )

    async def are_done(self, within: float) -> None:
        """Wait until all of them have hung up. Raises TimeoutError."""
        async with asyncio.timeout(within):
            for process in self._processes:
                await process.wait()

    async def close(self) -> None:
        await self._running.aclose()

    def noted(self) -> list[Caller]:
        """What each of them did and saw."""
        return [caller for notes, who in self._notes for caller in read(notes.read_text().splitlines(), who)]


def read(lines: Iterable[str], who: Sequence[Row]) -> list[Caller]:
    """Out of SIPp's list of messages: date, time, seconds since the epoch, S(ent) or R(eceived), Call-ID, CSeq, first
    line. The number before the Call-ID's `-` says whose call it is."""
    calls: dict[int, dict[str, float]] = defaultdict(dict)
    for line in lines:
        _, _, at, way, call_id, sequence, first = line.split("\t")[:7]
        method = sequence.rpartition(" ")[2]
        what = f"{way} {first.split(' ')[1] if first.startswith('SIP/') else 'request'} {method}"
        calls[int(call_id.partition("-")[0])].setdefault(what, float(at))
    return [_caller(who[number - 1], seen) for number, seen in sorted(calls.items())]


def _caller(row: Row, seen: dict[str, float]) -> Caller:
    ends = {name: at for name, at in seen.items() if name.endswith("request BYE") or name.split(" ")[1][0] in "3456"}
    last = min(ends, key=lambda name: ends[name], default=None)
    ended = ends[last] if last is not None else max(seen.values())
    return Caller(
        row.number, row.dials, seen["S request INVITE"], seen.get("R 200 INVITE"), ended, last == "S request BYE"
    )
