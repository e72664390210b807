"""Never silence: nobody outside hears nothing at all for over two seconds of their call, in any test.

The office looks for it in the end, in all that its contacts heard. Where silence is right (a party deafened on purpose,
an Asterisk killed on purpose) the test says so, for as short as it is so.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bots import Contact, Lab

LONGEST = 2.0
"""Seconds."""

type Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Excuse:
    """From `begin` to `end` that contact is right to hear nothing."""

    contact: str
    begin: float
    end: float
    why: str
    perhaps: bool


def beside(stretches: Iterable[Stretch], excused: Iterable[Stretch]) -> Iterator[Stretch]:
    """What is left of stretches of time without those that are excused."""
    left = list(stretches)
    for begin, end in excused:
        cut = [[(start, min(stop, begin)), (max(start, end), stop)] for start, stop in left]
        left = [(start, stop) for parts in cut for start, stop in parts if start < stop]
    yield from left


class SilenceWatch:
    """What the contacts of one lab heard, and when silence was right."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._excuses: list[Excuse] = []

    @contextmanager
    def is_right(self, *contacts: Contact, why: str, perhaps: bool) -> Iterator[None]:
        """While the block lasts these may hear nothing, and at some time do, unless it is only `perhaps` so."""
        begin = time.monotonic()
        try:
            yield
        finally:
            end = time.monotonic()
            self._excuses += [Excuse(contact.name, begin, end, why, perhaps) for contact in contacts]

    def check(self) -> None:
        """Raise AssertionError if anybody outside was in silence, or an excuse was none."""
        contacts = [bot for bot in self._lab.bots.values() if isinstance(bot, Contact)]
        faults = [fault for contact in contacts for fault in self._faults(contact)]
        assert not faults, "\n".join([*faults, self._lab.board.recent({contact.name for contact in contacts}, last=60)])

    def _faults(self, contact: Contact) -> Iterator[str]:
        excuses = [excuse for excuse in self._excuses if excuse.contact == contact.name]
        silences = list(contact.timeline.nothings(contact.timeline.changes[0].at))
        for begin, end in beside(silences, ((excuse.begin, excuse.end) for excuse in excuses)):
            if end - begin > LONGEST:
                at = begin - self._lab.board.epoch
                yield f"{contact.name} heard nothing at all for {end - begin:.2f} s from {at:.3f} on"
        for excuse in excuses:
            if not excuse.perhaps and not any(begin < excuse.end and excuse.begin < end for begin, end in silences):
                yield f"{contact.name} was never in silence while {excuse.why}: that excuse is none"
