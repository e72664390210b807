"""Recents and favourites: listed in their order, first among equals when one searches, kept without making one wait."""

from typing import Any

import pytest

from ari_app.api.preferences import TRUST, Preferences
from ari_app.errors import Code, Refused
from ari_app.routing.directory import Agent, Directory
from ari_app.routing.search import SearchIndex, matches
from ari_app.routing.targets import Target, TargetType, parse_target
from ari_app.store.port import FAVOURITES
from tests.unit.api.fakes import World, call, party
from tests.unit.api.kept import FlakyStore


async def found(world: World, token: str, query: str) -> list[str]:
    answer = await world.ask("GET", f"/v1/targets?{query}", token=token)
    return [t["target"] for t in answer.json["targets"]]


async def reach(world: World, token: str, path: str, target: str) -> Any:
    return await world.ask("POST", f"/v1/calls{path}", token=token, json={"target": target})


async def test_what_a_command_reached_is_recent_newest_first(world: World, alice: str) -> None:
    world.control.up = {"c1": call("c1", party("p1"), party("p2", "alice"))}
    await reach(world, alice, "", "group:support")
    await reach(world, alice, "/c1/single-step-transfer", "skill:french>=2")
    await reach(world, alice, "/c1/single-step-conference", "number:+33612345678")
    await reach(world, alice, "/c1/initiate-transfer", "number:1002")
    await reach(world, alice, "", "group:support")
    expected = ["group:support", "agent:bob", "number:+33612345678", "skill:french>=2"]
    assert await found(world, alice, "recent=true") == expected
    assert await found(world, alice, "recent=true&limit=2") == expected[:2]
    assert await found(world, alice, "recent=true&type=agent,skill") == ["agent:bob", "skill:french>=2"]
    assert await found(world, alice, "recent=true&q=lef") == ["agent:bob"]
    assert await found(world, alice, "recent=true&q=%2B33%206") == ["number:+33612345678"]
    assert await found(world, await world.token("bob"), "recent=true") == []


async def test_a_command_that_was_refused_is_not_recent(world: World, alice: str) -> None:
    def refuse(command: object) -> None:
        raise Refused(Code.NO_AGENT_AVAILABLE, "nobody")

    world.control.outcome = refuse
    assert (await reach(world, alice, "", "group:support")).status == 409
    assert await found(world, alice, "recent=true") == []


async def test_favourites_are_marked_and_unmarked(world: World, alice: str) -> None:
    for target in ("queue:sales", "agent:bob", "skill:french%3E=2", "number:1003"):
        answer = await world.ask("PUT", f"/v1/me/favourites/{target}", token=alice)
        assert (answer.status, answer.text) == (204, "")
    assert await found(world, alice, "favourite=true") == ["queue:sales", "agent:bob", "skill:french>=2", "agent:carol"]
    for _ in range(2):
        assert (await world.ask("DELETE", "/v1/me/favourites/agent:bob", token=alice)).status == 204
    assert await found(world, alice, "favourite=true&recent=false") == ["queue:sales", "skill:french>=2", "agent:carol"]
    await reach(world, alice, "", "agent:carol")
    await reach(world, alice, "", "agent:dave")
    assert await found(world, alice, "favourite=true&recent=true") == ["agent:carol"]


@pytest.mark.parametrize("target", ["agent:nobody", "nonsense", "agent:admin"])
async def test_what_is_no_target_is_no_favourite(world: World, alice: str, target: str) -> None:
    answer = await world.ask("PUT", f"/v1/me/favourites/{target}", token=alice)
    assert (answer.status, answer.code) == (404, "unknown_target")


async def test_what_is_gone_is_not_shown_and_can_be_unmarked(world: World, alice: str) -> None:
    await world.store.add_favourite("alice", "agent:gone")
    assert await found(world, alice, "favourite=true") == []
    assert (await world.ask("DELETE", "/v1/me/favourites/agent:gone", token=alice)).status == 204
    assert await world.store.favourites("alice") == []


async def test_there_may_be_too_many(world: World, alice: str) -> None:
    for n in range(FAVOURITES):
        await world.store.add_favourite("alice", f"number:{n}")
    answer = await world.ask("PUT", "/v1/me/favourites/agent:bob", token=alice)
    assert (answer.status, answer.code) == (409, "too_many")


@pytest.mark.parametrize("query", ["recent=1", "recent=yes", "favourite=", "recent=True"])
async def test_flags_are_true_or_false(world: World, alice: str, query: str) -> None:
    assert (await world.ask("GET", f"/v1/targets?{query}", token=alice)).code == "invalid"


async def test_search_shows_them_first_among_equals(world: World, alice: str) -> None:
    assert await found(world, alice, "q=sal") == ["group:sales", "queue:sales"]
    await world.ask("PUT", "/v1/me/favourites/queue:sales", token=alice)
    assert await found(world, alice, "q=sal") == ["queue:sales", "group:sales"]
    assert (await found(world, alice, "limit=2"))[0] == "queue:sales"
    everything = await found(world, alice, "limit=100")
    assert len(everything) == len(set(everything))
    await reach(world, alice, "", "group:sales")
    assert (await found(world, alice, "recent=true")) == ["group:sales"]
    assert await found(world, alice, "q=sal") == ["group:sales", "queue:sales"]


async def test_without_the_store_one_still_finds_and_calls(world: World, alice: str) -> None:
    world.store.away = True
    assert await found(world, alice, "q=lef") == ["agent:bob"]
    assert (await reach(world, alice, "", "agent:bob")).status == 201
    for query in ("recent=true", "favourite=true"):
        answer = await world.ask("GET", f"/v1/targets?{query}", token=alice)
        assert (answer.status, answer.code) == (503, "store_unavailable")


async def test_ranks_are_requested_once_in_a_while() -> None:
    now = [0.0]
    store = FlakyStore()
    preferences = Preferences(store, clock=lambda: now[0])
    bob, carol = parse_target("agent:bob"), parse_target("agent:carol")
    await preferences.add_favourite("alice", carol)
    assert await preferences.ranks("alice") == {carol: 0}
    await store.note_recent("alice", "agent:bob")
    assert await preferences.ranks("alice") == {carol: 0}
    now[0] += TRUST
    assert await preferences.ranks("alice") == {bob: 0, carol: 1}
    now[0] += TRUST
    store.away = True
    assert await preferences.ranks("alice") == {bob: 0, carol: 1}
    assert await preferences.ranks("bob") == {}


def test_ranked_targets_come_first_within_their_class() -> None:
    names = {"a": "Lea Adam", "b": "Lea Bell", "c": "Lea Cole", "d": "Adam Lea"}
    directory = Directory(agents={i: Agent(i, n, phone=f"9{i}") for i, n in names.items()})
    ranks = {Target(TargetType.AGENT, i): n for n, i in enumerate(("gone", "d", "c", "b"))}
    found = SearchIndex(directory).search("lea", frozenset(TargetType), 9, lambda t: True, ranks)
    assert [t.id for t in found] == ["c", "b", "a", "d"]


@pytest.mark.parametrize(
    ("text", "hit"),
    [("", True), ("lef", True), ("b lef", True), ("1002", True), ("10 02", True), ("agent:bob", True), ("x", False),
     ("bob x", False), ("...", False)],
)  # fmt: skip
def test_one_target_matches_what_is_typed(text: str, hit: bool) -> None:
    assert matches(text, parse_target("agent:bob"), "Bob Lefèvre", "1002") is hit
