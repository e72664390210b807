"""What was requested of availability and not answered may have been done: nothing of that stays."""

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Any

import pytest

from ari_app.availability.port import AgentState, Waiting
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.engine.bookings import Bookings
from ari_app.errors import StoreUnavailable
from ari_app.routing.targets import Target, parse_target
from ari_app.testing.availability import MemoryAvailability
from tests.support.callcentre import directory

SUPPORT = parse_target("group:support")
CALLER = Waiting("c1", (0.0, 1001.0))
WAIT = 5.0


class Queue:
    """Who waits here."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Waiting, Target]] = []

    def of(self, request: str) -> Waiting | None:
        return next((waiting for waiting, _ in self.waiting), None)

    def all(self) -> Collection[tuple[Waiting, Target]]:
        return self.waiting


class Silent:
    """Availability that does what it is given, and does not answer to those in `unanswered`, each as often."""

    def __init__(self, availability: MemoryAvailability) -> None:
        self.availability = availability
        self.unanswered: list[str] = []
        self.away = False

    def __getattr__(self, name: str) -> Any:
        async def done(*args: object) -> object:
            if self.away:
                raise StoreUnavailable
            answer = await getattr(self.availability, name)(*args)
            if name in self.unanswered:
                self.unanswered.remove(name)
                raise StoreUnavailable
            return answer

        return done


class Leader:
    """Reservations of one Asterisk; what it has to report of its calls is `reports`."""

    def __init__(self, availability: MemoryAvailability, name: str) -> None:
        self.availability = Silent(availability.led(name))
        self.rests_for: list[float] = []
        self.queue = Queue()
        self.reports = e.ReconcileAgents(())
        self.facts: list[s.Stimulus] = []
        self.slept = asyncio.Event()
        self.goes_on = asyncio.Event()
        self.bookings = Bookings(self.availability, self._fact, self._sleep, queue=self.queue)

    async def _sleep(self, seconds: float) -> None:
        self.rests_for.append(seconds)
        self.slept.set()
        await self.goes_on.wait()

    def _fact(self, fact: s.Stimulus) -> None:
        self.facts.append(fact)
        if isinstance(fact, s.AvailabilityEmptied):
            self.bookings.execute(self.reports)

    async def rests(self) -> None:
        """All is done."""
        self.goes_on.set()
        while self.bookings._tasks:
            async with asyncio.timeout(WAIT):
                await asyncio.wait(set(self.bookings._tasks))

    async def reserves(self, request: str) -> s.Stimulus:
        self.bookings.execute(e.ReserveAgent(request, SUPPORT, frozenset(), 40.0))
        await self.rests()
        answers = (s.AgentReserved, s.NobodyAvailable, s.ReservationFailed)
        return next(fact for fact in self.facts if isinstance(fact, answers) and fact.request == request)


@pytest.fixture
async def shared() -> MemoryAvailability:
    availability = MemoryAvailability(lambda: 2000.0)
    await availability.configure(directory())
    await availability.set_state("alice", "ready")
    return availability


@pytest.fixture
async def leaders(shared: MemoryAvailability) -> AsyncIterator[tuple[Leader, Leader]]:
    both = Leader(shared, "a"), Leader(shared, "b")
    yield both
    for leader in both:
        await leader.bookings.close()


async def test_two_leaders_reserve_no_agent_where_the_end_of_a_call_is_repeated(
    leaders: tuple[Leader, Leader], shared: MemoryAvailability
) -> None:
    a, b = leaders
    a.bookings.execute(e.SetActivity("alice", "on_call", "c0"))
    await a.rests()
    a.goes_on.clear()
    a.slept.clear()
    a.availability.unanswered = ["set_activity"]
    a.bookings.execute(e.SetActivity("alice", None))
    async with asyncio.timeout(WAIT):
        await a.slept.wait()
    got = [await a.reserves("r1"), await b.reserves("r2"), await a.reserves("r3")]
    assert sum(isinstance(fact, s.AgentReserved) for fact in got) == 1


async def test_an_agent_is_reserved_for_nobody_no_longer_when_redis_answers_again(
    leaders: tuple[Leader, Leader], shared: MemoryAvailability
) -> None:
    a, _ = leaders
    a.availability.unanswered = ["reserve"]
    assert await a.reserves("r1") == s.ReservationFailed("r1")
    await a.rests()
    assert (await shared.agent("alice")).state is AgentState.READY


async def test_a_caller_whose_leaving_was_not_written_waits_no_longer_when_redis_answers_again(
    leaders: tuple[Leader, Leader], shared: MemoryAvailability
) -> None:
    a, _ = leaders
    a.queue.waiting = [(CALLER, SUPPORT)]
    await shared.set_state("alice", "logged_out")
    assert await a.reserves("r1") == s.NobodyAvailable("r1")
    a.queue.waiting = []
    a.availability.unanswered = ["left"]
    a.availability.availability.left = _lost  # type: ignore[method-assign]
    a.bookings.left(CALLER.call)
    await a.rests()
    assert shared.kept.waiting["a"] == {}


async def _lost(call: str) -> None:
    """Nothing is written."""


async def test_a_caller_who_leaves_while_somebody_is_sought_for_them_waits_no_longer(
    leaders: tuple[Leader, Leader], shared: MemoryAvailability
) -> None:
    a, _ = leaders
    await shared.set_state("alice", "logged_out")
    a.queue.waiting = [(CALLER, SUPPORT)]
    reserve = a.availability.availability.reserve

    async def slow(*args: Any) -> str | None:
        a.queue.waiting = []
        a.bookings.left(CALLER.call)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return await reserve(*args)

    a.availability.availability.reserve = slow  # type: ignore[assignment, method-assign]
    await a.reserves("r1")
    await a.rests()
    assert shared.kept.waiting["a"] == {}


async def test_an_agent_is_reserved_for_nobody_no_longer_also_where_that_failed_while_all_were_about_to_be_reported(
    leaders: tuple[Leader, Leader], shared: MemoryAvailability
) -> None:
    a, _ = leaders
    a.availability.unanswered = ["reserve"]
    a.bookings.execute(e.ReserveAgent("r1", SUPPORT, frozenset(), 40.0))
    a.bookings.execute(e.ReconcileAgents((), ("r1",)))
    await a.rests()
    assert s.ReservationFailed("r1") in a.facts
    assert (await shared.agent("alice")).state is AgentState.READY


async def test_while_redis_is_away_all_agents_are_reported_once(leaders: tuple[Leader, Leader]) -> None:
    a, _ = leaders
    a.availability.unanswered = ["set_activity"] * 3 + ["reserve"] * 2
    for agent in ("alice", "bob"):
        a.bookings.execute(e.SetActivity(agent, None))
    await a.reserves("r1")
    await a.rests()
    assert sum(isinstance(fact, s.AvailabilityEmptied) for fact in a.facts) <= 2
    assert not a.bookings._lanes


async def turns() -> None:
    """All that can go on by itself does."""
    for _ in range(50):
        await asyncio.sleep(0)


async def goes_on(leader: Leader) -> None:
    """Whatever rests there rests no longer; what rests after that does."""
    before, leader.goes_on = leader.goes_on, asyncio.Event()
    before.set()
    await turns()


@pytest.mark.parametrize("notices", [True, False], ids=["a request", "its agents alone"])
async def test_who_began_a_call_while_redis_was_away_is_given_to_no_caller_of_another_asterisk_before_that_is_known(
    leaders: tuple[Leader, Leader], notices: bool
) -> None:
    a, b = leaders
    a.availability.away = b.availability.away = True
    a.reports = e.ReconcileAgents((("alice", "on_call", "own"),))
    a.bookings.execute(e.SetActivity("alice", "on_call", "own"))
    if notices:
        b.bookings.execute(e.ReserveAgent("r1", SUPPORT, frozenset(), 40.0, can_wait=True))
    else:
        b.bookings.lost()
    await turns()
    a.availability.away = b.availability.away = False
    await goes_on(b)
    b.bookings.execute(e.ReserveAgent("r2", SUPPORT, frozenset(), 40.0, can_wait=True))
    await turns()
    b.bookings.execute(b.reports)  # whatever else has to be reported waits for nobody
    await turns()
    assert b.bookings._reconciling.done.is_set()
    await goes_on(a)
    assert not any(isinstance(fact, s.AgentReserved) for fact in b.facts)
    await b.rests()
    assert s.NobodyAvailable("r2") in b.facts
    assert max(b.rests_for) > 2 * min(a.rests_for)  # others try again in between


async def test_nobody_waits_for_others_where_redis_was_not_away(leaders: tuple[Leader, Leader]) -> None:
    _, b = leaders
    b.bookings.execute(e.ReconcileAgents(()))
    b.bookings.execute(e.ReserveAgent("r1", SUPPORT, frozenset(), 40.0))
    await turns()
    assert s.AgentReserved("r1", "alice") in b.facts
    assert b.rests_for == []


async def seeks_while_others_report(leaders: tuple[Leader, Leader]) -> Leader:
    """Redis was away, and a reservation that is requested now waits for what others have to report."""
    _, leader = leaders
    leader.bookings.lost()
    await turns()
    leader.bookings.execute(e.ReserveAgent("r1", SUPPORT, frozenset(), 40.0, can_wait=True))
    await turns()
    return leader


async def test_where_redis_is_away_twice_others_are_waited_for_a_second_time_too(
    leaders: tuple[Leader, Leader],
) -> None:
    leader = await seeks_while_others_report(leaders)
    first, leader.goes_on = leader.goes_on, asyncio.Event()
    leader.bookings.lost()
    await turns()
    first.set()
    await turns()
    assert not any(isinstance(fact, s.AgentReserved) for fact in leader.facts)
    await leader.rests()
    assert any(isinstance(fact, s.AgentReserved) for fact in leader.facts)


async def test_where_redis_is_away_twice_nobody_is_reserved_before_all_is_reported_again(
    leaders: tuple[Leader, Leader],
) -> None:
    leader = await seeks_while_others_report(leaders)
    reconcile, reported = leader.availability.availability.reconcile, asyncio.Event()

    async def slowly(*args: Any) -> None:
        await reported.wait()
        await reconcile(*args)

    leader.availability.availability.reconcile = slowly  # type: ignore[method-assign, assignment]
    leader.bookings.lost()
    await turns()
    leader.goes_on.set()
    await turns()
    assert not any(isinstance(fact, s.AgentReserved) for fact in leader.facts)
    reported.set()
    await leader.rests()
    assert any(isinstance(fact, s.AgentReserved) for fact in leader.facts)
