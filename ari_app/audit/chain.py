"""The record of who did what, line by line, each with the hash of the one before: what is changed or missing shows.

Numbers of people stand beside their line, which carries only their seal: they can be forgotten, and the chain holds.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

NOTHING: Mapping[str, str] = MappingProxyType({})
TERMINAL = "terminal"
"""Who did it, where that was somebody at the machine itself."""
LONGEST = 200
"""Characters of a value: no line is as long as whoever made a request would have it."""
ERASED = "erased"
"""The detail of a line that says of how many lines before it the numbers were forgotten."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was done, or was refused. `at` in seconds since the epoch.

    `who`: an agent's id, `key:<name>`, `contact` or `system`; empty where nobody knows. `agents` are those whom it
    concerns. `outcome`: `done`, or the code of the refusal. `numbers`, by what they are in it: whatever tells a person
    outside. Neither digits, nor secrets, nor what somebody withholds may be in any of it.
    """

    at: float
    what: str
    who: str = ""
    address: str = ""
    outcome: str = "done"
    call: str = ""
    agents: tuple[str, ...] = ()
    details: Mapping[str, str] = NOTHING
    numbers: Mapping[str, str] = field(default=NOTHING, repr=False)


@dataclass(frozen=True, slots=True)
class Link:
    """The line after which another may follow: how many there were, and its hash. The first follows none."""

    number: int = 0
    hash: str = ""

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line as it is kept. `opened`: the numbers in it, or empty where there were none, or they were forgotten."""

    link: Link
    text: str
    opened: str = ""


def lines_of(after: Link, entries: Iterable[tuple[Entry, str]]) -> tuple[Line, ...]:
    """Entries as lines after that one. Each comes with a random word, by which nobody can guess at its numbers."""
    lines: list[Line] = []
    for entry, salt in entries:
        opened = _json({"salt": salt, **_short(entry.numbers)}) if entry.numbers else ""
        number = after.number + 1
        text = _json(
            {
                "n": number, "after": after.hash, "at": round(entry.at, 3), "what": entry.what,
                "who": entry.who[:LONGEST], "address": entry.address, "outcome": entry.outcome,
                "call": entry.call[:LONGEST],
                "agents": list(entry.agents), "details": _short(entry.details),
                "sealed": _hash(opened) if opened else "",
            }
        )  # fmt: skip
        after = Link(number, _hash(text))
        lines.append(Line(after, text, opened))
    return tuple(lines)


def read(line: Line) -> Entry:
    """What a line says. Raises: ValueError where it is none."""
    said = json.loads(line.text)
    opened = json.loads(line.opened) if line.opened else {}
    try:
        return Entry(
            said["at"], said["what"], said["who"], said["address"], said["outcome"], said["call"],
            tuple(said["agents"]), said["details"], {key: opened[key] for key in opened if key != "salt"},
        )  # fmt: skip
    except (KeyError, TypeError) as error:
        raise ValueError("this is no line of the record") from error


@dataclass(frozen=True, slots=True)
class Kept:
    """Where what is kept begins (the line before the first) and ends."""

    begin: Link = Link()
    end: Link = Link()


class Verifier:
    """Looks at one line after the other; `faults` are what is wrong. `anchors`: lines that are known from elsewhere."""

    def __init__(self, kept: Kept, anchors: Sequence[Link] = ()) -> None:
        self._before = kept.begin
        self._kept = kept
        self._anchors = {anchor.number: anchor for anchor in anchors}
        self._sealed = 0
        self._erased = 0
        self.faults: list[str] = []
        for anchor in anchors:
            if anchor.number > kept.end.number:
                self.faults.append(f"there was a line {anchor.number}, and the last that is kept is {kept.end.number}")

    def feed(self, line: Line) -> None:
        """The next line."""
        said = _said(line)
        if line.link.number != self._before.number + 1:
            self.faults.append(f"after line {self._before.number} comes line {line.link.number}: some are missing")
        elif (said.get("n"), said.get("after")) != (line.link.number, self._before.hash):
            self.faults.append(f"line {line.link.number} does not follow the one before")
        if _hash(line.text) != line.link.hash:
            self.faults.append(f"line {line.link.number} was changed")
        anchor = self._anchors.get(line.link.number)
        if anchor is not None and anchor != line.link:
            self.faults.append(f"line {line.link.number} is not the one that was known")
        self._check_numbers(line, said)
        self._before = line.link

    def _check_numbers(self, line: Line, said: Mapping[str, Any]) -> None:
        try:
            sealed, erased = said["sealed"], int(said["details"].get(ERASED, "0"))
        except (ValueError, KeyError, TypeError, AttributeError):
            return  # said already
        self._erased += erased
        if sealed and not line.opened:
            self._sealed += 1
        elif line.opened and _hash(line.opened) != sealed:
            self.faults.append(f"the numbers of line {line.link.number} were changed")

    def end(self) -> None:
        """There are no more lines."""
        if self._before != self._kept.end:
            self.faults.append(f"line {self._kept.end.number} was the last, and line {self._before.number} is now")
        if self._sealed > self._erased:
            self.faults.append(f"the numbers of {self._sealed} lines are gone, and {self._erased} were to be forgotten")


def _said(line: Line) -> Mapping[str, Any]:
    """What is in a line; nothing where it is none."""
    try:
        said = json.loads(line.text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _short(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value[:LONGEST] for name, value in values.items()}


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
