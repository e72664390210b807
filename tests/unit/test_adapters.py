"""What the API asks of the other rooms, as it is put together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from ari_app import adapters
from ari_app.adapters import EngineControl
from ari_app.calls import commands as c
from ari_app.calls.model import Call
from ari_app.configured import Configured
from ari_app.engine import snapshots
from ari_app.engine.engine import Engine
from ari_app.engine.snapshots import Snapshots
from ari_app.errors import Code, Refused, StoreUnavailable
from ari_app.store.port import KeptConfiguration
from ari_app.testing.store import MemoryStore
from tests.support.world import to
from tests.unit.engine.ends import started, turn

WAIT = 5.0


class SlowStore(MemoryStore):
    """Takes a write of calls only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.requested = asyncio.Event()
        self.may = asyncio.Event()

    async def save_many(self, entries: Mapping[str, bytes | None]) -> None:
        self.requested.set()
        await self.may.wait()
        await super().save_many(entries)


class RefusingStore(MemoryStore):
    """Refuses what it is given, and as long as it is let also what is read of it."""

    def __init__(self) -> None:
        super().__init__()
        self.refuses = True
        self.written = asyncio.Event()

    async def kept_configuration(self) -> KeptConfiguration | None:
        if self.refuses:
            raise StoreUnavailable("no password")
        return await super().kept_configuration()

    async def save_many(self, entries: Mapping[str, bytes | None]) -> None:
        self.written.set()
        raise StoreUnavailable("no memory")


@asynccontextmanager
async def keeping(store: MemoryStore) -> AsyncIterator[tuple[Engine, EngineControl, Snapshots]]:
    """Calls are kept in the store as they change."""
    engine, ends, _clock = await started()
    keeper = Snapshots(store)
    running = asyncio.ensure_future(keeper.run())

    def changed(before: Call | None, call: Call) -> None:
        keeper.call(call)

    ends.call_changed = changed  # type: ignore[method-assign]
    async with asyncio.timeout(WAIT):
        yield engine, EngineControl(engine, keeper, _none, _nothing, dict, store), keeper
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    engine.close()


MAKE = c.MakeCall(id="k1", by="alice", target=to("agent:bob"), caller_id="support")


async def test_what_is_answered_is_kept_before_for_the_controller_may_die_right_after() -> None:
    async with keeping(store := SlowStore()) as (engine, control, keeper):
        answer = asyncio.ensure_future(control.submit(MAKE))
        await store.requested.wait()
        await turn()
        assert engine.calls
        assert not answer.done()
        store.may.set()
        call = await answer
        (kept,) = (await keeper.restore()).calls
        assert call is not None
        assert kept.id == call.id


@pytest.mark.parametrize(
    ("more", "shown"),
    [(partial(c.ChangeUserData, changes={"k": "v"}), (False, {"k": "v"})), (c.Clear, (True, {}))],
    ids=["goes on", "is over"],
)
async def test_an_answer_is_no_older_than_events_that_went_out_while_it_was_being_kept(
    more: Callable[..., c.Command], shown: tuple[bool, dict[str, str]]
) -> None:
    async with keeping(store := SlowStore()) as (engine, control, _keeper):
        answer = asyncio.ensure_future(control.submit(MAKE))
        await store.requested.wait()
        (call,) = engine.calls
        changed = asyncio.ensure_future(control.submit(more(id="k2", by="alice", call=call)))
        await turn()
        store.may.set()
        made = await answer
        await changed
        assert made is not None
        assert (made.ended, made.user_data) == shown


async def test_why_the_store_is_not_ready_is_what_the_store_itself_says() -> None:
    engine, _ends, _clock = await started()
    store = RefusingStore()
    control = EngineControl(engine, Snapshots(store), _none, _nothing, dict, store)
    assert await control.store_trouble() == "no password"
    store.refuses = False
    assert await control.store_trouble() == "the store is reached, and is being read"
    engine.close()


async def test_a_store_that_answers_and_keeps_nothing_is_not_ready_for_that_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "_BEHIND_SECONDS", 0.0)
    engine, _ends, _clock = await started()
    store = RefusingStore()
    keeper = Snapshots(store)
    control = EngineControl(engine, keeper, _none, _nothing, dict, store)
    running = asyncio.ensure_future(keeper.run())
    keeper.leg("l1", None)
    async with asyncio.timeout(WAIT):
        await store.written.wait()
        store.refuses = False
        await turn()
    assert await control.store_trouble() == "no memory"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    engine.close()


@pytest.mark.parametrize("command", [c.StartRecording, c.ResumeRecording])
async def test_no_recording_is_requested_of_a_disk_that_is_full(
    monkeypatch: pytest.MonkeyPatch, command: type[c.StartRecording | c.ResumeRecording]
) -> None:
    looked: list[Path | None] = []

    async def full(recordings: Path | None) -> None:
        looked.append(recordings)
        raise Refused(Code.DISK_FULL, "full")

    monkeypatch.setattr(adapters, "check_room", full)
    engine, _ends, _clock = await started()
    store, where = MemoryStore(), Path("/recordings")
    control = EngineControl(engine, Snapshots(store), _none, _nothing, dict, store, where)
    with pytest.raises(Refused, match="full"):
        await control.submit(command(id="k1", by="alice", call="c1"))
    assert looked == [where]
    engine.close()


def _none() -> Configured:
    raise AssertionError("the administrator's file is not requested")


async def _nothing() -> tuple[()]:
    return ()
