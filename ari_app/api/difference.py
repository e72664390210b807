"""What a configuration has that another has not: by name, and without any secret."""

from collections.abc import Callable, Iterator, Mapping

from ari_app.api.effective import effective, plain
from ari_app.config.credentials import ApiKey, Credential
from ari_app.routing.directory import Directory
from ari_app.routing.phones import PhoneAccounts
from ari_app.routing.webhooks import Webhook

type Credentials = Callable[[str], Credential | None]
MOST = 100
"""Changes that are named one by one."""


def state_of(
    directory: Directory,
    credentials: Credentials,
    keys: Mapping[str, ApiKey],
    webhooks: Mapping[str, Webhook],
    phones: PhoneAccounts,
) -> dict[str, object]:
    """All of a configuration that can differ; of credentials, what tells one from another."""
    secrets = {name: found.fingerprint(name) for name in directory.agents if (found := credentials(name)) is not None}
    secrets |= {f"phone:{user}": phone.digest for user, phone in phones.items()}
    secrets |= {f"key:{key.id}": digest for digest, key in keys.items()}
    programs = {key.id: {"scopes": sorted(key.scopes), "expires": str(key.expires)} for key in keys.values()}
    secrets |= {f"webhook:{w.id}": Credential(w.secret).fingerprint(w.id) for w in webhooks.values()}
    receivers = {
        name: {"url": w.address, "events": plain(w.events), "for": plain(w.whom)} for name, w in webhooks.items()
    }
    return {**effective(directory), "api_keys": programs, "webhooks": receivers, "credentials": secrets}


def difference(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, str]:
    """By path (`agents.alice.groups`): `added`, `removed`, or from what to what; of credentials, `changed`."""
    found = dict(_differing("", before, after))
    if len(found) > MOST:
        return {**dict(list(found.items())[:MOST]), "more": str(len(found) - MOST)}
    return found


def _differing(path: str, before: object, after: object) -> Iterator[tuple[str, str]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted({*before, *after}, key=str):
            where = f"{path}.{name}" if path else str(name)
            if name not in before or name not in after:
                yield where, "added" if name in after else "removed"
            else:
                yield from _differing(where, before[name], after[name])
    elif before != after:
        yield path, "changed" if path.startswith("credentials.") else f"{before} -> {after}"
