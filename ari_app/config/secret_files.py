"""Secrets out of files: what stands in a container's environment, everybody sees who may ask Docker."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

_SECRETS = ("ari_password", "redis_sentinel_password", "oidc_client_secret")


def with_secrets(given: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with what their `…_file` hold. What is given itself goes first.

    Raises:
        ValueError: a file can't be read, or is empty.
    """
    found = dict(given)
    for name in _SECRETS:
        if file := found.get(f"{name}_file"):
            found.setdefault(name, _read(f"{name}_file", file))
    for name, otherwise in (("redis", "redis://127.0.0.1:6379/0"), ("history", "")):
        address = urlsplit(str(found.get(f"{name}_url", otherwise)))
        file = found.get(f"{name}_password_file")
        if file and address.hostname and not address.password:
            password = quote(_read(f"{name}_password_file", file), safe="")
            where = address.netloc.rpartition("@")[2]
            netloc = f"{address.username or ''}:{password}@{where}"
            found[f"{name}_url"] = address._replace(netloc=netloc).geturl()
    return found


def _read(name: str, file: object) -> str:
    try:
        secret = Path(str(file)).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"ARI_APP_{name.upper()}: {file} can't be read ({type(error).__name__})") from None
    if not secret:
        raise ValueError(f"ARI_APP_{name.upper()}: {file} is empty")
    return secret
