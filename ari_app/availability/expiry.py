"""Ends reservations and wrap-ups when they are due, also those of a controller that is dead.

Every controller runs one; that several do it at once is harmless.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from ari_app.availability.port import Availability
from ari_app.errors import StoreUnavailable

# Something may become due that another controller has just begun: look at least this often.
LONGEST_SECONDS = 0.25
# Not in a busy loop either, where clocks differ by a hair.
SHORTEST_SECONDS = 0.005


async def keep_expiring(
    availability: Availability,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Expire for ever, on time. While the store is away nothing can be due that anybody could see: try again."""
    while True:
        wait = LONGEST_SECONDS
        try:
            expired = await availability.expire()
            if expired.next_due is not None:
                wait = min(LONGEST_SECONDS, max(SHORTEST_SECONDS, expired.next_due - clock()))
        except StoreUnavailable:
            pass
        await sleep(wait)
