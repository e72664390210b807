"""Keys as tones in the audio (DTMF, ITU-T Q.23), as old phones and some carriers send them: made, and heard."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.bots.tones import FRAME, RATE, SILENCE, Samples, encode

_LOW: Final = (697, 770, 852, 941)
_HIGH: Final = (1209, 1336, 1477, 1633)
_PAD: Final = "123A456B789C*0#D"
_LEVEL: Final = 6000.0
_FAINTEST: Final = 500.0
_PURE: Final = 0.8
"""Of a frame's energy, what must be in the two tones of one key."""
_FRAMES: Final = 2


def _waves(hertz: tuple[int, ...], frames: int) -> NDArray[np.complex128]:
    angle = 2 * math.pi / RATE * np.arange(frames * FRAME)[:, None] * np.array(hertz)[None, :]
    waves: NDArray[np.complex128] = np.exp(1j * angle)
    return waves


_BASIS: Final = _waves(_LOW + _HIGH, 1) * (2 / FRAME)


def press(key: str, pressed: int = 5, pause: int = 5) -> list[bytes]:
    """The frames of one key, 100 ms unless said otherwise, and of the pause after it."""
    place = _PAD.index(key)
    pair = (_LOW[place // 4], _HIGH[place % 4])
    sound = encode(_LEVEL * _waves(pair, pressed).imag.sum(axis=1)) + SILENCE * pause
    return [sound[at : at + FRAME] for at in range(0, len(sound), FRAME)]


def pressed(frame: Samples) -> str:
    """The key whose tones, and little else, are in one frame; empty: none."""
    found = np.abs(frame @ _BASIS)
    low, high = int(found[:4].argmax()), int(found[4:].argmax())
    pair = np.array([found[low], found[4 + high]])
    whole = 2 * float(frame @ frame) / FRAME
    if pair.min() < _FAINTEST or float(pair @ pair) < _PURE * whole:
        return ""
    return _PAD[4 * low + high]


class KeyEar:
    """Hears keys in what comes in, frame by frame."""

    def __init__(self) -> None:
        self._last = ""
        self._frames = 0

    def feed(self, frame: Samples) -> str:
        """The key that has just been recognised, in the second frame that has it; mostly none."""
        key = pressed(frame)
        self._frames = self._frames + 1 if key == self._last else 1
        self._last = key
        return key if self._frames == _FRAMES else ""
