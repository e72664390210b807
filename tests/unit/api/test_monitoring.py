"""Supervisors at a call through the API: what becomes of a request, and who is notified by events."""

from dataclasses import replace
from typing import Any

import pytest

from ari_app.calls import commands as c
from ari_app.calls.model import Monitor, MonitorMode, Progress
from ari_app.routing.directory import Directory, Monitoring, Role
from tests.unit.api.fakes import DEMO, FakeRecord, World, call, party
from tests.unit.api.test_events import next_event, window

C1 = call("c1", party("p1"), party("p2", "alice"))
ERIN = Monitor("erin", "Erin O'Brien", "1005", MonitorMode.LISTEN, "leg-m", "bridge-m", progress=Progress.JOINED)
WATCHED = replace(C1, monitors={"erin": ERIN})


def with_monitoring(monitoring: Monitoring) -> Directory:
    return replace(DEMO.directory, settings=replace(DEMO.directory.settings, monitoring=monitoring))


@pytest.mark.parametrize(
    ("path", "body", "kind", "details"),
    [
        ("monitor", {"mode": "listen"}, c.MonitorCall, {"mode": MonitorMode.LISTEN, "party": None}),
        ("monitor", {"mode": "whisper", "party": "p2"}, c.MonitorCall, {"mode": MonitorMode.WHISPER, "party": "p2"}),
        ("monitor", {"mode": "barge"}, c.MonitorCall, {"mode": MonitorMode.BARGE, "party": None}),
        ("stop-monitoring", None, c.StopMonitoring, {}),
        ("take-over", None, c.TakeOver, {"party": None}),
        ("take-over", {}, c.TakeOver, {"party": None}),
        ("take-over", {"party": "p2"}, c.TakeOver, {"party": "p2"}),
    ],
)
async def test_each_operation_is_one_command(
    world: World, path: str, body: Any, kind: Any, details: dict[str, Any]
) -> None:
    world.control.up["c1"] = C1
    more = {} if body is None else {"json": body}
    answer = await world.ask("POST", f"/v1/calls/c1/{path}", token=await world.token("erin"), **more)
    assert answer.status == 200
    (command,) = world.control.commands
    assert command == kind(id=command.id, by="erin", role=Role.SUPERVISOR, call="c1", **details)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("monitor", None),
        ("monitor", {}),
        ("monitor", {"mode": "take_over"}),
        ("monitor", {"mode": "listen", "party": ""}),
        ("monitor", {"mode": "listen", "who": "alice"}),
        ("take-over", {"party": 7}),
        ("stop-monitoring", {"mode": "listen"}),
    ],
)
async def test_a_body_that_is_none_is_refused(world: World, path: str, body: Any) -> None:
    world.control.up["c1"] = C1
    more = {} if body is None else {"json": body}
    answer = await world.ask("POST", f"/v1/calls/c1/{path}", token=await world.token("erin"), **more)
    assert (answer.status, answer.code) == (422, "invalid")
    assert world.control.commands == []


async def test_an_agent_who_is_not_to_know_gets_no_event_and_sees_no_difference(world: World, alice: str) -> None:
    world.control.up = {"c1": C1}
    before = (await world.ask("GET", "/v1/calls/c1", token=alice)).text
    async with window(world, alice) as ws:
        seq = (await next_event(ws))["seq"]
        for watched in (replace(WATCHED, monitors={"erin": replace(ERIN, progress=Progress.RINGING)}), WATCHED):
            world.control.up = {"c1": watched}
            world.hub.call_changed(C1, watched)
        assert (await world.ask("GET", "/v1/calls/c1", token=alice)).text == before
        world.hub.call_changed(WATCHED, C1)
        world.hub.call_changed(C1, replace(C1, ended=True))
        event = await next_event(ws)
    assert (event["type"], event["seq"]) == ("call.ended", seq + 1)
    assert event["call"]["monitors"] == []


