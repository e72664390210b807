"""Which pages may use this from a browser: its own, where nobody else can give themselves that name, and listed ones.

Only browsers tell an Origin, and they always do where it matters: with every WebSocket and every request that changes
something. The page that is served here has the Host that it was asked by as its origin; but a name of somebody else's
can be made to lead here (DNS rebinding), so that a Host by name counts only where it is listed.
"""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from ari_app.errors import Code, Refused


def check_origin(origin: str | None, host: str | None, listed: Collection[str]) -> None:
    """Raises: Refused `forbidden` for a page of somebody else's."""
    if origin is not None and origin not in listed and not _own(origin, host or ""):
        raise Refused(Code.FORBIDDEN, "pages of this origin may not use this; list it as settings.desk.origins")


def _own(origin: str, host: str) -> bool:
    try:
        parts = urlsplit(origin)
        name = parts.hostname or ""
    except ValueError:
        return False
    return parts.netloc.lower() == host.lower() and (name == "localhost" or _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
