"""Logging in by an issuer of OpenID Connect: the authorization code flow with PKCE (RFC 7636), by the server.

    browser                          here                                   issuer
    GET /v1/login/oidc          ->   state, nonce, verifier are kept
                                <-   a cookie; on to the issuer       ->    who are you?
    GET /v1/login/oidc/callback <-------------------------------------------'  code, state
                                <-   on to the page, with both behind the #
    POST /v1/login/oidc         ->   the state is taken, once         ->    code, verifier
    the token                   <-   the ID token is verified         <-    ID token
    POST /v1/logout/oidc        ->   the ID token is taken
    then POST /v1/logout, and on to the issuer, with the ID token     ->    its session ends

What is kept of a login is in the store, so that any controller may finish what another has begun; it is good once, for
`LIFETIME` seconds, and in the browser alone that has the cookie: nobody can have somebody else's browser finish it.
"""

import secrets
import time
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from hmac import compare_digest
from urllib.parse import urlencode

import structlog
from aiohttp import web
from pydantic import TypeAdapter
from pydantic_core import to_json

from ari_app.api.authentication import Authentication
from ari_app.api.id_token import InvalidToken, named_by
from ari_app.api.issuer import LOOKED_AT, Issuer
from ari_app.api.limits import FAILURES_OF_ADDRESS, FailureLimit
from ari_app.api.metrics import Metrics
from ari_app.api.models.agents import LoggedIn
from ari_app.api.models.oidc import CallbackQuery, FromIssuer, IssuerLeft, IssuerShown, LoginWays
from ari_app.api.port import Control, Store
from ari_app.api.problems import HttpError
from ari_app.api.routes import Access, Exchange, Route
from ari_app.calls.views import timestamp
from ari_app.errors import CallControlError, Code, IssuerUnavailable, Refused, StoreUnavailable
from ari_app.routing.login import Oidc
from ari_app.store.port import hash_token

log = structlog.get_logger(__name__)

LIFETIME = 300.0
"""Seconds for which somebody may be at the issuer."""
BEGUN_OF_ADDRESS, BEGUN = 300, 3_000
"""Logins that are begun in a minute, from one address and of all: each is kept for a while."""
PATH = "/v1/login/oidc"
LONGEST_HINT = 4096
"""Characters of an ID token that an address may hold; one that is longer is left out."""
_COOKIE = "callcontrol-login"
_NOT_HERE = "there is no issuer here, or not any more: log in by password"
_AGAIN = "this login is not known here, was finished already, or was begun in another browser: begin again"


@dataclass(frozen=True, slots=True)
class _Begun:
    """A login that is under way; `browser` is the digest of what its cookie holds."""

    issuer: str
    browser: str
    nonce: str
    verifier: str


_BEGUN = TypeAdapter(_Begun)


@dataclass(frozen=True, slots=True)
class _Proved:
    """Whom the issuer names, by its token."""

    value: str
    id_token: str


@dataclass(frozen=True, slots=True)
class _Hint:
    """By what the issuer knows which session is to end there. Nobody is logged in by it here: that was done once."""

    issuer: str
    id_token: str


_HINT = TypeAdapter(_Hint)


