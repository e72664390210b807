"""Facts out of texts: which sockets listen, what phones' secrets are like, what the lock wants. Pure."""

import re
from collections.abc import Mapping
from ipaddress import ip_address

from ari_app.operations.facts import Secret

_SECTION = re.compile(r"\s*\[([^\]]+)\]")
_FIELD = re.compile(r"\s*(\w+)\s*=>?\s*(.*?)\s*$")
_PIN = re.compile(r"([A-Za-z0-9][\w.-]*)==([^\s;\\]+)")
_LISTEN = "0A"


def listening(tables: str) -> dict[int, list[str]]:
    """The addresses that listen at each TCP port, by the text of Linux' `/proc/net/tcp` and `tcp6`."""
    found: dict[int, list[str]] = {}
    for line in tables.splitlines():
        words = line.split()
        if len(words) > 3 and words[3] == _LISTEN:
            address, _, port = words[1].partition(":")
            found.setdefault(int(port, 16), []).append(_address(address))
    return found


def _address(text: str) -> str:
    """Words of four bytes, each with the last byte first."""
    words = (bytes.fromhex(text[at : at + 8])[::-1] for at in range(0, len(text), 8))
    address = ip_address(b"".join(words))
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def phone_secrets(text: str) -> list[Secret]:
    """What the secrets in a `pjsip.conf` are like, by the section's name. Those that a carrier gave are the carrier's
    business: whatever is an `outbound_auth`."""
    outbound: set[str] = set()
    found: dict[str, Secret] = {}
    section = ""
    for line in text.split("\n"):
        if (begun := _SECTION.match(line)) is not None:
            section = begun[1]
        elif (field := _FIELD.match(line.partition(";")[0])) is not None:
            name, value = field[1], field[2]
            if name == "outbound_auth":
                outbound.update(part.strip() for part in value.split(","))
            elif name == "password":
                found[section] = Secret(section, len(value), value == f"phone-{section}")
    return [secret for name, secret in found.items() if name not in outbound]


def pins(lock: str) -> dict[str, str]:
    """The version of each package that a lock wants."""
    return {match[1]: match[2] for line in lock.splitlines() if (match := _PIN.match(line)) is not None}


def differing(wanted: Mapping[str, str], found: Mapping[str, str | None]) -> tuple[str, ...]:
    """The packages that are not there as they are wanted, as `name 1.0, not 1.1`."""
    return tuple(
        f"{name} {found.get(name) or 'missing'}, not {version}"
        for name, version in sorted(wanted.items())
        if found.get(name) != version
    )
