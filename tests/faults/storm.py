"""The row `history`: many short calls while parts of the cluster are taken away at any moment; then the history of all
that was seen is checked (checker.py).
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

from tests.bots import Contact, DeadlineMissed, Phone
from tests.bots.call import Call
from tests.bots.call_state import CallState
from tests.bots.carrier import Carrier
from tests.e2e.cluster import CONTROLLERS, Cluster
from tests.e2e.containers import Part
from tests.e2e.crowd import CROWD, GROUP_TOGETHER, PHONES, QUEUE, QUEUE_URGENT, SKILL
from tests.faults import cuts
from tests.faults.checker import violations
from tests.faults.figures import Promise, Round, Row
from tests.faults.history import History, Kind
from tests.faults.holdings import Holdings
from tests.faults.looking import what_is_wrong
from tests.faults.people import PATIENCE, People
from tests.faults.recorder import Recorder, by_request, outcome
from tests.faults.scene import people, until_whole

SERVED = "all who called then are served, after the end of the last fault"
ROW = Row(
    "history",
    "Short calls into queues, groups and skills with few agents, and two parts taken away at any moment; what phones "
    "and desktops saw is checked ([how](testing.md#histories))",
    (Promise(SERVED),),
)
_AGENTS = CROWD[:6]
_CALLERS = 9
_OUTSIDE = 3
_DIALLED = (QUEUE, QUEUE_URGENT, "2900", GROUP_TOGETHER, SKILL)
_LASTS = 3.0
"""Seconds for which a part is away; and for as long everybody goes on before, between and after."""
_RINGS_FOR = 0.4
_LETS_GO = 1.0
_CALLS_OUT = 0.25
_OUTSIDE_NUMBERS, _CALLER_NUMBERS = "+3381{:07}", "+3382{:07}"


@dataclass
class Storm:
    """Who takes part in all rounds; numbers are never used twice."""

    people: People
    agents: list[Phone]
    callers: list[Contact]
    outside: list[Contact]
    carrier: Carrier
    recorder: Recorder = field(default_factory=Recorder)
    over: bool = False
    _numbers: count[int] = field(default_factory=count)

    @property
    def cluster(self) -> Cluster:
        return self.people.cluster

    async def round(self, dice: random.Random) -> tuple[Round, History]:
        """One: calls, faults, calls until all who called were served. What it has shown."""
        self.recorder, self.over = Recorder(), False
        for bot in (*self.agents, *self.callers, *self.outside):
            bot.calls[:] = bot.live
            del bot.timeline.changes[:-1]
        since, wrong, took = time.monotonic(), list[str](), dict[str, float | None]()
        own = [random.Random(dice.random()) for _ in (*self.agents, *self.callers)]
        at_work = [asyncio.ensure_future(self._works(*each)) for each in zip(self.agents, own, strict=False)]
        at_work += [asyncio.ensure_future(self._outside_let_go()), asyncio.ensure_future(self._stay_ready())]
        calling = [asyncio.ensure_future(self._calls(*each)) for each in zip(self.callers, own[6:], strict=True)]
        try:
            what = await self._faults(dice)
            await until_whole(self.cluster)
            healed = time.monotonic()
            self.over = True
            _, waiting = await asyncio.wait(calling, timeout=PATIENCE)
            took[SERVED] = None if waiting else time.monotonic() - healed
        except AssertionError as complaint:
            what = "it did not end"
            wrong.append(" ".join(str(complaint).splitlines()[:4]))
        until = time.monotonic()
        await self._stop([*calling, *at_work])
        history = self.recorder.history(self.agents, self.outside, since, until)
        for bot in (*self.agents, *self.callers, *self.outside):
            bot.hangup()
        wrong += map(str, violations(history))
        wrong += await what_is_wrong(self.people, Holdings(agents=dict.fromkeys(_AGENTS, "ready")))
        return Round(what, took, {}, tuple(wrong), _counted(history)), history

    async def _stop(self, tasks: Sequence[asyncio.Future[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # -- faults -------------------------------------------------------------------------------------------------------

    async def _faults(self, dice: random.Random) -> str:
        """Two, one after the other. What they were."""
        await asyncio.sleep(_LASTS)
        done = []
        for _ in range(2):
            await asyncio.sleep(dice.uniform(0, _LASTS))
            name, fault = await _choose(self.cluster, dice)
            done.append(name)
            async with fault:
                await asyncio.sleep(dice.uniform(0.5, 2 * _LASTS))
        await asyncio.sleep(_LASTS)
        return ", then ".join(done)

    # -- people -------------------------------------------------------------------------------------------------------

    async def _calls(self, caller: Contact, dice: random.Random) -> None:
        """Again and again, each time under another number; one in four gives up while they wait or talk."""
        while not self.over:
            await asyncio.sleep(dice.uniform(0, 1.5))
            caller.user = _CALLER_NUMBERS.format(next(self._numbers))
            call = caller.dial(dice.choice(_DIALLED))
            self.recorder.dialled[caller.user] = (caller, call)
            if dice.random() < 0.25:
                await self._until_ended(call, dice.uniform(0.3, 8))
                call.hangup()
            await self._until_ended(call, 4 * PATIENCE)

    async def _until_ended(self, call: Call, within: float) -> None:
        try:
            await self.people.lab.board.until(
                lambda: call.state is CallState.ENDED, within=within, otherwise=lambda: "it goes on"
            )
        except DeadlineMissed:
            return

    async def _works(self, agent: Phone, dice: random.Random) -> None:
        """Talks a while with whoever is put through, then leaves the call or transfers it; or calls somebody."""
        while True:
            await self.people.lab.board.until(
                lambda: any(call.state is CallState.UP for call in agent.calls), within=3600, otherwise=lambda: "idle"
            )
            call = next(call for call in agent.calls if call.state is CallState.UP)
            await asyncio.sleep(dice.uniform(0.4, 1.6))
            if call.state is CallState.UP:
                kinds: tuple[Kind, ...] = ("release", "release", "hang-up", "transfer")
                await self._ends(agent, call, dice.choice(kinds[:3] if by_request(call) else kinds))
            calls_out = not self.over and dice.random() < _CALLS_OUT  # what is on its way as all hang up would be left
            if not agent.live and calls_out and await self._is_free(agent):
                await self._requests(agent, "call", "", "/v1/calls")

    async def _ends(self, agent: Phone, call: Call, kind: Kind) -> None:
        number = call.display.number
        if kind == "hang-up":
            self.recorder.hung_up(agent.name, number)
            call.hangup()
            return
        if (found := await self._call_of(agent, number)) is None:
            return
        verb = "single-step-transfer" if kind == "transfer" else "release"
        if await self._requests(agent, kind, number, f"/v1/calls/{found}/{verb}"):
            await self._until_ended(call, PATIENCE)

    async def _requests(self, agent: Phone, kind: Kind, number: str, path: str) -> bool:
        """A command, repeated with its key until it is answered; whether it was done."""
        target = "" if kind == "release" else self._unused()
        body = {"target": f"number:{target}"} if target else None
        with self.recorder.command(agent.name, kind, number, target) as answered:
            answered.extend(await self.people.desktops[agent.name].until_done("POST", path, body))
        return outcome(answered, rings=bool(target)) == "ok"

    async def _is_free(self, agent: Phone) -> bool:
        """Whether their desktop shows no call: who hangs up and calls at once may have done it in the other order."""
        status, answer = await self.people.desktops[agent.name].request("GET", "/v1/calls")
        return status == 200 and not answer["calls"]

    async def _call_of(self, agent: Phone, number: str) -> str | None:
        """The call with them, as the agent's desktop shows it."""
        _, answer = await self.people.desktops[agent.name].request("GET", "/v1/calls")
        for call in answer.get("calls", ()):
            if any(party["number"] == number and party["state"] != "left" for party in call["parties"]):
                return str(call["id"])
        return None

    def _unused(self) -> str:
        """A number outside that nobody has dialled yet."""
        number = _OUTSIDE_NUMBERS.format(next(self._numbers))
        self.carrier.contacts[number] = self.outside[len(self.carrier.contacts) % len(self.outside)]
        return number

    async def _outside_let_go(self) -> None:
        """Whoever outside was called hangs up after a while."""
        while True:
            up = [call for each in self.outside for call in each.live]
            await asyncio.sleep(_LETS_GO)
            for call in up:
                call.hangup()

    async def _stay_ready(self) -> None:
        """Whoever was not ready any more, because their phone did not answer in time, becomes ready again."""
        while True:
            for name, state in (await self.people.states()).items():
                if state == "not_ready":
                    await self.people.desktops[name].request("PUT", "/v1/me/state", {"state": "ready"})
            await asyncio.sleep(_LETS_GO)


