"""A command that somebody ends goes home first, whichever way it is ended: Ctrl-C, `docker stop`, a closed terminal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine

_ENDS = (signal.SIGTERM, signal.SIGHUP)


def run(command: Coroutine[object, object, int]) -> int | None:
    """What it returns; None where somebody ended it, after all of its `finally`."""
    try:
        return asyncio.run(_ended_once(command))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return None


async def _ended_once(command: Coroutine[object, object, int]) -> int:
    """asyncio does the same for Ctrl-C alone."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def end() -> None:
        for number in _ENDS:
            loop.add_signal_handler(number, lambda: None)
        if task is not None:
            task.cancel()

    for number in _ENDS:
        loop.add_signal_handler(number, end)
    return await command
