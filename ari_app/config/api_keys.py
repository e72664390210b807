"""The administrator's file: keys by which other programs use the API, each for what it may do."""

from datetime import date
from typing import Annotated, Literal, get_args

from pydantic import BeforeValidator, Field

from ari_app.config.credentials import ApiKey
from ari_app.config.entry import Entry
from ari_app.config.values import Name

type Scope = Literal[
    "calls:read",
    "history:read",
    "history:write",
    "supervision:read",
    "supervision:write",
    "admin:read",
    "admin:write",
]
SCOPES: tuple[str, ...] = get_args(Scope.__value__)


def _date(value: object) -> object:
    return date.fromisoformat(value) if isinstance(value, str) else value


class ApiKeyEntry(Entry):
    """A program that uses the API by a key of its own (`ari-app key` makes one), which nobody logs in with."""

    name: Name
    """What it is for."""
    key_hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]
    """What `ari-app key` prints; the key itself is nowhere in the file."""
    scopes: list[Scope] = Field(min_length=1)
    """What it may do: `calls:read` sees all calls; `history:read` calls that are over and recordings, `history:write`
    also deletes recordings; `supervision:read` sees agents, queues, groups and call-backs, `supervision:write` changes
    agents' states, opens and closes, and ends call-backs; `admin:read` sees stories and this configuration,
    `admin:write` has the file read again."""
    expires: Annotated[date | None, BeforeValidator(_date)] = None
    """The day from which on it is worth nothing (UTC), such as `2027-01-31`."""

    def key(self, key_id: str) -> ApiKey:
        """As it is looked up."""
        return ApiKey(key_id, self.name, frozenset(self.scopes), self.expires)
