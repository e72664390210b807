"""What a controller leaves to another that leads in its place: whatever was not begun, or is done once all the same."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from ari_app.api.idempotency import Answers, Kept
from ari_app.calls.commands import Command
from ari_app.calls.model import Call
from ari_app.errors import AsteriskUnavailable, CallControlError, Code, LeadsNoMore, OutcomeUnknown, Refused
from tests.unit.api.fakes import World
from tests.unit.api.test_events import C1

HOLD = "/v1/calls/c1/hold"
KEY = {"Idempotency-Key": "k1"}
GONE = LeadsNoMore()
AWAY = AsteriskUnavailable()
UNKNOWN = OutcomeUnknown()
NOT_NOW = Refused(Code.NOT_ALLOWED_NOW, "not now")


@pytest.fixture(autouse=True)
def up(world: World) -> None:
    world.control.up = {"c1": C1}


def refusing(error: Exception) -> Callable[[Command], Call]:
    def outcome(command: Command) -> Call:
        raise error

    return outcome


@pytest.mark.parametrize(
    ("leads", "headers", "error", "passed_on"),
    [
        (False, {}, GONE, True),
        (False, KEY, GONE, True),
        (False, KEY, AWAY, True),
        (False, KEY, UNKNOWN, True),
        (False, {}, AWAY, False),  # a part of it may have been done
        (False, {}, UNKNOWN, False),
        (False, KEY, NOT_NOW, False),
        (True, KEY, AWAY, False),
        (True, KEY, UNKNOWN, False),
    ],
)
async def test_a_command_is_left_to_another_where_it_is_done_once(
    world: World, alice: str, leads: bool, headers: dict[str, str], error: CallControlError, passed_on: bool
) -> None:
    world.leads = leads
    world.control.outcome = refusing(error)
    answer = await world.ask("POST", HOLD, token=alice, headers=headers)
    assert world.passed_on == ([error] if passed_on else [])
    assert answer.code == ("standby" if passed_on else error.code)


async def test_all_who_wait_for_one_answer_are_left_to_another(
    world: World, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    once, came = Answers.once, list[str]()
    second = asyncio.Event()

    async def come(*request: Any, **more: Any) -> Kept:
        came.append("one")
        if len(came) == 2:
            second.set()  # it waits for the first before anything else happens
        return await once(*request, **more)

    monkeypatch.setattr(Answers, "once", come)
    world.control.gate = asyncio.Event()
    world.control.outcome = refusing(GONE)
    one = asyncio.ensure_future(world.ask("POST", HOLD, token=alice, headers=KEY))
    await world.control.requested.wait()
    again = asyncio.ensure_future(world.ask("POST", HOLD, token=alice, headers=KEY))
    await second.wait()
    world.control.gate.set()
    await asyncio.gather(one, again)
    assert world.passed_on == [GONE, GONE]
    assert len(world.control.commands) == 1


async def test_what_is_written_nowhere_is_left_to_another(world: World, alice: str) -> None:
    world.leads = False
    world.store.away = True
    answer = await world.ask("POST", "/v1/login", json={"agent": "bob", "password": "bob-demo"})
    assert answer.code == "standby"
    assert [each.code for each in world.passed_on] == ["store_unavailable"]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_is_requested_of_a_call_waits_until_it_is_taken_over(world: World, alice: str, method: str) -> None:
    world.control.taken_over.clear()
    world.control.up = {}
    path = HOLD if method == "POST" else "/v1/calls/c1"
    waiting = asyncio.ensure_future(world.ask(method, path, token=alice))
    assert (await world.ask("GET", "/v1/me", token=alice)).status == 200
    assert not waiting.done()
    world.control.up = {"c1": C1}
    world.control.taken_over.set()
    assert (await waiting).status == 200
