"""Events on their way to receivers of webhooks, in this process: the same as `store.redis_webhooks`."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import count

from ari_app.webhooks.model import MOST_DEAD, DeadLetter, Event, Followed, Health, Waiting


class MemoryWebhooks:
    """See `store.port.WebhookEvents`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._numbers = count(1)
        self._to: dict[str, dict[str, tuple[Waiting, str]]] = {}
        self._dead: dict[str, dict[str, tuple[DeadLetter, str]]] = {}
        self._known: dict[str, Followed] = {}
        self._health: dict[str, Health] = {}

    async def keep_events(
        self, events: Sequence[tuple[Event, str, Sequence[str]]], known: Mapping[str, Followed | None]
    ) -> list[tuple[str, Waiting]]:
        kept = [
            (receiver, self._keep(receiver, Waiting(self._position(), event.id, event.kind, event.line, self._clock()),
                                  body))
            for event, body, receivers in events
            for receiver in receivers
        ]  # fmt: skip
        for line, followed in known.items():
            if followed is None:
                self._known.pop(line, None)
            else:
                self._known[line] = followed
        return kept

    async def known_lines(self) -> dict[str, Followed]:
        return dict(self._known)

    async def events_waiting(self, receiver: str) -> list[Waiting]:
        return [waiting for waiting, _ in self._to.get(receiver, {}).values()]

    async def event_body(self, receiver: str, position: str) -> str | None:
        found = self._to.get(receiver, {}).get(position)
        return found[1] if found is not None else None

    async def event_taken(self, receiver: str, position: str) -> None:
        self._to.get(receiver, {}).pop(position, None)

    async def event_tried(self, receiver: str, waiting: Waiting) -> None:
        _, body = self._to[receiver][waiting.position]
        self._to[receiver][waiting.position] = waiting, body

    async def bury_event(self, receiver: str, waiting: Waiting, reason: str) -> None:
        found = self._to.get(receiver, {}).pop(waiting.position, None)
        if found is None:
            return
        position, w = self._position(), waiting
        letter = DeadLetter(position, w.id, w.kind, w.line, w.at, w.attempts, reason, self._clock())
        dead = self._dead.setdefault(receiver, {})
        dead[position] = letter, found[1]
        while len(dead) > MOST_DEAD:
            del dead[next(iter(dead))]

    async def events_dead(self, receiver: str) -> int:
        return len(self._dead.get(receiver, {}))

    async def dead_letters(self, receiver: str, before: str | None, limit: int) -> list[DeadLetter]:
        letters = [letter for letter, _ in self._dead.get(receiver, {}).values()]
        older = [x for x in letters if before is None or int(x.position) < int(before)]
        return older[::-1][:limit]

    async def forget_dead_letters(self, receiver: str, before: float) -> int:
        dead = self._dead.get(receiver, {})
        old = [position for position, (letter, _) in dead.items() if letter.dead_at < before]
        for position in old:
            del dead[position]
        return len(old)

    async def revive_events(self, receiver: str) -> list[Waiting]:
        return [
            self._keep(receiver, Waiting(self._position(), dead.id, dead.kind, dead.line, self._clock()), body)
            for dead, body in self._dead.pop(receiver, {}).values()
        ]

    async def keep_webhook_health(self, receiver: str, health: Health) -> None:
        self._health[receiver] = health

    async def webhook_health(self) -> dict[str, Health]:
        return {receiver: replace(health) for receiver, health in self._health.items()}

    async def only_webhooks(self, receivers: Collection[str]) -> None:
        for kept in (self._to, self._dead, self._health):
            for name in kept.keys() - set(receivers):
                del kept[name]

    def _keep(self, receiver: str, waiting: Waiting, body: str) -> Waiting:
        self._to.setdefault(receiver, {})[waiting.position] = waiting, body
        return waiting

    def _position(self) -> str:
        return str(next(self._numbers))
