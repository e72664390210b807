"""Whoever floods the API waits, address by address; commands of calls do not."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import asdict

import pytest
from pydantic_core import to_json

from ari_app.api.completed import Known
from ari_app.api.pace import Pace
from ari_app.api.problems import HttpError
from tests.unit.api.fakes import World
from tests.unit.engine.ends import turn

WAIT = 5.0
NEVER = 1e-6
"""A second: what waits, waits for as long as a test lasts."""


async def begun(*waiting: Awaitable[None]) -> list[asyncio.Future[None]]:
    """All wait, one after the other."""
    tasks: list[asyncio.Future[None]] = []
    for each in waiting:
        tasks.append(asyncio.ensure_future(each))
        await turn()
    return tasks


async def ended(tasks: list[asyncio.Future[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_so_many_pass_at_once_and_the_others_in_turn_address_by_address() -> None:
    now = 0.0
    pace, passed = Pace(1_000, 2, clock=lambda: now), []

    async def one(name: str) -> None:
        await pace.turn(name)
        passed.append(name)

    tasks = await begun(*map(one, ("flood", "flood", "flood", "flood", "flood", "agent")))
    assert passed == ["flood", "flood"]
    now = 1.0
    async with asyncio.timeout(WAIT):
        while len(passed) < 4:
            await turn()
    assert passed == ["flood", "flood", "flood", "agent"]
    now = 2.0
    async with asyncio.timeout(WAIT):
        await asyncio.gather(*tasks)
    pace.close()


async def test_where_too_many_wait_whoever_has_most_waiting_is_refused_and_not_at_once() -> None:
    pace = Pace(NEVER, 1, waiting=2, held=0.0)
    await pace.turn("flood")
    first, second, agent = await begun(pace.turn("flood"), pace.turn("flood"), pace.turn("agent"))
    with pytest.raises(HttpError) as refused:
        async with asyncio.timeout(WAIT):
            await second
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    with pytest.raises(HttpError):
        await pace.turn("flood")
    assert not first.done()
    assert not agent.done()
    await ended([first, agent])
    pace.close()


async def test_who_gives_up_as_their_turn_comes_takes_nobody_elses() -> None:
    now = 0.0
    pace = Pace(1_000, 1, clock=lambda: now)
    await pace.turn("a")
    gives_up, waits = await begun(pace.turn("b"), pace.turn("c"))
    now = 0.001
    async with asyncio.timeout(WAIT):
        while len(pace) == 2:  # noqa: ASYNC110 - step by step: in the next one it would go on
            await asyncio.sleep(0)
    gives_up.cancel()
    async with asyncio.timeout(WAIT):
        await waits
    pace.close()


@pytest.fixture
async def flooded(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """Whoever reads waits for ever after the first twenty requests."""
    monkeypatch.setattr("ari_app.api.dispatch.READS", NEVER)
    monkeypatch.setattr("ari_app.api.dispatch.READS_AT_ONCE", 20.0)
    monkeypatch.setattr("ari_app.api.listening.GRACE", 0.1)  # they would be waited for in the end
    world = await World().start()
    yield world
    await world.stop()


async def test_commands_pass_while_all_others_wait(flooded: World) -> None:
    alice = await flooded.token("alice")
    reads = [asyncio.ensure_future(flooded.ask("GET", "/v1/me", token=alice)) for _ in range(30)]
    guesses = [asyncio.ensure_future(flooded.ask("POST", "/v1/calls/c/hold", token="made up", json={}))]
    async with asyncio.timeout(WAIT):
        while sum(read.done() for read in reads) < 18:
            await turn()
        answer = await flooded.ask("POST", "/v1/calls/nowhere/hold", token=alice, json={})
        assert answer.status == 404
        assert (await flooded.ask("GET", "/healthz")).status == 200
    assert not reads[-1].done()
    assert not guesses[0].done()
    for each in (*reads, *guesses):
        each.cancel()
    await asyncio.gather(*reads, *guesses, return_exceptions=True)


async def test_who_has_had_a_dear_turn_has_those_wait_who_come_after() -> None:
    now = 0.0
    pace, passed = Pace(1_000, 2, clock=lambda: now), []
    await pace.turn("one")
    pace.charge(10)

    async def one(name: str) -> None:
        await pace.turn(name)
        passed.append(now)

    tasks = await begun(one("other"))
    while not passed:
        now += 0.001
        await asyncio.sleep(0.001)
    assert passed[0] >= 0.010
    await asyncio.gather(*tasks)
    pace.close()


async def test_a_list_that_is_long_to_look_through_costs_more_than_others_also_before_it_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    charged: list[int] = []
    monkeypatch.setattr(Pace, "charge", lambda pace, turns: charged.append(turns))
    for n in range(1_000):
        kept = Known(f"r{n}", f"c{n}", f"f{n}", "bob", world.now - n, world.now, ("bob",))
        await world.store.keep_recording(kept.id, to_json(asdict(kept)), kept.started_at)
    erin = await world.token("erin")
    assert charged == [], "what is no read has a pace of its own"
    for _ in range(2):
        assert (await world.ask("GET", "/v1/recordings?agent=nobody", token=erin)).json["recordings"] == []
    before, first, expected, more = charged
    assert (before, more) == (0, 0)
    assert first == expected == 20
    charged.clear()
    await world.ask("GET", "/v1/me", token=erin)
    await world.ask("GET", "/healthz")
    await world.ask("GET", "/v1/openapi.json", check=False)
    assert max(charged) == 0, "all others, and what is there already"
    charged.clear()
    await world.ask("GET", "/metrics")
    assert sum(charged) > 1
