"""The story of a cluster: parts of it die while people talk, and who heard what of that.

Scenes kill something, wait for facts with deadlines, and show what was heard meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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
    "a conference in which nobody heard that the controller died, nor Redis' primary, nor another Asterisk; and a "
    "caller whose call died with that, who dialled again. Who heard what was measured in RTP."
)


async def play(stage: Stage, ink: render.Ink) -> None:
    """The whole story. Raises AssertionError (DeadlineMissed, Refused) where something is not as it should be."""
    cluster = Cluster(stage.office.stack)
    await cluster.until(cluster.is_whole, "Redis is whole")
    zoe, alice, bob, carol = await find_cast(stage)
    yann = await stage.caller(OTHER, "Yann", OTHER_NUMBER, "Yann Caller")
    where = f"SIP {':'.join(map(str, stage.office.stack.asterisk))} · API {stage.office.stack.api}"
    stage.write(render.opening(stage.cast.values(), where, ink))
    # The longest idle is rung first: it is to be Alice. Whose phone is found after they are ready is idle from then on.
    await cluster.until_rung_by_all(alice, bob, carol)
    await cluster.until(cluster.has_phones("alice", "bob", "carol"), "the controllers know of their phones")
    for agent in (alice, bob, carol):
        await agent.command("PUT", "/v1/me/state", {"state": "ready"})
        await agent.is_now("ready")

    stage.clock.epoch = time.monotonic()
    await _conference(stage, zoe, alice, bob)
    await _controller(stage, cluster, alice, bob, carol)
    await _redis(stage, cluster, bob, carol)
    await _asterisk(stage, cluster, yann, carol)
    await _goodbye(stage, zoe, yann, alice, bob, carol)
    for bot in (*TALKING, OTHER):
        strip = render.strip(stage.name(bot), stage.heard(bot), stage.clock.at(time.monotonic()), ink)
        stage.write([*strip, ""])
    stage.write(render.closing(SHOWN, stage.clock.at(time.monotonic()), ink))


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


async def _asterisk(stage: Stage, cluster: Cluster, yann: Contact, carol: Agent) -> None:
    here: Asterisk = "asterisk-a" if await cluster.calls_of("asterisk-a") else "asterisk-b"
    other: Asterisk = "asterisk-b" if here == "asterisk-a" else "asterisk-a"
    async with stage.act(f"The conference is at {here}, which is drained: Yann's call goes to {other}"):
        await cluster.drain(here)
        try:
            await _served(stage, yann, carol)
        finally:
            await cluster.resume(here)
        await stage.hear(*TALKING, OTHER, "carol", but=_between(TALKING, (OTHER, "carol")))
    async with stage.act(f"{other} is killed, and Yann dials again"):
        async with _unheard(stage):
            await cluster.asterisk(other).kill()
            killed = time.monotonic()
            stage.tell(killed, f"{other} is dead, and Yann's call with it")
            for bot in (yann, carol.phone):
                bot.hangup()
            await carol.is_now("ready", within=10)
            free = time.monotonic()
            stage.tell(free, f"Carol is free {after(free - killed)}")
            await _served(stage, yann, carol)
        await stage.hear(*TALKING, OTHER, "carol", but=_between(TALKING, (OTHER, "carol")))
        await cluster.asterisk(other).start()
        # What comes next looks into both.
        await cluster.until(cluster.gives_calls_to_all, f"{other} is back", 30)


def _between(some: tuple[str, ...], others: tuple[str, ...]) -> list[tuple[str, str]]:
    """Who would hear whom, were these two conversations one."""
    pairs = [(hearer, voice) for hearer in some for voice in others]
    return [*pairs, *((voice, hearer) for hearer, voice in pairs)]


async def _served(stage: Stage, yann: Contact, carol: Agent) -> None:
    dialled = time.monotonic()
    stage.tell(dialled, "Yann dials 2000")
    yann.dial("2000")
    answered = (await carol.phone.answer(within=10)).stamps["200 sent"]
    stage.tell(answered, f"Carol answers {after(answered - dialled)}")
    await stage.began(OTHER, "carol", answered)


async def _goodbye(stage: Stage, zoe: Contact, yann: Contact, alice: Agent, bob: Agent, carol: Agent) -> None:
    async with stage.act("All hang up"):
        await bob.do("release")
        await bob.phone.ended()
        zoe.hangup()
        yann.hangup()
        await alice.phone.ended()
        await carol.phone.ended()
        await stage.office.stack.no_calls()
        stage.tell(time.monotonic(), "no channel is left, and the controllers have no call")
