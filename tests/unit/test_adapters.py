"""What the API asks of the other rooms, as it is put together."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ari_app import adapters, tracing
from ari_app.adapters import EngineControl
from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls.hearing import Ear
from ari_app.calls.model import Call, CallType, Identity, Party, PartyRole, Progress
from ari_app.calls.state import State
from ari_app.calls.stimuli import AsteriskReconciled
from ari_app.calls.switch import Switch
from ari_app.configured import Configured
from ari_app.engine import snapshots, storyfile
from ari_app.engine.engine import Engine
from ari_app.engine.snapshots import Snapshots
from ari_app.errors import Code, Refused, StoreUnavailable
from ari_app.store.port import KeptConfiguration, KeptFact
from ari_app.testing.store import MemoryStore
from tests.support.callcentre import directory
from tests.support.office import NUMBER
from tests.support.world import to
from tests.unit.engine.ends import Ends, started, turn

WAIT = 5.0


class SlowStore(MemoryStore):
    """Takes a write of calls only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.requested = asyncio.Event()
        self.may = asyncio.Event()

    async def save_many(self, entries: Mapping[str, bytes | None], facts: Sequence[KeptFact] = ()) -> int:
        self.requested.set()
        await self.may.wait()
        return await super().save_many(entries, facts)


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

    async def save_many(self, entries: Mapping[str, bytes | None], facts: Sequence[KeptFact] = ()) -> int:
        self.written.set()
        raise StoreUnavailable("no memory")


@asynccontextmanager
async def keeping(store: MemoryStore) -> AsyncIterator[tuple[Engine, EngineControl, Snapshots]]:
    """Calls are kept in the store as they change."""
    engine, ends, _clock = await started()
    keeper = Snapshots(store)
    running = asyncio.ensure_future(keeper.run())

    def changed(change: e.CallChanged) -> None:
        keeper.call(change.call)

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


async def test_the_trace_of_a_request_is_in_the_story_of_its_call(monkeypatch: pytest.MonkeyPatch) -> None:
    spans: list[tuple[str, str]] = []

    def noted(name: str, parent: str, attributes: Mapping[str, str]) -> AbstractContextManager[object]:
        spans.append((name, parent))
        return nullcontext()

    monkeypatch.setattr(tracing, "_open", noted)
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    async with keeping(store := SlowStore()) as (_engine, control, _):
        store.may.set()
        tracing.received(trace)
        call = await control.submit(replace(MAKE, target=to(f"number:{NUMBER}")))
        tracing.received(None)
        assert call is not None
        await control.submit(c.Hold(id="k2", by="alice", call=call.id))
        story = await control.story(call.id) or ()
        commands = [entry.detail for entry in story if isinstance(entry.detail, c.BaseCommand)]
        assert [command.traceparent for command in commands] == [trace, ""]
        assert spans == [("MakeCall", trace), ("Hold", "")]
        assert '"traceparent"' in (await control.story_file(call.id) or "")


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


class Elsewhere:
    """Calls of another Asterisk."""

    asterisk = "elsewhere"
    ids = "there-"

    def __init__(self, *calls: Call) -> None:
        self.state = State("elsewhere")
        for call in calls:
            self.state.keep(call)
        self.lost = asyncio.Event()
        self.reached = True
        self.ties = True
        self.waited = 0
        self.commands: list[c.Command] = []

    async def submit(self, command: c.Command) -> Call | None:
        self.commands.append(command)
        return None

    async def story_file(self, call: str) -> str | None:
        return storyfile.write(call, ()) if call in self.state.calls else None

    async def led(self) -> None:
        self.waited += 1


THERE = Call("there", CallType.INBOUND, "b", 1.0, parties={"p": Party("p", PartyRole.AGENT, Identity(), agent="bob",
             progress=Progress.JOINED)})  # fmt: skip
DIAL = c.MakeCall(id="k1", by="alice", target=to(f"number:{NUMBER}"), caller_id="support")


