"""An agent's desktop at the controller's API: logged in, following events, sending commands."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import aiohttp

from tests.bots.events import Board

Json = dict[str, Any]


class ApiFailed(AssertionError):
    """The API answered otherwise than the scenario says; the message has what it answered."""


def at_path(value: Any, path: str) -> Any:
    """`offer.state`, `parties.0.muted` of a JSON value; None where there is no such thing."""
    for part in path.split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            return None
    return value


def same(found: Any, wanted: Any) -> bool:
    """Whether a JSON value is what a scenario says; a scenario's numbers are text."""
    if isinstance(wanted, str) and isinstance(found, int | float) and not isinstance(found, bool):
        return str(found) == wanted
    return bool(found == wanted)


class Desktop:
    """One agent. `calls` follows the events, in the order in which the calls began."""

    def __init__(self, base: str, agent: str, board: Board) -> None:
        self.agent = agent
        self.calls: dict[str, Json] = {}
        self._reported = 0  # events so far
        self._last: dict[str, int] = {}  # which of them was the last of a call
        self.me: Json = {}
        self.saved: dict[str, str] = {}
        self._base = base.rstrip("/")
        self._board = board
        self._session: aiohttp.ClientSession | None = None
        self._follower: asyncio.Task[None] | None = None

    async def login(self, password: str) -> None:
        """Log in and follow events. Raises ApiFailed, aiohttp.ClientError, TimeoutError."""
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))
        status, answer = await self.request("POST", "/v1/login", {"agent": self.agent, "password": password})
        if status != 200:
            raise ApiFailed(f"login of {self.agent}: {status} {answer}")
        self._session.headers["Authorization"] = f"Bearer {answer['token']}"
        followed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._follower = asyncio.create_task(self._follow(followed))
        async with asyncio.timeout(10):
            await followed

    def moves_to(self, base: str) -> None:
        """The next login is at another server."""
        self._base = base.rstrip("/")

    @property
    def authorization(self) -> str:
        """As requests carry it."""
        assert self._session is not None
        return self._session.headers["Authorization"]

    async def close(self, *, log_out: bool) -> None:
        """Close; with `log_out` the agent ends up logged out, so that the next scenario starts clean."""
        if self._session is None:
            return
        try:
            if log_out and "Authorization" in self._session.headers:
                await self.request("PUT", "/v1/me/state", {"state": "logged_out"})
        except (aiohttp.ClientError, TimeoutError):
            self._board.record(self.agent, "api", "is gone, not logged out")
        finally:
            if self._follower is not None:
                self._follower.cancel()
            await self._session.close()
            self._session = None

    async def _follow(self, followed: asyncio.Future[None]) -> None:
        assert self._session is not None
        try:
            async with self._session.ws_connect(f"{self._base}/v1/events") as socket:
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        self._event(json.loads(message.data))
                        if not followed.done():
                            followed.set_result(None)
        except aiohttp.ClientError as error:
            if not followed.done():
                followed.set_exception(ApiFailed(f"events of {self.agent}: {error}"))
        self._board.record(self.agent, "api", "the event socket closed")

    def _event(self, event: Json) -> None:
        kind = event.get("type", "")
        self._reported += 1
        self._last[event.get("call_id") or (event.get("call") or {}).get("id", "")] = self._reported
        match kind:
            case "snapshot":
                self.me = event.get("me") or {}
                self.calls = {call["id"]: call for call in event.get("calls", [])}
            case "call.created" | "call.updated":
                self.calls[event["call"]["id"]] = event["call"]
            case "call.ended":
                self.calls[event["call"]["id"]] = event["call"] | {"state": "released"}
            case "offer.updated" if event.get("call_id") in self.calls:
                self.calls[event["call_id"]]["offer"] = event["offer"]
            case "agent.updated" if (event.get("agent") or {}).get("agent") == self.agent:
                self.me = event["agent"]
        self._board.record(self.agent, "event", f"{kind} {_brief(event)}".rstrip())

    @property
    def call(self) -> Json | None:
        """The newest call that is not released; else the newest."""
        live = [call for call in self.calls.values() if call.get("state") != "released"]
        known = live or list(self.calls.values())
        return known[-1] if known else None

    async def request(self, method: str, path: str, body: Json | None = None) -> tuple[int, Any]:
        """(status, JSON or text) of a request. Raises aiohttp.ClientError, TimeoutError."""
        assert self._session is not None
        before = self._reported
        async with self._session.request(method, self._base + path, json=body) as response:
            text = await response.text()
            is_json = "json" in (response.content_type or "")
            answer = json.loads(text) if is_json and text else text
            self._board.record(self.agent, "api", f"{method} {path} → {response.status}")
            if isinstance(answer, dict) and response.status < 300 and "parties" in answer:
                self._answered(answer, before)
            return response.status, answer

    def _answered(self, call: Json, before: int) -> None:
        """An event that came after the request went out may be newer: it is read from a connection of its own."""
        if self._last.get(call["id"], 0) <= before:
            self.calls[call["id"]] = call

    async def fill(self, text: str, within: float) -> str:
        """`text` with `{call}`, `{contact}`, `{party:bob}` and saved names filled in, waiting for a call.

        Raises DeadlineMissed where there is none within that time.
        """
        for name in re.findall(r"\{([a-z_:0-9A-Z+-]+)\}", text):
            value = self.saved[name] if name in self.saved else await self._wait_for(name, within)
            text = text.replace(f"{{{name}}}", value)
        return text

    async def _wait_for(self, name: str, within: float) -> str:
        await self._board.until(
            lambda: self._named(name) is not None,
            within=within,
            otherwise=lambda: f"{self.agent} has no {{{name}}} in {self.call}",
        )
        return self._named(name) or ""

    def _named(self, name: str) -> str | None:
        call = self.call
        if call is None:
            return None
        if name == "call":
            return str(call["id"])
        if name == "parent":
            return str(call["parent"]) if call.get("parent") else None
        kind, _, who = name.partition(":")
        for party in call.get("parties", []):
            if party.get("state") == "left":
                continue
            mine = kind == "me" and party.get("you")
            contact = kind == "contact" and party.get("role") == "contact"
            other = kind == "party" and who in (party.get("agent"), party.get("number"), party.get("name"))
            if mine or contact or other:
                return str(party["id"])
        return None


def _brief(event: Json) -> str:
    call = event.get("call") or {}
    offer = event.get("offer") or call.get("offer") or {}
    offered = f"offer {offer['state']}" if offer.get("state") else None
    parts = (call.get("state"), offered, event.get("available"))
    return " ".join(str(part) for part in parts if part is not None)
