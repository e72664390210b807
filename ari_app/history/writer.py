"""The one consumer of the stream of facts: each sink at its own pace, each fact to each sink.

A fact is forgotten when all sinks have it. Before, it stays in the stream, whatever happens to this process: what is
read again is not written again (`sinks`). A sink that is away holds up nobody, and loses nothing while the stream keeps
it (`store.port.FACTS`).
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import structlog

from ari_app.errors import HistoryUnavailable, StoreUnavailable
from ari_app.history.sinks import Sink, order
from ari_app.store.port import FactStream

log = structlog.get_logger(__name__)

BATCH = 200
"""Facts in one transaction."""
LOOK_EVERY = 0.25
AGAIN_AFTER, AGAIN_AT_MOST = 0.5, 10.0
"""Seconds after which a sink that failed is tried again: the first time, and after that, twice as long each time."""
WARN_EVERY = 60.0
FROM_THE_FIRST_EVERY, WHILE_ANOTHER_FAILS = 10.0, 600.0
"""Seconds after which a sink that has all looks from the first on: after a fail-over new facts may stand before old.
The second while the stream keeps for another sink what this one has already."""

type Behind = Callable[[str, int, float], None]


class _Place:
    """How far a sink is."""

    def __init__(self) -> None:
        self.after = ""
        self.done: set[str] = set()  # written, and not forgotten yet
        self.failing_since: float | None = None
        self.warned_at: float | None = None
        self.looked_at = 0.0
        self.more = False  # there may be
        self.rounds = 0  # how often it had all that there was
        self.settled = asyncio.Condition()


class Writer:
    """`behind(sink, facts, seconds)` gets to know how many are not written, and for how long the sink has failed."""

    def __init__(self, stream: FactStream, sinks: Sequence[Sink], behind: Behind) -> None:
        self._stream = stream
        self._sinks = sinks
        self._behind = behind
        self._places = {sink.name: _Place() for sink in sinks}
        self._written: Counter[str] = Counter()
        self._wake = {sink.name: asyncio.Event() for sink in sinks}

    async def run(self) -> None:
        """Write; until it is cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for sink in self._sinks:
                tasks.create_task(self._serve(sink))

    async def settle(self, sink: str, within: float) -> bool:
        """Wait until this sink has all that was in the stream when this was called; whether it has."""
        place = self._places[sink]
        wanted = place.rounds + 2  # the round that goes on may have begun before
        self._wake[sink].set()
        try:
            async with asyncio.timeout(within), place.settled:
                while place.rounds < wanted and place.failing_since is None:
                    self._wake[sink].set()
                    await place.settled.wait()
        except TimeoutError:
            return False
        return place.failing_since is None

    async def _serve(self, sink: Sink) -> None:
        place, wake, again = self._places[sink.name], self._wake[sink.name], AGAIN_AFTER
        while True:
            wake.clear()
            failed = await self._tried(sink, place)
            if failed:
                await asyncio.sleep(again)
                again = min(2 * again, AGAIN_AT_MOST)
                continue
            again = AGAIN_AFTER
            if place.more:
                continue
            await self._has_all(sink, place)
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    await wake.wait()
            except TimeoutError:
                pass

    async def _tried(self, sink: Sink, place: _Place) -> bool:
        """Write what is next; whether it failed."""
        try:
            place.more = await self._round(sink, place)
        except (HistoryUnavailable, StoreUnavailable) as error:
            await self._failed(sink, place, error)
        except Exception as fault:  # of ours: it must not end what fills the other sinks, nor go unseen
            log.exception("history_faulty", sink=sink.name)
            await self._failed(sink, place, HistoryUnavailable(type(fault).__name__))
        else:
            return False
        return True

    async def _round(self, sink: Sink, place: _Place) -> bool:
        """Write what is next; whether there was something. Raises: HistoryUnavailable, StoreUnavailable."""
        await sink.prepare()
        page = await self._stream.facts(place.after, BATCH)
        if not place.after:
            self._gone_before(page[0][0] if page else None)
        new = [(position, fact) for position, fact in page if position not in place.done]
        if new:
            await sink.write(new)
            place.done.update(position for position, _ in new)
            self._written.update(position for position, _ in new)
        if page:
            place.after = page[-1][0]
        await self._forget()
        return bool(page)

    def _gone_before(self, first: str | None) -> None:
        """What the stream has no more, for it has grown too long, is forgotten here as well."""
        gone = [at for at in self._written if first is None or order(at) < order(first)]
        for position in gone:
            del self._written[position]
        for place in self._places.values():
            place.done.difference_update(gone)

    async def _forget(self) -> None:
        """What all sinks have. Raises: StoreUnavailable; then it is done with what comes next."""
        everywhere = [position for position, times in self._written.items() if times == len(self._sinks)]
        if not everywhere:
            return
        await self._stream.forget_facts(everywhere)
        for position in everywhere:
            del self._written[position]
        for place in self._places.values():
            place.done.difference_update(everywhere)

    async def _has_all(self, sink: Sink, place: _Place) -> None:
        now = asyncio.get_running_loop().time()
        if place.failing_since is not None:
            log.info("history_caught_up", sink=sink.name, seconds=round(now - place.failing_since))
            place.failing_since = place.warned_at = None
        if now - place.looked_at > (WHILE_ANOTHER_FAILS if place.done else FROM_THE_FIRST_EVERY):
            place.after, place.looked_at = "", now
        self._behind(sink.name, 0, 0.0)
        async with place.settled:
            place.rounds += 1
            place.settled.notify_all()

    async def _failed(self, sink: Sink, place: _Place, error: HistoryUnavailable | StoreUnavailable) -> None:
        now = asyncio.get_running_loop().time()
        if place.failing_since is None:
            place.failing_since = now
        try:
            waiting = await self._stream.facts_waiting() - len(place.done)
        except StoreUnavailable:
            waiting = -1  # nobody knows
        else:
            self._behind(sink.name, waiting, now - place.failing_since)
        if place.warned_at is None or now - place.warned_at >= WARN_EVERY:
            place.warned_at = now
            reason = error.reason if isinstance(error, HistoryUnavailable) else error.detail
            log.warning("history_behind", sink=sink.name, facts=waiting, reason=reason)
        async with place.settled:
            place.settled.notify_all()
