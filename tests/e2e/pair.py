"""Two controllers for one Asterisk and one Redis: one leads, the other stands by.

async def test_something(office, pair):
    await pair.first.kill()
    await pair.leads(pair.second)
    await pair.moves_to(pair.second, alice)
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import docker

from tests.e2e.containers import Part, ask_docker, until_away, until_ready
from tests.e2e.office import Agent, Office
from tests.e2e.witness import reopen

PORT = 8081
STANDBY = "standby"
_RESTARTS: Any = {"Name": "unless-stopped"}


class Controller(Part):
    """One of them; `stack` is what is reached through its API."""

    async def leads(self) -> None:
        """Wait until it leads, and reaches Asterisk and Redis."""
        await until_ready(self.stack)

    async def stands_by(self) -> None:
        """Wait until it says that it does."""
        await until_away(self.stack, STANDBY)

    async def figure(self, name: str) -> int:
        """One of its figures."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.stack.api}/metrics") as response:
            found = re.search(rf"^{name} (\S+)$", await response.text(), re.MULTILINE)
        assert found is not None, name
        return int(float(found[1]))


@dataclass
class Pair:
    """`first` leads when a test begins."""

    office: Office
    first: Controller
    second: Controller

    async def moves_to(self, controller: Controller, *agents: Agent) -> None:
        """Their desktops are opened again at another controller, as through a proxy that knows who is ready."""
        self.office.stack = controller.stack
        for agent in agents:
            agent.moves_to(controller.stack.api)
        await reopen(*agents)


@asynccontextmanager
async def two_controllers(office: Office) -> AsyncIterator[Pair]:
    """The second is made beside the first, and stands by; in the end the first leads alone."""
    stack = office.stack
    first = Controller(stack, "controller")
    second = Controller(replace(stack, api=f"{stack.api.rpartition(':')[0]}:{PORT}"), "controller-2")
    await ask_docker(lambda client: _make(client, first.container, second.container))
    try:
        await second.stands_by()
        yield Pair(office, first, second)
    finally:
        await ask_docker(lambda client: _put_right(client, first.container, second.container))
        await first.leads()
        office.stack = stack
        for agent in office.people.values():
            agent.moves_to(stack.api)


def _make(client: docker.DockerClient, first: str, second: str) -> None:
    said: dict[str, Any] = client.containers.get(first).attrs
    made = client.containers.create(
        said["Config"]["Image"],
        name=second,
        network_mode="host",
        restart_policy=_RESTARTS,
        environment=[*said["Config"]["Env"], f"ARI_APP_API_PORT={PORT}"],
        volumes_from=[first],
    )
    made.start()


def _put_right(client: docker.DockerClient, first: str, second: str) -> None:
    """Whatever a test has left: the first runs, the second is gone, after its log was put into the first's words."""
    one, other = client.containers.get(first), client.containers.get(second)
    if one.status == "paused":
        one.unpause()
    one.start()
    print(other.logs().decode())
    if other.status == "paused":
        other.unpause()
    other.stop(timeout=10)
    other.remove(force=True)
