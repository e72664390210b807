"""What Asterisk is asked for each effect."""

from typing import Any

import pytest

from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, ChannelGone, Conflict, InvalidState, NotFound, Unprocessable
from ari_app.ari.requests import Requests
from ari_app.calls.effects import (
    Announce,
    AnswerLeg,
    AsteriskEffect,
    CreateBridge,
    CreateLeg,
    CreateSnoop,
    DestroyBridge,
    DetectTalk,
    DialLeg,
    HangUp,
    JoinBridge,
    LeaveBridge,
    PauseRecorder,
    PlayDtmf,
    PlayToBridge,
    ResumeRecorder,
    SetMute,
    ShowIdentity,
    StartMusic,
    StartRecorder,
    StartRinging,
    StartSilence,
    StopMusic,
    StopRecorder,
    StopRinging,
    StopSilence,
    TakeTransferKey,
    TellTransfer,
)
from ari_app.calls.model import Destination, DialplanEntry, Identity, Outside, Phone, TransferState

GONE = ChannelGone(404, "Channel not found")
ZOE = Identity("Zoé", "+336")


class Recorder(AriClient):
    """Keeps what is asked; refuses what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.refusals: dict[str, AriError] = {}
        self.answers: dict[str, object] = {}
        self.lacking: set[str] = set()

    def has(self, repository: str, operation: str) -> bool:
        return operation not in self.lacking

    async def call(self, repository: str, operation: str, **arguments: object) -> Any:
        self.asked.append((f"{repository}.{operation}", arguments))
        if (refusal := self.refusals.get(operation)) is not None:
            raise refusal
        return self.answers.get(operation)

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        asked, self.asked = self.asked, []
        return asked


@pytest.fixture
def client() -> Recorder:
    return Recorder()


@pytest.fixture
def requests(client: Recorder) -> Requests:
    return Requests(client, "callcontrol")


def of(operation: str, **arguments: object) -> tuple[str, dict[str, object]]:
    return f"channels.{operation}", {"channelId": "leg", **arguments}


@pytest.mark.parametrize(
    ("effect", "asked"),
    [
        (CreateBridge(1, "b"), ("bridges.createWithId", {"bridgeId": "b", "type": "mixing,dtmf_events"})),
        (DestroyBridge(1, "b"), ("bridges.destroy", {"bridgeId": "b"})),
        (
            JoinBridge(1, "leg", "b"),
            ("bridges.addChannel", {"bridgeId": "b", "channel": "leg", "inhibitConnectedLineUpdates": True}),
        ),
        (LeaveBridge(1, "leg", "b"), ("bridges.removeChannel", {"bridgeId": "b", "channel": "leg"})),
        (AnswerLeg(1, "leg"), of("answer")),
        (DialLeg(1, "leg", 14.6), of("dial", timeout=15)),
        (DialLeg(1, "leg", 0.1), of("dial", timeout=1)),
        (StartMusic(1, "leg", "jazz"), of("startMoh", mohClass="jazz")),
        (StopMusic(1, "leg"), of("stopMoh")),
        (StartRinging(1, "leg"), of("ring")),
        (StopRinging(1, "leg"), of("ringStop")),
        (StartSilence(1, "leg"), of("startSilence")),
        (StopSilence(1, "leg"), of("stopSilence")),
        (
            Announce(1, "leg", "p", "x", ("sound:a", "sound:b")),
            of("playWithId", playbackId="p", media=["sound:a", "sound:b"]),
        ),
        (HangUp(1, "leg"), of("hangup", reason="normal")),
        (HangUp(1, "leg", answered_elsewhere=True), of("hangup", reason="answered_elsewhere")),
        (DetectTalk(1, "leg", 1.25), of("setChannelVars", variables={"TALK_DETECT(set)": "1250"})),
        (DetectTalk(1, "leg", None), of("setChannelVars", variables={"TALK_DETECT(remove)": ""})),
        (
            ShowIdentity(1, "leg", ZOE),
            of(
                "setChannelVars",
                variables={
                    "CONNECTEDLINE(name,i)": "Zoé",
                    "CONNECTEDLINE(pres,i)": "allowed",
                    "CONNECTEDLINE(num)": "+336",
                },
            ),
        ),
        (TakeTransferKey(1, "leg"), of("setChannelVars", variables={"PJSIP_TRANSFER_HANDLING()": "ari-only"})),
        *(
            (TellTransfer(1, "leg", state), of("transfer_progress", states=said))
            for state, said in {
                TransferState.RINGING: "channel_progress",
                TransferState.ANSWERED: "channel_answered",
                TransferState.DECLINED: "channel_declined",
                TransferState.UNAVAILABLE: "channel_unavailable",
            }.items()
        ),
    ],
)
async def test_an_effect_is_one_request(
    requests: Requests, client: Recorder, effect: AsteriskEffect, asked: tuple[str, dict[str, object]]
) -> None:
    await requests.perform(effect)
    assert client.take() == [asked]


async def test_digits_are_sent_one_by_one_so_that_other_requests_come_between(
    requests: Requests, client: Recorder
) -> None:
    await requests.perform(PlayDtmf(1, "leg", "1#"))
    assert [operation for operation, _ in client.take()] == [
        "channels.sendDTMF",
        "channels.setChannelVar",
        "channels.sendDTMF",
        "channels.setChannelVar",
    ]


@pytest.mark.parametrize(
    ("destination", "endpoint", "other"),
    [
        (Phone("1001"), "PJSIP/1001", None),
        (Outside("+331", "carrier"), "PJSIP/+331@carrier", None),
        (DialplanEntry("4000"), "Local/4000@routing-points/n", "leg-2"),
    ],
)
async def test_a_leg_is_created_in_one_request_with_all_that_it_needs(
    requests: Requests, client: Recorder, destination: Destination, endpoint: str, other: str | None
) -> None:
    await requests.perform(CreateLeg(1, "leg", destination, ZOE, "call"))
    ((operation, arguments),) = client.take()
    assert operation == "channels.create"
    assert arguments.pop("otherChannelId", None) == other
    assert arguments == {
        "endpoint": endpoint,
        "app": "callcontrol",
        "appArgs": "_leg,call",
        "channelId": "leg",
        "variables": {
            "HOLD_INTERCEPT(set)": "",
            "CONNECTEDLINE(name,i)": "Zoé",
            "CONNECTEDLINE(num,i)": "+336",
        },
    }


async def test_an_anonymous_leg_carries_neither_name_nor_number(requests: Requests, client: Recorder) -> None:
    await requests.perform(CreateLeg(1, "leg", Phone("1001"), Identity("Zoé", "+336", anonymous=True), "call"))
    ((_, arguments),) = client.take()
    assert arguments["variables"] == {"HOLD_INTERCEPT(set)": "", "CONNECTEDLINE(pres,i)": "prohib"}


async def test_an_answered_phone_is_told_anonymous_in_words(requests: Requests, client: Recorder) -> None:
    await requests.perform(ShowIdentity(1, "leg", Identity("Zoé", "+336", anonymous=True)))
    ((_, arguments),) = client.take()
    assert list(arguments["variables"].items()) == [
        ("CONNECTEDLINE(name,i)", "Anonymous"),
        ("CONNECTEDLINE(pres,i)", "allowed"),
        ("CONNECTEDLINE(num)", "anonymous"),
    ]


async def test_before_22_10_variables_are_set_one_by_one_in_order(requests: Requests, client: Recorder) -> None:
    client.lacking = {"setChannelVars"}
    await requests.perform(ShowIdentity(1, "leg", ZOE))
    assert [arguments["variable"] for _, arguments in client.take()] == [
        "CONNECTEDLINE(name,i)",
        "CONNECTEDLINE(pres,i)",
        "CONNECTEDLINE(num)",
    ]


async def test_only_a_phone_is_asked_to_answer_by_itself(requests: Requests, client: Recorder) -> None:
    for destination in (Phone("1001"), Outside("+331", "carrier")):
        await requests.perform(CreateLeg(1, "leg", destination, ZOE, "call", auto_answer=True))
    (_, phone), (_, outside) = client.take()
    assert phone["variables"]["PJSIP_HEADER(add,Call-Info)"].endswith(";answer-after=0")
    assert "auto" in phone["variables"]["PJSIP_HEADER(add,Alert-Info)"]
    assert not any(name.startswith("PJSIP_HEADER") for name in outside["variables"])


async def test_only_a_phones_transfer_key_is_taken(requests: Requests, client: Recorder) -> None:
    for destination in (Phone("1001"), Outside("+331", "carrier")):
        for ours in (True, False):
            await requests.perform(CreateLeg(1, "leg", destination, ZOE, "call", transfer_key=ours))
    taken = [arguments["variables"].get("PJSIP_TRANSFER_HANDLING()") for _, arguments in client.take()]
    assert taken == ["ari-only", None, None, None]


# -- muting -----------------------------------------------------------------------------------------------------------

STATES = [(False, False), (True, False), (False, True), (True, True)]


def switches(asked: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    return [(operation.removeprefix("channels."), arguments["direction"]) for operation, arguments in asked]


def after(before: tuple[bool, bool], asked: list[tuple[str, str]]) -> tuple[bool, bool]:
    """Asterisk's two switches after those requests."""
    state = dict(zip(("in", "out"), before, strict=True))
    for operation, direction in asked:
        for switch in ("in", "out") if direction == "both" else (direction,):
            state[switch] = operation == "mute"
    return state["in"], state["out"]


