"""Callers who go before others, or after them: lists of numbers, as the administrator gave them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ari_app.routing.patterns import compiled
from ari_app.routing.targets import Target, TargetType


@dataclass(frozen=True, slots=True)
class PriorityList:
    """Who has one of these numbers, or one that a pattern matches whole, waits with this priority: more is sooner.

    `queues`: those that it is for; without any it is for all targets.
    """

    id: str
    priority: int
    numbers: frozenset[str] = field(default=frozenset(), repr=False)  # of people
    patterns: tuple[str, ...] = ()
    queues: frozenset[str] = frozenset()

    def has(self, number: str, target: Target) -> bool:
        """Whether a caller with this number is on it, who comes to that target."""
        if self.queues and (target.type is not TargetType.QUEUE or target.id not in self.queues):
            return False
        return number in self.numbers or any(
            compiled(pattern).fullmatch(number) is not None for pattern in self.patterns
        )


def priority_of(lists: Sequence[PriorityList], number: str, target: Target) -> int:
    """The priority by the first list that has the number; 0 where none has. A number that is withheld is on none."""
    return next((each.priority for each in lists if number and each.has(number, target)), 0)
