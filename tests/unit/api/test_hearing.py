"""Who hears whom, fetched and reported."""

from dataclasses import replace

import pytest

from ari_app.calls.hearing import Ear
from ari_app.calls.model import Call, Monitor, MonitorMode, Progress
from ari_app.routing.directory import Monitoring
from tests.unit.api.fakes import HOST, World, call, party

TALK = (Ear("p1", ("p2",), "talk"), Ear("p2", ("p1",), "talk"))
LISTENED = (Ear("p1", ("p2",), "talk"), Ear("p2", ("p1", "monitor:erin"), "talk"), Ear("monitor:erin", ("p1",), "talk"))


def talking(world: World) -> Call:
    erin = Monitor("erin", "Erin", "1005", MonitorMode.LISTEN, "m1", "mb", progress=Progress.JOINED)
    found = call("c1", party("p1"), party("p2", "alice"), monitors={"erin": erin})
    world.control.up["c1"] = found
    world.control.ears["c1"] = TALK
    return found


def reported(world: World, agents_told: bool) -> None:
    directory = world.control.now_directory
    settings = replace(directory.settings, monitoring=Monitoring(True, agents_told))
    world.control.now_directory = replace(directory, settings=settings)


async def test_whoever_is_in_the_call_may_know(world: World, alice: str) -> None:
    talking(world)
    answer = await world.ask("GET", "/v1/calls/c1/hearing", token=alice)
    assert answer.json == {
        "matrix": [
            {"ear": "p1", "hears": ["p2"], "sound": "talk"},
            {"ear": "p2", "hears": ["p1"], "sound": "talk"},
        ]
    }
    assert (await world.ask("GET", "/v1/calls/c1/hearing", token=await world.token("bob"))).code == "not_found"


@pytest.mark.parametrize("agents_told", [True, False])
async def test_a_supervisor_is_seen_where_agents_are_notified(world: World, alice: str, agents_told: bool) -> None:
    talking(world)
    reported(world, agents_told)
    world.control.ears["c1"] = LISTENED
    mine = (await world.ask("GET", "/v1/calls/c1/hearing", token=alice)).json["matrix"]
    theirs = (await world.ask("GET", "/v1/calls/c1/hearing", token=await world.token("erin"))).json["matrix"]
    assert ("monitor:erin" in str(mine)) is agents_told
    assert len(theirs) == 3
    world.control.ears["c1"] = (Ear("p2", ("monitor:erin",), "talk"),)
    mine = (await world.ask("GET", "/v1/calls/c1/hearing", token=alice)).json["matrix"]
    assert mine[0]["sound"] == ("talk" if agents_told else "silence")


async def test_a_change_is_reported_once_to_those_who_see_the_call(world: World, alice: str) -> None:
    talking(world)
    window = await world.http.ws_connect(f"http://{HOST}:{world.port}/v1/events?token={alice}")
    bob = await world.http.ws_connect(f"http://{HOST}:{world.port}/v1/events?token={await world.token('bob')}")
    assert (await window.receive_json())["calls"][0]["id"] == "c1"
    assert (await bob.receive_json())["calls"] == []
    world.hub.hearing_changed(["c1", "gone"])
    event = await window.receive_json()
    assert (event["type"], event["call_id"], event["matrix"][0]["hears"]) == ("call.hearing", "c1", ["p2"])
    world.hub.hearing_changed(["c1"])
    world.control.ears["c1"] = (Ear("p1", (), "music"), Ear("p2", (), "silence"))
    world.hub.hearing_changed(["c1"])
    event = await window.receive_json()
    assert (event["type"], event["matrix"][0]) == ("call.hearing", {"ear": "p1", "hears": [], "sound": "music"})
    world.server.phone_changed("bob")
    assert (await bob.receive_json())["type"] == "phone.updated"
    await window.close()
    await bob.close()
