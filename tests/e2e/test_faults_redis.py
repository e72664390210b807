"""Redis dies in the middle of calls: they go on and obey, what needs Redis says so, and then every count is right."""

import time

from redis.asyncio import Redis

from tests.bots import answers
from tests.bots.desktop import Json
from tests.bots.sound import Sound
from tests.e2e.containers import Part, until_away
from tests.e2e.office import Agent, Office, Refused
from tests.e2e.witness import reopen, undisturbed

AWAY = 10.0
UNAVAILABLE = "store_unavailable"


def redis(office: Office) -> Part:
    return Part(office.stack, "redis")


async def code_of(agent: Agent, method: str, path: str, body: Json) -> str:
    """The code with which a request is refused."""
    try:
        answer = await agent.command(method, path, body)
    except Refused as refused:
        return str(refused.code)
    raise AssertionError(f"{method} {path} was not refused: {answer}")


async def available(agent: Agent, target: str) -> int:
    """How many the API counts for a target."""
    return int((await agent.command("GET", f"/v1/targets/{target}"))["available"])


async def test_a_call_goes_on_and_obeys_while_redis_is_dead_s10_s31(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    async with redis(office).killed():
        await until_away(office.stack, UNAVAILABLE)
        async with undisturbed(office, "caller <-> alice"):
            await caller.stays_up(AWAY)
        await alice.to("contact", "mute")
        await office.hears("alice -> caller")
        await alice.to("contact", "unmute")
        await office.hears("caller <-> alice")
        await alice.do("hold")
        await caller.hears_music()
        await alice.do("retrieve")
        await office.hears("caller <-> alice")
        await alice.do("release")
        await alice.phone.ended()
        await caller.ended()
    await alice.is_now("ready", within=10)
    assert alice.call is not None
    assert alice.call["state"] == "released"


async def test_a_call_obeys_without_delay_while_redis_stands_still(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    async with redis(office).frozen():
        for _ in range(2):
            await alice.to("contact", "mute")
            await office.hears("alice -> caller", within=1.0)
            await alice.to("contact", "unmute")
            await office.hears("caller <-> alice", within=1.0)
            await alice.do("hold")
            await caller.hears_music(within=2.0)
            await alice.do("retrieve")
            await office.hears("caller <-> alice", within=1.0)
        assert await code_of(bob, "PUT", "/v1/me/state", {"state": "not_ready"}) == UNAVAILABLE
        await alice.do("release")
        await alice.phone.ended()
    await alice.is_now("ready", within=10)
    # Redis may have carried out, when it went on, what was given up meanwhile: what is requested last holds.
    await bob.command("PUT", "/v1/me/state", {"state": "ready"})
    await bob.is_now("ready")
    assert await available(alice, "group:support") == 2


async def test_what_needs_redis_says_that_it_is_away_and_changes_nothing(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    erin = await office.agent("erin", ready=False)
    caller = await office.caller()
    await office.connect(caller, alice)
    async with undisturbed(office, "caller <-> alice"), redis(office).killed():
        await until_away(office.stack, UNAVAILABLE)
        login = {"agent": "erin", "password": "erin-demo"}
        assert await code_of(erin, "POST", "/v1/login", login) == UNAVAILABLE
        assert await code_of(erin, "PUT", "/v1/me/state", {"state": "ready"}) == UNAVAILABLE
        for target in ("group:night", "agent:erin"):  # of whom nobody was ready
            assert await alice.refused("single-step-transfer", target=target) == UNAVAILABLE, target
            assert await alice.refused("single-step-conference", target=target) == UNAVAILABLE, target
        assert await code_of(bob, "POST", "/v1/calls", {"target": "agent:alice"}) == UNAVAILABLE
        assert bob.phone.calls == [], "bob's phone was rung for a call that can't be"
    assert alice.call is not None
    assert alice.call["state"] == "established"


async def test_instant_transfers_go_on_while_redis_is_dead_s10_s11(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    async with redis(office).killed():
        await until_away(office.stack, UNAVAILABLE)
        await alice.do("single-step-transfer", target="group:support")
        await caller.hears_music()
        await bob.phone.answer()
        await office.hears("caller <-> bob")
        await alice.phone.ended()
        await bob.do("single-step-transfer", target="agent:alice")
        await alice.phone.decline()
        await bob.sees_offer("declined")
        await bob.do("single-step-transfer", target="agent:alice")
        await alice.phone.answer()
        await office.hears("caller <-> alice")
        await bob.phone.ended()
    await bob.is_now("ready", within=10)
    await alice.is_now("on_call", within=10)
    assert await available(alice, "group:support") == 1
    caller.hangup()
    await alice.is_now("ready", within=10)
    assert await available(alice, "group:support") == 2


async def test_waiting_callers_keep_their_music_while_redis_is_dead_and_are_served_after(office: Office) -> None:
    dave, bob = await office.agent("dave", ready=False), await office.agent("bob", ready=False)
    before = await office.caller("before", "+33600000001")
    meanwhile = await office.caller("meanwhile", "+33600000002")
    before.dial("3000")
    await before.hears_music(within=8)
    begin = time.monotonic()
    async with redis(office).killed():
        await until_away(office.stack, UNAVAILABLE)
        meanwhile.dial("2000")
        await meanwhile.hears_music(within=8)
        await before.stays_up(AWAY)
        await meanwhile.hears_music()
    for agent in (dave, bob):
        await agent.command("PUT", "/v1/me/state", {"state": "ready"})
    await dave.phone.answer(within=10)
    await bob.phone.answer(within=10)
    await office.hears("before <-> dave", "meanwhile <-> bob")
    before.never_in_silence(longer_than=0.5, since=begin)


async def test_a_caller_who_comes_while_redis_is_dead_rings_a_free_agent_when_it_is_back(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    async with redis(office).killed():
        await until_away(office.stack, UNAVAILABLE)
        caller.dial("2000")
        await caller.hears_music(within=8)
    await alice.phone.answer(within=10)
    await office.hears("caller <-> alice")


async def test_a_redis_that_was_emptied_is_filled_again_and_calls_outlive_a_restart_after_that(office: Office) -> None:
    (alice,) = await office.agents("alice")
    bob, _carol = await office.agents("bob", "carol", behaviour=answers())
    dave = await office.agent("dave", ready=False)
    await dave.command("PUT", "/v1/me/state", {"state": "not_ready", "reason": "lunch"})
    talking = await office.caller("talking", "+33600000001")
    await office.connect(talking, alice)
    await alice.do("hold")
    async with Redis.from_url(office.stack.redis) as emptied:
        await emptied.flushall()
    another = await office.caller("another", "+33600000002")
    another.dial("2000")
    await another.hears_sound(Sound.VOICES)  # of bob or carol: who had been idle for longer was lost
    await talking.hears_music()
    assert await available(bob, "group:support") == 1
    await dave.has_reason("lunch")
    async with Part(office.stack, "controller").killed():
        await talking.hears_music()
    await reopen(alice)
    await alice.sees_state("held")
    await alice.do("retrieve")
    await office.hears("talking <-> alice", among=("talking", "alice"))


async def test_counts_are_right_after_redis_was_dead_and_nobody_is_reserved_twice_s4_s5(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    talking = await office.caller("talking", "+33600000001")
    await office.connect(talking, alice)
    assert await available(bob, "group:support") == 2
    async with redis(office).killed():
        await until_away(office.stack, UNAVAILABLE)
        await alice.do("release")
        await alice.phone.ended()
    await alice.is_now("ready", within=10)
    assert await available(bob, "group:support") == 3
    assert await available(bob, "group:sales") == 1
    callers = [await office.caller(f"caller{n}", f"+3361000000{n}") for n in range(3)]
    for caller in callers:
        caller.dial("2000")
    for agent in (alice, bob, carol):
        await agent.phone.answer()
        await agent.is_now("on_call")
    assert [len(agent.phone.calls) for agent in (alice, bob, carol)] == [2, 1, 1]
    assert await available(bob, "group:support") == 0
    for caller in callers:
        await caller.hears_sound(Sound.VOICES)
        assert len(caller.timeline.now.voices) == 1
        caller.hangup()
    for agent in (alice, bob, carol):
        await agent.is_now("ready")
    assert await available(bob, "group:support") == 3
