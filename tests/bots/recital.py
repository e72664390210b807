"""Which announcements a bot heard, in which language: a sound file is found again in what the bot received.

The match is of the waves themselves (normalised cross-correlation), so that nothing but that recording can pass. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from tests.bots.tones import RATE, Samples, decode

_THE_SAME: Final = 0.8
"""Transcoding to PCMU and back costs a few hundredths; another recording comes to 0.2 at most."""
_FAINT: Final = 1.0
_CUT: Final = RATE // 5
"""Whoever hangs up after an announcement may be a few frames too early for the last of it."""


def likeness(heard: Samples, prompt: Samples) -> tuple[float, float]:
    """(how much the best stretch of `heard` is that prompt, from 0 to 1; at which second it begins)."""
    places = len(heard) - len(prompt) + 1
    if places < 1 or not prompt.any():
        return 0.0, 0.0
    size = 1 << (len(heard) + len(prompt)).bit_length()
    product = np.fft.rfft(heard, size) * np.conj(np.fft.rfft(prompt, size))
    correlation = np.fft.irfft(product, size)[:places]
    energy = np.concatenate([[0.0], np.cumsum(heard.astype(np.float64) ** 2)])
    stretches = energy[len(prompt) :] - energy[:places]
    scale = np.sqrt(np.maximum(stretches, _FAINT) * float(prompt.astype(np.float64) @ prompt))
    found = np.abs(correlation) / scale
    best = int(found.argmax())
    return float(found[best]), best / RATE


def recited(tape: bytes, prompts: Mapping[str, Samples]) -> list[str]:
    """The names of those prompts that are on a tape of PCMU, in the order in which they begin; each once."""
    heard = np.concatenate([decode(bytes(tape)), np.zeros(_CUT, dtype=np.float32)])
    found = {name: likeness(heard, prompt) for name, prompt in prompts.items()}
    return sorted((name for name, (size, _) in found.items() if size > _THE_SAME), key=lambda name: found[name][1])
