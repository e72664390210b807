"""Tones and PCMU."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.bots import tones


@given(st.integers(0, 255))
def test_every_code_survives_decoding_and_encoding(code: int) -> None:
    linear = tones.decode(bytes([code]))
    assert tones.decode(tones.encode(linear))[0] == linear[0]


def test_silence_is_silent_and_full_scale_clips() -> None:
    assert not tones.decode(tones.SILENCE).any()
    assert tones.encode(np.array([0.0])) == b"\xff"
    assert tones.encode(np.array([99_999.0])) == tones.encode(np.array([32_124.0]))


@given(st.integers(0, tones.TONES - 1), st.floats(300, 26_000))
def test_a_tone_is_periodic_in_one_frame_and_alone_in_its_spectrum(index: int, level: float) -> None:
    frame = tones.wave(index, level)
    found = np.abs(tones.spectrum(frame))
    assert abs(found[index] - level) < 0.01 * level
    found[index] = 0
    assert found.max() < 0.01 * level


def test_a_ringing_cadence_is_whole_frames_of_burst_and_pause() -> None:
    frames = tones.ringing_cadence()
    assert {len(frame) for frame in frames} == {tones.FRAME}
    assert len(frames) == 250
    assert frames[-1] == tones.SILENCE
