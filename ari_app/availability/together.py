"""Commands of one kind that go to Redis together: those that come in the same turn of the loop while another is under
way, as one script.

A command that is alone is sent at once. Of many at once each would cost its own way there and back, of which the
script is the least.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

MOST = 4
"""In one script: others wait for it, and with more Redis would have nothing to do while answers are read."""

type Words = Sequence[str | int]
type Run = Callable[[Sequence[Words]], Awaitable[Sequence[Any]]]


class Together:
    """`run` does several, and has an answer for each, or raises an error, which each of those who wait gets."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._under_way = 0
        self._waiting: list[tuple[Words, asyncio.Future[Any]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def do(self, words: Words) -> Any:
        """The answer to one."""
        if self._under_way:
            loop = asyncio.get_running_loop()
            answer: asyncio.Future[Any] = loop.create_future()
            if not self._waiting:
                loop.call_soon(self._send)
            self._waiting.append((words, answer))
            return await answer
        self._under_way += 1
        try:
            return (await self._run((words,)))[0]
        finally:
            self._under_way -= 1

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        for first in range(0, len(waiting), MOST):
            task = asyncio.create_task(self._do_all(waiting[first : first + MOST]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _do_all(self, several: Sequence[tuple[Words, asyncio.Future[Any]]]) -> None:
        self._under_way += 1
        try:
            answers = await self._run([words for words, _ in several])
        except asyncio.CancelledError:
            for _, future in several:
                future.cancel()
            raise
        except Exception as error:
            for _, future in several:
                if not future.done():
                    future.set_exception(error)
        else:
            for (_, future), answer in zip(several, answers, strict=True):
                if not future.done():  # whoever waited for it does no longer
                    future.set_result(answer)
        finally:
            self._under_way -= 1
