"""aioari with types around it. Owns the only untyped object of the project.

aioari builds its methods from the API's description, which Asterisk serves itself; so a wrong name is found by the
contract tests, not by mypy.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aioari
from aiohttp import ClientWebSocketResponse, WSMessage, WSMsgType

from ari_app.ari.failures import Unreachable
from ari_app.ari.figures import Figures, kind_of_event
from ari_app.ari.http import HttpClient
from ari_app.ari.messages import VARIABLE_SET, sets_none_of_ours

type Json = Mapping[str, Any]


class _Events:
    """The WebSocket of events, for aioari, without those that nobody here uses: they are dropped before they are read
    as JSON."""

    def __init__(self, socket: ClientWebSocketResponse, figures: Figures) -> None:
        self._socket = socket
        self._figures = figures

    async def receive(self) -> WSMessage:
        """The next one that is used, or whatever is no event."""
        while (message := await self._socket.receive()).type is WSMsgType.TEXT and sets_none_of_ours(message.data):
            self._figures.event(VARIABLE_SET)
        return message

    async def close(self) -> None:
        """Close it."""
        await self._socket.close()


class _ForAioari:
    """`HttpClient` as aioari uses it. An Asterisk that is reached by TLS describes itself as one that is reached in
    clear."""

    def __init__(self, http: HttpClient, *, encrypted: bool) -> None:
        self._http = http
        self._address = _encrypted if encrypted else str

    async def request(self, method: str, url: str, *rest: Any, **named: Any) -> Any:
        """As `HttpClient`."""
        return await self._http.request(method, self._address(url), *rest, **named)

    async def ws_connect(self, url: str, params: Any = None) -> _Events:
        """As `HttpClient`; of the events those that are used."""
        return _Events(await self._http.ws_connect(self._address(url), params), self._http.figures)


def _encrypted(url: str) -> str:
    return re.sub(r"^(http|ws):", r"\1s:", url)


class AriClient:
    """Operations of ARI by name. `base_url` is that of Asterisk's HTTP server, such as `http://127.0.0.1:8088`."""

    def __init__(self, base_url: str, http: HttpClient) -> None:
        self.http = http
        self._base_url = base_url.rstrip("/") + "/"
        self._client: Any = None
        self._on_event: Callable[[Json], None] | None = None

    async def describe(self) -> None:
        """Read the API's description, unless that is done already: 13 requests.

        Raises:
            AriError: Asterisk cannot be reached or refuses the user.
        """
        if self._client is not None:
            return
        http = _ForAioari(self.http, encrypted=self._base_url.startswith("https:"))
        client = aioari.Client(self._base_url, http)
        try:
            await client.init()
        except json.JSONDecodeError as error:
            raise Unreachable("what answers there is no Asterisk") from error
        self._client = client

    def has(self, repository: str, operation: str) -> bool:
        """Whether this Asterisk knows the operation (some came with 22.10)."""
        repo = self._client.get_repo(repository)
        return repo is not None and repo.api.get_operation(operation) is not None

    async def call(self, repository: str, operation: str, **arguments: object) -> Any:
        """Run one operation, such as `call("channels", "mute", channelId=..., direction="in")`; its JSON or None.

        Raises:
            AriError: see `failures`.
        """
        if self._client is None:
            raise Unreachable("not connected yet")
        # Not by way of aioari's attributes: each use of one makes a class, and of each answer an object.
        described = getattr(self._client.get_repo(repository).api, operation)
        answer = await self._client.run_operation(described, **arguments)
        return json.loads(answer.body) if answer.body else None

    def open_lanes(self, application: str) -> None:
        """Have requests go over lanes, as many as the HTTP client is to have; their applications' names begin so."""
        url = re.sub("^http", "ws", f"{self._base_url}ari/events")
        self.http.lanes.open(application, lambda name: self.http.open_lane(url, name))

    async def filter_events(self, application: str, kinds: Iterable[str]) -> None:
        """Have Asterisk send events of these types only. aioari would wrap the body into an object too many, which
        Asterisk takes for an empty filter.

        Raises:
            AriError: see `failures`.
        """
        url = f"{self._base_url}ari/applications/{quote(application, safe='')}/eventFilter"
        body = json.dumps({"allowed": [{"type": kind} for kind in kinds]})
        await self.http.request("PUT", url, data=body, headers={"Content-Type": "application/json"})

    async def started(self) -> str:
        """When this Asterisk was started, as it tells itself.

        Raises:
            AriError: see `failures`.
        """
        answer = await self.http.request("GET", f"{self._base_url}ari/asterisk/info", {"only": "status"})
        return str(json.loads(answer.body)["status"]["startup_time"])

    async def configured(self, kind: str, name: str) -> dict[str, str]:
        """What res_pjsip has of this object (`kind` is endpoint, auth or aor): its fields.

        Raises:
            AriError: see `failures`.
        """
        answer = await self.http.request("GET", self._object(kind, name))
        return {field["attribute"]: field["value"] for field in json.loads(answer.body)}

    async def configure(self, kind: str, name: str, fields: Mapping[str, str]) -> None:
        """Make the object, or make it so; only where its kind has a place in memory (sorcery.conf).

        Raises:
            AriError: see `failures`.
        """
        body = json.dumps({"fields": [{"attribute": key, "value": value} for key, value in fields.items()]})
        await self.http.request(
            "PUT", self._object(kind, name), data=body, headers={"Content-Type": "application/json"}
        )

    async def unconfigure(self, kind: str, name: str) -> None:
        """Remove the object.

        Raises:
            AriError: see `failures`.
        """
        await self.http.request("DELETE", self._object(kind, name))

    def _object(self, kind: str, name: str) -> str:
        return f"{self._base_url}ari/asterisk/config/dynamic/res_pjsip/{kind}/{quote(name, safe='')}"

    @asynccontextmanager
    async def recording(self, name: str) -> AsyncIterator[tuple[int | None, AsyncIterator[bytes]]]:
        """The file of a stored recording: its length in bytes, and what is in it.

        Raises:
            AriError: see `failures`; also in the midst of reading.
        """
        url = f"{self._base_url}ari/recordings/stored/{quote(name, safe='')}/file"
        async with self.http.stream(url) as opened:
            yield opened

    async def run(self, application: str, on_event: Callable[[Json], None]) -> None:
        """Register the application and read its events until the connection ends, which is no error to aioari.

        `on_event` must only enqueue: aioari awaits its listeners one by one on the reader.

        Raises:
            AriError: the WebSocket could not be opened.
        """

        figures = self.http.figures

        def relay(event: Json) -> None:
            figures.event(kind_of_event(event.get("type")))
            on_event(event)

        listener = self._client.on_event("*", relay)
        try:
            await self._client.run(apps=application)
        finally:
            listener.close()

    async def close(self) -> None:
        """Close every connection."""
        await self.http.close()
