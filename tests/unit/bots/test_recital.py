"""Announcements are distinguished from each other, and from music, by their waves."""

from __future__ import annotations

import numpy as np

from tests.bots.recital import likeness, recited
from tests.bots.tones import RATE, SILENCE, Samples, encode


def noise(seed: int, seconds: float) -> Samples:
    """A recording like no other: noise that swells and fades as speech does."""
    dice = np.random.default_rng(seed)
    count = round(seconds * RATE)
    swell = np.abs(np.sin(np.arange(count) * 2 * np.pi * 4 / RATE))
    return (dice.normal(0.0, 3000.0, count) * swell).astype(np.float32)


ONE, TWO, THREE = noise(1, 1.0), noise(2, 0.5), noise(3, 0.7)


def test_prompts_are_found_in_the_order_in_which_they_were_played() -> None:
    tape = SILENCE * 20 + encode(TWO) + SILENCE * 3 + encode(noise(9, 2.0)) + encode(ONE)
    assert recited(tape, {"one": ONE, "two": TWO, "three": THREE}) == ["two", "one"]


def test_the_last_frames_may_be_missing() -> None:
    assert recited(encode(ONE)[: -RATE // 20], {"one": ONE}) == ["one"]


def test_what_was_cut_off_or_is_longer_than_the_tape_was_not_heard() -> None:
    assert recited(encode(ONE)[: RATE // 3], {"one": ONE}) == []
    assert recited(encode(ONE)[: RATE // 3] + SILENCE * 100, {"one": ONE}) == []
    assert recited(SILENCE * 100, {"one": ONE, "nothing": np.zeros(800, dtype=np.float32)}) == []


def test_a_prompt_is_found_at_any_sample_and_level() -> None:
    quiet = np.concatenate([noise(7, 0.31), ONE * np.float32(0.3), noise(8, 0.2)])
    size, at = likeness(quiet, ONE)
    assert size > 0.99
    assert at == round(0.31 * RATE) / RATE
