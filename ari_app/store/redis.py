"""The store in Redis.

Keys, with the same hash tag as those of `availability`:

    {p}:snapshots          hash    call:<id>, leg:<id> -> JSON
    {p}:token:<sha-256>    string  who is logged in; expires
    {p}:passwords          hash    agent -> what they chose, as a hash
    {p}:idempotency:<key>  string  empty while in progress, then "<status>\\n<body>"; expires
    {p}:configuration      hash    text and time of the last configuration without faults
    {p}:caller_ids         hash    agent -> caller ID chosen last
    {p}:recordings         zset    ids by when they were begun; {p}:recordings:data, a hash, has what is known of each
    {p}:recents:<agent>    list    targets reached, newest first; expires
    {p}:favourites:<agent> zset    targets marked, by the order in which they were
"""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from ari_app.store.client import ERRORS
from ari_app.store.port import (
    COUNTS_TTL,
    FAVOURITES,
    HISTORY,
    HISTORY_TTL,
    RECENTS,
    RECENTS_TTL,
    RECORDINGS,
    Claim,
    Finished,
    InProgress,
    KeptConfiguration,
    check_hash,
)

IN_PROGRESS = b""
# A script, so that its answer can wait for a replica. Empty values are forgotten.
SAVE_MANY = """
for i = 1, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', KEYS[1], ARGV[i])
  else
    redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  end
end
"""
# One script, so that of two who come at once none takes the last place twice, and none moves what is marked.
ADD_FAVOURITE = """
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 1 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')[2] or '0'
redis.call('ZADD', KEYS[1], tonumber(last) + 1, ARGV[1])
return 1
"""
# One script, so that a login with the password before either is ended by it, or finds that it has changed.
REPLACE = """
if ARGV[2] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
local ended = {}
for _, token in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if token ~= ARGV[3] and redis.call('DEL', ARGV[4] .. token) == 1 then ended[#ended + 1] = token end
end
return ended
"""
# Beyond so many the oldest are forgotten.
KEEP_RECORDING = """
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
for _, old in ipairs(redis.call('ZRANGE', KEYS[1], 0, -ARGV[4] - 1)) do
  redis.call('ZREM', KEYS[1], old)
  redis.call('HDEL', KEYS[2], old)
end
"""


