"""What is free in the middle of the heap goes back."""

import asyncio
import subprocess
import sys

import pytest

from ari_app import trimming

# In a process of its own, whose heap nobody has used before: by how many bytes it is smaller afterwards.
_HOLES = """
import os
from ari_app.trimming import trim

def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

lasting, passing = [], []
for _ in range(400):
    passing.append(bytearray(b"x" * 100_000))
    lasting.append(bytearray(600))
del passing
before = resident()
trim()
print(before - resident())
"""


def test_holes_between_what_lasts_take_no_memory() -> None:
    done = subprocess.run([sys.executable, "-c", _HOLES], capture_output=True, text=True, check=True)  # noqa: S603
    assert int(done.stdout) > 10_000_000


async def test_it_is_done_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    done = asyncio.Semaphore(0)
    monkeypatch.setattr(trimming, "EVERY", 0)
    monkeypatch.setattr(trimming, "trim", done.release)
    task = asyncio.create_task(trimming.keep_trimming())
    async with asyncio.timeout(5):
        for _ in range(3):
            await done.acquire()
    task.cancel()
