"""Calls a second: through twenty agents against `app_queue`; and how many until a verb takes twice as long as at rest.

    docker/bench calls     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_calls

Phones and callers are SIPp's (`tests/bench/many.py`), the same for both sides.

* Sixteen callers at any time call a group of twenty agents; whose phone answers hangs up after a tenth of a second,
  which ends the call, and the next calls. Ours, and `app_queue` with the same twenty phones as members, take turns.
  Calls a second are those that the phones have answered and ended; a caller who was not among them is counted as a
  failure, and makes the round unclean. Callers speak: else `Answer()`, with which both begin, waits for half a second.
* While so many callers a second call a group of a hundred agents and stay for a second, somebody who talks is muted
  and unmuted again and again: milliseconds until that is answered, by the API; and by bare ARI requests while as many
  call the same phones through `Dial()`. The rate rises until the 99th percentile is twice that at rest, or calls
  fail. With audio all of them speak meanwhile."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.bench.baselines import DIAL, QUEUE, baselines
from tests.bench.figures import Curve, Figure, Value, load, parser, percentile, table, tell
from tests.bench.many import MANY, SERVED, TWENTY, Calling, Crowd, Workplace, crowd, many_agents, phone_of
from tests.bench.sides import Api, Bare, bridge_of, connect
from tests.bots import Lab, answers
from tests.e2e.office import Office
from tests.e2e.stack import Stack

GOAL = 0.8
AGENTS, TWENTY_OF = 100, 20
CALLERS_AT_ONCE, CALLS = 16, 500
TALK, STAYS = 0.1, 1.0
WITHIN = 60.0
RATES = (5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 55.0, 75.0)
STEP_SECONDS = 6.0
SETTLES = 1.5
"""Seconds until so many are up as will be."""
TWICE = 2.0
PAUSE = 0.005
STRETCHES = 3

type Verb = Callable[[], Awaitable[object]]


@dataclass
class Ladder:
    """How long a verb takes at each rate, until it takes twice as long."""

    at_rest: float = 0.0
    points: list[tuple[float, float]] = field(default_factory=list)

    @property
    def doubles_at(self) -> float:
        """The rate, between the two steps where it happened; the last one where it did not."""
        before = (0.0, self.at_rest)
        for rate, took in self.points:
            if took >= TWICE * self.at_rest:
                share = (TWICE * self.at_rest - before[1]) / (took - before[1])
                return before[0] + share * (rate - before[0])
            before = (rate, took)
        return before[0]

    @property
    def over(self) -> bool:
        """Whether it takes twice as long."""
        return bool(self.points) and self.points[-1][1] >= TWICE * self.at_rest


async def throughput(callers: Crowd, phones: Calling, number: str) -> tuple[float, int]:
    """(calls a second that agents' phones answered and ended, calls that they did not)."""
    before = phones.count(SERVED)
    calling = await callers.call([number], rate=500, at_once=CALLERS_AT_ONCE, stays=None, count=CALLS, speak=True)
    _, failed, took = await calling.are_done(WITHIN)
    served = await phones.reached(before + CALLS) - before
    return served / took, max(failed, CALLS - served)


async def through_twenty(stack: Stack, rounds: int) -> tuple[Figure, int]:
    """Ours and `app_queue` in turns; and how many calls failed."""
    figure = Figure("calls a second through 20 agents", "app_queue", GOAL, unit="", more=True)
    failures = 0
    phones = [phone_of(number) for number in range(TWENTY_OF)]
    ways = ((TWENTY, figure.ours), (f"{QUEUE}{phones[0]}", figure.baseline))
    async with baselines(stack, phones), crowd(stack) as callers:
        phones_answer = await callers.phones(stays=TALK)
        for number, _ in ways:
            await throughput(callers, phones_answer, number)  # everything is warm
        for round_ in range(rounds):
            for number, into in ways if round_ % 2 else reversed(ways):
                rate, failed = await throughput(callers, phones_answer, number)
                into.append(rate)
                failures += failed
                print(f"  {number}: {rate:.1f} calls/s, {failed} failed", flush=True)
    return figure, failures


async def timed(do: Verb, undo: Verb, seconds: float) -> list[float]:
    """Milliseconds of each verb, one after the other."""
    took = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for verb in (do, undo):
            began = time.monotonic()
            await verb()
            took.append((time.monotonic() - began) * 1000)
            await asyncio.sleep(PAUSE)
    return took


def steady(took: list[float]) -> float:
    """The 99th percentile: of the middle one of three stretches, so that one that was disturbed does not count."""
    size = max(1, len(took) // STRETCHES)
    return sorted(percentile(took[n * size : (n + 1) * size], 99) for n in range(STRETCHES))[STRETCHES // 2]


async def climb(callers: Crowd, numbers: list[str], do: Verb, undo: Verb, speak: bool) -> Ladder:
    """Rate by rate. The phones answer already."""
    found = Ladder(steady(await timed(do, undo, STEP_SECONDS)))
    for rate in RATES:
        calling = await callers.call(numbers, rate=rate, at_once=AGENTS, stays=STAYS, speak=speak)
        await asyncio.sleep(SETTLES)
        found.points.append((rate, steady(await timed(do, undo, STEP_SECONDS - SETTLES))))
        await calling.stop()
        failed = calling.count("FailedCall(C)")
        print(f"  {rate:.0f} calls/s: 99 % within {found.points[-1][1]:.1f} ms, {failed} failed", flush=True)
        if found.over or failed:
            break
    return found


async def until_twice(stack: Stack, rounds: int) -> tuple[list[Figure], list[Curve]]:
    """Without audio and with, ours and bare."""
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier)
    office = Office(lab, stack, {})
    figures, curves = [], []
    try:
        async with AsyncExitStack() as opened:
            await opened.enter_async_context(baselines(stack))
            ari = await opened.enter_async_context(aiohttp.ClientSession(headers=stack.ari_headers))
            api = await opened.enter_async_context(aiohttp.ClientSession())
            (alice,) = await office.agents("alice", behaviour=answers())
            await connect(office, await office.caller(), alice)
            api.headers["Authorization"] = f"Bearer {await stack.login(api, 'alice')}"
            bare, ours = Bare(stack, ari, *await bridge_of(stack, ari)), Api.of(stack, api, alice)
            dialled = [f"{DIAL}{phone_of(number)}" for number in range(AGENTS)]
            for speak in (False, True):
                what = f"calls a second until mute takes twice as long, {'with' if speak else 'without'} audio"
                figure = Figure(what, "bare ARI and Dial()", unit="", more=True)
                for _ in range(rounds):
                    async with crowd(stack) as callers:
                        await callers.phones(speak=speak)
                        mine = await climb(callers, [MANY], ours.act("mute"), ours.act("unmute"), speak)
                        plain = await climb(callers, dialled, bare.mute, bare.unmute, speak)
                    figure.ours.append(mine.doubles_at)
                    figure.baseline.append(plain.doubles_at)
                figures.append(figure)
                title = f"mute is answered, 99 %, {'with' if speak else 'without'} audio"
                for name, ladder in (("ours", mine), ("bare ARI", plain)):
                    points = [(0.0, ladder.at_rest), *ladder.points]
                    curves.append(Curve(title, name, "calls a second", "ms", points))
    finally:
        await office.close()
    return figures, curves


async def run(stack: Stack, rounds: int, file: Path | None) -> None:
    began = load()
    async with many_agents(stack, AGENTS) as agents, aiohttp.ClientSession() as session:
        workplace = Workplace(stack, session)
        await workplace.log_in(agents)
        await workplace.become("ready", agents)
        try:
            figure, failures = await through_twenty(stack, rounds)
            figures, curves = await until_twice(stack, max(1, rounds // 4))
        finally:
            await workplace.become("logged_out", agents)
    print(table([figure, *figures]))
    values = [Value("calls through 20 agents that failed", failures, "", 0)]
    tell("calls", file, began=began, figures=[figure, *figures], curves=curves, values=values)


def main() -> None:
    given = parser(__doc__, 4).parse_args()
    asyncio.run(run(Stack.from_environment(), given.rounds, given.json))


if __name__ == "__main__":
    main()
