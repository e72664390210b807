"""The agent themselves, their state, and whom they can reach (S1-S6)."""

from dataclasses import replace
from typing import Any

import pytest

from tests.unit.api.fakes import DEMO, FakeRecord, World


async def found(world: World, token: str, query: str) -> list[Any]:
    return list((await world.ask("GET", f"/v1/targets?{query}", token=token)).json["targets"])


async def one(world: World, token: str, target: str) -> Any:
    return (await world.ask("GET", f"/v1/targets/{target}", token=token)).json


async def test_me(world: World, alice: str) -> None:
    await world.store.set_caller_id("alice", "alice-direct")
    assert (await world.ask("GET", "/v1/me", token=alice)).json == {
        "agent": "alice",
        "name": "Alice Martin",
        "role": "agent",
        "state": "logged_out",
        "reason": None,
        "since": "2027-01-15T08:00:00.000Z",
        "phone": "1001",
        "caller_ids": [
            {"id": "support", "name": "Support", "number": "+33140000001"},
            {"id": "sales", "name": "Sales", "number": "+33140000002"},
            {"id": "alice-direct", "name": "Alice Martin", "number": "+33140001001"},
            {"id": "anonymous", "name": "Anonymous", "number": ""},
        ],
        "default_caller_id": "alice-direct",
        "phone_device": "desk",
        "phone_state": "reachable",
        "wrap_up_until": None,
        "wrap_up_call": None,
        "next_state": None,
        "next_reason": None,
        "reasons": [
            {"id": "break", "label": "Pause"},
            {"id": "lunch", "label": "Déjeuner"},
            {"id": "meeting", "label": "Réunion"},
            {"id": "training", "label": "Formation"},
        ],
        "features": {
            "conferences": True,
            "recording": True,
            "monitoring": False,
            "talk_detection": False,
            "phone_in_page": True,
            "passwords": True,
            "hear_recordings": False,
            "caller_id_for": ["call", "conference", "transfer"],
            "max_hold": None,
            "dispositions": [
                {"code": "solved", "label": "Résolu"},
                {"code": "callback", "label": "À rappeler"},
                {"code": "wrong_number", "label": "Faux numéro"},
            ],
            "disposition_required": False,
        },
        "groups": [{"id": "support", "name": "Support"}],
    }


async def test_a_choice_that_is_no_longer_listed_is_no_default(world: World, alice: str) -> None:
    await world.store.set_caller_id("alice", "gone")
    assert (await world.ask("GET", "/v1/me", token=alice)).json["default_caller_id"] is None


async def test_an_admin_has_no_phone_and_no_state_yet(world: World) -> None:
    del world.agents.records["admin"]
    me = (await world.ask("GET", "/v1/me", token=await world.token("admin"))).json
    assert (me["phone"], me["state"], me["since"]) == (None, "logged_out", None)


async def test_the_state_is_set(world: World, alice: str) -> None:
    body = {"state": "not_ready", "reason": "lunch"}
    me = (await world.ask("PUT", "/v1/me/state", token=alice, json=body)).json
    assert (me["state"], me["reason"]) == ("not_ready", "lunch")
    me = (await world.ask("PUT", "/v1/me/state", token=alice, json={"state": "ready"})).json
    assert (me["state"], me["reason"]) == ("ready", None)


@pytest.mark.parametrize(("in_use", "reason"), [(False, "phone_unreachable"), (True, "phone_in_use")])
async def test_who_is_ready_sees_why_they_are_offered_nothing(
    world: World, alice: str, in_use: bool, reason: str
) -> None:
    world.agents.records["alice"] = FakeRecord("alice", "ready", reachable=False, in_use=in_use)
    assert (await world.ask("GET", "/v1/me", token=alice)).json["reason"] == reason
    world.agents.records["alice"] = FakeRecord("alice", "not_ready", "lunch", reachable=False, in_use=in_use)
    assert (await world.ask("GET", "/v1/me", token=alice)).json["reason"] == "lunch"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"state": "on_call"}, "state"),
        ({}, "state"),
        ({"state": "not_ready", "reason": "golf"}, "reason"),
        ({"state": "ready", "reason": "lunch"}, "reason"),
    ],
)
async def test_a_state_that_cannot_be_chosen_is_invalid(
    world: World, alice: str, body: dict[str, str], field: str
) -> None:
    answer = await world.ask("PUT", "/v1/me/state", token=alice, json=body)
    assert (answer.status, answer.code, answer.json["errors"][0]["field"]) == (422, "invalid", field)


