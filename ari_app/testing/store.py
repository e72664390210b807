"""The store in this process: the same as `redis`, for tests and for a controller tried out without Redis."""

import time
from collections.abc import Callable, Mapping, Sequence

from ari_app.store.port import (
    FACTS,
    FAVOURITES,
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


class MemoryStore:
    """See `port.Store`."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.keep = Keep()
        self._clock = clock
        self._snapshots: dict[str, bytes] = {}
        self._facts: dict[int, KeptFact] = {}
        self._facts_added = 0
        self._configuration: KeptConfiguration | None = None
        self._tokens: dict[str, tuple[float, bytes]] = {}
        self._tokens_of: dict[str, dict[str, None]] = {}
        self._logins: dict[str, tuple[float, bytes]] = {}
        self._passwords: dict[str, bytes] = {}
        self._claims: dict[str, tuple[float, Claim]] = {}
        self._sent: dict[str, tuple[float, str]] = {}
        self._caller_ids: dict[str, str] = {}
        self._missed_seen: dict[str, float] = {}
        self._devices: dict[str, str] = {}
        self._drained: dict[str, bool] = {}
        self._openings: dict[str, bytes] = {}
        self._given: dict[str, bytes] = {}
        self._counts: dict[str, dict[str, int]] = {}
        self._recordings: dict[str, tuple[float, bytes]] = {}
        self._voicemails: dict[str, tuple[float, bytes]] = {}
        self._notes: dict[str, dict[str, bytes]] = {}
        self._recents: dict[str, list[str]] = {}
        self._favourites: dict[str, dict[str, None]] = {}

    async def save_many(self, entries: Mapping[str, bytes | None], facts: Sequence[KeptFact] = ()) -> int:
        for name, value in entries.items():
            if value is None:
                self._snapshots.pop(name, None)
            else:
                self._snapshots[name] = value
        return await self.add_facts(facts)

    async def add_facts(self, facts: Sequence[KeptFact]) -> int:
        for fact in facts:
            self._facts_added += 1
            self._facts[self._facts_added] = fact
        gone = list(self._facts)[: max(0, len(self._facts) - FACTS)]
        for position in gone:
            del self._facts[position]
        return len(gone)

    async def facts(self, after: str, limit: int) -> list[tuple[str, KeptFact]]:
        found = [(str(position), fact) for position, fact in self._facts.items() if position > int(after or 0)]
        return found[:limit]

    async def forget_facts(self, positions: Sequence[str]) -> None:
        for position in positions:
            self._facts.pop(int(position), None)

    async def facts_waiting(self) -> int:
        return len(self._facts)

    async def load_all(self) -> dict[str, bytes]:
        return dict(self._snapshots)

    async def keep_configuration(self, kept: KeptConfiguration) -> None:
        self._configuration = kept

    async def kept_configuration(self) -> KeptConfiguration | None:
        return self._configuration

    async def put_token(
        self, token_hash: str, data: bytes, ttl: float, of: str = "", idle: float | None = None
    ) -> None:
        self._tokens[check_hash(token_hash)] = (self._clock() + (ttl if idle is None else min(ttl, idle)), data)
        self._tokens_of.setdefault(of, {})[token_hash] = None

    async def tokens(self, of: str) -> list[str]:
        listed = self._tokens_of.get(of, {})
        return [token for token in listed if _unexpired(self._tokens, token, self._clock()) is not None]

    async def get_token(self, token_hash: str, idle: float | None = None) -> bytes | None:
        data = _unexpired(self._tokens, check_hash(token_hash), self._clock())
        if data is not None and idle is not None:
            self._tokens[token_hash] = (self._clock() + idle, data)
        return data

    async def delete_token(self, token_hash: str) -> None:
        self._tokens.pop(check_hash(token_hash), None)

    async def keep_login(self, state_hash: str, data: bytes, ttl: float) -> None:
        self._logins[check_hash(state_hash)] = (self._clock() + ttl, data)

    async def take_login(self, state_hash: str) -> bytes | None:
        data = _unexpired(self._logins, check_hash(state_hash), self._clock())
        self._logins.pop(state_hash, None)
        return data

    async def change_password(self, of: str, data: bytes | None, but: str = "") -> list[str]:
        if data is None:
            self._passwords.pop(of, None)
        else:
            self._passwords[of] = data
        ended = [token for token in await self.tokens(of) if token != but]
        for token in ended:
            await self.delete_token(token)
        return ended

    async def password(self, of: str) -> bytes | None:
        return self._passwords.get(of)

    async def passwords(self) -> dict[str, bytes]:
        return dict(self._passwords)

    async def claim(self, key: str, ttl: float) -> Claim | None:
        before = await self.get(key)
        if before is None:
            self._claims[key] = (self._clock() + ttl, InProgress())
        return before

    async def finish(self, key: str, status: int, body: bytes) -> None:
        if await self.get(key) is not None:
            self._claims[key] = (self._claims[key][0], Finished(status, body))

    def answers(self) -> dict[str, Claim]:
        """What is kept for repeats, by key."""
        return {key: claim for key, (_, claim) in self._claims.items()}

    async def abandon(self, key: str) -> None:
        self._claims.pop(key, None)

    async def send_to(self, key: str, place: str, ttl: float) -> None:
        self._sent[key] = (self._clock() + ttl, place)

    async def sent_to(self, key: str) -> str | None:
        return _unexpired(self._sent, key, self._clock())

    async def get(self, key: str) -> Claim | None:
        return _unexpired(self._claims, key, self._clock())

    async def set_caller_id(self, agent: str, caller_id: str) -> None:
        self._caller_ids[agent] = caller_id

    async def caller_id(self, agent: str) -> str | None:
        return self._caller_ids.get(agent)

    async def set_missed_seen(self, agent: str, until: float) -> None:
        self._missed_seen[agent] = until

    async def missed_seen(self, agent: str) -> float | None:
        return self._missed_seen.get(agent)

    async def set_device(self, phone: str, device: str) -> None:
        self._devices[phone] = device

    async def devices(self) -> dict[str, str]:
        return dict(self._devices)

    async def set_given(self, agent: str, data: bytes | None) -> None:
        if data is None:
            self._given.pop(agent, None)
        else:
            self._given[agent] = data

    async def given(self) -> dict[str, bytes]:
        return dict(self._given)

    async def set_drained(self, asterisk: str, *, drained: bool) -> None:
        self._drained[asterisk] = drained

    async def drained(self) -> dict[str, bool]:
        return dict(self._drained)

    async def set_opening(self, target: str, data: bytes) -> None:
        self._openings[target] = data

    async def openings(self) -> dict[str, bytes]:
        return dict(self._openings)

    async def keep_recording(self, recording: str, data: bytes, at: float) -> None:
        self._recordings[recording] = (at, data)
        for old in _newest(self._recordings)[RECORDINGS:]:
            del self._recordings[old]

    async def recording(self, recording: str) -> bytes | None:
        return self._recordings[recording][1] if recording in self._recordings else None

    async def recordings(self, after: str | None, limit: int) -> list[bytes]:
        return [self._recordings[name][1] for name in _page(_newest(self._recordings), after, limit)]

    async def recordings_before(self, at: float, limit: int) -> list[bytes]:
        old = [name for name in reversed(_newest(self._recordings)) if self._recordings[name][0] < at]
        return [self._recordings[name][1] for name in old[:limit]]

    async def forget_recording(self, recording: str) -> None:
        self._recordings.pop(recording, None)

    async def keep_voicemail(self, message: str, data: bytes, at: float) -> None:
        self._voicemails[message] = (at, data)
        for old in _newest(self._voicemails)[VOICEMAILS:]:
            del self._voicemails[old]

    async def voicemail(self, message: str) -> bytes | None:
        return self._voicemails[message][1] if message in self._voicemails else None

    async def voicemails(self, after: str | None, limit: int) -> list[bytes]:
        return [self._voicemails[name][1] for name in _page(_newest(self._voicemails), after, limit)]

    async def forget_voicemail(self, message: str) -> None:
        self._voicemails.pop(message, None)

    async def note(self, call: str, agent: str, data: bytes) -> None:
        self._notes.setdefault(call, {})[agent] = data

    async def notes(self, call: str) -> dict[str, bytes]:
        return dict(self._notes.get(call, {}))

    async def keep_counts(self, day: str, numbers: Mapping[str, int]) -> None:
        self._counts.setdefault(day, {}).update(numbers)

    async def counts(self, day: str) -> dict[str, int]:
        return dict(self._counts.get(day, {}))

    async def note_recent(self, agent: str, target: str) -> None:
        others = [known for known in self._recents.get(agent, ()) if known != target]
        self._recents[agent] = [target, *others][:RECENTS]

    async def recents(self, agent: str) -> list[str]:
        return list(self._recents.get(agent, ()))

    async def add_favourite(self, agent: str, target: str) -> bool:
        marked = self._favourites.setdefault(agent, {})
        if target not in marked and len(marked) >= FAVOURITES:
            return False
        marked[target] = None
        return True

    async def remove_favourite(self, agent: str, target: str) -> None:
        self._favourites.get(agent, {}).pop(target, None)

    async def favourites(self, agent: str) -> list[str]:
        return list(self._favourites.get(agent, ()))

    async def forget_agent(self, agent: str) -> None:
        for kept in (self._recents, self._favourites, self._caller_ids, self._missed_seen):
            kept.pop(agent, None)

    async def ping(self) -> None:
        return


def _page(names: list[str], after: str | None, limit: int) -> list[str]:
    if after is not None and after not in names:
        return []
    begin = names.index(after) + 1 if after is not None else 0
    return names[begin : begin + limit]


def _unexpired[T](kept: dict[str, tuple[float, T]], key: str, now: float) -> T | None:
    until, value = kept.get(key, (now, None))
    if until <= now:
        kept.pop(key, None)
        return None
    return value


def _newest(kept: dict[str, tuple[float, bytes]]) -> list[str]:
    return [name for _, name in sorted(((at, name) for name, (at, _) in kept.items()), reverse=True)]