@pytest.mark.parametrize("wanted", STATES)
@pytest.mark.parametrize("before", STATES)
async def test_muting_known_before_takes_the_least_requests(
    requests: Requests, client: Recorder, before: tuple[bool, bool], wanted: tuple[bool, bool]
) -> None:
    requests.arrived("leg")
    await requests.perform(SetMute(1, "leg", *before))
    client.take()
    await requests.perform(SetMute(2, "leg", *wanted))
    asked = switches(client.take())
    assert after(before, asked) == wanted
    assert len(asked) == (0 if before == wanted else 2 if sorted(before) == sorted(wanted) else 1)


@pytest.mark.parametrize("wanted", STATES)
@pytest.mark.parametrize("before", STATES)
async def test_muting_unknown_before_is_exact_all_the_same(
    requests: Requests, client: Recorder, before: tuple[bool, bool], wanted: tuple[bool, bool]
) -> None:
    await requests.perform(SetMute(1, "leg", *wanted))
    asked = switches(client.take())
    assert after(before, asked) == wanted
    assert [operation for operation, _ in asked] == sorted(operation for operation, _ in asked)


async def test_after_a_refused_muting_nothing_is_known(requests: Requests, client: Recorder) -> None:
    requests.arrived("leg")
    client.refusals["mute"] = InvalidState(412, "Channel in invalid state")
    with pytest.raises(InvalidState):
        await requests.perform(SetMute(1, "leg", nobody_hears=True, hears_nobody=False))
    client.refusals.clear()
    client.take()
    await requests.perform(SetMute(2, "leg", nobody_hears=False, hears_nobody=False))
    assert switches(client.take()) == [("unmute", "both")]


