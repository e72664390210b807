"""What a desktop knows of its own agent: what comes after the call, wrap-up, reasons, features."""

from dataclasses import replace

from ari_app.routing.directory import PagePhone
from tests.unit.api.fakes import NOW, FakeRecord, World


async def test_what_the_file_says_is_there(world: World, alice: str) -> None:
    me = (await world.ask("GET", "/v1/me", token=alice)).json
    assert me["reasons"] == [
        {"id": "break", "label": "Pause"},
        {"id": "lunch", "label": "Déjeuner"},
        {"id": "meeting", "label": "Réunion"},
        {"id": "training", "label": "Formation"},
    ]
    assert {"id": "support", "name": "Support"} in me["groups"]
    assert (me["features"]["conferences"], me["features"]["monitoring"], me["features"]["phone_in_page"]) == (
        True,
        False,
        True,
    )
    assert (me["phone_state"], me["phone_device"], me["wrap_up_until"], me["next_state"]) == (
        "reachable",
        "desk",
        None,
        None,
    )


async def test_reasons_without_labels_are_shown_by_their_ids(world: World) -> None:
    directory = world.control.now_directory
    settings = replace(directory.settings, reason_labels={}, page_phone=PagePhone())
    world.control.now_directory = replace(directory, settings=settings)
    me = (await world.ask("GET", "/v1/me", token=await world.token("alice"))).json
    assert me["reasons"][0] == {"id": "break", "label": "break"}
    assert me["features"]["phone_in_page"] is False


async def test_what_comes_after_the_call_is_reported(world: World, alice: str) -> None:
    world.agents.records["alice"] = FakeRecord(
        "alice", "on_call", choice="not_ready", choice_reason="lunch", reachable=False, in_use=True
    )
    me = (await world.ask("GET", "/v1/me", token=alice)).json
    assert (me["state"], me["next_state"], me["next_reason"]) == ("on_call", "not_ready", "lunch")
    assert me["phone_state"] == "in_use"
    world.agents.records["alice"].in_use = False
    assert (await world.ask("GET", "/v1/me", token=alice)).json["phone_state"] == "unreachable"


async def test_wrap_up_can_be_made_longer(world: World, alice: str) -> None:
    record = FakeRecord("alice", "wrap_up", choice="ready", wrap_up_until=NOW + 10, call="c1")
    world.agents.records["alice"] = record
    me = (await world.ask("PUT", "/v1/me/state", token=alice, json={"state": "wrap_up", "extend": 30})).json
    assert (me["state"], me["wrap_up_until"], me["next_state"]) == ("wrap_up", "2027-01-15T08:00:40.000Z", "ready")
    assert me["wrap_up_call"] == "c1"
    record.wrap_up_until = None
    answer = await world.ask("PUT", "/v1/me/state", token=alice, json={"state": "wrap_up", "extend": 30})
    assert (answer.status, answer.code) == (409, "not_allowed_now")


async def test_to_be_longer_belongs_to_wrap_up_alone(world: World, alice: str) -> None:
    for body in ({"state": "ready", "extend": 5}, {"state": "wrap_up"}, {"state": "wrap_up", "extend": 0}):
        answer = await world.ask("PUT", "/v1/me/state", token=alice, json=body)
        assert (answer.status, answer.json["errors"][0]["field"]) == (422, "extend")


async def test_whoever_has_no_phone_has_no_state_of_it(world: World) -> None:
    me = (await world.ask("GET", "/v1/me", token=await world.token("admin"))).json
    assert (me["phone"], me["phone_state"], me["features"]["phone_in_page"]) == (None, None, False)
