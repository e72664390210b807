"""Who leads each Asterisk, as all controllers see it: the values, and what may be requested. Knows no Redis.

A lease ends by itself unless it is renewed. Each time it is taken it has a higher number, which all that its owner
writes carries (`Fence`): Redis refuses whoever has not the last one.
"""

import math
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Fence:
    """Under which lease somebody writes: of which Asterisk, its fencing number, and its owner."""

    asterisk: str
    number: int
    owner: str

    def __str__(self) -> str:
        """As scripts get it."""
        return f"{self.asterisk} {self.number} {self.owner}"


@dataclass(frozen=True, slots=True)
class Lease:
    """What the store knows. `number`: the highest that was given, 0 where it knows of none, as one that was emptied.

    `owner` is empty where nobody has it; `released`: whoever had it gave it up. `address`: of the owner's API.
    `left`: in so many seconds it ends, where the store says so.
    """

    number: int
    owner: str = ""
    address: str = ""
    released: bool = False
    left: float = field(default=math.inf, compare=False)

    def replaced_by(self, now: "Lease") -> bool:
        """Whether another leads, or has since. That nobody is known to says nothing: the store may have lost it."""
        return now.number > self.number or now.owner not in ("", self.owner)


class Renewal(Enum):
    """What came of it: a newer one leads; the lease goes on; it does, and a controller that leads none seeks it."""

    LOST = auto()
    KEPT = auto()
    SOUGHT = auto()


class Leases(Protocol):
    """All raise StoreUnavailable; what was requested then may have been done or not."""

    async def look(self, asterisk: str, seeks: float = 0) -> Lease:
        """How it is now. `seeks`: for so many seconds it is known that somebody who leads none would have it."""

    async def take(self, asterisk: str, owner: str, address: str, seconds: float, above: int = 0) -> int | None:
        """Have it for so long, under a number higher than all before and than `above`; None where somebody has it."""

    async def renew(self, fence: Fence, address: str, seconds: float) -> Renewal:
        """Have it for so long from now, also where it has ended and nobody took it.

        A store that was emptied, or has forgotten its last seconds, learns from it which number is the highest.
        """

    async def release(self, fence: Fence) -> None:
        """Give it up, so that another may have it at once; nothing happens where it is another's.

        Also in the name of an owner who is dead.
        """
