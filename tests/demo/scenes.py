"""The story: a customer calls a group, and what its agents can do with that call.

Each scene acts, waits for facts with deadlines, and shows who hears whom; a fact that does not come fails it.
"""

from __future__ import annotations

import time

from tests.bots import Contact, RegistrationFailed
from tests.demo import render
from tests.demo.stage import Stage
from tests.demo.story import after
from tests.e2e.office import Agent

CALLER = "zoe"
AGENTS = ("alice", "bob", "carol")
NUMBER = "+33612345678"
DISPLAY = "Zoé Caller"
SHOWN = (
    "a call to a group, hold and retrieve, a conference with one party deafened and one muted, and an instant "
    "transfer under a chosen caller ID; who heard whom was measured in RTP after each step."
)


class AtWork(RuntimeError):
    """Somebody uses the agents of the demonstration."""


class NotTheDemos(RuntimeError):
    """The call centre is somebody's own: there are not the people that the story is about."""


async def find_cast(stage: Stage) -> tuple[Contact, Agent, Agent, Agent]:
    """Everybody at their phones.

    Raises:
        AtWork, NotTheDemos: nobody's phone has been taken over, or it has been given back.
    """
    # Before their phones are taken over: a bot that registers takes the place of a real phone.
    states = {name: await stage.state_of(name) for name in AGENTS}
    for name, state in states.items():
        if state is None:
            raise NotTheDemos(f"{name} is not there, or has another password than the demo's")
    for name, state in states.items():
        if state != "logged_out":
            raise AtWork(f"{name} is at work ({state}); it needs {', '.join(AGENTS)} logged out")
    try:
        zoe = await stage.caller(CALLER, "Zoé", NUMBER, DISPLAY)
    except OSError:
        raise NotTheDemos("the carrier is not an address of this machine") from None
    try:
        alice, bob, carol = [await stage.agent(name) for name in AGENTS]
    except RegistrationFailed:
        raise NotTheDemos("their phones have other secrets than the demo's") from None
    return zoe, alice, bob, carol


async def play(stage: Stage, ink: render.Ink) -> None:
    """The whole story. Raises AssertionError (DeadlineMissed, Refused) where something is not as it should be."""
    zoe, alice, bob, carol = await find_cast(stage)
    where = f"SIP {':'.join(map(str, stage.office.stack.asterisk))} · API {stage.office.stack.api}"
    stage.write(render.opening(stage.cast.values(), where, ink))
    # The longest idle is rung first: it is to be Alice.
    for agent in (alice, bob, carol):
        await agent.command("PUT", "/v1/me/state", {"state": "ready"})
        await agent.is_now("ready")

    stage.clock.epoch = time.monotonic()
    await _inbound(stage, zoe, alice)
    await _hold(stage, alice)
    await _conference(stage, alice, bob)
    await _deaf_and_mute(stage, alice, bob)
    await _transfer(stage, alice, carol)
    await _end(stage, zoe, carol)
    ended = stage.clock.at(time.monotonic())
    stage.write(render.strip("Zoé", stage.heard(CALLER), ended, ink))
    stage.write(["", *render.closing(SHOWN, ended, ink)])


async def _inbound(stage: Stage, zoe: Contact, alice: Agent) -> None:
    async with stage.act("Zoé calls the group Support"):
        dialled = time.monotonic()
        stage.tell(dialled, "Zoé dials 2000")
        zoe.dial("2000")
        await stage.rings("alice", name=DISPLAY, number=NUMBER, since=dialled)
        await stage.music(CALLER)
        await stage.hear()
    async with stage.act("Alice answers"):
        answered = (await alice.phone.answer()).stamps["200 sent"]
        stage.tell(answered, "Alice picks the phone up")
        await stage.began(CALLER, "alice", answered)
        await stage.began("alice", CALLER, answered)
        await alice.sees_state("established")
        await stage.hear(CALLER, "alice")


async def _hold(stage: Stage, alice: Agent) -> None:
    async with stage.act("Alice puts Zoé on hold"):
        requested = time.monotonic()
        stage.tell(requested, "Alice, on the desktop: hold")
        await alice.do("hold")
        await stage.music(CALLER, requested)
        await alice.sees_state("held")
        await stage.hear()
        stage.ceased(CALLER, "alice", requested)
        stage.ceased("alice", CALLER, requested)
    async with stage.act("… and takes them back"):
        requested = time.monotonic()
        stage.tell(requested, "Alice: retrieve")
        await alice.do("retrieve")
        await stage.began(CALLER, "alice", requested)
        await stage.began("alice", CALLER, requested)
        await alice.sees_state("established")
        await stage.hear(CALLER, "alice")


