"""The demo's secrets are public: anywhere but on loopback nothing starts with them."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from ari_app.config.credentials import Credential, check_password
from ari_app.config.errors import ConfigError, ConfigInvalid

_DEMO_AGENTS = ("alice", "bob", "carol", "dave", "erin", "frank", "admin")
_DEMO_PASSWORDS = {agent: f"{agent}-demo" for agent in _DEMO_AGENTS}
PUBLIC_SECRETS = frozenset({"callcontrol", "asterisk", "demo", "ari-demo", "redis-demo", "secret", "changeme"})
"""Passwords that anybody would try."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there. A name other than `localhost` counts as outside."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_secrets(
    *, api_host: str, ari_url: str, ari_password: str, credentials: Mapping[str, Credential], file: str
) -> None:
    """Refuse public secrets where others can use them. Hashes of the demo's agents are tried: call it in a thread.

    Raises:
        ConfigInvalid: the demo's passwords, or one everybody guesses, beyond loopback.
    """
    hosts = [host for host in (api_host, urlsplit(ari_url).hostname or "") if not is_loopback(host)]
    if not hosts:
        return
    errors = [
        ConfigError(file, 0, f"agents.{agent}.password", f"is the demo's, refused on {hosts[0]}: choose another")
        for agent, credential in credentials.items()
        if is_demo(agent, credential)
    ]
    if ari_password in PUBLIC_SECRETS:
        errors.append(ConfigError("environment", 0, "ARI_APP_ARI_PASSWORD", f"is no secret, refused on {hosts[0]}"))
    if errors:
        raise ConfigInvalid(errors)


def is_demo(agent: str, credential: Credential) -> bool:
    """Whether that is a password of the demonstration. Hashes of its agents are tried: call it in a thread."""
    if credential.password is not None:
        return credential.password in _DEMO_PASSWORDS.values()
    return agent in _DEMO_PASSWORDS and check_password(credential, _DEMO_PASSWORDS[agent])
