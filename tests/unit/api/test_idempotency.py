"""A repeat with the same Idempotency-Key gets the first's answer, and nothing happens twice."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from ari_app.api.idempotency import Answers, Done, Kept, key_of
from ari_app.calls.commands import Command
from ari_app.calls.model import Call
from ari_app.errors import AsteriskUnavailable, Code, Refused, StoreUnavailable
from tests.unit.api.fakes import World, call, party

BODY = {"target": "agent:bob"}
KEY = {"Idempotency-Key": "k1"}


@pytest.fixture(autouse=True)
def new_calls(world: World) -> None:
    def outcome(command: Command) -> Call:
        return call(f"new-{len(world.control.commands)}", party("p1", command.by))

    world.control.outcome = outcome


def refusing(error: Exception) -> Callable[[Command], Call]:
    def outcome(command: Command) -> Call:
        raise error

    return outcome


async def test_a_repeat_gets_the_first_answer(world: World, alice: str) -> None:
    first = await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)
    again = await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)
    assert first.status == again.status == 201
    assert first.text == again.text
    assert first.headers["Location"] == again.headers["Location"] == "/v1/calls/new-1"
    assert len(world.control.commands) == 1


async def test_repeats_under_way_wait_for_the_first(world: World, alice: str) -> None:
    world.control.gate = asyncio.Event()
    asking = [
        asyncio.create_task(world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)) for _ in range(5)
    ]
    await world.control.requested.wait()
    await world.ask("GET", "/v1/me", token=alice)  # another request goes on meanwhile
    world.control.gate.set()
    answers = await asyncio.gather(*asking)
    assert {a.text for a in answers} == {answers[0].text}
    assert len(world.control.commands) == 1


async def test_of_many_at_once_one_acts(world: World) -> None:
    acts: list[int] = []
    gate = asyncio.Event()

    async def act(number: int, again: bool) -> tuple[Kept, Done]:
        acts.append(number)
        await gate.wait()
        return Kept("f", 200, "application/json", str(number), None), Done.YES

    answers = Answers(world.store, lambda: 3600.0)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(answers.once(("a", "p", "k"), "f", partial(act, n))) for n in range(20)]
        other = group.create_task(answers.once(("a", "p", "other"), "f", partial(act, 99)))
        gate.set()
    assert acts == [0, 99]
    assert {t.result() for t in tasks} == {tasks[0].result()}
    assert other.result().body == "99"


async def test_a_refusal_is_repeated_too(world: World, alice: str) -> None:
    world.control.outcome = refusing(Refused(Code.NOT_ALLOWED_NOW, "not now"))
    first = await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)
    world.control.outcome = world.control._as_it_is
    again = await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)
    assert (first.status, first.code, first.text) == (again.status, again.code, again.text)
    assert again.status == 409


async def test_what_was_not_done_may_be_tried_again_with_the_same_key(world: World, alice: str) -> None:
    for error, reached in ((AsteriskUnavailable(), False), (StoreUnavailable(), True)):
        world.control.outcome, world.control.parts["asterisk"] = refusing(error), reached
        assert (await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)).status == 503
    world.control.outcome = world.control._as_it_is
    assert (await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)).status == 201


async def test_what_may_have_been_done_is_not_done_again(world: World, alice: str) -> None:
    world.control.outcome = refusing(AsteriskUnavailable("no answer in time"))
    first = await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)
    again = await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)
    assert (first.status, first.text) == (503, again.text)
    assert len(world.control.commands) == 1


async def test_the_same_key_with_another_body_is_invalid(world: World, alice: str) -> None:
    await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)
    answer = await world.ask("POST", "/v1/calls", token=alice, json={"target": "agent:carol"}, headers=KEY)
    assert (answer.status, answer.code) == (422, "invalid")
    assert len(world.control.commands) == 1


async def test_a_key_belongs_to_its_agent_and_path(world: World, alice: str) -> None:
    bob = await world.token("bob")
    world.control.up["c1"] = call("c1", party("p1"), party("p2", "alice"))
    await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)
    await world.ask("POST", "/v1/calls", token=bob, json={"target": "agent:alice"}, headers=KEY)
    await world.ask("POST", "/v1/calls/c1/hold", token=alice, headers=KEY)
    await world.ask("POST", "/v1/calls/c1/retrieve", token=alice, headers=KEY)
    assert len(world.control.commands) == 4


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256])
async def test_a_key_that_is_none_is_invalid(world: World, alice: str, key: str) -> None:
    answer = await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers={"Idempotency-Key": key})
    assert (answer.status, answer.code) == (422, "invalid")


async def test_a_repeated_login_gets_the_same_token_which_the_store_never_sees(world: World) -> None:
    body = {"agent": "alice", "password": "alice-demo"}
    first = await world.ask("POST", "/v1/login", json=body, headers=KEY)
    again = await world.ask("POST", "/v1/login", json=body, headers=KEY)
    assert first.json["token"] == again.json["token"]
    assert not world.store._claims


async def test_a_repeated_login_gets_no_token_that_has_ended(world: World) -> None:
    body = {"agent": "alice", "password": "alice-demo"}
    first = (await world.ask("POST", "/v1/login", json=body, headers=KEY)).json["token"]
    world.store.away = True
    assert (await world.ask("POST", "/v1/login", json=body, headers=KEY)).json["token"] == first
    world.store.away = False
    await world.ask("POST", "/v1/logout", token=first)
    anew = [(await world.ask("POST", "/v1/login", json=body, headers=KEY)).json["token"] for _ in range(2)]
    assert anew[0] == anew[1] != first
    assert (await world.ask("GET", "/v1/me", token=anew[0])).status == 200


async def test_a_login_that_was_refused_is_refused_for_its_repeats(world: World) -> None:
    body = {"agent": "alice", "password": "a guess"}
    for _ in range(2):
        assert (await world.ask("POST", "/v1/login", json=body, headers=KEY)).status == 401


async def test_repeats_of_a_login_that_has_ended_are_one_login(world: World) -> None:
    body = {"agent": "alice", "password": "alice-demo"}
    first = (await world.ask("POST", "/v1/login", json=body, headers=KEY)).json["token"]
    await world.ask("POST", "/v1/logout", token=first)
    again = [world.ask("POST", "/v1/login", json=body, headers=KEY) for _ in range(5)]
    assert len({answer.json["token"] for answer in await asyncio.gather(*again)} - {first}) == 1


async def test_answers_outlive_a_restart(world: World, alice: str) -> None:
    async def act(again: bool = False) -> tuple[Kept, Done]:
        return Kept("f", 201, "application/json", "{}", None), Done.YES

    async def never(again: bool = False) -> tuple[Kept, Done]:
        raise AssertionError("done twice")

    first = await Answers(world.store, lambda: 3600.0).once(("a", "p", "k"), "f", act)
    assert await Answers(world.store, lambda: 3600.0).once(("a", "p", "k"), "f", never) == first
    with pytest.raises(Refused):
        await Answers(world.store, lambda: 3600.0).once(("a", "p", "k"), "other", never)


async def _die_over(world: World, path: str) -> None:
    """A controller that claimed this request of alice's, and no more."""
    await world.store.claim(key_of(("alice", path, KEY["Idempotency-Key"])), 60.0)