async def _conference(stage: Stage, alice: Agent, bob: Agent) -> None:
    async with stage.act("Alice asks Bob to join: an instant conference"):
        requested = time.monotonic()
        stage.tell(requested, "Alice: conference with Bob; Zoé is put on hold")
        await alice.do("single-step-conference", target="agent:bob")
        await stage.rings("bob", name=DISPLAY, number=NUMBER, since=requested)
        await stage.music(CALLER, requested)
        await stage.hear()
    async with stage.act("Bob answers, and the three talk"):
        answered = (await bob.phone.answer()).stamps["200 sent"]
        stage.tell(answered, "Bob picks the phone up")
        for hearer, voice in ((CALLER, "bob"), ("bob", CALLER), ("bob", "alice"), (CALLER, "alice")):
            await stage.began(hearer, voice, answered)
        await alice.sees_offer("accepted")
        await stage.hear(CALLER, "alice", "bob")


async def _deaf_and_mute(stage: Stage, alice: Agent, bob: Agent) -> None:
    async with stage.act("Alice deafens Zoé, to have a word with Bob"):
        requested = time.monotonic()
        stage.tell(requested, "Alice: deafen Zoé, who can still speak")
        await alice.to("contact", "deafen")
        deaf = [(CALLER, "alice"), (CALLER, "bob")]
        await stage.hear(CALLER, "alice", "bob", but=deaf)
        for hearer, voice in deaf:
            stage.ceased(hearer, voice, requested)
    async with stage.act("Bob goes mute, and still hears all"):
        requested = time.monotonic()
        stage.tell(requested, "Bob: mute")
        await bob.to("bob", "mute")
        await stage.hear(CALLER, "alice", "bob", but=[*deaf, ("alice", "bob")])
        stage.ceased("alice", "bob", requested)
    async with stage.act("Zoé listens again: Bob's mute is untouched by that"):
        requested = time.monotonic()
        stage.tell(requested, "Alice: undeafen Zoé")
        await alice.to("contact", "undeafen")
        await stage.began(CALLER, "alice", requested)
        await stage.hear(CALLER, "alice", "bob", but=[("alice", "bob"), (CALLER, "bob")])
    async with stage.act("Bob has helped, and leaves"):
        requested = time.monotonic()
        stage.tell(requested, "Bob: release")
        await bob.do("release")
        await bob.phone.ended()
        ended = bob.phone.call.stamps["ended"]
        stage.tell(ended, f"Bob's phone is on the hook {after(ended - requested)}; Alice and Zoé go on")
        await stage.hear(CALLER, "alice")


async def _transfer(stage: Stage, alice: Agent, carol: Agent) -> None:
    choices = (await alice.command("GET", "/v1/me"))["caller_ids"]
    support = next(choice for choice in choices if choice["id"] == "support")
    async with stage.act("Alice transfers Zoé to Carol, showing “Support” as the caller"):
        requested = time.monotonic()
        stage.tell(requested, "Alice: instant transfer to Carol, caller ID “Support”")
        await alice.do("single-step-transfer", target="agent:carol", caller_id="support")
        await stage.rings("carol", name=support["name"], number=support["number"], since=requested)
        await stage.music(CALLER, requested)
        await stage.hear()
    async with stage.act("Carol answers, and Alice is free"):
        answered = (await carol.phone.answer()).stamps["200 sent"]
        stage.tell(answered, "Carol picks the phone up")
        await stage.began(CALLER, "carol", answered)
        await stage.began("carol", CALLER, answered)
        await alice.phone.ended()
        ended = alice.phone.call.stamps["ended"]
        stage.tell(ended, f"Alice's call is over, without anything done, {after(ended - answered)}")
        await stage.hear(CALLER, "carol")


async def _end(stage: Stage, zoe: Contact, carol: Agent) -> None:
    async with stage.act("Zoé hangs up"):
        requested = time.monotonic()
        stage.tell(requested, "Zoé hangs up")
        zoe.hangup()
        await carol.phone.ended()
        ended = carol.phone.call.stamps["ended"]
        stage.tell(ended, f"Carol's phone is on the hook {after(ended - requested)}")
        await stage.office.stack.no_calls()
        stage.tell(time.monotonic(), "Asterisk has no channel left, the controller no call")
