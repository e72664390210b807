"""The administrator's file: the account of an agent's phone."""

import hashlib
import secrets
import string
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, TypeAdapter, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from ari_app.config.demo import LEAST
from ari_app.config.entry import Entry
from ari_app.config.values import Phone, sip_user
from ari_app.routing.phones import REALM, PhoneAccount

DEMO = "is the demo's"
_TYPED = string.ascii_lowercase + string.digits


class PhoneEntry(Entry):
    """An agent's phone. With `secret` or `digest` its account needs no lines in `pjsip.conf`: the controller brings it
    to every Asterisk, made like `[any-phone]` there. Its SIP user alone, without the rest, may stand in its place."""

    user: Phone
    """Its SIP user, and the number that reaches the agent."""
    secret: str | None = Field(None, min_length=1, max_length=128, repr=False)
    """What the phone proves itself by, in clear; 16 characters at least beyond loopback."""
    digest: Annotated[str, Field(pattern="^[0-9a-f]{32}$")] | None = Field(None, repr=False)
    """In place of `secret`: what `ari-app phone-secret` prints, which makes both."""

    @model_validator(mode="after")
    def _one_of_both(self) -> "PhoneEntry":
        if self.secret is not None and self.digest is not None:
            raise ValueError("give either secret or digest (`ari-app phone-secret`)")
        return self

    def account(self, name: str) -> PhoneAccount | None:
        """The account of the agent with this name; None where pjsip.conf has it."""
        digest = self.digest or (phone_digest(self.user, self.secret) if self.secret is not None else None)
        return None if digest is None else PhoneAccount(self.user, name, digest, self._weak(digest))

    def _weak(self, digest: str) -> str:
        if digest == phone_digest(self.user, demo_secret(self.user)):
            return DEMO
        return f"has fewer than {LEAST} characters" if self.secret is not None and len(self.secret) < LEAST else ""


def demo_secret(user: str) -> str:
    """What the demonstration's phones have, and everybody can read."""
    return f"phone-{user}"


def make_phone_secret() -> str:
    """A new one of 24 characters that can be typed at a phone."""
    return "".join(secrets.choice(_TYPED) for _ in range(24))


def phone_digest(user: str, secret: str) -> str:
    """HA1: what Asterisk keeps of a secret. Who has it can register as this phone, and as no other."""
    return hashlib.md5(f"{user}:{REALM}:{secret}".encode(), usedforsecurity=False).hexdigest()


def _short(value: object) -> object:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return {"user": sip_user(str(value))}
    return value


class _UserAlone:
    """What an editor knows of it."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        user: dict[str, Any] = TypeAdapter(Phone).json_schema()
        return {"anyOf": [handler(core), user]}


type AgentPhone = Annotated[PhoneEntry, BeforeValidator(_short), _UserAlone()]
