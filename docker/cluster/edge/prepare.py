"""What Kamailio needs before it starts, out of the environment and the administrator's pjsip.conf.

Who has a phone, and with which secret, stands there and nowhere else: in the sections that use the template
`phone-secret`. Kamailio gets a digest of each (HA1, RFC 7616), which is worth something in this realm alone.
"""

import hashlib
import ipaddress
import os
import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

REALM = "callcontrol"
RUN = Path("/run/kamailio")
PHONES = Path("/srv/asterisk/pjsip.conf")
PLACES = Path("/var/lib/kamailio/location.sqlite")
TABLES = Path("/usr/share/kamailio/db_sqlite")

_SECTION = re.compile(r"\[(?P<name>[^\]]+)\]\s*(?:\((?P<templates>[^)]*)\))?")
_FIELD = re.compile(r"(?P<name>\w+)\s*=>?\s*(?P<value>.*)")
_USER = re.compile(r"[A-Za-z0-9_.+-]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# In Kamailio's list: taken out of use by an administrator.
_DRAINED = 4


class Wrong(Exception):
    """What was given can't be used; says which part of it."""


def secrets(pjsip: str) -> dict[str, str]:
    """HA1 by user, of all phones in the text of a pjsip.conf. Raises Wrong."""
    found = {}
    for section, fields in _phone_secrets(pjsip.splitlines()):
        user, password = fields.get("username", ""), fields.get("password", "")
        if not _USER.fullmatch(user) or not password:
            raise Wrong(f"pjsip.conf: the secret [{section}] has no password, or no username that a phone can have")
        found[user] = hashlib.md5(f"{user}:{REALM}:{password}".encode(), usedforsecurity=False).hexdigest()
    return found


def _phone_secrets(lines: Iterable[str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Name and fields of each section that uses the template."""
    name, fields = "", dict[str, str]()
    for line in [*(line.partition(";")[0].strip() for line in lines), "[end]"]:
        if section := _SECTION.match(line):
            if name:
                yield name, fields
            used = [template.strip() for template in (section["templates"] or "").split(",")]
            name, fields = section["name"] if "phone-secret" in used else "", {}
        elif name and (field := _FIELD.fullmatch(line)):
            fields[field["name"]] = field["value"]


def asterisks(given: str) -> dict[str, str]:
    """Addresses by name, out of `asterisk-a=192.0.2.21 asterisk-b=192.0.2.22`. Raises Wrong."""
    found = {}
    for each in given.split():
        name, _, address = each.partition("=")
        if not _NAME.fullmatch(name) or name in found:
            raise Wrong(f"EDGE_ASTERISKS: {each!r} is not name=address, or there twice")
        found[name] = _address("EDGE_ASTERISKS", address)
    if not found:
        raise Wrong("EDGE_ASTERISKS is empty: where are calls to go?")
    return found


def dispatcher(where: Mapping[str, str], drained: Iterable[str]) -> str:
    """Kamailio's list of the Asterisks. All get as many calls."""
    out = set(drained)
    lines = [
        f"1 sip:{address}:5060 {_DRAINED if name in out else 0} 0 weight={100 // len(where)};duid={name}"
        for name, address in where.items()
    ]
    return "".join(f"{line}\n" for line in lines)


def local(address: str, carrier: str) -> str:
    """What kamailio.cfg calls EDGE, CARRIER_IP and REALM. Raises Wrong."""
    host, _, port = carrier.partition(":")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise Wrong(f"EDGE_CARRIER: {carrier!r} is not address:port")
    names = {
        "EDGE": _address("EDGE_ADDRESS", address),
        "CARRIER_IP": _address("EDGE_CARRIER", host),
        "REALM": REALM,
    }
    return "".join(f'#!substdef "!{name}!{value}!g"\n' for name, value in names.items())


def controllers(given: str) -> list[str]:
    """Addresses, out of `192.0.2.11 192.0.2.12`: who brings the phones of pages. Raises Wrong."""
    return [_address("EDGE_CONTROLLERS", each) for each in given.split()]


def htable(found: Mapping[str, str], trusted: Iterable[str] = (), where: Mapping[str, str] | None = None) -> str:
    """The secrets of phones, the addresses of controllers and of Asterisks, as Kamailio takes them at its start."""
    lines = [f'    $sht(secrets=>{user}) = "{secret}";\n' for user, secret in found.items()]
    lines += [f'    $sht(controllers=>{address}) = "1";\n' for address in trusted]
    lines += [f'    $sht(asterisks=>{name}) = "sip:{address}:5060";\n' for name, address in (where or {}).items()]
    return f"event_route[htable:mod-init] {{\n{''.join(lines)}}}\n"


def _address(what: str, given: str) -> str:
    try:
        return str(ipaddress.IPv4Address(given))
    except ValueError:
        raise Wrong(f"{what}: {given!r} is no address (IPv4)") from None


def make_places(database: Path) -> None:
    """Where registrations are kept. WAL: a reader never meets a lock, and a kill leaves it whole."""
    if database.exists():
        return
    new = database.with_suffix(".new")
    new.unlink(missing_ok=True)
    made = sqlite3.connect(new)
    for name in ("standard", "usrloc"):
        made.executescript((TABLES / f"{name}-create.sql").read_text())
    made.execute("pragma journal_mode=wal")
    made.close()
    new.rename(database)


def main() -> int:
    """The command."""
    os.umask(0o077)
    try:
        where = asterisks(os.environ["EDGE_ASTERISKS"])
        drained = Path(os.environ["EDGE_DRAINED"])
        files = {
            "local.cfg": local(os.environ["EDGE_ADDRESS"], os.environ["EDGE_CARRIER"]),
            "secrets.cfg": htable(
                secrets(PHONES.read_text()), controllers(os.environ.get("EDGE_CONTROLLERS", "")), where
            ),
            "dispatcher.list": dispatcher(where, drained.read_text().split() if drained.exists() else ()),
        }
    except KeyError as missing:
        print(f"edge: {missing.args[0]} is not set", file=sys.stderr)
        return 1
    except (Wrong, OSError) as error:
        print(f"edge: {error}", file=sys.stderr)
        return 1
    for name, text in files.items():
        (RUN / name).write_text(text)
    make_places(PLACES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
