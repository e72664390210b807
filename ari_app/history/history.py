"""The history of who leads the first Asterisk: the database, and the one consumer that fills it."""

import time
from collections.abc import Callable, Sequence

from ari_app.errors import HistoryUnavailable
from ari_app.history import writing
from ari_app.history.database import Database
from ari_app.history.port import Written
from ari_app.history.reading import HistoryReader
from ari_app.history.sinks import DatabaseSink, Sink
from ari_app.history.writer import Behind, Writer
from ari_app.records.model import Fact
from ari_app.store.port import FactStream

SETTLE_SECONDS = 0.5
"""For so long whoever reads waits for what was over before: it takes some milliseconds while the database is there."""

TABLES_WITHIN = 30.0
"""For so long whoever wants something forgotten waits until there are tables."""


class History(HistoryReader):
    """As `CallHistory`. Make it inside the running loop. `also`: where facts go besides the database."""

    def __init__(
        self,
        url: str,
        stream: FactStream,
        behind: Behind,
        aside: Callable[[], None],
        also: Sequence[Sink] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._own = Database(url)
        super().__init__(self._own)
        self._listeners: list[Written] = []
        self._sink = DatabaseSink(self._own, clock, aside, self._written)
        self._writer = Writer(stream, [self._sink, *also], behind)

    def listen(self, written: Written) -> None:
        """See `CallHistory`."""
        self._listeners.append(written)

    def _written(self, facts: Sequence[Fact]) -> None:
        for listener in self._listeners:
            listener(facts)

    async def run(self) -> None:
        """Write what is over; until it is cancelled."""
        await self._writer.run()

    async def settle(self) -> bool:
        """Wait for what has been over until now, not where the database is away; whether it is there."""
        return await self._writer.settle(self._sink.name, SETTLE_SECONDS)

    async def forget(self, before: float) -> None:
        """What ended before that time. Raises: HistoryUnavailable."""
        if not self._sink.migrated and not await self._writer.settle(self._sink.name, TABLES_WITHIN):
            raise HistoryUnavailable("the history's database was not reached yet")
        while await writing.forget(self._own, before):
            pass

    async def close(self) -> None:
        """When `run` has ended."""
        await self._own.close()
