"""Calls and legs are kept as they change, written behind, and read back whole."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls.model import Call, Joining, Leg, Media, Recorder, Recording, TransferState, Withheld
from ari_app.engine import snapshots
from ari_app.engine.snapshots import Snapshots
from ari_app.errors import StoreUnavailable
from ari_app.store.port import KeptFact
from tests.support.office import AWAY, Office
from tests.unit.engine.ends import turn

WAIT = 5.0


class Shelf:
    """The store, which can be away a few times."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.facts: list[KeptFact] = []
        self.away = 0
        self.writes = 0
        self.written = asyncio.Event()

    async def save_many(self, entries: Mapping[str, bytes | None], facts: Sequence[KeptFact] = ()) -> int:
        self.writes += 1
        if self.away:
            self.away -= 1
            raise StoreUnavailable
        for key, value in entries.items():
            if value is None:
                self.kept.pop(key, None)
            else:
                self.kept[key] = value
        self.facts += facts
        self.written.set()
        return 0

    async def load_all(self) -> dict[str, bytes]:
        if self.away:
            raise StoreUnavailable
        return dict(self.kept)


def _office() -> Office:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=AWAY, caller_id="support")
    return office


async def test_what_was_kept_is_read_back_as_it_was() -> None:
    office, shelf = _office(), Shelf()
    keeper = Snapshots(shelf)
    for call in office.switch.calls.values():
        keeper.call(call)
    for leg in office.switch.legs.values():
        keeper.leg(leg.id, leg)
    await keeper.flush()
    assert shelf.writes == 1
    restored = await Snapshots(shelf).restore()
    assert {x.id: x for x in restored.calls} == office.switch.calls
    assert {x.id: x for x in restored.legs} == office.switch.legs


async def test_what_another_primary_has_of_calls_that_are_over_is_forgotten() -> None:
    shelf = Shelf()
    keeper = Snapshots(shelf)
    shelf.kept = {"call:1": b"{}", "call:2": b"{}", "leg:1": b"{}", "over:3": b"{}", "segments:1": b"{}"}
    await keeper.drop_unknown({"call:2"}.__contains__)
    await keeper.flush()
    assert shelf.kept.keys() == {"call:2", "over:3"}


async def test_what_an_earlier_version_kept_of_a_party_is_read() -> None:
    office, shelf = _office(), Shelf()
    keeper = Snapshots(shelf)
    call = office.only_call()
    keeper.call(call)
    await keeper.flush()
    kept = json.loads(shelf.kept[f"call:{call.id}"])
    for party in kept["parties"].values():
        party |= {key: party["identity"][key] for key in ("name", "number")}
        del party["identity"]
    shelf.kept[f"call:{call.id}"] = json.dumps(kept).encode()
    assert (await Snapshots(shelf).restore()).calls == (call,)


# Names of today, and those that were kept before.
_OF_A_CALL = {
    b'"requested":': b'"asked":',
    b'"notified":': b'"told":',
    b'"held_by_phone":': b'"phone_holds":',
    b'"also_rung":': b'"also":',
    b'"local":': b'"link":',
    b'"overflows":': b'"hops":',
}
_OF_A_LEG = {b'"requested":': b'"asked":', b'"held_by_phone":': b'"on_hold_by_phone":'}


async def test_what_an_earlier_version_kept_by_other_names_is_read() -> None:
    shelf, (call, leg) = Shelf(), _requested_and_notified()
    keeper = Snapshots(shelf)
    keeper.call(call)
    keeper.leg(leg.id, leg)
    await keeper.flush()
    for key, earlier in ((f"call:{call.id}", _OF_A_CALL), (f"leg:{leg.id}", _OF_A_LEG)):
        for now, before in earlier.items():
            assert now in shelf.kept[key]
            shelf.kept[key] = shelf.kept[key].replace(now, before)
    restored = await Snapshots(shelf).restore()
    assert (restored.calls, restored.legs) == ((call,), (leg,))


def _requested_and_notified() -> tuple[Call, Leg]:
    """A recorded call with an offer of which the phone was notified, an agent whose phones ring and hold; a leg that
    hears its bridge, and that its phone holds.
    """
    office = _office()
    call, leg = office.only_call(), office.switch.legs["in1"]
    assert call.offer is not None
    offer = replace(call.offer, notified=TransferState.RINGING, overflows=2)
    recording = Recording("r1", "calls/x", "alice", 1.0, requested=Recorder.RECORDING)
    agent = next(party for party in call.joined() if party.agent is not None)
    agent = replace(agent, held_by_phone=True, also_rung=("l9",), joining=Joining("Local/1", "l8", 9.0))
    call = replace(call, offer=offer, recording=recording, parties={**call.parties, agent.id: agent})
    return call, replace(leg, requested=Media(call.bridge), held_by_phone=True)


