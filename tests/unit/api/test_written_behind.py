"""What is written while nobody waits for it: in order, and no more of it is kept in memory than is bounded."""

import asyncio

import pytest

from ari_app.api import kept
from ari_app.api.kept import WrittenBehind
from ari_app.errors import StoreUnavailable

WAIT = 5.0


async def test_what_a_slow_store_does_not_take_in_time_is_lost_and_not_kept_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "MOST_WAITING", 2)
    written: list[int] = []
    lost: list[int] = []

    async def write(item: int) -> None:
        if item == 2:
            raise StoreUnavailable
        written.append(item)

    behind = WrittenBehind(write, lost.append)
    for item in range(1, 5):
        behind.put(item)
    assert lost == [3, 4]
    running = asyncio.ensure_future(behind.run())
    async with asyncio.timeout(WAIT):
        await behind.flush()
        behind.put(5)
        await behind.flush()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert (written, lost) == ([1, 5], [3, 4, 2])
