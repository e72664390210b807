"""Phones that have an account both in callcentre.yaml and in pjsip.conf: Asterisk would take the latter's."""

import re
from pathlib import Path

from ari_app.config.dialplan import files
from ari_app.config.errors import ConfigError
from ari_app.routing.phones import PhoneAccounts

FILE = "pjsip.conf"
_SECTION = re.compile(r"\s*\[(?P<name>[^\]]+)\]\s*(?:\((?P<templates>[^)]*)\))?")
_ENDPOINTS = "phone"
"""The template of phones' endpoints: a secret or a place alone, as the edge of a cluster reads it, is no account."""


def faults(phones: PhoneAccounts, folder: Path) -> list[ConfigError]:
    """The first place in pjsip.conf, and in what that includes, of each such phone."""
    found: dict[str, ConfigError] = {}
    for file in files(folder, FILE):
        for number, line in enumerate(file.read_text("utf-8", "replace").split("\n"), 1):
            section = _SECTION.match(line)
            if section is None or section["name"] not in phones:
                continue
            if _ENDPOINTS in [name.strip() for name in (section["templates"] or _ENDPOINTS).split(",")]:
                message = "is there, so that the secret that callcentre.yaml gives this phone does not count"
                name = section["name"]
                found.setdefault(name, ConfigError(str(file), number, f"[{name}]", message))
    return list(found.values())
