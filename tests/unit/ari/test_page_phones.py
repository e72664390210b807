"""Accounts of phones in the page, as they are pushed to an Asterisk that is a little server here."""

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, NotFound, Unreachable
from ari_app.ari.http import HttpClient
from ari_app.ari.page_phones import PagePhones

HOST = "127.0.79.2"
PATH = "/ari/asterisk/config/dynamic/res_pjsip/"
DESK = {"callerid": '"Alice" <1001>', "context": "from-phones", "tone_zone": "", "allow": "(ulaw)", "auth": "1001"}


class Asterisk:
    """Objects by kind and name, and `/ws`."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, str]] = {"endpoint/1001": dict(DESK)}
        self.websocket = True
        self.authorized: list[bool] = []

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.path == "/ws":
            self.authorized.append("Authorization" in request.headers)
            socket = web.WebSocketResponse(protocols=("sip",))
            if not self.websocket:
                return web.Response(status=404)
            await socket.prepare(request)
            async for message in socket:
                await socket.send_str(message.data)
            return socket
        name = request.path.removeprefix(PATH)
        if request.method == "PUT":
            fields = json.loads(await request.text())["fields"]
            self.objects.setdefault(name, {}).update({f["attribute"]: f["value"] for f in fields})
        elif name not in self.objects:
            return web.json_response({"message": "not found"}, status=404)
        elif request.method == "DELETE":
            del self.objects[name]
            return web.Response(status=204)
        return web.json_response([{"attribute": k, "value": v} for k, v in self.objects[name].items()])


class Bench:
    def __init__(self, port: int, asterisk: Asterisk) -> None:
        self.asterisk = asterisk
        url = f"http://{HOST}:{port}"
        self.client = AriClient(url, HttpClient("ari", "secret"))
        self.phones = PagePhones(self.client, url)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    asterisk = Asterisk()
    runner = web.ServerRunner(web.Server(asterisk), handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    bench = Bench(int(runner.addresses[0][1]), asterisk)
    yield bench
    await bench.phones.close()
    await bench.client.close()
    await runner.cleanup()


async def test_the_account_is_a_copy_of_the_desk_phones_with_a_secret_of_its_own(bench: Bench) -> None:
    await bench.phones.admit("1001", "s1")
    objects = bench.asterisk.objects
    assert objects["auth/1001-page"] == {"auth_type": "userpass", "username": "1001-page", "password": "s1"}
    assert objects["aor/1001-page"]["max_contacts"] == "1"
    endpoint = objects["endpoint/1001-page"]
    assert (endpoint["callerid"], endpoint["context"]) == (DESK["callerid"], DESK["context"])
    assert (endpoint["webrtc"], endpoint["auth"], endpoint["aors"]) == ("yes", "1001-page", "1001-page")
    assert endpoint["allow"].startswith("!all,opus")
    assert "tone_zone" not in endpoint
    assert objects["endpoint/1001"] == DESK


async def test_the_secret_is_taken_away(bench: Bench) -> None:
    await bench.phones.admit("1001", "s1")
    await bench.phones.forget("1001")
    assert "auth/1001-page" not in bench.asterisk.objects
    assert "endpoint/1001-page" in bench.asterisk.objects
    await bench.phones.forget("1001")


async def test_the_socket_carries_sip_and_not_aris_password(bench: Bench) -> None:
    line = await bench.phones.connect("1001", "s1")
    assert line.protocol == "sip"
    await line.send_str("OPTIONS")
    assert await line.receive_str() == "OPTIONS"
    await line.close()
    assert bench.asterisk.authorized == [False]


async def test_a_desk_phone_that_is_not_there_is_reported(bench: Bench) -> None:
    with pytest.raises(NotFound):
        await bench.phones.connect("1002", "s1")
    assert "auth/1002-page" not in bench.asterisk.objects


async def test_an_asterisk_without_sip_by_websocket_is_reported(bench: Bench) -> None:
    bench.asterisk.websocket = False
    with pytest.raises(AriError, match="ari-app check"):
        await bench.phones.connect("1001", "s1")


async def test_an_asterisk_that_is_away_is_reported() -> None:
    client = AriClient("http://127.0.0.1:1", HttpClient("ari", "secret"))
    phones = PagePhones(client, "http://127.0.0.1:1")
    try:
        with pytest.raises(Unreachable):
            await phones.connect("1001", "s1")
    finally:
        await phones.close()
        await client.close()
