"""Reads the regular expressions of the administrator's file, and their rewritings.

Characters, `.`, `\\d`, `[…]`, `(…)`, `(?:…)`, `(?P<name>…)`, `(?=…)`, `(?!…)`, `|`, `* + ? {m,n}` and their lazy
forms, `^` and `$`. What else Python's `re` has (back references, what looks behind, flags) is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_TIMES = 100
_DEEPEST = 20
_COUNT = re.compile(r"\{([0-9]{1,3})(,?)([0-9]{0,3})\}")
_NAMED = re.compile(r"\(\?P<([A-Za-z_][A-Za-z0-9_]*)>")
_PIECE = re.compile(r"[^\\]+|\\(?:(?P<number>[1-9][0-9]?)|g<(?P<group>[A-Za-z_0-9]+)>|(?P<escaped>\\))")
_CLASSES: Mapping[str, tuple[str, bool]] = {"d": ("0123456789", False), "D": ("0123456789", True)}


class PatternError(ValueError):
    """What is wrong with a pattern, for administrators."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character of these; `other`: none of these."""

    chars: frozenset[str] = frozenset()
    other: bool = False

    def take(self, character: str) -> bool:
        """Whether it is one."""
        return (character in self.chars) is not self.other


@dataclass(frozen=True, slots=True)
class Anchor:
    """The start of the number, or its end."""

    start: bool


@dataclass(frozen=True, slots=True)
class Sequence:
    """One after the other."""

    nodes: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Group:
    """What may be named in a rewriting."""

    inner: "Node"
    number: int


@dataclass(frozen=True, slots=True)
class Look:
    """What follows is so, or not, and is not taken."""

    inner: "Node"
    negative: bool


@dataclass(frozen=True, slots=True)
class Either:
    """One, or else the other."""

    one: "Node"
    other: "Node"


@dataclass(frozen=True, slots=True)
class Repeat:
    """So many times; `most` None: any number."""

    inner: "Node"
    least: int
    most: int | None
    lazy: bool


type Node = Chars | Anchor | Sequence | Group | Look | Either | Repeat


@dataclass(frozen=True, slots=True)
class Read:
    """A pattern, how many groups it has, and their names."""

    node: Node
    groups: int
    names: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """Of a rewriting: text, or a group."""

    text: str = ""
    group: str | None = None

    def index(self, names: Mapping[str, int]) -> int:
        """The group's number. Raises: PatternError."""
        group = self.group or ""
        if group.isdigit():
            return int(group)
        if group not in names:
            raise PatternError(f"unknown group name '{group}'")
        return names[group]


def read(text: str) -> Read:
    """Raises: PatternError."""
    reader = _Reader(text)
    node = reader.either()
    if reader.at < len(text):
        raise PatternError(f"unbalanced parenthesis at position {reader.at}")
    return Read(node, reader.groups, reader.names)


