"""An Asterisk that is drained: those who talk there notice nothing, whoever is new is served by the other."""

from __future__ import annotations

import asyncio

from tests.bots import answers
from tests.cluster.talks import at_work, led_again, one_at_each
from tests.cluster.test_several_asterisks import leader_of_the_other
from tests.e2e.cluster import CONTROLLERS, Asterisk, Cluster
from tests.e2e.containers import run_in
from tests.e2e.office import Office
from tests.e2e.witness import undisturbed


async def drain(cluster: Cluster, *words: str, at: str = "controller-1") -> list[str]:
    """What `ari-app drain` says, in lines."""
    said = await run_in(f"{cluster.stack.project}-{at}", "ari-app", "drain", *words)
    return said.decode().splitlines()


async def has_one_call(cluster: Cluster, asterisk: Asterisk) -> None:
    """Of two people. A caller who is sent on to the other Asterisk has a channel at this one for a moment."""

    async def so() -> bool:
        return len(await cluster.calls_of(asterisk)) == 2

    await cluster.until(so, f"{asterisk} has one call")


async def test_a_drained_asterisk_gets_no_new_calls_and_its_own_go_on_until_it_is_empty(
    cluster: Cluster, office: Office
) -> None:
    alice, bob, carol, dave = await at_work(office, cluster, "alice", "bob", "carol", "dave")
    here, there = await one_at_each(office, alice, bob)
    late = [await office.caller(f"late-{n}", f"+3361111111{n}") for n in range(4)]
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    lost = await leader_of_the_other(office, cluster)
    try:
        async with undisturbed(office, here.hear, there.hear):
            assert await drain(cluster, "asterisk-b", "--no-wait") == [
                "asterisk-b takes no new calls; left: 1 call, 2 channels"
            ]
            await cluster.controller(lost).kill()  # the next one knows of it
            for caller in late:
                caller.dial("3000")
                await caller.hears_music()
            await has_one_call(cluster, "asterisk-b")
            await led_again(cluster, there)
        for caller in late:
            caller.hangup()
        await has_one_call(cluster, "asterisk-a")  # nor is anybody rung for them
        await carol.dials(f"number:{partner.number}")
        await office.hears(here.hear, there.hear, "carol <-> partner")
        assert carol.call_id.startswith("cc-asterisk-a-")
        await there.agent.phone.hold()
        there.agent.phone.dial("1004")  # at the same Asterisk, so that the transfer key joins the two
        await dave.phone.answer()
        await office.hears(here.hear, f"{there.agent.name} <-> dave", "carol <-> partner")
        await there.agent.phone.transfer_attended()
        await office.hears(here.hear, f"{there.caller.name} <-> dave", "carol <-> partner")
        other = next(name for name in CONTROLLERS if name != lost)
        emptied = asyncio.ensure_future(drain(cluster, "asterisk-b", at=other))
        there.caller.hangup()
        assert (await asyncio.wait_for(emptied, 15))[-1] == "asterisk-b has no calls, and takes none: it may be stopped"
    finally:
        await cluster.controller(lost).start()
        other = next(name for name in CONTROLLERS if name != lost)
        await drain(cluster, "--undo", "asterisk-b", at=other)

    async def gets_calls_again() -> bool:
        caller = late.pop() if late else await office.caller("again", "+33622222222")
        caller.dial("3000")
        await caller.hears_music()
        return bool(await cluster.calls_of("asterisk-b"))

    await cluster.until(gets_calls_again, "the other Asterisk gets calls again")
