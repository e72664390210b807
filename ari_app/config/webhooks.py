"""The administrator's file: receivers of webhooks."""

import binascii
from base64 import b64decode
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from ari_app.config.demo import is_address, is_loopback
from ari_app.config.entry import Entry
from ari_app.config.values import TargetText
from ari_app.routing.targets import TargetType
from ari_app.routing.webhooks import KINDS, Kind, Webhook, is_closed

PREFIX = "whsec_"
BYTES = range(24, 65)
"""Of a secret, as Standard Webhooks has it."""
_WHOM = (TargetType.QUEUE, TargetType.GROUP, TargetType.AGENT)


def is_secret(text: str) -> bool:
    """Whether it is `whsec_` and so many bytes in base64."""
    try:
        return text.startswith(PREFIX) and len(b64decode(text.removeprefix(PREFIX), validate=True)) in BYTES
    except binascii.Error:
        return False


def _secret(text: str) -> str:
    if not is_secret(text):
        raise ValueError(f"must be {PREFIX} and 24 to 64 random bytes in base64: openssl rand -base64 32")
    return text


def _url(text: str) -> str:
    parts = urlsplit(text)
    host = parts.hostname or ""
    if parts.username is not None or parts.fragment:
        raise ValueError("may have neither a user nor a fragment")
    if is_address(host) and is_closed(host):
        raise ValueError("leads to no address that events may go to")
    return text


class WebhookEntry(Entry):
    """Other software that is sent what happens, as CloudEvents signed as Standard Webhooks."""

    url: Annotated[str, Field(pattern=r"^https?://[^/?#\s]+(/[^\s]*)?$", max_length=500), AfterValidator(_url)]
    """Where it is sent. `https://`; `http://` to this machine, and to hosts of `settings.webhook_hosts`."""
    secret: Annotated[str, AfterValidator(_secret)] | None = Field(None, max_length=200, repr=False)
    """With what it is signed: `whsec_` and 24 to 64 random bytes in base64. In clear: for a demonstration only."""
    secret_file: str | None = Field(None, max_length=500)
    """A file that holds nothing but the secret. Exactly one of `secret` and `secret_file` must be given."""
    events: Annotated[list[Kind], Field(min_length=1)] = list(KINDS)
    """Which events."""
    for_: list[TargetText] = Field([], alias="for")
    """Whom they must be about: queues, groups and agents. Without it all."""

    @model_validator(mode="after")
    def _complete(self) -> "WebhookEntry":
        if (self.secret is None) == (self.secret_file is None):
            raise ValueError("give either secret_file or, for a demo, secret")
        if any(target.type not in _WHOM for target in self.for_):
            raise ValueError("for: must be queues, groups and agents")
        return self

    def guarded(self, hosts: list[str]) -> bool:
        """Whether nobody on the way can read what is sent, or the administrator has said that they may."""
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        return parts.scheme == "https" or is_loopback(host) or host in hosts

    def webhook(self, name: str) -> Webhook:
        """As it is applied.

        Raises:
            ValueError: its secret cannot be read from the file, or is none.
        """
        secret = self.secret or _read(self.secret_file or "")
        whom = tuple(str(target) for target in self.for_)
        return Webhook(name, self.url, secret, tuple(self.events), whom, clear=self.secret is not None)


def _read(file: str) -> str:
    try:
        return _secret(Path(file).read_text("utf-8").strip())
    except FileNotFoundError:
        raise ValueError("there is no such file where the controller runs (docs/webhooks.md)") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read ({type(error).__name__})") from None
