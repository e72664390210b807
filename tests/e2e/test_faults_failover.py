"""The machine with Redis' primary dies in the middle of a call: nobody hears anything of it, and the call obeys.

By a controller of its own that has three Redis with Sentinels (`docker/cluster/redis`).
"""

import asyncio
import os
from pathlib import Path

from tests.bots import Lab
from tests.e2e.containers import until_ready
from tests.e2e.office import Agent, Office, Refused
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, environment, own_controller
from tests.e2e.witness import undisturbed
from tests.support.polling import until
from tests.support.redis_nodes import Nodes, redis_nodes

AGAIN_WITHIN = 10.0


def with_sentinels(stack: Stack, nodes: Nodes) -> dict[str, str]:
    return {
        **environment(stack, FILE),
        "ARI_APP_REDIS_URL": nodes.url,
        "ARI_APP_REDIS_SENTINELS": ",".join(f"{host}:{port}" for host, port in nodes.sentinels().addresses),
        "ARI_APP_REDIS_SENTINEL_PASSWORD": nodes.sentinel_password,
    }


async def pauses(agent: Agent) -> bool:
    """Whether they become not ready, which Redis has to keep."""
    try:
        await agent.command("PUT", "/v1/me/state", {"state": "not_ready"})
    except Refused as refused:
        if refused.code == "store_unavailable":
            return False
        raise
    return True


async def counts_one(agent: Agent) -> bool:
    return bool((await agent.command("GET", "/v1/targets/group:support"))["available"] == 1)


async def test_a_call_is_heard_and_obeys_through_the_death_of_the_machine_with_redis(stack: Stack) -> None:
    async with (
        redis_nodes(stack.project, stack.bind) as nodes,
        own_controller(stack, with_sentinels(stack, nodes), Path(os.devnull)) as own,
    ):
        await until_ready(own)
        office = Office(Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=8), own, {})
        try:
            alice, bob, carol = await office.agents("alice", "bob", "carol")
            await alice.dials("agent:bob")
            await bob.phone.answer()
            await office.hears("alice <-> bob")
            async with undisturbed(office, "alice <-> bob", among=("alice", "bob")):
                await nodes.kill(await nodes.primary())
                await bob.phone.stays_up(1.0)
            assert not await pauses(carol)
            await alice.do("hold")
            await bob.phone.hears_music(within=2.0)
            await alice.do("retrieve")
            await office.hears("alice <-> bob", within=1.0)
            await until(lambda: pauses(carol), "states are kept again", AGAIN_WITHIN)
            await until_ready(own)
            await carol.command("PUT", "/v1/me/state", {"state": "ready"})
            # Windows count what is there again: carol alone, for alice and bob are in a call.
            await until(lambda: counts_one(carol), "carol is counted", AGAIN_WITHIN)
            await alice.do("single-step-transfer", target="agent:carol")
            await carol.phone.answer()
            await office.hears("bob <-> carol")
            await alice.is_now("ready")
            await asyncio.gather(bob.is_now("on_call"), carol.is_now("on_call"))
        finally:
            await office.close()
