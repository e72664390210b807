"""Notices that Redis has lost what it kept: it came back empty, or was emptied by hand.

Reads alone would not show it: everybody would be unknown, and nothing would change any more.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ari_app.availability.port import Availability
from ari_app.errors import StoreUnavailable

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 1.0


async def keep_filled(
    availability: Availability,
    refill: Callable[[], Awaitable[None]],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Have it written again by `refill` whenever nothing is configured; for ever, and again where that came to nothing.

    To be started when it was configured once.
    """
    while True:
        try:
            if not await availability.configured():
                log.error("store_emptied", detail="what it kept is written again from memory")
                await refill()
        except StoreUnavailable:
            log.debug("store_unavailable")
        await sleep(LOOK_EVERY_SECONDS)