@asynccontextmanager
async def beside(
    elsewhere: Elsewhere, stays: str = "", drained: Collection[str] = (), *, ties: bool = False
) -> AsyncIterator[tuple[EngineControl, Engine]]:
    engine, _ends, _clock = await started()
    store = MemoryStore()
    keeper = Snapshots(store)
    running = asyncio.ensure_future(keeper.run())
    control = EngineControl(
        engine,
        keeper,
        _none,
        _nothing,
        lambda: {"asterisk": True},
        store,
        None,
        [elsewhere],
        stays.__eq__,
        "here",
        lambda: drained,
        ties=ties,
    )
    control.directory = directory  # type: ignore[method-assign]
    yield control, engine
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    engine.close()


async def test_what_is_requested_of_a_call_waits_until_it_is_taken_over_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends, store = Ends(), MemoryStore()
    engine = Engine(Switch(directory(), "cc-1"), ends)
    others: list[adapters.Elsewhere] = [elsewhere := Elsewhere(THERE)]
    control = EngineControl(engine, Snapshots(store), _none, _nothing, dict, store, None, others)
    waiting = asyncio.ensure_future(control.led("here"))
    await control.led(THERE.id)
    await turn()
    assert (elsewhere.waited, waiting.done()) == (1, False)
    engine.feed(AsteriskReconciled((), ()))
    async with asyncio.timeout(WAIT):
        await waiting
    engine.close()
    monkeypatch.setattr(adapters, "TAKEN_OVER_WITHIN", 0.01)
    never = Engine(Switch(directory(), "cc-2"), ends)
    async with asyncio.timeout(WAIT):
        await EngineControl(never, Snapshots(store), _none, _nothing, dict, store).led()
    assert not never.reconciled.is_set()
    never.close()


async def test_a_command_goes_to_where_the_call_is() -> None:
    async with beside(elsewhere := Elsewhere(THERE)) as (control, _):
        hold = c.Hold(id="k1", by="bob", call="there")
        await control.submit(hold)
        assert elsewhere.commands == [hold]
        with pytest.raises(Refused) as refused:
            await control.submit(c.Hold(id="k2", by="bob", call="nowhere"))
        assert refused.value.code is Code.NOT_FOUND
        with pytest.raises(Refused, match="different Asterisks"):
            await control.submit(c.Merge(id="k3", by="bob", call="there", other="here"))
        assert elsewhere.commands == [hold]


async def test_calls_of_all_asterisks_are_shown() -> None:
    async with beside(elsewhere := Elsewhere(THERE)) as (control, _):
        made = await control.submit(DIAL)
        assert made is not None
        assert control.calls() == {"there": THERE, made.id: made}
        assert (list(control.engaged("bob")), list(control.engaged("alice"))) == (["there"], [made.id])
        assert (control.reached("there"), control.reached(made.id)) == (True, True)
        elsewhere.reached = False
        assert (control.reached("there"), control.reached(made.id)) == (False, True)
        assert (control.reached("there-7"), control.reached("nowhere")) == (False, True)
        assert control.hearing(THERE) == (Ear("p", (), "silence"),)


async def test_that_an_asterisk_is_lost_is_reported_of_its_own_calls() -> None:
    async with beside(elsewhere := Elsewhere(THERE)) as (control, engine):
        elsewhere.lost.set()
        async with asyncio.timeout(WAIT):
            await control.asterisk_lost("there")
        here = asyncio.ensure_future(control.asterisk_lost())
        await turn()
        assert not here.done()
        engine.lost.set()
        async with asyncio.timeout(WAIT):
            await here


async def test_a_story_is_reported_by_who_has_it() -> None:
    async with beside(Elsewhere(THERE)) as (control, _):
        made = await control.submit(DIAL)
        assert made is not None
        assert await control.story(made.id)
        assert await control.story("there") == ()
        assert (await control.story("nowhere"), await control.story_file("nowhere")) == (None, None)
        assert await control.story_file("there") == storyfile.write("there", ())
        assert storyfile.read(await control.story_file(made.id) or "")[0] == made.id
