"""Why Redis refuses is said, in words for whoever runs it, and without its own words."""

import asyncio
import re
from pathlib import Path

import pytest

from ari_app.errors import StoreUnavailable
from ari_app.store import redis
from ari_app.store.client import connect, disconnect
from ari_app.store.redis import RedisStore

WAIT = 5.0


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("WRONGPASS invalid username-password pair or user is disabled.", "refuses the password"),
        ("NOAUTH Authentication required.", "refuses the password"),
        ("NOPERM this user has no permissions to run the command", "does not permit"),
        ("OOM command not allowed when used memory > 'maxmemory'.", "no memory left"),
        ("READONLY You can't write against a read only replica.", "is a replica"),
        ("LOADING Redis is loading the dataset in memory", "still reading"),
        ("ERR secret words of its own", "cannot be used (ResponseError)"),
    ],
)
async def test_why_redis_refuses_is_said(answer: str, reason: str) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(4096):
            writer.write(f"-{answer}\r\n".encode())
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    client = connect(f"redis://:guessed@127.0.0.1:{server.sockets[0].getsockname()[1]}/0")
    try:
        async with asyncio.timeout(WAIT):
            with pytest.raises(StoreUnavailable) as refused:
                await RedisStore(client, "cc").kept_configuration()
    finally:
        await disconnect(client)
        server.close()
    assert reason in refused.value.detail
    assert "guessed" not in refused.value.detail
    assert answer not in refused.value.detail


async def test_one_that_is_not_there_is_not_taken_for_one_that_refuses() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    client = connect(f"redis://127.0.0.1:{port}/0")
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        await RedisStore(client, "cc").kept_configuration()
    await disconnect(client)


def test_the_list_of_keys_has_all_that_the_store_uses() -> None:
    room = Path(redis.__file__).parent
    source = "".join(file.read_text(encoding="utf-8") for file in (*room.glob("*.py"), *room.glob("lua/*.lua")))
    used = set(re.findall(r"(?:\{self\._tag\}:|KEYS\[1\] \.\. ':|P \.\. ')(\w+)", source))
    assert {"snapshots", "lease", "tokens"} <= used
    assert used == set(re.findall(r"\{p\}:(\w+)", redis.__doc__ or ""))


async def test_each_command_is_measured_and_what_redis_refuses_counts_as_failed() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            for command in re.findall(rb"\*\d+\r\n\$\d+\r\n(\w+)", data):
                writer.write({b"PING": b"+PONG", b"HGETALL": b"-OOM no"}.get(command, b"+OK") + b"\r\n")
        writer.close()

    measured: list[tuple[str, bool]] = []
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    client = connect(
        f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0",
        measure=lambda command, seconds, failed: measured.append((command, failed)),
    )
    store = RedisStore(client, "cc")
    async with asyncio.timeout(WAIT):
        await store.ping()
        with pytest.raises(StoreUnavailable):
            await store.kept_configuration()
    assert measured == [("PING", False), ("HGETALL", True)]
    await disconnect(client)
    server.close()
