"""Recordings: who sees, hears and deletes them."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from ari_app.api import messages, sounds
from ari_app.calls.model import Call, Recording
from ari_app.errors import StoreUnavailable
from tests.unit.api.fakes import NOW, World, call, party

SOUND = b"RIFF" + bytes(range(128)) * 80


def recording(name: str, *, since: float = NOW, **more: Any) -> Recording:
    return Recording(name, f"calls/{name}", "alice", since, **more)


def changed(world: World, before: Call | None, after: Call) -> Call:
    """The call is so from now on."""
    world.control.up[after.id] = after
    world.server.recordings.call_changed(before, after)
    return after


def recorded_call(world: World, name: str, *agents: str, since: float = NOW, **more: Any) -> Call:
    """A call with these agents that is being recorded as `name`."""
    parties = [party(f"{name}-{agent}", agent) for agent in agents]
    begun = changed(world, None, call(f"c-{name}", party(f"{name}-contact"), *parties, **more))
    return changed(world, begun, replace(begun, recording=recording(name, since=since)))


def over(world: World, before: Call) -> None:
    """Its recording is over, and the call with it."""
    changed(world, before, replace(before, recording=None, ended=True))
    del world.control.up[before.id]


@pytest.fixture
async def recorded(world: World) -> AsyncIterator[World]:
    """Three recordings: of alice's call, of bob's, and one of alice's that goes on."""
    task = asyncio.create_task(world.server.recordings.run())
    over(world, recorded_call(world, "r1", "alice", since=NOW - 200))
    over(world, recorded_call(world, "r2", "bob", since=NOW - 100))
    recorded_call(world, "r3", "alice", since=NOW)
    world.files.there = {f"calls/{name}": SOUND for name in ("r1", "r2", "r3")}
    await world.server.recordings.flush()
    yield world
    task.cancel()


def allow_agents(world: World) -> None:
    directory = world.control.now_directory
    world.control.now_directory = replace(directory, settings=replace(directory.settings, agents_hear_recordings=True))


async def listed(world: World, token: str, query: str = "") -> list[str]:
    answer = await world.ask("GET", f"/v1/recordings?{query}", token=token)
    assert answer.status == 200, answer.text
    return [r["id"] for r in answer.json["recordings"]]


async def test_who_oversees_sees_all_and_chooses(recorded: World) -> None:
    erin = await recorded.token("erin")
    assert await listed(recorded, erin) == ["r3", "r2", "r1"]
    assert await listed(recorded, erin, "agent=alice") == ["r3", "r1"]
    assert await listed(recorded, erin, "call=c-r2") == ["r2"]
    assert await listed(recorded, erin, "from=2027-01-15T07:58:20Z") == ["r3", "r2"]
    assert await listed(recorded, erin, "to=2027-01-15T07:58:20Z") == ["r1"]
    first = (await recorded.ask("GET", "/v1/recordings?limit=2", token=erin)).json
    assert await listed(recorded, erin, f"limit=2&cursor={first['next']}") == ["r1"]
    shown = (await recorded.ask("GET", "/v1/recordings?call=c-r1", token=erin)).json
    for measured in ("seconds", "size"):  # soon: see test_completed
        del shown["recordings"][0][measured]
    assert shown == {
        "recordings": [
            {
                "id": "r1",
                "call_id": "c-r1",
                "state": "complete",
                "started_at": "2027-01-15T07:56:40.000Z",
                "started_by": "alice",
                "ended_at": "2027-01-15T08:00:00.000Z",
                "agents": ["alice"],
                "file": "calls/r1.wav",
            }
        ],
        "next": None,
    }


