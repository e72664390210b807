"""When a controller is killed: how long after which verb. Pure, and the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

WITHIN = 0.4
"""Seconds after the verb was requested."""


@dataclass(frozen=True)
class Moment:
    """`after` in seconds; `lot` decides what else there is to choose, from 0 on and below 1."""

    verb: str
    after: float
    lot: float


def moments(seed: int, rounds: int, verbs: Sequence[str]) -> list[Moment]:
    """Each verb as often as the others, or once more; moments that cover all of the time evenly; both in any order."""
    dice = random.Random(seed)
    chosen = [verbs[number % len(verbs)] for number in range(rounds)]
    after = [(number + dice.random()) / rounds * WITHIN for number in range(rounds)]
    dice.shuffle(chosen)
    dice.shuffle(after)
    return [Moment(verb, round(at, 4), dice.random()) for verb, at in zip(chosen, after, strict=True)]


def choose[T](among: Sequence[T], lot: float) -> T:
    """By lot. Raises IndexError where there is nothing to choose."""
    return among[int(lot * len(among))]
