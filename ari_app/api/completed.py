"""Recordings whose files are complete: measured, and reported to whoever follows (`call.recorded`).

Asterisk completes a file a moment after that was requested, or its call was over. It is reported first, and then kept
that it was: so whoever takes over reports what an earlier controller may not have, and nothing twice that is kept.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, replace

import structlog
from pydantic import TypeAdapter
from pydantic_core import to_json

from ari_app.api.port import RecordingFiles, Store
from ari_app.calls.model import CallId
from ari_app.errors import Refused, Unavailable

log = structlog.get_logger(__name__)

SOON, LATER = 0.2, 5.0
"""Seconds until a file is measured again: that is still written, and where Asterisk or the store is away."""
TRIES = 20
"""How often one is looked for that is nowhere: Asterisk may never have begun it."""
LOOK_BACK = 86_400.0
_PAGE, _PAGES = 100, 10


@dataclass(frozen=True, slots=True)
class Known:
    """A recording. Times in seconds since the epoch. `about`: the targets that it concerns; `size` in bytes, and
    `seconds` for which it plays, once that was reported."""

    id: str
    call: CallId
    file: str
    by: str
    started_at: float
    ended_at: float | None
    agents: tuple[str, ...]
    about: tuple[str, ...] = ()
    size: int | None = None
    seconds: float | None = None


_ENTRY = TypeAdapter(Known)

type Tell = Callable[[Known], Awaitable[None]]


def read(data: bytes) -> Known:
    """As the store has it."""
    return _ENTRY.validate_json(data)


def written(entry: Known) -> bytes:
    """For the store."""
    return to_json(asdict(entry))


class Completed:
    """`over(entry)`: whether nothing is written to it any more, as far as its call says."""

    def __init__(
        self,
        store: Store,
        files: RecordingFiles,
        tell: Tell,
        over: Callable[[Known], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._files = files
        self._tell = tell
        self._over = over
        self._clock = clock
        self._tries: dict[str, int] = {}
        self._something = asyncio.Event()

    def put(self, recording: str) -> None:
        """It is complete, or soon will be."""
        self._tries.setdefault(recording, 0)
        self._something.set()

    async def catch_up(self) -> None:
        """What was begun in the last day and not reported. Raises: StoreUnavailable."""
        after: str | None = None
        for _ in range(_PAGES):
            page = [read(data) for data in await self._store.recordings(after, _PAGE)]
            recent = [entry for entry in page if entry.started_at > self._clock() - LOOK_BACK]
            for entry in recent:
                if entry.size is None and self._over(entry):
                    self.put(entry.id)
            if len(recent) < _PAGE:
                return
            after = page[-1].id

    async def run(self) -> None:
        """Measure and tell; until it is cancelled."""
        while True:
            while self._tries:
                waits = [await self._look(recording) for recording in list(self._tries)]
                await asyncio.sleep(max(waits, default=0.0) if self._tries else 0.0)
            self._something.clear()
            await self._something.wait()

    async def _look(self, recording: str) -> float:
        """Seconds after which it is to be looked at again; 0: never, it is done or given up."""
        try:
            done = await self._done(recording)
        except Refused:
            self._tries[recording] += 1
            done = self._tries[recording] >= TRIES
            if done:
                log.warning("recording_has_no_file", recording=recording)
        except Unavailable:
            return LATER
        except Exception:
            del self._tries[recording]  # a fault of ours holds up no other
            raise
        if done:
            del self._tries[recording]
        return 0.0 if done else SOON

    async def _done(self, recording: str) -> bool:
        """Raises: Refused `not_found`; Unavailable."""
        data = await self._store.recording(recording)
        entry = read(data) if data is not None else None
        if entry is None or entry.size is not None or not self._over(entry):
            return True  # deleted; reported before; or it goes on, and comes again
        measured = await self._files.measured(entry.file)
        if measured is None:
            return False
        entry = replace(entry, size=measured.size, seconds=round(measured.seconds, 3))
        await self._tell(entry)
        await self._store.keep_recording(recording, written(entry), entry.started_at)
        return True
