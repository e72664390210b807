"""The stream of events: a snapshot, then everything in order, one number each, without gaps, for every window."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from ari_app.api.events import EventHub
from ari_app.api.metrics import Metrics
from ari_app.calls.model import Alarm, Identity, Offer, OfferKind, OfferState, Progress
from ari_app.errors import AsteriskUnavailable
from ari_app.routing.directory import Role
from ari_app.routing.targets import parse_target
from tests.unit.api.fakes import DEMO, NOW, FakeAgents, FakeControl, FakeRecord, World, call, group, party

ALICE = DEMO.directory.agents["alice"]
C1 = call("c1", party("p1"), party("p2", "alice"))


@asynccontextmanager
async def window(world: World, token: str, since: int | None = None) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    query = f"?since={since}" if since is not None else ""
    headers = {"Authorization": f"Bearer {token}"}
    async with world.http.ws_connect(f"/v1/events{query}", headers=headers, timeout=aiohttp.ClientWSTimeout()) as ws:
        yield ws


async def next_event(ws: aiohttp.ClientWebSocketResponse) -> Any:
    return await ws.receive_json(timeout=5)


async def close_code(ws: aiohttp.ClientWebSocketResponse) -> int | None:
    while (await ws.receive(timeout=5)).type not in (WSMsgType.CLOSE, WSMsgType.CLOSED):
        pass
    return ws.close_code


async def test_it_begins_with_a_snapshot(world: World, alice: str) -> None:
    world.control.up = {"c1": C1, "others": call("others", party("p3"), party("p4", "bob"))}
    async with window(world, alice) as ws:
        snapshot = await next_event(ws)
    assert snapshot["type"] == "snapshot"
    assert snapshot["me"]["agent"] == "alice"
    assert [c["id"] for c in snapshot["calls"]] == ["c1"]
    assert snapshot["at"] == "2027-01-15T08:00:00.000Z"


async def test_a_hold_that_lasts_too_long_is_reported_to_those_in_the_call_and_who_oversees(
    world: World, alice: str
) -> None:
    async with window(world, alice) as ws:
        await next_event(ws)
        world.hub.alarm(call("others", party("p3"), party("p4", "bob")), Alarm.HELD_TOO_LONG)
        world.hub.alarm(replace(C1, held_since=NOW), Alarm.HELD_TOO_LONG)
        alarm = await next_event(ws)
    assert (alarm["type"], alarm["call_id"], alarm["alarm"]) == ("call.alarm", "c1", "held_too_long")
    assert alarm["since"] == "2027-01-15T08:00:00.000Z"


async def test_the_token_may_be_in_the_query(world: World, alice: str) -> None:
    async with world.http.ws_connect(f"/v1/events?token={alice}") as ws:
        assert (await next_event(ws))["type"] == "snapshot"


@pytest.mark.parametrize("query", ["", "?token=wrong"])
async def test_without_a_token_there_is_no_window(world: World, query: str) -> None:
    answer = await world.ask("GET", f"/v1/events{query}")
    assert (answer.status, answer.code) == (401, "unauthenticated")
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await world.http.ws_connect(f"/v1/events{query}")
    assert refused.value.status == 401


async def test_a_plain_request_is_answered_to_upgrade(world: World, alice: str) -> None:
    answer = await world.ask("GET", "/v1/events", token=alice)
    assert (answer.status, answer.code, answer.headers["Upgrade"]) == (426, "invalid", "websocket")


async def test_calls_are_created_updated_and_ended_in_order(world: World, alice: str) -> None:
    async with window(world, alice) as ws:
        seq = (await next_event(ws))["seq"]
        held = replace(C1, parties={**C1.parties, "p1": replace(C1.parties["p1"], held_by=frozenset({"p2"}))})
        world.hub.call_changed(None, C1)
        world.hub.call_changed(C1, held)
        world.hub.call_changed(held, replace(held, ended=True))
        events = [await next_event(ws) for _ in range(3)]
    assert [e["type"] for e in events] == ["call.created", "call.updated", "call.ended"]
    assert [e["call"]["state"] for e in events] == ["established", "held", "released"]
    assert [e["seq"] for e in events] == [seq + 1, seq + 2, seq + 3]
    assert all(e["at"] for e in events)


async def test_what_cannot_be_seen_is_not_reported(world: World, alice: str) -> None:
    async with window(world, alice) as ws:
        seq = (await next_event(ws))["seq"]
        world.hub.call_changed(None, C1)
        world.hub.call_changed(C1, replace(C1, bridge_made=True))
        world.hub.call_changed(None, call("others", party("p3"), party("p4", "bob")))
        world.hub.failed("alice", "hold", AsteriskUnavailable())
        events = [await next_event(ws) for _ in range(2)]
    assert [e["type"] for e in events] == ["call.created", "error"]
    assert events[1]["seq"] == seq + 2
    assert events[1]["operation"] == "hold"
    assert events[1]["problem"]["code"] == "asterisk_unavailable"


async def test_whoever_left_sees_the_call_end_while_it_goes_on(world: World, alice: str) -> None:
    world.control.up = {"c1": C1}
    left = {**C1.parties, "p2": replace(C1.parties["p2"], progress=Progress.LEFT), "p3": party("p3", "bob")}
    after = replace(C1, parties=left)
    async with window(world, alice) as ws:
        await next_event(ws)
        world.hub.call_changed(C1, after)
        world.hub.call_changed(after, replace(after, user_data={"k": "v"}))
        world.hub.failed("alice", "end", AsteriskUnavailable())
        events = [await next_event(ws) for _ in range(2)]
    assert [e["type"] for e in events] == ["call.ended", "error"]
    assert events[0]["call"]["state"] == "released"
    assert events[0]["call"]["actions"] == []
    assert all(p["actions"] == [] for p in events[0]["call"]["parties"])


async def test_offers_are_reported_after_their_call(world: World, alice: str) -> None:
    world.control.up = {"c1": C1}
    target = parse_target("group:support")
    offer = Offer("o1", OfferKind.TRANSFER, target, "p2", Identity(), OfferState.RINGING)
    offering = replace(C1, offer=offer)
    async with window(world, alice) as ws:
        await next_event(ws)
        world.hub.call_changed(C1, offering)
        world.hub.call_changed(offering, replace(offering, offer=replace(offer, state=OfferState.DECLINED)))
        events = [await next_event(ws) for _ in range(4)]
    assert [e["type"] for e in events] == ["call.updated", "offer.updated"] * 2
    assert events[1]["call_id"] == "c1"
    assert [events[1]["offer"]["state"], events[3]["offer"]["state"]] == ["ringing", "declined"]


async def test_agents_are_reported_to_themselves_and_to_supervisors(world: World, alice: str) -> None:
    erin, bob = await world.token("erin"), await world.token("bob")
    async with AsyncExitStack() as windows:
        opened = [await windows.enter_async_context(window(world, t)) for t in (alice, erin, bob)]
        for ws in opened:
            await next_event(ws)
        world.hub.agent_changed(FakeRecord("alice", "ready"))
        for_alice, for_erin, for_bob = [await next_event(ws) for ws in opened]
        also_erin = await next_event(opened[1])
    assert for_alice["type"] == for_erin["type"] == "agent.updated"
    assert for_alice["agent"] == for_erin["agent"]
    assert (for_alice["agent"]["agent"], for_alice["agent"]["state"]) == ("alice", "ready")
    assert for_bob["type"] == also_erin["type"] == "target.updated"
    assert (for_bob["target"], for_bob["state"], for_bob["available"]) == ("agent:alice", "ready", None)


async def test_counts_are_reported_where_they_are_shown(world: World, alice: str) -> None:
    async with window(world, alice) as ws:
        await next_event(ws)
        world.hub.target_changed(group("support"), 3, world.now)
        world.hub.target_changed("group:night", 1, world.now)
        support, night = await next_event(ws), await next_event(ws)
    del support["seq"], support["at"]
    assert support == {
        "type": "target.updated",
        "target": "group:support",
        "available": 3,
        "state": None,
        "as_of": "2027-01-15T08:00:00.000Z",
    }
    assert (night["target"], night["available"]) == ("group:night", None)


async def test_supervisors_see_all_calls(world: World) -> None:
    world.control.up = {"c1": C1}
    async with window(world, await world.token("erin")) as ws:
        assert [c["id"] for c in (await next_event(ws))["calls"]] == ["c1"]
        world.hub.call_changed(C1, replace(C1, ended=True))
        assert (await next_event(ws))["type"] == "call.ended"


async def test_a_lost_window_resumes_where_it_was(world: World, alice: str) -> None:
    async with window(world, alice) as ws:
        seq = (await next_event(ws))["seq"]
        world.hub.call_changed(None, C1)
        await next_event(ws)
    for n in range(3):
        world.hub.call_changed(C1, replace(C1, user_data={"n": str(n)}))
    async with window(world, alice, since=seq + 1) as ws:
        events = [await next_event(ws) for _ in range(3)]
        world.hub.call_changed(C1, replace(C1, ended=True))
        last = await next_event(ws)
    assert [e["seq"] for e in (*events, last)] == [seq + 2, seq + 3, seq + 4, seq + 5]
    assert [e["call"]["user_data"]["n"] for e in events] == ["0", "1", "2"]


@pytest.mark.parametrize("offset", [-1, 1, -(10**12), 10**12])
async def test_a_number_that_is_not_here_gets_a_new_snapshot(world: World, alice: str, offset: int) -> None:
    async with window(world, alice) as ws:
        seq = (await next_event(ws))["seq"]
    async with window(world, alice, since=seq + offset) as ws:
        assert (await next_event(ws))["type"] == "snapshot"


def test_numbers_grow_over_a_restart_for_whoever_says_what_they_have() -> None:
    """Windows that open in one moment get ahead of the time, and an earlier clock may have been ahead too."""
    before = EventHub(FakeControl(), FakeAgents(), Metrics(), clock=lambda: NOW + 3600)
    *_, had = (before.open(ALICE, "d", None) for _ in range(5))
    other = before.publisher.stream(had.window)
    assert other is not None
    before.call_changed(None, C1)
    after = EventHub(FakeControl(), FakeAgents(), Metrics(), clock=lambda: NOW)
    first = after.open(ALICE, "d", had.seq)
    assert first.calls is not None
    assert first.seq > other.seq
    second = after.open(ALICE, "d", other.seq)  # another tab, which had read one event more of the same stream
    assert second.calls is not None
    assert second.seq > first.seq


@pytest.mark.parametrize("since", [2**52 + 1, 2**53, 10**30])
def test_a_number_that_nobody_can_have_makes_no_number_that_javascript_cannot_hold(since: int) -> None:
    hub = EventHub(FakeControl(), FakeAgents(), Metrics(), clock=lambda: NOW)
    opened = hub.open(ALICE, "d", since)
    assert opened.calls is not None
    assert opened.seq == int(NOW * 1e6)


def test_a_stream_that_nobody_reads_is_forgotten_and_never_mistaken() -> None:
    now = [NOW]
    hub = EventHub(FakeControl(), FakeAgents(), Metrics(), keep=120, clock=lambda: now[0])
    first = hub.open(ALICE, "d", None)
    hub.publisher.closed(first.window)
    now[0] += 119
    hub.call_changed(None, C1)
    resumed = hub.open(ALICE, "d", first.seq)
    assert resumed.calls is None
    hub.publisher.closed(resumed.window)
    now[0] += 121
    hub.call_changed(C1, replace(C1, ended=True))
    anew = hub.open(ALICE, "d", resumed.seq)
    assert anew.calls == []
    assert anew.seq > resumed.seq


async def test_two_windows_get_the_same(world: World, alice: str) -> None:
    async with window(world, alice) as one, window(world, alice) as other:
        begun = [await next_event(ws) for ws in (one, other)]
        world.hub.call_changed(None, C1)
        reported = [await next_event(ws) for ws in (one, other)]
    assert [t["seq"] - b["seq"] for b, t in zip(begun, reported, strict=True)] == [1, 1]
    for events in (begun, reported):
        assert len({e.pop("seq") for e in events}) == 2
        assert events[0] == events[1]


async def test_what_one_step_reports_is_all_written_with_it(world: World, alice: str) -> None:
    async with window(world, alice) as ws:
        await next_event(ws)
        (shown,) = world.hub.publisher._streams
        assert shown.ready
        world.hub.call_changed(None, C1)
        world.hub.call_changed(C1, replace(C1, user_data={"k": "v"}))
        assert not shown._waiting
        assert [(await next_event(ws))["type"] for _ in range(2)] == ["call.created", "call.updated"]


async def test_a_slow_window_is_dropped_and_no_other(alice: str, world: World) -> None:
    world.hub.publisher._queue = 8
    big = replace(C1, user_data={"k": "x" * 500_000})
    async with window(world, alice) as slow:
        await next_event(slow)
        slow._reader._protocol.pause_reading()
        async with window(world, await world.token("bob")) as quick:
            await next_event(quick)
            n = 0
            async with asyncio.timeout(20):
                while not world.metrics.slow_windows._value.get():
                    n += 1
                    world.hub.call_changed(C1, replace(big, user_data={"k": big.user_data["k"] + str(n)}))
                    world.hub.failed("bob", str(n), AsteriskUnavailable())
                    assert (await next_event(quick))["operation"] == str(n)
        slow._reader._protocol.resume_reading()
        assert await close_code(slow) == 4008


async def test_logging_out_closes_the_windows_of_that_token(world: World, alice: str) -> None:
    other = await world.token("alice")
    async with window(world, alice) as ended, window(world, other) as goes_on:
        await next_event(ended)
        await next_event(goes_on)
        await world.ask("POST", "/v1/logout", token=alice)
        assert await close_code(ended) == 4001
        world.hub.call_changed(None, C1)
        assert (await next_event(goes_on))["type"] == "call.created"


async def test_a_window_ends_with_its_token(world: World, alice: str) -> None:
    await world.pass_time(12 * 3600 - 0.05, alice)
    async with window(world, alice) as ws:
        assert (await next_event(ws))["type"] == "snapshot"
        assert await close_code(ws) == 4001


async def test_another_role_begins_anew(world: World, alice: str) -> None:
    async with window(world, alice) as ws:
        await next_event(ws)
        directory = DEMO.directory
        agents = {**directory.agents, "alice": replace(directory.agents["alice"], role=Role.SUPERVISOR)}
        world.control.now_directory = replace(directory, agents=agents)
        world.hub.directory_changed()
        assert await close_code(ws) == 1012


async def test_a_server_that_stops_says_so(world: World, alice: str) -> None:
    async with window(world, alice) as ws:
        await next_event(ws)
        stopping = asyncio.create_task(world.close())
        assert await close_code(ws) == 1001
        await stopping
