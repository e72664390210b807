"""The same verbs by the API and by bare ARI requests, on one call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import aiohttp

from tests.bots import Contact
from tests.e2e.office import Agent, Office
from tests.e2e.stack import Stack

type Act = Callable[[], Awaitable[object]]


class Bare:
    """ARI itself, on one channel in one bridge."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession, channel: str, bridge: str) -> None:
        self._base = f"{stack.ari}/ari"
        self._session = session
        self._channel = channel
        self._bridge = bridge

    async def ask(self, method: str, path: str, **query: str) -> None:
        async with self._session.request(method, f"{self._base}/{path}", params=query) as response:
            await response.read()
            assert response.status < 300, f"{method} {path}: {response.status}"

    async def mute(self) -> None:
        await self.ask("POST", f"channels/{self._channel}/mute", direction="in")

    async def unmute(self) -> None:
        await self.ask("DELETE", f"channels/{self._channel}/mute", direction="in")

    async def deafen(self) -> None:
        await self.ask("POST", f"channels/{self._channel}/mute", direction="out")

    async def undeafen(self) -> None:
        await self.ask("DELETE", f"channels/{self._channel}/mute", direction="out")

    async def hold(self) -> None:
        await self.ask("POST", f"bridges/{self._bridge}/removeChannel", channel=self._channel)
        await self.ask("POST", f"channels/{self._channel}/moh")

    async def retrieve(self) -> None:
        await self.ask("DELETE", f"channels/{self._channel}/moh")
        await self.ask("POST", f"bridges/{self._bridge}/addChannel", channel=self._channel)


class Api:
    """The controller's API, for the caller's party in Alice's call."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession, call: str, party: str) -> None:
        self._call = f"{stack.api}/v1/calls/{call}"
        self._party = f"{self._call}/parties/{party}"
        self._session = session

    @classmethod
    def of(cls, stack: Stack, session: aiohttp.ClientSession, alice: Agent) -> Api:
        """As Alice's desktop sees it."""
        return cls(stack, session, alice.call_id, alice.party("contact")["id"])

    async def ask(self, verb: str) -> None:
        # As a desktop does it: hold and recordings are said of the call, the others of a party.
        base = self._call if verb in ("hold", "retrieve") or verb.endswith("recording") else self._party
        async with self._session.post(f"{base}/{verb}") as response:
            body = await response.read()
            assert response.status == 200, body

    def act(self, verb: str) -> Act:
        async def act() -> None:
            await self.ask(verb)

        return act


async def bridge_of(stack: Stack, session: aiohttp.ClientSession) -> tuple[str, str]:
    """(the caller's channel, its bridge), as Asterisk tells."""
    async with session.get(f"{stack.ari}/ari/channels") as response:
        channels = await response.json()
    caller = next(c["id"] for c in channels if c["name"].startswith("PJSIP/carrier"))
    async with session.get(f"{stack.ari}/ari/bridges") as response:
        bridges = await response.json()
    return caller, next(b["id"] for b in bridges if caller in b["channels"])


async def connect(office: Office, caller: Contact, alice: Agent) -> None:
    """The caller reaches Alice, who answers at once."""
    caller.dial("1001")
    await alice.sees_state("established")
    await office.hears("caller <-> alice")
