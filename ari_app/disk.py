"""Whether there is room for a recording: Asterisk says nothing of a disk that is full before two seconds are lost.

It keeps so much back before it writes, and then ends the recording as if that had been requested.
"""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import structlog

from ari_app.calls.model import least_left
from ari_app.errors import Code, Refused

log = structlog.get_logger(__name__)

ROOM = 32 * 1024 * 1024
"""Bytes below which no recording is begun: half an hour of one, three minutes of ten."""


LOOK_SECONDS = 2.0
"""Every so often it is looked at: callers fill a disk with 16 kB a second each."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes that are left for recordings, and of how many; none where it takes no more files."""

    left: int
    size: int

    @property
    def takes_messages(self) -> bool:
        """Whether there is room for what callers leave: that ends before agents can record no more."""
        return self.left >= least_left(self.size)


def measured(recordings: Path) -> Disk:
    """The disk with this directory.

    Raises:
        OSError: the directory is not seen.
    """
    disk = os.statvfs(recordings)
    no_files = disk.f_files > 0 and disk.f_favail == 0
    return Disk(0 if no_files else disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize)


async def check_room(recordings: Path | None) -> None:
    """Raises: Refused `disk_full` where too little is left of the disk with this directory. None: nobody knows."""
    if recordings is None:
        return
    try:
        room = (await asyncio.to_thread(measured, recordings)).left
    except OSError as error:
        log.warning("recordings_not_seen", directory=str(recordings), reason=error.strerror)
        return
    if room < ROOM:
        raise Refused(Code.DISK_FULL, "there is no room left for recordings: delete some, or have the disk made larger")


async def keep_looking(recordings: Path | None, found: Callable[[Disk], None], every: float = LOOK_SECONDS) -> None:
    """Measure the disk with this directory again and again; until it is cancelled. What is not seen is reported by who
    records there (`check_room`)."""
    while recordings is not None:
        try:
            found(await asyncio.to_thread(measured, recordings))
        except OSError:
            log.debug("recordings_not_seen", directory=str(recordings))
        await asyncio.sleep(every)
