"""What who oversees sees and does: agents, queues and groups now and today."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ari_app.api import counts
from ari_app.api.live import PAUSE, Board, day_name
from ari_app.calls.model import Call, Identity, Offer, OfferKind, OfferState
from ari_app.errors import StoreUnavailable
from ari_app.routing.targets import parse_target
from tests.unit.api.fakes import HOST, NOW, FakeRecord, World, call, party


def waiting(call_id: str, target: str, since: float = NOW, **more: Any) -> Call:
    """A caller who waits for it."""
    offer = Offer("o1", OfferKind.CALL, parse_target(target), None, Identity(), OfferState.WAITING)
    return call(call_id, party("p1"), offer=offer, queued_at=since, **more)


def target_of(live: Any, name: str) -> Any:
    return next(t for t in live["targets"] if t["target"] == name)


async def test_who_oversees_sees_everybody_with_state_and_calls(world: World) -> None:
    world.control.up["c1"] = call("c1", party("p1"), party("p2", "alice"))
    world.agents.records["alice"] = FakeRecord("alice", "on_call", choice="not_ready", choice_reason="lunch")
    world.agents.devices["alice"] = "page"
    erin = await world.token("erin")
    agents = (await world.ask("GET", "/v1/agents", token=erin)).json["agents"]
    assert [a["agent"] for a in agents] == sorted(world.control.directory().agents)
    alice = next(a for a in agents if a["agent"] == "alice")
    assert (alice["state"], alice["next_state"], alice["next_reason"]) == ("on_call", "not_ready", "lunch")
    assert (alice["calls"], alice["phone_device"], alice["groups"]) == (["c1"], "page", ["support"])
    of_sales = (await world.ask("GET", "/v1/agents?group=sales", token=erin)).json["agents"]
    assert of_sales
    assert all("sales" in a["groups"] for a in of_sales)


async def test_who_oversees_changes_somebodys_state(world: World) -> None:
    erin = await world.token("erin")
    path = "/v1/agents/alice/state"
    row = (await world.ask("PUT", path, token=erin, json={"state": "not_ready", "reason": "lunch"})).json
    assert (row["agent"], row["state"], row["reason"]) == ("alice", "not_ready", "lunch")
    assert (await world.ask("PUT", path, token=erin, json={"state": "logged_out"})).json["state"] == "logged_out"
    assert (await world.ask("PUT", path, token=erin, json={"state": "ready", "reason": "lunch"})).code == "invalid"
    assert (await world.ask("PUT", path, token=erin, json={"state": "wrap_up"})).code == "invalid"
    nobody = await world.ask("PUT", "/v1/agents/mallory/state", token=erin, json={"state": "ready"})
    assert nobody.code == "not_found"


async def test_it_is_for_who_oversees_only(world: World, alice: str) -> None:
    for path in ("/v1/agents", "/v1/live"):
        assert (await world.ask("GET", path, token=alice)).code == "forbidden"
    answer = await world.ask("PUT", "/v1/agents/bob/state", token=alice, json={"state": "ready"})
    assert answer.code == "forbidden"
    assert (await world.ask("GET", "/v1/live", token=await world.token("admin"))).status == 200


async def test_who_waits_and_who_could_serve_them(world: World) -> None:
    world.control.up |= {
        "c1": waiting("c1", "queue:sales", NOW - 5),
        "c2": waiting("c2", "queue:sales", NOW - 9),
        "c3": waiting("c3", "queue:sales", NOW - 99, answered_at=NOW - 1),
        "c4": call("c4", party("p1")),
    }
    members = [a.id for a in world.control.directory().agents.values() if "sales" in a.groups]
    world.agents.records[members[0]] = FakeRecord(members[0], "ready")
    del world.agents.records[members[1]]
    world.server.board.recount()
    live = (await world.ask("GET", "/v1/live", token=await world.token("erin"))).json
    sales = target_of(live, "queue:sales")
    assert (sales["waiting"], sales["oldest_queued_at"], sales["talking"]) == (2, "2027-01-15T07:59:51.000Z", 1)
    assert (sales["agents"]["ready"], sales["available"]) == (1, 1)
    assert sum(sales["agents"].values()) == len(members)
    assert target_of(live, "group:sales")["agents"] == sales["agents"]
    assert target_of(live, "group:support")["waiting"] == 0


async def test_who_is_ready_and_cannot_be_called_is_not_free(world: World) -> None:
    away, there = (a.id for a in world.control.directory().agents.values() if "sales" in a.groups)
    world.agents.records |= {away: FakeRecord(away, "ready", reachable=False), there: FakeRecord(there, "ready")}
    world.server.board.recount()
    live = (await world.ask("GET", "/v1/live", token=await world.token("erin"))).json
    for target in ("queue:sales", "group:sales"):
        assert (target_of(live, target)["agents"]["ready"], target_of(live, target)["available"]) == (2, 1)


async def test_what_was_today_is_counted_and_outlives_a_restart(world: World) -> None:
    board = world.server.board
    writing = asyncio.create_task(board.run())
    in_time, late = waiting("c1", "queue:sales", NOW - 20), waiting("c2", "queue:sales", NOW - 21)
    for before in (in_time, late):
        board.call_changed(before, replace(before, answered_at=NOW))
    answered = replace(late, answered_at=NOW)
    board.call_changed(answered, replace(answered, ended=True))  # that they were served is counted already
    board.call_changed(late, late)
    board.call_changed(late, replace(late, ended=True))
    board.call_changed(None, call("c4", party("p1"), ended=True))
    sales = target_of((await world.ask("GET", "/v1/live", token=await world.token("erin"))).json, "queue:sales")
    assert sales["service_level"] == {"numerator": 1, "denominator": 3}
    assert sales["abandoned"] == {"numerator": 1, "denominator": 3}
    assert sales["answered"] == {"numerator": 2, "denominator": 3}
    assert sales["speed_of_answer"] == {"numerator": 41.0, "denominator": 2}
    await board.flush()
    assert len(await world.store.counts(day_name(NOW, "UTC"))) == 4
    again = Board(world.control, world.agents, world.openings, world.store, lambda _: None, world.clock)
    await again.restore()
    assert again.now()["queue:sales"].service_level.denominator == 3
    assert again.now()["queue:sales"].speed_of_answer.numerator == 41
    world.now += 86_400
    assert again.now()["queue:sales"].service_level.denominator == 0
    writing.cancel()


async def test_a_figure_that_could_not_be_kept_is_kept_once_the_store_is_back_and_counted_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, tries = world.store.keep_counts, 0

    async def unanswered(day: str, numbers: Mapping[str, int]) -> None:
        nonlocal tries
        tries += 1
        await keep(day, numbers)
        if tries < 3:
            raise StoreUnavailable

    monkeypatch.setattr(counts, "AGAIN", 0.001)
    monkeypatch.setattr(world.store, "keep_counts", unanswered)
    writing = asyncio.create_task(world.server.board.run())
    gone = waiting("c1", "queue:sales")
    for _ in range(2):
        world.server.board.call_changed(gone, replace(gone, ended=True))
    await world.server.board.flush()
    assert await world.store.counts(day_name(NOW, "UTC")) == {"queue:sales gone": 2}
    assert (tries, world.server.board.now()["queue:sales"].abandoned.numerator) == (3, 2)
    writing.cancel()


async def test_changes_are_pushed_to_who_oversees_and_to_nobody_else(world: World, alice: str) -> None:
    erin = await world.http.ws_connect(f"http://{HOST}:{world.port}/v1/events?token={await world.token('erin')}")
    mine = await world.http.ws_connect(f"http://{HOST}:{world.port}/v1/events?token={alice}")
    for window in (erin, mine):
        assert (await window.receive_json())["type"] == "snapshot"
    board = world.server.board
    board.look()
    reported = [await erin.receive_json() for _ in range(len(board.now()))]
    assert {t["type"] for t in reported} == {"queue.updated"}
    board.look()
    world.now += 1
    board.look()
    watching = asyncio.create_task(board.run())
    board.call_changed(None, waiting("c1", "queue:sales"))
    event = await erin.receive_json()
    assert (event["queue"]["target"], event["queue"]["waiting"]) == ("queue:sales", 1)
    watching.cancel()
    world.server.phone_changed("alice")
    assert (await mine.receive_json())["type"] == "phone.updated"
    assert PAUSE > 0
    for window in (erin, mine):
        await window.close()
