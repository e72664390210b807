"""Regular expressions over numbers, matched in a time that grows with the number and never explodes.

The syntax is that of Python's `re` as far as it makes sense for numbers (see `pattern_reader`). What it matches and
what its groups are is what `re.fullmatch` says; but no place of the number is tried twice by the same step of the
pattern, so that `(0+)+` costs as little as `0+`. `re` would stop everything else for as long as digits make it try.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import lru_cache
from typing import assert_never

from ari_app.routing import pattern_reader as r
from ari_app.routing.pattern_reader import PatternError

__all__ = ["Match", "Pattern", "PatternError", "compiled"]

LONGEST = 1_000
"""Steps of one pattern; `{m,n}` counts what it repeats so often."""
_NUMBER = 33
"""Characters of the longest number."""
_DIGITS = "0123456789"


class _Op(Enum):
    ONE = auto()  # a character that `chars` takes
    SPLIT = auto()  # go on at `to`, or else at `other`
    SAVE = auto()  # where a group begins or ends
    LOOK = auto()  # what follows matches `inner`; `negative`: does not
    START = auto()
    END = auto()
    MATCH = auto()


@dataclass(slots=True)
class _Step:
    op: _Op
    chars: r.Chars = r.Chars()  # noqa: RUF009 frozen
    to: int = 0
    other: int = 0
    inner: "list[_Step]" = field(default_factory=list)
    negative: bool = False


@dataclass(frozen=True, slots=True)
class Match:
    """The groups of a match, 0 the whole; None: it took no part."""

    groups: tuple[str | None, ...]
    names: Mapping[str, int]

    def expand(self, template: str) -> str:
        """The template with `\\1`, `\\g<1>` and `\\g<name>` as the groups."""
        pieces = r.template(template)
        return "".join(p.text if p.group is None else self.groups[p.index(self.names)] or "" for p in pieces)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern."""

    _steps: list[_Step]
    _groups: int
    _names: Mapping[str, int]

    def fullmatch(self, text: str) -> Match | None:
        """The match of the whole text, or None."""
        slots = _run(self._steps, text, 2 * self._groups)
        if slots is None:
            return None
        groups = (text[slots[n] : slots[n + 1]] if slots[n + 1] >= 0 else None for n in range(0, len(slots), 2))
        return Match((text, *groups), self._names)

    def goes_on(self, text: str) -> bool:
        """Whether a longer number that begins with this one could match; true where in doubt."""
        at = {0}
        for character in text:
            at = self._over(at, character)
        for _ in range(_NUMBER - len(text)):
            at = self._over(at, _DIGITS)
            if any(self._steps[pc].op is _Op.MATCH for pc in _reachable(self._steps, at)):
                return True
        return False

    def check(self, template: str) -> None:
        """Raises: PatternError, the template names a group that is not there."""
        for piece in r.template(template):
            if piece.group is not None and piece.index(self._names) > self._groups:
                raise PatternError(f"invalid group reference {piece.group}")

    def _over(self, at: set[int], characters: str) -> set[int]:
        """Where the pattern may be after one of these characters."""
        ones = [pc for pc in _reachable(self._steps, at) if self._steps[pc].op is _Op.ONE]
        return {pc + 1 for pc in ones if any(map(self._steps[pc].chars.take, characters))}


@lru_cache(maxsize=4096)
def compiled(text: str) -> Pattern:
    """Raises: PatternError."""
    read = r.read(text)
    steps: list[_Step] = []
    _write(read.node, steps)
    steps.append(_Step(_Op.MATCH))
    return Pattern(steps, read.groups, read.names)


# -- matching ---------------------------------------------------------------------------------------------------------


def _run(steps: list[_Step], text: str, slots: int, start: int | None = None) -> tuple[int, ...] | None:
    """What `re` would find first. Each (step, place) is tried once: nothing else would come of it the second time.

    With `start`, of what begins there, and need not reach the end.
    """
    tried: set[tuple[int, int]] = set()
    stack = [(0, start or 0, (-1,) * slots)]
    while stack:
        pc, at, saved = stack.pop()
        while (pc, at) not in tried:
            tried.add((pc, at))
            step = steps[pc]
            pc += 1
            if step.op is _Op.MATCH:
                if at == len(text) or start is not None:
                    return saved
                break
            if step.op is _Op.SPLIT:
                stack.append((step.other, at, saved))
                pc = step.to
            elif step.op is _Op.SAVE:
                saved = (*saved[: step.to], at, *saved[step.to + 1 :]) if saved else saved
            elif step.op is _Op.ONE:
                if at == len(text) or not step.chars.take(text[at]):
                    break
                at += 1
            elif not _holds(step, text, at):
                break
    return None


def _holds(step: _Step, text: str, at: int) -> bool:
    if step.op is _Op.LOOK:
        return (_run(step.inner, text, 0, at) is None) is step.negative
    return at == (0 if step.op is _Op.START else len(text))


def _reachable(steps: list[_Step], at: set[int]) -> set[int]:
    """Where the pattern may be without another character; what looks around is taken to hold."""
    found: set[int] = set()
    waiting = list(at)
    while waiting:
        pc = waiting.pop()
        if pc in found:
            continue
        found.add(pc)
        op = steps[pc].op
        if op is _Op.SPLIT:
            waiting += (steps[pc].to, steps[pc].other)
        elif op not in (_Op.ONE, _Op.MATCH):
            waiting.append(pc + 1)
    return found


# -- steps ------------------------------------------------------------------------------------------------------------


def _write(node: r.Node, steps: list[_Step]) -> None:
    if len(steps) > LONGEST:
        raise PatternError(f"is too long: more than {LONGEST} steps")
    match node:
        case r.Chars():
            steps.append(_Step(_Op.ONE, node))
        case r.Anchor(start):
            steps.append(_Step(_Op.START if start else _Op.END))
        case r.Sequence(nodes):
            for each in nodes:
                _write(each, steps)
        case r.Group(inner, number):
            steps.append(_Step(_Op.SAVE, to=2 * number - 2))
            _write(inner, steps)
            steps.append(_Step(_Op.SAVE, to=2 * number - 1))
        case r.Look(inner, negative):
            within: list[_Step] = []
            _write(inner, within)
            steps.append(_Step(_Op.LOOK, inner=[*within, _Step(_Op.MATCH)], negative=negative))
        case r.Either(one, other):
            _either(one, other, steps)
        case r.Repeat():
            _repeat(node, steps)
        case _:
            assert_never(node)


def _either(one: r.Node, other: r.Node, steps: list[_Step]) -> None:
    split = _Step(_Op.SPLIT, to=len(steps) + 1)
    steps.append(split)
    _write(one, steps)
    past = _Step(_Op.SPLIT)
    steps.append(past)
    split.other = len(steps)
    _write(other, steps)
    past.to = past.other = len(steps)


def _repeat(node: r.Repeat, steps: list[_Step]) -> None:
    for _ in range(node.least):
        _write(node.inner, steps)
    splits: list[_Step] = []
    for _ in range(1 if node.most is None else node.most - node.least):
        again = len(steps)
        splits.append(_Step(_Op.SPLIT, to=again + 1, other=again + 1))
        steps.append(splits[-1])
        _write(node.inner, steps)
        if node.most is None:
            steps.append(_Step(_Op.SPLIT, to=again, other=again))
    for split in splits:
        if node.lazy:
            split.to = len(steps)
        else:
            split.other = len(steps)
