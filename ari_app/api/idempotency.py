"""A repeat of a POST with the same `Idempotency-Key` gets the first's answer; nothing happens twice.

Repeats that come while the first is under way wait for it. Answers are kept in the store, so that a repeat finds them
after a restart too, and in memory, so that repeats are safe while Redis is away.

    none ──claim──▶ in progress ──answer──▶ finished
      ▲                  │                                a repeat waits for the answer, or gets it; where the
      └─ nothing was done ┘                               controller died over the first, or nobody knows yet
                                                          what became of it, see `Act`
"""

import asyncio
import hashlib
import re
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from pydantic import TypeAdapter
from pydantic_core import from_json

from ari_app.errors import Code, FieldError, Refused, StoreUnavailable
from ari_app.store.port import Claim, Finished, IdempotencyKeys

# Answers of one agent in the store; of more, the oldest is forgotten: a client that repeats does so within seconds.
OF_AGENT = 1_000
# Beside the store, for when it is away: repeats come within seconds, and an answer takes 3 kB.
IN_MEMORY = 1_000
HEADER = "Idempotency-Key"
_KEY = re.compile(r"[!-~]{1,255}")


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer as it was given, and the request that it belongs to."""

    fingerprint: str
    status: int
    content_type: str
    body: str
    location: str | None


_KEPT = TypeAdapter(Kept)


def check_key(key: str) -> None:
    """Raises: Refused `invalid` for a key that is empty, too long, or has blanks or characters beyond ASCII."""
    if _KEY.fullmatch(key) is None:
        problem = FieldError(HEADER, "must be 1 to 255 printable ASCII characters without blanks")
        raise Refused(Code.INVALID, "the Idempotency-Key is not valid", (problem,))


def fingerprint_of(body: bytes) -> str:
    """What tells two requests with the same key apart."""
    return hashlib.sha256(body).hexdigest()


class Done(Enum):
    """What the answer says of what was requested."""

    YES = auto()  # it was, or may have been, done: the answer stands for every repeat
    NO = auto()  # nothing was: a repeat may try anew
    OPEN = auto()  # nobody knows yet: a repeat finds out


type Act = Callable[[bool], Awaitable[tuple[Kept, Done]]]
"""Does what is requested: its answer, and what that says.

Its argument: whether it was requested before, and may have been done. Whoever cannot find out refuses.
"""


type Stands = Callable[[Mapping[str, object]], Awaitable[bool]]
"""Whether a secret answer, as it was read, is still worth something: a token may have ended meanwhile."""


def key_of(scope: tuple[str, ...]) -> str:
    """What names a request, and each of its repeats: who requests what, and their key."""
    return hashlib.sha256("\n".join(scope).encode()).hexdigest()


def interrupted() -> Refused:
    """For what nobody can find out of."""
    detail = "the first request with this key was interrupted; look at the calls, and use a new key"
    return Refused(Code.NOT_ALLOWED_NOW, detail)


class Answers:
    """First answers by scope (who asks for what) and key; in the store for `seconds()`, so that repeats know them."""

    def __init__(self, store: IdempotencyKeys, seconds: Callable[[], float]) -> None:
        self._store = store
        self._seconds = seconds
        self._running: dict[str, tuple[str, asyncio.Future[Kept]]] = {}
        self._memory: OrderedDict[str, Kept] = OrderedDict()
        self._unknown: OrderedDict[str, None] = OrderedDict()
        self._of_agent: dict[str, deque[str]] = {}

    async def once(
        self, scope: tuple[str, ...], fingerprint: str, act: Act, *, secret: Stands | None = None, owner: str = ""
    ) -> Kept:
        """The first's answer, or `act`'s where there is none yet. Of each `owner` so many are kept.

        Answers that are `secret` stay in memory, for as long as they stand.

        Raises:
            Refused: `invalid` for the same key with another body.
        """
        key = key_of(scope)
        if (running := self._running.get(key)) is not None:
            _same(running[0], fingerprint)
            return await asyncio.shield(running[1])
        if (kept := self._memory.get(key)) is not None:
            _same(kept.fingerprint, fingerprint)
            if secret is None or await secret(from_json(kept.body)):
                return kept
            if (running := self._running.get(key)) is not None:  # somebody else's repeat, which waited too
                return await asyncio.shield(running[1])
        future: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        self._running[key] = (fingerprint, future)
        try:
            kept = await self._first(key, fingerprint, act, owner, secret=secret is not None)
        except BaseException as error:
            future.set_exception(error if isinstance(error, Exception) else StoreUnavailable())
            future.exception()  # read, for nobody may be waiting for it
            raise
        else:
            future.set_result(kept)
            return kept
        finally:
            del self._running[key]

    async def _first(self, key: str, fingerprint: str, act: Act, owner: str, *, secret: bool) -> Kept:
        earlier, stored = (None, False) if secret else await self._claim(key)
        if isinstance(earlier, Finished):
            answer = _KEPT.validate_json(earlier.body)
            _same(answer.fingerprint, fingerprint)
            return answer
        again = earlier is not None or key in self._unknown
        kept, done = await act(again)
        if done is Done.OPEN:
            _remember(self._unknown, key, None)
            return kept
        if done is Done.NO:
            if not secret and not again:  # else whoever repeats it once more must still know that it came before
                await _quietly(self._store.abandon(key))
            return kept
        self._unknown.pop(key, None)
        _remember(self._memory, key, kept)
        if not secret:
            if not stored:  # Redis may be back: a repeat may come to another controller
                await self._claim(key)
            await _quietly(self._store.finish(key, kept.status, _KEPT.dump_json(kept)))
            await self._forget_one(owner, key)
        return kept

    async def _forget_one(self, owner: str, key: str) -> None:
        """The oldest of this owner, where they have too many."""
        keys = self._of_agent.setdefault(owner, deque())
        keys.append(key)
        if len(keys) > OF_AGENT:
            await _quietly(self._store.abandon(keys.popleft()))

    async def _claim(self, key: str) -> tuple[Claim | None, bool]:
        """What there is, and whether the store has it: memory alone must do until Redis is back."""
        try:
            return await self._store.claim(key, self._seconds()), True
        except StoreUnavailable:
            return None, False


def _remember[T](memory: OrderedDict[str, T], key: str, value: T) -> None:
    """Of more than `IN_MEMORY` the oldest is forgotten."""
    memory[key] = value
    while len(memory) > IN_MEMORY:
        memory.popitem(last=False)


async def _quietly(write: Awaitable[None]) -> None:
    try:
        await write
    except StoreUnavailable:
        return  # it is in memory


def _same(one: str, other: str) -> None:
    if one != other:
        problem = FieldError(HEADER, "was used for another request")
        raise Refused(Code.INVALID, "this Idempotency-Key belongs to a request with another body", (problem,))
