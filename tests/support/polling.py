"""Waiting for what nothing reports by itself."""

import asyncio
from collections.abc import Awaitable, Callable

_PAUSE = 0.05


async def until(holds: Callable[[], Awaitable[bool]], what: str, within: float) -> None:
    """Ask again and again until it holds. Raises AssertionError."""
    try:
        async with asyncio.timeout(within):
            while not await holds():
                await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=_PAUSE)
    except TimeoutError:
        raise AssertionError(f"not within {within:g} s: {what}") from None