def _counted(history: History) -> dict[str, int]:
    commands = [each for each in history.operations if each.kind != "hang-up"]
    return {
        "calls": len(history.stays),
        "times that a phone was rung": len(history.rings),
        "commands": len(commands),
        "of them refused": sum(each.outcome == "fail" for each in commands),
        "of them with an outcome that nobody knows": sum(each.outcome == "unknown" for each in commands),
    }


# -- what is taken away -----------------------------------------------------------------------------------------------


type Taken = AbstractAsyncContextManager[None]


@asynccontextmanager
async def _killed(part: Part) -> AsyncIterator[None]:
    await part.kill()
    try:
        yield
    finally:
        await part.start()


@asynccontextmanager
async def _frozen(part: Part) -> AsyncIterator[None]:
    await part.freeze()
    try:
        yield
    finally:
        await part.thaw()


async def _choose(cluster: Cluster, dice: random.Random) -> tuple[str, Taken]:
    """A part by lot, as they stand now, and how it is lost."""
    primary = await cluster.primary()
    leaders = [name for name in CONTROLLERS if await cluster.leads(name)]
    # Between the edge and an Asterisk, phones would not learn that calls are over: it is not them who are tested.
    between = [cut for cut in await cuts.cuts(cluster) if cut.protocol == "tcp"]
    cut, leader = dice.choice(between), dice.choice(leaders)
    found: list[tuple[str, Taken]] = [
        (f"{leader} killed", _killed(Part(cluster.stack, leader))),
        (f"{leader} frozen", _frozen(Part(cluster.stack, leader))),
        (f"{primary} killed", _killed(cluster.node(primary))),
        (f"{primary} frozen", _frozen(cluster.node(primary))),
        (f"{cut.name} cut off", cuts.made(cluster, cut)),
    ]
    return dice.choice(found)


@asynccontextmanager
async def storm(cluster: Cluster) -> AsyncIterator[Storm]:
    """Everybody is there, and nobody calls yet."""
    async with people(cluster) as found:
        agents = [await found.agent(name, rings_for=_RINGS_FOR) for name in _AGENTS]
        await cluster.until_seen_by_all({PHONES[name] for name in _AGENTS})
        callers = [await found.caller() for _ in range(_CALLERS)]
        outside = [await found.caller() for _ in range(_OUTSIDE)]
        await found.until_ready(*_AGENTS)
        yield Storm(found, agents, callers, outside, await found.lab.carrier())
