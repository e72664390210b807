"""How agents prove who they are: argon2 hashes, or for the demo a password in clear.

Owns hashing and checking. Both are slow on purpose (about 20 ms of CPU): call them in a thread.
"""

import hmac
import secrets
from dataclasses import dataclass, field
from datetime import date

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

# OWASP's second recommendation for argon2id: two logins at once must not cost the controller 128 MiB.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)

MEMORY, PASSES, LANES = range(7_168, 131_072 + 1), range(1, 11), range(1, 5)
"""What a hash may cost (kB, passes, threads): less protects nobody's password, more stops everybody's logins."""

# What an agent without a hash is compared with, so that the time taken tells nobody which agents exist.
_NOBODY = _HASHER.hash("nobody has this password")


KEY = "cck_"
"""What the keys of programs begin with: scanners of code find one that was published."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Exactly one of the two. Never shown: not by repr, not in logs."""

    password: str | None = field(default=None, repr=False)
    password_hash: str | None = field(default=None, repr=False)

    def fingerprint(self, salt: str) -> str:
        """What is kept with a session, so that another password ends it: does not tell the one it was begun with."""
        secret = self.password_hash or self.password or ""
        return hmac.new(salt.encode(), secret.encode(), "sha256").hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A program that uses the API, and what it may do; `expires`: the day from which on it may nothing (UTC)."""

    id: str
    name: str
    scopes: frozenset[str]
    expires: date | None = None


def make_key() -> str:
    """A new key, of 256 random bits: only its SHA-256 is to be kept."""
    return f"{KEY}{secrets.token_urlsafe(32)}"


def hash_password(password: str) -> str:
    """An argon2id hash for the file's `password_hash`."""
    return _HASHER.hash(password)


def is_hash(text: str) -> bool:
    """Whether this is an argon2 hash that `check_password` can use, at a price that is neither too low nor too high."""
    try:
        made = extract_parameters(text)
    except InvalidHashError:
        return False
    return made.memory_cost in MEMORY and made.time_cost in PASSES and made.parallelism in LANES


def check_password(credential: Credential | None, password: str) -> bool:
    """Whether the password is right. Costs one argon2 verification whatever the answer and whoever asks."""
    known = credential.password_hash if credential is not None else None
    verified = _verify(known or _NOBODY, password)
    if credential is not None and credential.password is not None:
        return hmac.compare_digest(credential.password.encode(), password.encode())
    return verified if known is not None else False


def _verify(known: str, password: str) -> bool:
    try:
        return _HASHER.verify(known, password)
    except (VerificationError, InvalidHashError):
        return False
