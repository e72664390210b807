"""Ways out of a queue by keys, and callers who are called back: what phones hear, also when a controller dies."""

import asyncio

from tests.bots import Contact, is_busy
from tests.bots.desktop import Json
from tests.e2e import crowd
from tests.e2e.containers import Part
from tests.e2e.office import CALLER_NUMBER, Agent, Office
from tests.e2e.witness import reopen

SECOND_NUMBER = "+33600000002"
CALLED = 10.0
"""Seconds: in which a customer is rung whose turn it is."""


async def _waits(caller: Contact) -> None:
    caller.dial(crowd.QUEUE_WITH_KEYS)
    await caller.hears_music(within=8)


async def _leaves_to_be_called_back(caller: Contact) -> None:
    await _waits(caller)
    await caller.send_dtmf("1")
    await caller.ended(within=8)


async def _listed(erin: Agent) -> list[Json]:
    found: list[Json] = (await erin.command("GET", "/v1/callbacks"))["callbacks"]
    return found


async def test_who_waits_leaves_by_a_key_for_somebody_else(office: Office) -> None:
    other = await office.agent("crowd01")
    caller = await office.caller()
    await _waits(caller)
    await caller.send_dtmf("2")
    await other.phone.answer()
    await office.hears("caller <-> crowd01")


async def test_who_waits_hears_what_to_press_and_one_key_hangs_up(office: Office) -> None:
    caller = await office.caller()
    await _waits(caller)
    await caller.hears_speech(within=15)
    pressing = asyncio.create_task(caller.send_dtmf("9"))  # they are gone before the key has been let go
    await caller.ended()
    pressing.cancel()
    await office.stack.no_calls()


async def test_a_caller_keeps_their_place_and_is_called_back_before_who_came_later(office: Office) -> None:
    erin = await office.agent("erin", ready=False)
    caller = await office.caller()
    await _leaves_to_be_called_back(caller)
    (listed,) = await _listed(erin)
    assert (listed["number"], listed["state"], listed["target"]) == (CALLER_NUMBER, "queued", "queue:keys")
    second = await office.caller("second", SECOND_NUMBER)
    await _waits(second)
    rested = await office.agent(crowd.RESTED)
    await rested.phone.rings()
    await rested.phone.displays(number=CALLER_NUMBER)
    assert caller.ringing is None
    await rested.phone.answer()
    await caller.rings(within=CALLED)
    await rested.phone.hears_ringing()
    await second.hears_music()
    await caller.answer()
    await office.hears(f"caller <-> {crowd.RESTED}")
    await rested.sees_state("established")
    assert rested.call is not None
    assert rested.call["callback"] is None
    await rested.do("release")
    await caller.ended()
    await rested.phone.answer(within=CALLED)
    await office.hears(f"second <-> {crowd.RESTED}")


async def test_a_controller_that_dies_forgets_nobody_who_is_to_be_called_back_nor_is_being_rung(office: Office) -> None:
    erin = await office.agent("erin", ready=False)
    caller = await office.caller()
    await _leaves_to_be_called_back(caller)
    async with Part(office.stack, "controller").killed():
        pass
    await reopen(erin)
    rested = await office.agent(crowd.RESTED)
    await rested.phone.answer()
    await caller.rings(within=CALLED)
    async with Part(office.stack, "controller").killed():
        assert caller.ringing is not None
    await reopen(erin, rested)
    await caller.answer()
    await office.hears(f"caller <-> {crowd.RESTED}")


async def test_who_does_not_come_to_the_phone_is_tried_again_and_in_the_end_given_up(office: Office) -> None:
    erin = await office.agent("erin", ready=False)
    caller = await office.caller()
    await _leaves_to_be_called_back(caller)
    caller.behaviour = is_busy()
    rested = await office.agent(crowd.RESTED)
    for tries in (1, 2):
        await rested.phone.answer(within=CALLED)
        await rested.phone.ended(within=CALLED)
        await rested.is_now("ready")
        if tries == 1:
            (listed,) = await _listed(erin)
            assert (listed["state"], listed["tries"], listed["last"]) == ("resting", 1, "busy")
    await erin.phone.until(lambda: any(x["alarm"] == "not_called_back" for x in erin.alarms), "is notified of it")
    assert await _listed(erin) == []
    await office.stack.no_calls()


async def test_who_withholds_their_number_keys_one_in_and_a_supervisor_ends_it(office: Office) -> None:
    erin = await office.agent("erin", ready=False)
    caller = await office.caller()
    caller.dial(crowd.QUEUE_WITH_KEYS, withheld=True)
    await caller.hears_music(within=8)
    await caller.send_dtmf("1")
    await caller.send_dtmf("0612345678#")
    await caller.ended(within=8)
    (listed,) = await _listed(erin)
    assert (listed["number"], listed["name"]) == ("0612345678", "")
    answer = await erin.command("DELETE", f"/v1/callbacks/{listed['call']}")
    assert (answer["state"], answer["end_reason"]) == ("released", "cleared")
    assert await _listed(erin) == []
    await office.stack.no_calls()


async def test_who_calls_in_again_has_their_place_and_is_not_called_back(office: Office) -> None:
    erin = await office.agent("erin", ready=False)
    caller = await office.caller()
    await _leaves_to_be_called_back(caller)
    second = await office.caller("second", SECOND_NUMBER)
    await _waits(second)
    await _waits(caller)
    assert await _listed(erin) == []
    rested = await office.agent(crowd.RESTED)
    await rested.phone.answer()
    await office.hears(f"caller <-> {crowd.RESTED}")
    await second.hears_music()