async def test_what_is_over_is_forgotten_when_nobody_repeats_a_command_on_it_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "_REPEATED_WITHIN", 0.01)
    office, shelf = _office(), Shelf()
    keeper = Snapshots(shelf)
    call = office.only_call()
    keeper.call(call)
    keeper.leg("in1", office.switch.legs["in1"])
    await keeper.flush()
    assert set(shelf.kept) == {f"call:{call.id}", "leg:in1"}
    over = replace(call, ended=True)
    withheld = Withheld("Zoé Caller", "+33612345678")
    parties = {name: replace(party, withheld=withheld) for name, party in call.parties.items()}
    keeper.call(replace(over, parties=parties))  # by then nobody may be shown it
    keeper.leg("in1", None)
    await keeper.flush()
    assert set(shelf.kept) == {f"over:{call.id}"}
    next_one = Snapshots(shelf)
    restored = await next_one.restore()
    assert (restored.calls, restored.over) == ((), (over,))
    running = asyncio.create_task(next_one.run())
    async with asyncio.timeout(WAIT):
        while shelf.kept:
            shelf.written.clear()
            await shelf.written.wait()
    running.cancel()


async def test_a_call_without_a_command_is_forgotten_at_once() -> None:
    office, shelf = _office(), Shelf()
    keeper = Snapshots(shelf)
    call = replace(office.only_call(), carried_out=())
    keeper.call(call)
    await keeper.flush()
    keeper.call(replace(call, ended=True))
    await keeper.flush()
    assert shelf.kept == {}


