"""Whatever Redis, calls and time do: each reservation is answered once, no report overtakes what was under way, and
nobody is reserved before others have reported what they did while Redis was away.

Time passes and Redis answers only where a step says so: what waits for another, and that for a third, is seen to wait.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from ari_app.availability.port import Waiting
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.engine import bookings
from ari_app.engine.bookings import Bookings
from ari_app.errors import StoreUnavailable
from ari_app.routing.targets import Target, parse_target

TARGET = parse_target("group:support")
TURNS = 40
"""Of the loop: more than any chain of tasks that hand on what is there already."""
ROUNDS = 200
"""Of all that ends when everything answers at once; more would be a report that never ends."""


class Redis:
    """Answers when it is let, in the order of requests; `away`: not at all."""

    def __init__(self) -> None:
        self.away = False
        self.at_once = False
        self.others_reported = True  # all of the time for it has passed since somebody got no answer
        self.unanswered = 0
        self.under_way: Counter[str] = Counter()
        self._held: list[asyncio.Event] = []

    def answer(self) -> None:
        if self._held:
            self._held.pop(0).set()

    def answer_all(self) -> None:
        self.at_once = True
        while self._held:
            self.answer()

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def request(*args: object) -> str | None:
            reports = name in {"reconcile", "waiting"}
            met = Counter(self.under_way)
            assert not reports or not met, f"{name} is sent while {dict(met)} may yet be done"
            assert reports or not met["reconcile"], f"{name} overtakes what all agents are reported to do"
            assert name != "reserve" or self.others_reported, "others may have given the agent a call meanwhile"
            self.under_way[name] += 1
            try:
                if not self.at_once:
                    held = asyncio.Event()
                    self._held.append(held)
                    await held.wait()
            finally:
                self.under_way -= Counter([name])
            if self.away:
                self.others_reported = False
                self.unanswered += 1
                raise StoreUnavailable
            return "alice" if name == "reserve" else None

        return request


class Queue:
    """Nobody waits here, but there are other Asterisks."""

    def of(self, request: str) -> Waiting | None:
        return None

    def all(self) -> Collection[tuple[Waiting, Target]]:
        return ()


class Leader:
    """Reservations of one Asterisk, beside others."""

    def __init__(self) -> None:
        self.redis = Redis()
        self.requested = 0
        self.answered: Counter[str] = Counter()
        self.at_once = False
        self._sleeping: list[asyncio.Event] = []
        self.bookings = Bookings(self.redis, self._fact, self._sleep, queue=Queue())  # type: ignore[arg-type]

    async def _sleep(self, seconds: float) -> None:
        before = self.redis.unanswered
        if not self.at_once:
            asleep = asyncio.Event()
            self._sleeping.append(asleep)
            await asleep.wait()
        if seconds == bookings._OTHERS_REPORT_SECONDS and before == self.redis.unanswered:
            self.redis.others_reported = True

    def _fact(self, fact: s.Stimulus) -> None:
        match fact:
            case s.AvailabilityEmptied():
                self.bookings.execute(e.ReconcileAgents(()))
            case s.AgentReserved() | s.NobodyAvailable() | s.ReservationFailed():
                self.answered[fact.request] += 1

    async def step(self, step: str) -> None:
        match step:
            case "reserve":
                self.requested += 1
                self.bookings.execute(e.ReserveAgent(f"r{self.requested}", TARGET, frozenset(), 40.0, can_wait=True))
            case "report":
                self.bookings.execute(e.ReconcileAgents(()))
            case "change":
                self.bookings.execute(e.SetActivity("alice", None, None))
            case "lost":
                self.bookings.lost()
            case "let go":
                self.bookings.let_go()
            case "take back":
                self.bookings.take_back()
            case "away" | "back":
                self.redis.away = step == "away"
            case "answer":
                self.redis.answer()
            case "time":
                for asleep in self._sleeping:
                    asleep.set()
                self._sleeping.clear()
        for _ in range(TURNS):
            await asyncio.sleep(0)

    async def until_calm(self) -> None:
        """All answers, and no time is waited for."""
        self.redis.away, self.at_once = False, True
        self.redis.answer_all()
        for _ in range(ROUNDS):
            await self.step("time")
            if not self.bookings._tasks:
                return
        stuck = sorted(str(task.get_coro()) for task in self.bookings._tasks)
        raise AssertionError(f"waits for ever: {stuck}")


OFTEN = ("reserve", "report", "answer", "answer", "time")
STEPS = (*OFTEN, *OFTEN, "lost", "lost", "change", "let go", "take back", "away", "back")


@settings(max_examples=int(os.environ.get("CC_EXAMPLES", "300")))
@given(st.lists(st.sampled_from(STEPS), max_size=30))
@example(["lost", "reserve", "report", "answer", "answer", "report", "time"])  # all callers waited for ever
def test_each_reservation_is_answered_once_and_knows_of_all_that_was_done_before(steps: list[str]) -> None:
    async def run() -> None:
        leader = Leader()
        try:
            for step in steps:
                await leader.step(step)
            await leader.until_calm()
        finally:
            await leader.bookings.close()
        assert leader.answered == Counter(f"r{number}" for number in range(1, leader.requested + 1))

    asyncio.run(run())
