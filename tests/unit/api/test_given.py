"""Groups and skills that supervisors give agents, by the API."""

from dataclasses import replace

import pytest

from tests.unit.api.fakes import World

BOB = "/v1/admin/agents/bob"


@pytest.fixture
async def erin(world: World) -> str:
    return await world.token("erin")


async def test_a_supervisor_gives_an_agent_other_groups_and_takes_them_back(world: World, erin: str) -> None:
    answer = await world.ask("PUT", f"{BOB}/groups", token=erin, json={"groups": ["sales", "night", "sales"]})
    assert answer.status == 200
    row = answer.json
    assert (row["groups"], row["given"], row["given_by"]) == (["sales", "night"], ["groups"], "erin")
    assert row["file"]["groups"] == ["support"]
    assert world.control.directory().agents["bob"].groups == ("sales", "night")
    listed = (await world.ask("GET", "/v1/admin/agents", token=erin)).json["agents"]
    assert [each for each in listed if each["given"]] == [row]
    answer = await world.ask("DELETE", f"{BOB}/groups", token=erin)
    assert (answer.json["groups"], answer.json["given"], answer.json["given_by"]) == (["support"], [], None)
    assert world.control.given() == {}


async def test_skills_are_given_and_taken_back_apart(world: World, erin: str) -> None:
    await world.ask("PUT", f"{BOB}/groups", token=erin, json={"groups": []})
    answer = await world.ask("PUT", f"{BOB}/skills", token=erin, json={"skills": {"billing": 3}})
    assert (answer.json["skills"], answer.json["groups"]) == ({"billing": 3}, [])
    assert answer.json["given"] == ["groups", "skills"]
    answer = await world.ask("DELETE", f"{BOB}/skills", token=erin)
    assert (answer.json["skills"], answer.json["given"]) == ({"french": 2}, ["groups"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", f"{BOB}/groups", {"groups": ["sales", "salse"]}, 422, "invalid"),
        ("PUT", f"{BOB}/skills", {"skills": {"latin": 1}}, 422, "invalid"),
        ("PUT", f"{BOB}/skills", {"skills": {"french": 0}}, 422, "invalid"),
        ("PUT", "/v1/admin/agents/nobody/groups", {"groups": []}, 404, "not_found"),
        ("DELETE", "/v1/admin/agents/nobody/skills", None, 404, "not_found"),
    ],
)
async def test_what_makes_no_sense_changes_nothing(
    world: World, erin: str, method: str, path: str, body: dict[str, object] | None, status: int, code: str
) -> None:
    answer = await world.ask(method, path, token=erin, json=body)
    assert (answer.status, answer.code) == (status, code)
    assert world.control.given() == {}


async def test_agents_give_nobody_anything(world: World) -> None:
    alice = await world.token("alice")
    for method, path in (("GET", "/v1/admin/agents"), ("PUT", f"{BOB}/groups"), ("DELETE", f"{BOB}/skills")):
        answer = await world.ask(method, path, token=alice, json={"groups": []} if method == "PUT" else None)
        assert (answer.status, answer.code) == (403, "forbidden")


async def test_it_is_on_record_with_what_was_before(world: World, erin: str) -> None:
    await world.ask("PUT", f"{BOB}/groups", token=erin, json={"groups": ["sales"]})
    (entry,) = [entry for entry in world.recorded if entry.what == "set_groups"]
    assert entry.who == "erin"
    assert "groups: support;" in entry.details["before"]
    assert "groups: sales;" in entry.details["after"]


async def test_an_entry_that_the_file_changes_counts_again(world: World, erin: str) -> None:
    await world.ask("PUT", f"{BOB}/groups", token=erin, json={"groups": ["sales"]})
    file = world.control.listed()
    bob = replace(file.agents["bob"], groups=("night",))
    world.control.of_file = replace(file, agents={**file.agents, "bob": bob})
    await world.control.give("alice", world.control.given()["bob"])
    listed = (await world.ask("GET", "/v1/admin/agents", token=erin)).json["agents"]
    (row,) = [each for each in listed if each["agent"] == "bob"]
    assert (row["groups"], row["given"]) == (["night"], [])
