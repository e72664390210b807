"""Whose place is where among those who wait for one target at this Asterisk: as they came, the more urgent first.

Unlike the positions that callers hear, these count whoever is being rung for too: they wait until somebody answers.
"""

from bisect import bisect_left, insort

type Order = tuple[int, float, str, str]
"""Priority (the most urgent is the lowest), when the call began, the call, the party."""


class Places:
    """Those who wait, by target."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[Order]] = {}

    def enter(self, target: str, order: Order) -> int:
        """They wait from now on; at which place, from 1."""
        waiting = self._waiting.setdefault(target, [])
        insort(waiting, order)
        return bisect_left(waiting, order) + 1

    def leave(self, target: str, order: Order) -> int:
        """They wait no more; at which place they were."""
        waiting = self._waiting[target]
        at = bisect_left(waiting, order)
        del waiting[at]
        if not waiting:
            del self._waiting[target]
        return at + 1
