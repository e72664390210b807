"""Whose turn it is, where several call centres share the tests: each takes the next that nobody has taken.

Some tests take much of the machine, as those with browsers do, and bots that get too little of it hear nothing for a
while: no more than two of these are run at the same time, one a processor. What they have in common is a directory.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

PLACES = 2
LONG = ("test_openapi.py", "test_queue_log.py", "test_strange_sip.py")
"""Begun last, one of these would be waited for by all call centres."""


def mark(test: str) -> str:
    """What a test is called in the directory. By this they are in no order that means anything."""
    return sha256(test.encode()).hexdigest()


def order(test: str) -> int:
    """What tests are sorted by: as good as at random, and those that take long in the first half."""
    place = int(mark(test), 16)
    return place // 2 if any(f"{file}::" in test for file in LONG) else place


@dataclass(frozen=True)
class Turn:
    """A test, and how it is run."""

    test: str
    run: Callable[[], object]
    heavy: bool = False


@dataclass
class Turns:
    """Those of one call centre; `taken` is the directory."""

    taken: Path
    running: bool = False
    put_off: list[Turn] = field(default_factory=list)

    def offer(self, turn: Turn, *, last: bool = False) -> None:
        """Run it if nobody has taken it, and before it what was put off; what finds no place now is put off.

        After the `last` one nothing is left.
        """
        self.put_off = [each for each in (*self.put_off, turn) if not self._is_over(each, wait=last)]

    def _is_over(self, turn: Turn, *, wait: bool) -> bool:
        if (self.taken / mark(turn.test)).exists():
            return True
        if not turn.heavy:
            self._take(turn)
            return True
        with self._place(wait=wait) as found:
            if found:
                self._take(turn)
        return found

    def _take(self, turn: Turn) -> None:
        try:
            (self.taken / mark(turn.test)).touch(exist_ok=False)
        except FileExistsError:
            return
        self.running = True
        try:
            turn.run()
        finally:
            self.running = False

    @contextmanager
    def _place(self, *, wait: bool) -> Iterator[bool]:
        """Whether there is one for a test that takes much, as long as the block lasts. Waited for: the first."""
        files = _places(self.taken)
        try:
            found = any(_locked(file) for file in files)
            if wait and not found:
                fcntl.flock(files[0], fcntl.LOCK_EX)
            yield found or wait
        finally:
            for file in files:
                os.close(file)


@contextmanager
def all_places_but_one(taken: Path) -> Iterator[None]:
    """While the block lasts one test that takes much is run at a time: something else has the rest of the machine."""
    files = _places(taken)
    try:
        for file in files[1:]:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        for file in files:
            os.close(file)


def _places(taken: Path) -> list[int]:
    return [os.open(taken / f"heavy.{n}", os.O_WRONLY | os.O_CREAT, 0o600) for n in range(PLACES)]


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