async def test_a_state_that_cannot_be_kept_is_an_error(world: World, alice: str) -> None:
    world.agents.away = True
    answer = await world.ask("PUT", "/v1/me/state", token=alice, json={"state": "ready"})
    assert (answer.status, answer.code) == (503, "store_unavailable")


async def test_a_free_agent_can_be_reached_in_every_way(world: World, alice: str) -> None:
    world.agents.records["bob"] = FakeRecord("bob", "ready")
    assert await found(world, alice, "q=lefevre") == [
        {
            "target": "agent:bob",
            "type": "agent",
            "name": "Bob Lefèvre",
            "state": "ready",
            "available": None,
            "as_of": None,
            "actions": ["call", "single_step_transfer", "single_step_conference", "initiate_transfer"],
        }
    ]


async def test_with_nobody_free_there_is_nothing_to_do(world: World, alice: str) -> None:
    support = await one(world, alice, "group:support")
    assert (support["available"], support["actions"]) == (0, [])
    assert (await one(world, alice, "agent:bob"))["actions"] == []
    world.agents.records["carol"] = FakeRecord("carol", "ready")
    support = await one(world, alice, "group:support")
    assert (support["available"], len(support["actions"])) == (1, 4)
    assert support["as_of"] == "2027-01-15T08:00:00.000Z"


async def test_counts_are_shown_where_configured_only(world: World, alice: str) -> None:
    world.agents.records["frank"] = FakeRecord("frank", "ready")
    night = await one(world, alice, "group:night")
    assert (night["available"], night["as_of"], len(night["actions"])) == (None, None, 4)


async def test_actions_that_are_not_enabled_are_absent(world: World, alice: str) -> None:
    directory = DEMO.directory
    world.agents.records["carol"] = FakeRecord("carol", "ready")
    world.control.now_directory = replace(directory, settings=replace(directory.settings, conferences=False))
    actions = (await one(world, alice, "group:support"))["actions"]
    assert actions == ["call", "single_step_transfer", "initiate_transfer"]


@pytest.mark.parametrize(
    ("requested", "reported"),
    [
        ("skill:french%3E=3", "skill:french>=3"),
        ("number:+33612345678", "number:+33612345678"),
        ("number:1002", "agent:bob"),
        ("routing_point:billing", "routing_point:billing"),
        ("agent:alice", "agent:alice"),
    ],
)
async def test_one_target(world: World, alice: str, requested: str, reported: str) -> None:
    assert (await one(world, alice, requested))["target"] == reported


@pytest.mark.parametrize("target", ["agent:nobody", "group:x", "nonsense", "number:12", "agent:admin", "%00"])
async def test_what_is_not_listed_is_unknown(world: World, alice: str, target: str) -> None:
    answer = await world.ask("GET", f"/v1/targets/{target}", token=alice)
    assert (answer.status, answer.code) == (404, "unknown_target")


async def test_what_is_enabled_for_nothing_is_not_there(world: World, alice: str) -> None:
    directory = DEMO.directory
    hidden = {**directory.groups, "night": replace(directory.groups["night"], enabled_for=frozenset())}
    world.control.now_directory = replace(directory, groups=hidden)
    assert await found(world, alice, "q=night") == []
    assert (await world.ask("GET", "/v1/targets/group:night", token=alice)).code == "unknown_target"


async def test_types_and_limit(world: World, alice: str) -> None:
    assert {t["type"] for t in await found(world, alice, "type=queue,skill")} == {"queue", "skill"}
    assert len(await found(world, alice, "limit=3")) == 3
    assert "agent:alice" not in {t["target"] for t in await found(world, alice, "limit=100")}


async def test_somebody_who_talks_can_be_called_where_they_have_room_for_it_s6(world: World, alice: str) -> None:
    world.agents.records["bob"] = FakeRecord("bob", "on_call")
    assert (await one(world, alice, "agent:bob"))["actions"] == []
    world.agents.room.add("bob")
    bob = await one(world, alice, "agent:bob")
    assert bob["state"] == "on_call"
    assert "call" in bob["actions"]
