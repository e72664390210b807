"""What a controller that died leaves to the next: tones, keys, what was begun and not yet kept."""

import pytest

from tests.bots.sound import Sound
from tests.e2e.containers import Part
from tests.e2e.office import Office
from tests.e2e.witness import reopen

PARTNER = "+33555000111"


async def test_the_hold_key_of_a_phone_works_on_after_the_controller_died_s13_s46(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.phone.hold()
    await caller.hears_music(within=8)
    async with Part(office.stack, "controller").killed():
        pass
    await reopen(alice)
    await alice.sees_state("held")
    await caller.hears_music()
    await alice.phone.resume()
    await office.hears("caller <-> alice")
    await alice.phone.hold()
    await caller.hears_music(within=8)
    await alice.phone.resume()
    await office.hears("caller <-> alice")


@pytest.mark.parametrize("target", ["agent:bob", f"number:{PARTNER}"])
async def test_who_waits_for_the_target_of_a_transfer_hears_it_ring_on_after_the_controller_died_s10(
    office: Office, target: str
) -> None:
    alice, _ = await office.agents("alice", "bob")
    await office.caller("partner", PARTNER)
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target=target)
    await alice.phone.hears_sound(Sound.RINGING, within=8)
    async with Part(office.stack, "controller").killed():
        pass
    await reopen(alice)
    await alice.phone.hears_sound(Sound.RINGING, within=8, stable=1.0)
    await caller.hears_music(within=8)
