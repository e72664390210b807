"""Two calls of one agent at different Asterisks become one: a conference in which all hear each other."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import aiohttp
import pytest

from tests.bots import Contact, answers
from tests.cluster.talks import at_work, talk
from tests.cluster.test_several_asterisks import leader_of_the_other
from tests.e2e.cluster import Asterisk, Cluster
from tests.e2e.office import Agent, Office
from tests.e2e.witness import reopen

OTHER: dict[Asterisk, Asterisk] = {"asterisk-a": "asterisk-b", "asterisk-b": "asterisk-a"}


@dataclass
class Two:
    """An agent's call with a caller at one Asterisk, on hold by their phone, and with a partner at the other."""

    agent: Agent
    caller: Contact
    partner: Contact
    there: Asterisk
    left: str
    goes_on: str


async def two_calls(office: Office, cluster: Cluster, alice: Agent) -> Two:
    """The Asterisk of the first call is drained, so that what the agent dials then comes to the other one."""
    caller = await office.caller("caller", "+33600000001")
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    first = await talk(caller, alice)
    left = alice.call_id
    await alice.phone.hold()
    await caller.hears_music()
    await cluster.drain(first.asterisk)
    try:
        alice.phone.dial(partner.number)
        await office.hears(f"{alice.name} <-> partner", among=[alice.name, "partner"])
    finally:
        await cluster.resume(first.asterisk)
    await alice.phone.until(
        lambda: any(one["id"] != left and one["state"] == "established" for one in alice.calls.values()),
        "sees the call that they have dialled",
    )
    (goes_on,) = (one["id"] for one in alice.calls.values() if one["id"] != left and one["state"] == "established")
    assert goes_on.startswith(f"cc-{OTHER[first.asterisk]}-")
    return Two(alice, caller, partner, first.asterisk, left, goes_on)


def may_merge(two: Two) -> bool:
    return "merge" in two.agent.calls[two.goes_on]["actions"]


async def is_empty(cluster: Cluster) -> bool:
    return not [channel for name in OTHER for channel in await cluster.calls_of(name)]


ALL = ("alice <-> caller", "alice <-> partner", "caller <-> partner")


async def test_calls_at_two_asterisks_become_one_that_is_held_muted_and_transferred_like_any(
    cluster: Cluster, office: Office
) -> None:
    alice, bob = await at_work(office, cluster, "alice", "bob")
    two = await two_calls(office, cluster, alice)
    await alice.phone.until(lambda: may_merge(two), "may merge")
    await alice.do("merge", two.goes_on, call_id=two.left)
    await office.hears(*ALL)
    await alice.phone.until(lambda: alice.calls[two.left]["state"] == "released", "the call that was left is over")
    assert alice.calls[two.left]["end_reason"] == "merged"
    shown = {party["number"] for party in alice.calls[two.goes_on]["parties"] if party["role"] == "contact"}
    assert {two.caller.number, two.partner.number} <= shown

    await alice.do("hold", two.goes_on)
    await two.caller.hears_music()
    await two.partner.hears_music()
    await alice.do("retrieve", two.goes_on)
    await office.hears(*ALL)
    party = next(p for p in alice.calls[two.goes_on]["parties"] if p["number"] == two.caller.number)
    path = f"/v1/calls/{two.goes_on}/parties/{party['id']}"
    await alice.command("POST", f"{path}/mute")
    await office.hears("alice <-> partner", "alice -> caller", "partner -> caller")
    await alice.command("POST", f"{path}/unmute")
    await alice.command("POST", f"{path}/deafen")
    await office.hears("alice <-> partner", "caller -> alice", "caller -> partner")
    await alice.command("POST", f"{path}/undeafen")
    await alice.command("POST", f"{path}/send-dtmf", {"digits": "5*"})
    await two.caller.receives_dtmf("5*")
    await alice.do("single-step-transfer", two.goes_on, target="agent:bob")
    await bob.phone.answer()
    await office.hears("bob <-> caller", "bob <-> partner", "caller <-> partner")
    two.caller.hangup()
    await office.hears("bob <-> partner")
    await bob.do("clear")
    await two.partner.ended()
    await cluster.until(lambda: is_empty(cluster), "nothing is left at either Asterisk")


@pytest.mark.parametrize("whose", ["the call that goes on", "the call that is left"])
async def test_nobody_is_dropped_or_left_in_silence_when_a_leader_dies_while_calls_of_two_asterisks_become_one(
    cluster: Cluster, office: Office, whose: str
) -> None:
    (alice,) = await at_work(office, cluster, "alice")
    two = await two_calls(office, cluster, alice)
    await alice.phone.until(lambda: may_merge(two), "may merge")
    where = OTHER[two.there] if whose == "the call that goes on" else two.there
    lost = await cluster.leader() if where == "asterisk-a" else await leader_of_the_other(office, cluster)
    part = cluster.controller(lost)
    await cluster.edge.freeze()  # so that the tie is dialled, and does not arrive
    answer_to = asyncio.ensure_future(alice.request("POST", f"/v1/calls/{two.goes_on}/merge", {"call_id": two.left}))
    try:
        try:
            await cluster.until(lambda: is_dialled(cluster, two), "the tie is dialled")
            await part.kill()
        finally:
            await cluster.edge.thaw()
        try:
            status, answer = await answer_to
        except (aiohttp.ClientError, TimeoutError):
            status, answer = 504, None
        assert status in (200, 409, 503, 504), answer
        await cluster.until(lambda: settled(cluster, two), "it is done, or is not")
    finally:
        await part.start()
    await reopen(alice)
    if await over(two):
        assert status != 409
        await office.hears(*ALL)
    else:
        assert status != 200
        await two.caller.hears_music()
        await office.hears("alice <-> partner", among=["alice", "partner"])
    await cluster.until(cluster.is_led_whole, "each Asterisk has a leader of its own")


async def is_dialled(cluster: Cluster, two: Two) -> bool:
    return any(channel["name"].startswith("PJSIP/tie-") for channel in await cluster.calls_of(two.there))


async def over(two: Two) -> bool:
    status, _ = await two.agent.request("GET", f"/v1/calls/{two.left}")
    return status == 404


async def settled(cluster: Cluster, two: Two) -> bool:
    """No tie is being dialled: either all are in one call, or each is where they were."""
    try:
        status, _ = await two.agent.request("GET", f"/v1/calls/{two.goes_on}")
    except (aiohttp.ClientError, TimeoutError):
        return False
    states = [channel["state"] for name in OTHER for channel in await cluster.calls_of(name)]
    return status == 200 and bool(states) and set(states) == {"Up"}
