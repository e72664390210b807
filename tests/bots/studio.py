"""What all bots of a lab share: the log, the RTP clock, and whose tone is whose."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.bots import tones
from tests.bots.events import Board
from tests.bots.rtp import MediaClock


@dataclass(slots=True)
class Studio:
    """`level` is the amplitude that every bot speaks at, chosen so that a whole mix doesn't clip."""

    board: Board
    clock: MediaClock
    level: float
    owners: dict[int, str] = field(default_factory=dict)

    def tone_for(self, name: str) -> int:
        """A tone that nobody has yet. Raises ValueError when all 63 are given away."""
        for index in range(tones.FIRST_FREE, tones.TONES):
            if index not in self.owners and index != tones.BEEP:
                self.owners[index] = name
                return index
        raise ValueError(f"a lab has at most {tones.TONES - tones.FIRST_FREE - 1} bots with a tone of their own")

    def names(self, heard: frozenset[int]) -> frozenset[str]:
        """The bots behind those tones; a tone of nobody's is named by its frequency."""
        return frozenset(self.owners.get(index, f"{tones.frequency(index)} Hz") for index in heard)
