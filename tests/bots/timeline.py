"""What one bot heard, and when: the history that questions are put to afterwards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.bots.sound import NOTHING, Sound


@dataclass(frozen=True, slots=True)
class HeardSince:
    """From `at` (monotonic seconds) on the bot hears those others, and that class of sound."""

    at: float
    voices: frozenset[str]
    sound: Sound

    def __str__(self) -> str:
        return ", ".join(sorted(self.voices)) if self.voices else self.sound.value


@dataclass(slots=True)
class Timeline:
    """Changes in order of time. The last one lasts until now."""

    changes: list[HeardSince] = field(default_factory=lambda: [HeardSince(time.monotonic(), frozenset(), Sound.IDLE)])

    @property
    def now(self) -> HeardSince:
        """What is heard at present."""
        return self.changes[-1]

    def add(self, at: float, voices: frozenset[str], sound: Sound) -> bool:
        """Append a change. A stamp before the last change's replaces what was only guessed since then."""
        changes = self.changes
        while len(changes) > 1 and changes[-1].at >= at:
            changes.pop()
        if (changes[-1].voices, changes[-1].sound) == (voices, sound):
            return False
        changes.append(HeardSince(max(at, changes[-1].at), voices, sound))
        return True

    def stretches(self, since: float, until: float) -> Iterator[tuple[float, float, HeardSince]]:
        """(from, to, what) for every stretch between the two times, clipped to them."""
        for index, change in enumerate(self.changes):
            end = self.changes[index + 1].at if index + 1 < len(self.changes) else until
            begin, end = max(change.at, since), min(end, until)
            if begin < end:
                yield begin, end, change

    def first(self, voice: str, after: float) -> float | None:
        """When that voice was first heard at or after `after`; `after` itself if it was on then."""
        heard = self.stretches(after, time.monotonic())
        return next((begin for begin, _, what in heard if voice in what.voices), None)

    def last(self, voice: str, after: float = 0.0) -> float | None:
        """Until when that voice was heard, at or after `after`; None if not at all."""
        ends = [end for _, end, heard in self.stretches(after, time.monotonic()) if voice in heard.voices]
        return ends[-1] if ends else None

    def voices(self, since: float, until: float | None = None) -> frozenset[str]:
        """Everybody who was heard in that time, however briefly."""
        end = time.monotonic() if until is None else until
        return frozenset().union(*(heard.voices for _, _, heard in self.stretches(since, end)))

    def nothings(self, since: float, until: float | None = None) -> Iterator[tuple[float, float]]:
        """(from, to) of every stretch of nothing at all during calls.

        Nothing is neither voice, music, ringing nor speech; time without a call doesn't count.
        """
        begin: float | None = None
        last = since
        for start, end, heard in self.stretches(since, time.monotonic() if until is None else until):
            if heard.sound in NOTHING:
                begin = start if begin is None else begin
            elif begin is not None:
                yield begin, start
                begin = None
            last = end
        if begin is not None:
            yield begin, last

    def longest_nothing(self, since: float, until: float | None = None) -> tuple[float, float]:
        """(length in seconds, begin) of the longest stretch of nothing at all during calls."""
        lengths = ((end - begin, begin) for begin, end in self.nothings(since, until))
        return max(lengths, key=lambda found: found[0], default=(0.0, since))
