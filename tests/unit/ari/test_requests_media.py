"""What is requested of Asterisk where something is played, recorded or overheard."""

import asyncio

import pytest

from ari_app.ari import bridge_media
from ari_app.ari.failures import AriError, ChannelGone, Conflict, InvalidState, NotFound
from ari_app.ari.requests import Requests
from ari_app.calls.effects import (
    Announce,
    AnswerLeg,
    AsteriskEffect,
    CreateSnoop,
    HangUp,
    JoinBridge,
    LeaveBridge,
    PauseRecorder,
    PlayDtmf,
    PlayToBridge,
    RecordMessage,
    ResumeRecorder,
    SetMute,
    ShowIdentity,
    StartMusic,
    StartRecorder,
    StopMusic,
    StopRecorder,
)
from tests.unit.ari.requested import GONE, ZOE, Recorder, of

# -- announcements: played once, and in the way ----------------------------------------------------------------------


async def test_an_announcement_is_played_once(requests: Requests, client: Recorder) -> None:
    announce = Announce(1, "leg", "p", "x", ("sound:a",))
    await requests.perform(announce)
    await requests.perform(announce)
    requests.finished("leg", "p")
    await requests.perform(announce)
    assert len(client.take()) == 1


async def test_an_announcement_that_was_refused_may_be_tried_again(requests: Requests, client: Recorder) -> None:
    announce = Announce(1, "leg", "p", "x", ("sound:a",))
    client.refusals["playWithId"] = InvalidState(412, "Channel in invalid state")
    with pytest.raises(InvalidState):
        await requests.perform(announce)
    client.refusals.clear()
    await requests.perform(announce)
    assert len(client.take()) == 2


@pytest.mark.parametrize(
    "effect",
    [
        JoinBridge(2, "leg", "b"),
        LeaveBridge(2, "leg", "b"),
        AnswerLeg(2, "leg"),
        SetMute(2, "leg", nobody_hears=True, hears_nobody=False),
        PlayDtmf(2, "leg", "1"),
        ShowIdentity(2, "leg", ZOE),
        StartMusic(2, "leg", "default"),
    ],
)
async def test_an_announcement_is_stopped_before_what_would_wait_for_its_end(
    requests: Requests, client: Recorder, effect: AsteriskEffect
) -> None:
    await requests.perform(Announce(1, "leg", "p", "x", ("sound:a",)))
    client.take()
    await requests.perform(effect)
    assert client.take()[0] == ("playbacks.stop", {"playbackId": "p"})
    await requests.perform(effect)
    assert all(operation != "playbacks.stop" for operation, _ in client.take())


async def test_an_announcement_that_ended_is_not_stopped(requests: Requests, client: Recorder) -> None:
    await requests.perform(Announce(1, "leg", "p", "x", ("sound:a",)))
    requests.finished("leg", "p")
    client.take()
    await requests.perform(JoinBridge(2, "leg", "b"))
    assert [operation for operation, _ in client.take()] == ["bridges.addChannel"]


async def test_an_announcement_that_ended_meanwhile_is_no_error(requests: Requests, client: Recorder) -> None:
    await requests.perform(Announce(1, "leg", "p", "x", ("sound:a",)))
    client.refusals["stop"] = NotFound(404, "Playback not found")
    await requests.perform(JoinBridge(2, "leg", "b"))


async def test_a_hang_up_does_not_stop_to_end_an_announcement(requests: Requests, client: Recorder) -> None:
    await requests.perform(Announce(1, "leg", "p", "x", ("sound:a",)))
    client.take()
    await requests.perform(HangUp(2, "leg"))
    assert [operation for operation, _ in client.take()] == ["channels.hangup"]


