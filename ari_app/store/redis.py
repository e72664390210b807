"""The store in Redis.

Keys, with the same hash tag as those of `availability`:

    {p}:snapshots          hash    call:<id>, leg:<id> -> JSON; of each of several Asterisks {p}:snapshots:<asterisk>
    {p}:facts              stream  key, kind and JSON of what is over, until the database has it; of all Asterisks
    {p}:token:<sha-256>    string  who is logged in; expires
    {p}:login:<sha-256>    string  a login that is under way at an issuer; expires
    {p}:passwords          hash    agent -> what they chose, as a hash
    {p}:idempotency:<key>  string  empty while in progress, then "<status>\\n<body>"; expires
    {p}:sent:<command>     string  the Asterisk at which that call was to be made; expires
    {p}:configuration      hash    text and time of the last configuration without faults
    {p}:caller_ids         hash    agent -> caller ID chosen last
    {p}:missed_seen        hash    agent -> until when they have looked at the calls that they missed
    {p}:given              hash    agent -> groups and skills given by a supervisor
    {p}:recordings         zset    ids by when they were begun; {p}:recordings:data, a hash, has what is known of each
    {p}:voicemails         zset    the same of messages that callers have left
    {p}:devices            hash    phone -> which of the agent's phones rings
    {p}:drained            hash    Asterisk -> 1 where it takes no new calls by an administrator's word, else 0
    {p}:openings           hash    target -> what somebody chose for it last, open or closed: JSON
    {p}:tokens:<agent>     zset    hashes of the tokens of whoever is logged in, the oldest first
    {p}:counts:<day>       hash    name of a figure -> number; expires
    {p}:notes:<call>       hash    agent -> what they noted of it; expires
    {p}:recents:<agent>    list    targets reached, newest first; expires
    {p}:favourites:<agent> zset    targets marked, by the order in which they were
    {p}:audit              stream  who did what; {p}:audit:chain and {p}:audit:numbers: see `redis_audit`
    {p}:lease:<asterisk>   string  who leads it, and their address; expires. `released` stays: given up
    {p}:fence:<asterisk>   string  the highest number of a lease that was given, and to whom
    {p}:turn:store:<asterisk>  string  whoever leads it, and how many of their writes were not answered
    {p}:seeks:<asterisk>   string  a controller that leads none would lead it; expires
"""

import time
from collections.abc import Mapping, Sequence
from itertools import batched
from typing import Any

from redis.asyncio import Redis

from ari_app.store import lua
from ari_app.store.client import ERRORS
from ari_app.store.leases import Fence
from ari_app.store.port import (
    COUNTS_TTL,
    FACTS,
    FAVOURITES,
    NOTES_TTL,
    RECENTS,
    RECORDINGS,
    VOICEMAILS,
    Claim,
    Finished,
    InProgress,
    Keep,
    KeptConfiguration,
    KeptFact,
    check_hash,
)
from ari_app.store.scripts import Scripts, sources

IN_PROGRESS = b""
SCRIPTS = sources(lua, ("write", "add_favourite", "change_password", "keep_recording"))
# Lua takes some thousand words of a command at once.
FIELDS = 1000

type Word = str | int | float | bytes
type Command = Sequence[Word]


