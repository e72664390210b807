"""Administration, and what machines ask."""

import asyncio
import re

import pytest

from ari_app.api.models.admin import Reloaded
from ari_app.calls.effects import CallAlarm, CallChanged
from ari_app.calls.model import Alarm
from ari_app.calls.stimuli import AsteriskReconciled, ChannelArrived, ChannelFact, LegAnswered, LegIdentified
from ari_app.calls.story import StoryEntry
from ari_app.config.errors import ConfigError
from ari_app.config.references import section_of
from ari_app.engine import storyfile
from ari_app.routing.targets import TargetType
from tests.support.discretion import SECRET
from tests.support.office import Office
from tests.unit.api.fakes import DOCUMENT, NOW, World, call, party


@pytest.fixture
async def admin(world: World) -> str:
    return await world.token("admin")


async def test_a_reload_says_what_there_is_now(world: World, admin: str) -> None:
    answer = await world.ask("POST", "/v1/admin/reload", token=admin)
    assert answer.json == {"agents": 7, "groups": 3, "queues": 1, "skills": 3, "routing_points": 2, "voicemail": 1}


def test_a_reload_counts_every_section_that_lists_targets() -> None:
    assert set(Reloaded.model_fields) == {section_of(kind) for kind in TargetType} - {None}


async def test_a_reload_that_fails_names_every_fault(world: World, admin: str) -> None:
    world.control.found = [
        ConfigError("/etc/cc.yaml", 12, "agents.bob.groups.0", "'x' is not a group"),
        ConfigError("/etc/cc.yaml", 0, "", "is empty"),
    ]
    answer = await world.ask("POST", "/v1/admin/reload", token=admin)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["errors"] == [
        {"field": "agents.bob.groups.0", "message": "/etc/cc.yaml:12: 'x' is not a group"},
        {"field": "", "message": "/etc/cc.yaml: is empty"},
    ]


async def test_all_calls(world: World, admin: str) -> None:
    world.control.up = {"c1": call("c1", party("p1"), party("p2", "alice"))}
    answer = await world.ask("GET", "/v1/admin/calls", token=admin)
    assert [c["id"] for c in answer.json["calls"]] == ["c1"]


async def test_a_story_tells_what_happened_with_times(world: World, admin: str) -> None:
    world.control.stories["c1"] = [
        StoryEntry(NOW, "stimulus", LegAnswered("leg-1")),
        StoryEntry(NOW + 0.25, "effect", CallChanged(None, call("c1", party("p1")))),
    ]
    answer = await world.ask("GET", "/v1/admin/calls/c1/story", token=admin)
    assert answer.json["call_id"] == "c1"
    first, second = answer.json["story"]
    assert first == {
        "at": "2027-01-15T08:00:00.000Z",
        "kind": "stimulus",
        "what": "LegAnswered",
        "detail": {"leg": "leg-1"},
    }
    assert (second["at"], second["kind"], second["what"]) == ("2027-01-15T08:00:00.250Z", "effect", "CallChanged")
    assert second["detail"]["call"]["parties"]["p1"]["held_by"] == []


async def test_no_story_tells_what_somebody_withholds(world: World, admin: str) -> None:
    held = call("c1", party("p1", withheld=SECRET))
    arrived = ChannelArrived("in", "carrier", "agent", ("alice",), withheld=SECRET)
    world.control.stories["c1"] = [
        StoryEntry(NOW, "stimulus", arrived),
        StoryEntry(NOW, "stimulus", LegIdentified("in", arrived.caller, SECRET)),
        StoryEntry(NOW, "stimulus", AsteriskReconciled((ChannelFact("in", True, False, True, arrived),), ())),
        StoryEntry(NOW, "effect", CallAlarm(held, Alarm.HELD_TOO_LONG)),
    ]
    answer = await world.ask("GET", "/v1/admin/calls/c1/story", token=admin)
    assert "CallAlarm" in answer.text
    assert SECRET.name not in answer.text
    assert SECRET.number not in answer.text


