"""Calls at two Asterisks, and what is requested of them while controllers come and go."""

from __future__ import annotations

import re
from dataclasses import dataclass

import aiohttp

from tests.bots import Contact
from tests.e2e.cluster import CONTROLLERS, Asterisk, Cluster, Controller
from tests.e2e.office import PHONES, Agent, Office

_NETWORK_OF = re.compile(r"http://(127\.\d+\.\d+)\.")
TRIES = 9


@dataclass
class Talk:
    """A caller and the agent who has them."""

    caller: Contact
    agent: Agent
    asterisk: Asterisk

    @property
    def hear(self) -> str:
        return f"{self.caller.name} <-> {self.agent.name}"


async def talk(caller: Contact, agent: Agent) -> Talk:
    """The carrier's calls go to the Asterisks in turn."""
    caller.dial(PHONES[agent.name])
    await agent.phone.answer()
    await agent.sees_state("established")
    found = re.match(r"cc-(asterisk-[ab])-", agent.call_id)
    assert found is not None, agent.call_id
    asterisk: Asterisk = "asterisk-a" if found[1] == "asterisk-a" else "asterisk-b"
    return Talk(caller, agent, asterisk)


async def at_work(office: Office, cluster: Cluster, *names: str) -> list[Agent]:
    """Agents whose phones both Asterisks know."""
    agents = await office.agents(*names)
    await cluster.until_rung_by_all(*agents)
    return agents


async def one_at_each(office: Office, one: Agent, other: Agent) -> tuple[Talk, Talk]:
    """A call at the first Asterisk, and one at the other: dialled until the edge has chosen so."""
    first = await talk(await office.caller("caller-0", "+33600000000"), one)
    for number in range(1, TRIES):
        caller = await office.caller(f"caller-{number}", f"+3360000000{number}")
        second = await talk(caller, other)
        if second.asterisk != first.asterisk:
            await office.hears(first.hear, second.hear)
            return (first, second) if first.asterisk == "asterisk-a" else (second, first)
        caller.hangup()
        await other.phone.ended()
        await other.is_now("ready")
    raise AssertionError(f"all calls came to {first.asterisk}")


def address_of(office: Office, controller: Controller) -> str:
    found = _NETWORK_OF.match(office.stack.api)
    assert found is not None
    return f"http://{found[1]}.{CONTROLLERS[controller]}:8080"


async def led_again(cluster: Cluster, *talks: Talk) -> None:
    """Whatever is requested of them is done again; until then each answer says that it is not, or that nobody knows."""
    for one in talks:

        async def done(one: Talk = one) -> bool:
            try:
                path = f"/v1/calls/{one.agent.call_id}/user-data"
                status, answer = await one.agent.request("PATCH", path, {"seen": "yes"})
            except (aiohttp.ClientError, TimeoutError):
                return False
            assert status in (200, 503, 504), answer
            return status == 200

        await cluster.until(done, "its leader answers")
