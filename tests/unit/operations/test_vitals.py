"""What Asterisk and Redis say of themselves, over sockets of this process, and what is said where they refuse."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ari_app.ari import vitals as of_asterisk
from ari_app.ari.failures import AriError
from ari_app.store import vitals as of_redis
from ari_app.store.client import connect
from ari_app.store.vitals import Kind, Trouble, Vitals

INFO = {"redis_version": "8.0.1", "role": "master", "maxmemory_policy": "noeviction", "aof_enabled": "1"}


@asynccontextmanager
async def redis(info: Mapping[str, str], answers: Mapping[str, str] = {}, ahead: float = 0.0) -> AsyncIterator[str]:
    """A Redis that says this of itself, and answers these commands so; its URL."""

    def answer(words: list[bytes]) -> str:
        command = words[0].decode().upper()
        if command in answers:
            return answers[command]
        match command:
            case "INFO":
                text = "# Server\r\n" + "".join(f"{key}:{value}\r\n" for key, value in info.items())
                return f"${len(text)}\r\n{text}\r\n"
            case "TIME":
                seconds, micro = divmod(round((time.time() + ahead) * 1_000_000), 1_000_000)
                return f"*2\r\n${len(str(seconds))}\r\n{seconds}\r\n${len(str(micro))}\r\n{micro}\r\n"
            case "PING":
                return "+PONG\r\n"
            case _:
                return "+OK\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            words = []
            for _ in range(int(line[1:])):
                length = int((await reader.readline())[1:])
                words.append((await reader.readexactly(length + 2))[:-2])
            writer.write(answer(words).encode())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"redis://:secret@127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    finally:
        server.close()


async def seen(info: Mapping[str, str] = INFO, **answers: str) -> Vitals | Trouble:
    async with redis(info, answers) as url:
        return await of_redis.vitals(connect(url, connections=1), "cc")


async def test_a_redis_that_is_sound_says_so() -> None:
    found = await seen()
    assert isinstance(found, Vitals)
    assert 0 < found.latency < 1
    assert abs(found.ahead) < 1
    assert replace(found, latency=0, ahead=0) == Vitals("8.0.1")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"role": "slave", "master_link_status": "down"}, {"role": "slave", "linked": False}),
        ({"maxmemory_policy": "allkeys-lru"}, {"policy": "allkeys-lru"}),
        ({"maxmemory": "1000", "used_memory": "950"}, {"memory": 0.95}),
        ({"aof_enabled": "0"}, {"persistent": False}),
        ({"aof_last_write_status": "err"}, {"saving": False}),
        ({"rdb_last_bgsave_status": "err"}, {"saving": False}),
    ],
)
async def test_what_redis_says_of_itself_is_read(said: dict[str, str], expected: dict[str, Any]) -> None:
    found = await seen({**INFO, **said})
    assert isinstance(found, Vitals)
    assert replace(found, latency=0, ahead=0) == replace(Vitals("8.0.1"), **expected)


async def test_a_write_that_is_refused_is_said_in_redis_own_words() -> None:
    found = await seen(SET="-NOREPLICAS Not enough good replicas to write.\r\n")
    assert isinstance(found, Vitals)
    assert "Not enough good replicas" in found.refusal


async def test_a_clock_that_is_ahead_is_seen() -> None:
    async with redis(INFO, ahead=3.0) as url:
        found = await of_redis.vitals(connect(url, connections=1), "cc")
    assert isinstance(found, Vitals)
    assert 2.5 < found.ahead < 3.5


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ({"AUTH": "-WRONGPASS invalid username-password pair or user is disabled.\r\n"}, Kind.PASSWORD),
        ({"INFO": "-NOPERM this user has no permissions to run the 'info' command\r\n"}, Kind.FORBIDDEN),
        ({"PING": "-LOADING Redis is loading the dataset in memory\r\n"}, Kind.AWAY),
    ],
)
async def test_why_nothing_is_known_of_redis_is_said(answers: dict[str, str], kind: Kind) -> None:
    found = await seen(INFO, **answers)
    assert isinstance(found, Trouble)
    assert found.kind is kind


async def test_a_redis_that_nobody_reaches_is_away() -> None:
    found = await of_redis.vitals(connect("redis://127.0.0.1:1/0"), "cc")
    assert isinstance(found, Trouble)
    assert found.kind is Kind.AWAY


@asynccontextmanager
async def asterisk(answer: Callable[[str], Any]) -> AsyncIterator[str]:
    """An HTTP server with these answers by path; its URL."""

    async def handle(request: web.Request) -> web.Response:
        found = answer(request.path.removeprefix("/ari/"))
        return found if isinstance(found, web.Response) else web.json_response(found)

    app = web.Application()
    app.router.add_get("/{path:.*}", handle)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("/")).rstrip("/")
    finally:
        await server.close()


def ari(path: str) -> Any:
    at = datetime.fromtimestamp(time.time() + 2.0, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"
    return {
        "asterisk/info": {"system": {"version": "22.10.1+dfsg+~cs6.17"}, "config": {}},
        "asterisk/ping": {"ping": "pong", "timestamp": at, "asterisk_id": "x"},
        "asterisk/modules": [
            {"name": "app_stasis.so", "status": "Running"},
            {"name": "res_ari.so", "status": "Not Running"},
        ],
        "applications": [{"name": "callcontrol", "channel_ids": []}],
    }[path]


async def test_an_asterisk_says_its_version_its_time_what_runs_and_which_applications_it_has() -> None:
    async with asterisk(ari) as url:
        found = await of_asterisk.vitals(url, "user", "secret")
    assert 1.5 < found.ahead < 2.5
    assert replace(found, ahead=0) == of_asterisk.Vitals(
        "22.10.1", 0, frozenset({"app_stasis.so"}), frozenset({"callcontrol"})
    )


async def test_an_asterisk_that_refuses_says_with_which_status() -> None:
    async with asterisk(lambda path: web.json_response({"message": "Authentication required"}, status=401)) as url:
        with pytest.raises(AriError) as refused:
            await of_asterisk.vitals(url, "user", "secret")
    assert refused.value.status == 401


async def test_what_is_no_asterisk_is_said_to_be_none() -> None:
    async with asterisk(lambda path: web.Response(text="hello")) as url:
        with pytest.raises(AriError, match="no Asterisk"):
            await of_asterisk.vitals(url, "user", "secret")
