"""Two controllers: the one that leads dies, freezes, or is stopped, and whoever talks hears nothing of it."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from tests.e2e.containers import logged
from tests.e2e.office import Office
from tests.e2e.pair import STANDBY, Controller, Pair, two_controllers
from tests.e2e.witness import undisturbed

TAKEOVERS = "callcontrol_takeovers_total"
LEADER = "callcontrol_leader"


@pytest_asyncio.fixture(loop_scope="session")
async def pair(office: Office) -> AsyncIterator[Pair]:
    async with two_controllers(office) as pair:
        yield pair


async def test_a_standby_controls_the_calls_of_a_leader_that_died_and_hands_them_back_when_it_is_stopped(
    office: Office, pair: Pair
) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    async with undisturbed(office, "caller <-> alice"):
        await pair.first.kill()
        await pair.second.leads()
        await pair.moves_to(pair.second, alice, bob)
    await alice.do("hold")
    await caller.hears_music()
    await alice.do("retrieve")
    await office.hears("caller <-> alice")

    async with undisturbed(office, "caller <-> alice"):
        await pair.first.start()
        await pair.first.stands_by()
        assert await answer_of(pair.first, "/v1/me") == (503, STANDBY)
        await caller.stays_up(2.0)  # longer than a lease
        assert (await pair.second.figure(TAKEOVERS), await pair.first.figure(TAKEOVERS)) == (1, 0)
        assert (await pair.second.figure(LEADER), await pair.first.figure(LEADER)) == (1, 0)
        await pair.second.stop()
        await pair.first.leads()
        await pair.moves_to(pair.first, alice, bob)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await alice.phone.ended()
    await alice.is_now("ready")


async def test_a_leader_that_was_frozen_and_wakes_after_another_took_over_does_no_harm(
    office: Office, pair: Pair
) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    late = await office.caller("late", "+33600000002")
    await office.connect(caller, alice)
    old = alice.authorization
    async with undisturbed(office, "caller <-> alice", among=("caller", "alice")):
        await pair.first.freeze()
        # It finds this among what it was sent when it wakes.
        hold = asyncio.create_task(posted(pair.first, f"/v1/calls/{alice.call_id}/hold", old))
        await pair.second.leads()
        await pair.moves_to(pair.second, alice, bob)
        late.dial("1002")
        await bob.phone.answer()
        await bob.is_now("on_call")
        await pair.first.thaw()
        status, _ = await hold
        assert status == 503
        await pair.first.stands_by()
        await caller.stays_up(2.0)
    await office.hears("caller <-> alice", "late <-> bob")
    await alice.is_now("on_call")
    await bob.is_now("on_call")
    assert (await pair.first.figure(TAKEOVERS), await pair.second.figure(TAKEOVERS)) == (1, 1)
    assert (await pair.first.figure(LEADER), await pair.second.figure(LEADER)) == (0, 1)
    assert len(await logged(pair.second.stack, "lease_taken", "controller-2")) == 1
    await alice.do("hold")
    await caller.hears_music()
    await alice.do("retrieve")
    await office.hears("caller <-> alice", "late <-> bob")
    late.hangup()
    await bob.phone.ended()
    await bob.is_now("ready")


async def posted(controller: Controller, path: str, authorization: str) -> tuple[int, str]:
    """What a controller answers to a command, however long that takes."""
    async with (
        aiohttp.ClientSession(headers={"Authorization": authorization}) as session,
        session.post(f"{controller.stack.api}{path}") as response,
    ):
        return response.status, str((await response.json()).get("code", ""))


async def answer_of(controller: Controller, path: str) -> tuple[int, str]:
    """What a controller answers to whoever is not logged in."""
    async with aiohttp.ClientSession() as session, session.get(f"{controller.stack.api}{path}") as response:
        return response.status, str((await response.json())["code"])
