"""The administrator's file: who else may say who somebody is, when they log in."""

from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from ari_app.config.demo import is_loopback
from ari_app.config.entry import Entry
from ari_app.config.values import Name, Origin
from ari_app.routing.login import Oidc

_DEFAULTS = Oidc("", "", "")


def _guarded(text: str) -> str:
    """An address that nobody on the way can read or change."""
    parts = urlsplit(text)
    if parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        return text
    raise ValueError("must begin with https://; http:// is for this machine alone, such as http://127.0.0.1:9000")


def _scopes(scopes: list[str]) -> list[str]:
    if "openid" not in scopes:
        raise ValueError("must have openid: without it the issuer says nothing of who somebody is")
    return scopes


_Issuer = Annotated[str, Field(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$", max_length=500), AfterValidator(_guarded)]
_Address = Annotated[Origin, AfterValidator(_guarded)]
_Scope = Annotated[str, Field(pattern=r"^[!#-\[\]-~]+$", max_length=200)]
_Scopes = Annotated[list[_Scope], Field(min_length=1, max_length=32), AfterValidator(_scopes)]
_Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]


class OidcEntry(Entry):
    """An issuer of OpenID Connect, by which agents log in. The client's secret is none of this file's: it is
    `ARI_APP_OIDC_CLIENT_SECRET_FILE`; a public client has none."""

    issuer: _Issuer
    """Its name, such as `https://login.example.org/realms/callcentre`, exactly as the issuer writes it."""
    client_id: str = Field(min_length=1, max_length=500)
    """As what the issuer knows this call centre."""
    address: _Address
    """Where browsers reach the page, such as `https://desk.example.org`. With `/v1/login/oidc/callback` after it, it is
    the redirect URI that the issuer must know. A name must be listed in `desk.origins`."""
    name: Name = _DEFAULTS.name
    """What stands on the button: "Sign in with …"."""
    scopes: _Scopes = list(_DEFAULTS.scopes)
    """What is requested of the issuer; `openid` among them."""
    claim: Name = _DEFAULTS.claim
    """What of all that the issuer says names the agent: text that people cannot change themselves."""
    agents: dict[Annotated[str, Field(min_length=1, max_length=256)], str] = {}
    """Which agent each value of that claim is (`alice@example.org: alice`), and nobody else. Without it the value is
    the agent's id."""
    algorithms: Annotated[list[_Algorithm], Field(min_length=1)] = ["RS256", "ES256"]
    """By which the issuer may sign."""
    passwords: bool = _DEFAULTS.passwords
    """Whether agents may also log in by password. `false` ends all sessions that were begun so: sign in by the issuer
    once before."""
    logout: bool = _DEFAULTS.logout
    """Whether who logs out on the page is logged out at the issuer too, where it offers that (RP-initiated logout). It
    must know `address` with `/` after it as a post-logout redirect URI."""

    def oidc(self) -> Oidc:
        """As it is applied."""
        return Oidc(
            self.issuer,
            self.client_id,
            self.address,
            self.name,
            tuple(self.scopes),
            self.claim,
            MappingProxyType(dict(self.agents)),
            tuple(self.algorithms),
            self.passwords,
            self.logout,
        )
