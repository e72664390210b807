"""Asterisk's own sound files, to compare with what callers hear."""

from __future__ import annotations

import io
import wave

import numpy as np

from tests.bots.tones import FRAME, RATE, Samples
from tests.e2e.containers import read_in, said_in
from tests.e2e.stack import Stack

LANGUAGES = ("fr", "en")
_SOUNDS = "/usr/share/asterisk/prompts"
_MUSIC = "/usr/share/asterisk/moh"


async def music(stack: Stack, name: str) -> Samples:
    """A file of the administrator's own music, as `sales/first`."""
    return await _samples(stack, f"/srv/asterisk/music/{name}.wav")


async def shipped_music(stack: Stack) -> dict[str, Samples]:
    """Each file of the music that comes with the image, by name, in the order in which they are played."""
    listed = (await said_in(f"{stack.project}-asterisk", "ls", _MUSIC)).decode().split()
    return {name: await _samples(stack, f"{_MUSIC}/{name}") for name in sorted(listed)}


async def prompts(stack: Stack, *names: str) -> dict[str, Samples]:
    """Each of these in each language, as `fr/vm-nobodyavail`."""
    return {f"{lang}/{name}": await _samples(stack, _file(lang, name)) for lang in LANGUAGES for name in names}


def _file(language: str, name: str) -> str:
    """Where it is without any link: those are made at run time, and Docker does not follow them."""
    own = name.removeprefix("custom/")
    return f"/srv/asterisk/sounds/{language}/{own}.wav" if own != name else f"{_SOUNDS}/{language}/{name}.wav"


async def _samples(stack: Stack, path: str) -> Samples:
    assert stack.project, "CC_COMPOSE_PROJECT does not say which container Asterisk's is"
    content = await read_in(f"{stack.project}-asterisk", path)
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (RATE, 2, 1)
        # Whole frames: what is left over of the last, Asterisk does not play.
        frames = file.getnframes() // FRAME * FRAME
        return np.frombuffer(file.readframes(frames), dtype="<i2").astype(np.float32)
