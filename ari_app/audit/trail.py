"""Writes the record, behind what happens: nothing waits for it. What a store that is away does not take is kept, up to
a bound, and written when it is back; what was beyond that is counted, and the record says how many lines it lacks.
"""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import islice

import structlog

from ari_app.audit.chain import Entry, Line, Link, lines_of, read
from ari_app.audit.pace import TOGETHER, Pace
from ari_app.errors import StoreUnavailable
from ari_app.store.port import AUDIT_LINES, AuditTrail

log = structlog.get_logger(__name__)

WAITING = 20_000
"""Lines that wait for a store that is away; 1 kB each at most."""
AT_ONCE = 100
REMEMBERED = 2_000
"""Lines written last: a store that another one has replaced gets again what that had not passed on to it."""
ANCHOR_LINES = 1_000
ANCHOR_SECONDS = 3600.0
_RETRY_SECONDS = 0.5
_STOP_SECONDS = 2.0


class Trail:
    """Several may write one record. `keep()`: how many seconds a line is kept; `most` lines in all."""

    def __init__(
        self,
        store: AuditTrail,
        keep: Callable[[], float],
        clock: Callable[[], float] = time.time,
        most: int = AUDIT_LINES,
    ) -> None:
        self._store = store
        self._keep = keep
        self._clock = clock
        self._waiting: deque[tuple[Entry, str]] = deque()
        self._wake = asyncio.Event()
        self._writing = asyncio.Lock()
        self._head: Link | None = None
        self._written: deque[Line] = deque(maxlen=REMEMBERED)
        self._lost = 0
        self._failing = False
        self._anchor = Link()
        self._anchored_at = -ANCHOR_SECONDS
        self._most = most
        self._look = self._full = False
        self._pace = Pace(clock)

    def put(self, entry: Entry) -> None:
        """Have it written: by itself, or together with others where somebody does very much (`pace`)."""
        for line in self._pace.take(entry):
            self._put(line)

    def _put(self, entry: Entry) -> None:
        if len(self._waiting) >= WAITING:
            if not self._lost:
                log.warning("audit_lines_lost", waiting=len(self._waiting))
            self._lost += 1
            return
        self._waiting.append((entry, secrets.token_hex(8)))
        self._wake.set()

    async def run(self) -> None:
        """Write; until it is cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(TOGETHER):
                    await self._wake.wait()
            self._wake.clear()
            for line in self._pace.due():
                self._put(line)
            await self.flush()

    async def flush(self) -> None:
        """Write all that waits, trying until it is written."""
        async with self._writing:
            await self._flush()

    async def _flush(self) -> None:
        while self._waiting:
            try:
                await self._write()
                await self._look_whether_full()
            except StoreUnavailable as error:
                if not self._failing:
                    self._failing = True
                    log.warning("audit_not_written", reason=error.detail, waiting=len(self._waiting))
                await asyncio.sleep(_RETRY_SECONDS)
                continue
            if self._failing:
                self._failing = False
                log.info("audit_written_again", waiting=len(self._waiting))
            if self._lost and not self._waiting:
                lost, self._lost = self._lost, 0
                self._put(Entry(self._clock(), "lines_lost", "system", details={"lines": str(lost)}))

    async def stop(self) -> None:
        """Write what waits, as far as that takes no long."""
        for line in self._pace.due(all_=True):
            self._put(line)
        try:
            async with asyncio.timeout(_STOP_SECONDS):
                await self.flush()
        except TimeoutError:
            log.warning("audit_lines_lost", waiting=len(self._waiting) + self._lost)

    async def _write(self) -> None:
        """Some of what waits. Raises: StoreUnavailable."""
        if self._head is None:
            self._head = (await self._store.audit_kept()).end
        await self._append(lines_of(self._head, list(islice(self._waiting, AT_ONCE))))

    async def _append(self, lines: tuple[Line, ...]) -> None:
        before = self._head or Link()
        now = await self._store.append_audit(before, lines, self._clock() - self._keep())
        if now == lines[-1].link:
            self._done(lines)
            return
        self._head = now
        known = [*self._written, *lines]
        at = next((n for n, line in enumerate(known) if line.link == now), None)
        if at is None:
            if now.number < before.number:
                log.warning("audit_begun_anew", lines=before.number, now=now.number)
                lacking = {"before": str(before), "now": str(now)}
                self._waiting.appendleft((Entry(self._clock(), "begun_anew", "system", details=lacking), ""))
            return  # somebody else has written: the same once more, after theirs
        if at >= len(self._written):  # done, and only the answer was lost
            self._done(lines[: at - len(self._written) + 1])
            return
        missing = tuple(known[at + 1 : len(self._written)])
        log.warning("audit_written_once_more", lines=len(missing))
        if missing and await self._store.append_audit(now, missing, self._clock() - self._keep()) == missing[-1].link:
            self._head = missing[-1].link

    def _done(self, lines: tuple[Line, ...]) -> None:
        self._head = lines[-1].link
        self._written.extend(lines)
        for _ in lines:
            self._waiting.popleft()
        many = self._head.number - self._anchor.number >= ANCHOR_LINES
        if many or self._clock() - self._anchored_at >= ANCHOR_SECONDS:
            self._anchor, self._anchored_at = self._head, self._clock()
            self._look = True
            log.info("audit_anchor", line=str(self._head))

    async def _look_whether_full(self) -> None:
        """Whoever does very much has what was done before forgotten: somebody is to look. Raises: StoreUnavailable."""
        if not self._look:
            return
        kept, first = await self._store.audit_kept(), await self._store.audit("", 1)
        self._look = False
        lines = kept.end.number - kept.begin.number
        if not first or lines < self._most:
            self._full = False
            return
        begins_at = _written_at(first[0][1])
        full = begins_at is not None and begins_at > self._clock() - self._keep()
        if full and not self._full:
            log.warning("audit_full", lines=lines, since=begins_at)
        self._full = full


def _written_at(line: Line) -> float | None:
    try:
        return read(line).at
    except ValueError:
        return None  # `ari-app audit` says so


async def record(store: AuditTrail, entry: Entry) -> None:
    """One line, at once; nothing old is forgotten by it.

    Raises:
        StoreUnavailable: it is not written.
    """
    while True:
        after = (await store.audit_kept()).end
        lines = lines_of(after, [(entry, secrets.token_hex(8))])
        if await store.append_audit(after, lines, 0.0) == lines[-1].link:
            return
