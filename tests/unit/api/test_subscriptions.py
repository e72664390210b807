"""A window is notified of the targets that it shows: by list or by search, newest value only, without gaps."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from ari_app.api.events import EventHub
from ari_app.api.metrics import Metrics
from ari_app.api.streams import Selection, Subscription
from ari_app.calls.views import timestamp
from ari_app.routing.targets import parse_target
from tests.unit.api.fakes import DEMO, NOW, FakeAgents, FakeControl, FakeRecord, World, call, party

ALICE = DEMO.directory.agents["alice"]
C1 = call("c1", party("p1"), party("p2", "alice"))


class Client:
    """A window that checks that its numbers have no gaps."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self.seq = 0

    async def next(self) -> Any:
        event = await self.ws.receive_json(timeout=5)
        if event["type"] != "snapshot" and self.seq:
            assert event["seq"] == self.seq + 1
        self.seq = event["seq"]
        return event

    async def says(self, message: object) -> Any:
        """Send it; the answer."""
        await self.ws.send_json(message)
        return await self.next()


@asynccontextmanager
async def window(world: World, token: str, query: str = "") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    patience = aiohttp.ClientWSTimeout()
    async with world.http.ws_connect(f"/v1/events?{query}", headers=headers, timeout=patience, max_msg_size=0) as ws:
        yield Client(ws)


def shown(event: Any) -> list[str]:
    return [t["target"] for t in event["targets"]]


async def test_by_list_it_is_notified_of_these_and_no_others(world: World, alice: str) -> None:
    world.agents.records["bob"] = FakeRecord("bob", "ready")
    async with window(world, alice) as client:
        assert (await client.next())["type"] == "snapshot"
        now = await client.says({"type": "subscribe", "targets": ["agent:bob", "group:support", "agent:bob"]})
        assert (now["type"], shown(now)) == ("subscribed", ["agent:bob", "group:support"])
        assert (now["targets"][0]["state"], now["targets"][0]["actions"][0]) == ("ready", "call")
        world.hub.agent_changed(FakeRecord("carol", "ready"))
        world.hub.target_changed("group:sales", 3, NOW)
        world.hub.agent_changed(FakeRecord("bob", "on_call"))
        world.hub.target_changed("group:support", 2, NOW)
        bob, support = await client.next(), await client.next()
    assert (bob["type"], bob["target"], bob["state"]) == ("target.updated", "agent:bob", "on_call")
    assert (support["target"], support["available"]) == ("group:support", 2)


async def test_by_search_it_is_notified_of_what_is_found(world: World, alice: str) -> None:
    async with window(world, alice) as client:
        await client.next()
        found = await client.says({"type": "subscribe", "q": "sal", "types": ["group", "queue"], "limit": 5})
        assert shown(found) == ["group:sales", "queue:sales"]
        world.hub.target_changed("group:support", 1, NOW)
        world.hub.target_changed("queue:sales", 1, NOW)
        assert (await client.next())["target"] == "queue:sales"


async def test_without_a_subscription_any_more_it_is_notified_of_all(world: World, alice: str) -> None:
    async with window(world, alice, "targets=group:support") as client:
        await client.next()
        assert shown(await client.next()) == ["group:support"]
        assert (await client.says({"type": "unsubscribe"}))["targets"] is None
        world.hub.target_changed("group:sales", 1, NOW)
        assert (await client.next())["target"] == "group:sales"


