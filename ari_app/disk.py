"""Whether there is room for a recording: Asterisk says nothing of a disk that is full before two seconds are lost.

It keeps so much back before it writes, and then ends the recording as if that had been requested.
"""

import asyncio
import os
from pathlib import Path

import structlog

from ari_app.errors import Code, Refused

log = structlog.get_logger(__name__)

ROOM = 32 * 1024 * 1024
"""Bytes below which no recording is begun: half an hour of one, three minutes of ten."""


def left(recordings: Path) -> int:
    """Bytes that are left for recordings of the disk with this directory; 0 where it takes no more files.

    Raises:
        OSError: the directory is not seen.
    """
    disk = os.statvfs(recordings)
    return 0 if disk.f_files > 0 and disk.f_favail == 0 else disk.f_bavail * disk.f_frsize


async def check_room(recordings: Path | None) -> None:
    """Raises: Refused `disk_full` where too little is left of the disk with this directory. None: nobody knows."""
    if recordings is None:
        return
    try:
        room = await asyncio.to_thread(left, recordings)
    except OSError as error:
        log.warning("recordings_not_seen", directory=str(recordings), reason=error.strerror)
        return
    if room < ROOM:
        raise Refused(Code.DISK_FULL, "there is no room left for recordings: delete some, or have the disk made larger")
