"""What is free in the middle of the heap goes back."""

import asyncio
import os
from pathlib import Path

import pytest

from ari_app import trimming

_PAGE = os.sysconf("SC_PAGE_SIZE")
_MB = 1_000_000


def resident() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


def test_holes_between_what_lasts_take_no_memory() -> None:
    lasting, passing = [], []
    for _ in range(400):
        passing.append(bytearray(b"x" * 100_000))
        lasting.append(bytearray(600))
    del passing
    before = resident()
    trimming.trim()
    assert before - resident() > 10 * _MB
    assert len(lasting) == 400


async def test_it_is_done_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    done = asyncio.Semaphore(0)
    monkeypatch.setattr(trimming, "EVERY", 0)
    monkeypatch.setattr(trimming, "trim", done.release)
    task = asyncio.create_task(trimming.keep_trimming())
    async with asyncio.timeout(5):
        for _ in range(3):
            await done.acquire()
    task.cancel()
