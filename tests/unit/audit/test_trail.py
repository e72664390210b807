"""The record is written behind what happens, and loses nothing that it does not say."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from ari_app.audit import trail as module
from ari_app.audit.chain import Entry, Kept, Line, Link, Verifier, read
from ari_app.audit.pace import FULL
from ari_app.audit.trail import Trail, record
from ari_app.errors import StoreUnavailable
from ari_app.testing.audit import MemoryAudit

NOW = 1_800_000_000.0


class FlakyAudit(MemoryAudit):
    """One that can be away, or lose its answer."""

    def __init__(self) -> None:
        super().__init__(lambda: NOW)
        self.away = False
        self.answers_lost = 0
        self.attempts = asyncio.Event()

    async def append_audit(self, after: Link, lines: Sequence[Line], forget_before: float) -> Link:
        self.attempts.set()
        if self.away:
            raise StoreUnavailable
        now = await super().append_audit(after, lines, forget_before)
        if self.answers_lost:
            self.answers_lost -= 1
            raise StoreUnavailable
        return now

    async def everything(self) -> list[Entry]:
        return [read(line) for _, line in await self.audit("", 100_000)]

    async def has(self, lines: int) -> None:
        """Wait for so many."""
        while len(self._lines) < lines:
            self.attempts.clear()
            await self.attempts.wait()

    async def faults(self) -> list[str]:
        verifier = Verifier(await self.audit_kept())
        for _, line in await self.audit("", 100_000):
            verifier.feed(line)
        verifier.end()
        return verifier.faults

    def lose(self, lines: int) -> None:
        """As where another Redis takes over that has not had the last ones."""
        del self._lines[len(self._lines) - lines :]
        self._kept = Kept(Link(), self._lines[-1][1].link if self._lines else Link())


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.001)


def entry(name: str) -> Entry:
    return Entry(NOW, name, "system")


def made(store: MemoryAudit) -> Trail:
    return Trail(store, lambda: 3600.0, lambda: NOW)


@asynccontextmanager
async def running(trail: Trail) -> AsyncIterator[None]:
    task = asyncio.create_task(trail.run())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def names(store: FlakyAudit) -> list[str]:
    assert await store.faults() == []
    return [e.what for e in await store.everything()]


async def test_lines_are_written_in_order_however_many_come_at_once() -> None:
    store = FlakyAudit()
    trail = made(store)
    for number in range(250):
        trail.put(entry(str(number)))
    await trail.flush()
    assert await names(store) == [str(number) for number in range(250)]


async def test_nothing_is_lost_while_the_store_is_away_and_the_log_says_so() -> None:
    store = FlakyAudit()
    store.away = True
    trail = made(store)
    with capture_logs() as logs:
        async with running(trail):
            trail.put(entry("one"))
            await asyncio.wait_for(store.attempts.wait(), 5)
            trail.put(entry("two"))
            store.away = False
            await asyncio.wait_for(trail.flush(), 5)
    assert await names(store) == ["one", "two"]
    events = [line["event"] for line in logs if line["event"] != "audit_anchor"]
    assert events == ["audit_not_written", "audit_written_again"]


async def test_a_line_whose_answer_was_lost_stands_there_once() -> None:
    store = FlakyAudit()
    store.answers_lost = 1
    trail = made(store)
    trail.put(entry("one"))
    trail.put(entry("two"))
    await trail.flush()
    assert await names(store) == ["one", "two"]


async def test_beyond_the_bound_lines_are_counted_and_the_record_says_how_many_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "WAITING", 3)
    store = FlakyAudit()
    trail = made(store)
    with capture_logs() as logs:
        for number in range(5):
            trail.put(entry(str(number)))
        await trail.flush()
    assert await names(store) == ["0", "1", "2", "lines_lost"]
    assert (await store.everything())[-1].details == {"lines": "2"}
    assert "audit_lines_lost" in [line["event"] for line in logs]


async def test_several_controllers_write_one_record() -> None:
    store = FlakyAudit()
    trails = [made(store) for _ in range(3)]
    for number in range(9):
        trails[number % 3].put(entry(str(number)))
        await asyncio.gather(*(trail.flush() for trail in trails))
    await record(store, entry("terminal"))
    trails[0].put(entry("last"))
    await trails[0].flush()
    assert await names(store) == [*map(str, range(9)), "terminal", "last"]


async def test_a_redis_that_takes_over_gets_what_it_had_not() -> None:
    store = FlakyAudit()
    trail = made(store)
    for number in range(5):
        trail.put(entry(str(number)))
    await trail.flush()
    store.lose(2)
    trail.put(entry("after"))
    await trail.flush()
    assert await names(store) == ["0", "1", "2", "3", "4", "after"]


async def test_a_redis_that_has_lost_all_begins_anew_and_says_what_there_was() -> None:
    store = FlakyAudit()
    await record(store, entry("before"))
    trail = made(store)
    trail.put(entry("one"))
    await trail.flush()
    last = (await store.audit_kept()).end
    store.lose(2)
    trail.put(entry("after"))
    await trail.flush()
    assert await names(store) == ["begun_anew", "after"]
    assert (await store.everything())[0].details["before"] == str(last)


async def test_the_log_has_a_line_now_and_then_so_that_no_record_can_be_made_up_later() -> None:
    store = FlakyAudit()
    trail = made(store)
    with capture_logs() as logs:
        for number in range(module.ANCHOR_LINES + 200):
            trail.put(entry(str(number)))
        await trail.flush()
    anchors = [line["line"] for line in logs if line["event"] == "audit_anchor"]
    assert len(anchors) == 2
    known = [str(line.link) for _, line in await store.audit("", 100_000)]
    assert set(anchors) <= set(known)


async def test_what_cannot_be_written_in_the_end_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_STOP_SECONDS", 0.01)
    store = FlakyAudit()
    store.away = True
    trail = made(store)
    trail.put(entry("one"))
    with capture_logs() as logs:
        await trail.stop()
    assert {"event": "audit_lines_lost", "waiting": 1, "log_level": "warning"} in logs


@pytest.mark.parametrize(("begun_at", "said"), [(NOW - 50, 1), (NOW - 200, 0)])
async def test_the_log_says_once_when_lines_are_forgotten_before_their_time(begun_at: float, said: int) -> None:
    """Somebody may do very much so that what they did before is forgotten."""
    store = FlakyAudit()
    trail = Trail(store, lambda: 100.0, lambda: NOW, most=5)
    with capture_logs() as logs:
        for _ in range(3):
            for n in range(1_000):
                trail.put(Entry(begun_at, f"e{n}"))
            await trail.flush()
    assert [line["event"] for line in logs].count("audit_full") == said


async def test_a_record_with_room_says_nothing() -> None:
    trail = Trail(FlakyAudit(), lambda: 100.0, lambda: NOW)
    with capture_logs() as logs:
        trail.put(entry("one"))
        await trail.flush()
    assert "audit_full" not in [line["event"] for line in logs]


async def test_whoever_does_very_much_pushes_nobodys_lines_out_and_the_chain_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hundred a second for ten minutes, of three sorts; and beside it what others do."""
    now = [NOW]
    monkeypatch.setattr("ari_app.testing.audit.AUDIT_LINES", 3_000)
    store = FlakyAudit()
    trail = Trail(store, lambda: 1e9, lambda: now[0])
    trail.put(Entry(NOW, "delete_recording", "mallory", details={"recording": "r1"}))
    for second in range(600):
        for n in range(100):
            what = ("mark_voicemail", "hold_party", "set_agent_state")[n % 3]
            trail.put(Entry(now[0], what, "mallory", call=f"c{second % 7}", agents=("bob",)))
        now[0] += 1.0
        if second % 10 == 0:
            for line in trail._pace.due():
                trail._put(line)
            await trail.flush()
    trail.put(Entry(now[0], "delete_recording", "mallory", details={"recording": "r2"}))
    await trail.stop()
    assert await store.faults() == []
    lines = await store.everything()
    assert len(lines) < 3_000
    assert [line.details["recording"] for line in (lines[0], *lines) if line.what == "delete_recording"] == [
        "r1", "r1", "r2",
    ]  # fmt: skip
    stands_for = sum(int(line.details.get("times", "1")) for line in lines)
    assert stands_for == 60_002, "none of it is missing"


async def test_what_waits_to_be_one_line_is_written_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOGETHER", 0.001)
    now = [NOW]
    store = FlakyAudit()
    trail = Trail(store, lambda: 1e9, lambda: now[0])
    for _ in range(int(FULL) + 10):
        trail.put(Entry(now[0], "hold_party", "alice"))
    now[0] += 11.0
    async with running(trail), asyncio.timeout(5):
        await store.has(int(FULL) + 1)
    assert (await store.everything())[-1].details["times"] == "10"
