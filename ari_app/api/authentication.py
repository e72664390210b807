"""Who asks: passwords against tokens, tokens against agents.

A token is 256 random bits, shown once; only its SHA-256 is kept. Checked tokens are remembered for a while, so that
agents go on commanding their calls while Redis is away.
"""

import asyncio
import hmac
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog
from pydantic import TypeAdapter
from pydantic_core import to_json

from ari_app.api.port import Control, Store
from ari_app.api.problems import STATUS, HttpError
from ari_app.config.credentials import check_password
from ari_app.errors import Code, Refused, StoreUnavailable
from ari_app.routing.directory import Agent
from ari_app.store.port import hash_token

log = structlog.get_logger(__name__)

# Seconds for which a checked token is not looked up again. A logout here is effective at once all the same.
TRUST = 30.0
REMEMBERED_TOKENS = 20_000
LOGINS_AT_ONCE = 2
# Sessions of one agent; of more the oldest ends.
SESSIONS = 20
FAILURES = 10
FAILURE_WINDOW = 60.0
REMEMBERED_FAILURES = 10_000


@dataclass(frozen=True, slots=True)
class Session:
    """An agent who has proved who they are. `digest` names their token; `expires_at` in seconds since the epoch."""

    agent: Agent
    digest: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class _Kept:
    agent: str
    expires_at: float
    fingerprint: str = ""


_KEPT = TypeAdapter(_Kept)


class FailureLimit:
    """At most so many failures for an agent from an address in a window; then a pause for that pair only."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def check(self, who: tuple[str, str]) -> None:
        """Raises: HttpError 429 with `Retry-After` seconds."""
        times = self._failures.get(who)
        if times is None:
            return
        now = self._clock()
        while times and times[0] <= now - FAILURE_WINDOW:
            times.popleft()
        if len(times) >= FAILURES:
            seconds = int(times[0] + FAILURE_WINDOW - now) + 1
            detail = f"too many failed logins; try again in {seconds} s"
            raise HttpError(STATUS[Code.RATE_LIMITED], Code.RATE_LIMITED, detail, headers={"Retry-After": str(seconds)})

    def note(self, who: tuple[str, str]) -> None:
        """Count a failure."""
        self._failures.setdefault(who, deque(maxlen=FAILURES)).append(self._clock())
        self._failures.move_to_end(who)
        while len(self._failures) > REMEMBERED_FAILURES:
            self._failures.popitem(last=False)

    def forget(self, who: tuple[str, str]) -> None:
        """A login that succeeded wipes the slate."""
        self._failures.pop(who, None)


class Authentication:
    """Logs agents in and out, and knows whose token it is. `lifetime` of tokens in seconds."""

    def __init__(
        self, control: Control, store: Store, *, lifetime: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._control = control
        self._store = store
        self._lifetime = lifetime
        self._clock = clock
        self._limit = FailureLimit(clock)
        self._checking = asyncio.Semaphore(LOGINS_AT_ONCE)
        self._known: OrderedDict[str, tuple[_Kept, float]] = OrderedDict()  # by digest, and until when it is trusted

    async def log_in(self, agent: str, password: str, address: str) -> tuple[str, float]:
        """A new token and its expiry.

        Raises:
            Refused: `unauthenticated`, the same for a wrong password and an agent who does not exist.
            HttpError: 429 after too many failures.
            StoreUnavailable: the token can't be kept.
        """
        who = (agent, address)
        credential = self._control.credential(agent)
        async with self._checking:  # argon2 takes memory and a core: never more than a few at once
            self._limit.check(who)  # here, for those who waited may have failed meanwhile
            right = await asyncio.to_thread(check_password, credential, password)
        if not right:
            self._limit.note(who)
            log.warning("login_failed", agent=agent, address=address)
            raise Refused(Code.UNAUTHENTICATED, "agent or password is wrong")
        self._limit.forget(who)
        token = secrets.token_urlsafe(32)
        digest = hash_token(token)
        expires_at = self._clock() + self._lifetime
        kept = _Kept(agent, expires_at, credential.fingerprint(digest) if credential is not None else "")
        for old in (await self._store.tokens(agent))[: -SESSIONS + 1]:
            await self._end(old)
        await self._store.put_token(digest, to_json(kept), self._lifetime, agent)
        self._trust(digest, kept)
        log.info("logged_in", agent=agent, address=address)
        return token, expires_at

    async def session(self, token: str) -> Session:
        """Whose token this is.

        Raises:
            Refused: `unauthenticated`.
            StoreUnavailable: it can't be looked up, and was not seen before.
        """
        return await self.by_digest(hash_token(token))

    async def by_digest(self, digest: str) -> Session:
        """The session that this token's digest names. Raises: as `session`."""
        kept = await self._find(digest)
        agent, credential = self._control.directory().agents.get(kept.agent), self._control.credential(kept.agent)
        changed = credential is None or not hmac.compare_digest(kept.fingerprint, credential.fingerprint(digest))
        if agent is None or kept.expires_at <= self._clock() or changed:
            raise Refused(Code.UNAUTHENTICATED, "the token is not valid, or has expired: log in again")
        return Session(agent, digest, kept.expires_at)

    async def log_out(self, session: Session) -> None:
        """The token is worth nothing from now on. Raises: StoreUnavailable."""
        await self._end(session.digest)

    async def end_all(self, agent: str) -> list[str]:
        """All tokens of this agent are worth nothing from now on; their digests. Raises: StoreUnavailable."""
        listed = await self._store.tokens(agent)
        known = [digest for digest, (kept, _) in self._known.items() if kept.agent == agent]
        ended = list(dict.fromkeys((*listed, *known)))
        for digest in ended:
            await self._end(digest)
        return ended

    async def _end(self, digest: str) -> None:
        await self._store.delete_token(digest)
        self._known.pop(digest, None)

    async def keep_again(self) -> None:
        """Write the tokens that are remembered here to a store that has lost them. Raises: StoreUnavailable."""
        now = self._clock()
        for digest, (kept, _) in tuple(self._known.items()):
            if kept.expires_at > now:
                await self._store.put_token(digest, to_json(kept), kept.expires_at - now, kept.agent)

    async def _find(self, digest: str) -> _Kept:
        now = self._clock()
        known = self._known.get(digest)
        if known is not None and now < known[1]:
            return known[0]
        try:
            data = await self._store.get_token(digest)
        except StoreUnavailable:
            if known is None:
                raise
            return known[0]
        if data is None:
            self._known.pop(digest, None)
            raise Refused(Code.UNAUTHENTICATED, "the token is not valid, or has expired: log in again")
        kept = _KEPT.validate_json(data)
        self._trust(digest, kept)
        return kept

    def _trust(self, digest: str, kept: _Kept) -> None:
        self._known[digest] = (kept, self._clock() + TRUST)
        self._known.move_to_end(digest)
        while len(self._known) > REMEMBERED_TOKENS:
            self._known.popitem(last=False)
