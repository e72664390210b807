"""The controller dies, stands still, loses its connection to Asterisk, meets rubbish: callers hear nothing of it.

Calls go on in Asterisk; what the controller knew of them stands in Redis; when it is back everything obeys again.
"""

import time

from ari_app.availability.redis import RedisAvailability
from ari_app.config.settings import ProcessSettings
from ari_app.routing.targets import parse_target
from ari_app.store.client import connect, disconnect
from tests.bots import Contact
from tests.e2e.containers import Part
from tests.e2e.office import PHONES, Agent, Office
from tests.e2e.witness import reopen, undisturbed

AWAY = 3.0
OFFER_TIMEOUT = 15.0
"""Seconds: `offer_timeout` of the demonstration's file."""


async def talk(caller: Contact, agent: Agent, number: str) -> None:
    """As `Office.connect`, beside other calls."""
    caller.dial(number)
    await agent.phone.answer()
    await agent.sees_state("established")
    await caller.hears(agent.name)


async def test_calls_go_on_while_the_controller_is_dead_and_obey_when_it_is_back_s10_s11(office: Office) -> None:
    alice, bob, erin = await office.agents("alice", "bob", "erin")
    talking = await office.caller("talking", "+33600000001")
    holding = await office.caller("holding", "+33600000002")
    await talk(talking, alice, "1001")
    await talk(holding, bob, "1002")
    await bob.do("hold")
    await holding.hears_music()
    talks, before = alice.call, time.monotonic()
    assert talks is not None

    async with Part(office.stack, "controller").killed():
        async with undisturbed(office, "talking <-> alice"):
            await talking.stays_up(AWAY)
        await holding.hears_music()
    await reopen(alice, bob, erin)

    holding.never_in_silence(longer_than=0.5, since=before)
    assert alice.call_id == talks["id"]
    for field in ("type", "owner", "started_at", "answered_at", "user_data", "state"):
        assert alice.call is not None
        assert alice.call[field] == talks[field], field
    await bob.sees_state("held")
    await bob.do("retrieve")
    await office.hears("talking <-> alice", "holding <-> bob")
    await alice.do("hold")
    await talking.hears_music()
    await office.hears("holding <-> bob")
    await alice.do("retrieve")
    await office.hears("talking <-> alice", "holding <-> bob")
    await alice.do("single-step-transfer", target="agent:erin")
    await erin.phone.answer()
    await office.hears("talking <-> erin", "holding <-> bob")
    await alice.phone.ended()
    await alice.is_now("ready")


async def test_which_phones_are_used_past_call_control_is_known_again_after_the_controller_was_dead(
    office: Office,
) -> None:
    alice, bob, dave, erin = await office.agents("alice", "bob", "dave", "erin")
    for caller, called in ((alice, bob), (dave, erin)):
        caller.phone.dial(f"*9{PHONES[called.name]}")
        await called.phone.answer()
        await office.hears(f"{caller.name} <-> {called.name}", among=(caller.name, called.name))
    async with Part(office.stack, "controller").killed():
        dave.phone.hangup()
        await erin.phone.ended()
    await reopen(alice, bob, dave, erin)
    for agent in (dave, erin):
        await agent.has_reason(None)
    for agent in (alice, bob):
        await agent.has_reason("phone_in_use")
    alice.phone.hangup()
    for agent in (alice, bob):
        await agent.has_reason(None)


async def test_mute_and_deaf_outlive_the_controller_and_can_be_undone_after_s30_s31(office: Office) -> None:
    alice, bob, erin = await office.agents("alice", "bob", "erin")
    caller = await office.caller()
    await office.conference(caller, alice, bob, erin)
    await alice.to("bob", "mute")
    heard = ("alice <-> erin", "alice -> bob", "erin -> bob", "caller -> alice", "caller -> erin", "caller -> bob")
    with office.silence_is_right(caller, why="they are deafened"):
        await alice.to("contact", "deafen")
        async with undisturbed(office, *heard):
            async with Part(office.stack, "controller").killed():
                await caller.stays_up(AWAY)
            await reopen(alice)
        assert alice.party("bob")["muted"]
        assert alice.party("contact")["deaf"]
        await alice.to("bob", "unmute")
        await office.hears(*heard, "bob -> alice", "bob -> erin")
        await alice.to("contact", "undeafen")
    everyone = ("alice", "bob", "erin", "caller")
    await office.hears(*(f"{a} <-> {b}" for i, a in enumerate(everyone) for b in everyone[:i]))


