"""Accounts of phones in the page, as they are pushed to an Asterisk that is a little server here."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from ari_app.ari import page_phones
from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, NotFound, Unreachable
from ari_app.ari.http import HttpClient
from ari_app.ari.page_phones import PagePhones, PagePhonesAtEdge
from tests.support.polling import until

HOST, OWN = "127.0.79.2", "127.0.79.3"
PATH = "/ari/asterisk/config/dynamic/res_pjsip/"
DESK = {"callerid": '"Alice" <1001>', "context": "from-phones", "tone_zone": "", "allow": "(ulaw)", "auth": "1001"}


class Asterisk:
    """Objects by kind and name, and `/ws`."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, str]] = {"endpoint/1001": dict(DESK)}
        self.websocket = True
        self.started = "monday"
        self.away = False
        self.reported = ""
        self.guests: list[str] = []
        self.authorized: list[bool] = []

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        if self.away:
            return web.Response(status=503)
        if request.path == "/ws":
            self.authorized.append("Authorization" in request.headers)
            self.guests.append(str(request.remote))
            socket = web.WebSocketResponse(protocols=("sip",))
            if not self.websocket:
                return web.Response(status=404)
            await socket.prepare(request)
            async for message in socket:
                await socket.send_str(message.data)
            return socket
        if request.path == "/ari/asterisk/info":
            self.reported = self.started
            return web.json_response({"status": {"startup_time": self.started}})
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


@asynccontextmanager
async def serving(asterisk: Asterisk, host: str = HOST) -> AsyncIterator[int]:
    """Its port."""
    runner = web.ServerRunner(web.Server(asterisk), handle_signals=False)
    await runner.setup()
    await web.TCPSite(runner, host, 0).start()
    yield int(runner.addresses[0][1])
    await runner.cleanup()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    asterisk = Asterisk()
    async with serving(asterisk) as port:
        bench = Bench(port, asterisk)
        yield bench
        await bench.phones.close()
        await bench.client.close()


async def test_the_account_is_a_copy_of_the_desk_phones_with_a_secret_of_its_own(bench: Bench) -> None:
    await bench.phones.admit("1001", "s1")
    objects = bench.asterisk.objects
    assert objects["auth/1001-page"] == {
        "auth_type": "digest",
        "username": "1001-page",
        "realm": "asterisk",
        "password_digest": "MD5:" + hashlib.md5(b"1001-page:asterisk:s1", usedforsecurity=False).hexdigest(),
    }
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


EDGE = "192.0.2.1"
AT_EDGE = {"contact": f"sip:1001@{EDGE}", "outbound_proxy": f"sip:{EDGE};lr", "qualify_2xx_only": "yes"}


class Behind:
    """Two Asterisks behind an edge, which is a little server too and knows its guests by their address."""

    def __init__(self, ports: tuple[int, int], edge: int, asterisks: tuple[Asterisk, Asterisk]) -> None:
        self.asterisks = asterisks
        self.clients = [AriClient(f"http://{HOST}:{port}", HttpClient("ari", "secret")) for port in ports]
        self.phones = PagePhonesAtEdge(self.clients, f"ws://{HOST}:{edge}/ws", OWN)

    def known(self) -> list[bool]:
        return ["endpoint/1001-page" in asterisk.objects for asterisk in self.asterisks]

    async def until(self, known: list[bool]) -> None:
        async def now() -> bool:
            return self.known() == known

        await until(now, f"they know the account: {known}", 5)


@pytest.fixture
async def behind(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Behind]:
    monkeypatch.setattr(page_phones, "_LOOK", 0.0)
    one, other, edge = Asterisk(), Asterisk(), Asterisk()
    for asterisk in (one, other):
        asterisk.objects = {"endpoint/1001": {**DESK, "outbound_proxy": f"sip:{EDGE};lr"}, "aor/1001": dict(AT_EDGE)}
    async with serving(one) as first, serving(other) as second, serving(edge) as at:
        behind = Behind((first, second), at, (one, other))
        yield behind
        await behind.phones.close()
        for client in behind.clients:
            await client.close()
        assert set(edge.guests) <= {OWN}


async def test_behind_an_edge_each_asterisk_has_the_account_at_the_edge_and_without_a_secret(behind: Behind) -> None:
    line = await behind.phones.connect("1001", "s1")
    await line.send_str("REGISTER")
    assert await line.receive_str() == "REGISTER"
    await line.close()
    for asterisk in behind.asterisks:
        assert asterisk.objects["aor/1001-page"] == AT_EDGE | {"contact": f"sip:1001-page@{EDGE}"}
        endpoint = asterisk.objects["endpoint/1001-page"]
        assert (endpoint["webrtc"], endpoint["aors"]) == ("yes", "1001-page")
        assert (endpoint["context"], endpoint["outbound_proxy"]) == (DESK["context"], f"sip:{EDGE};lr")
        assert not {"auth", "rewrite_contact"} & endpoint.keys()
        assert "auth/1001-page" not in asterisk.objects


async def test_behind_an_edge_an_asterisk_that_was_away_or_restarted_is_brought_the_account(behind: Behind) -> None:
    one, other = behind.asterisks
    other.away = True
    await (await behind.phones.connect("1001", "s1")).close()
    assert behind.known() == [True, False]
    keeping = asyncio.create_task(behind.phones.keep())
    other.away = False
    await behind.until([True, True])
    del one.objects["endpoint/1001-page"]
    one.started = "tuesday"
    await behind.until([True, True])
    await behind.phones.forget("1001")
    assert not any("aor/1001-page" in asterisk.objects for asterisk in behind.asterisks)
    del one.objects["endpoint/1001-page"]
    one.started, other.started = "wednesday", "wednesday"

    async def looked() -> bool:
        return one.reported == other.reported == "wednesday"

    await until(looked, "it was seen that both were restarted", 5)
    keeping.cancel()
    assert behind.known() == [False, True]


async def test_behind_an_edge_a_desk_phone_that_is_not_there_is_reported(behind: Behind) -> None:
    with pytest.raises(NotFound):
        await behind.phones.connect("1002", "s1")


async def test_behind_an_edge_a_phone_that_registers_at_an_asterisk_is_reported(behind: Behind) -> None:
    for asterisk in behind.asterisks:
        asterisk.objects["aor/1001"] = {"max_contacts": "1"}
    with pytest.raises(NotFound, match="no place at the edge"):
        await behind.phones.connect("1001", "s1")


async def test_an_edge_that_is_away_is_reported(behind: Behind) -> None:
    phones = PagePhonesAtEdge(behind.clients, "ws://127.0.0.1:1", None)
    with pytest.raises(Unreachable):
        await phones.connect("1001", "s1")
    await phones.close()
