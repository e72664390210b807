"""The story of a cluster: parts of it die while people talk, and who heard what of that.

Each scene kills something, waits for facts with deadlines, and shows what was heard meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from tests.bots import Contact
from tests.demo import render
from tests.demo.scenes import CALLER, DISPLAY, NUMBER, find_cast
from tests.demo.stage import Stage
from tests.demo.story import after, milliseconds
from tests.e2e.cluster import Asterisk, Cluster
from tests.e2e.office import Agent
from tests.e2e.witness import reopen, undisturbed

OTHER = "yann"
OTHER_NUMBER = "+33612345679"
TALKING = (CALLER, "alice", "bob")
SHOWN = (
    "a conference in which nobody heard that the controller died, nor that Redis' primary did; an Asterisk that died "
    "with its calls, and a caller who dialled again; who heard what was measured in RTP."
)


async def play(stage: Stage, ink: render.Ink) -> None:
    """The whole story. Raises AssertionError (DeadlineMissed, Refused) where something is not as it should be."""
    cluster = Cluster(stage.office.stack)
    await cluster.until(cluster.is_whole, "Redis is whole")
    zoe, alice, bob, carol = await find_cast(stage)
    yann = await stage.caller(OTHER, "Yann", OTHER_NUMBER, "Yann Caller")
    where = f"SIP {':'.join(map(str, stage.office.stack.asterisk))} · API {stage.office.stack.api}"
    stage.write(render.opening(stage.cast.values(), where, ink))
    for agent in (alice, bob, carol):
        await agent.command("PUT", "/v1/me/state", {"state": "ready"})
        await agent.is_now("ready")
        # Asterisk inquires of the edge once a second.
        await agent.phone.until(partial(_is_seen, agent), "is seen at their phone")

    stage.clock.epoch = time.monotonic()
    await _conference(stage, zoe, alice, bob)
    await _controller(stage, cluster, alice, bob, carol)
    await _redis(stage, cluster, bob, carol)
    for bot in TALKING:
        strip = render.strip(stage.name(bot), stage.heard(bot), stage.clock.at(time.monotonic()), ink)
        stage.write([*strip, ""])
    await _goodbye(zoe, alice, bob)
    await _asterisk(stage, cluster, yann, alice, bob, carol)
    stage.write(["", *render.closing(SHOWN, stage.clock.at(time.monotonic()), ink)])


def _is_seen(agent: Agent) -> bool:
    return str(agent.me["phone_state"]) != "unreachable"


async def _conference(stage: Stage, zoe: Contact, alice: Agent, bob: Agent) -> None:
    async with stage.act("Zoé calls the group Support; Alice answers, and asks Bob to join"):
        dialled = time.monotonic()
        stage.tell(dialled, "Zoé dials 2000, at the edge")
        zoe.dial("2000")
        await stage.rings("alice", name=DISPLAY, number=NUMBER, since=dialled)
        await alice.phone.answer()
        await alice.sees_state("established")
        requested = time.monotonic()
        await alice.do("single-step-conference", target="agent:bob")
        await stage.rings("bob", name=DISPLAY, number=NUMBER, since=requested)
        await bob.phone.answer()
        await alice.sees_offer("accepted")
        await stage.hear(*TALKING)


@asynccontextmanager
async def _unheard(stage: Stage) -> AsyncIterator[None]:
    """The three hear each other all the while, and nothing else; tell the longest that one did not hear another."""
    since = time.monotonic()
    async with undisturbed(stage.office, "zoe <-> alice", "zoe <-> bob", "alice <-> bob", among=TALKING):
        yield
    until = time.monotonic()
    gaps = [
        end - begin
        for bot in TALKING
        for begin, end, heard in stage.office.lab[bot].timeline.stretches(since, until)
        if not {*TALKING} - {bot} <= heard.voices
    ]
    longest = f"one did not hear another for {milliseconds(max(gaps))} at most" if gaps else "not a packet is missing"
    stage.tell(until, f"Zoé, Alice and Bob heard each other all the while: {longest}")


async def _controller(stage: Stage, cluster: Cluster, alice: Agent, bob: Agent, carol: Agent) -> None:
    leader = await cluster.leader()
    async with stage.act(f"The controller that leads, {leader}, is killed"):
        async with _unheard(stage):
            await cluster.controller(leader).kill()
            killed = time.monotonic()
            stage.tell(killed, f"{leader} is dead")
            successor = await cluster.until_led()
            led = time.monotonic()
            stage.tell(led, f"{successor} leads, and is ready {after(led - killed)}")
            await reopen(alice, bob, carol)
            await cluster.controller(leader).start()
        await _bob_goes_mute_and_back(stage, bob)


async def _redis(stage: Stage, cluster: Cluster, bob: Agent, carol: Agent) -> None:
    primary = await cluster.primary()
    async with stage.act(f"Redis' primary, {primary}, is killed"):
        async with _unheard(stage):
            await cluster.node(primary).kill()
            killed = time.monotonic()
            stage.tell(killed, f"{primary} is dead, and the Sentinel beside it")
            await cluster.until(lambda: _goes_on_a_break(carol), "Carol can go on a break")
            done = time.monotonic()
            successor = await cluster.primary(but=primary)
            stage.tell(done, f"Carol's break is written, to {successor}, {after(done - killed)}")
            await carol.command("PUT", "/v1/me/state", {"state": "ready"})
            await cluster.node(primary).start()
        await _bob_goes_mute_and_back(stage, bob)


async def _bob_goes_mute_and_back(stage: Stage, bob: Agent) -> None:
    requested = time.monotonic()
    await bob.to("bob", "mute")
    muted = time.monotonic()
    stage.tell(muted, f"Bob goes mute, done {after(muted - requested)}")
    await bob.to("bob", "unmute")
    await stage.hear(*TALKING)


async def _goes_on_a_break(carol: Agent) -> bool:
    """Whether what agents choose is written again."""
    status, _ = await carol.request("PUT", "/v1/me/state", {"state": "not_ready", "reason": "break"})
    return status == 200


async def _goodbye(zoe: Contact, alice: Agent, bob: Agent) -> None:
    await bob.do("release")
    await bob.phone.ended()
    zoe.hangup()
    await alice.phone.ended()
    await alice.is_now("ready")
    await bob.is_now("ready")


async def _asterisk(stage: Stage, cluster: Cluster, yann: Contact, *agents: Agent) -> None:
    async with stage.act("Yann calls, and the Asterisk of the call is killed"):
        first = await _served(stage, yann, agents)
        await stage.hear(OTHER, first.name)
        asterisk: Asterisk = "asterisk-a" if await cluster.calls_of("asterisk-a") else "asterisk-b"
        await cluster.asterisk(asterisk).die_and_come_back()
        killed = time.monotonic()
        stage.tell(killed, f"{asterisk} is dead, its calls with it, and is started again")
        yann.hangup()
        first.phone.hangup()
        await first.is_now("ready", within=10)
        free = time.monotonic()
        stage.tell(free, f"{stage.name(first.name)} is free {after(free - killed)}")
    async with stage.act("Yann dials again"):
        second = await _served(stage, yann, agents)
        await stage.hear(OTHER, second.name)
        yann.hangup()
        await second.phone.ended()


async def _served(stage: Stage, yann: Contact, agents: tuple[Agent, ...]) -> Agent:
    """Whoever is rung answers."""
    dialled = time.monotonic()
    stage.tell(dialled, "Yann dials 2000")
    yann.dial("2000")
    phones = [agent.phone for agent in agents]
    await phones[0].until(lambda: any(phone.ringing for phone in phones), "somebody is rung", within=10)
    agent = next(agent for agent in agents if agent.phone.ringing)
    answered = (await agent.phone.answer()).stamps["200 sent"]
    stage.tell(answered, f"{stage.name(agent.name)} answers {after(answered - dialled)}")
    await stage.began(OTHER, agent.name, answered)
    return agent