async def test_a_search_that_finds_little_ends_and_says_where(recorded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_app.api.kept.PAGE", 2)
    monkeypatch.setattr("ari_app.api.kept.LOOKED_AT", 2)
    erin = await recorded.token("erin")
    answer = (await recorded.ask("GET", "/v1/recordings?call=c-r1", token=erin)).json
    assert answer == {"recordings": [], "next": "r2"}
    assert await listed(recorded, erin, "call=c-r1&cursor=r2") == ["r1"]


async def test_agents_hear_nothing_unless_the_administrator_allows_it(recorded: World, alice: str) -> None:
    for path in ("/v1/recordings", "/v1/recordings/r1"):
        answer = await recorded.ask("GET", path, token=alice)
        assert (answer.status, answer.code) == (403, "feature_disabled")
    allow_agents(recorded)
    assert await listed(recorded, alice) == ["r3", "r1"]
    assert await listed(recorded, alice, "agent=bob") == []
    assert (await recorded.ask("GET", "/v1/recordings/r1", token=alice)).status == 200
    assert (await recorded.ask("GET", "/v1/recordings/r2", token=alice)).code == "not_found"


async def test_the_sound_comes_as_it_is_and_no_cache_keeps_it(recorded: World) -> None:
    token = {"Authorization": f"Bearer {await recorded.token('erin')}"}
    async with recorded.http.get("/v1/recordings/r1", headers=token) as response:
        assert (response.status, await response.read()) == (200, SOUND)
    headers = response.headers
    assert (headers["Content-Type"], headers["Content-Length"]) == ("audio/wav", str(len(SOUND)))
    assert headers["Content-Disposition"] == 'attachment; filename="r1.wav"'
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    async with recorded.http.head("/v1/recordings/r1", headers=token) as response:
        assert (response.status, response.headers["Content-Length"]) == (200, str(len(SOUND)))


async def test_what_is_still_recorded_is_neither_heard_nor_deleted(recorded: World) -> None:
    admin = await recorded.token("admin")
    before = recorded.control.up["c-r3"]
    paused = replace(before, recording=recording("r3", paused=True))
    for now, state in ((before, "recording"), (paused, "paused")):
        changed(recorded, before, now)
        shown = (await recorded.ask("GET", "/v1/recordings?call=c-r3", token=admin)).json["recordings"]
        assert (shown[0]["state"], shown[0]["ended_at"]) == (state, None)
        for method in ("GET", "DELETE"):
            assert (await recorded.ask(method, "/v1/recordings/r3", token=admin)).code == "not_allowed_now"
    stopping = replace(before, recording=None, stopping=frozenset({"calls/r3"}))
    changed(recorded, paused, stopping)
    assert (await recorded.ask("GET", "/v1/recordings/r3", token=admin)).code == "not_allowed_now"
    changed(recorded, stopping, replace(stopping, stopping=frozenset()))
    assert (await recorded.ask("GET", "/v1/recordings/r3", token=admin)).status == 200


async def test_administrators_delete_and_nobody_else(recorded: World, alice: str) -> None:
    allow_agents(recorded)
    for token in (alice, await recorded.token("erin")):
        assert (await recorded.ask("DELETE", "/v1/recordings/r1", token=token)).code == "forbidden"
    admin = await recorded.token("admin")
    recorded.files.away = True
    assert (await recorded.ask("DELETE", "/v1/recordings/r1", token=admin)).code == "asterisk_unavailable"
    recorded.files.away = False
    assert (await recorded.ask("DELETE", "/v1/recordings/r1", token=admin)).status == 204
    assert "calls/r1" not in recorded.files.there
    assert await listed(recorded, admin) == ["r3", "r2"]
    for method in ("GET", "DELETE"):
        assert (await recorded.ask(method, "/v1/recordings/r1", token=admin)).code == "not_found"


async def test_a_file_that_is_gone_is_not_found(recorded: World) -> None:
    erin = await recorded.token("erin")
    del recorded.files.there["calls/r1"]
    assert (await recorded.ask("GET", "/v1/recordings/r1", token=erin)).code == "not_found"
    recorded.files.away = True
    assert (await recorded.ask("GET", "/v1/recordings/r2", token=erin)).code == "asterisk_unavailable"


async def test_whoever_joins_while_it_is_recorded_is_in_it_and_whoever_came_after_is_not(recorded: World) -> None:
    erin = await recorded.token("erin")
    before = recorded.control.up["c-r3"]
    parties = {**before.parties, "p9": party("p9", "carol")}
    joined = changed(recorded, before, replace(before, parties=parties))
    alone = changed(recorded, joined, replace(joined, parties={"p9": parties["p9"]}))
    stopped = changed(recorded, alone, replace(alone, recording=None))
    changed(recorded, stopped, replace(stopped, parties={**stopped.parties, "p10": party("p10", "dave")}))
    await recorded.server.recordings.flush()
    shown = (await recorded.ask("GET", "/v1/recordings?call=c-r3", token=erin)).json["recordings"]
    assert shown[0]["agents"] == ["alice", "carol"]
    again = changed(recorded, stopped, replace(stopped, recording=recording("r4", since=NOW + 1)))
    changed(recorded, again, replace(again, recording=recording("r5", since=NOW + 2)))
    await recorded.server.recordings.flush()
    assert await listed(recorded, erin, "call=c-r3") == ["r5", "r4", "r3"]


async def test_so_many_files_are_fetched_at_once_and_no_more(recorded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings and messages together: each has a connection to Asterisk."""
    monkeypatch.setattr(sounds, "AT_ONCE", 1)
    erin = await recorded.token("erin")
    message = messages.Known("v1", "c-v1", "support", "calls/r2", NOW, "new")
    await recorded.store.keep_voicemail("v1", messages.KNOWN.dump_json(message), NOW)
    recorded.files.gate = asyncio.Event()
    async with recorded.http.get("/v1/recordings/r1", headers={"Authorization": f"Bearer {erin}"}) as slow:
        async with asyncio.timeout(5):  # one more would wait for the gate
            for another in ("/v1/recordings/r2", "/v1/voicemails/v1"):
                answer = await recorded.ask("GET", another, token=erin)
                assert (answer.status, answer.code) == (409, "too_many")
        recorded.files.gate.set()
        assert await slow.read() == SOUND
    assert (await recorded.ask("GET", "/v1/recordings/r2", token=erin)).status == 200
    assert (await recorded.ask("GET", "/v1/voicemails/v1", token=erin)).status == 200


async def test_who_reads_slowly_leaves_others_room_to_fetch(recorded: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sounds, "OF_ONE", 1)
    slow, erin = [await recorded.token("erin") for _ in range(2)]
    recorded.files.gate = gate = asyncio.Event()
    async with recorded.http.get("/v1/recordings/r1", headers={"Authorization": f"Bearer {slow}"}) as held:
        async with asyncio.timeout(5):
            assert (await recorded.ask("GET", "/v1/recordings/r2", token=slow)).code == "too_many"
        recorded.files.gate = None
        assert (await recorded.ask("GET", "/v1/recordings/r2", token=erin)).status == 200
        gate.set()
        assert await held.read() == SOUND
    assert (await recorded.ask("GET", "/v1/recordings/r2", token=slow)).status == 200


async def test_one_that_breaks_off_is_not_taken_for_whole(recorded: World) -> None:
    erin = await recorded.token("erin")
    recorded.files.breaks = True
    async with recorded.http.get("/v1/recordings/r1", headers={"Authorization": f"Bearer {erin}"}) as response:
        with pytest.raises(aiohttp.ClientPayloadError):
            await asyncio.wait_for(response.read(), 5)
    recorded.files.breaks = False
    assert (await recorded.ask("GET", "/v1/recordings/r1", token=erin)).status == 200


async def test_one_that_cannot_be_entered_holds_up_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    keep, lost = world.store.keep_recording, ["r1"]

    async def keep_recording(name: str, *details: Any) -> None:
        if name in lost:
            raise StoreUnavailable
        await keep(name, *details)

    monkeypatch.setattr(world.store, "keep_recording", keep_recording)
    task = asyncio.create_task(world.server.recordings.run())
    for name in ("r1", "r2"):
        over(world, recorded_call(world, name, "alice"))
    await world.server.recordings.flush()
    assert await listed(world, await world.token("erin")) == ["r2"]
    task.cancel()
