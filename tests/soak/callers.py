"""Who calls: two SIPps behind the carrier. Some callers wait until they are let go, others give up at any moment."""

from __future__ import annotations

import asyncio
import csv
import random
import secrets
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.callers import ACK, BYE, REQUEST, SDP
from tests.e2e.crowd import (
    CROWD,
    GROUP_IN_ORDER,
    GROUP_TOGETHER,
    PHONES,
    QUEUE,
    QUEUE_ANNOUNCED,
    QUEUE_SHORT,
    QUEUE_URGENT,
    SKILL,
    SKILL_3,
)
from tests.e2e.foreign import free_port
from tests.e2e.sipp import OK, sipp
from tests.e2e.stack import Stack

DIALLED = (
    *(QUEUE, QUEUE, QUEUE, QUEUE_URGENT, QUEUE_ANNOUNCED, QUEUE_SHORT),
    *("2900", "2900", GROUP_TOGETHER, GROUP_IN_ORDER, SKILL, SKILL_3),
    *(PHONES[name] for name in CROWD[::10]),
)
"""What callers dial, each as often as the others: queues, groups, skills, agents."""
IMPATIENT = 0.2
"""So many of all callers give up, after 0.1 to 4 seconds."""
_AT_ONCE = 18
_RATE = 20
_STATED_EVERY = 2
"""Seconds."""

_CALLS = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="calls">
  <send retrans="500"><![CDATA[{REQUEST.format(method="INVITE", tag="", rest=SDP)}]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200"/>
  <send><![CDATA[{ACK}
]]></send>
"""
# Asterisk looks every 90 seconds whether who calls is there still (session timers).
_THERE = f"""
      SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[field0]@[local_ip]:[local_port]>
      {SDP}"""
_STAYS = f"""  <label id="stays"/>
  <recv request="INVITE" optional="true" next="there"/>
  <recv request="BYE"/>
  <send><![CDATA[{OK}]]></send>
  <nop next="end"/>
  <label id="there"/>
  <send retrans="500"><![CDATA[{_THERE}]]></send>
  <recv request="ACK"/>
  <nop next="stays"/>
  <label id="end"/>
</scenario>
"""
_SCENARIOS = {
    "patient": f"{_CALLS}{_STAYS}",
    "impatient": f'{_CALLS}<pause distribution="uniform" min="100" max="4000"/>'
    f'<send retrans="500"><![CDATA[{BYE}\n]]></send><recv response="200"/></scenario>\n',
}


@dataclass
class Callers:
    """All who call. `process` of the patient ones ends with 0 where each of them was let go."""

    calls: int
    errors: Path
    files: dict[str, Path]
    processes: dict[str, asyncio.subprocess.Process]

    def begun(self) -> int:
        """How many calls have begun, as SIPp counts them."""
        return sum(_last(file, "TotalCallCreated") for file in self.files.values())

    def all_have_begun(self) -> bool:
        """Whether no more will call."""
        return self.begun() >= self.calls

    def stop(self) -> None:
        """No more calls begin: SIPp ends when those that are up have ended."""
        for process in self.processes.values():
            if process.returncode is None:
                process.send_signal(signal.SIGUSR1)

    async def are_done(self) -> list[str]:
        """Wait until all have called. What went wrong: who gives up may find that the call is over already."""
        for process in self.processes.values():
            await process.wait()
        lost = _last(self.files["patient"], "FailedCall(C)")
        if not lost:
            return []
        complaints = self.errors.read_text(errors="replace") if self.errors.exists() else "nothing"
        return [f"{lost} callers were refused or lost, and SIPp says: {' '.join(complaints.split())[:600]}"]


def _last(file: Path, column: str) -> int:
    """In the last line that SIPp has written there."""
    if not file.exists():
        return 0
    lines = [line for line in csv.DictReader(file.read_text().splitlines(), delimiter=";") if line.get(column)]
    return int(lines[-1][column]) if lines else 0


@asynccontextmanager
async def calling(place: Path, stack: Stack, calls: int, dice: random.Random) -> AsyncIterator[Callers]:
    """So many calls, always `_AT_ONCE` of them up, but for what the machine cannot carry."""
    impatient = round(calls * IMPATIENT)
    numbers = {"patient": calls - impatient, "impatient": impatient}
    host, found = stack.carrier[0], Callers(calls, place / "patient_errors.log", {}, {})
    async with AsyncExitStack() as running:
        for kind, number in numbers.items():
            unique = secrets.token_hex(6)
            (place / f"{kind}.xml").write_text(
                _SCENARIOS[kind].replace("UNIQUE", unique).replace("[service]", "[field1]")
            )
            rows = [f"+337{dice.randrange(10**8):08};{dice.choice(DIALLED)}" for _ in range(number)]
            (place / f"{kind}.csv").write_text("\n".join(["SEQUENTIAL", *rows, ""]))
            sip, audio = free_port(host, socket.SOCK_DGRAM), free_port(host, socket.SOCK_DGRAM)
            at_once = max(1, round(_AT_ONCE * number / calls))
            found.files[kind] = place / f"{kind}_stat.csv"
            found.processes[kind] = await running.enter_async_context(
                sipp(
                    *(place, stack, place / f"{kind}_errors.log"),
                    *("-sf", f"{kind}.xml", "-inf", f"{kind}.csv"),
                    *("-i", host, "-p", str(sip), "-mi", host, "-min_rtp_port", str(audio)),
                    *("-cid_str", f"%u-{unique}@%s", "-rtp_echo"),
                    *("-trace_stat", "-stf", str(found.files[kind]), "-fd", str(_STATED_EVERY)),
                    *("-m", str(number), "-l", str(at_once), "-r", str(_RATE)),
                )
            )
        yield found
