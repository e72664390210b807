"""What the store keeps of what is over: written without a call waiting for it, and read from the last backwards."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from ari_app.api.limits import Turns
from ari_app.errors import StoreUnavailable, Unavailable

PAGE = 100
MOST_WAITING = 5_000
"""Items that wait to be written; beyond that they are lost."""
AT_ONCE, WAITING, OF_ONE = 2, 256, 16
"""Requests that look at once, that wait, and of those of one session."""
ON_END = 10
"""So many failures."""
LOOKED_AT = 2_000
"""Entries that one request looks at, at most: beyond, it answers with what it has found, and a cursor."""


class Named(Protocol):
    """Whose name is a cursor."""

    @property
    def id(self) -> str: ...


class Failures:
    """Of several things each is tried, also where others fail: `with failures: ...`. After `ON_END` in vain, one after
    the other, what they need is away, and the last failure is raised."""

    def __init__(self) -> None:
        self._last: Unavailable | None = None
        self._on_end = 0

    def __enter__(self) -> None:
        """One is tried."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        if not isinstance(error, Unavailable):
            self._on_end = 0
            return False
        self._last, self._on_end = error, self._on_end + 1
        return self._on_end < ON_END

    def check(self) -> None:
        """All were tried. Raises: Unavailable, where one failed."""
        if self._last is not None:
            raise self._last


class WrittenBehind[T]:
    """Writes what it is given, in this order, while `run` goes on. `lost` gets what the store did not take."""

    def __init__(self, write: Callable[[T], Awaitable[None]], lost: Callable[[T], None]) -> None:
        self._write = write
        self._lost = lost
        self._queue: asyncio.Queue[T] = asyncio.Queue()

    def put(self, item: T) -> None:
        """Have it written."""
        if self._queue.qsize() >= MOST_WAITING:
            self._lost(item)
        else:
            self._queue.put_nowait(item)

    async def run(self) -> None:
        """Write; until it is cancelled."""
        while True:
            item = await self._queue.get()
            try:
                await self._write(item)
            except Exception as error:
                self._lost(item)  # also by a fault of ours, which would come to the same the next time
                if not isinstance(error, StoreUnavailable):
                    raise
            finally:
                self._queue.task_done()

    async def flush(self) -> None:
        """Wait until all that was given is written, while `run` goes on."""
        await self._queue.join()


def look_turns() -> Turns:
    """Whose turn it is to look."""
    return Turns(AT_ONCE, WAITING, OF_ONE, "too many lists are wanted")


async def look_back[T: Named](
    read: Callable[[str | None, int], Awaitable[Sequence[T]]],
    cursor: str | None,
    limit: int,
    *,
    too_old: Callable[[T], bool],
    wanted: Callable[[T], bool],
    looked: Callable[[int], None] = lambda entries: None,
) -> tuple[list[T], str | None]:
    """The wanted ones after the cursor, the last first, and the cursor for those before; None where there are no more.

    `read(cursor, so many)` is what the store has; `looked(entries)` is called for each page of it.

    Raises:
        StoreUnavailable.
    """
    found: list[T] = []
    looked_at = 0
    while looked_at < LOOKED_AT:
        page = await read(cursor, PAGE)
        looked_at += len(page)
        looked(len(page))
        for item in page:
            cursor = item.id
            if too_old(item):
                return found, None
            if wanted(item):
                found.append(item)
            if len(found) == limit:
                return found, cursor
        if len(page) < PAGE:
            return found, None
    return found, cursor
