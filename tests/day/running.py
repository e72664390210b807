"""The day itself: agents come and go, callers call, the queue is closed by hand, the database dies and comes back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path

from tests.bots import Contact, Lab, answers, rings
from tests.day.agents import Notes, Worker, now, rings_of
from tests.day.callers import Crowd
from tests.day.centre import FIRST_AGENTS, SECOND_AGENTS
from tests.day.desk import Desk
from tests.day.guests import Guest, guests
from tests.day.plan import MINUTE, QUIET, WISHES, Minute, Wish
from tests.e2e.containers import Part
from tests.e2e.crowd import PHONES
from tests.e2e.stack import Stack

_GUESTS = 28
_GUESTS_A_MINUTE = 24
_LATE = "crowd11", "crowd19"
"""Two agents who go home at noon and come back later."""
_NOON, _LATER = 3, 5
_OUTSIDE = tuple(f"+3379{n:07}" for n in range(3))
_DONE_WITHIN = 60.0
_EARLIER = 1.5
"""Seconds before a minute begins at which the queue is closed, or opened: nobody calls then."""


def database_away(minutes: Sequence[Minute]) -> float:
    """Seconds."""
    return MINUTE * sum(not each.database for each in minutes)


class Day:
    """One."""

    def __init__(self, place: Path, stack: Stack, desk: Desk, lab: Lab, notes: Notes, dice: random.Random) -> None:
        self._stack, self._desk, self._lab, self._dice = stack, desk, lab, dice
        self.notes = notes
        self.shut: list[tuple[float, float]] = []
        """When the second queue was closed by hand."""
        self.lasted = 0.0
        self._crowd = Crowd(place, stack, dice)
        self._workers: list[Worker] = []
        self._at_work: dict[str, asyncio.Task[None]] = {}
        self._visits: list[asyncio.Task[None]] = []

    async def runs(self, minutes: Sequence[Minute], begin: datetime) -> None:
        """Until all have gone home."""
        began = begin.timestamp()
        async with AsyncExitStack() as whatever_happens:
            whatever_happens.push_async_callback(self._crowd.close)
            people = await self._prepare()
            assert now() < began, "the machine was too slow to begin in time"
            outside = asyncio.ensure_future(self._answers_outside(people))
            whatever_happens.callback(outside.cancel)
            callers = await guests(self._lab, self.notes, _GUESTS, self._dice)
            for number, minute in enumerate(minutes):
                await self._at(began + number * MINUTE - _EARLIER)
                await self._opens_or_shuts(minutes, number)
                await self._at(began + number * MINUTE)
                await self._takes_or_brings(minutes, number)
                await self._comes_or_goes(number)
                await self._at(began + number * MINUTE + QUIET - 1)
                await self._crowd.begins(minute, number)
                self._visits += self._some_guests(callers, minute)
                print(f"  minute {number}: {self._crowd.called} callers and {len(self._visits)} guests", flush=True)
            await self._ends(began + len(minutes) * MINUTE, minutes)
            for person in people:
                self.notes.ledger.outside += rings_of(person, person.number)

    async def nothing_is_left(self) -> list[str]:
        """What is, in words."""
        try:
            await self._stack.no_calls()
        except AssertionError as complaint:
            return [str(complaint)]
        return []

    # -- before and after -------------------------------------------------------------------------

    async def _prepare(self) -> list[Contact]:
        for name in (*FIRST_AGENTS, *SECOND_AGENTS):
            phone = await self._lab.phone(name, PHONES[name], f"phone-{PHONES[name]}", behaviour=rings())
            worker = Worker(self._stack.api, phone, self.notes, random.Random(self._dice.random()))
            self._workers.append(worker)
            await self._begins_work(worker)
        self.notes.outside = _OUTSIDE
        return [
            await self._lab.contact(f"person-{n}", number, behaviour=answers(0.2)) for n, number in enumerate(_OUTSIDE)
        ]

    async def _begins_work(self, worker: Worker) -> None:
        worker.home = False
        await worker.comes(f"{worker.agent}-demo")
        self._at_work[worker.agent] = asyncio.ensure_future(worker.works())

    async def _goes_home(self, worker: Worker) -> None:
        worker.home = True
        self._lab.board.changed()
        await asyncio.wait([self._at_work.pop(worker.agent)], timeout=_DONE_WITHIN)
        await worker.goes()

    async def _ends(self, end: float, minutes: Sequence[Minute]) -> None:
        await self._at(end)
        if minutes[-1].second_shut:
            await self._opens()
        if not minutes[-1].database:
            await Part(self._stack, "history").start()
        self.notes.closing = True
        try:
            await self._crowd.are_done(_DONE_WITHIN)
        except TimeoutError:
            self.notes.wrong["callers who have not hung up a minute after the end"] += 1
        await asyncio.wait(self._visits, timeout=2 * _DONE_WITHIN)
        for worker in [each for each in self._workers if each.agent in self._at_work]:
            await self._goes_home(worker)
        self.notes.ledger.callers += self._crowd.noted()
        self.lasted = now() - end + len(minutes) * MINUTE

    async def _answers_outside(self, people: Sequence[Contact]) -> None:
        """Those whom agents call: what rang there is noted, so that it does not become too much to look at."""
        while True:
            await asyncio.sleep(5.0)
            for person in people:
                self.notes.ledger.outside += rings_of(person, person.number)

    # -- in the minutes ---------------------------------------------------------------------------

    async def _at(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - now()))

    async def _opens_or_shuts(self, minutes: Sequence[Minute], number: int) -> None:
        before = number > 0 and minutes[number - 1].second_shut
        if minutes[number].second_shut and not before:
            await self._desk.opens("queue:second", "closed")
            self.shut.append((now(), float("inf")))
        elif before and not minutes[number].second_shut:
            await self._opens()

    async def _opens(self) -> None:
        until = now()
        await self._desk.opens("queue:second", "hours")
        self.shut[-1] = (self.shut[-1][0], until)

    async def _takes_or_brings(self, minutes: Sequence[Minute], number: int) -> None:
        before = number == 0 or minutes[number - 1].database
        if before and not minutes[number].database:
            await Part(self._stack, "history").kill()
        elif not before and minutes[number].database:
            await Part(self._stack, "history").start()

    async def _comes_or_goes(self, number: int) -> None:
        for worker in [each for each in self._workers if each.agent in _LATE]:
            if number == _NOON:
                await self._goes_home(worker)
            elif number == _LATER:
                await self._begins_work(worker)

    def _some_guests(self, callers: Sequence[Guest], minute: Minute) -> list[asyncio.Task[None]]:
        free = [guest for guest in callers if not guest.busy.locked()]
        chosen = self._dice.sample(free, min(len(free), _GUESTS_A_MINUTE))
        # Keys are for who waits; and one of them leads to the second queue.
        wishes = [each for each in WISHES if minute.open or each == "listens"]
        wishes = [each for each in wishes if not (minute.second_shut and each == "second")]
        return [asyncio.ensure_future(self._visit(guest, self._dice.choice(wishes))) for guest in chosen]

    async def _visit(self, guest: Guest, wish: Wish) -> None:
        await asyncio.sleep(self._dice.uniform(0.5, MINUTE - 2 * QUIET - 2))
        try:
            await guest.calls(wish)
        except Exception as error:  # whatever they meet is said on the page
            self.notes.wrong[f"a guest ({wish}): {type(error).__name__} {str(error).splitlines()[0][:120]}"] += 1