async def test_while_the_store_is_away_only_the_newest_is_written_after(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_RETRY_SECONDS", 0.0)
    office, shelf = _office(), Shelf()
    shelf.away = 2
    keeper = Snapshots(shelf)
    call = office.only_call()
    keeper.call(call)
    keeper.call(replace(call, owner="bob"))
    await keeper.flush()
    assert shelf.writes == 3
    (kept,) = (await keeper.restore()).calls
    assert kept.owner == "bob"


async def test_it_is_behind_when_nothing_could_be_written_for_a_while_and_no_longer_when_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(snapshots, "_RETRY_SECONDS", 0.0)
    monkeypatch.setattr(snapshots, "_BEHIND_SECONDS", -1.0)
    office, shelf = _office(), Shelf()
    shelf.away = 1
    keeper = Snapshots(shelf)
    seen: list[bool] = []
    first = shelf.save_many

    async def looks(entries: Mapping[str, bytes | None], facts: Sequence[KeptFact] = ()) -> int:
        seen.append(keeper.behind)
        return await first(entries, facts)

    monkeypatch.setattr(shelf, "save_many", looks)
    keeper.call(office.only_call())
    await keeper.flush()
    assert [*seen, keeper.behind] == [False, True, False]


async def test_a_change_during_an_outage_is_not_overwritten_by_the_older_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_RETRY_SECONDS", 0.0)
    office, shelf = _office(), Shelf()
    shelf.away = 1
    keeper = Snapshots(shelf)
    call = office.only_call()
    first = shelf.save_many

    async def changes_meanwhile(entries: Mapping[str, bytes | None], facts: Sequence[KeptFact] = ()) -> int:
        if shelf.away:
            keeper.call(replace(call, owner="bob"))
        return await first(entries, facts)

    monkeypatch.setattr(shelf, "save_many", changes_meanwhile)
    keeper.call(call)
    await keeper.flush()
    (kept,) = (await keeper.restore()).calls
    assert kept.owner == "bob"


async def test_changes_are_written_by_themselves_while_it_runs() -> None:
    office, shelf = _office(), Shelf()
    keeper = Snapshots(shelf)
    running = asyncio.ensure_future(keeper.run())
    for owner in ("alice", "bob"):
        keeper.call(replace(office.only_call(), owner=owner))
        async with asyncio.timeout(WAIT):
            await shelf.written.wait()
        shelf.written.clear()
    (kept,) = (await keeper.restore()).calls
    assert kept.owner == "bob"
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


class SlowShelf(Shelf):
    """Takes a write only when it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.requested = asyncio.Event()
        self.may = asyncio.Semaphore(0)

    async def save_many(self, entries: Mapping[str, bytes | None], facts: Sequence[KeptFact] = ()) -> int:
        self.requested.set()
        await self.may.acquire()
        return await super().save_many(entries, facts)


@pytest.fixture
async def running() -> AsyncIterator[tuple[Snapshots, SlowShelf]]:
    shelf = SlowShelf()
    keeper = Snapshots(shelf)
    task = asyncio.ensure_future(keeper.run())
    yield keeper, shelf
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_who_waits_for_what_changed_waits_for_all_of_it(running: tuple[Snapshots, SlowShelf]) -> None:
    keeper, shelf = running
    call = _office().only_call()
    await keeper.written()  # nothing has
    keeper.call(call)
    await shelf.requested.wait()  # on its way as it was
    keeper.call(replace(call, owner="bob"))
    written = asyncio.ensure_future(keeper.written())
    shelf.may.release()
    await shelf.written.wait()
    assert not written.done()
    shelf.may.release()
    async with asyncio.timeout(WAIT):
        await written
    (kept,) = (await keeper.restore()).calls
    assert kept.owner == "bob"


async def test_an_answer_is_written_at_once_and_not_when_the_next_write_is_due(
    running: tuple[Snapshots, SlowShelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_PACE_SECONDS", 3600.0)
    keeper, shelf = running
    shelf.may.release()
    shelf.may.release()
    call = _office().only_call()
    for owner in ("alice", "bob"):
        keeper.call(replace(call, owner=owner))
        async with asyncio.timeout(WAIT):
            await keeper.written()


async def test_what_changes_while_another_change_is_written_is_written_when_that_is_due(
    running: tuple[Snapshots, SlowShelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_PACE_SECONDS", 3600.0)
    keeper, shelf = running
    call = _office().only_call()
    keeper.call(call)
    await turn()
    for owner in ("alice", "bob"):
        keeper.call(replace(call, owner=owner))
    for _ in range(2):
        shelf.may.release()
    await turn()
    assert shelf.writes == 1
    async with asyncio.timeout(WAIT):
        await keeper.written()
    assert shelf.writes == 2, "both at once, as soon as somebody waits for them"


async def test_nobody_waits_for_a_store_that_fails(
    running: tuple[Snapshots, SlowShelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_RETRY_SECONDS", 3600.0)
    keeper, shelf = running
    shelf.away = 1
    shelf.may.release()
    keeper.call(_office().only_call())
    async with asyncio.timeout(WAIT):
        await keeper.written()
        await keeper.written()
    assert shelf.kept == {}


async def test_a_store_that_stands_still_holds_one_answer_up_and_no_other_until_it_goes_on(
    running: tuple[Snapshots, SlowShelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_WRITTEN_WITHIN", 0.0)
    keeper, shelf = running
    call = _office().only_call()
    keeper.call(call)
    await keeper.written()
    monkeypatch.setattr(snapshots, "_WRITTEN_WITHIN", 3600.0)
    async with asyncio.timeout(WAIT):
        await keeper.written()
    shelf.may.release()
    await shelf.written.wait()
    keeper.call(replace(call, owner="bob"))
    written = asyncio.ensure_future(keeper.written())
    shelf.requested.clear()
    await shelf.requested.wait()
    assert not written.done()
    shelf.may.release()
    async with asyncio.timeout(WAIT):
        await written


async def test_what_cannot_be_read_any_more_is_left_out_and_cleared_away() -> None:
    shelf = Shelf()
    shelf.kept = {"call:1": b"{}", "leg:1": b"not json", "other:1": b"what"}
    keeper = Snapshots(shelf)
    restored = await keeper.restore()
    assert (restored.calls, restored.legs) == ((), ())
    await keeper.flush()
    assert set(shelf.kept) == {"other:1"}


async def test_a_store_that_is_away_at_the_start_is_reported() -> None:
    shelf = Shelf()
    shelf.away = 1
    with pytest.raises(StoreUnavailable):
        await Snapshots(shelf).restore()


class Inquiries:
    """What the lease's inquiries find of the store."""

    def __init__(self) -> None:
        self.trouble = ""
        self._news = asyncio.Event()

    async def inquired(self) -> None:
        await self._news.wait()
        self._news.clear()

    async def find(self, trouble: str) -> None:
        self.trouble = trouble
        self._news.set()
        await asyncio.sleep(0)


async def test_nobody_waits_for_a_store_that_others_have_no_answer_of_until_it_answers_them(
    running: tuple[Snapshots, SlowShelf], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "_WRITTEN_WITHIN", 3600.0)
    keeper, shelf = running
    inquiries = Inquiries()
    watching = asyncio.ensure_future(keeper.watch(inquiries))
    call = _office().only_call()
    keeper.call(call)
    waiting = asyncio.ensure_future(keeper.written())
    await inquiries.find("")
    assert not waiting.done()
    async with asyncio.timeout(WAIT):
        await inquiries.find("the store does not answer in time")
        await waiting
        await keeper.written()
    await inquiries.find("")
    again = asyncio.ensure_future(keeper.written())
    await shelf.requested.wait()
    assert not again.done()
    shelf.may.release()
    async with asyncio.timeout(WAIT):
        await again
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
