"""The shell around the machine: who waits until they lead, who must inquire before they act, what is handed over."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from ari_app.errors import StoreUnavailable
from ari_app.leading.leading import Leading
from ari_app.leading.machine import Timing
from ari_app.store.leases import Fence, Lease, Renewal
from ari_app.testing.leases import MemoryLeases

QUICK = Timing(lasts=0.2, renew=0.01, look=0.005, within=0.1, rest=60.0, first=0.3, settles=0.1)
DEADLINE = 5.0


@dataclass
class Clock:
    """Real time, and as much more as somebody stood still."""

    stood_still: float = 0.0

    def __call__(self) -> float:
        return asyncio.get_running_loop().time() + self.stood_still


@dataclass
class Store(MemoryLeases):
    """May be away, or give no answer until it is let go on."""

    away: bool = False
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        super().__init__(lambda: asyncio.get_running_loop().time())
        self.answers.set()
        self.inquiries = 0

    async def look(self, asterisk: str, seeks: float = 0) -> Lease:
        await self._reach()
        return await super().look(asterisk, seeks)

    async def renew(self, fence: Fence, address: str, seconds: float) -> Renewal:
        await self._reach()
        return await super().renew(fence, address, seconds)

    async def release(self, fence: Fence) -> None:
        await self._reach()
        await super().release(fence)

    async def _reach(self) -> None:
        self.inquiries += 1
        await self.answers.wait()
        if self.away:
            raise StoreUnavailable


@pytest.fixture
def store() -> Store:
    return Store()


class Process:
    """One controller, as far as it leads."""

    def __init__(self, store: Store, owner: str) -> None:
        self.clock = Clock()
        self.leading = Leading(store, "a", owner, f"{owner}:8080", QUICK, clock=self.clock)
        self.task = asyncio.create_task(self.leading.run())

    async def leads(self) -> Fence:
        async with asyncio.timeout(DEADLINE):
            return await self.leading.begun()

    async def die(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


@pytest.fixture
async def one(store: Store) -> AsyncIterator[Process]:
    process = Process(store, "one")
    await process.leads()
    yield process
    await process.die()


@pytest.fixture
async def two(store: Store, one: Process) -> AsyncIterator[Process]:
    process = Process(store, "two")
    yield process
    await process.die()


async def test_the_first_leads_and_the_next_when_that_one_is_dead(store: Store, one: Process, two: Process) -> None:
    assert one.leading.fence == Fence("a", 1, "one")
    assert (await store.look("a")).address == "one:8080"
    await one.die()
    assert await two.leads() == Fence("a", 2, "two")


ON_AND_ON = Timing(lasts=60.0, renew=0.01, look=0.005, within=0.1, late=0.05)
"""A lease that ends in no test by itself."""


@pytest.mark.parametrize(
    ("lives", "listens", "takes_over"),
    [(False, False, True), (False, True, False), (True, False, False)],
    ids=["killed", "standing still", "being stopped"],
)
async def test_the_lease_of_who_is_dead_is_not_waited_for(
    store: Store, lives: bool, listens: bool, takes_over: bool
) -> None:
    looked = asyncio.Event()

    async def dead(address: str) -> bool:
        assert address == "http://one"
        looked.set()
        return not listens

    number = await store.take("a", "zero", "", 1.0)
    assert number is not None
    await store.release(Fence("a", number, "zero"))
    # Who is being stopped goes on renewing: a test that stands still for a moment must not make them late.
    timing = replace(ON_AND_ON, late=DEADLINE) if lives else ON_AND_ON
    one = Leading(store, "a", "one", "http://one", timing)
    two = Leading(store, "a", "two", "http://two", timing, dead=dead)
    first = asyncio.create_task(one.run())
    async with asyncio.timeout(DEADLINE):
        await one.begun()
        second = asyncio.create_task(two.run())
        if not lives:
            first.cancel()
        if takes_over:
            assert await two.begun() == Fence("a", 3, "two")
        else:
            if not lives:
                await looked.wait()
            for _ in range(20):
                await two.inquired()
            assert (two.fence, looked.is_set()) == (None, not lives)
    for task in (first, second):
        task.cancel()
    await asyncio.gather(first, second, return_exceptions=True)


async def test_who_leads_is_known_to_all_also_while_the_store_is_away(store: Store, one: Process, two: Process) -> None:
    async with asyncio.timeout(DEADLINE):
        while not two.leading.leader.owner:
            await two.leading.inquired()
        store.away = True
        while not two.leading.trouble:
            await two.leading.inquired()
    of_one = Lease(1, "one", "one:8080")
    assert (one.leading.leader, two.leading.leader) == (of_one, of_one)
    assert (one.leading.leads, two.leading.leads) == (True, False)


async def test_of_two_asterisks_without_a_leader_one_controller_takes_one(store: Store) -> None:
    both: list[Leading] = []

    def one_is_led() -> bool:
        return any(leading.leads for leading in both)

    both += [Leading(store, name, "one", "one:8080", QUICK, one_is_led, clock=Clock()) for name in ("a", "b")]
    tasks = [asyncio.create_task(leading.run()) for leading in both]
    async with asyncio.timeout(DEADLINE):
        await asyncio.wait([asyncio.create_task(x.begun()) for x in both], return_when=asyncio.FIRST_COMPLETED)
        assert [leading.fence is not None for leading in both].count(True) == 1
        await asyncio.gather(*(leading.begun() for leading in both))  # nobody else takes the other
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_hands_over_is_followed_at_once(store: Store, one: Process, two: Process) -> None:
    await one.die()
    await one.leading.release()
    assert (await store.look("a")).released
    assert await two.leads() == Fence("a", 2, "two")
    await one.leading.release()
    assert (await store.look("a")).owner == "two"


async def test_who_leads_both_hands_the_last_over_to_whoever_comes_and_leads_none(store: Store) -> None:
    both: dict[str, Leading] = {}

    def leads() -> bool:
        return any(leading.leads for leading in both.values())

    def spares_b() -> bool:
        return all(leading.leads for leading in both.values())

    both["a"] = Leading(store, "a", "one", "one:8080", QUICK, leads, clock=Clock())
    both["b"] = Leading(store, "b", "one", "one:8080", QUICK, leads, spares_b, clock=Clock())
    tasks = [asyncio.create_task(leading.run()) for leading in both.values()]
    async with asyncio.timeout(DEADLINE):
        a, b = [await leading.begun() for leading in both.values()]
        other = Leading(store, "b", "two", "two:8080", QUICK, clock=Clock())
        tasks.append(asyncio.create_task(other.run()))
        await both["b"].ended(b)
        assert both["b"].fence == b  # until its calls are left in order
        await both["b"].release()
        assert await other.begun() == Fence("b", 2, "two")
    assert both["a"].fence == a
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_who_closes_hands_over_and_inquires_no_more(store: Store, one: Process) -> None:
    async with asyncio.timeout(DEADLINE):
        await one.leading.close()
        await one.task
    assert await store.look("a") == Lease(1, released=True)
    assert one.leading.fence is None


async def test_what_is_renewed_is_released_after_it_and_not_held_again(store: Store, one: Process) -> None:
    await one.leads()
    store.answers.clear()
    before = store.inquiries
    async with asyncio.timeout(DEADLINE):
        while store.inquiries == before:  # noqa: ASYNC110 - it does by itself
            await asyncio.sleep(0)
        closing = asyncio.create_task(one.leading.close())
        await asyncio.sleep(0)
        assert one.leading.fence is not None
        store.answers.set()
        await closing
    assert await store.look("a") == Lease(1, released=True)


async def test_where_the_store_is_away_it_cannot_be_handed_over_and_ends_by_itself(
    store: Store, one: Process, two: Process
) -> None:
    await one.die()
    store.away = True
    await one.leading.release()
    assert one.leading.fence is None
    store.away = False
    assert (await two.leads()).number == 2


async def test_who_stood_still_inquires_before_they_act(store: Store, one: Process) -> None:
    fence = await one.leads()
    assert await one.leading.sure(fence)
    store.answers.clear()
    one.clock.stood_still = 60.0
    acting = asyncio.create_task(one.leading.sure(fence))
    before = store.inquiries
    async with asyncio.timeout(DEADLINE):
        while store.inquiries == before:  # noqa: ASYNC110 - it does by itself
            await asyncio.sleep(0)
    assert not acting.done()
    store.answers.set()
    assert await acting


async def test_who_stood_still_while_another_took_over_acts_no_more(store: Store, one: Process) -> None:
    fence = await one.leads()
    store.answers.clear()
    one.clock.stood_still = 60.0
    acting = asyncio.create_task(one.leading.sure(fence))
    ending = asyncio.create_task(one.leading.ended(fence))
    await asyncio.sleep(0)
    store.forget()
    assert await store.take("a", "two", "two:8080", 60.0, above=1) == 2
    store.answers.set()
    async with asyncio.timeout(DEADLINE):
        assert not await acting
        await ending
    assert one.leading.fence is None
    assert not await one.leading.sure(fence)


async def test_a_leader_whose_store_is_away_or_silent_goes_on(store: Store, one: Process) -> None:
    fence = await one.leads()
    store.away = True
    until = one.clock() + 2 * QUICK.lasts
    while one.clock() < until:
        async with asyncio.timeout(DEADLINE):
            assert await one.leading.sure(fence)
        await asyncio.sleep(0.01)
    assert one.leading.trouble == "the store cannot be reached; try again shortly"
    store.away = False
    store.answers.clear()
    before = store.inquiries
    async with asyncio.timeout(DEADLINE):
        while store.inquiries < before + 2:  # noqa: ASYNC110 - it does by itself
            await asyncio.sleep(0)
        assert await one.leading.sure(fence)
    assert one.leading.fence == fence
    assert one.leading.trouble == "the store does not answer in time; try again shortly"
    store.answers.set()
    async with asyncio.timeout(DEADLINE):
        while one.leading.trouble:  # noqa: ASYNC110 - it does by itself
            await asyncio.sleep(0)


async def test_who_loses_the_application_acts_no_more(store: Store, one: Process) -> None:
    fence = await one.leads()
    one.leading.replaced(Fence("a", 0, "one"))
    assert one.leading.fence == fence
    one.leading.replaced(fence)
    assert not await one.leading.sure(fence)
    async with asyncio.timeout(DEADLINE):
        await one.leading.ended(fence)
