"""Connections to Redis. Once it has not answered in time, nobody waits for it again until it does.

Redis may stand still with its connections open: then each request would wait as long as the first, one after the other.
So the first that gets no answer has all others fail at once, while one connection after the other finds out by itself
whether it answers again.

    answers ──one request without an answer──▶ silent
       ▲                                          │
       └──────────── a new connection stands ─────┘
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import hiredis
import structlog
from redis.asyncio import BlockingConnectionPool, Connection
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import BusyLoadingError, DataError, MasterDownError, ReadOnlyError, RedisError, ResponseError
from redis.exceptions import TimeoutError as NoAnswer

log = structlog.get_logger(__name__)

PROBE_EVERY_SECONDS = 0.1
LATE_SECONDS = 0.1
"""By how much later than it should a process notices that no answer came, where it is itself that stood still."""


class Silent(RedisError):
    """It has not answered lately; this was not requested of it."""


def is_dead(error: BaseException) -> bool:
    """Whether Redis has refused because it is no primary that can be used: nothing was done, and another may be it."""
    if isinstance(error, (ReadOnlyError, MasterDownError, BusyLoadingError)):
        return True
    return isinstance(error, ResponseError) and str(error).startswith("NOREPLICAS")


class Link(Connection):
    """A connection that says `silent` when no answer comes in time, and is not used again once its Redis has said that
    it is no primary (`is_dead`)."""

    def __init__(self, *, silent: Callable[[], None], **options: Any) -> None:
        self._silent = silent
        super().__init__(**options)

    async def connect(self) -> None:
        try:
            await super().connect()  # type: ignore[no-untyped-call]
        except NoAnswer:
            self._silent()
            raise

    def pack_command(self, *args: Any) -> list[bytes]:
        """What is sent. redis-py's own is Python, which costs as much as all the rest of a script with many words."""
        try:
            return [hiredis.pack_command((*args[0].split(), *args[1:]))]
        except TypeError as error:
            raise DataError(str(error)) from error

    async def is_at_hand(self) -> bool:
        """Whether a command can be sent over it without a look at it before: it stands, nothing was left over, and
        Redis has answered there lately."""
        if not self.is_connected or self.should_reconnect():  # type: ignore[no-untyped-call]
            return False
        if asyncio.get_running_loop().time() > self.next_health_check:
            return False
        try:
            return not await self.can_read()
        except RedisError:
            return False

    def send(self, *args: Any) -> None:
        """Send a command. Whether it left is found out by who waits for the answer."""
        writer: Any = self._writer  # it is at hand
        writer.writelines(self.pack_command(*args))

    async def read_response(self, *args: Any, disconnect_on_error: bool = True, **options: Any) -> Any:
        loop = asyncio.get_running_loop()
        late = loop.time() + (self.socket_timeout or 0.0) + LATE_SECONDS
        try:
            try:
                return await super().read_response(*args, disconnect_on_error=False, **options)
            except NoAnswer:
                if loop.time() < late:
                    raise
            # This process stood still: what Redis has said meanwhile is still to be read.
            return await super().read_response(*args, disconnect_on_error=False, **options)
        except BaseException as error:
            if disconnect_on_error and not isinstance(error, ResponseError):
                await self.disconnect(nowait=True)
            if isinstance(error, NoAnswer):  # never of who follows changes, and may hear nothing for long
                self._silent()
            if is_dead(error):
                self.mark_for_reconnect()  # type: ignore[no-untyped-call]
            raise


class Pool(BlockingConnectionPool):
    """Gives no connection while Redis is silent. `close` it in the end."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, silent=self._found_silent)
        self._probing: asyncio.Task[None] | None = None

    @property
    def silent(self) -> bool:
        """Whether it has not answered lately."""
        return self._probing is not None and not self._probing.done()

    async def get_connection(self, command_name: Any = None, *keys: Any, **options: Any) -> AbstractConnection:
        """Raises Silent."""
        self._refuse_while_silent()
        return await super().get_connection()  # type: ignore[no-any-return, no-untyped-call]

    async def at_hand(self) -> Link | None:
        """A connection that can be used as it is, if one is idle; None: `get_connection` has to look, open or wait.
        `put_back` is to be called with it.

        That is what nearly every command needs, and all that it need not do costs as much as Redis' answer.

        Raises Silent.
        """
        self._refuse_while_silent()
        if not self._available_connections:
            return None
        link = self._available_connections.pop()
        if isinstance(link, Link) and await link.is_at_hand():
            self._in_use_connections.add(link)
            return link
        self._available_connections.append(link)
        return None

    async def put_back(self, link: Link) -> None:
        """Whoever took it `at_hand` needs it no longer."""
        all_in_use = len(self._in_use_connections) >= self.max_connections
        if all_in_use or link.should_reconnect():  # type: ignore[no-untyped-call]
            await self.release(link)  # somebody may wait for it
        else:
            self._in_use_connections.remove(link)
            self._available_connections.append(link)

    async def ensure_connection(self, connection: AbstractConnection) -> None:
        """Raises Silent, where that was found while others had all connections."""
        self._refuse_while_silent()
        await super().ensure_connection(connection)

    def _refuse_while_silent(self) -> None:
        if self.silent:
            raise Silent

    def _found_silent(self) -> None:
        if not self.silent:
            log.warning("store_silent")
            self._probing = asyncio.get_running_loop().create_task(self._probe())

    async def _probe(self) -> None:
        while not await self._answers():  # noqa: ASYNC110 - nobody reports it
            await asyncio.sleep(PROBE_EVERY_SECONDS)
        log.info("store_answers_again")

    async def _answers(self) -> bool:
        """Whether it says anything at all: what is wrong else whoever requests something finds out."""
        connection = self.make_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.connect()
        except NoAnswer:
            return False
        except (RedisError, OSError):
            return True
        finally:
            with contextlib.suppress(RedisError, OSError):
                await connection.disconnect(nowait=True)
        return True

    async def close(self) -> None:
        """No longer look whether it answers."""
        if self._probing is not None:
            self._probing.cancel()
            await asyncio.gather(self._probing, return_exceptions=True)
