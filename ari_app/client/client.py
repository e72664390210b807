"""The client: all operations, logging in, and the stream of events."""

from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self

from ari_app.api.event_models import Event
from ari_app.api.models.agents import LoggedIn, Login
from ari_app.client.events import UnknownEvent, events
from ari_app.client.operations import Operations
from ari_app.client.transport import WITHIN, Transport


class Client(Operations):
    """One server, such as `https://desk.example.org`, for whoever has `token`: that of a login, or a program's key.

    Close it, or use it in `async with`. Each method raises `Problem` for what the server refuses, and
    `aiohttp.ClientError` or `TimeoutError` where it was not reached within `within` seconds.
    """

    def __init__(self, url: str, token: str | None = None, *, within: float = WITHIN) -> None:
        super().__init__(Transport(url, token, within=within))

    async def log_in(self, agent: str, password: str) -> LoggedIn:
        """From now on as this agent."""
        logged_in = await self.login(Login(agent=agent, password=password))
        self._transport.token = logged_in.token
        return logged_in

    def events(
        self, *, targets: str | None = None, q: str | None = None, types: str | None = None
    ) -> AsyncGenerator[Event | UnknownEvent]:
        """What happens, from now on and for ever: see `events.events`. With `targets` (with commas) or `q` only those
        targets are followed."""
        given = {"targets": targets, "q": q, "types": types}
        return events(self._transport, {name: value for name, value in given.items() if value is not None})

    async def close(self) -> None:
        """End all connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
