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


async def check_room(recordings: Path | None) -> None:
    """Raises: Refused `disk_full` where too little is left of the disk with this directory. None: nobody knows."""
    if recordings is None:
        return
    try:
        disk = await asyncio.to_thread(os.statvfs, recordings)
    except OSError as error:
        log.warning("recordings_not_seen", directory=str(recordings), reason=error.strerror)
        return
    if disk.f_bavail * disk.f_frsize < ROOM or (disk.f_files > 0 and disk.f_favail == 0):
        raise Refused(Code.DISK_FULL, "there is no room left for recordings: delete some, or have the disk made larger")
