"""The running parts that end-to-end tests drive, by the addresses in the environment (`docker/test` sets them)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.support.polling import until


@dataclass(frozen=True)
class Stack:
    """Where the parts are. `project` names the containers: `<project>-asterisk` and so on."""

    api: str
    asterisk: tuple[str, int]
    ari: str
    ari_user: str
    ari_password: str
    redis: str
    bind: str
    carrier: tuple[str, int]
    project: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Stack:
        """As `docker/test` says."""
        carrier, _, port = environment["CC_CARRIER"].partition(":")
        return cls(
            api=environment["CC_API_URL"].rstrip("/"),
            asterisk=(environment["CC_AST_HOST"], int(environment["CC_AST_SIP_PORT"])),
            ari=environment["CC_ARI_URL"].rstrip("/"),
            ari_user=environment["CC_ARI_USER"],
            ari_password=environment["CC_ARI_PASSWORD"],
            redis=environment["CC_REDIS_URL"],
            bind=environment["CC_BIND"],
            carrier=(carrier, int(port)),
            project=environment.get("CC_COMPOSE_PROJECT", ""),
        )

    async def login(self, session: aiohttp.ClientSession, agent: str, password: str | None = None) -> str:
        """A token."""
        body = {"agent": agent, "password": password or f"{agent}-demo"}
        async with session.post(f"{self.api}/v1/login", json=body) as response:
            answer = await response.json()
            assert response.status == 200, answer
            return str(answer["token"])

    @property
    def ari_headers(self) -> dict[str, str]:
        """What a bare ARI request needs."""
        return {"Authorization": aiohttp.encode_basic_auth(self.ari_user, self.ari_password)}

    async def asterisk_has(self, kind: str) -> list[dict[str, Any]]:
        """All `channels`, or `bridges`, of Asterisk, as it tells them itself."""
        async with (
            aiohttp.ClientSession(headers=self.ari_headers) as session,
            session.get(f"{self.ari}/ari/{kind}") as response,
        ):
            found: list[dict[str, Any]] = await response.json()
            return found

    async def no_calls(self, within: float = 15.0) -> None:
        """Wait until the controller and Asterisk have no call left: whatever stays is a leak. Polled until so.

        An Asterisk that answers and sends no event, as now and then after it stood still, is found in 6 to 9 s.
        """
        left: list[object] = []
        async with aiohttp.ClientSession() as session:
            token = await self.login(session, "admin")
            headers = {"Authorization": f"Bearer {token}"}

            async def nothing_is_left() -> bool:
                async with session.get(f"{self.api}/v1/admin/calls", headers=headers) as response:
                    calls = (await response.json())["calls"]
                left[:] = [*calls, *await self.asterisk_has("channels"), *await self.asterisk_has("bridges")]
                return not left

            try:
                await until(nothing_is_left, "calls, channels and bridges are gone", within)
            except AssertionError:
                raise AssertionError(f"calls, channels or bridges are left: {left}") from None
            await session.post(f"{self.api}/v1/logout", headers=headers)