class RedisStore:
    """See `port.Store`. One with a `fence` keeps nothing once its lease is another's; `asterisk`, of
    several, is the one whose calls are kept."""

    def __init__(self, client: Redis, prefix: str, fence: Fence | None = None, asterisk: str = "") -> None:
        self.keep = Keep()
        self._client = client
        self._scripts = Scripts(client, prefix, SCRIPTS, fence)
        self._tag = self._scripts.tag
        self._snapshots = f"{self._tag}:snapshots:{asterisk}" if asterisk else f"{self._tag}:snapshots"

    async def save_many(self, entries: Mapping[str, bytes | None], facts: Sequence[KeptFact] = ()) -> int:
        key = self._snapshots
        commands: list[Command] = []
        for page in batched(entries.items(), FIELDS, strict=False):
            if kept := [word for name, value in page if value is not None for word in (name, value)]:
                commands.append(("HSET", key, *kept))
            if gone := [name for name, value in page if value is None]:
                commands.append(("HDEL", key, *gone))
        return await self._write_with(commands, facts)

    async def add_facts(self, facts: Sequence[KeptFact]) -> int:
        return await self._write_with([], facts)

    async def _write_with(self, commands: list[Command], facts: Sequence[KeptFact]) -> int:
        key = f"{self._tag}:facts"
        commands += [("XADD", key, "*", "key", x.key, "kind", x.kind, "data", x.data) for x in facts]
        if facts:
            commands.append(("XTRIM", key, "MAXLEN", FACTS))
        answers = await self._write(*commands) if commands else []
        return int(answers[-1]) if facts else 0

    async def facts(self, after: str, limit: int) -> list[tuple[str, KeptFact]]:
        with ERRORS:
            found: Any = await self._client.xrange(f"{self._tag}:facts", f"({after}" if after else "-", "+", limit)
        return [
            (position.decode(), KeptFact(entry[b"key"].decode(), entry[b"kind"].decode(), entry[b"data"]))
            for position, entry in found
        ]

    async def forget_facts(self, positions: Sequence[str]) -> None:
        for page in batched(positions, FIELDS, strict=False):
            await self._write(("XDEL", f"{self._tag}:facts", *page))

    async def facts_waiting(self) -> int:
        with ERRORS:
            return int(await self._client.xlen(f"{self._tag}:facts"))

    async def load_all(self) -> dict[str, bytes]:
        with ERRORS:
            entries: dict[Any, Any] = await self._client.hgetall(self._snapshots)
        return {name.decode(): value for name, value in entries.items()}

    async def keep_configuration(self, kept: KeptConfiguration) -> None:
        fields = ("text", kept.text, "at", kept.at, "origin", kept.origin)
        await self._write(("HSET", f"{self._tag}:configuration", *fields))

    async def memory(self) -> float:
        """The part in use of the memory that Redis may have; 0 where that has no limit. Raises: StoreUnavailable."""
        with ERRORS:
            said: dict[str, Any] = await self._client.info("memory")
        most = int(said.get("maxmemory", 0))
        return int(said.get("used_memory", 0)) / most if most else 0.0

    async def kept_configuration(self) -> KeptConfiguration | None:
        with ERRORS:
            fields: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:configuration")
        if not fields:
            return None
        origin = fields.get(b"origin", b"")  # earlier versions kept none
        return KeptConfiguration(fields[b"text"], float(fields[b"at"]), origin.decode())

    async def put_token(
        self, token_hash: str, data: bytes, ttl: float, of: str = "", idle: float | None = None
    ) -> None:
        key, listed, now = self._token(token_hash), f"{self._tag}:tokens:{of}", time.time()
        await self._write(
            ("SET", key, data, "PX", _milliseconds(ttl if idle is None else min(ttl, idle))),
            ("ZREMRANGEBYSCORE", listed, 0, now),
            ("ZADD", listed, now + ttl, token_hash),
            ("EXPIRE", listed, round(ttl) + 1, "GT"),
            ("EXPIRE", listed, round(ttl) + 1, "NX"),
        )

    async def get_token(self, token_hash: str, idle: float | None = None) -> bytes | None:
        key = self._token(token_hash)
        with ERRORS:
            if idle is None:
                return _bytes(await self._client.get(key))
            return _bytes(await self._client.getex(key, px=_milliseconds(idle)))

    async def delete_token(self, token_hash: str) -> None:
        await self._write(("DEL", self._token(token_hash)))

    async def tokens(self, of: str) -> list[str]:
        with ERRORS:
            listed = _texts(await self._client.zrange(f"{self._tag}:tokens:{of}", 0, -1))
            kept: list[Any] = await self._client.mget([self._token(t) for t in listed]) if listed else []
        return [token for token, data in zip(listed, kept, strict=True) if data is not None]

    async def keep_login(self, state_hash: str, data: bytes, ttl: float) -> None:
        await self._write(("SET", self._login(state_hash), data, "PX", _milliseconds(ttl)))

    async def take_login(self, state_hash: str) -> bytes | None:
        (taken,) = await self._write(("GETDEL", self._login(state_hash)))
        return _bytes(taken)

    async def change_password(self, of: str, data: bytes | None, but: str = "") -> list[str]:
        with ERRORS:
            return _texts(await self._scripts.run("change_password", of, data or b"", but))

    async def password(self, of: str) -> bytes | None:
        with ERRORS:
            return _bytes(await self._client.hget(f"{self._tag}:passwords", of))

    async def passwords(self) -> dict[str, bytes]:
        with ERRORS:
            kept: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:passwords")
        return {agent.decode(): data for agent, data in kept.items()}

    async def claim(self, key: str, ttl: float) -> Claim | None:
        # one command, so that of two who come at once exactly one gets the key
        name = self._idempotency(key)
        (before,) = await self._write(("SET", name, IN_PROGRESS, "NX", "GET", "PX", _milliseconds(ttl)))
        return _claim(_bytes(before))

    async def finish(self, key: str, status: int, body: bytes) -> None:
        await self._write(("SET", self._idempotency(key), b"%d\n%b" % (status, body), "XX", "KEEPTTL"))

    async def abandon(self, key: str) -> None:
        await self._write(("DEL", self._idempotency(key)))

    async def send_to(self, key: str, place: str, ttl: float) -> None:
        await self._write(("SET", f"{self._tag}:sent:{key}", place, "PX", _milliseconds(ttl)))

    async def sent_to(self, key: str) -> str | None:
        with ERRORS:
            place = _bytes(await self._client.get(f"{self._tag}:sent:{key}"))
        return None if place is None else place.decode()

    async def get(self, key: str) -> Claim | None:
        with ERRORS:
            return _claim(_bytes(await self._client.get(self._idempotency(key))))

    async def set_caller_id(self, agent: str, caller_id: str) -> None:
        await self._write(("HSET", f"{self._tag}:caller_ids", agent, caller_id))

    async def caller_id(self, agent: str) -> str | None:
        with ERRORS:
            chosen = _bytes(await self._client.hget(f"{self._tag}:caller_ids", agent))
        return None if chosen is None else chosen.decode()

    async def set_missed_seen(self, agent: str, until: float) -> None:
        await self._write(("HSET", f"{self._tag}:missed_seen", agent, repr(until)))

    async def missed_seen(self, agent: str) -> float | None:
        with ERRORS:
            until = _bytes(await self._client.hget(f"{self._tag}:missed_seen", agent))
        return None if until is None else float(until)

    async def set_device(self, phone: str, device: str) -> None:
        await self._write(("HSET", f"{self._tag}:devices", phone, device))

    async def devices(self) -> dict[str, str]:
        with ERRORS:
            chosen: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:devices")
        return {phone.decode(): device.decode() for phone, device in chosen.items()}

    async def set_given(self, agent: str, data: bytes | None) -> None:
        key = f"{self._tag}:given"
        await self._write(("HDEL", key, agent) if data is None else ("HSET", key, agent, data))

    async def given(self) -> dict[str, bytes]:
        with ERRORS:
            kept: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:given")
        return {agent.decode(): data for agent, data in kept.items()}

    async def set_drained(self, asterisk: str, *, drained: bool) -> None:
        await self._write(("HSET", f"{self._tag}:drained", asterisk, int(drained)))

    async def drained(self) -> dict[str, bool]:
        with ERRORS:
            said: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:drained")
        return {asterisk.decode(): drained == b"1" for asterisk, drained in said.items()}

    async def set_opening(self, target: str, data: bytes) -> None:
        await self._write(("HSET", f"{self._tag}:openings", target, data))

    async def openings(self) -> dict[str, bytes]:
        with ERRORS:
            chosen: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:openings")
        return {target.decode(): data for target, data in chosen.items()}

    async def note(self, call: str, agent: str, data: bytes) -> None:
        key = f"{self._tag}:notes:{call}"
        await self._write(("HSET", key, agent, data), ("EXPIRE", key, NOTES_TTL))

    async def notes(self, call: str) -> dict[str, bytes]:
        with ERRORS:
            kept: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:notes:{call}")
        return {agent.decode(): data for agent, data in kept.items()}

    async def keep_recording(self, recording: str, data: bytes, at: float) -> None:
        with ERRORS:
            await self._scripts.run("keep_recording", recording, data, at, RECORDINGS, "recordings")

    async def recording(self, recording: str) -> bytes | None:
        with ERRORS:
            return _bytes(await self._client.hget(f"{self._tag}:recordings:data", recording))

    async def recordings(self, after: str | None, limit: int) -> list[bytes]:
        return await self._kept(f"{self._tag}:recordings", after, limit)

    async def _kept(self, key: str, after: str | None, limit: int) -> list[bytes]:
        with ERRORS:
            found = await self._page(key, after, limit)
            kept: list[Any] = await self._client.hmget(f"{key}:data", found) if found else []
        return [bytes(data) for data in kept if data is not None]

    async def recordings_before(self, at: float, limit: int) -> list[bytes]:
        key = f"{self._tag}:recordings"
        with ERRORS:
            found = _texts(await self._client.zrangebyscore(key, "-inf", f"({at}", 0, limit))
            kept: list[Any] = await self._client.hmget(f"{key}:data", found) if found else []
        return [bytes(data) for data in kept if data is not None]

    async def forget_recording(self, recording: str) -> None:
        key = f"{self._tag}:recordings"
        await self._write(("ZREM", key, recording), ("HDEL", f"{key}:data", recording))

    async def keep_voicemail(self, message: str, data: bytes, at: float) -> None:
        with ERRORS:
            await self._scripts.run("keep_recording", message, data, at, VOICEMAILS, "voicemails")

    async def voicemail(self, message: str) -> bytes | None:
        with ERRORS:
            return _bytes(await self._client.hget(f"{self._tag}:voicemails:data", message))

    async def voicemails(self, after: str | None, limit: int) -> list[bytes]:
        return await self._kept(f"{self._tag}:voicemails", after, limit)

    async def forget_voicemail(self, message: str) -> None:
        key = f"{self._tag}:voicemails"
        await self._write(("ZREM", key, message), ("HDEL", f"{key}:data", message))

    async def keep_counts(self, day: str, numbers: Mapping[str, int]) -> None:
        key = f"{self._tag}:counts:{day}"
        words = [word for name, number in numbers.items() for word in (name, number)]
        await self._write(("HSET", key, *words), ("EXPIRE", key, COUNTS_TTL))

    async def counts(self, day: str) -> dict[str, int]:
        with ERRORS:
            counted: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:counts:{day}")
        return {name.decode(): int(number) for name, number in counted.items()}

    async def note_recent(self, agent: str, target: str) -> None:
        key = f"{self._tag}:recents:{agent}"
        await self._write(
            ("LREM", key, 0, target),
            ("LPUSH", key, target),
            ("LTRIM", key, 0, RECENTS - 1),
            ("EXPIRE", key, self.keep.recents),
        )

    async def recents(self, agent: str) -> list[str]:
        with ERRORS:
            return _texts(await self._client.lrange(f"{self._tag}:recents:{agent}", 0, -1))

    async def add_favourite(self, agent: str, target: str) -> bool:
        key = f"{self._tag}:favourites:{agent}"
        with ERRORS:
            return bool(await self._scripts.run("add_favourite", key, target, FAVOURITES, self.keep.favourites))

    async def remove_favourite(self, agent: str, target: str) -> None:
        await self._write(("ZREM", f"{self._tag}:favourites:{agent}", target))

    async def favourites(self, agent: str) -> list[str]:
        with ERRORS:
            return _texts(await self._client.zrange(f"{self._tag}:favourites:{agent}", 0, -1))

    async def forget_agent(self, agent: str) -> None:
        keys = (f"{self._tag}:recents:{agent}", f"{self._tag}:favourites:{agent}")
        of_all = (("HDEL", f"{self._tag}:{name}", agent) for name in ("caller_ids", "missed_seen"))
        await self._write(("DEL", *keys), *of_all)

    async def ping(self) -> None:
        with ERRORS:
            await self._client.ping()

    async def _write(self, *commands: Command) -> list[Any]:
        """Have them done all at once, or none; their answers."""
        with ERRORS:
            words = [word for command in commands for word in (len(command), *command)]
            answers: list[Any] = await self._scripts.run("write", *words)
        return answers

    async def _page(self, key: str, after: str | None, limit: int) -> list[str]:
        """Members of a sorted set, the last first: as many as `limit`, after the member `after`."""
        begin = 0
        if after is not None:
            rank: Any = await self._client.zrevrank(key, after)
            if rank is None:
                return []
            begin = int(rank) + 1
        return _texts(await self._client.zrevrange(key, begin, begin + limit - 1))

    def _login(self, state_hash: str) -> str:
        return f"{self._tag}:login:{check_hash(state_hash)}"

    def _token(self, token_hash: str) -> str:
        return f"{self._tag}:token:{check_hash(token_hash)}"

    def _idempotency(self, key: str) -> str:
        return f"{self._tag}:idempotency:{key}"


def _claim(kept: bytes | None) -> Claim | None:
    if kept is None:
        return None
    if kept == IN_PROGRESS:
        return InProgress()
    status, _, body = kept.partition(b"\n")
    return Finished(int(status), body)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _bytes(answer: Any) -> bytes | None:
    """An answer of redis-py, whose types say more than can be without `decode_responses`."""
    return None if answer is None else bytes(answer)


def _texts(answer: Any) -> list[str]:
    return [member.decode() for member in answer]
