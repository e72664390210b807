"""aioari behind types: what is no Asterisk, and what isn't connected yet."""

import json
from collections.abc import Mapping

import pytest
from aioswagger11.swagger_model import SwaggerError

from ari_app.ari.client import AriClient
from ari_app.ari.failures import Unreachable
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