def template(text: str) -> list[Piece]:
    """The pieces of a rewriting. Raises: PatternError."""
    pieces, at = [], 0
    while at < len(text):
        found = _PIECE.match(text, at)
        if found is None:
            raise PatternError(f"bad escape at position {at}")
        group = found["number"] or found["group"]
        pieces.append(Piece(group=group) if group else Piece(found["escaped"] or found[0]))
        at = found.end()
    return pieces


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = 0
    groups: int = 0
    names: dict[str, int] = field(default_factory=dict)
    depth: int = 0

    def either(self) -> Node:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise PatternError(f"brackets are nested more than {_DEEPEST} deep")
        choices = [self._sequence()]
        while self._next("|"):
            choices.append(self._sequence())
        self.depth -= 1
        node = choices.pop()
        while choices:
            node = Either(choices.pop(), node)
        return node

    def _sequence(self) -> Node:
        nodes: list[Node] = []
        while self.at < len(self.text) and self.text[self.at] not in "|)":
            nodes.append(self._repeated(self._atom()))
        return Sequence(tuple(nodes))

    def _repeated(self, node: Node) -> Node:
        times = self._times()
        if times is None:
            return node
        if isinstance(node, Anchor | Look):
            raise PatternError(f"nothing to repeat at position {self.at - 1}")
        lazy = self._next("?")
        if self._next("+") or self._times() is not None:
            raise PatternError(f"multiple repeat at position {self.at - 1}")
        return Repeat(node, *times, lazy)

    def _times(self) -> tuple[int, int | None] | None:
        for sign, times in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._next(sign):
                return times
        count = _COUNT.match(self.text, self.at)
        if count is None:
            return None
        least = int(count[1])
        most = least if not count[2] else int(count[3]) if count[3] else None
        if max(least, most or 0) > MOST_TIMES or (most is not None and most < least):
            raise PatternError(f"bad number of repeats at position {self.at}; there are at most {MOST_TIMES}")
        self.at = count.end()
        return least, most

    def _atom(self) -> Node:
        character = self.text[self.at]
        if character == "(":
            return self._bracket()
        if character in "*+?":
            raise PatternError(f"nothing to repeat at position {self.at}")
        self.at += 1
        match character:
            case "[":
                return self._set()
            case ".":
                return Chars(frozenset("\n"), other=True)
            case "^" | "$":
                return Anchor(character == "^")
            case "\\":
                return self._escaped()
            case _:
                return Chars(frozenset(character))

    def _bracket(self) -> Node:
        if (named := _NAMED.match(self.text, self.at)) is not None:
            self.at = named.end()
            if named[1] in self.names:
                raise PatternError(f"redefinition of group name '{named[1]}'")
            self.names[named[1]] = self.groups + 1
            return self._group()
        for opening in ("(?:", "(?=", "(?!"):
            if self._next(opening):
                inner = self._closed(self.either())
                return inner if opening == "(?:" else Look(inner, opening == "(?!")
        if self.text.startswith("(?", self.at):
            raise PatternError(f"{self.text[self.at : self.at + 4]!r} at position {self.at} is not known here")
        self.at += 1
        return self._group()

    def _group(self) -> Node:
        self.groups += 1
        number = self.groups
        return Group(self._closed(self.either()), number)

    def _closed(self, node: Node) -> Node:
        if not self._next(")"):
            raise PatternError("missing ), unterminated subpattern")
        return node

    def _set(self) -> Chars:
        start = self.at - 1
        other = self._next("^")
        chars: set[str] = set()
        first = True
        while first or not self._next("]"):
            first = False
            low = self._of_set(start)
            if self.text.startswith("-", self.at) and not self.text.startswith("-]", self.at):
                self.at += 1
                high = self._of_set(start)
                if len(low) != 1 or len(high) != 1 or min(low) > min(high):
                    raise PatternError(f"bad character range at position {self.at - 1}")
                low = frozenset(map(chr, range(ord(min(low)), ord(min(high)) + 1)))
            chars |= low
        return Chars(frozenset(chars), other)

    def _of_set(self, start: int) -> frozenset[str]:
        if self.at >= len(self.text):
            raise PatternError(f"unterminated character set at position {start}")
        character = self.text[self.at]
        self.at += 1
        if character != "\\":
            return frozenset(character)
        found = self._escaped()
        if found.other:
            raise PatternError(f"bad escape in a character set at position {self.at - 2}")
        return found.chars

    def _escaped(self) -> Chars:
        if self.at >= len(self.text):
            raise PatternError("bad escape (end of pattern)")
        character = self.text[self.at]
        self.at += 1
        if character in _CLASSES:
            chars, other = _CLASSES[character]
            return Chars(frozenset(chars), other)
        if character.isalnum():
            raise PatternError(f"\\{character} at position {self.at - 2} is not known here")
        return Chars(frozenset(character))

    def _next(self, text: str) -> bool:
        """Whether this comes next: then it is taken."""
        if not self.text.startswith(text, self.at):
            return False
        self.at += len(text)
        return True
