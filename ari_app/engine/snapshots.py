"""Keeps calls and legs in Redis as they change, and reads them back when the controller starts anew.

Written behind: a call never waits for Redis. What could not be written is written when Redis is back, the newest only.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Annotated, Any

import structlog
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from ari_app.calls.model import Call, Leg
from ari_app.errors import StoreUnavailable
from ari_app.store.port import Snapshots as SnapshotStore

log = structlog.get_logger(__name__)


def _renewed(call: Any) -> Any:
    """In 0.1 a party had its name and number by themselves."""
    for party in call.get("parties", {}).values() if isinstance(call, dict) else ():
        if "name" in party:
            party["identity"] = {"name": party.pop("name"), "number": party.pop("number")}
    return call


_CALL: TypeAdapter[Call] = TypeAdapter(Annotated[Call, BeforeValidator(_renewed)])
_LEG = TypeAdapter(Leg)
_RETRY_SECONDS = 0.5
_BEHIND_SECONDS = 2.0
# A call changes several times within a few milliseconds: what is written is the last of them.
_PACE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Restored:
    """What an earlier incarnation of the controller left."""

    calls: tuple[Call, ...]
    legs: tuple[Leg, ...]


class Snapshots:
    """Run `run()` in a task; tell changes at any time."""

    def __init__(self, store: SnapshotStore) -> None:
        self._store = store
        self._dirty: dict[str, Call | Leg | None] = {}
        self._wake = asyncio.Event()
        self._failing_since: float | None = None

    @property
    def behind(self) -> bool:
        """Whether what changed could not be written for some time: a restart now would find calls as they were."""
        return self._failing_since is not None and time.monotonic() - self._failing_since > _BEHIND_SECONDS

    def call(self, call: Call) -> None:
        """Keep the call as it is now; one that is over is forgotten."""
        self._put(f"call:{call.id}", None if call.ended else call)

    def leg(self, leg_id: str, leg: Leg | None) -> None:
        """Keep the leg as it is now; None: it is gone."""
        self._put(f"leg:{leg_id}", leg)

    def _put(self, key: str, value: Call | Leg | None) -> None:
        self._dirty[key] = value
        self._wake.set()

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self.flush()
            await asyncio.sleep(_PACE_SECONDS)

    async def flush(self) -> None:
        """Write what is not yet written, trying until it is."""
        while self._dirty:
            writing, self._dirty = self._dirty, {}
            try:
                await self._store.save_many({key: _dumped(value) for key, value in writing.items()})
                if self._failing_since is not None:
                    self._failing_since = None
                    log.info("snapshots_written_again")
            except StoreUnavailable as error:
                self._dirty = {**writing, **self._dirty}
                if self._failing_since is None:
                    self._failing_since = time.monotonic()
                    log.warning("snapshots_not_written", reason=error.detail, changes=len(self._dirty))
                await asyncio.sleep(_RETRY_SECONDS)

    async def restore(self) -> Restored:
        """All that was kept. What cannot be read any more is left out, and said.

        Raises:
            StoreUnavailable: Redis cannot be asked.
        """
        calls, legs = [], []
        for key, value in (await self._store.load_all()).items():
            try:
                if key.startswith("call:"):
                    calls.append(_CALL.validate_json(value))
                elif key.startswith("leg:"):
                    legs.append(_LEG.validate_json(value))
            except ValidationError as error:
                log.warning("snapshot_unreadable", key=key, errors=error.error_count())
                self._put(key, None)
        return Restored(tuple(calls), tuple(legs))


def _dumped(value: Call | Leg | None) -> bytes | None:
    match value:
        case None:
            return None
        case Call():
            return _CALL.dump_json(value)
        case Leg():
            return _LEG.dump_json(value)
