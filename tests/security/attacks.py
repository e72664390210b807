"""The attacks of `tests/SCENARIOS.md`: what is tried, from where, and the tests that try it.

The table is the one list of them. `docker/test security` takes from it those that need neither Asterisk nor Redis.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
NETWORK, LOOPBACK, WITHIN = "network", "loopback", "within"
"""From where: a network of its own, another address of 127.0.0.0/8, or no address (what is read, written or shown)."""
ALONE = ("unit", "properties")
"""Directories whose tests need none of the parts."""

_ROW = re.compile(r"^\| ([R\d, ]*)\| ([^|]+) \| ([^|]+) \| (.+) \|$", re.MULTILINE)
_NAMED = re.compile(r"`((?:[a-z_]+/)*test_\w+)::(test_\w+)`")
_BY_SOCKET = re.compile(r"\b([wW]orld|Browser|ClientSession|open_connection)\b")
_OF_THE_API = ("unit/api/", "properties/")
_AT_ALL_PARTS = ("e2e/", "cluster/")
_IN_CONTAINERS = "e2e/test_containers_closed"


@dataclass(frozen=True)
class Try:
    """One test. `place`: its file without the ending, from `tests/`."""

    place: str
    name: str

    @property
    def file(self) -> Path:
        """Where it stands."""
        return TESTS / f"{self.place}.py"

    @property
    def node(self) -> str:
        """As pytest names it."""
        return f"tests/{self.place}.py::{self.name}"

    @property
    def alone(self) -> bool:
        """Whether it needs none of the parts."""
        return self.place.startswith(tuple(f"{directory}/" for directory in ALONE))

    @property
    def source(self) -> str:
        """From where it tries."""
        if self.place.startswith("network/"):
            return NETWORK
        if self.place.startswith(_OF_THE_API):
            return LOOPBACK if _BY_SOCKET.search(self.file.read_text()) else WITHIN
        return LOOPBACK if self.place.startswith(_AT_ALL_PARTS) and self.place != _IN_CONTAINERS else WITHIN


@dataclass(frozen=True)
class Attack:
    """A row. `findings`: numbers of the review, none where nobody but us has thought of it."""

    findings: tuple[str, ...]
    what: str
    sources: frozenset[str]
    tries: tuple[Try, ...]


def attacks(text: str | None = None) -> list[Attack]:
    """All that the table has."""
    table = (text or (TESTS / "SCENARIOS.md").read_text()).partition("\n## Attacks\n")[2]
    return [
        Attack(tuple(numbers.replace(",", " ").split()), what, frozenset(re.split(r", ", sources)), tuple(_tries(by)))
        for numbers, what, sources, by in _ROW.findall(table)[1:]  # without the heading
    ]


def _tries(text: str) -> Iterator[Try]:
    for place, name in _NAMED.findall(text):
        yield Try(place if "/" in place else f"e2e/{place}", name)


def alone() -> list[str]:
    """The tests that need none of the parts, as pytest names them, each once."""
    return list(dict.fromkeys(each.node for attack in attacks() for each in attack.tries if each.alone))
