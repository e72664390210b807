"""Who wants too much of the API gets no more of it, and everybody else what they had."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

import aiohttp
import pytest

from ari_app.api.connections import Connections
from ari_app.api.idempotency import OF_AGENT, Answers, Done, Kept
from ari_app.api.limits import FAILURES_OF_AGENT, SLOW_WINDOW, Rates
from ari_app.api.problems import HttpError
from ari_app.store.port import Finished
from ari_app.testing.store import MemoryStore
from tests.unit.api.fakes import HOST, World
from tests.unit.engine.ends import turn

WAIT = 5.0
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}

type Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def login_from(world: World, address: str, *, right: bool = False) -> int:
    """Alice's, or somebody's who tries to be them."""
    connector = aiohttp.TCPConnector(local_addr=(address, 0))
    said = {"agent": "alice", "password": "alice-demo" if right else "a guess"}
    async with (
        aiohttp.ClientSession(f"http://{HOST}:{world.port}", connector=connector) as session,
        session.post("/v1/login", json=said) as answer,
    ):
        return answer.status


def limited(world: World, what: str) -> float:
    return world.metrics.registry.get_sample_value("callcontrol_api_limited_total", {"what": what}) or 0.0


async def test_guesses_at_one_agent_from_many_addresses_end_and_the_agent_logs_in_where_they_always_do(
    world: World,
) -> None:
    assert await login_from(world, "127.0.79.9", right=True) == 200
    for guess in range(FAILURES_OF_AGENT):
        assert await login_from(world, f"127.0.78.{1 + guess // 5}") == 401
    assert await login_from(world, "127.0.78.200") == 429
    assert await login_from(world, "127.0.78.200", right=True) == 429  # nobody learns that it is right
    assert await login_from(world, "127.0.79.9", right=True) == 200
    assert limited(world, "logins") == 2
    world.now += SLOW_WINDOW + 1
    assert await login_from(world, "127.0.78.200", right=True) == 200


@pytest.fixture
async def narrow() -> AsyncIterator[World]:
    world = await World(
        burst=5.0, connections=Connections(lambda why: world.metrics.limited.labels(why).inc(), 3, 0.3)
    ).start()
    yield world
    await world.stop()


async def test_one_session_makes_so_many_requests_a_second_and_others_are_not_concerned(narrow: World) -> None:
    alice, bob = await narrow.token("alice"), await narrow.token("bob")
    answers = [await narrow.ask("GET", "/v1/me", token=alice) for _ in range(7)]
    assert [answer.status for answer in answers] == [200] * 5 + [429] * 2
    assert (answers[-1].code, answers[-1].headers["Retry-After"]) == ("rate_limited", "1")
    assert (await narrow.ask("GET", "/v1/me", token=bob)).status == 200
    assert limited(narrow, "requests") == 2
    narrow.now += 1
    assert (await narrow.ask("GET", "/v1/me", token=alice)).status == 200


def test_whoever_was_quiet_may_ask_for_more_at_once_and_not_for_more_than_that() -> None:
    now = 0.0
    rates = Rates(lambda: now, rate=10, burst=20)

    def taken() -> int:
        for count in range(1_000):
            try:
                rates.take("session")
            except HttpError:
                return count
        return 1_000

    assert taken() == 20
    now = 1.0
    assert taken() == 10
    now = 100.0
    assert taken() == 20


async def test_one_agent_has_so_many_streams_of_events_and_others_theirs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ari_app.api.websocket.WINDOWS_OF_AGENT", 2)
    alice, bob = await world.token("alice"), await world.token("bob")
    first, _second = [await world.http.ws_connect(f"/v1/events?token={alice}") for _ in range(2)]
    refused = await world.ask("GET", "/v1/events", token=alice, headers=UPGRADE)
    assert (refused.status, refused.code) == (409, "too_many")
    assert limited(world, "windows") == 1
    await world.http.ws_connect(f"/v1/events?token={bob}")
    await first.close()
    async with asyncio.timeout(WAIT):
        while world.hub.publisher.windows_of("alice") > 1:
            await turn()
    await world.http.ws_connect(f"/v1/events?token={alice}")


@asynccontextmanager
async def half_open(
    world: World, sent: bytes = b""
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection on which no more than this comes."""
    reader, writer = await asyncio.open_connection(HOST, world.port, local_addr=("127.0.78.5", 0))
    writer.write(sent)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HTTP/1.1\r\nHost: 127.0.79.1\r\nX-Slow: "])
async def test_a_connection_without_a_whole_request_is_closed(narrow: World, sent: bytes) -> None:
    async with half_open(narrow, sent) as (reader, _), asyncio.timeout(WAIT):
        assert await reader.read() == b""
    assert limited(narrow, "unfinished") == 1


async def test_a_connection_that_has_had_a_request_stays_for_the_next(narrow: World) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: 127.0.79.1\r\n\r\n"
    async with half_open(narrow, request) as (reader, writer), half_open(narrow) as (silent, _), asyncio.timeout(WAIT):
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
        assert await silent.read() == b""  # that was longer than a first request may take
        writer.write(request)
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")


async def test_one_address_has_so_many_connections_and_others_are_served(narrow: World) -> None:
    async with AsyncExitStack() as stack, asyncio.timeout(WAIT):
        many = [await stack.enter_async_context(half_open(narrow)) for _ in range(4)]
        assert await many[3][0].read() == b""
        assert limited(narrow, "connections") == 1
        assert (await narrow.ask("GET", "/healthz")).status == 200


async def test_what_is_not_there_is_not_kept_for_repeats(world: World, alice: str) -> None:
    for number in range(3):
        headers = {"Idempotency-Key": f"k{number}"}
        answer = await world.ask("POST", "/v1/calls/nowhere/hold", token=alice, json={}, headers=headers)
        assert answer.status == 404
    assert not world.store.answers()


async def test_of_one_agent_so_many_answers_are_kept_and_the_oldest_goes() -> None:
    store = MemoryStore()
    answers = Answers(store, lambda: 3600.0)

    async def act(number: int, again: bool) -> tuple[Kept, Done]:
        return Kept("f", 200, "", str(number), None), Done.YES

    for number in range(OF_AGENT + 1):
        await answers.once(("alice", str(number)), "f", partial(act, number), owner="alice")
    await answers.once(("bob", "0"), "f", partial(act, 0), owner="bob")
    kept = store.answers()
    assert len(kept) == OF_AGENT + 1
    assert all(isinstance(claim, Finished) for claim in kept.values())
