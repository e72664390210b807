"""The desk: the built page (`ari_app/desk/dist`), served from memory at the API's own address, compressed where the
browser takes that: all of them do.

Whatever the page loads has a digest of its content in its name, but for the two documents at `/` and `/embed`: they are
requested each time, all else once. Where the page was not built there is nothing at these paths.
"""

import gzip
import mimetypes
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiohttp import web

from ari_app.api.routes import Access, Exchange, Route
from ari_app.errors import Code, Refused

DIST = Path(__file__).parents[1] / "desk" / "dist"

_ALWAYS = {"Cache-Control": "no-cache"}
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
# Files of our own and nothing else: no inline script or style, no other origin. Recordings are fetched with the
# session's token, and played from the page's memory (`blob:`).
_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {ancestors}; media-src blob:; "
    "object-src 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY.format(ancestors="'none'"),
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


# "gzip" in an Accept-Encoding, but not with the weight 0, which says that it is not taken.
_GZIP = re.compile(r"(?:^|,)[ \t]*gzip[ \t]*(?:$|,|;[ \t]*q=(?:1|0\.0*[1-9]))", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _File:
    plain: bytes
    gzipped: bytes


class DeskFiles:
    """The files of a directory, read once. `embedded_in`: origins whose pages may show the desk in a frame."""

    def __init__(self, embedded_in: Callable[[], Sequence[str]], directory: Path = DIST) -> None:
        self._embedded_in = embedded_in
        self._pages = _read(directory)
        self._assets = _read(directory / "assets")

    async def page(self, exchange: Exchange) -> web.Response:
        """The desk itself."""
        return _response(exchange, self._pages, "index.html", _ALWAYS)

    async def embedded(self, exchange: Exchange) -> web.Response:
        """The desk for a frame in a page of those who may; where there are none, in nobody's."""
        origins = " ".join(self._embedded_in()) or "'none'"
        policy = _POLICY.format(ancestors=origins)
        return _response(exchange, self._pages, "embed.html", {**_ALWAYS, "Content-Security-Policy": policy})

    async def asset(self, exchange: Exchange) -> web.Response:
        """What the documents load."""
        return _response(exchange, self._assets, exchange.path["name"], _FOR_EVER)

    def routes(self) -> list[Route]:
        """Not part of the API's document: what is here is for browsers."""
        made = partial(Route, tag="desk", access=Access.PUBLIC, ready_made=True)
        return [
            made("GET", "/", "desk", "The desk", handle=self.page),
            made("GET", "/embed", "embedded_desk", "The desk in a frame", handle=self.embedded),
            made("GET", "/assets/{name}", "desk_asset", "A file", handle=self.asset),
        ]


def _read(directory: Path) -> Mapping[str, _File]:
    if not directory.is_dir():
        return {}
    contents = {file.name: file.read_bytes() for file in directory.iterdir() if file.is_file()}
    return {name: _File(content, gzip.compress(content, mtime=0)) for name, content in contents.items()}


def _response(exchange: Exchange, files: Mapping[str, _File], name: str, headers: Mapping[str, str]) -> web.Response:
    file = files.get(name)
    if file is None:
        raise Refused(Code.NOT_FOUND, "there is nothing at this path; see /v1/openapi.json")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    charset = "utf-8" if kind.startswith("text/") else None
    sent = {**_HEADERS, **headers, "Vary": "Accept-Encoding"}
    if _GZIP.search(exchange.http.headers.get("Accept-Encoding", "")) is None:
        return web.Response(body=file.plain, content_type=kind, charset=charset, headers=sent)
    sent["Content-Encoding"] = "gzip"
    return web.Response(body=file.gzipped, content_type=kind, charset=charset, headers=sent)