class RedisStore:
    """See `port.Store`."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self._tag = f"{{{prefix}}}"

    async def save_many(self, entries: Mapping[str, bytes | None]) -> None:
        if not entries:
            return
        words = [word for name, value in entries.items() for word in (name, value or b"")]
        with ERRORS:
            await self._client.eval(SAVE_MANY, 1, f"{self._tag}:snapshots", *words)

    async def load_all(self) -> dict[str, bytes]:
        with ERRORS:
            entries: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:snapshots")
        return {name.decode(): value for name, value in entries.items()}

    async def keep_configuration(self, kept: KeptConfiguration) -> None:
        with ERRORS:
            fields: dict[Any, Any] = {"text": kept.text, "at": repr(kept.at), "origin": kept.origin}
            await self._client.hset(f"{self._tag}:configuration", mapping=fields)

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
        with ERRORS:
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.set(key, data, px=_milliseconds(ttl if idle is None else min(ttl, idle)))
                pipeline.zremrangebyscore(listed, 0, now)
                pipeline.zadd(listed, {token_hash: now + ttl})
                pipeline.expire(listed, round(ttl) + 1, gt=True)
                pipeline.expire(listed, round(ttl) + 1, nx=True)
                await pipeline.execute()

    async def get_token(self, token_hash: str, idle: float | None = None) -> bytes | None:
        key = self._token(token_hash)
        with ERRORS:
            if idle is None:
                return _bytes(await self._client.get(key))
            return _bytes(await self._client.getex(key, px=_milliseconds(idle)))

    async def delete_token(self, token_hash: str) -> None:
        key = self._token(token_hash)
        with ERRORS:
            await self._client.delete(key)

    async def tokens(self, of: str) -> list[str]:
        with ERRORS:
            listed = _texts(await self._client.zrange(f"{self._tag}:tokens:{of}", 0, -1))
            kept: list[Any] = await self._client.mget([self._token(t) for t in listed]) if listed else []
        return [token for token, data in zip(listed, kept, strict=True) if data is not None]

    async def change_password(self, of: str, data: bytes | None, but: str = "") -> list[str]:
        keys = f"{self._tag}:passwords", f"{self._tag}:tokens:{of}"
        with ERRORS:
            prefix = f"{self._tag}:token:"
            return _texts(await self._client.eval(REPLACE, 2, *keys, of, data or b"", but, prefix))

    async def password(self, of: str) -> bytes | None:
        with ERRORS:
            return _bytes(await self._client.hget(f"{self._tag}:passwords", of))

    async def passwords(self) -> dict[str, bytes]:
        with ERRORS:
            kept: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:passwords")
        return {agent.decode(): data for agent, data in kept.items()}

    async def claim(self, key: str, ttl: float) -> Claim | None:
        with ERRORS:
            # one command, so that of two who come at once exactly one gets the key
            name = self._idempotency(key)
            before = await self._client.set(name, IN_PROGRESS, px=_milliseconds(ttl), nx=True, get=True)
        return _claim(_bytes(before))

    async def finish(self, key: str, status: int, body: bytes) -> None:
        with ERRORS:
            await self._client.set(self._idempotency(key), b"%d\n%b" % (status, body), xx=True, keepttl=True)

    async def abandon(self, key: str) -> None:
        with ERRORS:
            await self._client.delete(self._idempotency(key))

    async def get(self, key: str) -> Claim | None:
        with ERRORS:
            return _claim(_bytes(await self._client.get(self._idempotency(key))))

    async def set_caller_id(self, agent: str, caller_id: str) -> None:
        with ERRORS:
            await self._client.hset(f"{self._tag}:caller_ids", agent, caller_id)

    async def caller_id(self, agent: str) -> str | None:
        with ERRORS:
            chosen = _bytes(await self._client.hget(f"{self._tag}:caller_ids", agent))
        return None if chosen is None else chosen.decode()

    async def set_device(self, phone: str, device: str) -> None:
        with ERRORS:
            await self._client.hset(f"{self._tag}:devices", phone, device)

    async def devices(self) -> dict[str, str]:
        with ERRORS:
            chosen: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:devices")
        return {phone.decode(): device.decode() for phone, device in chosen.items()}

    async def keep_record(self, call: str, record: bytes, of: Sequence[str], at: float) -> None:
        with ERRORS:
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.set(self._record(call), record, ex=HISTORY_TTL)
                for key, most in [(self._history(None), HISTORY), *((self._history(a), HISTORY // 10) for a in of)]:
                    pipeline.zadd(key, {call: at})
                    pipeline.zremrangebyrank(key, 0, -most - 1)
                    pipeline.expire(key, HISTORY_TTL)
                await pipeline.execute()

    async def records(self, of: str | None, after: str | None, limit: int) -> list[bytes]:
        with ERRORS:
            calls = await self._page(self._history(of), after, limit)
            kept: list[Any] = await self._client.mget([self._record(call) for call in calls]) if calls else []
        return [bytes(record) for record in kept if record is not None]

    async def note(self, call: str, agent: str, data: bytes) -> None:
        key = f"{self._tag}:notes:{call}"
        with ERRORS:
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.hset(key, agent, data)
                pipeline.expire(key, HISTORY_TTL)
                await pipeline.execute()

    async def notes(self, call: str) -> dict[str, bytes]:
        with ERRORS:
            kept: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:notes:{call}")
        return {agent.decode(): data for agent, data in kept.items()}

    async def keep_recording(self, recording: str, data: bytes, at: float) -> None:
        order = f"{self._tag}:recordings"
        with ERRORS:
            await self._client.eval(KEEP_RECORDING, 2, order, f"{order}:data", recording, data, at, RECORDINGS)

    async def recording(self, recording: str) -> bytes | None:
        with ERRORS:
            return _bytes(await self._client.hget(f"{self._tag}:recordings:data", recording))

    async def recordings(self, after: str | None, limit: int) -> list[bytes]:
        key = f"{self._tag}:recordings"
        with ERRORS:
            found = await self._page(key, after, limit)
            kept: list[Any] = await self._client.hmget(f"{key}:data", found) if found else []
        return [bytes(data) for data in kept if data is not None]

    async def forget_recording(self, recording: str) -> None:
        key = f"{self._tag}:recordings"
        with ERRORS:
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.zrem(key, recording)
                pipeline.hdel(f"{key}:data", recording)
                await pipeline.execute()

    async def count(self, day: str, name: str) -> None:
        key = f"{self._tag}:counts:{day}"
        with ERRORS:
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.hincrby(key, name, 1)
                pipeline.expire(key, COUNTS_TTL)
                await pipeline.execute()

    async def counts(self, day: str) -> dict[str, int]:
        with ERRORS:
            counted: dict[Any, Any] = await self._client.hgetall(f"{self._tag}:counts:{day}")
        return {name.decode(): int(number) for name, number in counted.items()}

    async def note_recent(self, agent: str, target: str) -> None:
        key = f"{self._tag}:recents:{agent}"
        with ERRORS:
            async with self._client.pipeline(transaction=True) as pipeline:
                pipeline.lrem(key, 0, target)
                pipeline.lpush(key, target)
                pipeline.ltrim(key, 0, RECENTS - 1)
                pipeline.expire(key, RECENTS_TTL)
                await pipeline.execute()

    async def recents(self, agent: str) -> list[str]:
        with ERRORS:
            return _texts(await self._client.lrange(f"{self._tag}:recents:{agent}", 0, -1))

    async def add_favourite(self, agent: str, target: str) -> bool:
        key = f"{self._tag}:favourites:{agent}"
        with ERRORS:
            return bool(await self._client.eval(ADD_FAVOURITE, 1, key, target, FAVOURITES))

    async def remove_favourite(self, agent: str, target: str) -> None:
        with ERRORS:
            await self._client.zrem(f"{self._tag}:favourites:{agent}", target)

    async def favourites(self, agent: str) -> list[str]:
        with ERRORS:
            return _texts(await self._client.zrange(f"{self._tag}:favourites:{agent}", 0, -1))

    async def ping(self) -> None:
        with ERRORS:
            await self._client.ping()

    async def _page(self, key: str, after: str | None, limit: int) -> list[str]:
        """Members of a sorted set, the last first: as many as `limit`, after the member `after`."""
        begin = 0
        if after is not None:
            rank: Any = await self._client.zrevrank(key, after)
            if rank is None:
                return []
            begin = int(rank) + 1
        return _texts(await self._client.zrevrange(key, begin, begin + limit - 1))

    def _record(self, call: str) -> str:
        return f"{self._tag}:record:{call}"

    def _history(self, agent: str | None) -> str:
        return f"{self._tag}:history" if agent is None else f"{self._tag}:history:{agent}"

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
