"""Callers who wait: music, order, announcements, and somebody free at last."""

from tests.bots import answers
from tests.e2e import crowd
from tests.e2e.office import Office


async def test_callers_wait_with_music_and_are_served_in_order(office: Office) -> None:
    first = await office.caller("first", "+33600000001")
    second = await office.caller("second", "+33600000002")
    first.dial("2000")
    await first.hears_music(within=8)
    second.dial("2000")
    await second.hears_music(within=8)
    alice = await office.agent("alice")
    await alice.phone.answer()
    await office.hears("first <-> alice")
    await alice.do("release")
    await first.ended()
    await alice.phone.answer()
    await office.hears("second <-> alice")


async def test_whoever_leaves_the_queue_leaves_no_trace(office: Office) -> None:
    caller = await office.caller()
    caller.dial("3000")
    await caller.hears_music(within=8)
    caller.hangup()
    await office.stack.no_calls()
    dave = await office.agent("dave")
    assert dave.phone.ringing is None
    await dave.is_now("ready")


async def test_a_voice_tells_the_place_in_the_queue(office: Office) -> None:
    caller = await office.caller()
    caller.dial(crowd.QUEUE_ANNOUNCED)
    await caller.hears_music(within=8)
    await caller.hears_speech(within=15)
    await caller.hears_music(within=15)


async def test_an_agent_who_lets_it_ring_is_followed_by_the_next_and_is_not_ready(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    bob.phone.behaviour = answers(1)
    caller = await office.caller()
    caller.dial("2000")
    await alice.phone.rings()
    await alice.phone.stops_ringing(within=20)
    await office.hears("caller <-> bob")
    await alice.is_now("not_ready")
    assert alice.me["reason"] == "no_answer"