# -- bridges: recorded, and played to ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "requested"),
    [
        (
            StartRecorder(1, "b", "calls/x"),
            (
                "bridges.record",
                {
                    "bridgeId": "b",
                    "name": "calls/x",
                    "format": "wav",
                    "ifExists": "append",
                    "beep": False,
                    "terminateOn": "none",
                },
            ),
        ),
        (PauseRecorder(1, "b", "calls/x"), ("recordings.pause", {"recordingName": "calls/x"})),
        (ResumeRecorder(1, "b", "calls/x"), ("recordings.unpause", {"recordingName": "calls/x"})),
        (StopRecorder(1, "b", "calls/x"), ("recordings.stop", {"recordingName": "calls/x"})),
        (
            PlayToBridge(1, "b", "p", "prompt", ("sound:a", "sound:b")),
            ("bridges.playWithId", {"bridgeId": "b", "playbackId": "p", "media": ["sound:a", "sound:b"]}),
        ),
    ],
)
async def test_what_is_requested_of_a_bridge(
    requests: Requests, client: Recorder, effect: AsteriskEffect, requested: tuple[str, dict[str, object]]
) -> None:
    await requests.perform(effect)
    assert client.take() == [requested]


async def test_a_recording_that_runs_is_started_and_one_that_is_over_is_not(
    requests: Requests, client: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge_media, "FORGOTTEN_AFTER", (0.0, 0.0))
    client.refusals["record"] = Conflict(409, "already exists")
    client.answers["getLive"] = {"state": "paused"}
    await requests.perform(StartRecorder(1, "b", "x"))
    assert client.take()[-1] == ("recordings.getLive", {"recordingName": "x"})
    client.answers["getLive"] = {"state": "done"}
    with pytest.raises(Conflict):
        await requests.perform(StartRecorder(2, "b", "x"))
    client.refusals["getLive"] = NotFound(404, "Recording not found")
    client.take()
    with pytest.raises(Conflict):
        await requests.perform(StartRecorder(3, "b", "x"))
    assert [name for name, _ in client.take()] == ["bridges.record", "recordings.getLive"] * 3


async def test_what_is_to_be_recorded_is_kept_before_it_is(client: Recorder) -> None:
    """A controller that dies in between leaves no recorder of which the next one does not know."""

    async def kept() -> None:
        client.requested.append(("kept", {}))

    requests = Requests(client, "callcontrol", kept=kept)
    await requests.perform(StartRecorder(1, "b", "x"))
    assert [name for name, _ in client.take()] == ["kept", "bridges.record"]


