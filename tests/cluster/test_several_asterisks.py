"""Calls at two Asterisks, each led by a controller of its own: one call centre for who works there."""

from __future__ import annotations

import re

import aiohttp
import pytest

from tests.bots import Contact, DeadlineMissed
from tests.cluster.talks import TRIES, address_of, at_work, led_again, one_at_each
from tests.e2e.cluster import CONTROLLERS, Asterisk, Cluster, Controller
from tests.e2e.office import PHONES, Office
from tests.e2e.witness import reopen, undisturbed


async def leader_of_the_other(office: Office, cluster: Cluster) -> Controller:
    """Who leads the second Asterisk, and does not serve the call centre."""
    serves = await cluster.leader()
    for controller in CONTROLLERS:
        async with aiohttp.ClientSession() as session, session.get(f"{address_of(office, controller)}/metrics") as said:
            leads = re.search(r"^callcontrol_leader (\d)", await said.text(), re.MULTILINE)
        if controller != serves and leads is not None and leads[1] == "1":
            return controller
    raise AssertionError("nobody leads the second Asterisk alone")


async def test_calls_of_both_are_one_call_centre_at_every_controller(cluster: Cluster, office: Office) -> None:
    alice, bob, carol = await at_work(office, cluster, "alice", "bob", "carol")
    here, there = await one_at_each(office, alice, bob)
    assert await cluster.calls_of("asterisk-a")
    assert await cluster.calls_of("asterisk-b")
    for controller in CONTROLLERS:
        there.agent.moves_to(address_of(office, controller))
        await reopen(there.agent)
        await there.agent.sees_state("established")
        await there.agent.do("hold")
        await there.caller.hears_music()
        await there.agent.do("retrieve")
        await office.hears(here.hear, there.hear)
        seq = there.agent.events[-1]["seq"]
        async with (
            aiohttp.ClientSession(headers={"Authorization": there.agent.authorization}) as session,
            session.ws_connect(f"{address_of(office, controller)}/v1/events?since={seq - 1}") as socket,
        ):
            resumed = await socket.receive_json(timeout=5)
        assert resumed["seq"] == seq, "the window does not go on where the other one was"
    await there.agent.do("single-step-transfer", target=f"agent:{carol.name}")
    await carol.phone.answer()
    await office.hears(here.hear, f"{there.caller.name} <-> carol")
    await there.agent.is_now("ready")
    await here.agent.do("single-step-conference", target=f"agent:{there.agent.name}")
    await there.agent.phone.answer()
    others = (f"{here.caller.name} <-> {there.agent.name}", f"{here.agent.name} <-> {there.agent.name}")
    await office.hears(here.hear, *others, f"{there.caller.name} <-> carol")


async def test_a_caller_who_waits_at_one_is_served_by_an_agent_freed_at_the_other(
    cluster: Cluster, office: Office
) -> None:
    (carol,) = await at_work(office, cluster, "carol")
    first = await office.caller("first", "+33600000000")
    first.dial("3000")
    await carol.phone.answer()
    await carol.sees_state("established")
    begun = carol.call_id
    waiting = await waiting_elsewhere(office, cluster, begun)
    await carol.do("release")
    await first.ended()
    await carol.phone.answer(within=10)
    await office.hears(f"{waiting.name} <-> carol")
    await carol.sees(lambda call: call["id"] != begun and call["state"] == "established", "the next caller's call")


async def test_callers_of_both_are_served_in_the_order_in_which_they_came(cluster: Cluster, office: Office) -> None:
    (carol,) = await at_work(office, cluster, "carol")
    busy = await office.caller("busy", "+33600000010")
    busy.dial("3000")
    await carol.phone.answer()
    await carol.sees_state("established")
    first = await waiting_elsewhere(office, cluster, carol.call_id)
    second = await office.caller("second", "+33600000011")
    second.dial("3000")
    await second.hears_music()
    await carol.do("release")
    await carol.phone.answer(within=10)
    await office.hears(f"{first.name} <-> carol")
    first.hangup()
    await carol.phone.answer(within=10)
    await office.hears("second <-> carol")


async def test_what_a_supervisor_closes_is_closed_at_both(cluster: Cluster, office: Office) -> None:
    (erin,) = await at_work(office, cluster, "erin")
    path, seen = "/v1/targets/queue:sales/opening", set[str]()
    await erin.command("PUT", path, {"opening": "closed"})
    try:
        for number in range(1, TRIES):
            caller = await office.caller(f"late-{number}", f"+3360000000{number}")
            caller.dial("3000")
            try:
                await caller.ended(within=10)
            except DeadlineMissed:  # the other Asterisk looks every half second: who comes before that waits
                caller.hangup()
                continue
            calls = (await erin.command("GET", f"/v1/history?number=%2B3360000000{number}"))["calls"]
            seen |= {call["id"].split("-")[2] for call in calls if call["end_reason"] == "closed"}
            if seen == {"a", "b"}:
                return
        raise AssertionError(f"calls were sent away at {seen} alone")
    finally:
        await erin.command("PUT", path, {"opening": "hours"})


