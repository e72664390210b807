"""For how long what is stored is kept: as the administrator's file says, and looked at every so often."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ari_app.errors import Unavailable
from ari_app.routing.directory import KeepDays
from ari_app.store.port import Keep

log = structlog.get_logger(__name__)

DAY = 86_400.0
EVERY = 1800.0
"""Seconds."""


def keep_of(days: KeepDays) -> Keep:
    """What the store has to know of it."""
    return Keep(
        recents=_seconds(days.recents),
        favourites=_seconds(days.favourites) if days.favourites is not None else 0,
    )


def _seconds(days: float) -> int:
    return max(1, round(days * DAY))


async def keep_forgetting(forget: Callable[[], Awaitable[None]], every: float = EVERY) -> None:
    """Have it done now and every so often, until it is cancelled. What fails is tried the next time."""
    while True:
        try:
            await forget()
        except Unavailable as error:
            log.warning("not_forgotten", reason=error.detail)
        await asyncio.sleep(every)
