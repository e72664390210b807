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
    if file := found.get("redis_password_file"):
        address = urlsplit(str(found.get("redis_url", "redis://127.0.0.1:6379/0")))
        if not address.password:
            password = quote(_read("redis_password_file", file), safe="")
            where = address.netloc.rpartition("@")[2]
            found["redis_url"] = address._replace(netloc=f"{address.username or ''}:{password}@{where}").geturl()
    return found


def _read(name: str, file: object) -> str:
    try:
        secret = Path(str(file)).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"ARI_APP_{name.upper()}: {file} can't be read ({type(error).__name__})") from None
    if not secret:
        raise ValueError(f"ARI_APP_{name.upper()}: {file} is empty")
    return secret
