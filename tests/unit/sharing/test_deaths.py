"""Whether a process is there, as its machine says."""

import asyncio
import socket

import pytest

from ari_app.sharing.deaths import nobody_listens

HOST = "127.0.79.5"


async def test_who_is_dead_refuses_and_who_stands_still_does_not() -> None:
    with socket.socket() as standing_still:  # its machine takes connections, and it does nothing with them
        standing_still.bind((HOST, 0))
        standing_still.listen(1)
        address = f"http://{HOST}:{standing_still.getsockname()[1]}"
        assert not await nobody_listens(address)
    assert await nobody_listens(address)


@pytest.mark.parametrize("address", ["", f"{HOST}:8080"])
async def test_nothing_is_known_of_who_does_not_say_where_they_are(address: str) -> None:
    assert not await nobody_listens(address)


async def test_nothing_is_known_of_a_machine_that_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    async def unreachable(*_: object) -> None:
        raise OSError("no route")

    for what in (never, unreachable):
        monkeypatch.setattr(asyncio, "open_connection", what)
        assert not await nobody_listens(f"http://{HOST}:1")
