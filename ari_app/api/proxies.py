"""From where a request comes that a proxy has passed on. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

type Networks = Sequence[IPv4Network | IPv6Network]

FORWARDED = "X-Forwarded-For"


def origin(peer: str | None, forwarded: Sequence[str], proxies: Networks) -> str | None:
    """The address nearest to us that is no proxy of ours. Whatever stands left of it, anybody may have written there.

    `forwarded` are the values of `X-Forwarded-For`, in the order of the request.
    """
    said = [each.strip() for value in forwarded for each in value.split(",")]
    while peer is not None and said and _is_one_of(peer, proxies):
        nearer = said.pop()
        if _address(nearer) is None:
            break
        peer = nearer
    return peer


def _is_one_of(peer: str, proxies: Networks) -> bool:
    address = _address(peer)
    return address is not None and any(address in network for network in proxies)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