async def test_after_a_lost_connection_no_muting_is_known(requests: Requests, client: Recorder) -> None:
    requests.arrived("leg")
    requests.cut_off()
    await requests.perform(SetMute(1, "leg", nobody_hears=False, hears_nobody=False))
    assert switches(client.take()) == [("unmute", "both")]


# -- refusals that mean done ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "operation", "refusal"),
    [
        (DestroyBridge(1, "b"), "destroy", NotFound(404, "Bridge not found")),
        (HangUp(1, "leg"), "hangup", GONE),
        (LeaveBridge(1, "leg", "b"), "removeChannel", NotFound(404, "Bridge not found")),
        (LeaveBridge(1, "leg", "b"), "removeChannel", Unprocessable(422, "Channel not in this bridge")),
        (CreateBridge(1, "b"), "createWithId", Conflict(409, "Bridge with id 'b' already exists")),
        (CreateLeg(1, "leg", Phone("1"), ZOE, "call"), "create", Conflict(409, "already exists")),
        (DialLeg(1, "leg", 5), "dial", Conflict(409, "Channel is not in the 'Down' state")),
    ],
)
async def test_a_refusal_because_it_is_so_already_is_done(
    requests: Requests, client: Recorder, effect: AsteriskEffect, operation: str, refusal: AriError
) -> None:
    client.refusals[operation] = refusal
    await requests.perform(effect)


