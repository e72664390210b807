"""Requests: who sends them, what is tried again, and what an answer is."""

import asyncio
import random
import uuid
from functools import cache
from typing import Any

import aiohttp
from pydantic import BaseModel, TypeAdapter

from ari_app.client import problems
from ari_app.client.problems import problem

FIRST, LONGEST = 0.2, 5.0
"""Seconds until something is tried again, and the longest between two tries."""
WITHIN = 10.0
"""Seconds for which a request is tried again."""
TIMEOUT = aiohttp.ClientTimeout(total=65.0)
"""The server answers every command within a minute, if only that it does not know what came of it."""
_AGAIN = (problems.Standby, problems.RateLimited, problems.UnknownOutcome)


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


class Pause:
    """How long to wait before each further try: ever longer, and never all clients at once."""

    def __init__(self) -> None:
        self._next = FIRST

    def next(self) -> float:
        """Seconds."""
        pause, self._next = self._next, min(self._next * 2, LONGEST)
        return pause * (0.5 + random.random())  # noqa: S311  # nosec B311  # no secret

    def reset(self) -> None:
        """It has gone well."""
        self._next = FIRST


class Transport:
    """One server, at `url`; `token` is that of a login, or the key of a program."""

    def __init__(self, url: str, token: str | None = None, *, within: float = WITHIN) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self._within = within
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections, which `close` ends."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT)
        return self._session

    @property
    def headers(self) -> dict[str, str]:
        """Who asks."""
        return {"Authorization": f"Bearer {self.token}"} if self.token is not None else {}

    async def close(self) -> None:
        """End all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self,
        method: str,
        path: str,
        answer: Any = None,
        *,
        body: BaseModel | None = None,
        query: BaseModel | None = None,
        key: str | None = None,
    ) -> Any:
        """The answer as this type; None where it has none.

        It is tried again while the server is not reached, or says that it is to be: a POST has the same key each time,
        so that nothing happens twice, and all else is the same done twice. What was deleted by a try whose answer was
        lost is `NotFound` for the next.

        Raises:
            Problem: what the server refuses.
            aiohttp.ClientError, TimeoutError: it was not reached in time.
        """
        got = await self._send(method, path, body, query, key)
        return None if answer is None else _adapter(answer).validate_json(got, extra="ignore")

    async def fetch(self, method: str, path: str, *, query: BaseModel | None = None) -> bytes:
        """The answer as it is. Raises as `send`."""
        return await self._send(method, path, None, query, None)

    async def _send(
        self, method: str, path: str, body: BaseModel | None, query: BaseModel | None, key: str | None
    ) -> bytes:
        headers = self.headers
        if method == "POST":
            headers["Idempotency-Key"] = key or uuid.uuid4().hex
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = body.model_dump_json(by_alias=True, exclude_unset=True).encode()
        params = query.model_dump(mode="json", by_alias=True, exclude_none=True) if query is not None else {}
        words = {name: _word(value) for name, value in params.items()}
        pause, until = Pause(), asyncio.get_running_loop().time() + self._within
        while True:
            try:
                return await self._once(method, path, headers, data, words)
            except (aiohttp.ClientConnectionError, *_AGAIN):
                wait = pause.next()
                if asyncio.get_running_loop().time() + wait > until:
                    raise
                await asyncio.sleep(wait)

    async def _once(
        self, method: str, path: str, headers: dict[str, str], data: bytes | None, query: dict[str, str]
    ) -> bytes:
        async with self.session.request(
            method, f"{self.url}{path}", headers=headers, data=data, params=query, allow_redirects=False
        ) as response:
            if response.status >= 400:
                raise problem(response.status, await response.text())
            return await response.read()


def _word(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return ",".join(map(str, value))
    return str(value)
