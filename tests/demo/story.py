"""What is shown: moments on a clock, and what everybody hears at the end of each scene. Shapes only."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tests.bots import Display, Sound


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the cast. `bot` is the name in the lab, `name` what they are called in the story."""

    bot: str
    name: str
    who: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened `at` (seconds since the start)."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Ear:
    """One row of the matrix: whom one person hears and what else, as RTP has it; `notes` are what the API says."""

    name: str
    hears: frozenset[str]
    sound: Sound
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class Scene:
    """A numbered piece of the story."""

    number: int
    title: str
    moments: list[Moment] = field(default_factory=list)
    ears: list[Ear] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one person heard from `begin` to `end`, in seconds since the start."""

    begin: float
    end: float
    voices: frozenset[str]
    sound: Sound


@dataclass(slots=True)
class Clock:
    """Seconds since the story began, from stamps of `time.monotonic()`."""

    epoch: float = field(default_factory=time.monotonic)

    def at(self, stamp: float) -> float:
        """A stamp as seconds since the start."""
        return stamp - self.epoch


def milliseconds(seconds: float) -> str:
    """`12 345 ms`, with spaces that no line breaks at."""
    return f"{round(seconds * 1000):,}\N{NO-BREAK SPACE}ms".replace(",", "\N{NO-BREAK SPACE}")


def after(seconds: float) -> str:
    """`after 12 ms`: a latency, in one piece."""
    return f"after\N{NO-BREAK SPACE}{milliseconds(max(seconds, 0.0))}"


def display(shown: Display) -> str:
    """`▐ Zoé Caller +33612345678 ▌`: what stands on a phone's display, in one piece."""
    text = "anonymous" if shown.anonymous else f"{shown.name} {shown.number}".strip()
    return f"▐ {text} ▌".replace(" ", "\N{NO-BREAK SPACE}")
