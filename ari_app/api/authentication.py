"""Who asks: passwords against tokens, tokens against agents.

A token is 256 random bits, shown once; only its SHA-256 is kept. Checked tokens are remembered for a while, so that
agents go on commanding their calls while Redis is away. One that nothing uses ends before its time.

Passwords are those of the administrator's file until an agent chooses another; it holds until the file has another. An
issuer may say who somebody is in place of a password (`oidc_api`).
"""

import hmac
import math
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog
from pydantic import TypeAdapter
from pydantic_core import to_json

from ari_app.api.limits import (
    FAILURES,
    FAILURES_OF_ADDRESS,
    FAILURES_OF_AGENT,
    REMEMBERED_FAILURES,
    SLOW_WINDOW,
    FailureLimit,
    PasswordTurns,
)
from ari_app.api.passwords import weakness
from ari_app.api.port import Control, Store
from ari_app.config.credentials import Credential, check_password, hash_password
from ari_app.errors import Code, FieldError, Refused, StoreUnavailable
from ari_app.routing.directory import Agent, Role
from ari_app.routing.login import Oidc
from ari_app.store.port import hash_token

log = structlog.get_logger(__name__)

# Seconds for which a checked token is not looked up again. A logout here is effective at once all the same.
TRUST = 30.0
REMEMBERED_TOKENS = 20_000
# Sessions of one agent; of more the oldest ends.
SESSIONS = 20
# What routes for administrators need.
_ADMINS = frozenset({"admin:read", "admin:write", "history:write"})


@dataclass(frozen=True, slots=True)
class Session:
    """An agent who has proved who they are. `digest` names their token; `expires_at` in seconds since the epoch.

    With `scopes` it is no person but a program, which may do nothing else; its `agent` is listed nowhere.
    """

    agent: Agent
    digest: str
    expires_at: float
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Kept:
    """What a session rests on: on a password, by its `fingerprint`; or on an issuer's word that it knows `subject`."""

    agent: str
    fingerprint: str = ""
    issuer: str = ""
    subject: str = ""
    expires_at: float = 0.0