async def test_the_story_as_a_file_is_what_the_document_says(world: World, admin: str) -> None:
    office = Office()
    known = office.served()
    story = office.switch.stories.of(known.id)
    assert story is not None
    assert {step.kind for step in story} == {"stimulus", "effect"}
    world.control.stories[known.id] = list(story)
    answer = await world.ask("GET", f"/v1/admin/calls/{known.id}/story/file", token=admin)
    assert storyfile.read(answer.text) == (known.id, story)
    assert {member: type(value) for member, value in answer.json.items()} == {
        "format": int,
        "call": str,
        "values": list,
        "story": list,
    }
    (described,) = DOCUMENT["paths"]["/v1/admin/calls/{call}/story/file"]["get"]["responses"]["200"]["content"].items()
    assert described == ("application/json", {"schema": {"$ref": "#/components/schemas/StoryFile"}})


async def test_no_story_is_not_found(world: World, admin: str) -> None:
    assert (await world.ask("GET", "/v1/admin/calls/c9/story", token=admin)).code == "not_found"


async def test_health_and_readiness(world: World) -> None:
    assert (await world.ask("GET", "/healthz")).json == {"status": "ok", "role": "leader"}
    answer = await world.ask("GET", "/readyz")
    assert answer.json == {
        "ready": True,
        "role": "leader",
        "asterisk": True,
        "store": True,
        "configuration": "current",
        "configured_at": "2027-01-15T08:00:00.000Z",
        "drained": [],
        "degraded": [],
    }
    world.control.now_degraded = [("asterisk-a", "rate")]
    world.control.now_drained = {"asterisk-b", "asterisk-a"}
    assert (await world.ask("GET", "/readyz")).json["drained"] == ["asterisk-a", "asterisk-b"]
    assert (await world.ask("GET", "/readyz")).json["degraded"] == [{"asterisk": "asterisk-a", "reason": "rate"}]


async def test_a_file_with_faults_is_reported_and_what_runs_is_ready_all_the_same(world: World) -> None:
    world.control.found = [ConfigError("/etc/cc.yaml", 0, "", "is empty")]
    answer = await world.ask("GET", "/readyz")
    assert (answer.status, answer.json["configuration"]) == (200, "last_good")


@pytest.mark.parametrize(("part", "code"), [("asterisk", "asterisk_unavailable"), ("store", "store_unavailable")])
async def test_what_is_away_makes_it_not_ready(world: World, part: str, code: str) -> None:
    world.control.parts[part] = False
    answer = await world.ask("GET", "/readyz")
    assert (answer.status, answer.code) == (503, code)


async def test_metrics_count_requests(world: World) -> None:
    await world.ask("GET", "/healthz")
    answer = await world.ask("GET", "/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert 'callcontrol_api_requests_total{operation="healthz",status="200"} 1.0' in answer.text


async def test_metrics_tell_what_the_process_has(world: World) -> None:
    async def figures() -> dict[str, float]:
        answer = await world.ask("GET", "/metrics")
        found = re.findall(r"(?m)^(callcontrol_(?:tasks|heap_bytes|python_blocks)|process_\w+) (\S+)$", answer.text)
        return {name: float(value) for name, value in found}

    before = await figures()
    waiting = [asyncio.ensure_future(asyncio.Event().wait()) for _ in range(50)]
    kept = [bytearray(10_000) for _ in range(1000)]
    after = await figures()
    assert len(kept) == 1000
    assert 9_000_000 < after["callcontrol_heap_bytes"] - before["callcontrol_heap_bytes"] < 12_000_000
    assert after["callcontrol_python_blocks"] - before["callcontrol_python_blocks"] > 1000
    for task in waiting:
        task.cancel()
    assert 45 < after["callcontrol_tasks"] - before["callcontrol_tasks"] < 55
    assert after["process_open_fds"] > 0
    assert after["process_resident_memory_bytes"] > 1_000_000
