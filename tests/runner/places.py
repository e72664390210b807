"""Addresses of this machine: each call centre that is tested has some of its own, beside whatever else runs."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

# The third number of 127.0.x.1.
NUMBERS = range(64, 96)
_PORTS = (
    (socket.SOCK_STREAM, 5060),
    (socket.SOCK_STREAM, 5061),
    (socket.SOCK_STREAM, 6379),
    (socket.SOCK_STREAM, 8080),
    (socket.SOCK_STREAM, 8088),
    (socket.SOCK_DGRAM, 5060),
)


@dataclass(frozen=True)
class Place:
    """127.0.<number>.x, locked by an open file: the lock ends with this process, whatever happens."""

    number: int
    file: Path
    lock: int

    @property
    def project(self) -> str:
        """What the containers' names begin with."""
        return f"cctest-{self.number}"

    @property
    def address(self) -> str:
        """Where everything listens."""
        return f"127.0.{self.number}.1"

    @property
    def carrier(self) -> str:
        """Where the bots' carrier listens."""
        return f"127.0.{self.number}.2:5080"

    def leave(self) -> None:
        """Let others have it."""
        self.file.unlink(missing_ok=True)
        os.close(self.lock)


def is_free(address: str) -> bool:
    """Whether nobody listens there, nor on all addresses."""
    for kind, port in _PORTS:
        with socket.socket(socket.AF_INET, kind) as attempt:
            if kind == socket.SOCK_STREAM:
                # Connections that are over take no place.
                attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                attempt.bind((address, port))
            except OSError:
                return False
    return True


def choose(locks: Path, numbers: Iterable[int] = NUMBERS, free: Callable[[str], bool] = is_free) -> Place:
    """The first place that is free, locked by a file in the directory `locks`. Raises LookupError where none is."""
    for number in numbers:
        file = locks / f"callcontrol-test-{number}.lock"
        try:
            lock = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError:  # another user's
            continue
        place = Place(number, file, lock)
        if _locked(place) and free(place.address):
            return place
        os.close(lock)
    raise LookupError("no free address for the tests: 127.0.64.1 to 127.0.95.1 are all in use")


def _locked(place: Place) -> bool:
    """Whether the lock is ours. The file may have been removed by its last owner before: then it locks nothing."""
    try:
        fcntl.flock(place.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(place.lock), place.file.stat())
    except OSError:
        return False
