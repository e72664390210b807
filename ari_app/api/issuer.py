"""The issuer of OpenID Connect as it is reached over HTTP: what it publishes, kept for a while, and its tokens.

Everything is bounded: time, size, how often it is requested. Nothing is followed to another place than what the issuer
itself publishes, and nothing that it says is logged.
"""

import asyncio
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Annotated, Any
from urllib.parse import quote_plus, urlsplit

import aiohttp
import structlog
from joserfc.jwk import KeySet
from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic_core import from_json

from ari_app.api.id_token import Claims, InvalidToken, keys_of, verify
from ari_app.errors import IssuerUnavailable
from ari_app.routing.login import Oidc

log = structlog.get_logger(__name__)

KEPT = 3600.0
"""Seconds for which what it publishes is not requested again."""
LOOKED_AT = 30.0
"""Seconds for which it counts as there, so that nobody is sent to one that is away."""
KEYS_AGAIN = 60.0
"""Seconds after which its keys are requested again for a token by a key that is not among them."""
AWAY = 2.0
"""Seconds for which nobody tries again after it was not reached."""
WITHIN = 5.0
"""Seconds for an answer."""
AT_ONCE = 20
_MOST = 256 * 1024


def _guarded(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("is no address")
    return url


type _Url = Annotated[str, AfterValidator(_guarded)]


class Published(BaseModel):
    """What of its description is needed (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization_endpoint: _Url
    token_endpoint: _Url
    jwks_uri: _Url
    userinfo_endpoint: _Url | None = None
    end_session_endpoint: _Url | None = None
    token_endpoint_auth_methods_supported: list[str] = ["client_secret_basic"]
    authorization_response_iss_parameter_supported: bool = False
    id_token_signing_alg_values_supported: list[str] = ["RS256"]
    code_challenge_methods_supported: list[str] = ["S256"]

    def check(self, oidc: Oidc) -> None:
        """Raises: IssuerUnavailable where it is another one's, or in the clear though the issuer is not."""
        if self.issuer != oidc.issuer:
            raise IssuerUnavailable("it calls itself otherwise than settings.oidc.issuer")
        urls = (self.authorization_endpoint, self.token_endpoint, self.jwks_uri, self.userinfo_endpoint,
                self.end_session_endpoint)  # fmt: skip
        if oidc.issuer.startswith("https:") and not all(url.startswith("https:") for url in urls if url is not None):
            raise IssuerUnavailable("it publishes an address without TLS")


class Tokens(BaseModel):
    """What the issuer gives for a code. Never shown."""

    id_token: str
    access_token: str = ""


class Issuer:
    """Reaches the issuer of the configuration, whichever that is now. `secret`: the client's, empty for a public one.

    Every method raises IssuerUnavailable, within a bounded time, where it does not answer as it must.
    """

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._published: dict[str, tuple[Published, float]] = {}  # by issuer, and when it was read
        self._keys: dict[str, tuple[KeySet, float]] = {}
        self._away: dict[str, float] = {}  # by address, and until when
        self._reading: dict[str, asyncio.Lock] = {}

    async def published(self, oidc: Oidc, oldest: float = KEPT) -> Published:
        """What it says of itself, or has said within so many seconds."""
        async with self._reading.setdefault(oidc.issuer, asyncio.Lock()):
            known = self._published.get(oidc.issuer)
            if known is not None and self._clock() < known[1] + oldest:
                return known[0]
            said = await self._get(f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration")
            published = _read(Published, said)
            published.check(oidc)
            self._published = {oidc.issuer: (published, self._clock())}  # of one that is no longer configured nothing
            return published

    async def faults(self, oidc: Oidc) -> list[str]:
        """What is wrong with it, or with what the administrator says of it, before anybody logs in; never raises."""
        try:
            published = await self.published(oidc)
            await self._signers(oidc, KEPT)
        except IssuerUnavailable as away:
            return [f"issuer: {away.reason}"]
        found = []
        if not set(oidc.algorithms) & set(published.id_token_signing_alg_values_supported):
            found.append(f"algorithms: it signs by {', '.join(published.id_token_signing_alg_values_supported)} alone")
        if "S256" not in published.code_challenge_methods_supported:
            found.append("issuer: it does not know PKCE by S256")
        return found

    async def verify(self, tokens: Tokens, oidc: Oidc, nonce: str) -> Claims:
        """What its token says. With keys that are older than `KEYS_AGAIN`, newer ones are fetched where it needs them.

        Raises:
            InvalidToken: it proves nothing.
        """
        keys, at = await self._signers(oidc, KEPT)
        try:
            return verify(tokens.id_token, keys, oidc, nonce, self._clock())
        except InvalidToken as invalid:
            if not invalid.unknown_key or self._clock() < at + KEYS_AGAIN:
                raise
        keys, _ = await self._signers(oidc, KEYS_AGAIN)
        return verify(tokens.id_token, keys, oidc, nonce, self._clock())

    async def _signers(self, oidc: Oidc, oldest: float) -> tuple[KeySet, float]:
        where = (await self.published(oidc)).jwks_uri
        async with self._reading.setdefault(where, asyncio.Lock()):
            known = self._keys.get(where)
            if known is None or self._clock() >= known[1] + oldest:
                try:
                    known = keys_of(await self._get(where)), self._clock()
                except InvalidToken as invalid:
                    raise IssuerUnavailable(invalid.reason) from None
                self._keys = {where: known}
            return known

    async def exchange(self, oidc: Oidc, code: str, verifier: str) -> Tokens | None:
        """Its tokens for a code (PKCE); None where it knows no such code."""
        published = await self.published(oidc)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": oidc.callback,
            "code_verifier": verifier,
        }
        headers = {"Accept": "application/json"}
        methods = published.token_endpoint_auth_methods_supported
        if not self._secret:
            form["client_id"] = oidc.client_id
        elif "client_secret_basic" in methods or "client_secret_post" not in methods:
            pair = f"{quote_plus(oidc.client_id)}:{quote_plus(self._secret)}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": oidc.client_id, "client_secret": self._secret}
        status, said = await self._request("POST", published.token_endpoint, headers, form)
        if status == 400 and said.get("error") == "invalid_grant":
            return None
        if status != 200:
            raise IssuerUnavailable(f"it gives no token: {status}")
        return _read(Tokens, said)

    async def more(self, oidc: Oidc, tokens: Tokens, subject: str) -> Claims:
        """What it says of the person beyond the token (UserInfo); nothing where it has nothing to say."""
        where = (await self.published(oidc)).userinfo_endpoint
        if where is None or not tokens.access_token:
            return {}
        headers = {"Authorization": f"Bearer {tokens.access_token}", "Accept": "application/json"}
        status, said = await self._request("GET", where, headers)
        # About whom else it speaks is none of theirs (OpenID Connect Core 1.0, 5.3.2).
        return said if status == 200 and said.get("sub") == subject else {}

    async def close(self) -> None:
        """Nothing is requested any more."""
        if self._session is not None:
            await self._session.close()

    async def _get(self, url: str) -> Mapping[str, Any]:
        if self._clock() < self._away.get(url, 0.0):
            raise IssuerUnavailable("it was not reached a moment ago")
        try:
            status, said = await self._request("GET", url, {"Accept": "application/json"})
            if status != 200:
                raise IssuerUnavailable(f"it answers {status}")
        except IssuerUnavailable:
            self._away = {url: self._clock() + AWAY}
            raise
        return said

    async def _request(
        self, method: str, url: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, Any]]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=AT_ONCE),
                timeout=aiohttp.ClientTimeout(total=WITHIN),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        try:
            async with self._session.request(
                method, url, headers=headers, data=form, allow_redirects=False
            ) as response:
                body = await response.content.read(_MOST + 1)
                while len(body) <= _MOST and (more := await response.content.read(_MOST)):
                    body += more
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise IssuerUnavailable(type(error).__name__) from None
        try:
            said = from_json(body) if len(body) <= _MOST else None
        except ValueError:
            said = None
        return response.status, said if isinstance(said, dict) else {}


def _read[T: BaseModel](model: type[T], said: Mapping[str, Any]) -> T:
    try:
        return model.model_validate(said)
    except ValidationError as error:
        where = ", ".join(sorted({str(each["loc"][0]) for each in error.errors() if each["loc"]}))
        raise IssuerUnavailable(f"what it says is not as it must be: {where}") from None