async def test_groups_that_a_supervisor_gives_an_agent_count_at_both(cluster: Cluster, office: Office) -> None:
    erin, bob = await at_work(office, cluster, "erin", "bob")
    path, seen = "/v1/admin/agents/bob/groups", set[str]()
    await erin.command("PUT", path, {"groups": ["night"]})
    try:
        for number in range(1, TRIES):
            caller = await office.caller(f"at-night-{number}", f"+3360000001{number}")
            caller.dial("2002")
            await bob.phone.answer(within=10)
            await bob.sees_state("established")
            seen.add(bob.call_id.split("-")[2])
            await bob.do("release")
            await caller.ended()
            await bob.is_now("ready")
            if seen == {"a", "b"}:
                return
        raise AssertionError(f"calls came to {seen} alone")
    finally:
        await erin.command("DELETE", path)


async def waiting_elsewhere(office: Office, cluster: Cluster, begun: str) -> Contact:
    """A caller who waits at another Asterisk than that of this call: dialled until the edge has chosen so."""
    other: Asterisk = "asterisk-b" if begun.startswith("cc-asterisk-a-") else "asterisk-a"
    for number in range(1, TRIES):
        caller = await office.caller(f"waiting-{number}", f"+3360000000{number}")
        caller.dial("3000")
        await caller.hears_music()
        if any(channel["caller"]["number"] == f"+3360000000{number}" for channel in await cluster.calls_of(other)):
            return caller
        caller.hangup()
        await caller.ended()
    raise AssertionError(f"no call came to {other}")


async def test_an_agent_of_an_asterisk_that_answers_no_more_takes_calls_of_the_other_and_keeps_them_when_it_is_back(
    cluster: Cluster, office: Office
) -> None:
    alice, bob = await at_work(office, cluster, "alice", "bob")
    here, there = await one_at_each(office, alice, bob)
    lost, old, part = there.agent, there.agent.call_id, cluster.asterisk("asterisk-b")
    again = await office.caller("again", "+33600000009")
    talks = (here.hear, f"again <-> {lost.name}")
    with office.silence_is_right(there.caller, why="their Asterisk stands still"):
        await part.freeze()
        try:
            async with undisturbed(office, here.hear, among=(here.caller.name, here.agent.name)):
                await lost.is_now("ready", within=40)
                for gone in (there.caller, lost.phone):
                    gone.hangup()
                again.dial(PHONES[lost.name])
                await lost.phone.answer()
                await office.hears(*talks)
        finally:
            await part.thaw()
        async with undisturbed(office, *talks):
            await lost.phone.until(lambda: lost.calls[old]["state"] == "released", "the old call is over", within=20)
    await lost.do("hold")
    await again.hears_music()
    await lost.do("retrieve")
    await office.hears(*talks)


@pytest.mark.parametrize("ends", ["kill", "freeze"])
async def test_nobody_hears_that_the_leader_of_the_other_asterisk_is_lost_and_the_first_goes_on(
    cluster: Cluster, office: Office, ends: str
) -> None:
    alice, bob = await at_work(office, cluster, "alice", "bob")
    here, there = await one_at_each(office, alice, bob)
    lost, serves = await leader_of_the_other(office, cluster), await cluster.leader()
    part = cluster.controller(lost)
    try:
        async with undisturbed(office, here.hear, there.hear):
            await (part.kill() if ends == "kill" else part.freeze())
            await here.agent.to(here.agent.name, "mute")
            await here.agent.to(here.agent.name, "unmute")
            await led_again(cluster, there)
    finally:
        await (part.start() if ends == "kill" else part.thaw())
    await there.agent.do("hold")
    await there.caller.hears_music()
    await there.agent.do("retrieve")
    await office.hears(here.hear, there.hear)
    assert await cluster.leader() == serves


async def test_one_controller_that_is_left_leads_both_and_gives_one_to_those_who_come_unheard(
    cluster: Cluster, office: Office
) -> None:
    alice, bob = await at_work(office, cluster, "alice", "bob")
    here, there = await one_at_each(office, alice, bob)
    lost = [name for name in CONTROLLERS if await cluster.leads(name)]
    (left,) = (name for name in CONTROLLERS if name not in lost)
    async with undisturbed(office, here.hear, there.hear):
        try:
            for name in lost:
                await cluster.controller(name).kill()
            await led_again(cluster, here, there)
            assert await cluster.leads(left) == 2
        finally:
            for name in lost:
                await cluster.controller(name).start()
        await cluster.until(cluster.is_led_whole, "each Asterisk has a leader of its own")
        assert await cluster.leader() == left
        await led_again(cluster, here, there)
    await reopen(alice, bob)
    for one in (here, there):
        await one.agent.do("hold")
        await one.caller.hears_music()
        await one.agent.do("retrieve")
    await office.hears(here.hear, there.hear)


@pytest.mark.parametrize("ends", ["kill", "freeze"])
async def test_nobody_hears_that_who_serves_the_call_centre_is_lost_and_calls_of_both_obey_the_next(
    cluster: Cluster, office: Office, ends: str
) -> None:
    alice, bob = await at_work(office, cluster, "alice", "bob")
    here, there = await one_at_each(office, alice, bob)
    serves = await cluster.leader()
    part = cluster.controller(serves)
    try:
        async with undisturbed(office, here.hear, there.hear):
            await (part.kill() if ends == "kill" else part.freeze())
            assert await cluster.until_led() != serves
            await reopen(alice, bob)
            await led_again(cluster, there)
            await led_again(cluster, here)
    finally:
        await (part.start() if ends == "kill" else part.thaw())
    for one in (here, there):
        await one.agent.do("hold")
        await one.caller.hears_music()
        await one.agent.do("retrieve")
        await office.hears(here.hear, there.hear)
