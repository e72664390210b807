"""What is recorded of a bridge and played to it, as requests.

Measured on 22.10: Asterisk puts a channel of its own into the bridge (which `/channels` does not list) and the two who
talk there miss no frame by it, neither when it comes nor when it goes. The file has the mix of all who are in the
bridge and not muted, and is complete some milliseconds after `stop`, or after the bridge is destroyed. The recorder
alone in a bridge is thrown out when the last leg leaves; the same file can be appended to without a gap or a fault in
its header. A file that cannot be opened or written ends as if it had been stopped: by RecordingFinished.
"""

import asyncio
from collections.abc import Set
from typing import Any, assert_never

from ari_app.ari.client import AriClient
from ari_app.ari.failures import Conflict, NotFound
from ari_app.ari.waits import Wait
from ari_app.calls.effects import (
    PauseRecorder,
    PlayToBridge,
    RecorderEffect,
    ResumeRecorder,
    StartRecorder,
    StopRecorder,
)
from ari_app.calls.model import BridgeId

FORMAT = "wav"
LIVE = frozenset({"queued", "recording", "paused"})
FORGOTTEN_AFTER = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64)
"""Seconds between attempts to write on a file whose recorder has just ended: mostly the first is enough, but the thread
that still has to forget it (res_stasis_recording.c: recording_cleanup) waits for its turn on a machine that is busy."""


async def is_written(client: AriClient, recording: str) -> bool:
    """Whether Asterisk writes this file. One that was just stopped is found for a while, and is no longer written.

    Raises: AriError.
    """
    try:
        live = await client.call("recordings", "getLive", recordingName=recording)
    except NotFound:
        return False
    return live["state"] in LIVE


class BridgeMedia:
    """Carries these effects out. Knows which prompts were requested of a bridge: Asterisk would play them twice."""

    def __init__(self, client: AriClient, kept: Wait) -> None:
        self._client = client
        self._kept = kept
        self._played: dict[BridgeId, set[str]] = {}

    async def perform(self, effect: RecorderEffect | PlayToBridge) -> None:
        """Do it; returns when Asterisk has answered.

        Raises:
            AriError: Asterisk refused.
        """
        match effect:
            case StartRecorder(bridge=bridge, recording=recording):
                await self._start(bridge, recording)
            case PauseRecorder(recording=recording):
                await self._live("pause", recording)
            case ResumeRecorder(recording=recording):
                await self._live("unpause", recording)
            case StopRecorder(recording=recording):
                try:
                    await self._live("stop", recording)
                except (NotFound, Conflict):
                    return  # it has ended: 409 while Asterisk has not yet forgotten it
            case PlayToBridge(bridge=bridge, announcement=announcement, sounds=sounds):
                await self._play(bridge, announcement, sounds)
            case _:
                assert_never(effect)

    async def _start(self, bridge: BridgeId, recording: str) -> None:
        # Nothing of Asterisk's lists it: of one begun by a controller that dies before that is kept, nobody would know.
        await self._kept()
        for wait in (*FORGOTTEN_AFTER, None):
            try:
                await self._client.call(
                    "bridges",
                    "record",
                    bridgeId=bridge,
                    name=recording,
                    format=FORMAT,
                    ifExists="append",
                    beep=False,
                    terminateOn="none",
                )
            except Conflict:
                if await is_written(self._client, recording):
                    return
                if wait is None:
                    raise
                await asyncio.sleep(wait)
            else:
                return

    async def _live(self, operation: str, recording: str) -> Any:
        return await self._client.call("recordings", operation, recordingName=recording)

    async def _play(self, bridge: BridgeId, announcement: str, sounds: tuple[str, ...]) -> None:
        if announcement in self._played.get(bridge, ()):
            return
        await self._client.call("bridges", "playWithId", bridgeId=bridge, playbackId=announcement, media=list(sounds))
        self._played.setdefault(bridge, set()).add(announcement)

    def keep(self, bridges: Set[BridgeId]) -> None:
        """After reconciliation: only these are still there."""
        self._played = {bridge: played for bridge, played in self._played.items() if bridge in bridges}

    def forget(self, bridge: BridgeId) -> None:
        """The bridge is gone."""
        self._played.pop(bridge, None)
