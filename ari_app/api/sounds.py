"""Files of Asterisk that somebody hears by the API: recordings and messages.

Each that is fetched has a connection to Asterisk, which commands need as well: so all are counted together. Whoever
reads slowly keeps theirs for long; one session holds half of them at most.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from aiohttp import web

from ari_app.api.port import RecordedSound
from ari_app.api.problems import protect
from ari_app.errors import AsteriskUnavailable, Code, Refused

log = structlog.get_logger(__name__)

AT_ONCE, OF_ONE = 8, 4
"""Files that are fetched at once: of all, and of one session."""
STALLED = 15.0
"""Seconds after which whoever reads nothing of a file loses it."""
WAV = "audio/wav"


class Fetches:
    """How many files are being fetched."""

    def __init__(self) -> None:
        self._of: Counter[str] = Counter()  # by session

    @contextmanager
    def one(self, session: str) -> Iterator[None]:
        """The block fetches a file. Raises: Refused `too_many`."""
        if self._of.total() >= AT_ONCE:
            raise Refused(Code.TOO_MANY, f"{AT_ONCE} files are being fetched already; try again in a moment")
        if self._of[session] >= OF_ONE:
            raise Refused(Code.TOO_MANY, f"this session is fetching {OF_ONE} files already; try again in a moment")
        self._of[session] += 1
        try:
            yield
        finally:
            self._of[session] -= 1
            if not self._of[session]:
                del self._of[session]


async def send_sound(request: web.BaseRequest, name: str, file: str, sound: RecordedSound) -> web.StreamResponse:
    """Pass it on, chunk by chunk. Whoever is cut short finds less than `Content-Length`."""
    saved_as = file.rpartition("/")[2]
    response = web.StreamResponse(headers={"Content-Disposition": f'attachment; filename="{saved_as}.wav"'})
    response.content_type, response.content_length = WAV, sound.length
    protect(response, request)
    try:
        await response.prepare(request)
        if request.method != "HEAD":
            async for chunk in sound.chunks:
                async with asyncio.timeout(STALLED):
                    await response.write(chunk)
        await response.write_eof()
    except (AsteriskUnavailable, ConnectionError, TimeoutError) as error:
        log.warning("recording_cut_short", recording=name, error=type(error).__name__)
        if request.transport is not None:
            request.transport.abort()
    return response
