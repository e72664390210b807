"""Callers of several Asterisks: who comes later waits until those before them are served, and is looked at again."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import replace

import pytest

from ari_app.availability.port import Waiting
from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.engine import bookings
from ari_app.engine.bookings import Bookings
from ari_app.routing.targets import Target, parse_target
from ari_app.testing.availability import MemoryAvailability
from ari_app.waiting import Waiters, waits
from tests.support.callcentre import directory
from tests.support.office import Office
from tests.support.world import to

SUPPORT = parse_target("group:support")
FIRST, SECOND = (Waiting(f"c{n}", (0.0, 1000.0 + n)) for n in (1, 2))
WAIT = 5.0


class Queue:
    """Who waits here, as a test says."""

    def __init__(self, waiting: Waiting) -> None:
        self.waiting = waiting

    def of(self, request: str) -> Waiting | None:
        return self.waiting if request.startswith("queue") else None

    def all(self) -> Collection[tuple[Waiting, Target]]:
        return [(self.waiting, SUPPORT)]


class Asterisk:
    """Reservations of one of them."""

    def __init__(self, availability: MemoryAvailability, name: str, waiting: Waiting) -> None:
        self.facts: asyncio.Queue[s.Stimulus] = asyncio.Queue()
        self.availability = availability.led(name)
        self.bookings = Bookings(self.availability, self.facts.put_nowait, queue=Queue(waiting))

    async def reserves(self, request: str) -> s.Stimulus:
        self.bookings.execute(e.ReserveAgent(request, SUPPORT, frozenset(), 40.0))
        return await self.fact()

    async def fact(self) -> s.Stimulus:
        async with asyncio.timeout(WAIT):
            return await self.facts.get()


@pytest.fixture
async def two(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Asterisk, Asterisk]]:
    monkeypatch.setattr(bookings, "_LOOK_AGAIN_SECONDS", 0.0)
    availability = MemoryAvailability(lambda: 2000.0)
    await availability.configure(directory())
    both = Asterisk(availability, "a", FIRST), Asterisk(availability, "b", SECOND)
    yield both
    for one in both:
        await one.bookings.close()


async def test_the_first_is_served_and_the_second_when_the_first_waits_no_more(two: tuple[Asterisk, Asterisk]) -> None:
    a, b = two
    assert await a.reserves("queue1") == s.NobodyAvailable("queue1")
    await a.availability.set_state("alice", "ready")
    assert await b.reserves("queue2") == s.NobodyAvailable("queue2")
    assert await b.fact() == s.AgentBecameAvailable("alice")
    a.bookings.left(FIRST.call)
    while a.bookings._tasks:
        await asyncio.wait(set(a.bookings._tasks))
    assert await b.reserves("queue3") == s.AgentReserved("queue3", "alice")


async def test_what_is_for_nobody_who_waits_is_reserved_at_once(two: tuple[Asterisk, Asterisk]) -> None:
    a, b = two
    assert await a.reserves("queue1") == s.NobodyAvailable("queue1")
    await a.availability.set_state("alice", "ready")
    assert await b.reserves("command") == s.AgentReserved("command", "alice")


async def test_who_waits_is_known_again_after_reconciliation(two: tuple[Asterisk, Asterisk]) -> None:
    a, b = two
    await a.availability.set_state("alice", "ready")
    a.bookings.execute(e.ReconcileAgents(()))
    while a.bookings._tasks:
        await asyncio.wait(set(a.bookings._tasks))
    assert await b.reserves("queue2") == s.NobodyAvailable("queue2")


def test_a_caller_waits_until_they_are_rung_for_or_gone() -> None:
    office = Office()
    office.arrives("group", "night", leg="in1")
    office.settle()
    (call,) = office.switch.calls.values()
    assert waits(call) == (Waiting(call.id, (0, call.started_at)), to("group:night"))
    waiters = Waiters(office.switch.state)
    assert list(waiters.all()) == [waits(call)]
    assert waits(replace(call, ended=True, offer=None)) is None
    assert waits(None) is None
    assert waiters.of("unknown") is None


def test_who_is_served_or_sought_by_an_agent_waits_for_nobody() -> None:
    office = Office()
    call = office.served().id
    assert waits(office.switch.calls[call]) is None
    office.ask(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    assert list(Waiters(office.switch.state).all()) == []
