"""An ear with a clock, and sounds to play to it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.bots import tones
from tests.bots.hearing import Ear
from tests.bots.sound import Sound

Report = tuple[float, frozenset[int], Sound]


class Listener:
    """An ear, its reports, and a clock of 20 ms frames."""

    def __init__(self, voices: int = tones.DEFAULT_VOICES) -> None:
        self.level = tones.amplitude(voices)
        self.reports: list[Report] = []
        self.ear = Ear(lambda *report: self.reports.append(report), self.level)
        self.at = 0.0

    def hear(self, frame: bytes, times: int = 1) -> None:
        """The same frame, again and again."""
        for _ in range(times):
            self.ear.feed(round(self.at, 3), frame)
            self.at += tones.FRAME_SECONDS

    def listen(self, samples: NDArray[np.floating]) -> None:
        """A longer sound."""
        for begin in range(0, len(samples) - tones.FRAME + 1, tones.FRAME):
            self.hear(tones.encode(samples[begin : begin + tones.FRAME]))

    def ever(self) -> set[int]:
        """Every tone that was ever reported."""
        return set().union(*(heard for _, heard, _ in self.reports))


def mix(indices: set[int], level: float, shift: int = 0) -> bytes:
    """What a conference makes of those bots: their decoded payloads, summed, and at any offset."""
    total = np.sum([tones.decode(tones.payload(index, level)) for index in sorted(indices)], axis=0)
    return tones.encode(np.roll(total, shift))


def music(seconds: float, seed: int) -> NDArray[np.floating]:
    """Chords of tempered notes with partials, decay, and a vibrato as instruments and voices have."""
    chance = np.random.default_rng(seed)
    time = np.arange(round(seconds * tones.RATE)) / tones.RATE
    total = np.zeros(len(time))
    for begin in np.arange(0, seconds, 0.5):
        after = np.clip(time - begin, 0, None)
        for note in chance.integers(-12, 25, 3):
            hertz = 440 * 2 ** (note / 12) * (1 + 0.004 * np.sin(2 * np.pi * 5 * time))
            phase = 2 * np.pi * np.cumsum(hertz) / tones.RATE + chance.uniform(0, 6)
            for partial in (1, 2, 3):
                total += 1500 / partial * np.sin(partial * phase) * np.exp(-2 * after) * (time >= begin)
    return total


def babble(seconds: float, seed: int) -> NDArray[np.floating]:
    """Syllables: noise and a gliding voice through an envelope with pauses, four to the second."""
    chance = np.random.default_rng(seed)
    time = np.arange(round(seconds * tones.RATE)) / tones.RATE
    pitch = 2 * np.pi * np.cumsum(110 + 30 * np.sin(2 * np.pi * 0.7 * time + chance.uniform(0, 6))) / tones.RATE
    voice = sum(np.sin(partial * pitch) / partial for partial in range(1, 20))
    envelope = np.clip(np.sin(2 * np.pi * 4 * time + chance.uniform(0, 6)), 0, None) ** 2
    return np.asarray((3000 * voice + chance.normal(0, 500, len(time))) * envelope)
