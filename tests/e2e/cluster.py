"""The parts of a cluster (`docker/cluster/compose.yaml`): which of them leads, and how it is taken away."""

from __future__ import annotations

import os
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal

import aiohttp
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.e2e.containers import Name, Part, run_in, said_in
from tests.e2e.office import Agent
from tests.e2e.stack import Stack
from tests.support.polling import until
from tests.support.sentinels import SENTINEL_PORT, node, primary_known_to, primary_of_who_votes

type Controller = Literal["controller-1", "controller-2", "controller-3"]
type Node = Literal["redis-1", "redis-2", "redis-3"]
type Asterisk = Literal["asterisk-a", "asterisk-b"]

CONTROLLERS: dict[Controller, int] = {"controller-1": 11, "controller-2": 12, "controller-3": 13}
NODES: dict[Node, int] = {"redis-1": 31, "redis-2": 32, "redis-3": 33}
ASTERISKS: dict[Asterisk, int] = {"asterisk-a": 21, "asterisk-b": 22}
WITHIN = 20.0
_LASTS: dict[str, int] = {"edge": 1, "api": 1, "history": 41}
for _parts in (CONTROLLERS, NODES, ASTERISKS):
    _LASTS.update((str(_name), _last) for _name, _last in _parts.items())


class Cluster:
    """Its parts by name; `stack` is what is reached at the edge and through the proxy."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._network = stack.asterisk[0].rpartition(".")[0]
        self._sentinel_password = os.environ["CC_SENTINEL_PASSWORD"]
        self.edge = Part(stack, "edge")

    def controller(self, name: Controller) -> Part:
        return Part(self.stack, name)

    def node(self, name: Node) -> Part:
        """A Redis and its Sentinel."""
        return Part(self.stack, name)

    def asterisk(self, name: Asterisk) -> Part:
        return Part(self.stack, name)

    def address(self, name: Name) -> str:
        """Of a part."""
        return f"{self._network}.{_LASTS[name]}"

    async def leader(self) -> Controller:
        """The controller that serves the call centre. Raises AssertionError where none does."""
        for name in CONTROLLERS:
            if (await self._get(f"http://{self.address(name)}:8080/healthz")).get("role") == "leader":
                return name
        raise AssertionError("no controller leads")

    async def primary(self, but: Node | None = None) -> Node:
        """Which Redis is it, as most Sentinels say; waits until it is another than `but`. Raises AssertionError."""
        found: list[Node] = []

        async def agreed() -> bool:
            said = [await self._primary_of(name) for name in NODES]
            found[:] = [name for name, last in NODES.items() if said.count(f"{self._network}.{last}") > 1]
            return bool(found) and found != [but]

        await self.until(agreed, "the Sentinels agree on the primary")
        return found[0]

    async def is_whole(self) -> bool:
        """Each Sentinel knows the same primary, both replicas as following it, and both others."""
        known = {await self._known_to(name) for name in NODES}
        return len(known) == 1 and None not in known

    async def calls_of(self, name: Asterisk, kind: str = "channels") -> list[dict[str, Any]]:
        """The channels of an Asterisk, or what else it lists (`bridges`); none where it is away."""
        url = f"http://{self.address(name)}:8088/ari/{kind}"
        answer: Any = await self._get(url, self.stack.ari_headers)
        return answer if isinstance(answer, list) else []

    async def has_no_phone(self) -> bool:
        """Whether the controllers take no agent's phone for registered."""
        return not await self._with_phones()

    def has_phones(self, *agents: str) -> Callable[[], Awaitable[bool]]:
        """Whether the controllers take the phones of all these agents for registered."""

        async def known() -> bool:
            return {*agents} <= await self._with_phones()

        return known

    async def _with_phones(self) -> set[str]:
        async with aiohttp.ClientSession() as session:
            session.headers["Authorization"] = f"Bearer {await self.stack.login(session, 'admin')}"
            async with session.get(f"{self.stack.api}/v1/agents") as response:
                agents: list[dict[str, Any]] = (await response.json())["agents"]
            await session.post(f"{self.stack.api}/v1/logout")
        return {agent["agent"] for agent in agents if agent["phone_state"] not in ("unreachable", None)}

    async def until_rung_by_all(self, *agents: Agent) -> None:
        """Wait until each Asterisk has found their phones at the edge: it looks once a second, and rings no others."""
        await self.until_seen_by_all({agent.phone.user for agent in agents})

    async def until_seen_by_all(self, users: set[str]) -> None:
        """The same, by the phones' users."""

        async def seen() -> bool:
            for name in ASTERISKS:
                found = await self.calls_of(name, "endpoints/PJSIP")
                if not users <= {each["resource"] for each in found if each["state"] == "online"}:
                    return False
            return True

        await self.until(seen, "the phones are seen by both Asterisks")

    async def drain(self, name: Asterisk) -> None:
        """It gets no new calls."""
        await run_in(self.edge.container, "edge", "drain", name)

    async def resume(self, name: Asterisk) -> None:
        """It gets them again."""
        await run_in(self.edge.container, "edge", "resume", name)

    async def gives_calls_to_all(self) -> bool:
        """Whether the edge takes every Asterisk for good, and each has a leader."""
        listed = (await said_in(self.edge.container, "edge", "list")).decode().split()
        leading = [await self.leads(name) for name in CONTROLLERS]
        return listed.count("AP") == len(ASTERISKS) == sum(leads or 0 for leads in leading)

    async def is_led_whole(self) -> bool:
        """Whether all controllers answer, each Asterisk has a leader of its own, and the call centre is served."""
        leading = [await self.leads(name) for name in CONTROLLERS]
        if None in leading or sorted(leads or 0 for leads in leading) != [0, 1, 1]:
            return False
        return bool((await self._get(f"{self.stack.api}/readyz")).get("ready"))

    async def leads(self, name: Controller) -> int | None:
        """How many Asterisks that controller leads; None where it does not answer."""
        with suppress(aiohttp.ClientError, TimeoutError):
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=1)) as session,
                session.get(f"http://{self.address(name)}:8080/metrics") as response,
            ):
                found = re.search(r"^callcontrol_leader (\S+)$", await response.text(), re.MULTILINE)
                return int(float(found[1])) if found else 0
        return None

    async def until(self, holds: Callable[[], Awaitable[bool]], what: str, within: float = WITHIN) -> None:
        """Polled. Raises AssertionError."""
        await until(holds, what, within)

    async def until_led(self) -> Controller:
        """Wait until the proxy reaches a leader that is ready."""

        async def ready() -> bool:
            return bool((await self._get(f"{self.stack.api}/readyz")).get("ready"))

        await self.until(ready, "a controller is ready")
        return await self.leader()

    async def _get(self, url: str, headers: dict[str, str] | None = None) -> Any:
        timeout = aiohttp.ClientTimeout(total=1)
        # ValueError: an Asterisk that has just started answers with a page that there is nothing yet.
        with suppress(aiohttp.ClientError, TimeoutError, ValueError):
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.get(url) as response,
            ):
                return await response.json(content_type=None)
        return {}

    async def _primary_of(self, name: Node) -> str | None:
        return await self._ask(name, primary_known_to)

    async def _known_to(self, name: Node) -> str | None:
        """The primary, where this Sentinel knows all that there is."""
        return await self._ask(name, primary_of_who_votes)

    async def _ask(self, name: Node, question: Callable[[Redis], Awaitable[str | None]]) -> str | None:
        with suppress(RedisError, OSError):
            async with node(f"{self._network}.{NODES[name]}", SENTINEL_PORT, self._sentinel_password) as sentinel:
                return await question(sentinel)
        return None
