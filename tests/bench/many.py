"""Phones and callers by the hundred, for whom nobody listens: SIPp, which costs little. Figures are of what is in
between.

Phones are agents' accounts that one SIPp answers for, all at one address and at once. Callers of another SIPp stay
for so long, or until they are let go, or until whoever has answered them hangs up: that alone tells that they were
served, for it is the dialplan that answers. Both speak and hear audio only where that is wanted.
"""

from __future__ import annotations

import asyncio
import csv
import secrets
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tests.bench.ownfiles import CENTRE, FILES, WITHOUT_LIMITS, with_more
from tests.bots import tones
from tests.e2e.callers import ACK, BYE, REQUEST, SDP
from tests.e2e.crowd import with_entries
from tests.e2e.foreign import free_port
from tests.e2e.sipp import OK, sipp
from tests.e2e.stack import Stack

FIRST_PHONE = 3001
TWENTY, MANY = "2951", "2952"
"""Numbers of the group of the first twenty, and of all of them."""
SERVED = "SuccessfulCall(C)"
"""SIPp's column."""
_PORT = 5070
_AT_ONCE = 8
_SPEECH_SECONDS = 4

_PHONES = """
[carrier](+)
rtp_timeout = 0
"""
_PHONE = """
[{user}](phone)
callerid = "Bench {user}" <{user}>
rtp_timeout = 0
aors = {user}
[{user}]
type = aor
contact = sip:{user}@{host}:{port}
"""
_ANSWER = """
      SIP/2.0 {status}
      [last_Via:]
      [last_From:]
      [last_To:];tag=[call_number]UNIQUE
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:[local_ip]:[local_port]>
      Allow: INVITE, ACK, BYE, CANCEL, UPDATE
      {rest}
"""
_SPEAKS = '<nop><action><exec rtp_stream="speech.ulaw,-1,0"/></action></nop>'
_HANGS_UP = """<recv request="ACK">
    <action>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="here"/>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="there"/>
    </action>
  </recv>
  SPEAKS
  <pause milliseconds="STAYS"/>
  <send retrans="500"><![CDATA[
      BYE [next_url] SIP/2.0
      Via: SIP/2.0/UDP [local_ip]:[local_port];branch=[branch]-UNIQUE
      Max-Forwards: 70
      From:[$here]
      To:[$there]
      Call-ID: [call_id]
      CSeq: 1 BYE
      Content-Length: 0

]]></send>
  <recv response="200"/>"""
_IS_LEFT = f"""<recv request="BYE"/>
  <send><![CDATA[{OK}]]></send>"""
_ANSWERED_UNTIL_LEFT = f"""<recv request="ACK"/>
  SPEAKS
  {_IS_LEFT}"""
_RINGS = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="phones that answer">
  <recv request="INVITE" rrs="true"/>
  <send><![CDATA[{_ANSWER.format(status="180 Ringing", rest="Content-Length: 0")}
]]></send>
  <send retrans="500"><![CDATA[{_ANSWER.format(status="200 OK", rest=SDP)}]]></send>
  ENDS
</scenario>
"""
_CALLS = f"""<?xml version="1.0" encoding="UTF-8"?>
<scenario name="calls">
  <send retrans="500" start_rtd="answered"><![CDATA[{REQUEST.format(method="INVITE", tag="", rest=SDP)}]]></send>
  <recv response="100" optional="true"/>
  <recv response="180" optional="true"/>
  <recv response="183" optional="true"/>
  <recv response="200" rtd="answered"/>
  <send><![CDATA[{ACK}
]]></send>
  SPEAKS
  ENDS
</scenario>
"""
_LEAVES = f"""<pause milliseconds="STAYS"/>
  <send retrans="500"><![CDATA[{BYE}\n]]></send>
  <recv response="200"/>"""


def agent_names(count: int) -> list[str]:
    """As callcentre.yaml has them."""
    return [f"bench{number:05}" for number in range(1, count + 1)]


def phone_of(number: int) -> str:
    """Of the agent of that number, from 0."""
    return str(FIRST_PHONE + number)


def files(centre: str, host: str, count: int) -> dict[str, str]:
    """What the call centre's files become with so many agents, whose phones are at `host`."""
    names = agent_names(count)
    agents = "".join(
        f'  {name}: {{name: Bench {number}, phone: "{phone_of(number)}", password: {name}-demo, '
        f"groups: [{'bench20, ' if number < 20 else ''}bench]}}\n"
        for number, name in enumerate(names)
    )
    groups = f'  bench20: {{name: Bench 20, number: "{TWENTY}"}}\n  bench: {{name: Bench, number: "{MANY}"}}\n'
    phones = (_PHONE.format(user=phone_of(number), host=host, port=_PORT) for number in range(count))
    return {
        CENTRE: with_entries(centre, {"agents": agents, "groups": groups, **WITHOUT_LIMITS}),
        "pjsip.conf": "".join((_PHONES, *phones)),
    }


def phones_at(stack: Stack) -> str:
    """Beside the carrier."""
    return f"{stack.carrier[0].rpartition('.')[0]}.3"


@asynccontextmanager
async def many_agents(stack: Stack, count: int) -> AsyncIterator[list[str]]:
    """While the block lasts they are in the files; nobody is logged in, and no phone answers."""
    host = phones_at(stack)
    texts = files((FILES / CENTRE).read_text(), host, count)
    phones = ("module reload res_pjsip.so",)
    async with with_more(stack, texts, reads=phones, forgets=phones):
        yield agent_names(count)


