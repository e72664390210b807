"""How long Redis takes, and how often it fails, for whoever wants to know (`api.metrics`)."""

import time
from collections.abc import Callable
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from ari_app.store.pool import Pool

type Measure = Callable[[str, float, bool], None]
"""Is called with the command's name, its seconds, and whether it failed; from the loop, and must be quick."""


def nothing(command: str, seconds: float, failed: bool) -> None:
    """Nobody wants to know."""


class MeasuredRedis(Redis):
    """A client that says how long each command took, until its answer is of use."""

    measure: Measure = staticmethod(nothing)

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        began, failed = time.perf_counter(), False
        try:
            return await self.perform(*args, **options)
        except NoScriptError:
            raise  # it is sent whole then
        except (RedisError, OSError):
            failed = True
            raise
        finally:
            self.measure(str(args[0]), time.perf_counter() - began, failed)

    async def perform(self, *args: Any, **options: Any) -> Any:
        """Send it, and wait for the answer."""
        pool = self.connection_pool
        if not isinstance(pool, Pool) or (link := await pool.at_hand()) is None:
            return await super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        try:
            link.send(*args)
            return await self.parse_response(link, args[0], **options)
        finally:
            await pool.put_back(link)
