"""Keys as tones: made, and heard again."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bots import Lab, keys, tones
from tests.bots.rtp import DTMF_KEYS


def heard(frames: list[bytes]) -> str:
    ear = keys.KeyEar()
    return "".join(ear.feed(tones.decode(frame)) for frame in frames)


def test_every_key_is_heard_as_itself_and_twice_when_pressed_twice() -> None:
    for key in DTMF_KEYS:
        assert heard(keys.press(key)) == key
        assert heard(keys.press(key) * 2) == key * 2


def test_neither_a_voice_nor_silence_nor_noise_is_a_key() -> None:
    noise = np.random.default_rng(7).normal(0, 3000, tones.FRAME).astype(np.float32)
    frames = [tones.SILENCE, tones.encode(noise)]
    frames += [tones.payload(index, tones.amplitude()) for index in range(tones.TONES)]
    assert heard([frame for frame in frames for _ in range(5)]) == ""


@pytest.mark.parametrize("keys_as_tones", [False, True])
async def test_keys_reach_the_other_phone_as_events_or_as_tones(keys_as_tones: bool) -> None:
    async with Lab(None, bind="127.0.77.4") as lab:
        alice, bob = await lab.phone("alice"), await lab.phone("bob")
        alice.keys_as_tones = bob.keys_as_tones = keys_as_tones
        call = alice.dial(bob.uri)
        await bob.answer()
        await alice.hears("bob")
        await alice.send_dtmf("12#")
        await bob.receives_dtmf("12#")
        assert (call.audio.stream.dtmf_payload is None) is keys_as_tones


async def test_a_lab_that_is_closed_has_given_its_addresses_back() -> None:
    address = ("127.0.77.5", 5080)
    for _ in range(2):
        async with Lab(None, carrier=address) as lab:
            lab.asterisk = ("127.0.77.6", 5060)
            await lab.contact("caller", "+33611111111")
