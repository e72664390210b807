"""A recording whose file is complete: who is notified, when, and that a restart loses none and repeats none."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from ari_app.api import completed
from ari_app.api.webhooks_api import NoReceivers
from ari_app.calls.model import Call
from ari_app.routing.webhooks import Webhook
from ari_app.webhooks.model import Event, Followed
from tests.support.polling import until
from tests.unit.api.fakes import NOW, World
from tests.unit.api.kept import FlakyStore
from tests.unit.api.test_events import next_event, window
from tests.unit.api.test_recordings import SOUND, allow_agents, over, recorded_call

URL = "https://crm.example.org/hook"


class Sent(NoReceivers):
    """What was to be sent, and to whom; `dies`: before it is kept."""

    def __init__(self) -> None:
        self.all: list[tuple[Event, Sequence[str]]] = []
        self.dies = False

    def put(self, events: Sequence[tuple[Event, Sequence[str]]], line: str, known: Followed | None) -> None:
        self.all += [each for each in events if each[0].kind == "call.recorded"]

    async def flush(self) -> None:
        if self.dies:
            await asyncio.Event().wait()

    async def has(self, count: int) -> list[Any]:
        """Wait until there are so many; their data."""

        async def there() -> bool:
            return len(self.all) >= count

        await until(there, f"{count} events", 5)
        return [json.loads(event.data)["recording"] for event, _ in self.all]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completed, "SOON", 0.01)
    monkeypatch.setattr(completed, "LATER", 0.01)


@asynccontextmanager
async def running(store: FlakyStore | None = None) -> AsyncIterator[tuple[World, Sent]]:
    """A controller whose receivers are crm, for all, and sales."""
    sent = Sent()
    world = await World(receivers=sent, shared=store).start()
    world.control.receivers = {
        "crm": Webhook("crm", URL),
        "sales": Webhook("sales", URL, whom=("queue:sales", "agent:bob")),
        "calls": Webhook("calls", URL, events=("call.ended",)),
    }
    world.files.there = {f"calls/{name}": SOUND for name in ("r1", "r2", "r3")}
    task = asyncio.create_task(world.server.recordings.run())
    yield world, sent
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await world.stop()


async def ended(world: World, call: Call) -> None:
    over(world, call)
    await world.server.recordings.flush()


async def test_when_the_file_is_complete_receivers_are_notified_once_with_its_size_and_time() -> None:
    async with running() as (world, sent):
        await ended(world, recorded_call(world, "r1", "alice", queue="support"))
        await ended(world, recorded_call(world, "r2", "bob", queue="sales"))
        first, second = await sent.has(2)
        assert first == {
            "id": "r1", "call_id": "c-r1", "state": "complete", "started_at": "2027-01-15T08:00:00.000Z",
            "started_by": "alice", "ended_at": "2027-01-15T08:00:00.000Z", "agents": ["alice"], "file": "calls/r1.wav",
            "seconds": round(len(SOUND) / 16_000, 3), "size": len(SOUND),
        }  # fmt: skip
        assert second["id"] == "r2"
        assert [(event.id, event.line, list(to)) for event, to in sent.all] == [
            ("evt_r1", "recording:r1", ["crm"]),
            ("evt_r2", "recording:r2", ["crm", "sales"]),
        ]
        erin = await world.token("erin")

        async def listed() -> bool:
            answer = await world.ask("GET", "/v1/recordings?call=c-r1", token=erin)
            return bool(answer.json["recordings"][0]["size"] == len(SOUND))

        await until(listed, "the list has its size", 5)


async def test_while_asterisk_still_writes_it_nobody_is_notified() -> None:
    async with running() as (world, sent):
        world.files.being_written = {"calls/r1"}
        await ended(world, recorded_call(world, "r1", "alice"))
        await ended(world, recorded_call(world, "r2", "alice"))
        assert [each["id"] for each in await sent.has(1)] == ["r2"]
        world.files.being_written.clear()
        assert [each["id"] for each in await sent.has(2)] == ["r2", "r1"]


async def test_one_that_goes_on_in_its_call_is_not_complete() -> None:
    async with running() as (world, sent):
        call = recorded_call(world, "r1", "alice")
        await world.server.recordings.flush()
        await world.server.recordings.catch_up()
        await ended(world, recorded_call(world, "r2", "alice"))
        assert [each["id"] for each in await sent.has(1)] == ["r2"]
        await ended(world, call)
        assert [each["id"] for each in await sent.has(2)] == ["r2", "r1"]


async def test_overseers_are_notified_and_agents_where_they_may_hear_it() -> None:
    async with running() as (world, _):
        alice, bob, erin = [await world.token(name) for name in ("alice", "bob", "erin")]
        allow_agents(world)
        async with window(world, alice) as of_alice, window(world, bob) as of_bob, window(world, erin) as all_of_them:
            for each in (of_alice, of_bob, all_of_them):
                await next_event(each)
            await ended(world, recorded_call(world, "r1", "alice"))
            for each in (of_alice, all_of_them):
                event = await next_event(each)
                assert (event["type"], event["recording"]["id"]) == ("call.recorded", "r1")
            await ended(world, recorded_call(world, "r2", "bob"))
            event = await next_event(of_bob)
            assert (event["type"], event["recording"]["id"]) == ("call.recorded", "r2")


async def test_what_a_controller_did_not_tell_the_next_one_does_by_the_same_id_and_nothing_twice() -> None:
    store = FlakyStore(lambda: NOW)
    async with running(store) as (world, sent):
        await ended(world, recorded_call(world, "r1", "alice"))
        await sent.has(1)
        await world.server.recordings.flush()
        sent.dies = True
        await ended(world, recorded_call(world, "r2", "alice"))
        await sent.has(2)  # put, and not kept: it dies with this controller
    async with running(store) as (world, sent):
        await world.server.recordings.catch_up()
        assert [each["id"] for each in await sent.has(1)] == ["r2"]
        assert sent.all[0][0].id == "evt_r2"
        await ended(world, recorded_call(world, "r3", "alice"))
        assert [each["id"] for each in await sent.has(2)] == ["r2", "r3"]
    async with running(store) as (world, sent):
        await world.server.recordings.catch_up()
        world.files.there["calls/r4"] = SOUND
        await ended(world, recorded_call(world, "r4", "alice"))
        assert [each["id"] for each in await sent.has(1)] == ["r4"]


async def test_while_asterisk_is_away_it_waits_and_one_without_a_file_is_given_up() -> None:
    async with running() as (world, sent):
        world.files.away = True
        await ended(world, recorded_call(world, "r1", "alice"))
        await ended(world, recorded_call(world, "nowhere", "alice"))
        await asyncio.sleep(0)
        world.files.away = False
        with capture_logs() as logs:
            assert [each["id"] for each in await sent.has(1)] == ["r1"]

            async def given_up() -> bool:
                return any(line["event"] == "recording_has_no_file" for line in logs)

            await until(given_up, "it is given up", 5)
        assert len(sent.all) == 1


async def test_a_recording_of_an_earlier_version_has_neither_and_is_reported_if_it_is_of_today() -> None:
    async with running() as (world, sent):
        await ended(world, recorded_call(world, "r1", "alice", since=NOW - 2 * 86_400))
        await sent.has(1)
        data = await world.store.recording("r1")
        assert data is not None
        entry = replace(completed.read(data), size=None, seconds=None)
        old = {k: v for k, v in json.loads(completed.written(entry)).items() if k not in ("about", "size", "seconds")}
        for name, at in (("r2", NOW - 3600), ("r3", NOW - 2 * 86_400)):
            kept = json.dumps({**old, "id": name, "file": f"calls/{name}", "started_at": at}).encode()
            await world.store.keep_recording(name, kept, at)
        await world.server.recordings.catch_up()
        assert [each["id"] for each in await sent.has(2)] == ["r1", "r2"]
