"""What the machine and its parts bring: quiet music, a full disk, a wrong password, a flood of logins, an Asterisk that
stands still."""

from __future__ import annotations

import numpy as np

from tests.bots.sound import QUIET_RMS
from tests.bots.tones import FRAME, RATE
from tests.e2e.prompts import shipped_music
from tests.e2e.stack import Stack

LONGEST_PAUSE = 1.0
"""Seconds of silence in music, after which a caller may take the line for dead."""


async def test_no_music_that_is_shipped_leaves_a_caller_in_silence(stack: Stack) -> None:
    files = await shipped_music(stack)
    assert len(files) > 1
    played = np.concatenate([*files.values(), next(iter(files.values()))])  # in this order, and from the start again
    loudness = np.sqrt(np.mean(played.reshape(-1, FRAME) ** 2, axis=1))
    loud = np.flatnonzero(loudness >= QUIET_RMS)
    pauses = np.diff(loud) * FRAME / RATE
    assert loud[0] == 0
    assert pauses.max() < LONGEST_PAUSE, f"after {loud[pauses.argmax()] * FRAME / RATE:.1f} s of {list(files)}"