class Workplace:
    """Sessions of many agents, without windows."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self._stack = stack
        self._session = session
        self._tokens: dict[str, str] = {}

    async def log_in(self, agents: Sequence[str]) -> None:
        """All of them; nobody is ready yet."""

        async def one(agent: str) -> None:
            self._tokens[agent] = await self._stack.login(self._session, agent)

        await self._each(one, agents)

    async def become(self, state: str, agents: Sequence[str]) -> None:
        """Raises AssertionError where somebody may not."""

        async def one(agent: str) -> None:
            headers = {"Authorization": f"Bearer {self._tokens[agent]}"}
            url, body = f"{self._stack.api}/v1/me/state", {"state": state}
            async with self._session.put(url, json=body, headers=headers) as response:
                assert response.status == 200, await response.text()

        await self._each(one, agents)

    @staticmethod
    async def _each(do: Callable[[str], Awaitable[None]], agents: Sequence[str]) -> None:
        pending = iter(agents)

        async def worker() -> None:
            for agent in pending:
                await do(agent)

        await asyncio.gather(*(worker() for _ in range(_AT_ONCE)))


@dataclass
class Calling:
    """Callers under way."""

    process: asyncio.subprocess.Process
    stated: Path
    errors: Path
    began: float

    def count(self, column: str) -> int:
        """What SIPp stated last."""
        if not self.stated.exists():
            return 0
        lines = list(csv.DictReader(self.stated.read_text().splitlines(), delimiter=";"))
        whole = [line for line in lines if line.get(column)]
        return int(whole[-1][column]) if whole else 0

    async def reached(self, served: int, within: float = 3.0) -> int:
        """Wait until so many were served, or for so many seconds: how many it were in the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while self.count(SERVED) < served:  # noqa: ASYNC110 - SIPp states it in a file, once a second
                    await asyncio.sleep(0.1)
        return self.count(SERVED)

    async def are_done(self, within: float) -> tuple[int, int, float]:
        """Wait until all have called: (served, failed, seconds). Raises TimeoutError."""
        async with asyncio.timeout(within):
            await self.process.wait()
        took = time.monotonic() - self.began
        return self.count(SERVED), self.count("FailedCall(C)"), took

    async def stop(self, within: float = 10.0) -> None:
        """No more begin; those that are up end as they would. Killed where that takes longer."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGUSR1)
        try:
            async with asyncio.timeout(within):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


class Crowd:
    """SIPps of one call centre, in one directory."""

    def __init__(self, stack: Stack, place: Path, stopped: AsyncExitStack) -> None:
        self._stack = stack
        self._place = place
        self._stopped = stopped
        self._number = 0
        (place / "speech.ulaw").write_bytes(tones.payload(tones.FIRST_FREE, 3000.0) * (50 * _SPEECH_SECONDS))

    async def phones(self, *, speak: bool = False, stays: float | None = None) -> Calling:
        """All phones answer from now on, and hang up after so many seconds; None: when the other side does."""
        host, name = phones_at(self._stack), "phones"
        ends = _ANSWERED_UNTIL_LEFT if stays is None else _HANGS_UP
        scenario = self._scenario(name, _RINGS, ends, stays, speak)
        arguments = ("-sf", scenario, "-i", host, "-p", str(_PORT), "-mi", host, *self._audio(host), "-aa")
        return await self._calling(name, *arguments)

    async def call(self, numbers: Sequence[str], *, rate: float, at_once: int, stays: float | None, count: int = 10**7,
                   speak: bool = False) -> Calling:  # fmt: skip
        """So many callers a second, each of a number of their own, dial these numbers in turn, and stay for so long;
        None: until the other side hangs up."""
        self._number += 1
        name, host = f"calls{self._number}", self._stack.carrier[0]
        scenario = self._scenario(name, _CALLS, _IS_LEFT if stays is None else _LEAVES, stays, speak)
        rows = [f"+3375{number:07};{numbers[number % len(numbers)]}" for number in range(max(200, len(numbers)))]
        (self._place / f"{name}.csv").write_text("\n".join(["SEQUENTIAL", *rows, ""]))
        return await self._calling(
            name,
            *("-sf", scenario, "-inf", f"{name}.csv", "-i", host, "-p", str(free_port(host, socket.SOCK_DGRAM))),
            *("-mi", host, *self._audio(host), "-aa"),
            *("-r", f"{round(rate * 10)}", "-rp", "10000", "-l", str(at_once), "-m", str(count)),
        )

    async def _calling(self, name: str, *arguments: str) -> Calling:
        stated, errors = self._place / f"{name}_stat.csv", self._place / f"{name}_errors.log"
        states = ("-trace_stat", "-stf", str(stated), "-fd", "1", "-cid_str", f"%u-{secrets.token_hex(6)}@%s")
        process = await self._stopped.enter_async_context(sipp(self._place, self._stack, errors, *arguments, *states))
        return Calling(process, stated, errors, time.monotonic())

    def _scenario(self, name: str, text: str, ends: str, stays: float | None, speak: bool) -> str:
        text = text.replace("ENDS", ends).replace("STAYS", str(round((stays or 0) * 1000)))
        text = text.replace("SPEAKS", _SPEAKS if speak else "").replace("UNIQUE", secrets.token_hex(6))
        if speak:
            text = text.replace("[media_port]", "[rtpstream_audio_port]")
        (self._place / f"{name}.xml").write_text(text.replace("[service]", "[field1]"))
        return f"{name}.xml"

    @staticmethod
    def _audio(host: str) -> tuple[str, ...]:
        low = free_port(host, socket.SOCK_DGRAM)
        return ("-min_rtp_port", str(min(low, 40_000)), "-max_rtp_port", "60000")


@asynccontextmanager
async def crowd(stack: Stack) -> AsyncIterator[Crowd]:
    """SIPps end with the block."""
    with tempfile.TemporaryDirectory() as place:
        async with AsyncExitStack() as stopped:
            yield Crowd(stack, Path(place), stopped)
