"""The record of who did what, in this process: the same as `store.redis_audit`."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from ari_app.audit.chain import Kept, Line, Link
from ari_app.store.port import AUDIT_LINES


class MemoryAudit:
    """See `store.port.AuditTrail`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lines: list[tuple[float, Line]] = []
        self._kept = Kept()

    async def audit_kept(self) -> Kept:
        return self._kept

    async def append_audit(self, after: Link, lines: Sequence[Line], forget_before: float) -> Link:
        if after == self._kept.end:
            self._lines += [(self._clock(), line) for line in lines]
            self._kept = replace(self._kept, end=lines[-1].link)
            while self._lines and (self._lines[0][0] < forget_before or len(self._lines) > AUDIT_LINES):
                self._kept = replace(self._kept, begin=self._lines.pop(0)[1].link)
        return self._kept.end

    async def audit(self, after: str, limit: int) -> list[tuple[str, Line]]:
        found = [(str(line.link.number), line) for _, line in self._lines if line.link.number > int(after or 0)]
        return found[:limit]

    async def erase_audit(self, lines: Sequence[int]) -> None:
        self._lines = [
            (at, replace(line, opened="") if line.link.number in lines else line) for at, line in self._lines
        ]
