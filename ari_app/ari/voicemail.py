"""What a caller says, as a file of Asterisk's.

Asterisk 22: it records a channel that is in no bridge (`res_stasis_recording.c`), beeps, and ends by itself: by a key,
by silence, by length, or with the channel; RecordingFinished says how long it is, and how long of that somebody spoke.
A file that is there already is refused, as one is that is being written (409). What it took of a channel that ends
before it begins is dropped without an event and a file (`control_flush_queue`): the channel's end is all there is.
"""

from collections.abc import Callable

from ari_app.ari.bridge_media import FORMAT, is_written
from ari_app.ari.client import AriClient
from ari_app.ari.failures import Conflict
from ari_app.calls.effects import RecordMessage


class Messages:
    """`on_recorded` gets the name of a file that is complete, though it was to be begun: its end was reported to
    nobody."""

    def __init__(self, client: AriClient, on_recorded: Callable[[str], None]) -> None:
        self._client = client
        self._on_recorded = on_recorded

    async def record(self, effect: RecordMessage) -> None:
        """Raises: AriError."""
        try:
            await self._client.call(
                "channels",
                "record",
                channelId=effect.leg,
                name=effect.recording,
                format=FORMAT,
                maxDurationSeconds=effect.longest,
                maxSilenceSeconds=effect.silence,
                ifExists="fail",
                beep=True,
                terminateOn="#",
            )
        except Conflict:
            if await is_written(self._client, effect.recording):
                return
            # Not there either, it was refused for another reason: NotFound says so.
            await self._client.call("recordings", "getStored", recordingName=effect.recording)
            self._on_recorded(effect.recording)
