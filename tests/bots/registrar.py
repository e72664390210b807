"""A carrier's customer who has a login: challenged, and checked (RFC 3261, 22.4; RFC 2617, 3.2.2)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import md5

from aiosipua import parse_auth

from tests.bots.sip import ServerTransaction

_REALM = "carrier"


@dataclass
class Registrar:
    """Who the customer has to be. `contact` is where they are registered: empty until they are, and when they leave."""

    user: str
    secret: str
    contact: str = ""
    _nonces: set[str] = field(default_factory=set)

    def admits(self, transaction: ServerTransaction) -> bool:
        """Whether the request is the customer's; else it is answered with 401."""
        if self._is_proved(transaction):
            return True
        self._nonces.add(nonce := secrets.token_hex(16))
        challenge = f'Digest realm="{_REALM}", nonce="{nonce}", algorithm=MD5, qop="auth"'
        transaction.respond(401, headers={"WWW-Authenticate": challenge})
        return False

    def register(self, transaction: ServerTransaction) -> None:
        """A REGISTER that is the customer's."""
        request = transaction.request
        contact, expires = request.get_header("contact") or "", request.get_header("expires") or "0"
        self.contact = contact if int(expires) > 0 else ""
        transaction.respond(200, headers={"Contact": f"{contact};expires={expires}"} if self.contact else None)

    def _is_proved(self, transaction: ServerTransaction) -> bool:
        request = transaction.request
        said = parse_auth(request.get_header("authorization") or "").params
        nonce, uri = said.get("nonce", ""), said.get("uri", "")
        if nonce not in self._nonces or said.get("username") != self.user:
            return False
        self._nonces.remove(nonce)  # a listener cannot use it again
        known = _digest(self.user, _REALM, self.secret)
        counted = (said.get(name, "") for name in ("nc", "cnonce", "qop"))
        return said.get("response") == _digest(known, nonce, *counted, _digest(request.method, uri))


def _digest(*parts: str) -> str:
    return md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()
