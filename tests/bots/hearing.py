"""Who is heard in an RTP stream, frame by frame: the detector. Pure; time comes with each frame.

A bot's tone keeps amplitude and phase from frame to frame; music and speech do not. Two rules:

* A frame that repeats one of the last three (to 0.5 % of its energy) is a mix of tones: whoever stands out
  in it is on. Only multiples of 50 Hz can do that, so neither music, speech nor ringing pass.
* Beside other sound (an announcement over a conversation) a tone is on when its complex amplitude held
  for 12 frames within the level that bots speak at.

On after two frames, off after three without it, stamped at the first. DTMF packets are no frames and
change nothing. No RTP for 60 ms is reported by the owner with `lost`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tests.bots.sound import QUIET_RMS, Classifier, Sound
from tests.bots.tones import FIRST_FREE, FRAME, FRAME_SECONDS, TONES, Samples, amplitude, decode, spectrum

OFF_AFTER: Final = 3
LOST_AFTER: Final = OFF_AFTER * FRAME_SECONDS
_REPEATS: Final = 0.005
_LOUD: Final = 0.3
_KEPT: Final = 0.35
_SLOW_FRAMES: Final = 12
_SLOW_COHERENCE: Final = 0.93
_NOBODY: Final[frozenset[int]] = frozenset()
_QUIET_ENERGY: Final = FRAME * QUIET_RMS**2

Complex = NDArray[np.complex64]
OnHeard = Callable[[float, frozenset[int], Sound], None]
"""(monotonic time of the first frame, indices of the tones heard, what else)."""


@dataclass(slots=True)
class _Frame:
    at: float
    payload: bytes
    samples: Samples
    energy: float
    tones: Complex


_SILENT_TONES: Final[Complex] = np.zeros(TONES, dtype=np.complex64)


class Ear:
    """Listens to one stream and reports every change to `on_heard`, oldest first.

    A report may lie up to three frames in the past, and a report of SOUND is followed by one of MUSIC
    or SPEECH with the same stamp.
    """

    def __init__(self, on_heard: OnHeard, level: float | None = None) -> None:
        self._on_heard = on_heard
        self._level = amplitude() if level is None else level
        self._recent: deque[_Frame] = deque(maxlen=_SLOW_FRAMES)
        self._reference: dict[int, np.complex64] = {}
        self._missing: dict[int, int] = {}
        self._missing_from: dict[int, float] = {}
        self._rest = Classifier()
        self._steady = 0
        self.last_frame = 0.0
        self.heard: frozenset[int] = _NOBODY
        self.sound = Sound.NO_RTP

    def feed(self, at: float, payload: bytes) -> None:
        """One frame of PCMU, 160 bytes, that arrived at monotonic time `at`."""
        self.last_frame = at
        last = self._recent[-1] if self._recent else None
        if last is not None and payload == last.payload:
            self._steady += 1
            if self._steady > _SLOW_FRAMES and self.heard:
                # The same payload again and again, and judged already: nothing can change.
                last.at = at
                return
            frame = _Frame(at, payload, last.samples, last.energy, last.tones)
        else:
            self._steady = 0
            frame = _listen(at, payload)
        self._judge(frame)
        self._recent.append(frame)

    def lost(self) -> None:
        """No RTP for LOST_AFTER: nobody is heard since the frame after the last one."""
        if self.sound is Sound.NO_RTP:
            return
        at = self.last_frame + FRAME_SECONDS
        self._reference.clear()
        self._missing.clear()
        self._recent.clear()
        self._steady = 0
        self._rest.reset(Sound.NO_RTP, at)
        self._report(at, _NOBODY, Sound.NO_RTP)

    def _judge(self, frame: _Frame) -> None:
        quiet = frame.energy < _QUIET_ENERGY
        repeated = not quiet and self._repeats(frame)
        changes: list[tuple[float, int, bool]] = []
        found = self._standing_out(frame) if repeated else self._coherent(frame) if not quiet else []
        for index in found:
            if index not in self._reference:
                changes.append((self._first(index, frame), index, True))
            self._reference[index] = frame.tones[index]
            self._missing.pop(index, None)
        for index, reference in list(self._reference.items()):
            if index in found or self._still(frame.tones[index], reference):
                self._missing.pop(index, None)
                continue
            count = self._missing.get(index, 0) + 1
            self._missing[index] = count
            if count == 1:
                self._missing_from[index] = frame.at
            if count >= OFF_AFTER:
                del self._reference[index], self._missing[index]
                changes.append((self._missing_from.pop(index), index, False))
        self._apply(changes, frame)

    def _apply(self, changes: list[tuple[float, int, bool]], frame: _Frame) -> None:
        heard = set(self.heard)
        moments = [(at, list(same)) for at, same in groupby(sorted(changes), key=lambda change: change[0])]
        for at, same in moments:
            for _, index, on in same:
                (heard.add if on else heard.discard)(index)
            self._rest.reset(Sound.VOICES, at)
            if not heard and at == moments[-1][0]:
                self._after_voices(at, frame)
                return
            self._report(at, frozenset(heard), Sound.VOICES if heard else Sound.SOUND)
        if not heard and self._rest.feed(frame.at, frame.samples, frame.energy):
            self._report(self._rest.since, _NOBODY, self._rest.now)

    def _after_voices(self, since: float, frame: _Frame) -> None:
        # The frames that counted as missing belong to what came after the voices.
        for earlier in [*self._recent, frame]:
            if earlier.at >= since:
                self._rest.feed(earlier.at, earlier.samples, earlier.energy)
        now = Sound.SOUND if self._rest.now is Sound.VOICES else self._rest.now
        self._report(since, _NOBODY, now)

    def _report(self, at: float, heard: frozenset[int], sound: Sound) -> None:
        self.heard, self.sound = heard, sound
        self._on_heard(at, heard, sound)

    def _repeats(self, frame: _Frame) -> bool:
        for earlier in list(self._recent)[-1:-4:-1]:
            if frame.payload == earlier.payload:
                return True
            difference = frame.samples - earlier.samples
            if float(difference @ difference) < _REPEATS * frame.energy:
                return True
        return False

    def _standing_out(self, frame: _Frame) -> list[int]:
        loud = np.abs(frame.tones) > _LOUD * self._level
        loud[:FIRST_FREE] = False
        return [int(index) for index in np.flatnonzero(loud)]

    def _coherent(self, frame: _Frame) -> list[int]:
        if len(self._recent) < _SLOW_FRAMES - 1:
            return []
        size = np.abs(frame.tones)
        fits = (size > 0.5 * self._level) & (size < 1.5 * self._level)
        fits[:FIRST_FREE] = False
        if not fits.any():
            return []
        before = list(self._recent)[1 - _SLOW_FRAMES :]
        window = np.stack([earlier.tones for earlier in before] + [frame.tones])
        mean = window.mean(axis=0)
        steady = np.abs(window - mean).max(axis=0) < _KEPT * np.abs(mean)
        coherence = np.abs(mean) / np.maximum(np.abs(window).mean(axis=0), 1e-6)
        return [int(index) for index in np.flatnonzero(fits & steady & (coherence > _SLOW_COHERENCE))]

    def _still(self, tone: np.complex64, reference: np.complex64) -> bool:
        return bool(abs(tone - reference) < _KEPT * abs(reference))

    def _first(self, index: int, frame: _Frame) -> float:
        first = frame.at
        for earlier in reversed(self._recent):
            if not self._still(earlier.tones[index], frame.tones[index]):
                break
            first = earlier.at
        return first


def _listen(at: float, payload: bytes) -> _Frame:
    samples = decode(payload)
    energy = float(samples @ samples)
    tones = spectrum(samples) if energy >= _QUIET_ENERGY else _SILENT_TONES
    return _Frame(at, payload, samples, energy, tones)
