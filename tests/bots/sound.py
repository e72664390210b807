"""What a sound is that is no bot: ringing, music, speech or silence.

Ringing is recognised frame by frame: two or three fixed frequencies explain all of its energy. Music
and speech are distinguished by how the level leaps from frame to frame: 3 to 5 dB in speech, 1 to 2 in music
(measured on Asterisk's own music and prompts, English and French). First judged after 0.6 s, and again over
1.5 s. That is a judgement about the common case: at a hard beat music may pass for speech for a second.
"""

from __future__ import annotations

import math
from collections import deque
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.bots.tones import FRAME, FRAME_SECONDS, RATE, Samples


class Sound(StrEnum):
    """What a bot hears, apart from who.

    `SOUND` is something that is not yet known to be music or speech; it is replaced, with the same time
    stamp, when it is. `IDLE` is no call at all.
    """

    VOICES = "voices"
    MUSIC = "music"
    SPEECH = "speech"
    SOUND = "sound"
    RINGING = "ringing"
    SILENCE = "silence"
    NO_RTP = "no rtp"
    IDLE = "idle"


NOTHING: Final = frozenset({Sound.SILENCE, Sound.NO_RTP})
"""A person with the phone at the ear hears nothing at all."""

QUIET_RMS: Final = 40.0
_RINGING: Final = ((440, 480), (425,), (400, 450), (440,), (420,), (400,))
_EXPLAINED: Final = 0.97
_RINGING_PAUSE: Final = 4.6
"""Seconds of silence that still belong to ringing: the longest pause of a national cadence is 4.5 s."""
_DECIDE: Final = 30
_SILENT_AFTER: Final = 15
_REMEMBERED: Final = 75
_FLOOR_RMS: Final = 20.0
_LONGEST_LEAP: Final = 12.0
_LEAPS_OF_SPEECH: Final = 2.6
_LEAPS_TO_LEAVE_MUSIC: Final = 3.2


def _subspaces() -> list[NDArray[np.float32]]:
    steps = np.arange(FRAME)[:, None]
    found = []
    for group in _RINGING:
        angles = [2 * math.pi * hertz / RATE * steps for hertz in group]
        columns = np.hstack([f(angle) for angle in angles for f in (np.cos, np.sin)])
        found.append(np.linalg.qr(columns)[0].astype(np.float32))
    return found


_SUBSPACES: Final = _subspaces()


def rings(samples: Samples, energy: float) -> bool:
    """Whether a frame is a ringing tone of any country."""
    for space in _SUBSPACES:
        part = samples @ space
        if float(part @ part) > _EXPLAINED * energy:
            return True
    return False


class Classifier:
    """Follows frames in which no bot is heard. `now` changes with `feed`; `since` is its first frame."""

    def __init__(self) -> None:
        self.now = Sound.NO_RTP
        self.since = 0.0
        self._leaps: deque[float] = deque(maxlen=_REMEMBERED)
        self._level: float | None = None
        self._sounding = 0
        self._silent = 0
        self._silent_from = 0.0
        self._sound_from = 0.0
        self._rings = 0
        self._rings_from = 0.0
        self._last_ring = -math.inf

    def reset(self, now: Sound, at: float) -> None:
        """Forget what was heard: voices have begun, or the RTP stopped."""
        self.now, self.since = now, at
        self._forget()
        self._sounding = self._silent = self._rings = 0
        self._last_ring = -math.inf

    def feed(self, at: float, samples: Samples, energy: float) -> bool:
        """One frame without a bot in it. Returns whether `now` or `since` changed."""
        before = (self.now, self.since)
        rms = math.sqrt(energy / FRAME)
        if rms < QUIET_RMS:
            self._quiet(at, rms)
        elif rings(samples, energy):
            self._ring(at)
        else:
            self._other(at, rms)
        return before != (self.now, self.since)

    def _forget(self) -> None:
        self._leaps.clear()
        self._level = None

    def _quiet(self, at: float, rms: float) -> None:
        self._rings = 0
        if self._silent == 0:
            self._silent_from = at
        self._silent += 1
        if self._sounding:
            self._leap(rms)
        if at - self._last_ring < _RINGING_PAUSE and self.now is Sound.RINGING:
            return
        if self.now is Sound.NO_RTP or self.now is Sound.VOICES:
            self.now, self.since = Sound.SILENCE, at
        elif self._silent >= _SILENT_AFTER and self.now is not Sound.SILENCE:
            self.now = Sound.SILENCE
            self.since = max(self._silent_from, self._last_ring + FRAME_SECONDS)
            self._sounding = 0
            self._forget()

    def _ring(self, at: float) -> None:
        if self._rings == 0:
            self._rings_from = at
        self._rings += 1
        if self._rings < 3:
            return
        self._last_ring = at
        self._silent = self._sounding = 0
        self._forget()
        if self.now is not Sound.RINGING:
            self.now, self.since = Sound.RINGING, self._rings_from

    def _other(self, at: float, rms: float) -> None:
        self._rings = self._silent = 0
        if self._sounding == 0:
            self._sound_from = at
        self._sounding += 1
        self._leap(rms)
        if self._sounding == 3 and self.now not in (Sound.MUSIC, Sound.SPEECH):
            self.now, self.since = Sound.SOUND, self._sound_from
        if len(self._leaps) >= _DECIDE:
            self._judge(at)

    def _judge(self, at: float) -> None:
        leaps = sum(self._leaps) / len(self._leaps)
        if self.now is Sound.SOUND:
            self.now = Sound.SPEECH if leaps >= _LEAPS_OF_SPEECH else Sound.MUSIC
            self.since = self._sound_from
        elif len(self._leaps) == _REMEMBERED:
            if self.now is Sound.MUSIC and leaps >= _LEAPS_TO_LEAVE_MUSIC:
                self.now, self.since = Sound.SPEECH, at
            elif self.now is Sound.SPEECH and leaps < _LEAPS_OF_SPEECH:
                self.now, self.since = Sound.MUSIC, at

    def _leap(self, rms: float) -> None:
        level = 20 * math.log10(max(rms, _FLOOR_RMS))
        if self._level is not None:
            self._leaps.append(min(abs(level - self._level), _LONGEST_LEAP))
        self._level = level
