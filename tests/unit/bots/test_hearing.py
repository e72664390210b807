"""The detector: any mix of bots is known exactly, and nothing else passes for a bot."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bots import tones
from tests.bots.sound import Sound
from tests.unit.bots.listening import Listener, babble, mix, music

MIXES = st.sets(st.integers(tones.FIRST_FREE, tones.TONES - 1), min_size=1, max_size=tones.TONES - 2)


@given(MIXES, st.integers(0, tones.FRAME - 1))
def test_any_set_of_bots_in_a_mix_is_recognised_exactly_and_stamped_at_its_first_frame(
    bots: set[int], shift: int
) -> None:
    listener = Listener(voices=len(bots))
    listener.hear(mix(bots, listener.level, shift), 3)
    assert listener.reports[-1] == (0.0, frozenset(bots), Sound.VOICES)


@given(MIXES, MIXES)
def test_who_comes_and_who_goes_is_recognised_within_three_frames(before: set[int], after: set[int]) -> None:
    listener = Listener(voices=tones.TONES)
    listener.hear(mix(before, listener.level), 20)
    listener.hear(mix(after, listener.level), 3)
    assert listener.ear.heard == after
    changed = [at for at, _, _ in listener.reports if at > 0]
    assert set(changed) == ({0.4} if before != after else set())


@given(MIXES, MIXES, st.integers(0, 5))
def test_who_comes_after_a_short_pause_is_reported_too(before: set[int], after: set[int], pause: int) -> None:
    listener = Listener(voices=tones.TONES)
    listener.hear(mix(before, listener.level), 20)
    listener.hear(tones.SILENCE, pause)
    listener.hear(mix(after, listener.level), 20)
    assert listener.ear.heard == after


def test_going_silent_is_stamped_at_the_first_silent_frame() -> None:
    listener = Listener()
    listener.hear(tones.payload(5, listener.level), 10)
    listener.hear(tones.SILENCE, 3)
    assert listener.reports[-1] == (0.2, frozenset(), Sound.SILENCE)


def test_two_lost_frames_change_nothing_three_do() -> None:
    listener = Listener()
    tone = tones.payload(5, listener.level)
    listener.hear(tone, 10)
    listener.hear(tones.SILENCE, 2)
    listener.hear(tone, 10)
    assert len([report for report in listener.reports if report[1]]) == 1
    assert listener.ear.heard == {5}


def test_no_rtp_is_distinguished_from_silence() -> None:
    listener = Listener()
    listener.hear(tones.payload(5, listener.level), 10)
    listener.ear.lost()
    at, *rest = listener.reports[-1]
    assert at == pytest.approx(0.2)
    assert rest == [frozenset(), Sound.NO_RTP]
    listener.at = 1.0
    listener.hear(tones.SILENCE)
    assert listener.reports[-1] == (1.0, frozenset(), Sound.SILENCE)


@given(st.integers(tones.FIRST_FREE, tones.TONES - 1), st.integers(1, tones.FRAME - 1))
def test_a_slip_in_phase_is_not_a_departure(index: int, shift: int) -> None:
    listener = Listener()
    tone = tones.payload(index, listener.level)
    listener.hear(tone, 10)
    listener.hear(tone[shift:] + tone[:shift], 10)
    assert [heard for _, heard, _ in listener.reports] == [frozenset({index})]


def test_a_tone_interleaved_with_other_packets_is_still_heard() -> None:
    listener = Listener()
    noise = np.random.default_rng(1).normal(0, 2000, (20, tones.FRAME))
    for frame in noise:
        listener.hear(tones.payload(7, listener.level))
        listener.hear(tones.encode(frame))
    assert listener.ever() == {7}


def test_a_tone_under_an_announcement_is_heard() -> None:
    listener = Listener()
    tone = np.tile(tones.wave(30, listener.level), 100)
    listener.listen(tone + babble(2.0, seed=3) * 0.4)
    assert 30 in listener.ever()


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_music_is_never_a_bot(seed: int) -> None:
    listener = Listener()
    listener.listen(music(2.0, seed))
    assert listener.ever() == set()


@given(st.integers(0, 10_000))
@settings(max_examples=40)
def test_speech_is_never_a_bot(seed: int) -> None:
    listener = Listener()
    listener.listen(babble(2.0, seed))
    assert listener.ever() == set()
