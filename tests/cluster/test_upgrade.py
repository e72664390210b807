"""Every controller is replaced, one after the other, with calls up: by itself, or by another version and back.

`CC_UPGRADE_FROM` of docker/test makes containers of the other version, with its own files and environment; their names
end in `CC_CONTROLLER_BEFORE`.
"""

from __future__ import annotations

import os

from tests.cluster.talks import at_work, led_again, one_at_each, talk
from tests.e2e.cluster import CONTROLLERS, Cluster
from tests.e2e.office import Office
from tests.e2e.witness import reopen, undisturbed

BEFORE = os.environ.get("CC_CONTROLLER_BEFORE", "")


async def test_nobody_hears_that_every_controller_is_replaced_while_they_talk_hold_and_confer(
    cluster: Cluster, office: Office
) -> None:
    alice, bob, carol, dave = await at_work(office, cluster, "alice", "bob", "carol", "dave")
    one, other = await one_at_each(office, alice, bob)
    await other.agent.do("single-step-conference", target="agent:carol")
    await carol.phone.answer()
    held = await office.caller("held", "+33600000020")
    await talk(held, dave)
    await dave.do("hold")
    await held.hears_music()
    talks = (one.hear, other.hear, f"{other.caller.name} <-> carol", f"{other.agent.name} <-> carol")
    parts = {name: cluster.controller(name) for name in CONTROLLERS}
    now = {name: await part.made_as() for name, part in parts.items()}
    before = {name: await part.made_as(BEFORE) for name, part in parts.items()}
    async with undisturbed(office, *talks, music=["held"]):
        for version in (before, now) if BEFORE else (now,):
            for name, part in parts.items():
                await part.stop()
                await led_again(cluster, one, other)
                await part.come_back_as(version[name])
                assert (await part.made_as())["Image"] == version[name]["Image"]
                await cluster.until(cluster.is_led_whole, "each Asterisk has a leader of its own")
                await led_again(cluster, one, other)
    await reopen(alice, bob, carol, dave)
    for agent, caller in ((one.agent, one.caller), (dave, held)):
        if agent is not dave:
            await agent.do("hold")
            await caller.hears_music()
        await agent.do("retrieve")
    await office.hears(*talks, "held <-> dave")
    await other.agent.do("release")
    await carol.do("hold")
    await other.caller.hears_music()
    await carol.do("retrieve")
    await office.hears(one.hear, f"{other.caller.name} <-> carol", "held <-> dave")