async def test_a_recording_that_has_just_ended_is_written_on_as_soon_as_asterisk_has_forgotten_it(
    requests: Requests, client: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a busy machine that takes it a while, in which many attempts would fail, and the recording with them."""
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)
        if sum(waited) > 0.5:
            client.refusals.clear()

    monkeypatch.setattr(asyncio, "sleep", wait)
    client.refusals["record"] = Conflict(409, "already exists")
    client.answers["getLive"] = {"state": "done"}
    await requests.perform(StartRecorder(1, "b", "x"))
    assert waited[0] <= 0.01
    assert len(waited) < 10


@pytest.mark.parametrize("over", [NotFound(404, "Recording not found"), Conflict(409, "Recording not in session")])
async def test_stopping_what_is_over_is_done_and_pausing_it_fails(
    requests: Requests, client: Recorder, over: AriError
) -> None:
    client.refusals |= dict.fromkeys(("stop", "pause", "unpause"), over)
    await requests.perform(StopRecorder(1, "b", "x"))
    for effect in (PauseRecorder(2, "b", "x"), ResumeRecorder(3, "b", "x")):
        with pytest.raises(type(over)):
            await requests.perform(effect)


async def test_a_prompt_is_played_to_a_bridge_once_unless_it_was_refused(requests: Requests, client: Recorder) -> None:
    client.refusals["playWithId"] = AriError(500, "no")
    with pytest.raises(AriError):
        await requests.perform(PlayToBridge(1, "b", "p", "prompt", ("sound:a",)))
    client.refusals.clear()
    client.take()
    for number in (2, 3):
        await requests.perform(PlayToBridge(number, "b", "p", "prompt", ("sound:a",)))
    assert len(client.take()) == 1


async def test_what_bridges_were_played_is_forgotten_with_them(requests: Requests, client: Recorder) -> None:
    play = PlayToBridge(1, "b", "p", "prompt", ("sound:a",))
    await requests.perform(play)
    requests.keep(set(), {"b"})
    await requests.perform(play)
    assert len(client.take()) == 1
    requests.keep(set(), set())
    await requests.perform(play)
    assert len(client.take()) == 1


# -- snoops -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("whisper", "direction"), [(False, "none"), (True, "out")])
async def test_a_snoop_hears_both_ways_and_whispers_to_its_leg_alone(
    requests: Requests, client: Recorder, whisper: bool, direction: str
) -> None:
    await requests.perform(CreateSnoop(1, "snoop", "leg", whisper, "call"))
    said = {"spy": "both", "whisper": direction, "app": "callcontrol", "appArgs": "_leg,call"}
    assert client.take() == [of("snoopChannelWithId", snoopId="snoop", **said)]


@pytest.mark.parametrize("refusal", [AriError(500, "Snoop channel could not be created"), GONE])
async def test_a_snoop_that_is_refused_is_done_only_if_it_is_there(
    requests: Requests, client: Recorder, refusal: AriError
) -> None:
    client.refusals["snoopChannelWithId"] = refusal
    await requests.perform(CreateSnoop(1, "snoop", "leg", False, "call"))
    client.refusals["get"] = NotFound(404, "Channel not found")
    with pytest.raises(AriError) as failed:
        await requests.perform(CreateSnoop(2, "snoop", "leg", False, "call"))
    assert not isinstance(failed.value, ChannelGone)


class _BusyAtFirst(Recorder):
    """Refuses to stop a playback so many times: it has only just begun."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def call(self, repository: str, operation: str, **arguments: object) -> object:
        answer = await super().call(repository, operation, **arguments)
        if operation == "stop" and self.times:
            self.times -= 1
            raise AriError(500, "Could not stop playback")
        return answer


async def test_a_playback_that_has_just_begun_is_stopped_a_moment_later() -> None:
    client = _BusyAtFirst(2)
    requests = Requests(client, "callcontrol")
    await requests.perform(Announce(1, "leg", "p", "x", ("sound:a",)))
    await requests.perform(StopMusic(2, "leg"))
    assert [operation for operation, _ in client.take()] == [
        "channels.playWithId",
        *(["playbacks.stop"] * 3),
        "channels.stopMoh",
    ]


async def test_a_playback_that_cannot_be_stopped_is_an_error_in_the_end() -> None:
    client = _BusyAtFirst(100)
    requests = Requests(client, "callcontrol")
    await requests.perform(Announce(1, "leg", "p", "x", ("sound:a",)))
    with pytest.raises(AriError):
        await requests.perform(StopMusic(2, "leg"))


# -- messages ---------------------------------------------------------------------------------------------------------

_SAYS = RecordMessage(1, "leg", "calls/v1", 180, 6)


async def test_what_a_caller_says_is_recorded_after_what_is_played_to_them(client: Recorder) -> None:
    requests = Requests(client, "app")
    await requests.perform(Announce(1, "leg", "p", "greeting", ("sound:a",)))
    client.take()
    await requests.perform(_SAYS)
    assert client.take() == [
        ("playbacks.stop", {"playbackId": "p"}),
        (
            "channels.record",
            {
                "channelId": "leg",
                "name": "calls/v1",
                "format": "wav",
                "maxDurationSeconds": 180,
                "maxSilenceSeconds": 6,
                "ifExists": "fail",
                "beep": True,
                "terminateOn": "#",
            },
        ),
    ]


async def test_a_message_that_runs_goes_on_and_of_one_that_is_over_that_is_reported(client: Recorder) -> None:
    over: list[str] = []
    requests = Requests(client, "app", on_recorded=over.append)
    client.refusals["record"] = Conflict(409, "already exists")
    client.answers["getLive"] = {"state": "recording"}
    await requests.perform(_SAYS)
    assert over == []
    client.answers["getLive"] = {"state": "done"}
    await requests.perform(_SAYS)
    client.refusals["getLive"] = NotFound(404, "Recording not found")
    await requests.perform(_SAYS)
    assert over == ["calls/v1", "calls/v1"]
    client.refusals["getStored"] = NotFound(404, "Recording not found")
    with pytest.raises(NotFound):
        await requests.perform(_SAYS)
