"""What is begun anew after a fault of ours goes on where it was: nothing else is lost, and nobody waits for ever."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from ari_app.api.counts import Counts
from ari_app.api.kept import WrittenBehind
from ari_app.api.live import day_name
from ari_app.availability.mirror import Mirror
from ari_app.availability.port import Change
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.effects import ListMessages
from ari_app.calls.stimuli import MessagesListed
from ari_app.engine.snapshots import Snapshots
from ari_app.phone_messages import PhoneMessages
from ari_app.records.agent_states import OpenState
from ari_app.tasks import keep_on
from ari_app.testing.availability import MemoryAvailability
from tests.unit.api.fakes import NOW
from tests.unit.api.test_completed import ended, running
from tests.unit.api.test_days import Desktop
from tests.unit.api.test_live import Overseer
from tests.unit.api.test_recordings import recorded_call
from tests.unit.engine.test_bookings import TARGET, Scene
from tests.unit.engine.test_snapshots import Shelf

WAIT = 5.0


class Fault(Exception):
    """Of ours."""


@asynccontextmanager
async def kept(work: Callable[[], Coroutine[None, None, None]]) -> AsyncIterator[list[float]]:
    """It goes on; the pauses after its faults."""
    pauses: list[float] = []

    async def no_pause(seconds: float) -> None:
        pauses.append(seconds)

    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    task = asyncio.create_task(keep_on(work, no_pause))
    yield pauses
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_cannot_be_written_behind_is_lost_alone() -> None:
    written: list[int] = []
    lost: list[int] = []

    async def write(item: int) -> None:
        if item == 1:
            raise Fault
        written.append(item)

    behind = WrittenBehind(write, lost.append)
    behind.put(1)
    behind.put(2)
    async with kept(behind.run) as pauses, asyncio.timeout(WAIT):
        await behind.flush()  # in the end nobody waits for what was lost
    assert (written, lost, len(pauses)) == ([2], [1], 1)


async def test_numbers_of_the_day_are_written_after_a_fault() -> None:
    written: list[tuple[str, Mapping[str, int]]] = []

    class Counters:
        faults = 1

        async def counts(self, day: str) -> dict[str, int]:
            return {}

        async def keep_counts(self, day: str, numbers: Mapping[str, int]) -> None:
            if self.faults:
                self.faults -= 1
                counts.put("2026-11-30", {"b": 3})  # meanwhile
                raise Fault
            written.append((day, dict(numbers)))

    counts = Counts(Counters())
    counts.put("2026-11-30", {"a": 1, "b": 2})
    async with kept(counts.run) as pauses, asyncio.timeout(WAIT):
        await counts.flush()
    assert (written, len(pauses)) == ([("2026-11-30", {"a": 1, "b": 3})], 1)


async def test_calls_are_kept_after_a_fault_and_meanwhile_nobody_waits_for_that() -> None:
    shelf, state = Shelf(), OpenState("alice", "ready", None, 1.0, "")
    failed = asyncio.Event()

    async def fails_once() -> None:
        if not failed.is_set():
            failed.set()
            raise Fault

    class Broken(Shelf):
        async def save_many(self, *args: object) -> int:
            await fails_once()
            return await shelf.save_many(*args)  # type: ignore[arg-type]

    keeper = Snapshots(Broken())
    keeper.state("alice", state)
    async with kept(keeper.run) as pauses, asyncio.timeout(WAIT):
        await failed.wait()
        await keeper.written()
        await shelf.written.wait()
    assert (list(shelf.kept), len(pauses)) == (["state:alice"], 1)


async def test_supervisors_see_the_other_targets_though_one_cannot_be_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    overseer, shown_all = Overseer(), asyncio.Event()
    first, *others = overseer.board.names
    seen: list[str] = []

    def tell(target: str) -> None:
        seen.append(target)
        if target == first:
            raise Fault
        if seen[1:] == others:
            shown_all.set()

    monkeypatch.setattr(overseer.board, "_tell", lambda shown: tell(shown.target))
    async with kept(overseer.board.run) as pauses, asyncio.timeout(WAIT):
        await shown_all.wait()
    assert len(pauses) == 1


async def test_an_agents_day_is_shown_though_that_of_another_agent_cannot_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desktop = Desktop()
    made = desktop.days._document

    def of(day: Any) -> object:
        if day.agent == "alice":
            raise Fault
        return made(day)

    monkeypatch.setattr(desktop.days, "_document", of)
    desktop.days._note("alice", "bob")
    async with kept(desktop.days.run) as pauses:
        await desktop.is_notified()
    assert len(pauses) == 1


async def test_a_recording_whose_entry_cannot_be_read_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    async with running() as (world, sent):
        recordings = world.server.recordings
        await world.store.keep_recording("r1", b"no entry", 1.0)
        recordings._completed.put("r1")
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        async with kept(recordings._completed.run):
            await ended(world, recorded_call(world, "r2", "alice"))
            assert [each["id"] for each in await sent.has(1)] == ["r2"]


async def test_agents_are_not_taken_for_known_while_what_follows_them_is_down() -> None:
    mirror = Mirror(MemoryAvailability())

    def listener(change: Change) -> None:
        assert mirror.fresh
        raise Fault

    mirror.listen(listener)
    async with asyncio.timeout(WAIT):
        with pytest.raises(Fault):
            await mirror.run()
    assert not mirror.fresh


async def test_what_comes_after_a_change_of_an_agent_that_failed_is_done() -> None:
    scene = Scene()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    scene.desk.fails = [Fault()]
    scene.bookings.execute(e.CountMissed("alice", 3, "declined"))
    scene.bookings.execute(e.CountMissed("alice", 3, "declined"))
    await scene.at_rest()
    assert [what[0] for what in scene.desk.done] == ["missed"]


async def test_who_waits_for_an_agent_has_an_answer_where_seeking_one_failed() -> None:
    scene = Scene()
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
    scene.desk.fails = [Fault()]
    scene.bookings.execute(e.ReserveAgent("r1", TARGET, frozenset(), 10.0))
    assert await scene.result() == s.ReservationFailed("r1")
    await scene.at_rest()


async def test_an_agent_at_their_phone_is_answered_where_their_messages_cannot_be_read() -> None:
    class Broken:
        async def voicemails(self, before: str | None, limit: int) -> list[bytes]:
            raise Fault

        async def has(self, file: str) -> bool:
            return True

    fed: list[MessagesListed] = []
    with pytest.raises(Fault):
        await PhoneMessages(Broken(), Broken(), lambda: "UTC", fed.append).answer(ListMessages("c1", ("support",)))
    assert fed == [MessagesListed("c1", None)]


async def test_what_was_today_is_counted_once_though_the_store_was_away_while_it_was_read() -> None:
    overseer = Overseer()
    board = overseer.board
    await board._counters.keep_counts(day_name(NOW, "UTC"), {"queue:sales answered": 2})
    for _ in range(2):  # the first time something else could not be read
        await board.restore()
    assert board.figures()["queue:sales"].today.answered == 2
