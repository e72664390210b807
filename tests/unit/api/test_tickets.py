"""Tickets open one socket, once, while the session lasts."""

import aiohttp
import pytest

from ari_app.api.tickets import LIFETIME, MOST_OF_A_SESSION
from tests.unit.api.fakes import HOST, World


async def ticket(world: World, token: str) -> str:
    answer = await world.ask("POST", "/v1/events/ticket", token=token)
    assert answer.status == 200
    return str(answer.json["ticket"])


async def opens(world: World, query: str) -> int:
    """The status of the upgrade: 101 is success."""
    try:
        async with world.http.ws_connect(f"http://{HOST}:{world.port}/v1/events?{query}") as socket:
            assert (await socket.receive_json())["type"] == "snapshot"
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


async def test_it_opens_one_socket_and_no_second(world: World, alice: str) -> None:
    mine = await ticket(world, alice)
    assert await opens(world, f"ticket={mine}") == 101
    assert await opens(world, f"ticket={mine}") == 401
    assert await opens(world, "ticket=guessed") == 401
    assert await opens(world, f"token={alice}") == 101


async def test_it_is_good_for_a_moment_only(world: World, alice: str) -> None:
    mine = await ticket(world, alice)
    world.now += LIFETIME
    assert await opens(world, f"ticket={mine}") == 401


async def test_it_ends_with_the_session(world: World, alice: str) -> None:
    mine = await ticket(world, alice)
    other = await world.token("alice")
    assert (await world.ask("POST", "/v1/logout", token=alice)).status == 204
    assert await opens(world, f"ticket={mine}") == 401
    assert await opens(world, f"ticket={await ticket(world, other)}") == 101


async def test_of_too_many_of_a_session_the_oldest_are_worth_nothing(world: World, alice: str) -> None:
    bob = await ticket(world, await world.token("bob"))
    mine = [await ticket(world, alice) for _ in range(MOST_OF_A_SESSION + 1)]
    assert await opens(world, f"ticket={mine[0]}") == 401
    assert await opens(world, f"ticket={mine[1]}") == 101
    assert await opens(world, f"ticket={bob}") == 101


async def test_of_too_many_in_all_the_oldest_are_worth_nothing(
    world: World, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.api.tickets.MOST", 2)
    first, second, third = [await ticket(world, alice) for _ in range(3)]
    assert [await opens(world, f"ticket={t}") for t in (first, second, third)] == [401, 101, 101]


async def test_it_is_requested_with_a_session_only(world: World) -> None:
    assert (await world.ask("POST", "/v1/events/ticket")).code == "unauthenticated"


async def test_a_repeat_of_the_request_makes_no_second(world: World, alice: str) -> None:
    key = {"Idempotency-Key": "k"}
    first = await world.ask("POST", "/v1/events/ticket", token=alice, headers=key)
    assert (await world.ask("POST", "/v1/events/ticket", token=alice, headers=key)).json == first.json
    world.now += LIFETIME + 1
    assert (await world.ask("POST", "/v1/events/ticket", token=alice, headers=key)).json != first.json
