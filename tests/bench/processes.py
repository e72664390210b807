"""Processes of this machine: a Redis of our own, and how much CPU each has had, and all others together: whether a
figure is the server's own, or that of who asks and listens.
"""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from redis.asyncio import Redis

from ari_app.errors import StoreUnavailable
from ari_app.store.client import connect, disconnect
from ari_app.store.redis import RedisStore
from tests.bench.bench_search import HOST

REDIS_PORT = 6390
TICKS = os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def redis_server() -> AsyncIterator[tuple[str, dict[str, int]]]:
    """That of the call centre; or one of our own, with its process: where it is, and which process can be seen."""
    if (url := os.environ.get("CC_REDIS_URL")) is not None:
        yield url, {}
        return
    if (program := shutil.which("redis-server")) is None:
        raise SystemExit("this needs CC_REDIS_URL, or redis-server (Debian: redis-server)")
    own = await asyncio.create_subprocess_exec(
        program, "--bind", HOST, "--port", str(REDIS_PORT), "--save", "", "--appendonly", "no",
        stdout=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    url = f"redis://{HOST}:{REDIS_PORT}/0"
    try:
        client = connect(url)
        async with asyncio.timeout(10):
            while not await _answers(client):  # noqa: ASYNC110 - Redis tells nobody that it is up
                await asyncio.sleep(0.05)
        await disconnect(client)
        yield url, {"redis": own.pid}
    finally:
        own.terminate()
        await own.wait()


async def _answers(client: Redis) -> bool:
    try:
        await RedisStore(client, "bench").ping()
    except StoreUnavailable:
        return False
    return True


def used(pid: int) -> float:
    """Seconds, user and system, of all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def used_by_all() -> float:
    """Seconds of all processes and the kernel; what the hypervisor took away counts, for nobody here had it."""
    fields = [int(text) for text in Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:9]]
    idle, waiting = fields[3:5]
    return (sum(fields) - idle - waiting) / TICKS


class Meter:
    """Seconds of CPU by name, summed over the times between `start` and `stop`; `others` is who is not named."""

    def __init__(self, processes: Mapping[str, int]) -> None:
        self._processes = processes
        self._before: dict[str, float] = {}
        self.seconds: dict[str, float] = dict.fromkeys((*processes, "others", "clock"), 0.0)

    def start(self) -> None:
        """From now."""
        self._before = self._now()

    def stop(self) -> None:
        """Until now."""
        for name, value in self._now().items():
            self.seconds[name] += value - self._before[name]

    def _now(self) -> dict[str, float]:
        each = {name: used(pid) for name, pid in self._processes.items()}
        return {**each, "others": used_by_all() - sum(each.values()), "clock": time.monotonic()}

    def shares(self) -> dict[str, float]:
        """Percent of one core."""
        return {
            name: round(100 * value / self.seconds["clock"], 1)
            for name, value in self.seconds.items()
            if name != "clock"
        }
