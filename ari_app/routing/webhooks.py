"""Who else gets to know what happens: receivers of webhooks, as the administrator lists them. Values.

They stand beside the directory and not in it: what is written of a call, for others to run it again, has that whole.
"""

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Literal, get_args

type Kind = Literal[
    "call.created", "call.updated", "call.ended", "call.recorded", "agent.updated", "alarm.raised", "alarm.cleared",
    "voicemail.left",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind.__value__)

_METADATA = frozenset(
    map(ip_address, ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"))
)
"""Where clouds answer whoever comes out of a machine of theirs, with its secrets; most others do at link-local ones."""
_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")

type About = frozenset[str]
"""The targets that an event concerns, as text: `queue:sales`, `group:support`, `agent:alice`."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """A receiver. `whom`: the targets of which it gets events; none: all. `clear`: its secret stands in the file."""

    id: str
    url: str
    secret: str = field(default="", repr=False)
    events: tuple[Kind, ...] = KINDS
    whom: tuple[str, ...] = ()
    clear: bool = False

    @property
    def address(self) -> str:
        """Where it is, without what may be a secret in it: what stands behind the `?`."""
        return self.url.partition("?")[0]

    def concerned(self, about: About) -> bool:
        """Whether it gets events of these."""
        return not self.whom or not about.isdisjoint(self.whom)

    def follows(self, prefix: str) -> bool:
        """Whether it gets any event whose name begins so."""
        return any(kind.startswith(prefix) for kind in self.events)


def leads(address: str) -> IPv4Address | IPv6Address:
    """Where an address leads in the end: of IPv6 that stands for IPv4, the latter. Raises: ValueError for a name."""
    found = ip_address(address.strip("[]").partition("%")[0])
    if isinstance(found, IPv4Address):
        return found
    inner = found.ipv4_mapped or found.sixtofour
    if inner is None and (found in _NAT64 or (found in _COMPATIBLE and int(found) > 1)):
        inner = IPv4Address(int(found) & 0xFFFFFFFF)
    return inner or found


def is_closed(address: str) -> bool:
    """Whether no events go to this address, whoever names it: none of a machine, or one of the cloud in which this one
    runs. Raises: ValueError for a name."""
    found = leads(address)
    return found.is_link_local or found.is_multicast or found.is_unspecified or found in _METADATA
