"""Calls through the edge of a cluster, and what people hear when a part of it dies: nothing."""

from __future__ import annotations

import asyncio

from tests.e2e.cluster import ASTERISKS, Cluster
from tests.e2e.office import Office
from tests.e2e.witness import reopen, undisturbed


async def test_a_caller_at_the_edge_is_heard_and_hears_music_while_a_transfer_rings(
    cluster: Cluster, office: Office
) -> None:
    alice, bob = await office.agents("alice", "bob")
    await cluster.until_rung_by_all(alice, bob)
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    await caller.hears_music()
    await office.nobody_hears_anybody()
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await alice.phone.ended()
    await alice.is_now("ready")


async def test_a_restart_of_the_edge_is_not_heard_and_phones_need_not_register_again(
    cluster: Cluster, office: Office
) -> None:
    alice, carol = await office.agents("alice", "carol")
    await cluster.until_rung_by_all(alice, carol)
    caller = await office.caller()
    late = await office.caller("late", "+33600000002")
    await office.connect(caller, alice)
    async with undisturbed(office, "caller <-> alice", among=("caller", "alice")):
        await cluster.edge.die_and_come_back()
        late.dial("3000")
        await carol.phone.answer(within=10)
        await office.hears("caller <-> alice", "late <-> carol")
    await alice.do("hold")
    await caller.hears_music()
    await alice.do("retrieve")
    await office.hears("caller <-> alice", "late <-> carol")
    caller.hangup()
    await alice.phone.ended()


async def test_an_asterisk_that_dies_is_not_heard_at_the_other_which_serves_the_next_callers(
    cluster: Cluster, office: Office
) -> None:
    alice, bob = await office.agents("alice", "bob")
    await cluster.until_rung_by_all(alice, bob)
    caller = await office.caller()
    lost = await office.caller("lost", "+33600000002")
    others = [await office.caller(f"other-{n}", f"+3360000001{n}") for n in range(4)]
    try:
        await cluster.drain("asterisk-b")
        await office.connect(caller, alice)
        await cluster.drain("asterisk-a")
        await cluster.resume("asterisk-b")
        lost.dial("1002")
        await bob.phone.answer()
        await office.hears("caller <-> alice", "lost <-> bob")
        await alice.do("hold")  # what is drained goes on with what it has
        await caller.hears_music()
        await alice.do("retrieve")
    finally:
        await cluster.resume("asterisk-a")
        await cluster.resume("asterisk-b")
    try:
        assert [len(await cluster.calls_of(name)) for name in ASTERISKS] == [2, 2]
        async with undisturbed(office, "caller <-> alice", among=("caller", "alice")):
            await cluster.asterisk("asterisk-b").kill()
            for gone in (lost, bob.phone):
                gone.hangup()  # nobody is there who would notify them
            for bot in others:
                bot.dial("3000")  # half of them are meant for the one that is dead
            await asyncio.gather(*(bot.hears_music(within=10) for bot in others))
            await bob.is_now("ready")
            again = await office.caller("again", "+33600000003")
            again.dial("2000")
            await bob.phone.answer()
            await office.hears("caller <-> alice", "again <-> bob")
    finally:
        await cluster.asterisk("asterisk-b").start()


async def test_nobody_hears_that_the_leader_dies_nor_that_the_primary_of_redis_does(
    cluster: Cluster, office: Office
) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    await cluster.until_rung_by_all(alice, bob, carol)
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    leader, primary = await cluster.leader(), await cluster.primary()
    talks = ("caller <-> alice", "caller <-> bob", "alice <-> bob")
    try:
        async with undisturbed(office, *talks):
            await cluster.controller(leader).kill()
            assert await cluster.until_led() != leader
            await reopen(alice, bob, carol)
        await alice.to("contact", "hold")
        await caller.hears_music()
        await alice.to("contact", "retrieve")

        async with undisturbed(office, *talks):
            await cluster.node(primary).kill()
            await bob.to("bob", "mute")
            await bob.to("bob", "unmute")

            async def on_a_break() -> bool:
                status, _ = await carol.request("PUT", "/v1/me/state", {"state": "not_ready", "reason": "break"})
                return status == 200

            await cluster.until(on_a_break, "what agents choose is written")
            assert await cluster.primary(but=primary) != primary
    finally:
        await cluster.controller(leader).start()
        await cluster.node(primary).start()
    await carol.is_now("not_ready")
    await bob.do("release")
    await bob.phone.ended()
    await office.hears("caller <-> alice")
