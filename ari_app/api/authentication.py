"""Who asks: passwords against tokens, tokens against agents.

A token is 256 random bits, shown once; only its SHA-256 is kept. Checked tokens are remembered for a while, so that
agents go on commanding their calls while Redis is away.
"""

import asyncio
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
        self._known: OrderedDict[str, tuple[str, float, float]] = OrderedDict()  # digest: agent, expiry, trusted until

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
        await self._store.put_token(digest, to_json(_Kept(agent, expires_at)), self._lifetime)
        self._trust(digest, agent, expires_at)
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
        agent_id, expires_at = await self._find(digest)
        agent = self._control.directory().agents.get(agent_id)
        if agent is None or expires_at <= self._clock():
            raise Refused(Code.UNAUTHENTICATED, "the token is not valid, or has expired: log in again")
        return Session(agent, digest, expires_at)

    async def log_out(self, session: Session) -> None:
        """The token is worth nothing from now on. Raises: StoreUnavailable."""
        await self._store.delete_token(session.digest)
        self._known.pop(session.digest, None)

    async def keep_again(self) -> None:
        """Write the tokens that are remembered here to a store that has lost them. Raises: StoreUnavailable."""
        now = self._clock()
        for digest, (agent, expires_at, _) in tuple(self._known.items()):
            if expires_at > now:
                await self._store.put_token(digest, to_json(_Kept(agent, expires_at)), expires_at - now)

    async def _find(self, digest: str) -> tuple[str, float]:
        now = self._clock()
        known = self._known.get(digest)
        if known is not None and now < known[2]:
            return known[0], known[1]
        try:
            data = await self._store.get_token(digest)
        except StoreUnavailable:
            if known is None:
                raise
            return known[0], known[1]
        if data is None:
            self._known.pop(digest, None)
            raise Refused(Code.UNAUTHENTICATED, "the token is not valid, or has expired: log in again")
        kept = _KEPT.validate_json(data)
        self._trust(digest, kept.agent, kept.expires_at)
        return kept.agent, kept.expires_at

    def _trust(self, digest: str, agent: str, expires_at: float) -> None:
        self._known[digest] = (agent, expires_at, self._clock() + TRUST)
        self._known.move_to_end(digest)
        while len(self._known) > REMEMBERED_TOKENS:
            self._known.popitem(last=False)
