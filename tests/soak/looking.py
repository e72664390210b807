"""What the parts of a call centre have at present."""

from __future__ import annotations

import re

import aiohttp
from redis.asyncio import Redis

from ari_app.store.client import connect
from tests.e2e.containers import run_in
from tests.e2e.stack import Stack

# Prints the resident memory of Asterisk, in kB, and how many files it has open.
_ASTERISK = (
    "pid=$(pidof asterisk | cut -d' ' -f1); "
    "sed -n 's/^VmRSS:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$pid/status; ls /proc/$pid/fd | wc -l"
)
_TRIES = 10
_FIGURES = {
    "process_resident_memory_bytes": "controller_memory",
    "process_open_fds": "controller_files",
    "callcontrol_tasks": "controller_tasks",
    "callcontrol_heap_bytes": "controller_heap",
    "callcontrol_python_blocks": "controller_blocks",
}


class Looking:
    """At one call centre, until it is closed."""

    def __init__(self, stack: Stack, session: aiohttp.ClientSession) -> None:
        self._stack = stack
        self._session = session
        self._redis: Redis = connect(stack.redis)

    async def close(self) -> None:
        """Let go of Redis."""
        await self._redis.aclose()

    async def now(self) -> dict[str, float]:
        """Each figure by its name, memory in bytes. Raises AssertionError, and the errors of what is away."""
        memory, files = await self._asterisk()
        used = (await self._redis.info("memory"))["used_memory"]
        lines, record = await self._audit()
        return {
            **await self._controller(),
            "asterisk_memory": memory * 1024.0,
            "asterisk_files": float(files),
            "channels": float(len(await self._stack.asterisk_has("channels"))),
            "bridges": float(len(await self._stack.asterisk_has("bridges"))),
            "redis_memory": float(used) - record,
            "audit_memory": record,
            "audit_lines": lines,
            "redis_keys": float(await self._redis.dbsize()),
        }

    async def _audit(self) -> tuple[float, float]:
        """How many lines the record of who did what has, and its memory: it fills up for longer than this takes."""
        used = [float(await self._redis.memory_usage(key) or 0) async for key in self._redis.scan_iter("*:audit*")]
        lines = [float(await self._redis.xlen(key)) async for key in self._redis.scan_iter("*:audit")]
        return sum(lines), sum(used)

    async def _asterisk(self) -> tuple[int, int]:
        """Docker loses what is printed now and then on a busy machine: run again then. Raises AssertionError."""
        for _ in range(_TRIES):
            said = (await run_in(f"{self._stack.project}-asterisk", "sh", "-c", _ASTERISK)).split()
            if len(said) == 2:
                return int(said[0]), int(said[1])
        raise AssertionError("nothing is printed in Asterisk's container")

    async def _controller(self) -> dict[str, float]:
        async with self._session.get(f"{self._stack.api}/metrics") as response:
            text = await response.text()
        said = {name: re.search(rf"^{name} (\S+)$", text, re.MULTILINE) for name in _FIGURES}
        return {_FIGURES[name]: float(found[1]) for name, found in said.items() if found is not None}
