"""The built page is served as it is."""

import gzip
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request

from ari_app.api.asyncapi import asyncapi
from ari_app.api.desk_files import DeskFiles
from ari_app.api.routes import Exchange
from ari_app.errors import Refused
from tests.support.desk_document import EVENTS, FILE, text
from tests.unit.api.fakes import DOCUMENT, World


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<!doctype html><title>desk</title>")
    (tmp_path / "embed.html").write_text("<!doctype html><title>embedded</title>")
    (tmp_path / "assets" / "app-1a2b.js").write_text("export {}")
    return tmp_path


def _requested(name: str, accepted: str | None = None) -> Exchange:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    request = make_mocked_request("GET", "/", headers)
    return Exchange(http=request, who=None, path={"name": name}, body=None, query=None)


async def test_the_documents_are_requested_each_time_and_what_they_load_once(built: Path) -> None:
    files = DeskFiles(tuple, built)
    page, embedded = await files.page(_requested("")), await files.embedded(_requested(""))
    asset = await files.asset(_requested("app-1a2b.js"))
    assert (page.text, embedded.text) == (
        "<!doctype html><title>desk</title>",
        "<!doctype html><title>embedded</title>",
    )
    assert (page.content_type, asset.content_type) == ("text/html", "text/javascript")
    assert page.headers["Cache-Control"] == "no-cache"
    assert "immutable" in asset.headers["Cache-Control"]
    for response in (page, embedded, asset):
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("accepted", ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP ; q=0.5"])
async def test_a_browser_that_takes_it_compressed_gets_it_so(built: Path, accepted: str) -> None:
    files = DeskFiles(tuple, built)
    for response in (
        await files.asset(_requested("app-1a2b.js", accepted)),
        await files.page(_requested("", accepted)),
    ):
        assert response.headers["Content-Encoding"] == "gzip"
        assert response.headers["Vary"] == "Accept-Encoding"
    asset = await files.asset(_requested("app-1a2b.js", accepted))
    assert isinstance(asset.body, bytes)
    assert gzip.decompress(asset.body) == b"export {}"
    assert asset.content_type == "text/javascript"


@pytest.mark.parametrize("accepted", [None, "", "identity", "br", "gzip;q=0", "gzip; q=0.000, br", "x-gzip"])
async def test_whoever_does_not_gets_it_as_it_is(built: Path, accepted: str | None) -> None:
    asset = await DeskFiles(tuple, built).asset(_requested("app-1a2b.js", accepted))
    assert asset.text == "export {}"
    assert "Content-Encoding" not in asset.headers
    assert asset.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("name", ["other.js", "../index.html", "..", "index.html", ""])
async def test_nothing_but_the_files_that_were_built_is_there(built: Path, name: str) -> None:
    with pytest.raises(Refused, match="nothing at this path"):
        await DeskFiles(tuple, built).asset(_requested(name))


async def test_only_listed_pages_may_show_it_in_a_frame_and_the_desk_itself_none(built: Path) -> None:
    files = DeskFiles(lambda: ("https://crm.example.org", "https://crm.example.net"), built)
    shown = (await files.embedded(_requested(""))).headers["Content-Security-Policy"]
    assert "frame-ancestors https://crm.example.org https://crm.example.net;" in shown
    assert "frame-ancestors 'none';" in (await files.page(_requested(""))).headers["Content-Security-Policy"]
    nobody = (await DeskFiles(tuple, built).embedded(_requested(""))).headers["Content-Security-Policy"]
    assert "frame-ancestors 'none';" in nobody


async def test_a_page_that_was_not_built_is_not_found(world: World) -> None:
    answer = await world.ask("GET", "/assets/none.js", check=False)
    assert (answer.status, answer.code) == (404, "not_found")


async def test_the_page_is_built_against_the_api_as_it_is(world: World) -> None:
    assert world.port
    assert FILE.read_text() == text(DOCUMENT), "python -m tests.support.desk_document writes it anew"
    assert EVENTS.read_text() == text(asyncapi()), "python -m tests.support.desk_document writes it anew"
