"""Numbers outside the company: which may be dialled by whom, how many at once, and those for an emergency.

Owns the rules as values. Who dials how much now is known to `calls` alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ari_app.routing.patterns import compiled

type Labels = frozenset[str]
"""What a rule may name of an agent: `agent:alice`, `group:sales`, `role:supervisor`, `class:trainee`."""


@dataclass(frozen=True, slots=True)
class OutsideRule:
    """Numbers outside the company: a pattern that the whole number matches, and an optional rewriting.

    It allows them, or with `deny` it refuses them, to those of `for_`; to everybody where that is empty.
    """

    pattern: str
    replace: str | None = None
    deny: bool = False
    for_: Labels = frozenset()

    def concerns(self, labels: Labels | None) -> bool:
        """Whether it is about somebody with these labels. None: about the call centre itself, which dials what the
        administrator wrote: what some may dial, and what is denied to nobody in particular. No labels at all: about a
        number that comes from outside, by whom nobody knows: what all may dial, and what is denied to nobody."""
        if labels is None:
            return not (self.deny and self.for_)
        if not labels:
            return self.deny or not self.for_
        return not self.for_ or not self.for_.isdisjoint(labels)

    def dialled(self, number: str) -> str | None:
        """What goes to the trunk; None: it does not match."""
        match = compiled(self.pattern).fullmatch(number)
        if match is None:
            return None
        return number if self.replace is None else match.expand(self.replace)


def dialled(rules: Sequence[OutsideRule], number: str, labels: Labels | None) -> str | None:
    """The number to dial through the trunk, rewritten as the first matching rule says; None: not allowed.

    What is denied is looked at first, in the number as it was dialled and as it would go out.
    """
    mine = [rule for rule in rules if rule.concerns(labels)]
    out = next((out for rule in mine if not rule.deny and (out := rule.dialled(number)) is not None), None)
    if out is None:
        return None
    denied = any(rule.deny and rule.dialled(each) is not None for rule in mine for each in {number, out})
    return None if denied else out


def goes_on(rules: Sequence[OutsideRule], number: str) -> bool:
    """Whether a longer number that begins with this one may be allowed to somebody."""
    return any(compiled(rule.pattern).goes_on(number) for rule in rules if not rule.deny)


@dataclass(frozen=True, slots=True)
class Ceilings:
    """Calls to numbers outside that agents begin: how many at once, and how many a minute."""

    calls: int
    per_minute: int


@dataclass(frozen=True, slots=True)
class OutsideLimits:
    """The ceilings of each agent, those of all together, and whether who is logged out may dial outside."""

    agent: Ceilings = Ceilings(10, 30)
    everybody: Ceilings = Ceilings(500, 1000)
    dial_when_logged_out: bool = True


@dataclass(frozen=True, slots=True)
class ClassOfService:
    """What is otherwise for agents of this class; None: as for all."""

    calls: int | None = None
    per_minute: int | None = None
    dial_when_logged_out: bool | None = None

    def limits(self, otherwise: OutsideLimits) -> OutsideLimits:
        """The limits of an agent of this class."""
        agent = Ceilings(
            otherwise.agent.calls if self.calls is None else self.calls,
            otherwise.agent.per_minute if self.per_minute is None else self.per_minute,
        )
        logged_out = self.dial_when_logged_out
        return OutsideLimits(
            agent, otherwise.everybody, otherwise.dial_when_logged_out if logged_out is None else logged_out
        )


@dataclass(frozen=True, slots=True)
class Place:
    """Where agents are, for emergency services: the number that is shown, and that they may call back."""

    number: str
    for_: Labels = frozenset()


@dataclass(frozen=True, slots=True)
class Emergency:
    """Numbers that anybody may dial at any time."""

    numbers: frozenset[str] = frozenset()
    places: tuple[Place, ...] = ()

    def place_of(self, labels: Labels) -> str | None:
        """What is shown as the number of who has these labels; None: nothing is given."""
        return next((p.number for p in self.places if not p.for_ or not p.for_.isdisjoint(labels)), None)
