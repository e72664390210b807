"""What may be waited for before something is done."""

from collections.abc import Awaitable, Callable

type Wait = Callable[[], Awaitable[None]]


async def at_once() -> None:
    """For nothing."""
