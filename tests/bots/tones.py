"""The tones that bots speak with, and PCMU (G.711 µ-law).

Every tone is a multiple of 50 Hz and therefore exactly periodic in one frame of 160 samples at
8 kHz: a bot's stream is one constant payload, and the tones of a mix are orthogonal within a frame.
400 and 450 Hz are nobody's, because together they are the British ringing tone.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE: Final = 8000
FRAME: Final = 160
FRAME_SECONDS: Final = FRAME / RATE
STEP: Final = RATE // FRAME
LOWEST: Final = 400
TONES: Final = 66
FIRST_FREE: Final = 2
"""Index of the first tone that is given to a bot."""
BEEP: Final = 6
"""Index of 700 Hz, nobody's either: Asterisk's `beep`, which must not pass for somebody."""

FULL_SCALE: Final = 26_000
DEFAULT_VOICES: Final = 8
SILENCE: Final = b"\xff" * FRAME

Samples = NDArray[np.float32]


def frequency(index: int) -> int:
    """The frequency of tone `index`, in Hz."""
    return LOWEST + STEP * index


def amplitude(voices: int = DEFAULT_VOICES) -> float:
    """The amplitude at which `voices` tones may sum without clipping (clipping would invent tones)."""
    return FULL_SCALE / max(voices, 1)


def _expand(code: int) -> int:
    code = ~code & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return 0x84 - magnitude if code & 0x80 else magnitude - 0x84


ULAW_TO_LINEAR: Final[Samples] = np.array([_expand(code) for code in range(256)], dtype=np.float32)


def _compression_table() -> NDArray[np.uint8]:
    # Code of each 16-bit sample, by its index + 32768: the nearest decision value, found by bisection.
    order = np.argsort(ULAW_TO_LINEAR, kind="stable")
    values = ULAW_TO_LINEAR[order]
    middles = (values[1:] + values[:-1]) / 2
    linear = np.arange(-32768, 32768, dtype=np.float32)
    return order[np.searchsorted(middles, linear, side="right")].astype(np.uint8)


_LINEAR_TO_ULAW: Final = _compression_table()


def encode(samples: NDArray[np.floating]) -> bytes:
    """Linear samples (±32767) as PCMU; beyond the range they clip."""
    index = np.clip(np.rint(samples), -32768, 32767).astype(np.int32) + 32768
    return _LINEAR_TO_ULAW[index].tobytes()


def decode(payload: bytes) -> Samples:
    """PCMU as linear samples."""
    return ULAW_TO_LINEAR[np.frombuffer(payload, dtype=np.uint8)]


def wave(index: int, level: float, phase: float = 0.0) -> Samples:
    """One frame of tone `index` at that amplitude; repeated, it is the tone without a break."""
    steps = np.arange(FRAME, dtype=np.float32)
    return (level * np.sin(2 * math.pi * frequency(index) / RATE * steps + phase)).astype(np.float32)


def payload(index: int, level: float) -> bytes:
    """The one RTP payload that a bot with tone `index` sends."""
    return encode(wave(index, level))


def ringing_cadence(burst: float = 1.5, pause: float = 3.5, hertz: int = 425) -> list[bytes]:
    """Frames of one period of a network's in-band ringing tone, for early media."""
    steps = np.arange(round(burst * RATE), dtype=np.float32)
    sound = encode(2000.0 * np.sin(2 * math.pi * hertz / RATE * steps))
    whole = sound + b"\xff" * round(pause * RATE)
    return [whole[at : at + FRAME] for at in range(0, len(whole) - FRAME + 1, FRAME)]


def _basis() -> NDArray[np.float32]:
    hertz = np.array([frequency(index) for index in range(TONES)])
    angle = 2 * math.pi / RATE * np.arange(FRAME)[:, None] * hertz[None, :]
    return np.hstack([np.cos(angle), np.sin(angle)]).astype(np.float32) * np.float32(2 / FRAME)


BASIS: Final = _basis()


def spectrum(samples: Samples) -> NDArray[np.complex64]:
    """The complex amplitude of every tone in one frame of linear samples: one product."""
    parts = samples @ BASIS
    return (parts[:TONES] - 1j * parts[TONES:]).astype(np.complex64)
