"""The demo's secrets are public: anywhere but on loopback nothing starts with them."""

from collections.abc import Collection, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import urlsplit

from ari_app.config.credentials import Credential, check_password
from ari_app.config.errors import ConfigError, ConfigInvalid
from ari_app.routing.phones import PhoneAccounts
from ari_app.routing.webhooks import Webhook

_DEMO_AGENTS = ("alice", "bob", "carol", "dave", "erin", "frank", "admin")
_DEMO_PASSWORDS = {agent: f"{agent}-demo" for agent in _DEMO_AGENTS}
PUBLIC_SECRETS = frozenset({"callcontrol", "asterisk", "demo", "ari-demo", "redis-demo", "secret", "changeme"})
"""Passwords that anybody would try."""
LEAST = 16
"""Characters below which a service's secret can be guessed."""


def is_address(host: str) -> bool:
    """Whether it is an address and no name."""
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there. A name other than `localhost` counts as outside."""
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_secrets(
    *,
    api_host: str,
    ari_url: str,
    ari_password: str,
    credentials: Mapping[str, Credential],
    phones: PhoneAccounts = MappingProxyType({}),
    file: str,
    proxies: str = "",
    demo: bool = True,
    webhooks: Collection[Webhook] = (),
) -> None:
    """Refuse public secrets where others can use them. Hashes of the demo's agents are tried: call it in a thread.

    Whoever has named `proxies` lets others in by them, wherever the API listens. `demo`: it is the demonstration that
    runs, as somebody has said.

    Raises:
        ConfigInvalid: the demo's passwords, one that stands in clear, or one everybody guesses, beyond loopback; the
            demo's where nobody has said that it is the demonstration.
    """
    hosts = [host for host in (api_host, urlsplit(ari_url).hostname or "") if not is_loopback(host)]
    if proxies:
        hosts.append(f"what is reached by the proxies {proxies}")
    if not hosts and demo:
        return
    where = f"refused on {hosts[0]}: choose another" if hosts else "refused without ARI_APP_DEMO=yes: choose another"
    errors = []
    for agent, credential in credentials.items():
        if is_demo(agent, credential):
            errors.append(ConfigError(file, 0, f"agents.{agent}.password", f"is the demo's, {where}"))
        elif hosts and credential.password is not None:
            clear = f"stands in clear, refused on {hosts[0]}: write `password_hash`"
            errors.append(ConfigError(file, 0, f"agents.{agent}.password", clear))
    for webhook in webhooks:
        if hosts and webhook.clear:
            clear = f"stands in clear, refused on {hosts[0]}: write `secret_file`"
            errors.append(ConfigError(file, 0, f"webhooks.{webhook.id}.secret", clear))
    if hosts:
        weak_phones = ((phone.user, phone.weak) for phone in phones.values() if phone.weak)
        errors += [ConfigError(file, 0, f"phone {user}", f"its secret {weak}, {where}") for user, weak in weak_phones]
    if hosts and (ari_password in PUBLIC_SECRETS or len(ari_password) < LEAST):
        weak = f"is no secret, or has fewer than {LEAST} characters, refused on {hosts[0]}"
        errors.append(ConfigError("environment", 0, "ARI_APP_ARI_PASSWORD", weak))
    if errors:
        raise ConfigInvalid(errors)


def is_demo(agent: str, credential: Credential) -> bool:
    """Whether that is a password of the demonstration. Hashes of its agents are tried: call it in a thread."""
    if credential.password is not None:
        return credential.password in _DEMO_PASSWORDS.values()
    return agent in _DEMO_PASSWORDS and check_password(credential, _DEMO_PASSWORDS[agent])