@pytest.mark.parametrize("states_shown", [True, False])
async def test_nobody_tells_by_the_state_of_a_supervisor_that_they_listen_where_states_are_not_shown(
    world: World, alice: str, states_shown: bool
) -> None:
    world.control.now_directory = with_monitoring(Monitoring(True, agents_told=False, states_shown=states_shown))
    world.agents.records["erin"] = FakeRecord("erin", "ready")
    async with window(world, alice) as ws:
        await next_event(ws)
        await ws.send_json({"type": "subscribe", "targets": ["agent:erin", "agent:bob"]})
        before = (await next_event(ws))["targets"][0]
        world.agents.records["erin"] = FakeRecord("erin", "on_call")
        world.hub.agent_changed(FakeRecord("erin", "on_call"))
        world.hub.agent_changed(FakeRecord("bob", "on_call"))
        event = await next_event(ws)
    after = (await world.ask("GET", "/v1/targets/agent:erin", token=alice)).json
    assert before["actions"]
    assert (event["target"], before["state"]) == (("agent:erin", "ready") if states_shown else ("agent:bob", None))
    assert (after == before) is not states_shown


async def test_an_agent_who_is_notified_and_every_overseer_see_who_listens(world: World, alice: str) -> None:
    world.control.now_directory = with_monitoring(Monitoring(enabled=True, agents_told=True))
    world.control.up = {"c1": C1}
    admin, erin = await world.token("admin"), await world.token("erin")
    async with window(world, alice) as alices, window(world, admin) as admins, window(world, erin) as erins:
        for ws in (alices, admins, erins):
            await next_event(ws)
        world.control.up = {"c1": WATCHED}
        world.hub.call_changed(C1, WATCHED)
        events = [await next_event(ws) for ws in (alices, admins, erins)]
    seen = {"agent": "erin", "name": "Erin O'Brien", "mode": "listen", "state": "connected"}
    assert [e["type"] for e in events] == ["call.updated"] * 3
    assert [e["call"]["monitors"] for e in events] == [[{**seen, "you": you}] for you in (False, False, True)]
    assert "stop_monitoring" in events[2]["call"]["actions"]


async def test_what_is_reported_changes_with_the_setting_while_the_call_goes_on(world: World, alice: str) -> None:
    world.control.up = {"c1": WATCHED}
    async with window(world, alice) as ws:
        assert (await next_event(ws))["calls"][0]["monitors"] == []
        for reported in (True, False):
            world.control.now_directory = with_monitoring(Monitoring(enabled=True, agents_told=reported))
            world.hub.directory_changed()
            event = await next_event(ws)
            assert event["type"] == "call.updated"
            assert [m["agent"] for m in event["call"]["monitors"]] == (["erin"] if reported else [])


async def test_a_supervisor_who_has_a_call_is_notified_that_others_cannot_be_listened_to(world: World) -> None:
    other = call("c2", party("p3"), party("p4", "bob"))
    world.control.up = {"c1": C1, "c2": other}
    async with window(world, await world.token("erin")) as ws:
        snapshot = await next_event(ws)
        assert all("monitor" in shown["actions"] for shown in snapshot["calls"])
        world.control.up = {"c1": WATCHED, "c2": other}
        world.hub.call_changed(C1, WATCHED)
        first, second = await next_event(ws), await next_event(ws)
        assert first["call"]["id"] == "c1"
        assert {"monitor", "stop_monitoring"} <= set(first["call"]["actions"])
        assert second["call"]["id"] == "c2"
        assert not {"monitor", "take_over"} & set(second["call"]["actions"])
        world.control.up = {"c1": C1, "c2": other}
        world.hub.call_changed(WATCHED, C1)
        await next_event(ws)
        assert "monitor" in (await next_event(ws))["call"]["actions"]


async def test_the_actions_are_absent_where_it_is_switched_off(world: World) -> None:
    erin = await world.token("erin")
    world.control.up = {"c1": C1}
    assert {"monitor", "take_over"} <= set((await world.ask("GET", "/v1/calls/c1", token=erin)).json["actions"])
    world.control.now_directory = with_monitoring(Monitoring())
    shown = (await world.ask("GET", "/v1/calls/c1", token=erin)).json
    assert {"clear", "update_user_data"} <= set(shown["actions"])
    assert not {"monitor", "take_over"} & set(shown["actions"])
