"""What goes on beside calls: begun anew where a fault of ours ends it, and each such fault logged and counted, wherever
it was.

By itself asyncio writes a line of its own of a task that has failed, and what the task did is done no more.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import structlog

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until what has failed is begun anew: twice as many each time, and the first again once it has gone on for as
long as the longest."""

type Work = Coroutine[Any, Any, None]

_WHERE, _AGAIN = "ari_app.where", "ari_app.again_in"
_UNSEEN = "Task exception was never retrieved"
"""What asyncio says of a task that has failed, and that nobody looked at."""


def report(fault: Exception, where: str, again_in: float | None = None) -> None:
    """A fault of ours in `where`, of which nobody else would know; it is begun anew after so many seconds, or not."""
    context = {"message": f"a fault in {where}", "exception": fault, _WHERE: where, _AGAIN: again_in}
    asyncio.get_running_loop().call_exception_handler(context)


def watch_faults(count: Callable[[], None]) -> None:
    """From now on faults that nobody catches, in any task or callback of the running loop, are logged and counted."""

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if not (_WHERE in context or "handle" in context or context["message"] == _UNSEEN):
            loop.default_exception_handler(context)  # of a connection, or an answer that nobody waits for any more
            return
        where, again_in = context.get(_WHERE) or _named(context), context.get(_AGAIN)
        log.error(
            "task_failed", task=where, again_in=again_in, why=context["message"], exc_info=context.get("exception")
        )
        count()

    asyncio.get_running_loop().set_exception_handler(handle)


def _named(context: dict[str, Any]) -> str:
    task = context.get("task", context.get("future"))
    return _name(task.get_coro()) if isinstance(task, asyncio.Task) else "callback"


def _name(work: object) -> str:
    """Of the function: `Board.run`."""
    return str(getattr(work, "__qualname__", type(work).__name__))


async def keep_on(work: Callable[[], Work], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
    """Do it until it is done. A fault is reported, and `work` called again after a pause: what it has left behind must
    not keep it from that."""
    loop, pause = asyncio.get_running_loop(), FIRST_PAUSE
    while True:
        began, doing = loop.time(), work()
        try:
            return await doing
        except Exception as fault:
            if loop.time() - began >= LONGEST_PAUSE:
                pause = FIRST_PAUSE
            report(fault, _name(doing), pause)
        await sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


class Tasks:
    """Those of one owner, until `close`. Make it inside the running loop."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()
        self.fault: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Ends where something failed without which the owner is of no use (`must`): by what that was."""

    def once(self, work: Work) -> None:
        """Do it. It is of its moment: where it fails it is not done later."""
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._over)

    def keep(self, work: Callable[[], Work]) -> None:
        """See `keep_on`."""
        self.once(keep_on(work))

    def must(self, work: Work) -> None:
        """Do it; where it fails nothing goes on."""
        self.once(self._must(work))

    async def _must(self, work: Work) -> None:
        try:
            await work
        except Exception as fault:
            report(fault, _name(work))
            self.fault.set_exception(fault)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        if not task.cancelled() and isinstance(fault := task.exception(), Exception):
            report(fault, _name(task.get_coro()))

    async def close(self) -> None:
        """Give up all of them."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
