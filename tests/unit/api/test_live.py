"""Live figures are never polled: each change is counted as it comes, and published soon, once, and never lost."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from ari_app.api.live import PAUSE, Board, day_ends, day_name
from ari_app.api.models.supervision import LiveTarget
from ari_app.openings import Openings
from ari_app.routing.directory import Queue
from tests.unit.api.fakes import DEMO, NOW, FakeAgents, FakeControl, FakeRecord, World
from tests.unit.api.kept import FlakyStore
from tests.unit.api.test_supervision import waiting


class Overseer:
    """Is notified of queues and groups."""

    def __init__(self, clock: float = NOW) -> None:
        self.control, self.agents = FakeControl(), FakeAgents()
        self.notices: list[LiveTarget] = []
        self.notified = asyncio.Event()
        self.began, self._loop = clock, asyncio.get_running_loop()
        self._since = self._loop.time()
        store = FlakyStore(self.clock)
        openings = Openings(store, self.control.directory, self.clock)
        self.board = Board(self.control, self.agents, openings, store, self._note, self.clock)

    def clock(self) -> float:
        return self.began + self._loop.time() - self._since

    def _note(self, shown: LiveTarget) -> None:
        self.notices.append(shown)
        self.notified.set()

    def of(self, target: str) -> list[LiveTarget]:
        return [shown for shown in self.notices if shown.target == target]

    async def sees(self, target: str, waiting: int) -> None:
        async with asyncio.timeout(5):
            while not (seen := self.of(target)) or seen[-1].waiting != waiting:
                self.notified.clear()
                await self.notified.wait()

    @contextmanager
    def running(self) -> Iterator[Board]:
        self.board.look()
        self.notices.clear()
        work = asyncio.create_task(self.board.run())
        yield self.board
        work.cancel()


async def test_many_changes_at_once_are_few_notices_and_the_last_of_them_is_never_lost() -> None:
    overseer = Overseer()
    with overseer.running() as board:
        began = asyncio.get_running_loop().time()
        for n in range(1, 501):
            board.call_changed(None, waiting(f"c{n}", "queue:sales", NOW + n))
            await asyncio.sleep(0)
        await overseer.sees("queue:sales", 500)
        took = asyncio.get_running_loop().time() - began
    seen = overseer.of("queue:sales")
    assert seen[-1].oldest_queued_at == "2027-01-15T08:00:01.000Z"
    assert len(seen) <= took / PAUSE + 2
    assert [shown.waiting for shown in seen] == sorted({shown.waiting for shown in seen})


async def test_a_change_alone_is_published_at_once_and_looks_at_no_other_call(monkeypatch: pytest.MonkeyPatch) -> None:
    overseer = Overseer()
    with overseer.running() as board:
        monkeypatch.setattr(overseer.control, "calls", None)
        monkeypatch.setattr(overseer.agents, "records", {"alice": FakeRecord("alice", "ready")})
        came = waiting("c1", "group:support")
        board.call_changed(None, came)
        board.agent_changed("alice")
        await overseer.sees("group:support", 1)
        assert {shown.target for shown in overseer.notices} == {"group:support"}
        assert (overseer.of("group:support")[-1].agents["ready"], overseer.of("group:support")[-1].available) == (1, 1)
        board.call_changed(came, replace(came, ended=True))
        await overseer.sees("group:support", 0)
    assert overseer.of("group:support")[-1].abandoned.numerator == 1


async def test_at_midnight_the_figures_of_today_begin_anew_though_nothing_happens() -> None:
    midnight = day_ends(NOW, "UTC")
    assert (day_name(midnight - 1, "UTC"), day_name(midnight, "UTC")) == ("2027-01-15", "2027-01-16")
    overseer = Overseer(midnight - 0.2)
    with overseer.running() as board:
        came = waiting("c1", "queue:sales")
        board.call_changed(came, replace(came, ended=True))
        async with asyncio.timeout(5):
            while len(seen := overseer.of("queue:sales")) < 2:
                overseer.notified.clear()
                await overseer.notified.wait()
    assert [shown.abandoned.numerator for shown in seen] == [1, 0]


async def test_a_queue_that_the_file_has_lost_is_gone_and_a_new_one_is_there_with_those_who_wait(world: World) -> None:
    board, directory = world.server.board, DEMO.directory
    world.control.up["c1"] = waiting("c1", "queue:new")
    board.call_changed(None, world.control.up["c1"])
    world.control.now_directory = replace(directory, queues={"new": Queue("new", "New", groups=("support",))})
    await world.server.directory_changed()
    shown = board.now()
    assert "queue:sales" not in shown
    assert (shown["queue:new"].waiting, shown["queue:new"].name) == (1, "New")
    assert shown["queue:new"].agents == shown["group:support"].agents
