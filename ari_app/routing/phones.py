"""Phones whose accounts the call centre's own file has: Asterisk gets them from the controller."""

from collections.abc import Mapping
from dataclasses import dataclass, field

REALM = "asterisk"
"""Asterisk's own, for which digests are made (`default_realm` of pjsip.conf)."""


@dataclass(frozen=True, slots=True)
class PhoneAccount:
    """The account of the phone with this SIP user; `name` is what it shows of its agent.

    `digest`: HA1 (RFC 7616, MD5) of user, realm and secret. `weak`: what is wrong with the secret, where that stands in
    clear.
    """

    user: str
    name: str
    digest: str = field(repr=False)
    weak: str = ""


type PhoneAccounts = Mapping[str, PhoneAccount]
"""By SIP user."""
