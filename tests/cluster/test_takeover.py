"""What is requested while one controller takes over from another: it is done by the one that leads, and nobody sees an
error of it."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass

import aiohttp

from tests.cluster.talks import Talk, address_of, at_work, one_at_each
from tests.e2e.cluster import CONTROLLERS, Cluster
from tests.e2e.office import Office
from tests.e2e.witness import reopen, undisturbed

KEY = "Idempotency-Key"


@dataclass
class Answer:
    """The first one, however long it took."""

    status: int
    code: str


async def requested(talk: Talk, verb: str, address: str, *, key: bool = False) -> Answer:
    """A verb on the call, requested once at this address."""
    headers = {"Authorization": talk.agent.authorization} | ({KEY: uuid.uuid4().hex} if key else {})
    url = f"{address}/v1/calls/{talk.agent.call_id}/{verb}"
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url) as response:
        answer = await response.json(content_type=None)
        return Answer(response.status, str(answer.get("code", "")))


DONE = Answer(200, "")


async def test_what_a_frozen_controller_was_sent_is_done_by_the_next_when_it_wakes(
    cluster: Cluster, office: Office
) -> None:
    alice, bob = await at_work(office, cluster, "alice", "bob")
    here, there = await one_at_each(office, alice, bob)
    serves = await cluster.leader()
    part, address = cluster.controller(serves), address_of(office, serves)
    async with undisturbed(office, there.hear, among=(there.caller.name, there.agent.name)):
        await part.freeze()
        try:
            hold = asyncio.create_task(requested(here, "hold", address))
            assert await cluster.until_led() != serves
        finally:
            await part.thaw()
        assert await hold == DONE
        await here.caller.hears_music()
    assert await requested(here, "retrieve", address) == DONE
    await office.hears(here.hear, there.hear)


async def test_who_logs_in_or_sends_a_key_as_the_leader_stands_still_is_answered_by_the_next(
    cluster: Cluster, office: Office
) -> None:
    alice, bob = await at_work(office, cluster, "alice", "bob")
    here, there = await one_at_each(office, alice, bob)
    serves = await cluster.leader()
    part = cluster.controller(serves)
    async with undisturbed(office, there.hear, among=(there.caller.name, there.agent.name)):
        await part.freeze()
        try:
            async with aiohttp.ClientSession() as session:
                hold, token = await asyncio.gather(
                    requested(here, "hold", office.stack.api, key=True), office.stack.login(session, "carol")
                )
            assert hold == DONE
            assert token
            assert await cluster.leader() != serves
        finally:
            await part.thaw()
        await here.caller.hears_music()
    await reopen(alice, bob)
    await here.agent.do("retrieve")
    await office.hears(here.hear, there.hear)


async def test_what_is_requested_when_the_leader_is_dead_is_answered_by_the_next_without_an_error(
    cluster: Cluster, office: Office
) -> None:
    alice, bob = await at_work(office, cluster, "alice", "bob")
    here, there = await one_at_each(office, alice, bob)
    serves = await cluster.leader()
    (left, _) = (name for name in CONTROLLERS if name != serves)
    part = cluster.controller(serves)
    try:
        await part.kill()
        answers = await asyncio.gather(
            requested(here, "hold", office.stack.api),
            requested(there, "hold", address_of(office, left)),
        )
        assert list(answers) == [DONE, DONE]
        await asyncio.gather(here.caller.hears_music(), there.caller.hears_music())
        await reopen(alice, bob)
    finally:
        await part.start()
    await here.agent.do("retrieve")
    await there.agent.do("retrieve")
    await office.hears(here.hear, there.hear)


async def test_what_the_leader_had_as_it_died_is_done_once_and_its_key_gets_the_true_answer(
    cluster: Cluster, office: Office
) -> None:
    alice, bob, carol = await at_work(office, cluster, "alice", "bob", "carol")
    here, there = await one_at_each(office, alice, bob)
    part = cluster.controller(await cluster.leader())
    try:
        kill = asyncio.create_task(part.kill())
        answers = await asyncio.gather(
            requested(here, "hold", office.stack.api, key=True), requested(there, "hold", office.stack.api, key=True)
        )
        await kill
        assert list(answers) == [DONE, DONE]
        await asyncio.gather(here.caller.hears_music(), there.caller.hears_music())
        await reopen(alice, bob, carol)
    finally:
        await part.start()
    await here.agent.do("retrieve")
    await there.agent.do("retrieve")
    await office.hears(here.hear, there.hear)