async def test_a_window_that_shows_nothing_is_notified_of_calls(world: World, alice: str) -> None:
    async with window(world, alice) as client:
        await client.next()
        assert shown(await client.says({"type": "subscribe", "targets": []})) == []
        world.hub.target_changed("group:support", 1, NOW)
        world.hub.call_changed(None, C1)
        assert (await client.next())["type"] == "call.created"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("targets=agent:bob,number:1003,number:1002", ["agent:bob", "agent:carol"]),
        ("q=sal", ["group:sales", "queue:sales"]),
        ("q=sal&types=queue", ["queue:sales"]),
        ("q=&types=agent&limit=2", ["agent:bob", "agent:carol"]),
        ("targets=agent:alice", ["agent:alice"]),
    ],
)
async def test_it_may_be_said_when_the_window_opens(world: World, alice: str, query: str, found: list[str]) -> None:
    async with window(world, alice, query) as client:
        assert (await client.next())["type"] == "snapshot"
        assert shown(await client.next()) == found


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("targets=agent:nobody", 404, "unknown_target"),
        ("targets=nonsense", 404, "unknown_target"),
        ("targets=agent:bob&q=b", 422, "invalid"),
        ("q=b&types=planet", 422, "invalid"),
        ("q=b&limit=0", 422, "invalid"),
    ],
)
async def test_a_wrong_query_is_a_problem(world: World, alice: str, query: str, status: int, code: str) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    headers = {**upgrade, "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    answer = await world.ask("GET", f"/v1/events?{query}", token=alice, headers=headers)
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "invalid"),
        ("", "invalid"),
        ("[]", "invalid"),
        ('"subscribe"', "invalid"),
        ('{"type":"sing"}', "invalid"),
        ('{"type":"subscribe"}', "invalid"),
        ('{"type":"subscribe","targets":["agent:bob"],"q":"b"}', "invalid"),
        ('{"type":"subscribe","targets":"agent:bob"}', "invalid"),
        ('{"type":"subscribe","targets":[1]}', "invalid"),
        ('{"type":"subscribe","q":"b","types":[]}', "invalid"),
        ('{"type":"subscribe","q":"b","limit":"9"}', "invalid"),
        ('{"type":"subscribe","q":"b","colour":"red"}', "invalid"),
        ('{"type":"subscribe","targets":["group:support","agent:nobody"]}', "unknown_target"),
        ('{"type":"subscribe","targets":["agent:admin"]}', "unknown_target"),
    ],
)
async def test_a_wrong_message_is_an_error_and_changes_nothing(
    world: World, alice: str, message: str, code: str
) -> None:
    async with window(world, alice, "targets=group:sales") as client:
        await client.next()
        await client.next()
        await client.ws.send_str(message)
        error = await client.next()
        assert (error["type"], error["operation"], error["problem"]["code"]) == ("error", "subscribe", code)
        world.hub.target_changed("group:support", 1, NOW)
        world.hub.target_changed("group:sales", 1, NOW)
        assert (await client.next())["target"] == "group:sales"