async def test_a_command_whose_controller_died_is_given_again_by_the_same_name(world: World, alice: str) -> None:
    world.control.up["c1"] = call("c1", party("p1"), party("p2", "alice"))
    await world.ask("POST", "/v1/calls/c1/hold", token=alice, headers=KEY)
    await _die_over(world, "/v1/calls/c1/release")
    answer = await world.ask("POST", "/v1/calls/c1/release", token=alice, headers=KEY)
    assert answer.status == 200
    first, again = world.control.commands
    assert (first.again, again.again) == (False, True)
    assert again.id == key_of(("alice", "/v1/calls/c1/release", KEY["Idempotency-Key"]))


async def test_the_machine_knows_what_became_of_a_call_that_nobody_sees_any_more(world: World, alice: str) -> None:
    world.control.outcome = lambda command: call("c1", party("p1"), ended=True)
    await _die_over(world, "/v1/calls/c1/release")
    answer = await world.ask("POST", "/v1/calls/c1/release", token=alice, headers=KEY)
    assert (answer.status, answer.json["state"]) == (200, "released")


async def test_what_was_not_done_again_is_still_known_to_have_come_before(world: World, alice: str) -> None:
    await _die_over(world, "/v1/calls/c1/release")
    world.control.outcome, world.control.parts["asterisk"] = refusing(AsteriskUnavailable()), False
    for _ in range(2):
        assert (await world.ask("POST", "/v1/calls/c1/release", token=alice, headers=KEY)).status == 503
    assert [command.again for command in world.control.commands] == [True, True]


async def test_of_what_is_no_command_nobody_knows_what_became_of_it(world: World, alice: str) -> None:
    await _die_over(world, "/v1/logout")
    answer = await world.ask("POST", "/v1/logout", token=alice, headers=KEY)
    assert (answer.status, answer.code) == (409, "not_allowed_now")


async def test_what_was_done_as_the_store_failed_over_is_not_done_again_by_the_next_controller(world: World) -> None:
    done: list[bool] = []

    async def act(again: bool) -> tuple[Kept, Done]:
        done.append(again)
        world.store.away = False  # it is back before the answer
        return Kept("f", 201, "application/json", "{}", None), Done.YES

    world.store.away = True
    for _ in range(2):
        await Answers(world.store, lambda: 3600.0).once(("a", "p", "k"), "f", act)
    assert done == [False]


async def test_repeats_are_safe_while_the_store_is_away(world: World, alice: str) -> None:
    world.store.away = True
    first = await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)
    again = await world.ask("POST", "/v1/calls", token=alice, json=BODY, headers=KEY)
    assert (first.status, first.text) == (201, again.text)
    assert len(world.control.commands) == 1


async def test_only_the_last_answers_stay_in_memory_and_the_others_are_in_the_store(
    world: World, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.api.idempotency.IN_MEMORY", 2)
    answers = Answers(world.store, lambda: 3600.0)

    async def act(again: bool = False) -> tuple[Kept, Done]:
        acts.append(1)
        return Kept("f", 200, "application/json", str(len(acts)), None), Done.YES

    acts: list[int] = []
    keys = [("alice", "/v1/calls", str(number)) for number in range(4)]
    first = [await answers.once(key, "f", act) for key in keys]
    assert len(answers._memory) == 2
    assert [await answers.once(key, "f", act) for key in keys] == first
    assert len(acts) == 4
    world.store.away = True
    assert await answers.once(keys[-1], "f", act) == first[-1]
    assert len(acts) == 4
