"""Hold, retrieve, release and clear of an ordinary call; answering from the desktop."""

import asyncio

from tests.e2e.office import Office


async def test_the_contact_on_hold_hears_music_and_is_heard_by_nobody_until_retrieved(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    call = await alice.do("hold")
    assert call["state"] == "held"
    assert call["held_since"] is not None
    await office.nobody_hears_anybody()
    await caller.hears_music(within=8)
    call = await alice.do("retrieve")
    assert call["state"] == "established"
    await office.hears("caller <-> alice")


async def test_the_phones_hold_key_does_the_same(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.phone.hold()
    await alice.sees_state("held")
    await caller.hears_music(within=8)
    await alice.phone.resume()
    await alice.sees_state("established")
    await office.hears("caller <-> alice")


async def test_release_ends_a_call_of_two(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    call = await alice.do("release")
    assert call["state"] == "released"
    await caller.ended()
    await alice.phone.ended()
    await alice.is_now("ready")


async def test_clear_ends_it_for_all_s38(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await alice.do("clear")
    await caller.ended()
    await alice.phone.ended()
    await bob.phone.ended()
    await alice.is_now("ready")
    await bob.is_now("ready")


async def test_an_agent_answers_from_the_desktop(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    caller.dial("1001")
    await alice.phone.rings()
    await alice.sees(lambda call: "answer" in call["actions"], "may answer")
    call = await alice.do("answer")
    assert call["state"] == "established"
    await office.hears("caller <-> alice")


async def test_an_agent_declines_from_the_desktop_and_the_caller_goes_to_the_next(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    caller.dial("2000")
    await alice.phone.rings()
    await alice.sees(lambda call: "release" in call["actions"], "may decline")
    await alice.do("release")
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await alice.is_now("ready")


async def test_a_phone_hung_up_with_the_contact_on_hold_rings_again_on_retrieve(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("hold")
    alice.phone.hangup()
    await alice.phone.ended()
    await caller.hears_music(within=8)
    await alice.do("retrieve")
    await office.hears("caller <-> alice")


async def test_the_hold_key_works_in_a_call_that_was_dialled_by_hand(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    alice.phone.dial("1002")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.phone.hold()
    await bob.phone.hears_music(within=8)
    await alice.sees_state("held")
    await alice.phone.resume()
    await office.hears("alice <-> bob")


async def test_hold_does_not_wait_for_digits_that_are_still_being_sent(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    digits = "0123456789" * 3
    sending = asyncio.create_task(alice.do("send-dtmf", digits=digits))
    await caller.receives_dtmf("01")
    await alice.do("hold")
    assert not sending.done()
    await caller.until(lambda: "alice" not in caller.timeline.now.voices, "no longer hears alice")
    assert len(caller.digits) < len(digits)
    await sending
    assert caller.digits == digits
    await caller.hears_music()


async def test_digits_to_a_contact_on_hold_do_not_end_their_music_s35(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("hold")
    await caller.hears_music(within=8)
    await alice.do("send-dtmf", digits="42#")
    await caller.receives_dtmf("42#")
    await caller.stays_up(1.0)
    await caller.hears_music()
    await alice.do("retrieve")
    await office.hears("caller <-> alice")


async def test_an_agent_takes_a_call_on_hold_to_another_phone_s13(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("hold")
    alice.phone.hangup()
    await alice.phone.ended()
    # Nobody gets there faster; and who retrieves before Asterisk has reported the hang-up has ended the call by it.
    await caller.hears_music(within=8)
    await office.lab.phone("elsewhere", "1001", "phone-1001")
    await alice.do("retrieve")
    await office.hears("caller <-> elsewhere")
    assert len(alice.phone.calls) == 1, "the phone that they left was rung"
