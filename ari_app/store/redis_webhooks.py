"""Events on their way to receivers of webhooks, in Redis:

{p}:webhooks:to:<receiver>        stream  what it has not taken: id, kind, line, body
{p}:webhooks:tries:<receiver>     hash    position -> how often it was tried, and when again
{p}:webhooks:dead:<receiver>      stream  what was given up: the same, with tries, why, and where it was kept
{p}:webhooks:known                hash    line -> who follows it, and its document as they know it
{p}:webhooks:health               hash    receiver -> how it is
{p}:webhooks:receivers            set     those for whom anything may be kept
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import batched
from typing import Any

from redis.asyncio import Redis

from ari_app.store import lua
from ari_app.store.client import ERRORS
from ari_app.store.leases import Fence
from ari_app.store.scripts import Scripts, sources
from ari_app.webhooks.model import MOST_DEAD, MOST_WAITING, DeadLetter, Event, Followed, Health, Waiting

PAGE = 500
_NOT_LOOKED_AT = 2
"""Times as many as may wait: those of a receiver that nobody brings anything."""

type Word = str | int | float | bytes


class RedisWebhooks:
    """See `port.WebhookEvents`. One with a `fence` keeps nothing once its lease is another's."""

    def __init__(self, client: Redis, prefix: str, fence: Fence | None = None) -> None:
        self._client = client
        self._scripts = Scripts(client, prefix, sources(lua, ["write"]), fence, "webhooks")
        self._key = f"{self._scripts.tag}:webhooks"

    async def keep_events(
        self, events: Sequence[tuple[Event, str, Sequence[str]]], known: Mapping[str, Followed | None]
    ) -> list[tuple[str, Waiting]]:
        addressed = [(event, body, receiver) for event, body, receivers in events for receiver in receivers]
        commands: list[Sequence[Word]] = [
            (
                "XADD", self._to(receiver), "MAXLEN", "~", MOST_WAITING * _NOT_LOOKED_AT, "*",
                "id", event.id, "kind", event.kind, "line", event.line, "body", body,
            )
            for event, body, receiver in addressed
        ]  # fmt: skip
        for line, followed in known.items():
            if followed is None:
                commands.append(("HDEL", f"{self._key}:known", line))
            else:
                commands.append(("HSET", f"{self._key}:known", line, json.dumps([followed.receivers, followed.text])))
        answers = await self._write(*commands)
        return [
            (receiver, _waiting(position, event.id, event.kind, event.line))
            for (event, _, receiver), position in zip(addressed, answers, strict=False)
        ]

    async def known_lines(self) -> dict[str, Followed]:
        with ERRORS:
            kept: dict[Any, Any] = await self._client.hgetall(f"{self._key}:known")
        read = {line.decode(): json.loads(value) for line, value in kept.items()}
        return {line: Followed(text, tuple(receivers)) for line, (receivers, text) in read.items()}

    async def events_waiting(self, receiver: str) -> list[Waiting]:
        with ERRORS:
            tries: dict[Any, Any] = await self._client.hgetall(self._tries(receiver))
        found: list[Waiting] = []
        for position, fields in await self._all(self._to(receiver)):
            waiting = _waiting(position, *(fields[name].decode() for name in (b"id", b"kind", b"line")))
            attempts, _, next_at = tries.get(position, b"0 0").decode().partition(" ")
            found.append(replace(waiting, attempts=int(attempts), next_at=float(next_at)))
        return found

    async def event_body(self, receiver: str, position: str) -> str | None:
        with ERRORS:
            found: Any = await self._client.xrange(self._to(receiver), position, position)
        return found[0][1][b"body"].decode() if found else None

    async def event_taken(self, receiver: str, position: str) -> None:
        await self._write(*self._gone(receiver, position))

    async def event_tried(self, receiver: str, waiting: Waiting) -> None:
        tried = f"{waiting.attempts} {waiting.next_at:.3f}"
        await self._write(("HSET", self._tries(receiver), waiting.position, tried))

    async def bury_event(self, receiver: str, waiting: Waiting, reason: str) -> None:
        body = await self.event_body(receiver, waiting.position)
        if body is None:
            return
        letter: Sequence[Word] = (
            "XADD", self._dead(receiver), "MAXLEN", MOST_DEAD, "*",
            "id", waiting.id, "kind", waiting.kind, "line", waiting.line, "body", body,
            "position", waiting.position, "attempts", waiting.attempts, "reason", reason,
        )  # fmt: skip
        await self._write(letter, *self._gone(receiver, waiting.position))

    async def events_dead(self, receiver: str) -> int:
        with ERRORS:
            return int(await self._client.xlen(self._dead(receiver)))

    async def dead_letters(self, receiver: str, before: str | None, limit: int) -> list[DeadLetter]:
        with ERRORS:
            found: Any = await self._client.xrevrange(
                self._dead(receiver), f"({before}" if before is not None else "+", "-", limit
            )
        return [
            DeadLetter(
                position.decode(),
                fields[b"id"].decode(),
                fields[b"kind"].decode(),
                fields[b"line"].decode(),
                _at(fields[b"position"]),
                int(fields[b"attempts"]),
                fields[b"reason"].decode(),
                _at(position),
            )
            for position, fields in found
        ]

    async def forget_dead_letters(self, receiver: str, before: float) -> int:
        (gone,) = await self._write(("XTRIM", self._dead(receiver), "MINID", max(0, round(before * 1000))))
        return int(gone)

    async def revive_events(self, receiver: str) -> list[Waiting]:
        revived = []
        for page in batched(await self._all(self._dead(receiver)), 50, strict=False):
            names = (b"id", b"kind", b"line", b"body")
            commands: list[Sequence[Word]] = [
                ("XADD", self._to(receiver), "*", *(word for name in names for word in (name, fields[name])))
                for _, fields in page
            ]
            answers = await self._write(*commands, ("XDEL", self._dead(receiver), *(at for at, _ in page)))
            revived += [
                _waiting(position, *(fields[name].decode() for name in names[:3]))
                for (_, fields), position in zip(page, answers, strict=False)
            ]
        return revived

    async def keep_webhook_health(self, receiver: str, health: Health) -> None:
        await self._write(("HSET", f"{self._key}:health", receiver, json.dumps(asdict(health))))

    async def webhook_health(self) -> dict[str, Health]:
        with ERRORS:
            kept: dict[Any, Any] = await self._client.hgetall(f"{self._key}:health")
        return {receiver.decode(): Health(**json.loads(value)) for receiver, value in kept.items()}

    async def only_webhooks(self, receivers: Collection[str]) -> None:
        members = f"{self._key}:receivers"
        with ERRORS:
            before: Any = await self._client.smembers(members)
        gone = sorted({name.decode() for name in before} - set(receivers))
        commands: list[Sequence[Word]] = [("SADD", members, name) for name in receivers]
        for name in gone:
            commands += [
                ("DEL", self._to(name), self._tries(name), self._dead(name)),
                ("HDEL", f"{self._key}:health", name),
                ("SREM", members, name),
            ]
        if commands:
            await self._write(*commands)

    # -- inside -------------------------------------------------------------------------------------------------------

    async def _all(self, stream: str) -> list[tuple[bytes, dict[bytes, bytes]]]:
        found: list[tuple[bytes, dict[bytes, bytes]]] = []
        while True:
            with ERRORS:
                page: Any = await self._client.xrange(stream, b"(" + found[-1][0] if found else b"-", b"+", PAGE)
            found += page
            if len(page) < PAGE:
                return found

    def _gone(self, receiver: str, position: str) -> tuple[Sequence[Word], Sequence[Word]]:
        return ("XDEL", self._to(receiver), position), ("HDEL", self._tries(receiver), position)

    async def _write(self, *commands: Sequence[Word]) -> list[Any]:
        with ERRORS:
            answers: list[Any] = await self._scripts.run(
                "write", *(word for command in commands for word in (len(command), *command))
            )
        return answers

    def _to(self, receiver: str) -> str:
        return f"{self._key}:to:{receiver}"

    def _tries(self, receiver: str) -> str:
        return f"{self._key}:tries:{receiver}"

    def _dead(self, receiver: str) -> str:
        return f"{self._key}:dead:{receiver}"


def _at(position: bytes) -> float:
    """When it was kept, by Redis' clock."""
    return int(position.partition(b"-")[0]) / 1000


def _waiting(position: bytes, id_: str, kind: str, line: str) -> Waiting:
    return Waiting(position.decode(), id_, kind, line, _at(position))
