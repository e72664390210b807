"""Files of recordings, as Asterisk has them: measured, fetched without being held here, and deleted."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, NotFound
from ari_app.errors import Code, Refused


@dataclass(frozen=True, slots=True)
class Sound:
    """A file on its way. `length` in bytes."""

    length: int | None
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Measured:
    """A file that is complete: bytes, and for how long it plays."""

    size: int
    seconds: float


def _measured(size: int, begin: bytes) -> Measured:
    """By the header of a WAV file, as Asterisk writes it: 44 bytes, then the sound."""
    rate = int.from_bytes(begin[28:32], "little") if begin[:4] == b"RIFF" and begin[8:12] == b"WAVE" else 0
    return Measured(size, max(0, size - _HEADER) / rate if rate else 0.0)


_HEADER = 44


class StoredRecordings:
    """Those of one Asterisk, by their names without ending."""

    def __init__(self, client: AriClient) -> None:
        self._client = client

    @asynccontextmanager
    async def open(self, file: str) -> AsyncIterator[Sound]:
        """The file, for as long as it is read.

        Raises:
            Refused: `not_found`.
            AriError: Asterisk is away, also in the midst of it.
        """
        try:
            async with self._client.recording(file) as (length, chunks):
                yield Sound(length, chunks)
        except NotFound:
            raise _not_found() from None

    async def measured(self, file: str) -> Measured | None:
        """None while it is still written.

        Raises:
            Refused: `not_found`.
            AriError: Asterisk is away.
        """
        try:
            await self._call("getLive", file)
        except NotFound:
            pass
        else:
            return None
        begin = b""
        async with self.open(file) as sound:
            async for chunk in sound.chunks:
                begin += chunk
                if len(begin) >= _HEADER:
                    break
            return _measured(sound.length or len(begin), begin)

    async def has(self, file: str) -> bool:
        """Whether it is there, and complete.

        Raises:
            AriError: Asterisk is away.
        """
        try:
            await self._call("getStored", file)
        except NotFound:
            return False
        return True

    async def delete(self, file: str) -> None:
        """One that is not there counts as done.

        Raises:
            AriError: Asterisk is away.
        """
        try:
            await self._call("deleteStored", file)
        except NotFound:
            return

    async def _call(self, operation: str, file: str) -> None:
        """Of an Asterisk that nobody here is connected to, too: that of another controller, or at a terminal."""
        await self._client.describe()
        await self._client.call("recordings", operation, recordingName=file)


class AllStoredRecordings:
    """Those of all Asterisks: a call's are where it is, and their names say nothing of that."""

    def __init__(self, places: Sequence[StoredRecordings]) -> None:
        self._places = places

    @asynccontextmanager
    async def open(self, file: str) -> AsyncIterator[Sound]:
        """The first that has it.

        Raises:
            Refused: `not_found`.
            AriError: one that may have it is away.
        """
        away: AriError | None = None
        for place in self._places:
            async with AsyncExitStack() as stack:
                try:
                    sound = await stack.enter_async_context(place.open(file))
                except AriError as error:
                    away = error
                except Refused:
                    pass
                else:
                    yield sound
                    return
        raise away or _not_found()

    async def measured(self, file: str) -> Measured | None:
        """By the first that has it; None while it is still written.

        Raises:
            Refused: `not_found`.
            AriError: one that may have it is away.
        """
        away: AriError | None = None
        for place in self._places:
            try:
                return await place.measured(file)
            except AriError as error:
                away = error
            except Refused:
                pass
        raise away or _not_found()

    async def delete(self, file: str) -> None:
        """From all.

        Raises:
            AriError: one of them is away.
        """
        for place in self._places:
            await place.delete(file)


def _not_found() -> Refused:
    return Refused(Code.NOT_FOUND, "there is no such recording, or its file is gone")
