"""By whom agents are logged in who do not give a password here: an issuer of OpenID Connect."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Oidc:
    """An issuer, and whom it names. `address` is where browsers reach the page, without a path.

    `agents`: agents' ids by the value of the claim; empty where the value is the id itself.
    """

    issuer: str
    client_id: str
    address: str
    name: str = "OpenID Connect"
    scopes: tuple[str, ...] = ("openid", "profile")
    claim: str = "preferred_username"
    agents: Mapping[str, str] = MappingProxyType({})
    algorithms: tuple[str, ...] = ("RS256", "ES256")
    passwords: bool = True
    logout: bool = True

    def agent_of(self, value: str) -> str | None:
        """Whom this value of the claim names, listed or not; None where it names nobody."""
        return self.agents.get(value) if self.agents else value

    @property
    def callback(self) -> str:
        """Where the issuer sends browsers back to."""
        return f"{self.address}/v1/login/oidc/callback"

    @property
    def left(self) -> str:
        """Where the issuer sends browsers that were logged out there."""
        return f"{self.address}/"

    @property
    def encrypted(self) -> bool:
        """Whether browsers reach the page by TLS."""
        return self.address.startswith("https://")
