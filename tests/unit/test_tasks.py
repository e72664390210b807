"""What goes on beside calls goes on after a fault of ours, which is logged and counted."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from ari_app import tasks
from ari_app.tasks import FIRST_PAUSE, Tasks, keep_on, watch_faults

DEADLINE = 5.0


class Pauses:
    """Sleeps no time at all, and knows for how long it should have."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)


class Faulty:
    """Fails so many times before it is done; `goes_on`: it is never done."""

    def __init__(self, failures: int, *, goes_on: bool = False) -> None:
        self.failures = failures
        self.goes_on = goes_on
        self.begun = 0
        self.works = asyncio.Event()

    async def run(self) -> None:
        self.begun += 1
        if self.begun <= self.failures:
            raise RuntimeError("a fault")
        self.works.set()
        if self.goes_on:
            await asyncio.Event().wait()


@pytest.fixture
async def counted() -> AsyncIterator[list[int]]:
    """One for each fault that is seen."""
    seen: list[int] = []
    watch_faults(lambda: seen.append(1))
    yield seen
    asyncio.get_running_loop().set_exception_handler(None)


async def one_of(counted: list[int]) -> None:
    """Until there is one."""
    async with asyncio.timeout(DEADLINE):
        while not counted:  # noqa: ASYNC110 - nobody reports it
            await asyncio.sleep(0)


async def test_what_fails_twice_goes_on_after_longer_and_longer_pauses(counted: list[int]) -> None:
    faulty, pauses = Faulty(2, goes_on=True), Pauses()
    with capture_logs() as logs:
        going_on = asyncio.create_task(keep_on(faulty.run, pauses))
        async with asyncio.timeout(DEADLINE):
            await faulty.works.wait()
        going_on.cancel()
        await asyncio.gather(going_on, return_exceptions=True)
    assert going_on.cancelled()
    assert pauses.seconds == [FIRST_PAUSE, 2 * FIRST_PAUSE]
    assert [(line["event"], line["task"], line["again_in"]) for line in logs] == [
        ("task_failed", "Faulty.run", FIRST_PAUSE),
        ("task_failed", "Faulty.run", 2 * FIRST_PAUSE),
    ]
    assert len(counted) == 2  # that it was cancelled is no fault


async def test_what_is_done_is_not_begun_anew(counted: list[int]) -> None:
    faulty = Faulty(1)
    await keep_on(faulty.run, Pauses())
    assert faulty.begun == 2


async def test_what_has_gone_well_for_long_is_begun_anew_soon(
    counted: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "LONGEST_PAUSE", 0.0)
    pauses = Pauses()
    await keep_on(Faulty(3).run, pauses)
    assert pauses.seconds == [FIRST_PAUSE] * 3


async def test_a_fault_in_one_of_several_that_go_on_together_is_one(counted: list[int]) -> None:
    faulty = Faulty(1)

    async def together() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(faulty.run())

    await keep_on(together, Pauses())
    assert (faulty.begun, len(counted)) == (2, 1)


async def test_what_is_of_its_moment_is_not_done_again_and_its_fault_is_seen(counted: list[int]) -> None:
    faulty, own = Faulty(1), Tasks()
    with capture_logs() as logs:
        own.once(faulty.run())
        await one_of(counted)
    assert faulty.begun == 1
    assert [(line["event"], line["task"], line["again_in"]) for line in logs] == [("task_failed", "Faulty.run", None)]
    await own.close()
    assert not own.fault.done()


async def test_what_nothing_can_go_on_without_says_so_to_its_owner(counted: list[int]) -> None:
    own = Tasks()
    own.must(Faulty(1).run())
    with pytest.raises(RuntimeError):
        async with asyncio.timeout(DEADLINE):
            await own.fault
    assert len(counted) == 1
    await own.close()


async def test_what_goes_on_ends_with_its_owner_and_that_is_no_fault(counted: list[int]) -> None:
    faulty, own = Faulty(0, goes_on=True), Tasks()
    own.keep(faulty.run)
    async with asyncio.timeout(DEADLINE):
        await faulty.works.wait()
    await own.close()
    assert counted == []


async def test_the_fault_of_a_task_that_nobody_keeps_is_seen_as_well(counted: list[int]) -> None:
    with capture_logs() as logs:
        asyncio.create_task(Faulty(1).run())  # noqa: RUF006 - the point: nobody has it
        await one_of(counted)
    assert [(line["event"], line["task"]) for line in logs] == [("task_failed", "Faulty.run")]


async def test_the_fault_of_a_callback_is_seen_as_well(counted: list[int]) -> None:
    def fails() -> None:
        raise RuntimeError("a fault")

    asyncio.get_running_loop().call_soon(fails)
    await one_of(counted)


async def test_an_answer_that_nobody_waits_for_any_more_is_no_fault(counted: list[int]) -> None:
    """A repeat of a request waits for the first one's answer, say, and its client is gone before that is refused."""
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(_shielded(answer))
    await asyncio.wait([waiting], timeout=0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    answer.set_exception(RuntimeError("refused"))
    answer.exception()
    await asyncio.wait([asyncio.create_task(asyncio.sleep(0))])
    assert counted == []


async def _shielded(answer: asyncio.Future[None]) -> None:
    await asyncio.shield(answer)
