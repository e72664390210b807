"""Which pages may use this from a browser: its own, where nobody else can give themselves that name, and listed ones.

Only browsers tell an Origin, and they always do where it matters: with every WebSocket and every request that changes
something. The page that is served here has the Host that it was requested by as its origin; but a name of somebody
else's can be made to lead here (DNS rebinding), so that a Host by name counts only where it is listed, with an Origin
or without.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web

from ari_app.errors import Code, Refused
from ari_app.routing.directory import Desk

READABLE = web.RequestKey("readable", Mapping[str, str])
"""Under this key a request carries `readable_by` of its answer."""

_EXPOSED = {"Access-Control-Expose-Headers": "Link, Location, Retry-After", "Vary": "Origin"}
PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Allow-Methods": "DELETE, GET, PATCH, POST, PUT",
    "Access-Control-Max-Age": "600",
}
"""What a browser needs that inquires before it sends a listed page's request."""


def readable_by(origin: str | None, listed: Desk) -> Mapping[str, str]:
    """The headers by which a browser lets a listed page read the answer (CORS); a token is all that it is known by."""
    if origin is None or origin not in listed.origins:
        return {}
    return {"Access-Control-Allow-Origin": origin, **_EXPOSED}


def check_source(origin: str | None, host: str | None, listed: Desk) -> None:
    """Raises: Refused `forbidden` for a page of somebody else's, and for a name that is none of ours."""
    if host is not None and not _ours(host, listed):
        raise Refused(Code.FORBIDDEN, "this is reached by another name; list the name as settings.desk.hosts")
    if origin is not None and origin not in listed.origins and not _own(origin, host or ""):
        raise Refused(Code.FORBIDDEN, "pages of this origin may not use this; list it as settings.desk.origins")


def _ours(host: str, listed: Desk) -> bool:
    name = _name(f"//{host}")
    return (
        name == "localhost"
        or _is_address(name)
        or name in listed.hosts
        or any(name == _name(origin) for origin in listed.origins)
    )


def _own(origin: str, host: str) -> bool:
    scheme, _, rest = origin.partition("://")
    return scheme in ("http", "https") and rest != "" and rest.lower() == host.lower()


def _name(url: str) -> str:
    """The name in it, in lower case; nothing where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
