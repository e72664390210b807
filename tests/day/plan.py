"""Who calls when, whom, and how patient they are: so many in each minute of the day, by lot. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tests.day.centre import FEAST, FIRST, SECOND

type Kind = Literal["patient", "hasty", "impatient"]
type Wish = Literal["listens", "second", "away", "back", "back busy", "never back"]

MINUTE = 60.0
QUIET = 3.0
"""Seconds before the end of each minute in which nobody begins to call, so that whose minute it is nobody doubts."""
PREFIX: dict[Kind, str] = {"patient": "+3371", "hasty": "+3372", "impatient": "+3373"}
GUESTS = "+3374"
WISHES: tuple[Wish, ...] = ("listens", "second", "away", "back", "back busy", "never back", "second", "back")


@dataclass(frozen=True, slots=True)
class Minute:
    """So many callers; `first` and `feast`: which part of them dial the first queue, and the one on holiday. `open`:
    whether the first queue is, by its hours; `second_shut`: the second is closed by hand."""

    callers: int
    first: float = 0.7
    feast: float = 0.0
    open: bool = True
    second_shut: bool = False
    database: bool = True


DAY: tuple[Minute, ...] = (
    Minute(260),
    Minute(430),
    Minute(480),
    Minute(240, first=0.35, feast=0.08, open=False),
    Minute(430, database=False),
    Minute(480, database=False),
    Minute(270, first=0.75, second_shut=True),
    Minute(410),
)
"""Eight minutes, as hours of a day: it fills up, has a noon at which the first queue is closed, and a second crowd, in
which the database is away; in the end the second queue is closed by hand for a while."""
SHARES: dict[Kind, float] = {"patient": 0.78, "hasty": 0.08, "impatient": 0.14}


@dataclass(frozen=True, slots=True)
class Row:
    """Somebody who will call."""

    number: str
    dials: str


def scaled(calls: int, day: Sequence[Minute] = DAY) -> list[Minute]:
    """The same day with so many callers."""
    whole = sum(minute.callers for minute in day)
    return [
        Minute(
            max(6, round(each.callers * calls / whole)),
            each.first,
            each.feast,
            each.open,
            each.second_shut,
            each.database,
        )
        for each in day
    ]


def rows(minute: Minute, number: int, kind: Kind, dice: random.Random) -> list[Row]:
    """Those of this kind who call in a minute, the `number`th; each has a number of their own."""
    found = []
    for n in range(round(minute.callers * SHARES[kind])):
        lot = dice.random()
        dials = FEAST if lot < minute.feast else FIRST if lot < minute.feast + minute.first else SECOND
        found.append(Row(f"{PREFIX[kind]}{number:02}{n:05}", dials))
    return found