async def test_a_phone_that_rings_when_the_controller_dies_is_answered_when_it_is_back(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    caller.dial("1001")
    await alice.phone.rings()
    await alice.is_now("ringing")
    async with Part(office.stack, "controller").killed():
        assert alice.phone.ringing is not None
    await reopen(alice)
    await alice.phone.answer()
    await office.hears("caller <-> alice")
    await alice.sees_state("established")
    assert len(alice.phone.calls) == 1, "the phone was rung anew"


async def test_a_phone_answered_while_the_controller_is_dead_talks_when_it_is_back(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    caller.dial("1001")
    await alice.phone.rings()
    await alice.is_now("ringing")
    async with Part(office.stack, "controller").killed():
        await alice.phone.answer()
        await alice.phone.talks()
    await reopen(alice)
    await office.hears("caller <-> alice")
    await alice.sees_state("established")
    await alice.is_now("on_call")


async def test_agents_whom_a_killed_controller_left_as_talking_or_reserved_are_rung_again(office: Office) -> None:
    alice, bob, erin = await office.agents("alice", "bob", "erin")
    redis = connect(office.stack.redis)
    left = RedisAvailability(redis, ProcessSettings.model_fields["redis_prefix"].default)
    caller = await office.caller()
    await office.connect(caller, erin, "1005")
    async with Part(office.stack, "controller").killed():
        # As killed between telling what a call makes of an agent, and writing that call.
        assert await left.set_activity("alice", "on_call", call="cc-never-written")
        assert await left.reserve("never-written", parse_target("agent:bob"), frozenset(), 600.0) == "bob"
        await disconnect(redis)
    await reopen(alice, bob, erin)
    await erin.is_now("on_call")
    for agent, number in ((alice, "1001"), (bob, "1002")):
        await agent.is_now("ready")
        another = await office.caller(f"for {agent.name}", f"+3360000{number}")
        await talk(another, agent, number)
    await office.hears("caller <-> erin", "for alice <-> alice", "for bob <-> bob")


async def test_a_waiting_caller_keeps_their_music_while_the_controller_is_dead_and_is_served_after(
    office: Office,
) -> None:
    (dave,) = [await office.agent("dave", ready=False)]
    caller = await office.caller()
    caller.dial("3000")
    await caller.hears_music(within=8)
    begin = time.monotonic()
    async with Part(office.stack, "controller").killed():
        await caller.stays_up(AWAY)
        await caller.hears_music()
    await reopen(dave)
    await caller.hears_music()
    await dave.command("PUT", "/v1/me/state", {"state": "ready"})
    await dave.phone.answer()
    await office.hears("caller <-> dave")
    caller.never_in_silence(longer_than=0.5, since=begin)


async def test_a_caller_who_comes_while_the_controller_is_dead_hears_music_and_is_served_after(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    async with Part(office.stack, "controller").killed():
        caller.dial("2000")
        await caller.hears_music(within=8)
        await caller.stays_up(AWAY)
    await alice.phone.answer(within=10)
    await reopen(alice)
    await office.hears("caller <-> alice")
    await alice.sees_state("established")


async def test_who_hangs_up_while_the_controller_is_dead_is_missed_when_it_is_back_s47(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    gone = await office.caller("gone", "+33600000001")
    stayed = await office.caller("stayed", "+33600000002")
    await talk(gone, alice, "1001")
    await talk(stayed, bob, "1002")
    async with Part(office.stack, "controller").killed():
        gone.hangup()
        await gone.ended()
    await reopen(alice, bob)
    await alice.phone.ended()
    await alice.is_now("ready")
    await bob.is_now("on_call")
    await office.hears("stayed <-> bob")
    again = await office.caller("again", "+33600000003")
    await talk(again, alice, "1001")
    await office.hears("stayed <-> bob", "again <-> alice")


async def test_calls_outlive_the_death_of_the_controller_and_redis_at_once(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.to("contact", "mute")
    await office.hears("alice -> caller")
    await caller.stays_up(2.0)  # Redis writes to its disk every second
    async with Part(office.stack, "controller").killed():
        await Part(office.stack, "redis").die_and_come_back()
    await reopen(alice)
    await office.hears("alice -> caller")
    await alice.to("contact", "unmute")
    await office.hears("caller <-> alice")
    await alice.is_now("on_call")


async def test_a_token_is_worth_something_after_the_controller_died(office: Office) -> None:
    (alice,) = await office.agents("alice")
    async with Part(office.stack, "controller").killed():
        pass
    assert (await alice.command("GET", "/v1/me"))["state"] == "ready"


async def test_a_controller_that_stood_still_for_five_seconds_obeys_again(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    async with undisturbed(office, "caller <-> alice"), Part(office.stack, "controller").frozen():
        await caller.stays_up(5.0)
    await reopen(alice)
    await alice.do("hold")
    await caller.hears_music()
    await alice.do("retrieve")
    await office.hears("caller <-> alice")
    await alice.sees_state("established")


async def test_what_happens_while_the_controller_stands_still_is_made_up_for(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    gone = await office.caller("gone", "+33600000001")
    late = await office.caller("late", "+33600000002")
    await talk(gone, alice, "1001")
    async with Part(office.stack, "controller").frozen():
        late.dial("1002")
        await late.talks()
        gone.hangup()
        await late.stays_up(5.0)
    await reopen(alice, bob)
    await alice.phone.ended()
    await alice.is_now("ready")
    await bob.phone.answer()
    await bob.sees_state("established")
    await office.hears("late <-> bob")


async def test_who_answered_while_the_controller_stood_still_past_the_end_of_the_ringing_talks_to_the_caller(
    office: Office,
) -> None:
    """Read by the clock alone, their phone would have rung in vain: the caller would be gone, and they not ready."""
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    caller.dial("1001")
    await alice.phone.rings()
    await alice.is_now("ringing")
    async with Part(office.stack, "controller").frozen():
        await alice.phone.answer()
        await caller.stays_up(OFFER_TIMEOUT + 1.0)
    await office.hears("caller <-> alice")
    await reopen(alice)
    await alice.sees_state("established")
    await alice.is_now("on_call")
    assert len(alice.phone.calls) == 1, "the phone was rung anew"


async def test_a_controller_stopped_in_order_and_started_again_leaves_calls_alone(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    async with undisturbed(office, "caller <-> alice"):
        await Part(office.stack, "controller").restart()
    await reopen(alice)
    await alice.do("hold")
    await caller.hears_music()
    await alice.do("retrieve")
    await office.hears("caller <-> alice")


async def test_a_supervisor_hears_on_when_the_controller_is_back_and_can_stop(office: Office) -> None:
    alice = await office.agent("alice")
    erin = await office.agent("erin", ready=False)
    caller = await office.caller()
    await office.connect(caller, alice)
    await erin.do("monitor", mode="whisper")
    whisper = ("caller <-> alice", "alice <-> erin", "caller -> erin")
    await office.hears(*whisper)
    async with undisturbed(office, "caller <-> alice", among=("caller", "alice")):
        async with Part(office.stack, "controller").killed():
            await office.hears(*whisper)
            await caller.stays_up(AWAY)
        await reopen(alice, erin)
        assert erin.call is not None
        assert [(m["mode"], m["state"]) for m in erin.call["monitors"]] == [("whisper", "connected")]
        await office.hears(*whisper)
        await erin.do("monitor", mode="listen")
        await office.hears("caller <-> alice", "alice -> erin", "caller -> erin")
    async with Part(office.stack, "controller").killed():
        erin.phone.hangup()
        await erin.phone.ended()
    await reopen(alice, erin)
    await office.hears("caller <-> alice")
    assert erin.call is not None
    assert erin.call["monitors"] == []
    await alice.do("hold")
    await caller.hears_music()
    await alice.do("retrieve")
    await office.hears("caller <-> alice")
