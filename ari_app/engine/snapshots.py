"""Keeps calls and legs in Redis as they change, and reads them back when the controller starts anew.

Written behind: a call never waits for Redis. What could not be written is written when Redis is back, the newest only.
The answer to a command does wait (`written`), as long as Redis keeps what it is given: a contact whose hold was
answered with 200 must not hear the agent again after a crash.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import msgspec
import structlog
from pydantic import BeforeValidator, TypeAdapter, ValidationError

from ari_app.calls.discretion import of_call
from ari_app.calls.model import AgentId, Call, CallId, Leg
from ari_app.engine.outbox import PAGE, Outbox
from ari_app.errors import StoreUnavailable
from ari_app.records.agent_states import OpenState
from ari_app.records.model import Fact
from ari_app.records.projector import Kept
from ari_app.store.port import Snapshots as SnapshotStore

log = structlog.get_logger(__name__)


def _renewed(call: Any) -> Any:
    """In 0.1 a party had its name and number by themselves, and much had other names."""
    if not isinstance(call, dict):
        return call
    for party in call.get("parties", {}).values():
        if "name" in party:
            party["identity"] = {"name": party.pop("name"), "number": party.pop("number")}
        _rename(party, "phone_holds", "held_by_phone")
        _rename(party, "also", "also_rung")
        _rename(party.get("joining"), "link", "local")
    _rename(call.get("offer"), "told", "notified")
    _rename(call.get("offer"), "hops", "overflows")
    _rename(call.get("recording"), "asked", "requested")
    return call


def _renewed_leg(leg: Any) -> Any:
    _rename(leg, "asked", "requested")
    _rename(leg, "on_hold_by_phone", "held_by_phone")
    return leg


def _rename(kept: Any, before: str, now: str) -> None:
    if isinstance(kept, dict) and before in kept:
        kept[now] = kept.pop(before)


_CALL: TypeAdapter[Call] = TypeAdapter(Annotated[Call, BeforeValidator(_renewed)])
_LEG: TypeAdapter[Leg] = TypeAdapter(Annotated[Leg, BeforeValidator(_renewed_leg)])
_SEGMENTS = TypeAdapter(Kept)
_STATE = TypeAdapter(OpenState)
_WRITTEN = msgspec.json.Encoder()

type Snapshot = Call | Leg | Kept | OpenState
_RETRY_SECONDS = 0.5
_BEHIND_SECONDS = 2.0
# A call changes several times within a few milliseconds: what is written is the last of them.
_PACE_SECONDS = 0.02
# After that nobody repeats a command any more whose controller died: seconds.
_REPEATED_WITHIN = 60.0
# As long as a store that stands still may hold up an answer, once: after that it counts as failing.
_WRITTEN_WITHIN = 0.3


@dataclass(frozen=True, slots=True)
class Restored:
    """What an earlier incarnation of the controller left. `over` ended lately, with the last commands on them;
    `segments` and `states`: what was known so far of the records of calls and of agents that go on."""

    calls: tuple[Call, ...]
    legs: tuple[Leg, ...]
    over: tuple[Call, ...] = ()
    segments: tuple[Kept, ...] = ()
    states: tuple[OpenState, ...] = ()


class Inquiries(Protocol):
    """What the store is inquired of again and again, beside all that is written."""

    async def inquired(self) -> None:
        """Wait until it was once more."""

    @property
    def trouble(self) -> str:
        """Why the last one had no answer; empty where it had."""


def _ignore(_: int) -> None:
    """Nobody counts what is lost."""


class Snapshots:
    """Run `run()` in a task; tell changes at any time. `lost` is called with how many facts are, for want of room."""

    def __init__(self, store: SnapshotStore, lost: Callable[[int], None] = _ignore) -> None:
        self._store = store
        self._dirty: dict[str, Snapshot | None] = {}
        self._outbox = Outbox(lost)
        self._wake = asyncio.Event()
        self._failing_since: float | None = None
        self._reason = ""
        self._changes = 0  # how many there were, and up to which of them the store has them
        self._kept = 0
        self._late = False
        self._doubted = False
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._hurry = asyncio.Event()

    @property
    def behind(self) -> bool:
        """Whether what changed could not be written for some time: a restart now would find calls as they were."""
        return self._failing_since is not None and time.monotonic() - self._failing_since > _BEHIND_SECONDS

    @property
    def trouble(self) -> str:
        """Why that is so; empty where it is not."""
        return self._reason if self.behind else ""

    def call(self, call: Call) -> None:
        """Keep the call as it is now. One that is over is forgotten: at once, but for what repeats of commands get."""
        self._put(f"call:{call.id}", None if call.ended else call)
        if call.ended and call.carried_out:  # nobody comes back to it when no more may be shown what is withheld
            self._put(f"over:{call.id}", of_call(call))
            self._forget_later(call)

    def _forget_later(self, call: Call) -> None:
        asyncio.get_running_loop().call_later(_REPEATED_WITHIN, self._put, f"over:{call.id}", None)

    def leg(self, leg_id: str, leg: Leg | None) -> None:
        """Keep the leg as it is now; None: it is gone."""
        self._put(f"leg:{leg_id}", leg)

    def segments(self, call: CallId, kept: Kept | None) -> None:
        """Keep what is known so far of the call's record; None: it is over."""
        self._put(f"segments:{call}", kept)

    def state(self, agent: AgentId, state: OpenState | None) -> None:
        """Keep since when the agent does what they do; None: they are nobody's agent any more."""
        self._put(f"state:{agent}", state)

    def fact(self, fact: Fact) -> None:
        """Add a fact to the stream: with all else that is to be written now, or before."""
        self._outbox.put(fact)
        self._changed()

    def facts_again(self) -> None:
        """The store may have lost those that were added last."""
        self._outbox.again()
        self._changed()

    def _put(self, key: str, value: Snapshot | None) -> None:
        self._dirty[key] = value
        self._changed()

    def _changed(self) -> None:
        self._changes += 1
        self._wake.set()

    async def written(self) -> None:
        """Wait until all that has changed so far is kept. Not for a store that fails: calls go on without it."""
        if self._failing_since is not None or self._late or self._doubted or self._kept == self._changes:
            return
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._changes, kept))
        self._hurry.set()
        try:
            async with asyncio.timeout(_WRITTEN_WITHIN):
                await kept
        except TimeoutError:
            self._late = True  # the next need not wait as long to learn it

    async def watch(self, inquiries: Inquiries) -> None:
        """For ever: a store that gives these no answer holds up nobody. Where little is written they know it first."""
        while True:
            await inquiries.inquired()
            self._doubted = inquiries.trouble != ""
            if self._doubted:
                self._release(self._changes)

    async def drop_unknown(self, known: Callable[[str], bool]) -> None:
        """Forget the calls and legs that the store has and of which `known` (of the key) says no: another primary may
        never have had the write that forgot them.

        Raises:
            StoreUnavailable: the store cannot be reached.
        """
        for key in await self._store.load_all():
            if key.startswith(("call:", "leg:", "segments:")) and not known(key):
                self._put(key, None)

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._write_once()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PACE_SECONDS):
                    await self._hurry.wait()
            self._hurry.clear()

    async def flush(self) -> None:
        """Write what is not yet written, trying until it is."""
        while self._dirty or self._outbox:
            await self._write_once()

    async def _write_once(self) -> None:
        """Write what is not yet written; what changes meanwhile, or could not be, is left to the next time."""
        writing, self._dirty, up_to = self._dirty, {}, self._changes
        try:
            while len(self._outbox) > PAGE:
                await self._write({})
            await self._write({key: dumped(value) for key, value in writing.items()})
            self._kept, self._late = max(self._kept, up_to), False
            self._release(self._kept)
            if self._failing_since is not None:
                self._failing_since = None
                log.info("snapshots_written_again")
        except Exception as error:
            self._dirty = {**writing, **self._dirty}
            self._wake.set()
            self._reason = error.detail if isinstance(error, StoreUnavailable) else type(error).__name__
            if self._failing_since is None:
                self._failing_since = time.monotonic()
                log.warning("snapshots_not_written", reason=self._reason, changes=len(self._dirty))
            self._release(self._changes)
            if not isinstance(error, StoreUnavailable):
                raise
            await asyncio.sleep(_RETRY_SECONDS)

    async def _write(self, entries: dict[str, bytes | None]) -> None:
        """At once, with a page of facts: all of them that were there before these entries."""
        facts, number = self._outbox.page()
        dropped = await self._store.save_many(entries, facts)
        self._outbox.kept(number, dropped)

    def _release(self, up_to: int) -> None:
        """Whoever waits for these changes waits no longer."""
        for change, kept in self._waiting:
            if change <= up_to and not kept.done():
                kept.set_result(None)
        self._waiting = [(change, kept) for change, kept in self._waiting if not kept.done()]

    async def restore(self) -> Restored:
        """All that was kept. What cannot be read any more is left out, and said.

        Raises:
            StoreUnavailable: Redis cannot be reached.
        """
        calls, legs, over, segments, states = [], [], [], [], []
        for key, value in (await self._store.load_all()).items():
            try:
                if key.startswith("call:"):
                    calls.append(_CALL.validate_json(value))
                elif key.startswith("leg:"):
                    legs.append(_LEG.validate_json(value))
                elif key.startswith("over:"):
                    over.append(_CALL.validate_json(value))
                    self._forget_later(over[-1])
                elif key.startswith("segments:"):
                    segments.append(_SEGMENTS.validate_json(value))
                elif key.startswith("state:"):
                    states.append(_STATE.validate_json(value))
            except ValidationError as error:
                log.warning("snapshot_unreadable", key=key, errors=error.error_count())
                self._put(key, None)
        return Restored(tuple(calls), tuple(legs), tuple(over), tuple(segments), tuple(states))


def read_state(value: bytes) -> OpenState | None:
    """What an agent does, as it is kept; None where a controller of another version has written it."""
    try:
        return _STATE.validate_json(value)
    except ValidationError:
        return None


def dumped(value: Snapshot | None) -> bytes | None:
    """As the adapters above would write it, and read it back, at a third of their time."""
    return None if value is None else _WRITTEN.encode(value)
