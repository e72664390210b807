"""What is stored is kept for as long as the administrator says, and no longer."""

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from ari_app.api.kept import ON_END
from ari_app.calls.reads import Reads
from ari_app.calls.story import Stories
from ari_app.errors import AsteriskUnavailable, StoreUnavailable
from ari_app.history.port import Wanted
from ari_app.keeping import keep_forgetting, keep_of
from ari_app.routing.directory import Directory, KeepDays
from ari_app.store.port import Keep
from tests.unit.api.fakes import NOW, World
from tests.unit.api.test_history import over

DAY = 86_400.0


def keeps(world: World, **days: float) -> None:
    directory = world.control.now_directory
    settings = replace(directory.settings, keep_days=replace(directory.settings.keep_days, **days))
    world.control.now_directory = replace(directory, settings=settings)


def test_the_store_keeps_things_for_so_many_seconds() -> None:
    assert keep_of(KeepDays()) == Keep(90 * 86_400, 0)
    assert keep_of(KeepDays(recents=0.001, favourites=2)) == Keep(86, 172_800)


async def test_calls_that_ended_before_that_are_forgotten_also_where_it_was_longer_when_they_ended(
    world: World,
) -> None:
    world.history.write([over(f"c{n}", at=NOW - n * DAY) for n in range(4)])
    keeps(world, history=1.5)
    await world.server.forget_old()
    assert [noted.call.id for noted in await world.history.calls(Wanted(), None, 10)] == ["c0", "c1"]


async def recordings(world: World, many: int = 12) -> None:
    """One a day."""
    for n in range(many):
        at = NOW - n * DAY
        data = b'{"id":"r%d","call":"c","file":"f%d","by":"alice","started_at":%f,"ended_at":1,"agents":[]}' % (
            n,
            n,
            at,
        )
        await world.store.keep_recording(f"r{n}", data, at)
        world.files.there[f"f{n}"] = b"RIFF"


async def test_what_cannot_be_deleted_keeps_nothing_else(world: World) -> None:
    await recordings(world)
    world.history.write([over(f"c{n}", at=NOW - n * DAY) for n in range(4)])
    keeps(world, recordings=1.5, history=1.5)
    world.files.kept_by_force = {"f11", "f5"}
    for _ in range(2):
        with pytest.raises(AsteriskUnavailable):
            await world.server.forget_old()
        assert set(world.files.there) == {"f0", "f1", "f5", "f11"}
        assert [noted.call.id for noted in await world.history.calls(Wanted(), None, 10)] == ["c0", "c1"]


async def test_while_asterisk_is_away_what_it_does_not_have_is_forgotten_and_it_is_not_tried_for_ever(
    world: World,
) -> None:
    await recordings(world, 30)
    world.history.write([over(f"c{n}", at=NOW - n * DAY) for n in range(4)])
    keeps(world, recordings=1.5, history=1.5)
    world.files.away = True
    with pytest.raises(AsteriskUnavailable):
        await world.server.forget_old()
    assert (len(world.files.there), world.files.deletions) == (30, ON_END)
    assert [noted.call.id for noted in await world.history.calls(Wanted(), None, 10)] == ["c0", "c1"]


async def test_recordings_are_deleted_with_their_files_and_that_is_on_record(world: World) -> None:
    await recordings(world)
    await world.server.forget_old()
    assert len(world.files.there) == 12
    keeps(world, recordings=1.5)
    await world.server.forget_old()
    assert sorted(world.files.there) == ["f0", "f1"]
    assert len(await world.store.recordings(None, 20)) == 2
    assert [(e.what, e.who) for e in world.recorded] == [("recording_forgotten", "system")] * 10


async def test_an_answer_for_repeats_is_kept_for_little_more_than_an_hour(world: World) -> None:
    alice = await world.token("alice")
    headers = {"Idempotency-Key": "k"}
    await world.ask("POST", "/v1/calls", token=alice, json={"target": "agent:bob"}, headers=headers)
    (until,) = (until for until, _ in world.store._claims.values())
    assert 3600 < until - NOW < 2 * 3600


async def test_whoever_is_no_longer_listed_leaves_nothing_of_whom_they_reached_and_marked(world: World) -> None:
    await world.store.note_recent("carol", "number:+331")
    await world.store.add_favourite("carol", "number:+331")
    await world.server.end_sessions(["carol"])
    assert await world.store.recents("carol") == await world.store.favourites("carol") == []


def test_stories_of_calls_that_are_up_stay_however_old_they_are() -> None:
    stories = Stories()
    for name, at in (("old", NOW - 10), ("up", NOW - 10), ("new", NOW)):
        stories.add({name: False}, at, "stimulus", [], Reads("c", 0, linked=True), Directory(), {})
    stories.forget(NOW - 5, {"up"})
    assert list(stories.calls()) == ["up", "new"]


async def test_what_cannot_be_forgotten_now_is_tried_again() -> None:
    tries: list[int] = []
    done = asyncio.Event()

    async def forget() -> None:
        tries.append(1)
        if len(tries) < 2:
            raise StoreUnavailable
        done.set()

    with capture_logs() as logs:
        task = asyncio.create_task(keep_forgetting(forget, 0.001))
        await asyncio.wait_for(done.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert [line["event"] for line in logs] == ["not_forgotten"]
