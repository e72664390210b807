"""What the call centre has not taken in yet of calls that changed: nothing is lost while nobody serves it.

Of each call the first `before` and the last state are enough: what was counted, recorded and shown follows from both.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ari_app.calls.model import Call, CallId
from ari_app.sharing.wire import CallIs, Change

MOST = 5_000
"""Calls that ended; beyond that the oldest are forgotten, as by the history."""


STEPS = 16
"""Changes of one call; beyond that the last two are one."""


@dataclass(frozen=True, slots=True)
class _Step:
    number: int
    before: Call | None
    call: Call


class Untaken:
    """Numbers changes, from 1."""

    def __init__(self) -> None:
        self.number = 0
        self._steps: dict[CallId, list[_Step]] = {}

    def changed(self, before: Call | None, call: Call) -> CallIs:
        """The next change."""
        self.number += 1
        steps = self._steps.pop(call.id, [])
        joined = [*steps[:-1], _Step(self.number, steps[-1].before, call)] if len(steps) >= STEPS else None
        self._steps[call.id] = joined or [*steps, _Step(self.number, before, call)]
        if len(self._steps) > MOST:
            self._forget_oldest()
        return CallIs(self.number, Change(before, call))

    def taken(self, number: int) -> None:
        """All up to this one was."""
        left = {call: [s for s in steps if s.number > number] for call, steps in self._steps.items()}
        self._steps = {call: steps for call, steps in left.items() if steps}

    def all(self, live: Iterable[Call]) -> tuple[Change, ...]:
        """All calls that are up, and those whose end was not taken in; with what was taken in before."""
        up = [Change(self._steps[c.id][0].before if c.id in self._steps else c, c) for c in live]
        over = [Change(s[0].before, s[-1].call) for s in self._steps.values() if s[-1].call.ended]
        return (*up, *over)

    def _forget_oldest(self) -> None:
        ended = next((call for call, steps in self._steps.items() if steps[-1].call.ended), None)
        if ended is not None:
            del self._steps[ended]
