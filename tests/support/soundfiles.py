"""Sound files as administrators bring them: right, and wrong in each way that Asterisk passes over in silence."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from types import MappingProxyType


def wav(
    *,
    encoding: int = 1,
    channels: int = 1,
    rate: int = 8000,
    bits: int = 16,
    sound: bytes = bytes(1600),
    length: int | None = None,
    before: bytes = b"",
    fmt: int = 16,
) -> bytes:
    """A WAV file. `length` is what its header says of the sound, `before` stands before it, `fmt` bytes describe it."""
    block = channels * bits // 8
    described = struct.pack("<HHIIHH", encoding, channels, rate, rate * block, block, bits)
    described = described[:fmt].ljust(fmt, b"\0")
    chunks = struct.pack("<4sI", b"fmt ", fmt) + described + before
    chunks += struct.pack("<4sI", b"data", len(sound) if length is None else length) + sound
    return struct.pack("<4sI4s", b"RIFF", 4 + len(chunks), b"WAVE") + chunks


def chunk(name: bytes, content: bytes) -> bytes:
    """Something else in a WAV file."""
    return struct.pack("<4sI", name, len(content)) + content


RIGHT: Mapping[str, bytes] = MappingProxyType(
    {
        "plain.wav": wav(),
        "commented.wav": wav(before=chunk(b"LIST", b"INFO")),
        "longer-header.wav": wav(fmt=18),
        "wide.wav16": wav(rate=16_000),
        "law.ulaw": bytes(800),
        "linear.sln": bytes(800),
    }
)
WRONG: Mapping[str, tuple[bytes, str]] = MappingProxyType(
    {
        "stereo.wav": (wav(channels=2), "is PCM, 2 channels, 8000 Hz, 16 bit"),
        "of-a-cd.wav": (wav(channels=2, rate=44_100), "is PCM, 2 channels, 44100 Hz, 16 bit"),
        "fast.wav": (wav(rate=16_000), "is PCM, 1 channel, 16000 Hz, 16 bit"),
        "slow.wav16": (wav(), "is PCM, 1 channel, 8000 Hz, 16 bit: of a .wav16 file Asterisk plays PCM"),
        "float.wav": (wav(encoding=3, bits=32), "is floating point, 1 channel, 8000 Hz, 32 bit"),
        "extensible.wav": (wav(encoding=0xFFFE, fmt=40), "is extensible, 1 channel"),
        "odd.wav": (wav(encoding=4711), "is encoding 4711, 1 channel"),
        "deep.wav": (wav(bits=24), "is PCM, 1 channel, 8000 Hz, 24 bit"),
        "byte.wav": (wav(bits=8), "is PCM, 1 channel, 8000 Hz, 8 bit"),
        "stereo-byte.wav": (wav(channels=2, bits=8), "is PCM, 2 channels, 8000 Hz, 8 bit"),
        "empty.wav": (b"", "is empty"),
        "nothing.gsm": (b"", "is empty"),
        "text.wav": (b"RIFF is a word", "is not a WAV file"),
        "really.wav": (b"ID3\x03" + bytes(100), "is not a WAV file"),
        "cut-off.wav": (wav()[:30], "is cut off"),
        "without-sound.wav": (wav(sound=b""), "has no sound in it"),
        "lost-sound.wav": (wav()[:44], "has no sound in it"),
        "piped.wav": (wav(length=0xFFFFFFFF), "has no sound in it, or its header does not say how much"),
        "odd-chunk.wav": (wav(before=chunk(b"LIST", b"INFO!") + b"\0"), "is cut off, or Asterisk finds no sound"),
        "backwards.wav": (wav(before=struct.pack("<4si", b"LIST", -8)), "is cut off, or Asterisk finds no sound"),
        "short-header.wav": (wav(fmt=14), "is cut off"),
        "windows.WAV": (wav(), "Asterisk plays no .WAV files here: make it a .wav file"),
        "music.mp3": (b"ID3", "Asterisk plays no .mp3 files here"),
    }
)
"""What they are like, and what is said of them."""
SILENT = "nothing.gsm"
"""The one of them that Asterisk opens, and in which it finds nothing to play."""
ENDLESS = "backwards.wav"
"""A chunk that leads back to itself: Asterisk never comes to its end, and is not to read it."""
