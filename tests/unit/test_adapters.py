"""What the API asks of the other rooms, as it is put together."""

import asyncio
from collections.abc import Mapping

from ari_app.adapters import EngineControl
from ari_app.calls import commands as c
from ari_app.calls.model import Call
from ari_app.configured import Configured
from ari_app.engine.snapshots import Snapshots
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


async def test_what_is_answered_is_kept_before_for_the_controller_may_die_right_after() -> None:
    engine, ends, _clock = await started()
    store = SlowStore()
    snapshots = Snapshots(store)
    running = asyncio.ensure_future(snapshots.run())

    def changed(before: Call | None, call: Call) -> None:
        snapshots.call(call)

    ends.call_changed = changed  # type: ignore[method-assign]
    control = EngineControl(engine, snapshots, _none, _nothing, dict, store)
    command = c.MakeCall(id="k1", by="alice", target=to("agent:bob"), caller_id="support")
    answer = asyncio.ensure_future(control.submit(command))
    async with asyncio.timeout(WAIT):
        await store.requested.wait()
        await turn()
        assert engine.calls
        assert not answer.done()
        store.may.set()
        call = await answer
    (kept,) = (await snapshots.restore()).calls
    assert call is not None
    assert kept.id == call.id
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    engine.close()


def _none() -> Configured:
    raise AssertionError("the administrator's file is not requested")


async def _nothing() -> tuple[()]:
    return ()
