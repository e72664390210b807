"""What is served to machines that watch, where they have an address of their own."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from ari_app.api.doors import FOR_MACHINES, HEALTH, Handler, machines_only, without_machines
from ari_app.api.listening import Listener

HOST = "127.0.0.1"


async def served(request: web.BaseRequest) -> web.Response:
    return web.Response(text=f"what is at {request.path}")


DOORS = {"machines": machines_only(served), "people": without_machines(served, lambda it: "X-Ours" in it.headers)}


@pytest.fixture(params=DOORS)
async def door(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, aiohttp.ClientSession]]:
    handler: Handler = DOORS[request.param]
    listener = Listener(handler)
    port = await listener.start(HOST, 0)
    async with aiohttp.ClientSession(f"http://{HOST}:{port}") as session:
        yield request.param, session
    await listener.stop()


async def test_each_address_has_its_own_paths_and_health(door: tuple[str, aiohttp.ClientSession]) -> None:
    name, session = door
    for path in (*FOR_MACHINES, *HEALTH, "/", "/v1/me"):
        wanted = 200 if path in HEALTH or (path in FOR_MACHINES) is (name == "machines") else 404
        async with session.get(path) as response:
            assert response.status == wanted, path
            if wanted == 404:
                assert (await response.json())["code"] == "not_found"
                assert response.headers["Cache-Control"] == "no-store"


async def test_what_another_controller_passes_on_is_answered(door: tuple[str, aiohttp.ClientSession]) -> None:
    _, session = door
    async with session.get("/v1/openapi.json", headers={"X-Ours": "1"}) as response:
        assert response.status == 200
    async with session.get("/%6Detrics") as response:
        assert response.status == (200 if door[0] == "machines" else 404)
