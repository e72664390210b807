"""What is open and what is closed: by the hours of the administrator's file, and as people have chosen by hand.

Such choices stand in the store, apart from the file, for all controllers: each looks for itself. Between two looks a
change of hours is a deadline.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog
from pydantic import TypeAdapter, ValidationError

from ari_app.errors import StoreUnavailable
from ari_app.routing import hours
from ari_app.routing.directory import Directory
from ari_app.routing.hours import Override
from ari_app.routing.targets import Target, TargetType, parse_target
from ari_app.store.port import Openings as Kept

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.5
_KINDS = (TargetType.QUEUE, TargetType.GROUP, TargetType.ROUTING_POINT)
_OVERRIDE: TypeAdapter[Override] = TypeAdapter(Override)

type Chosen = Callable[[Mapping[str, Override], Mapping[str, Override]], None]
type Changed = Callable[[Target, bool], None]


class Openings:
    """Make it inside the running loop, and call `look` once before all else.

    Listeners: of `choices` with those before and those of now, of `changes` with each target that was
    opened or closed, or is so no longer by hand.
    None of them may block or raise.
    """

    def __init__(self, store: Kept, directory: Callable[[], Directory], clock: Callable[[], float]) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._states: dict[Target, tuple[bool, bool]] = {}  # whether it is open, and whether by hand
        self._next: float | None = None
        self._writing = asyncio.Lock()
        self.overrides: Mapping[str, Override] = {}
        """What was chosen last, by target."""
        self.choices: list[Chosen] = []
        self.changes: list[Changed] = []

    def is_open(self, target: Target) -> bool:
        """Whether callers are served there now."""
        directory = self._directory()
        if directory.opened(target) is None:
            return True
        return hours.is_open(directory.calendar(target), self.overrides.get(str(target)), self._clock())

    def changes_at(self, target: Target) -> float | None:
        """When that will next be another by itself."""
        return hours.next_change(self._directory().calendar(target), self.overrides.get(str(target)), self._clock())

    async def set(self, target: Target, override: Override) -> None:
        """Somebody has chosen. Raises: StoreUnavailable; nothing has changed."""
        async with self._writing:  # what is read meanwhile is older
            await self._store.set_opening(str(target), _OVERRIDE.dump_json(override))
            self._replace({**self.overrides, str(target): override})

    async def set_by_phone(self, target: str, chosen: hours.Chosen, by: str) -> None:
        """The same, of a phone that has hung up long before anything could be said of a failure."""
        try:
            await self.set(parse_target(target), Override(chosen, by, self._clock(), phone=True))
        except StoreUnavailable:
            log.warning("opening_not_kept", target=target, agent=by)

    async def look(self) -> None:
        """Once. A store that was emptied gets what is known here. Raises: StoreUnavailable."""
        async with self._writing:
            kept = await self._store.openings()
            for forgotten in sorted(self.overrides.keys() - kept.keys()):
                await self._store.set_opening(forgotten, _OVERRIDE.dump_json(self.overrides[forgotten]))
            read = {target: override for target, data in kept.items() if (override := _read(data)) is not None}
            self._replace({**self.overrides, **read})

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look for ever, and whenever something opens or closes. While the store is away, what was last known holds."""
        while True:
            until_change = LOOK_SECONDS if self._next is None else self._next - self._clock()
            await sleep(max(0.0, min(LOOK_SECONDS, until_change)))
            if self._next is not None and self._next <= self._clock():
                self.tell()
            with suppress(StoreUnavailable):
                await self.look()

    def _replace(self, overrides: Mapping[str, Override]) -> None:
        if overrides == self.overrides:
            return
        before, self.overrides = self.overrides, overrides
        for listener in self.choices:
            listener(before, overrides)
        self.tell()

    def tell(self) -> None:
        """Tell of what is not as it was last; also to be called when the directory is another."""
        directory, now = self._directory(), self._clock()
        states: dict[Target, tuple[bool, bool]] = {}
        times: list[float] = []
        for target in (Target(kind, name) for kind in _KINDS for name in directory.listed(kind)):
            calendar, override = directory.calendar(target), self.overrides.get(str(target))
            by_hand = override is not None and override.counts(now)
            states[target] = hours.is_open(calendar, override, now), by_hand
            ends = override.until if override is not None and by_hand else None
            times += [at for at in (hours.next_change(calendar, override, now), ends) if at is not None]
        before, self._states, self._next = self._states, states, min(times, default=None)
        for target, state in states.items():
            if before.get(target) != state:
                for listener in self.changes:
                    listener(target, state[0])


def _read(data: bytes) -> Override | None:
    """None for what another version has written, and this one does not understand."""
    try:
        return _OVERRIDE.validate_json(data)
    except ValidationError:
        log.warning("opening_not_understood")
        return None


def by_phone(before: Mapping[str, Override], now: Mapping[str, Override]) -> dict[str, Override]:
    """What was chosen by phone since; by target."""
    return {target: chosen for target, chosen in now.items() if chosen.phone and before.get(target) != chosen}
