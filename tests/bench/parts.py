"""What the parts of a call centre need: CPU and memory of their processes."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tests.e2e.containers import run_in
from tests.e2e.stack import Stack

_TRIES = 10
PARTS = ("asterisk", "controller", "redis")


@dataclass(frozen=True, slots=True)
class Used:
    """CPU of each part up to a moment, in ms."""

    at: float
    cpu: dict[str, float]

    def since(self, before: Used) -> dict[str, float]:
        """What was used between."""
        return {part: self.cpu[part] - before.cpu[part] for part in self.cpu}


async def used(stack: Stack) -> Used:
    """Of process 1 and all its threads, also those that have ended; ticks of 10 ms."""
    cpu = {}
    for part in PARTS:
        # The name of the program stands in brackets and may hold anything.
        fields = (await _read(stack, part, "/proc/1/stat")).rpartition(b")")[2].split()
        cpu[part] = (int(fields[11]) + int(fields[12])) * 10.0
    return Used(time.monotonic(), cpu)


async def memory(stack: Stack) -> dict[str, float]:
    """Resident kB of process 1 of each part."""
    found = {}
    for part in PARTS:
        status = await _read(stack, part, "/proc/1/status")
        line = next(line for line in status.splitlines() if line.startswith(b"VmRSS"))
        found[part] = float(line.split()[1])
    return found


async def _read(stack: Stack, part: str, path: str) -> bytes:
    """Docker loses what is printed now and then on a busy machine: again then. Raises AssertionError."""
    for _ in range(_TRIES):
        if said := await run_in(f"{stack.project}-{part}", "cat", path):
            return said
    raise AssertionError(f"nothing is printed in the container of {part}")