async def test_bytes_are_an_error_and_too_much_is_the_end(world: World, alice: str) -> None:
    async with window(world, alice) as client:
        await client.next()
        await client.ws.send_bytes(b"\x00")
        assert (await client.next())["type"] == "error"
        await client.ws.send_str("x" * 70_000)
        assert (await client.ws.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
        assert client.ws.close_code == 1009


async def test_a_level_of_a_skill_that_nobody_has_is_reported_too(world: World, alice: str) -> None:
    directory = DEMO.directory
    skills = {**directory.skills, "french": replace(directory.skills["french"], show_available=True)}
    world.control.now_directory = replace(directory, skills=skills)
    async with window(world, alice, "targets=skill:french%3E=2,skill:french") as client:
        await client.next()
        await client.next()
        world.agents.records["alice"] = FakeRecord("alice", "ready")
        world.hub.target_changed("skill:french", 1, NOW)
        reported = {(e["target"], e["available"]) for e in (await client.next(), await client.next())}
    assert reported == {("skill:french", 1), ("skill:french>=2", 1)}


async def test_a_search_is_done_again_when_the_configuration_changes(world: World, alice: str) -> None:
    async with window(world, alice, "q=sal") as client, window(world, alice, "targets=group:sales,agent:bob") as other:
        for each in (client, other):
            await each.next()
            await each.next()
        directory = DEMO.directory
        groups = {**directory.groups, "saloon": replace(directory.groups["sales"], id="saloon", name="Saloon")}
        del groups["sales"]
        world.control.now_directory = replace(directory, groups=groups)
        world.hub.directory_changed()
        assert shown(await client.next()) == ["queue:sales", "group:saloon"]
        assert shown(await other.next()) == ["agent:bob"]
        world.hub.target_changed("group:saloon", 1, NOW)
        assert (await client.next())["target"] == "group:saloon"


async def test_a_subscription_is_kept_when_the_window_resumes(world: World, alice: str) -> None:
    async with window(world, alice, "targets=group:support") as client:
        await client.next()
        seq = (await client.next())["seq"]
    world.hub.target_changed("group:sales", 1, NOW)
    for n in range(5):
        world.hub.target_changed("group:support", n, NOW)
    world.hub.call_changed(None, C1)
    async with window(world, alice, f"since={seq}") as client:
        client.seq = seq
        assert (await client.next())["type"] == "call.created"
        support = await client.next()
        assert (support["target"], support["available"]) == ("group:support", 4)
        world.hub.target_changed("group:sales", 2, NOW)
        world.hub.target_changed("group:support", 9, NOW)
        assert (await client.next())["available"] == 9
        seq = client.seq
    async with window(world, alice, f"since={seq}&targets=group:sales") as client:
        client.seq = seq
        assert shown(await client.next()) == ["group:sales"]


async def test_two_windows_of_one_agent_are_notified_of_what_each_shows(world: World, alice: str) -> None:
    async with window(world, alice, "targets=group:support") as one, window(world, alice) as other:
        await one.next()
        await one.next()
        await other.next()
        world.hub.target_changed("group:sales", 1, NOW)
        world.hub.target_changed("group:support", 2, NOW)
        assert [(await other.next())["target"] for _ in range(2)] == ["group:sales", "group:support"]
        assert (await one.next())["target"] == "group:support"


async def test_a_client_that_is_slow_gets_the_newest_value_once_and_calls_first(world: World, alice: str) -> None:
    world.hub.publisher._queue = 8
    big = replace(C1, user_data={"k": "x" * 8_000_000})
    async with window(world, alice, "targets=group:support,agent:bob") as client:
        await client.next()
        await client.next()
        client.ws._reader._protocol.pause_reading()
        world.hub.call_changed(None, big)
        async with window(world, await world.token("bob")) as other:
            await other.next()
            for n in range(1, 501):
                world.hub.target_changed("group:support", n, NOW)
                world.hub.agent_changed(FakeRecord("bob", "ready" if n % 2 else "on_call"))
                if not n % 50:
                    while (await other.next()).get("available") != n:
                        pass
        world.hub.call_changed(big, replace(big, user_data={}))
        client.ws._reader._protocol.resume_reading()
        events = [await client.next() for _ in range(4)]
    assert [e["type"] for e in events] == ["call.created", "call.updated", "target.updated", "target.updated"]
    assert {e["target"]: e["available"] or e["state"] for e in events[2:]} == {
        "group:support": 500,
        "agent:bob": "on_call",
    }


def subscribed(*targets: str) -> Subscription:
    return Subscription(Selection(targets), tuple(map(parse_target, targets)), DEMO.directory)


def test_streams_that_are_not_read_are_few_and_notified_of_nothing() -> None:
    hub = EventHub(FakeControl(), FakeAgents(), Metrics(), clock=lambda: NOW, defer=lambda do: do())
    opened = [hub.open(ALICE, "d", None, subscribed("group:support", "skill:french>=2")) for _ in range(9)]
    for each in opened:
        hub.publisher.closed(each.window)
    assert [hub.open(ALICE, "d", each.seq).calls for each in opened] == [[]] * 5 + [None] * 4
    assert len({each.seq for each in opened}) == 9


def test_nothing_is_left_of_streams_that_are_forgotten() -> None:
    now = [NOW]
    hub = EventHub(FakeControl(), FakeAgents(), Metrics(), clock=lambda: now[0], defer=lambda do: do())
    hub.publisher.closed(hub.open(ALICE, "d", None, subscribed("group:support", "skill:french>=2")).window)
    hub.publisher.closed(hub.open(ALICE, "d", None).window)
    assert hub._fanout.wanted(parse_target("group:sales"))
    now[0] += 121
    hub.call_changed(None, C1)
    assert not hub._fanout.wanted(parse_target("group:support"))
    assert hub._fanout.levels("french") == ()
    assert hub.publisher._viewers == {}


def test_what_windows_share_has_each_ones_number_and_the_time_when_it_was_sent_s5() -> None:
    now = [NOW]
    hub = EventHub(FakeControl(), FakeAgents(), Metrics(), clock=lambda: now[0], defer=lambda do: do())
    opened = [hub.open(DEMO.directory.agents[who], "d", None, subscribed("group:support")) for who in ("alice", "bob")]
    begun = [each.window.take() for each in opened]
    hub.failed("bob", "hold", RuntimeError())
    hub.target_changed("group:support", 1, NOW)
    hub.target_changed("group:support", 2, NOW)
    reported = []
    for each, (first, count) in zip(opened, ((begun[0], 1), (begun[1], 2)), strict=True):
        now[0] += 1
        assert first is not None
        events = [json.loads(event.text()) for _ in range(count) if (event := each.window.take()) is not None]
        assert [event["seq"] for event in events] == [first.seq + n for n in range(1, count + 1)]
        reported.append(events[-1])
    assert [event["available"] for event in reported] == [2, 2]
    assert [event["at"] for event in reported] == [timestamp(NOW + 1), timestamp(NOW + 2)]


def test_more_than_is_reported_at_once_is_reported_after_it_s5(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_app.api.fanout.BATCH", 2)
    hub = EventHub(FakeControl(), FakeAgents(), Metrics(), clock=lambda: NOW, defer=lambda do: do())
    names = ["group:support", "group:sales", "queue:sales", "agent:bob", "agent:carol"]
    window = hub.open(ALICE, "d", None, subscribed(*names)).window
    for name in names[:3]:
        hub.target_changed(name, 1, NOW)
    for name in ("bob", "carol"):
        hub.agent_changed(FakeRecord(name, "ready"))
    reported = [json.loads(event.text()) for _ in range(6) if (event := window.take()) is not None]
    assert [event.get("target") for event in reported] == [None, *names]


def test_what_is_missed_over_several_windows_is_reported_once_each_in_order_s5() -> None:
    hub = EventHub(FakeControl(), FakeAgents(), Metrics(), recent=4, clock=lambda: NOW, defer=lambda do: do())
    first = hub.open(ALICE, "d", None, subscribed())
    for n in range(5):
        hub.failed("alice", str(n), RuntimeError())
    hub.publisher.closed(first.window)
    for missed in range(5):
        resumed = hub.open(ALICE, "d", first.seq + 6 - missed).window
        events = [json.loads(event.text()) for _ in range(missed) if (event := resumed.take()) is not None]
        assert [(e["seq"], e["operation"]) for e in events] == [
            (first.seq + n + 2, str(n)) for n in range(5 - missed, 5)
        ]
        assert resumed.take() is None
        hub.publisher.closed(resumed)
    assert hub.open(ALICE, "d", first.seq + 1).calls == []


def test_numbers_that_run_out_begin_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_app.api.publisher.SPAN", 3)
    hub = EventHub(FakeControl(), FakeAgents(), Metrics(), clock=lambda: NOW, defer=lambda do: do())
    opened = hub.open(ALICE, "d", None, subscribed())
    hub.failed("alice", "hold", RuntimeError())
    hub.failed("alice", "hold", RuntimeError())
    assert opened.window.closed == (1012, "begin anew")
    hub.publisher.closed(opened.window)
    assert hub.open(ALICE, "d", opened.seq + 1).calls == []


async def test_a_thousand_windows_are_notified_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ari_app.api.fanout.SLICE", 0.0)
    hub = EventHub(FakeControl(), FakeAgents(), Metrics(), clock=lambda: NOW)
    windows = [hub.open(ALICE, "d", None, subscribed("group:support")).window for _ in range(100)]
    for each in windows:
        assert (event := each.take()) is not None
        assert event.kind == "subscribed"
    waiting = [asyncio.create_task(each.next()) for each in windows]
    await asyncio.sleep(0)
    hub.target_changed("group:support", 1, NOW)
    await asyncio.sleep(0)
    assert 0 < sum(bool(each._waiting) for each in windows) < 100
    reported = await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert {event.kind for event in reported if event is not None} == {"target.updated"}
