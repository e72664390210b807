"""A command while Asterisk does not answer: nobody knows what becomes of it, until it is known."""

import asyncio
from collections.abc import Callable

import pytest

from ari_app.api import dispatch
from ari_app.calls.commands import Command
from ari_app.calls.model import Call
from ari_app.errors import AsteriskUnavailable, Code, NotYetKnown, OutcomeUnknown, Refused
from tests.unit.api.fakes import World
from tests.unit.api.test_events import C1, next_event, window

HOLD = "/v1/calls/c1/hold"
KEY = {"Idempotency-Key": "k1"}


@pytest.fixture(autouse=True)
def soon(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "REFUSED_WITHIN", 0.01)
    world.control.up = {"c1": C1}
    world.control.gate = asyncio.Event()


def refusing(error: Exception) -> Callable[[Command], Call]:
    def outcome(command: Command) -> Call:
        raise error

    return outcome


async def lost_under_way(world: World, token: str, headers: dict[str, str]) -> None:
    """Asterisk is lost while the hold is under way."""
    holding = asyncio.ensure_future(world.ask("POST", HOLD, token=token, headers=headers))
    await world.control.requested.wait()
    world.control.lost.set()
    answer = await holding
    assert (answer.status, answer.code) == (504, "unknown_outcome")


def known(world: World) -> None:
    """Asterisk is back, and what was under way is done."""
    world.control.lost.clear()
    assert world.control.gate is not None
    world.control.gate.set()


async def test_what_became_of_it_gets_the_repeat_with_the_same_key(world: World, alice: str) -> None:
    await lost_under_way(world, alice, KEY)
    again = await world.ask("POST", HOLD, token=alice, headers=KEY)
    assert (again.status, again.code) == (504, "unknown_outcome")
    known(world)
    for _ in range(2):
        answer = await world.ask("POST", HOLD, token=alice, headers=KEY)
        assert (answer.status, answer.json["id"]) == (200, "c1")
    assert len(world.control.commands) == 1


@pytest.mark.parametrize("headers", [KEY, {}], ids=["with a key", "without"])
async def test_that_it_failed_after_all_is_reported_to_the_agents_windows(
    world: World, alice: str, headers: dict[str, str]
) -> None:
    async with window(world, alice) as ws:
        await next_event(ws)
        await lost_under_way(world, alice, headers)
        world.control.outcome = refusing(Refused(Code.NOT_ALLOWED_NOW, "it is over"))
        known(world)
        event = await next_event(ws)
    assert (event["type"], event["operation"]) == ("error", "hold_call")
    assert event["problem"]["code"] == "not_allowed_now"
    if headers:
        answer = await world.ask("POST", HOLD, token=alice, headers=headers)
        assert (answer.status, answer.code) == (409, "not_allowed_now")
    assert len(world.control.commands) == 1


async def test_what_is_requested_while_asterisk_is_away_is_refused_and_not_unknown(world: World, alice: str) -> None:
    world.control.lost.set()
    world.control.gate = None
    world.control.outcome = refusing(AsteriskUnavailable())
    answer = await world.ask("POST", HOLD, token=alice)
    assert (answer.status, answer.code) == (503, "asterisk_unavailable")


async def test_what_nobody_will_ever_know_is_said_so_to_the_repeat_too(world: World, alice: str) -> None:
    world.control.gate = None
    world.control.outcome = refusing(OutcomeUnknown())
    for _ in range(2):
        answer = await world.ask("POST", HOLD, token=alice, headers=KEY)
        assert (answer.status, answer.code) == (504, "unknown_outcome")
    assert len(world.control.commands) == 1


@pytest.mark.parametrize("away", [False, True], ids=["", "without the store"])
async def test_what_is_not_yet_known_is_found_out_by_the_repeat(world: World, alice: str, away: bool) -> None:
    world.control.gate = None
    world.store.away = away
    world.control.outcome = refusing(NotYetKnown("who leads it was lost"))
    for _ in range(2):
        answer = await world.ask("POST", HOLD, token=alice, headers=KEY)
        assert (answer.status, answer.code) == (504, "unknown_outcome")
    world.control.outcome = world.control._as_it_is
    for _ in range(2):
        answer = await world.ask("POST", HOLD, token=alice, headers=KEY)
        assert (answer.status, answer.json["id"]) == (200, "c1")
    assert [command.again for command in world.control.commands] == [False, True, True]
    assert len({command.id for command in world.control.commands}) == 1


async def test_what_asks_nothing_of_asterisk_is_answered_while_it_is_lost(world: World, alice: str) -> None:
    world.control.lost.set()
    assert (await world.ask("GET", "/v1/calls", token=alice)).status == 200
    assert (await world.ask("PUT", "/v1/me/state", token=alice, json={"state": "ready"})).status == 200