_KEPT = TypeAdapter(_Kept)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A password that an agent chose, and which one of the file it stands in place of."""

    password_hash: str
    instead_of: str


_CHOSEN = TypeAdapter(_Chosen)


class Authentication:
    """Logs agents in and out, and knows whose token it is. Seconds: `lifetime` of tokens, and `idle` without use.

    `ended` is called for each session that is ended, by the digest of its token.
    """

    def __init__(
        self,
        control: Control,
        store: Store,
        ended: Callable[[str], None],
        *,
        lifetime: float,
        idle: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._control = control
        self._store = store
        self._ended = ended
        self._lifetime = lifetime
        self._idle = idle
        self._clock = clock
        self._limit = FailureLimit(clock, FAILURES)
        self._limit_of_address = FailureLimit(clock, FAILURES_OF_ADDRESS)
        self._limit_of_agent = FailureLimit(clock, FAILURES_OF_AGENT, SLOW_WINDOW)
        self._usual: OrderedDict[tuple[str, str], None] = OrderedDict()  # agents, and where they have logged in from
        self._turns = PasswordTurns()
        self._known: OrderedDict[str, tuple[_Kept, float]] = OrderedDict()  # by digest, and until when it is trusted
        self._chosen: dict[str, bytes] = {}  # as the store has it, for when the store has lost it

    async def log_in(self, agent: str, password: str, address: str) -> tuple[str, float]:
        """A new token and its expiry.

        Raises:
            Refused: `unauthenticated`, the same for a wrong password and an agent who does not exist;
                `feature_disabled` where there are no passwords.
            HttpError: 429 after too many failures, or while too many others are checked.
            StoreUnavailable: the token can't be kept.
        """
        self._check_passwords()
        credential = self._control.credential(agent)
        right, before = await self._check((agent, address), agent, credential, password, address)
        if not right:
            log.warning("login_failed", agent=agent, address=address)
            raise Refused(Code.UNAUTHENTICATED, "agent or password is wrong")
        token, digest = _new_token()
        kept = _Kept(agent, credential.fingerprint(digest) if credential is not None else "")
        kept = await self._begin(digest, kept)
        if await self._password(agent) != before:  # changed meanwhile: all sessions before that are over
            await self._end(digest)
            raise Refused(Code.UNAUTHENTICATED, "agent or password is wrong")
        log.info("logged_in", agent=agent, address=address)
        return token, kept.expires_at

    async def log_in_by(self, oidc: Oidc, agent: str, subject: str, address: str) -> tuple[str, float]:
        """The same for an agent of whom the issuer has said that it is them, by that value of its claim.

        Raises:
            StoreUnavailable: the token can't be kept.
        """
        token, digest = _new_token()
        kept = await self._begin(digest, _Kept(agent, issuer=oidc.issuer, subject=subject))
        log.info("logged_in", agent=agent, address=address, by="oidc")
        return token, kept.expires_at

    async def _begin(self, digest: str, kept: _Kept) -> _Kept:
        """Keep a session, which ends after its time; of too many the oldest ends now. Raises: StoreUnavailable."""
        kept = replace(kept, expires_at=self._clock() + self._lifetime)
        for old in (await self._store.tokens(kept.agent))[: -SESSIONS + 1]:
            await self._end(old)
        await self._store.put_token(digest, to_json(kept), self._lifetime, kept.agent, self._idle)
        self._trust(digest, kept)
        return kept

    def _check_passwords(self) -> None:
        """Raises: Refused `feature_disabled`."""
        if not self._control.directory().settings.passwords:
            raise Refused(Code.FEATURE_DISABLED, "passwords are switched off here: sign in by the issuer")

    def _stands(self, digest: str, kept: _Kept) -> bool:
        """Whether what the session rests on still holds."""
        settings = self._control.directory().settings
        oidc = settings.oidc
        if kept.issuer:
            return oidc is not None and oidc.issuer == kept.issuer and oidc.agent_of(kept.subject) == kept.agent
        credential = self._control.credential(kept.agent)
        if credential is None or not settings.passwords:
            return False
        return hmac.compare_digest(kept.fingerprint, credential.fingerprint(digest))

    async def _check(
        self, who: tuple[str, ...], agent: str, credential: Credential | None, password: str, address: str
    ) -> tuple[bool, bytes | None]:
        """Whether it is right, and what the agent had chosen then.

        Raises:
            HttpError: 429 after too many that were not, of `who`, of the agent or from this address, or where too many
                wait.
            StoreUnavailable: it is not known what they chose.
        """
        self._check_limits(who, agent, address)
        async with self._turns.turn(address):
            self._check_limits(who, agent, address)  # others may have failed while this one waited
            chosen = await self._password(agent)
            right = await self._turns.work(check_password, _in_force(agent, credential, chosen), password)
            if right:
                self._limit.forget(who)
                self._is_usual(agent, address)
            else:
                self._limit.note(who)
                self._limit_of_address.note((address,))
                if (agent, address) not in self._usual:
                    self._limit_of_agent.note((agent,))
        return right, chosen

    def _check_limits(self, who: tuple[str, ...], agent: str, address: str) -> None:
        self._limit.check(who)
        self._limit_of_address.check((address,))
        if (agent, address) not in self._usual:  # nobody elsewhere keeps an agent out who is where they always are
            self._limit_of_agent.check((agent,))

    def _is_usual(self, agent: str, address: str) -> None:
        self._usual[agent, address] = None
        self._usual.move_to_end((agent, address))
        while len(self._usual) > REMEMBERED_FAILURES:
            self._usual.popitem(last=False)

    async def _password(self, agent: str) -> bytes | None:
        """What this agent chose. Raises: StoreUnavailable."""
        return await self._store.password(agent) or self._chosen.get(agent)

    async def change_password(self, session: Session, current: str, new: str, address: str) -> None:
        """From now on `new` is right; all other sessions of the agent are over.

        Raises:
            Refused: `invalid` where `current` is not right, or `new` would be tried first; `feature_disabled`.
            HttpError: 429 after too many failures, or while too many others are checked.
            StoreUnavailable: it can't be kept.
        """
        self._check_passwords()
        agent = session.agent.id
        if (why := weakness(new, session.agent)) is not None:
            raise Refused(Code.INVALID, "the password is not changed", (FieldError("new_password", why),))
        credential = self._control.credential(agent)
        guessing = (agent, session.digest)  # apart from logins: whoever mistypes here can still log in elsewhere
        right, _ = await self._check(guessing, agent, credential, current, address)
        if not right:
            log.warning("password_not_changed", agent=agent, address=address)
            problem = FieldError("current_password", "is not right")
            raise Refused(Code.INVALID, "the password is not changed", (problem,))
        async with self._turns.turn(address):
            made = await self._turns.work(hash_password, new)
        chosen = to_json(_Chosen(made, credential.fingerprint(agent) if credential is not None else ""))
        ended = await self._store.change_password(agent, chosen, session.digest)
        self._chosen[agent] = chosen
        log.info("password_changed", agent=agent, address=address, sessions_ended=len(ended))
        self._gone(agent, ended, session.digest)

    async def session(self, token: str) -> Session:
        """Whose token this is.

        Raises:
            Refused: `unauthenticated`.
            StoreUnavailable: it can't be looked up, and was not seen before.
        """
        return await self.by_digest(hash_token(token))

    async def still_good(self, answer: Mapping[str, object]) -> bool:
        """Whether the token of a login is; what was refused stays refused for its repeats."""
        token = answer.get("token")
        if not isinstance(token, str):
            return True
        try:
            await self.session(token)
        except Refused:
            return False
        except StoreUnavailable:
            pass  # it is not known, and nobody could log in anew
        return True

    def known(self, token: str) -> str | None:
        """The digest of one that was in use here lately; nothing is looked up."""
        digest = hash_token(token)
        return digest if digest in self._known or digest in self._control.api_keys() else None

    def of_key(self, key: str) -> Session:
        """Which program this is. Raises: Refused `unauthenticated`."""
        digest = hash_token(key)
        found = self._control.api_keys().get(digest)
        now = self._clock()
        if found is None or (found.expires is not None and datetime.fromtimestamp(now, UTC).date() >= found.expires):
            raise Refused(Code.UNAUTHENTICATED, "the key is not valid, or has expired")
        role = Role.ADMIN if found.scopes & _ADMINS else Role.SUPERVISOR
        return Session(Agent(f"key:{found.id}", found.name, role=role), digest, math.inf, found.scopes)

    async def by_digest(self, digest: str) -> Session:
        """The session that this token's digest names. Raises: as `session`."""
        kept = await self._find(digest)
        agent = self._control.directory().agents.get(kept.agent)
        if agent is None or kept.expires_at <= self._clock() or not self._stands(digest, kept):
            raise Refused(Code.UNAUTHENTICATED, "the token is not valid, or has expired: log in again")
        return Session(agent, digest, kept.expires_at)

    async def log_out(self, session: Session) -> None:
        """The token is worth nothing from now on. Raises: StoreUnavailable."""
        await self._end(session.digest)

    async def end_all(self, agent: str) -> int:
        """All tokens of this agent are worth nothing from now on; how many they were. Raises: StoreUnavailable."""
        listed = await self._store.tokens(agent)
        for digest in listed:
            await self._store.delete_token(digest)
        return self._gone(agent, listed)

    async def forget(self, agent: str) -> None:
        """The agent is no longer listed: neither their sessions nor the password that they chose are for whoever has
        their name next. Raises: StoreUnavailable."""
        ended = await self._store.change_password(agent, None)
        self._chosen.pop(agent, None)
        self._gone(agent, ended)

    def _gone(self, agent: str, ended: list[str], but: str = "") -> int:
        """These sessions of the agent are over, and all others that are known here but `but`; how many they were."""
        known = [digest for digest, (kept, _) in self._known.items() if kept.agent == agent and digest != but]
        over = dict.fromkeys((*ended, *known))
        for digest in over:
            self._known.pop(digest, None)
            self._ended(digest)
        return len(over)

    async def _end(self, digest: str) -> None:
        await self._store.delete_token(digest)
        self._known.pop(digest, None)
        self._ended(digest)

    def close(self) -> None:
        """No password is checked any more."""
        self._turns.close()

    async def restore(self) -> None:
        """Read the passwords that agents chose. Raises: StoreUnavailable."""
        self._chosen.update(await self._store.passwords())

    async def keep_again(self) -> None:
        """Write what is remembered here to a store that has lost it: passwords first, which end sessions.

        Raises:
            StoreUnavailable: not all of it is kept.
        """
        now = self._clock()
        for agent, chosen in tuple(self._chosen.items()):
            await self._store.change_password(agent, chosen)
        for digest, (kept, trusted) in tuple(self._known.items()):
            if kept.expires_at > now and trusted + self._idle > now:
                await self._store.put_token(digest, to_json(kept), kept.expires_at - now, kept.agent, self._idle)

    async def _find(self, digest: str) -> _Kept:
        now = self._clock()
        known = self._known.get(digest)
        if known is not None and now < known[1]:
            return known[0]
        try:
            data = await self._store.get_token(digest, self._idle)
            used = known is not None and now < known[1] + self._idle
            # One that was emptied knows nobody, until it has been written again: who is known here goes on meanwhile.
            lost = data is None and used and await self._store.kept_configuration() is None
        except StoreUnavailable:
            if known is None:
                raise
            return known[0]
        if lost and known is not None:
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


def _new_token() -> tuple[str, str]:
    """One, and what names it."""
    token = secrets.token_urlsafe(32)
    return token, hash_token(token)


def _in_force(agent: str, credential: Credential | None, chosen: bytes | None) -> Credential | None:
    """What is right for the agent: what they chose, until the administrator's file has another password for them."""
    if credential is None or chosen is None:
        return credential
    kept = _CHOSEN.validate_json(chosen)
    same = hmac.compare_digest(kept.instead_of, credential.fingerprint(agent))
    return Credential(password_hash=kept.password_hash) if same else credential
