"""The administrator's own sound files: would Asterisk play them?

Asterisk passes a file over that it cannot open, and the caller hears nothing. What it opens is held to Asterisk 22:
`formats/format_wav.c` (`check_header`), and the endings that each format module has.
"""

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

DIRECTORIES = ("sounds", "music")
"""Where they are, beside `callcentre.yaml`."""

_ENDINGS = {
    "format_wav": ("wav", "wav16"),
    "format_pcm": ("pcm", "ulaw", "ul", "mu", "ulw", "alaw", "al", "alw", "g722", "au"),
    "format_sln": ("sln", "slin", "raw", *(f"sln{rate}" for rate in (12, 16, 24, 32, 44, 48, 96, 192))),
    "format_gsm": ("gsm",),
    "format_wav_gsm": ("WAV",),
    "format_g723": ("g723", "g723sf"),
    "format_g726": ("g726-40", "g726-32", "g726-24", "g726-16"),
    "format_g729": ("g729",),
    "format_ilbc": ("ilbc",),
    "format_mp3": ("mp3",),
    "format_ogg_opus_open_source": ("opus",),
    "format_ogg_speex": ("spx", "spx16", "spx32"),
    "format_ogg_vorbis": ("ogg",),
    "format_siren7": ("siren7",),
    "format_siren14": ("siren14",),
    "format_vox": ("vox",),
}
_RATES = {"wav": 8000, "wav16": 16000}
_ENCODINGS = {1: "PCM", 3: "floating point", 6: "A-law", 7: "µ-law", 49: "GSM", 85: "MP3", 0xFFFE: "extensible"}
_PCM = 1
_NO_SOUNDS = ("md", "txt")


def faults(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each file below the directories of sounds and music that Asterisk cannot play, and why."""
    endings = _endings(folder / "modules.conf")
    for directory in DIRECTORIES:
        for path in sorted((folder / directory).rglob("*")):
            if is_sound(path) and (fault := _fault(path, endings)) is not None:
                yield path, fault


def is_sound(path: Path) -> bool:
    """Whether a file is there to be played: it has an ending, and not one of a text."""
    return path.is_file() and not path.name.startswith(".") and path.suffix[1:] not in ("", *_NO_SOUNDS)


def _endings(modules: Path) -> frozenset[str]:
    """The endings of the formats that `modules.conf` loads; of all, where it loads them by itself or is not there."""
    text = modules.read_text("utf-8", "replace") if modules.is_file() else "autoload = yes"
    loaded = set(re.findall(r"^\s*(?:pre)?(?:load|require)\s*=>?\s*(\w+)\.so", text, re.MULTILINE))
    every = re.search(r"^\s*autoload\s*=>?\s*(?:yes|true|1|on)", text, re.MULTILINE | re.IGNORECASE) is not None
    return frozenset(ending for name, endings in _ENDINGS.items() if every or name in loaded for ending in endings)


def _fault(path: Path, endings: frozenset[str]) -> str | None:
    ending = path.suffix[1:]
    if ending not in endings:
        return f"Asterisk plays no .{ending} files here: make it a .wav file (PCM, 1 channel, 8000 Hz, 16 bit)"
    try:
        with path.open("rb") as file:
            if not file.read(1):
                return "is empty"
            file.seek(0)
            return _wav_fault(file, ending) if ending in _RATES else None
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _wav_fault(file: BinaryIO, ending: str) -> str | None:
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return "is not a WAV file"
    # As Asterisk reads it: no byte is left out after a chunk of odd length, and lengths have a sign.
    while len(chunk := file.read(8)) == 8:
        name, length = struct.unpack("<4si", chunk)
        if name == b"data":
            return None if length > 0 and file.read(1) else "has no sound in it, or its header does not say how much"
        if length < 0:
            break
        content = file.read(length)
        if name == b"fmt " and (fault := _format_fault(content, ending)) is not None:
            return fault
    return "is cut off, or Asterisk finds no sound in it"


def _format_fault(content: bytes, ending: str) -> str | None:
    try:
        encoding, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", content)
    except struct.error:
        return "is cut off"
    if (encoding, channels, rate, block) == (_PCM, 1, _RATES[ending], 2):
        return None
    is_what = f"{_ENCODINGS.get(encoding, f'encoding {encoding}')}, {_channels(channels)}, {rate} Hz, {bits} bit"
    wanted = f"PCM, {_channels(1)}, {_RATES[ending]} Hz, 16 bit"
    return f"is {is_what}: of a .{ending} file Asterisk plays {wanted} alone"


def _channels(number: int) -> str:
    return "1 channel" if number == 1 else f"{number} channels"