@pytest.mark.parametrize(
    ("effect", "refusals"),
    [
        (CreateBridge(1, "b"), {"createWithId": Conflict(409, "exists"), "get": NotFound(404, "Bridge not found")}),
        (
            CreateLeg(1, "leg", Phone("1"), ZOE, "call"),
            {"create": Conflict(409, "exists"), "get": ChannelGone(404, "Channel not found")},
        ),
        (LeaveBridge(1, "leg", "b"), {"removeChannel": ChannelGone(400, "Channel not found")}),
        (JoinBridge(1, "leg", "b"), {"addChannel": Unprocessable(422, "Channel not in Stasis")}),
        (DialLeg(1, "leg", 5), {"dial": Conflict(409, "something else")}),
    ],
)
async def test_any_other_refusal_is_an_error(
    requests: Requests, client: Recorder, effect: AsteriskEffect, refusals: dict[str, AriError]
) -> None:
    client.refusals = refusals
    with pytest.raises(AriError):
        await requests.perform(effect)


async def test_a_creation_that_conflicts_with_nothing_is_not_a_leg_that_is_gone(
    requests: Requests, client: Recorder
) -> None:
    client.refusals = {"create": Conflict(409, "exists"), "get": GONE}
    with pytest.raises(AriError) as caught:
        await requests.perform(CreateLeg(1, "leg", Phone("1"), ZOE, "call"))
    assert not isinstance(caught.value, ChannelGone)


# -- what must not happen twice ---------------------------------------------------------------------------------------


async def test_a_leg_is_dialled_once_and_a_new_one_again(requests: Requests, client: Recorder) -> None:
    for _ in range(2):
        await requests.perform(DialLeg(1, "leg", 5))
    assert len(client.take()) == 1
    requests.forget("leg")
    await requests.perform(DialLeg(1, "leg", 5))
    assert len(client.take()) == 1


async def test_of_legs_that_went_while_nobody_listened_nothing_is_kept(requests: Requests, client: Recorder) -> None:
    for leg in ("here", "gone"):
        await requests.perform(DialLeg(1, leg, 5))
    client.take()
    requests.keep({"here"}, set())
    for leg in ("here", "gone"):
        await requests.perform(DialLeg(1, leg, 5))
    assert [arguments["channelId"] for _, arguments in client.take()] == ["gone"]


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


# -- bridges: recorded, and played to ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("effect", "asked"),
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
async def test_what_is_asked_of_a_bridge(
    requests: Requests, client: Recorder, effect: AsteriskEffect, asked: tuple[str, dict[str, object]]
) -> None:
    await requests.perform(effect)
    assert client.take() == [asked]


async def test_a_recording_that_runs_is_started_and_one_that_is_over_is_not(
    requests: Requests, client: Recorder
) -> None:
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


async def test_stopping_what_is_over_is_done_and_pausing_it_fails(requests: Requests, client: Recorder) -> None:
    client.refusals |= dict.fromkeys(("stop", "pause", "unpause"), NotFound(404, "Recording not found"))
    await requests.perform(StopRecorder(1, "b", "x"))
    for effect in (PauseRecorder(2, "b", "x"), ResumeRecorder(3, "b", "x")):
        with pytest.raises(NotFound):
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


# -- announcements in the way -----------------------------------------------------------------------------------------


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


async def test_what_bridges_were_played_is_forgotten_with_them(requests: Requests, client: Recorder) -> None:
    play = PlayToBridge(1, "b", "p", "prompt", ("sound:a",))
    await requests.perform(play)
    requests.keep(set(), {"b"})
    await requests.perform(play)
    assert len(client.take()) == 1
    requests.keep(set(), set())
    await requests.perform(play)
    assert len(client.take()) == 1
