"""`ari-app drain`: what it says while an Asterisk empties, and when it ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ari_app.__main__ import main
from ari_app.ari.failures import AriError
from ari_app.ari.gate import device
from ari_app.ari.http import HttpClient
from ari_app.operations.drain import LOOK_SECONDS, _Left, until_empty


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "secret")
    monkeypatch.setenv("ARI_APP_REDIS_URL", "redis://127.0.0.1:1/0")


async def emptied(looks: list[tuple[bool, int, int]], *, wait: bool = True) -> int:
    """How many of these looks it takes: whether it is shut, its calls, its channels."""
    left: Iterator[tuple[bool, int, int]] = iter(looks)
    now, taken = next(left), 1

    async def shut() -> bool:
        return now[0]

    async def calls() -> int:
        return now[1]

    async def channels() -> int:
        return now[2]

    async def sleep(seconds: float) -> None:
        nonlocal now, taken
        assert seconds == LOOK_SECONDS
        now, taken = next(left), taken + 1

    await until_empty("b", shut, calls, channels, wait=wait, sleep=sleep)
    return taken


async def test_each_change_of_what_is_left_is_said_until_it_is_empty(capsys: pytest.CaptureFixture[str]) -> None:
    looks = [(True, 2, 5), (True, 2, 5), (True, 1, 1), (True, 0, 1), (True, 0, 0)]
    assert await emptied(looks) == 5
    assert capsys.readouterr().out.splitlines() == [
        "b takes no new calls; left: 2 calls, 5 channels",
        "b takes no new calls; left: 1 call, 1 channel",
        "b takes no new calls; left: no calls, 1 channel",
        "b has no calls, and takes none: it may be stopped",
    ]


async def test_it_is_not_empty_before_it_takes_none(capsys: pytest.CaptureFixture[str]) -> None:
    looks = [(False, 0, 0)] * 8
    assert await emptied([*looks, (True, 0, 0)]) == 9
    assert capsys.readouterr().out.splitlines() == [
        "no controller has passed that on to b yet: none leads it, or it is not connected",
        "b has no calls, and takes none: it may be stopped",
    ]


async def test_without_waiting_it_is_said_once_when_it_takes_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert await emptied([(False, 1, 2), (True, 1, 2)], wait=False) == 2
    assert capsys.readouterr().out == "b takes no new calls; left: 1 call, 2 channels\n"


def test_an_asterisk_that_is_not_there_is_refused_and_those_that_are_are_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["drain", "asterisk-z"]) == 2
    assert capsys.readouterr().err == "no Asterisk is called 'asterisk-z': there are asterisk-a\n"


@pytest.mark.parametrize("more", [[], ["--undo"]])
def test_without_redis_nothing_is_done_and_that_is_said(capsys: pytest.CaptureFixture[str], more: list[str]) -> None:
    assert main(["drain", "asterisk-a", *more]) == 1
    said = capsys.readouterr()
    assert (said.out, said.err[:12]) == ("", "asterisk-a: ")


async def test_what_asterisk_has_is_what_it_says_itself() -> None:
    states = {"state": "UNAVAILABLE"}

    async def state(request: web.Request) -> web.Response:
        assert request.path == "/ari/deviceStates/Stasis:@app"
        return web.json_response({"name": "it", **states})

    async def channels(request: web.Request) -> web.Response:
        return web.json_response([{"id": "1", "name": "PJSIP/1001-1"}, {"id": "2"}])

    app = web.Application()
    app.router.add_get("/ari/deviceStates/{device}", state)
    app.router.add_get("/ari/channels", channels)
    async with TestServer(app) as server:
        http = HttpClient("ari", "secret")
        left = _Left(str(server.make_url("/")), http, device("app"))
        assert (await left.shut(), await left.channels()) == (True, 2)
        states["state"] = "BUSY"
        assert await left.shut() is False
        states.clear()
        with pytest.raises(AriError):
            await left.shut()
        await http.close()
