"""Two bots that call each other directly over loopback: no Asterisk, real SIP and RTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.bots import (
    CallRefused,
    CallState,
    DeadlineMissed,
    Lab,
    Phone,
    Sound,
    answers,
    declines,
    everyone,
    forwards,
    is_busy,
    rings,
)
from tests.bots.behaviour import Progress


@pytest_asyncio.fixture
async def lab() -> AsyncIterator[Lab]:
    async with Lab(None, bind="127.0.77.3") as lab:
        yield lab


@pytest_asyncio.fixture
async def alice(lab: Lab) -> Phone:
    return await lab.phone("alice", display="Alice Martin")


@pytest_asyncio.fixture
async def bob(lab: Lab) -> Phone:
    return await lab.phone("bob", display="Bob Lefèvre")


async def test_callers_hear_ringing_then_each_other(lab: Lab, alice: Phone, bob: Phone) -> None:
    call = alice.dial(bob.uri)
    await bob.rings()
    await alice.hears_ringing()
    await bob.displays(name="Alice Martin", number="alice")
    answered = await bob.answer()
    await lab.exactly(everyone("alice", "bob"), among=("alice", "bob"), within=3)
    assert call.stamps["200 received"] >= answered.stamps["200 sent"]
    assert await alice.first_hears("bob", after=answered.stamps["200 sent"]) - answered.stamps["200 sent"] < 0.2


async def test_hanging_up_ends_the_call_on_both_sides(alice: Phone, bob: Phone) -> None:
    bob.behaviour = answers()
    call = alice.dial(bob.uri)
    await alice.hears("bob")
    alice.hangup()
    assert await bob.ended() == "the other side hung up"
    assert call.cause == "hung up"
    assert bob.timeline.now.sound is Sound.IDLE


async def test_going_silent_is_heard_and_so_is_speaking_again(lab: Lab, alice: Phone, bob: Phone) -> None:
    bob.behaviour = answers()
    alice.dial(bob.uri)
    await lab.hears(("alice", "bob"), ("bob", "alice"))
    bob.say(False)
    await lab.exactly({("bob", "alice")}, among=("alice", "bob"))
    await alice.hears_nothing()
    bob.say(True)
    await lab.exactly(everyone("alice", "bob"), among=("alice", "bob"))


async def test_the_hold_key_silences_both_directions_until_pressed_again(lab: Lab, alice: Phone, bob: Phone) -> None:
    bob.behaviour = answers()
    alice.dial(bob.uri)
    await lab.hears(("alice", "bob"), ("bob", "alice"))
    await alice.hold()
    await lab.silence_between("alice", "bob")
    assert bob.call.audio.held_by_other
    await alice.resume()
    await lab.exactly(everyone("alice", "bob"), among=("alice", "bob"))
    assert not bob.call.audio.held_by_other


async def test_a_declined_call_is_acknowledged_and_over(alice: Phone, bob: Phone) -> None:
    bob.behaviour = declines()
    call = alice.dial(bob.uri)
    await alice.ended(call)
    assert call.status == 603
    await bob.until(lambda: "ack received" in bob.call.stamps, "gets the ACK of its rejection", within=2)


async def test_busy_is_486(alice: Phone, bob: Phone) -> None:
    bob.behaviour = is_busy()
    call = alice.dial(bob.uri)
    assert await alice.ended(call) == "rejected 486 Busy Here"


async def test_a_caller_who_gives_up_stops_the_ringing(alice: Phone, bob: Phone) -> None:
    call = alice.dial(bob.uri)
    await bob.rings()
    call.hangup('SIP;cause=200;text="Call completed elsewhere"')
    await bob.stops_ringing()
    assert bob.call.cause == "cancelled by the caller"
    assert bob.call.answered_elsewhere


async def test_a_caller_who_gives_up_at_once_is_cancelled_as_soon_as_the_other_side_answers(
    alice: Phone, bob: Phone
) -> None:
    call = alice.dial(bob.uri)
    call.hangup()
    await bob.until(lambda: bool(bob.calls), "gets the INVITE")
    await bob.ended()
    assert bob.call.cause == "cancelled by the caller"


async def test_a_cancel_that_crosses_the_answer_ends_the_call_all_the_same(alice: Phone, bob: Phone) -> None:
    bob.behaviour = answers()
    call = alice.dial(bob.uri)
    call.hangup()
    await bob.until(lambda: bool(bob.calls), "gets the INVITE")
    await bob.ended()
    assert bob.call.cause == "the other side hung up"


async def test_a_phone_without_its_cable_hears_and_says_nothing(lab: Lab, alice: Phone, bob: Phone) -> None:
    bob.behaviour = answers()
    alice.dial(bob.uri)
    await lab.hears(("alice", "bob"), ("bob", "alice"))
    bob.unplug()
    await alice.hears_sound(Sound.NO_RTP)
    await bob.hears_sound(Sound.NO_RTP)
    await bob.plug_in()
    await lab.exactly(everyone("alice", "bob"), among=("alice", "bob"))


async def test_an_invite_that_asks_for_it_is_answered_by_itself_unless_switched_off(alice: Phone, bob: Phone) -> None:
    alice.call_uri(bob.uri, bob.line.agent.address, {"Call-Info": "<sip:x>;answer-after=0"})
    await alice.hears("bob")
    alice.hangup()
    bob.auto_answer = False
    alice.call_uri(bob.uri, bob.line.agent.address, {"Alert-Info": "Auto Answer"})
    await bob.rings()


async def test_dtmf_arrives_once_a_key_and_in_order(alice: Phone, bob: Phone) -> None:
    bob.behaviour = answers()
    call = alice.dial(bob.uri)
    await alice.hears("bob")
    await call.send_dtmf("112#")
    await bob.receives_dtmf("112#", within=3)
    await bob.hears("alice")


async def test_early_media_is_heard_before_the_answer(alice: Phone, bob: Phone) -> None:
    bob.behaviour = answers(0.4, progress="early media")
    call = alice.dial(bob.uri)
    await alice.until(lambda: "183 received" in call.stamps, "gets 183")
    await alice.hears_ringing()
    await alice.hears("bob")


@pytest.mark.parametrize(
    ("progress", "status", "hears"),
    [
        ("100 alone", None, Sound.NO_RTP),
        ("ringing", 180, Sound.RINGING),  # the caller's own phone plays it
        ("183 without SDP", 183, Sound.NO_RTP),
        ("183 without audio", 183, Sound.NO_RTP),
        ("early media", 183, Sound.RINGING),
    ],
)
async def test_ringing_is_reported_in_every_way_that_networks_have(
    alice: Phone, bob: Phone, progress: Progress, status: int | None, hears: Sound
) -> None:
    bob.behaviour = rings(progress=progress)
    call = alice.dial(bob.uri)
    await bob.rings()
    await alice.hears_sound(hears, stable=0.3)
    reported = [kind for kind in ("180 received", "183 received") if kind in call.stamps]
    assert reported == ([f"{status} received"] if status else [])
    await bob.answer()
    await alice.hears("bob")


async def test_of_two_phones_that_answer_at_once_one_is_talked_to_and_the_other_is_hung_up(
    lab: Lab, alice: Phone, bob: Phone
) -> None:
    bob.behaviour = answers(habit="answers twice")
    alice.dial(bob.uri)
    await bob.until(lambda: len(bob.calls) == 2 and len(bob.live) == 1, "is rid of one of its calls")
    assert bob.calls[1].cause == "the other side hung up"
    await lab.exactly(everyone("alice", "bob"), among=("alice", "bob"))
    alice.hangup()
    await bob.ended()


async def test_a_phone_that_holds_by_itself_is_held_until_it_resumes(lab: Lab, alice: Phone, bob: Phone) -> None:
    bob.behaviour = answers(habit="holds")
    call = alice.dial(bob.uri)
    await alice.until(lambda: call.audio.held_by_other, "is held")
    await lab.silence_between("alice", "bob")
    await bob.resume()
    await lab.exactly(everyone("alice", "bob"), among=("alice", "bob"))


async def test_a_call_that_is_lost_is_unknown_to_its_phone(alice: Phone, bob: Phone) -> None:
    bob.behaviour = answers()
    call = alice.dial(bob.uri)
    await alice.hears("bob")
    bob.lose_calls()
    await alice.hears_nothing()
    assert call.state is CallState.UP
    with pytest.raises(CallRefused) as refused:
        await call.hold()
    assert refused.value.status == 481


async def test_a_phone_that_forwards_names_the_number(alice: Phone, bob: Phone) -> None:
    bob.behaviour = forwards("1003")
    call = alice.dial(bob.uri)
    assert await alice.ended() == "rejected 302 Moved Temporarily"
    assert call.status == 302


async def test_several_calls_at_once_one_held(lab: Lab, alice: Phone, bob: Phone) -> None:
    carol = await lab.phone("carol", behaviour=answers())
    bob.behaviour = answers()
    first = alice.dial(bob.uri)
    await lab.hears(("alice", "bob"), ("bob", "alice"))
    await first.hold()
    alice.dial(carol.uri)
    await lab.exactly(everyone("alice", "carol"), among=("alice", "bob", "carol"))


async def test_a_blind_transfer_connects_the_other_two(lab: Lab, alice: Phone, bob: Phone) -> None:
    carol = await lab.phone("carol")
    bob.behaviour = answers()
    alice.dial(bob.uri)
    await lab.hears(("alice", "bob"), ("bob", "alice"))
    transfer = await alice.transfer(carol.uri)
    assert transfer.accepted == 202
    await carol.answer()
    await lab.exactly(everyone("bob", "carol"), among=("alice", "bob", "carol"))
    await alice.until(lambda: transfer.succeeded, "is notified that the transfer succeeded")
    await alice.ended()
    assert transfer.progress == [100, 200]


async def test_a_failed_blind_transfer_leaves_the_call_with_the_transferor(lab: Lab, alice: Phone, bob: Phone) -> None:
    carol = await lab.phone("carol", behaviour=declines())
    bob.behaviour = answers()
    alice.dial(bob.uri)
    await lab.hears(("alice", "bob"), ("bob", "alice"))
    transfer = await alice.transfer(carol.uri)
    await alice.until(lambda: transfer.finished, "is shown the outcome")
    assert transfer.progress == [100, 603]
    assert alice.call.state is CallState.UP


async def test_a_transfer_without_subscription_ends_with_its_acceptance(lab: Lab, alice: Phone, bob: Phone) -> None:
    await lab.phone("carol", behaviour=answers())
    bob.behaviour = answers()
    alice.dial(bob.uri)
    await lab.hears(("alice", "bob"), ("bob", "alice"))
    transfer = await alice.transfer(lab["carol"].line.agent.contact("carol").strip("<>"), refer_sub=False)
    await alice.ended()
    assert transfer.progress == []
    await lab.exactly(everyone("bob", "carol"), among=("alice", "bob", "carol"))


async def test_an_attended_transfer_replaces_the_consultation(lab: Lab, alice: Phone, bob: Phone) -> None:
    carol = await lab.phone("carol", behaviour=answers())
    bob.behaviour = answers()
    first = alice.dial(bob.uri)
    await lab.hears(("alice", "bob"), ("bob", "alice"))
    await first.hold()
    alice.dial(carol.uri)
    await lab.hears(("alice", "carol"), ("carol", "alice"))
    await alice.transfer_attended()
    await lab.exactly(everyone("bob", "carol"), among=("alice", "bob", "carol"))
    await alice.ended()


async def test_a_missed_deadline_tells_the_story(lab: Lab, alice: Phone, bob: Phone) -> None:
    alice.dial(bob.uri)
    await bob.rings()
    with pytest.raises(DeadlineMissed) as missed:
        await lab.hears(("alice", "bob"), within=0.05)
    assert "180 received" in str(missed.value)
    assert "ringing" in str(missed.value)