class OidcApi:
    """Operations of logging in by the issuer, and how one may log in at all."""

    def __init__(
        self,
        control: Control,
        store: Store,
        authentication: Authentication,
        issuer: Issuer,
        metrics: Metrics,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._control = control
        self._store = store
        self._authentication = authentication
        self._issuer = issuer
        self._metrics = metrics
        self._clock = clock
        self._begun_of_address = FailureLimit(clock, BEGUN_OF_ADDRESS, what="logins were begun")
        self._begun = FailureLimit(clock, BEGUN, what="logins were begun")
        self._failed = FailureLimit(clock, FAILURES_OF_ADDRESS, what="logins failed")

    async def ways(self, exchange: Exchange) -> LoginWays:
        """How one may log in here."""
        oidc = self._control.directory().settings.oidc
        shown = IssuerShown(name=oidc.name, path=PATH) if oidc is not None else None
        return LoginWays(passwords=self._control.directory().settings.passwords, oidc=shown)

    async def begin(self, exchange: Exchange) -> web.Response:
        """On to the issuer. A person whom that cannot be done for is sent to the page, which says why.

        Raises:
            Refused, HttpError 429, IssuerUnavailable, StoreUnavailable: for whoever does not want a page.
        """
        try:
            return await self._begin(exchange)
        except (CallControlError, HttpError) as error:
            self._metrics.oidc_logins.labels(error.code.value).inc()
            oidc = self._control.directory().settings.oidc
            if oidc is None or "text/html" not in exchange.http.headers.get("Accept", ""):
                raise
            return _onward(f"{oidc.address}/#login?{urlencode({'problem': error.code.value})}")

    async def _begin(self, exchange: Exchange) -> web.Response:
        oidc, address = self._oidc(), exchange.http.remote or ""
        self._begun_of_address.check((address,))
        self._begun.check(())
        published = await self._reached(self._issuer.published(oidc, LOOKED_AT))
        self._begun_of_address.note((address,))
        self._begun.note(())
        state, browser, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(4))
        kept = _Begun(oidc.issuer, hash_token(browser), nonce, verifier)
        await self._store.keep_login(hash_token(state), to_json(kept), LIFETIME)
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        question = {
            "response_type": "code",
            "client_id": oidc.client_id,
            "redirect_uri": oidc.callback,
            "scope": " ".join(oidc.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        response = _onward(_with(published.authorization_endpoint, question))
        response.set_cookie(
            _cookie(oidc), browser, max_age=int(LIFETIME), path="/", secure=oidc.encrypted, httponly=True,
            samesite="Lax",
        )  # fmt: skip
        return response

    async def callback(self, exchange: Exchange) -> web.Response:
        """On to the page, with what the issuer says behind the #: what stands there no server and no proxy gets to see.

        Raises:
            Refused: `feature_disabled`.
        """
        query: CallbackQuery = exchange.query
        said = query.model_dump(exclude_none=True)
        return _onward(f"{self._oidc().address}/#login?{urlencode(said)}")

    async def finish(self, exchange: Exchange) -> LoggedIn:
        """Raises: Refused `unauthenticated`, `unknown_agent`, `feature_disabled`; HttpError 429; IssuerUnavailable;
        StoreUnavailable."""
        address = exchange.http.remote or ""
        try:
            token, expires_at, agent = await self._finish(exchange, address)
        except (CallControlError, HttpError) as error:
            self._metrics.oidc_logins.labels(error.code.value).inc()
            raise
        self._metrics.oidc_logins.labels("done").inc()
        return LoggedIn(token=token, expires_at=timestamp(expires_at) or "", agent=agent)

    async def _finish(self, exchange: Exchange, address: str) -> tuple[str, float, str]:
        body: FromIssuer = exchange.body
        oidc = self._oidc()
        self._failed.check((address,))
        try:
            proved = await self._reached(self._proved(oidc, body, exchange.http.cookies.get(_cookie(oidc), "")))
        except InvalidToken as invalid:
            self._failed.note((address,))
            log.warning("oidc_login_failed", reason=invalid.reason, address=address)
            raise Refused(Code.UNAUTHENTICATED, _AGAIN) from None
        agent = oidc.agent_of(proved.value)
        if agent is None or agent not in self._control.directory().agents:
            self._failed.note((address,))
            log.warning("oidc_agent_unknown", claim=oidc.claim, address=address)
            detail = "the issuer knows you, and there is no such agent here: ask your administrator"
            raise Refused(Code.UNKNOWN_AGENT, detail)
        exchange.note({"agent": agent})
        token, expires_at = await self._authentication.log_in_by(oidc, agent, proved.value, address)
        if oidc.logout and len(proved.id_token) <= LONGEST_HINT:
            hint = to_json(_Hint(oidc.issuer, proved.id_token))
            with suppress(StoreUnavailable):  # then they are logged out here alone
                await self._store.keep_login(_hint_of(hash_token(token)), hint, expires_at - self._clock())
        return token, expires_at, agent

    async def leave(self, exchange: Exchange) -> IssuerLeft:
        """Where to go once this session is over, for the issuer's to end too. Good once."""
        try:
            return IssuerLeft(url=await self._way_out(exchange.session.digest))
        except (IssuerUnavailable, StoreUnavailable):
            return IssuerLeft(url=None)  # whoever logs out is not kept from it

    async def _way_out(self, digest: str) -> str | None:
        oidc = self._control.directory().settings.oidc
        kept = await self._store.take_login(_hint_of(digest))
        if oidc is None or not oidc.logout or kept is None:
            return None
        hint = _HINT.validate_json(kept)
        where = (await self._issuer.published(oidc)).end_session_endpoint
        if where is None or hint.issuer != oidc.issuer:
            return None
        question = {"id_token_hint": hint.id_token, "client_id": oidc.client_id, "post_logout_redirect_uri": oidc.left}
        return _with(where, question)

    async def _proved(self, oidc: Oidc, body: FromIssuer, browser: str) -> _Proved:
        """What names the agent, by the issuer's word.

        Raises:
            InvalidToken: nothing is proved.
            IssuerUnavailable, StoreUnavailable.
        """
        kept = await self._store.take_login(hash_token(body.state))
        if kept is None:
            raise InvalidToken("state")
        begun = _BEGUN.validate_json(kept)
        if not browser or not compare_digest(begun.browser, hash_token(browser)):
            raise InvalidToken("browser")
        if begun.issuer != oidc.issuer:
            raise InvalidToken("issuer")
        expected = (await self._issuer.published(oidc)).authorization_response_iss_parameter_supported
        if body.iss != oidc.issuer and (expected or body.iss is not None):  # RFC 9207: another issuer's answer
            raise InvalidToken("issuer")
        if body.code is None:
            raise InvalidToken("refused by the issuer")
        tokens = await self._issuer.exchange(oidc, body.code, begun.verifier)
        if tokens is None:
            raise InvalidToken("code")
        claims = await self._issuer.verify(tokens, oidc, begun.nonce)
        value = named_by(claims, oidc)
        if value is None:
            value = named_by(await self._issuer.more(oidc, tokens, claims["sub"]), oidc)
        if value is None:
            raise InvalidToken("the claim is not there")
        return _Proved(value, tokens.id_token)

    async def _reached[T](self, doing: Awaitable[T]) -> T:
        try:
            return await doing
        except IssuerUnavailable as away:
            log.warning("oidc_issuer_unavailable", reason=away.reason)
            raise

    def _oidc(self) -> Oidc:
        oidc = self._control.directory().settings.oidc
        if oidc is None:
            raise Refused(Code.FEATURE_DISABLED, _NOT_HERE)
        return oidc

    def routes(self) -> list[Route]:
        """The operations of this class."""
        away = (Code.FEATURE_DISABLED, Code.ISSUER_UNAVAILABLE, Code.STORE_UNAVAILABLE)
        many = "`rate_limited`: too many logins were begun, or failed, from this address"
        return [
            Route(
                "GET", "/v1/login", "get_login_ways", "How one may log in here", "session", self.ways, LoginWays,
                access=Access.PUBLIC,
            ),
            Route(
                "GET", PATH, "begin_oidc_login", "On to the issuer, to log in", "session", self.begin, status=303,
                codes=away, access=Access.PUBLIC, statuses={429: many},
            ),
            Route(
                "GET", f"{PATH}/callback", "return_from_issuer", "Back from the issuer, on to the page", "session",
                self.callback, status=303, query=CallbackQuery, codes=away[:1], access=Access.PUBLIC,
                statuses={400: "the request line is longer than 8,190 bytes"},
            ),
            Route(
                "POST", PATH, "oidc_login", "Log in with what the issuer sent the browser back with", "session",
                self.finish, LoggedIn, request=FromIssuer, codes=(*away, Code.UNAUTHENTICATED, Code.UNKNOWN_AGENT),
                access=Access.PUBLIC, secret_answer=self._authentication.still_good, audit=(), statuses={429: many},
            ),
            Route(
                "POST", "/v1/logout/oidc", "leave_issuer", "Where to go after logging out, to be logged out there too",
                "session", self.leave, IssuerLeft, secret_answer=_used,
            ),
        ]  # fmt: skip


def _hint_of(digest: str) -> str:
    """The name by which a session's is kept."""
    return hash_token(f"logout {digest}")


async def _used(answer: Mapping[str, object]) -> bool:
    """What is good once is not, a second time."""
    return False


def _with(where: str, question: Mapping[str, str]) -> str:
    """An address of the issuer's, which may have a question of its own."""
    return f"{where}{'&' if '?' in where else '?'}{urlencode(question)}"


def _cookie(oidc: Oidc) -> str:
    """With TLS by a name that browsers take from this host alone, and from no other that shares its domain."""
    return f"__Host-{_COOKIE}" if oidc.encrypted else _COOKIE


def _onward(where: str) -> web.Response:
    return web.Response(status=303, headers={"Location": where, "Referrer-Policy": "no-referrer"})
