"""A Redis that stands still: the first who gets no answer is the last who waits for one, until it answers again."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis

from ari_app.errors import StoreUnavailable
from ari_app.store import pool
from ari_app.store.client import connect, disconnect
from tests.unit.test_store_primary import Server, do, until

WAIT = 15.0


class Listens(Server):
    """Until `listening` is closed. `stalls`: for so many seconds this process stands still after each answer."""

    listening: asyncio.Server
    stalls: float = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await super().serve(reader, Stalling(writer, self))  # type: ignore[arg-type]


class Stalling:
    """Writes, as far as a server needs it."""

    def __init__(self, writer: asyncio.StreamWriter, of: Listens) -> None:
        self._writer, self._of = writer, of

    def write(self, data: bytes) -> None:
        self._writer.write(data)
        time.sleep(self._of.stalls)

    def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def redis(connections: int = 4) -> AsyncIterator[tuple[Listens, Redis]]:
    server = Listens(lambda words: ["subscribe", "c", 1] if words[0] == "SUBSCRIBE" else 1)
    server.listening = listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    client = connect(f"redis://127.0.0.1:{listening.sockets[0].getsockname()[1]}/0", connections, answer=0.3)
    try:
        async with asyncio.timeout(WAIT):
            yield server, client
    finally:
        await disconnect(client)
        listening.close()
        listening.close_clients()


async def silenced(server: Server, client: Redis) -> None:
    await do(client, "GET", "before")
    server.silent = True
    with pytest.raises(StoreUnavailable, match="TimeoutError"):
        await do(client, "GET", "first")


async def test_who_comes_after_the_first_is_refused_at_once_and_nothing_is_requested() -> None:
    async with redis() as (server, client):
        await silenced(server, client)
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="does not answer"):
                await do(client, "GET", "later")
        assert not any("later" in words for words in server.commands)


async def test_what_it_has_answered_while_this_process_stood_still_is_read() -> None:
    """What came meanwhile is read after the loop has found that it did not come in time."""
    async with redis() as (server, client):
        await do(client, "GET", "before")
        server.stalls = 0.6
        assert await do(client, "GET", "meanwhile") == 1
        server.stalls = 0.0
        assert await do(client, "GET", "after") == 1
        assert not client.connection_pool.silent  # type: ignore[attr-defined]
        assert server.connections == 1


async def test_when_it_answers_again_it_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "PROBE_EVERY_SECONDS", 0.01)
    async with redis() as (server, client):
        await silenced(server, client)
        connections = server.connections
        await until(lambda: server.connections > connections + 1)  # it was looked for more than once
        server.silent = False
        await until(lambda: not client.connection_pool.silent)  # type: ignore[attr-defined]
        assert await do(client, "GET", "later") == 1


async def test_one_that_does_not_even_greet_is_silent_too() -> None:
    async with redis() as (server, client):
        server.silent = True
        with pytest.raises(StoreUnavailable):
            await do(client, "GET", "first")
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await do(client, "GET", "later")


async def test_who_waits_for_a_connection_need_not_find_it_out_once_more() -> None:
    async with redis(connections=1) as (server, client):
        await do(client, "GET", "before")
        server.silent = True
        both = await asyncio.gather(do(client, "GET", "first"), do(client, "GET", "second"), return_exceptions=True)
        assert ["does not answer" in str(error) for error in both] == [False, True]


async def test_one_that_is_gone_is_no_longer_waited_for() -> None:
    async with redis() as (server, client):
        await silenced(server, client)
        server.listening.close()
        await until(lambda: not client.connection_pool.silent)  # type: ignore[attr-defined]
        with pytest.raises(StoreUnavailable, match="ConnectionError"):
            await do(client, "GET", "later")


async def test_who_follows_changes_may_hear_nothing_for_long() -> None:
    async with redis() as (_, client):
        changes = client.pubsub()
        await changes.subscribe("c")
        while await changes.get_message(timeout=0.05) is not None:
            pass
        assert await changes.get_message(timeout=0.5) is None
        assert await do(client, "GET", "x") == 1
        await changes.aclose()  # type: ignore[no-untyped-call]


def idle(client: Redis) -> Any:
    """The connection that is used next."""
    return client.connection_pool._available_connections[-1]


async def test_many_at_once_get_each_their_own_answer_over_the_connections_that_there_are() -> None:
    async with redis(connections=2) as (server, client):
        server.answer = lambda words: words[-1]
        for _ in range(3):
            answers = await asyncio.gather(*(do(client, "ECHO", f"it is {n}") for n in range(20)))
            assert answers == [f"it is {n}".encode() for n in range(20)]
        assert server.connections == 2


async def test_one_that_was_closed_while_nobody_used_it_is_opened_again_before_it_is_used() -> None:
    async with redis() as (server, client):
        assert await do(client, "GET", "x") == 1
        server.listening.close_clients()
        link = idle(client)
        await until(link._reader.at_eof)
        assert await do(client, "GET", "x") == 1
        assert server.connections == 2


async def test_whoever_gives_up_waiting_leaves_their_answer_to_nobody() -> None:
    async with redis(connections=1) as (server, client):
        server.answer = lambda words: words[-1]
        await do(client, "ECHO", "before")
        server.silent = True
        given_up = asyncio.ensure_future(do(client, "ECHO", "given up"))
        await until(lambda: server.commands[-1][-1] == "given up")
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        server.silent = False
        assert await do(client, "ECHO", "after") == b"after"


async def test_one_that_redis_has_not_answered_on_for_long_is_looked_at_first() -> None:
    async with redis() as (server, client):
        await do(client, "GET", "x")
        link = idle(client)
        link.next_health_check = 0
        server.answer = lambda words: "PONG" if words[0] == "PING" else 1
        assert await do(client, "GET", "x") == 1
        assert [words[0] for words in server.commands[-3:]] == ["GET", "PING", "GET"]


async def test_what_was_left_over_on_a_connection_is_nobodys_answer() -> None:
    async with redis() as (server, client):
        server.answer = lambda words: words[-1]
        await do(client, "ECHO", "before")
        link = idle(client)
        link._parser._reader.feed(b"$4\\r\\nlate\\r\\n")
        assert await do(client, "ECHO", "mine") == b"mine"
        assert server.connections == 2
