"""What one receiver gets, and when: pure. Its events wait in lines, one a call, in each of which one follows the other.

Several lines move at once. Where one event is not taken its line waits, and the others go on. Where nothing is taken
several times on end, the receiver rests: then one event alone tries it, until something is taken.
"""

import heapq
from collections import deque
from dataclasses import replace
from itertools import count

from ari_app.webhooks import retries
from ari_app.webhooks.model import Waiting

AT_ONCE = 8
"""Events on their way to one receiver."""


class Lane:
    """The events of one receiver that it has not taken. Times are seconds since the epoch, and come from outside."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._all: dict[str, Waiting] = {}
        self._lines: dict[str, deque[str]] = {}
        self._due: list[tuple[float, int, str, str]] = []
        self._turn = count()
        self._flying: dict[str, str] = {}
        self._in_vain = 0
        self._rests_until = 0.0
        self.stopped = False
        """The receiver wants no more; nothing is begun until `resume`."""

    def __len__(self) -> int:
        return len(self._all)

    @property
    def oldest(self) -> Waiting | None:
        """What has waited longest."""
        return next(iter(self._all.values()), None)

    def add(self, waiting: Waiting) -> None:
        """The last of its line from now on."""
        self._all[waiting.position] = waiting
        line = self._lines.setdefault(waiting.line, deque())
        line.append(waiting.position)
        if len(line) == 1:
            self._show(waiting)

    def take(self, now: float) -> Waiting | None:
        """The next one to be sent, which is on its way from now on; None where there is none now."""
        if self.stopped or now < self._rests_until or len(self._flying) >= self._most:
            return None
        self._forget_stale()
        if not self._due or self._due[0][0] > now:
            return None
        _, _, line, position = heapq.heappop(self._due)
        self._flying[line] = position
        return self._all[position]

    def taken(self, waiting: Waiting, now: float) -> None:
        """The receiver has it."""
        recovered = self._in_vain >= retries.IN_VAIN
        self._in_vain, self._rests_until = 0, 0.0
        self._leave(waiting)
        if recovered:
            self.resume(now)

    def in_vain(self, waiting: Waiting, now: float, chance: float, wish: float = 0.0) -> Waiting | None:
        """The receiver has not taken it: as it waits now; None where it is to be given up, and waits no more.

        `chance` from 0 to 1; `wish`: seconds for which the receiver would be left alone.
        """
        self._in_vain += 1
        alone = max(retries.rest(self._in_vain), min(wish, retries.LONGEST_WISH))
        self._rests_until = max(self._rests_until, now + alone)
        attempts = waiting.attempts + 1
        again = replace(waiting, attempts=attempts, next_at=now + retries.pause(attempts, chance, wish))
        if again.next_at >= retries.expires(waiting.at):
            self._leave(waiting)
            return None
        self._all[waiting.position] = again
        self._flying.pop(waiting.line, None)
        self._show(again)
        return again

    def give_up(self, now: float, most: int) -> Waiting | None:
        """The oldest, where its time is over or more wait than may; it waits no more. None where there is none."""
        for waiting in self._all.values():
            if retries.expires(waiting.at) > now and len(self._all) <= most:
                return None
            if waiting.line not in self._flying:  # so it is the first of its line: they are in the order of their times
                self._leave(waiting)
                return waiting
        return None

    def resume(self, now: float) -> None:
        """All that waits may be tried at once: the receiver is back, or somebody has said that it is."""
        self.stopped = False
        self._in_vain, self._rests_until = 0, 0.0
        self._due.clear()
        for line, positions in self._lines.items():
            if line not in self._flying:
                first = replace(self._all[positions[0]], next_at=min(self._all[positions[0]].next_at, now))
                self._all[first.position] = first
                self._show(first)

    def wakes_at(self) -> float | None:
        """When there may be something to be done that there is not now, unless something is added or ends; None:
        never."""
        moments = [retries.expires(w.at) for w in (self.oldest,) if w is not None and w.line not in self._flying]
        self._forget_stale()
        if not self.stopped and self._due and len(self._flying) < self._most:
            moments.append(max(self._due[0][0], self._rests_until))
        return min(moments, default=None)

    @property
    def next_at(self) -> float | None:
        """When the receiver is tried again that took nothing the last time; None where it took it, or nothing waits."""
        if not self._in_vain or self._flying or self.stopped or not self._all:
            return None
        self._forget_stale()
        return max(self._due[0][0], self._rests_until) if self._due else None

    @property
    def _most(self) -> int:
        return 1 if self._in_vain >= retries.IN_VAIN else self._at_once

    def _show(self, waiting: Waiting) -> None:
        heapq.heappush(self._due, (waiting.next_at, next(self._turn), waiting.line, waiting.position))

    def _leave(self, waiting: Waiting) -> None:
        del self._all[waiting.position]
        if self._flying.get(waiting.line) == waiting.position:
            del self._flying[waiting.line]
        line = self._lines[waiting.line]
        line.remove(waiting.position)
        if not line:
            del self._lines[waiting.line]
        else:
            self._show(self._all[line[0]])

    def _forget_stale(self) -> None:
        """What was given up, is on its way, or waits for another time than it did."""
        while self._due:
            at, _, line, position = self._due[0]
            first = self._lines.get(line)
            waiting = self._all.get(position)
            if (
                waiting is None
                or first is None
                or first[0] != position
                or line in self._flying
                or waiting.next_at != at
            ):
                heapq.heappop(self._due)
            else:
                return
