"""aioari behind types: what is no Asterisk, and what isn't connected yet."""

import json
from collections.abc import Mapping
from typing import cast

import pytest
from aiohttp import ClientWebSocketResponse, WSMessage, WSMsgType
from aioswagger11.swagger_model import SwaggerError

from ari_app.ari import client
from ari_app.ari.client import AriClient
from ari_app.ari.failures import Unreachable
from ari_app.ari.figures import NoFigures
from ari_app.ari.http import Answer, HttpClient


class Page(HttpClient):
    """Answers every request with the same page."""

    def __init__(self, body: str) -> None:
        self.body = body
        self.requested: list[tuple[str, str, str | None]] = []

    async def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, object] | None = None,
        data: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        self.requested.append((method, url, data))
        return Answer(200, self.body)


async def test_what_answers_with_a_page_is_no_asterisk() -> None:
    with pytest.raises(Unreachable, match="no Asterisk"):
        await AriClient("http://127.0.0.1:1", Page("<html>")).describe()


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_an_asterisk_that_says_that_it_is_reached_in_clear_is_reached_as_it_was_configured(scheme: str) -> None:
    says = {"swaggerVersion": "1.1", "basePath": "http://127.0.0.1:1/ari"}
    apis = [{"path": "/api-docs/asterisk.{format}", "description": "Asterisk"}]
    page = Page(json.dumps({**says, "apis": apis}))
    with pytest.raises(SwaggerError):  # what it says of `asterisk` is the same once more
        await AriClient(f"{scheme}://127.0.0.1:1", page).describe()
    assert [url for _, url, _ in page.requested] == [
        f"{scheme}://127.0.0.1:1/ari/api-docs/{name}.json" for name in ("resources", "asterisk")
    ]


async def test_before_it_is_connected_nothing_can_be_called() -> None:
    with pytest.raises(Unreachable):
        await AriClient("http://127.0.0.1:1", Page("")).call("channels", "list")


async def test_the_filter_is_the_whole_body() -> None:
    page = Page("{}")
    await AriClient("http://127.0.0.1:1", page).filter_events("a b", ["StasisStart"])
    assert page.requested == [
        ("PUT", "http://127.0.0.1:1/ari/applications/a%20b/eventFilter", '{"allowed": [{"type": "StasisStart"}]}')
    ]


def _event(kind: str, **fields: object) -> str:
    """As Asterisk writes it."""
    return json.dumps({**fields, "type": kind}, separators=(",", ":"))


class Tells:
    """A WebSocket that has these messages, and ends."""

    def __init__(self, *texts: str) -> None:
        self._messages = [WSMessage(WSMsgType.TEXT, text, None) for text in texts]
        self.closed = False

    async def receive(self) -> WSMessage:
        return self._messages.pop(0) if self._messages else WSMessage(WSMsgType.CLOSED, None, None)

    async def close(self) -> None:
        self.closed = True


class Counts(NoFigures):
    def __init__(self) -> None:
        self.events: list[str] = []

    def event(self, kind: str) -> None:
        self.events.append(kind)


class Reports(Page):
    """An Asterisk that has one operation, and tells these events."""

    def __init__(self, *texts: str) -> None:
        super().__init__("")
        self.counts = self.figures = Counts()
        self.socket = Tells(*texts)

    async def ws_connect(self, url: str, params: object = None) -> ClientWebSocketResponse:
        return cast("ClientWebSocketResponse", self.socket)


async def test_variables_that_are_none_of_ours_are_counted_and_read_by_nobody() -> None:
    named = {"id": "c1", "caller": {"name": 'x","type":"ChannelVarset', "number": "ChannelVarset"}}
    kept = [
        _event("ChannelVarset", variable="CALL_DATA_line", value="main"),
        _event("ChannelVarset", variable="CALL_ENTRY", value="a b"),
        _event("ChannelVarset", variable="CALL_DIALLED", value="4000"),
        _event("ChannelDestroyed", channel=named),
        json.dumps({"type": "ChannelVarset", "variable": "RTPAUDIOQOS"}),  # not as Asterisk writes it
    ]
    asterisk = Reports(_event("ChannelVarset", variable="RTPAUDIOQOS", value="", channel=named), *kept)
    events = await client._ForAioari(asterisk, encrypted=False).ws_connect("ws://127.0.0.1:1/ari/events")
    received = []
    while (message := await events.receive()).type is WSMsgType.TEXT:
        received.append(message.data)
    await events.close()
    assert received == kept
    assert asterisk.counts.events == ["ChannelVarset"]
    assert asterisk.socket.closed
