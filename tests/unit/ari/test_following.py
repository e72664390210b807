"""What may be sent for a leg before what was sent for it is answered."""

from collections.abc import Sequence

import pytest

from ari_app.ari.requests import Requests
from ari_app.calls.effects import (
    Announce,
    AnswerLeg,
    AsteriskEffect,
    CreateBridge,
    CreateLeg,
    DetectTalk,
    DialLeg,
    HangUp,
    JoinBridge,
    LeaveBridge,
    PlayDtmf,
    RecordMessage,
    SetMute,
    ShowIdentity,
    StartMusic,
    StartSilence,
    StopMusic,
    StopRinging,
    TakeTransferKey,
    TellTransfer,
)
from ari_app.calls.model import Identity, Phone, TransferState
from tests.unit.ari.requested import ZOE, Recorder

JOIN, LEAVE = JoinBridge(1, "leg", "b"), LeaveBridge(1, "leg", "b")


@pytest.mark.parametrize(
    ("effect", "unanswered", "may"),
    [
        (StopMusic(1, "leg"), [], True),
        (StartMusic(1, "leg", "jazz"), [StopMusic(1, "leg"), LEAVE], True),
        (StopRinging(1, "leg"), [], True),
        (StartSilence(1, "leg"), [], True),
        (AnswerLeg(1, "leg"), [], True),
        (JOIN, [], True),
        (JOIN, [StopMusic(1, "leg")], True),
        (JOIN, [StopMusic(1, "leg"), LEAVE], False),
        (LEAVE, [JOIN], False),
        (DialLeg(1, "leg"), [JOIN], True),
        (ShowIdentity(1, "leg", ZOE), [JOIN], True),
        (DetectTalk(1, "leg", 1.0), [], True),
        (SetMute(1, "leg", True, False), [], True),
        (SetMute(1, "leg", False, False), [], True),  # it is so already
        (Announce(1, "leg", "p", "x", ("sound:a",)), [], False),
        (RecordMessage(1, "leg", "file", 60, 5), [], False),
        (PlayDtmf(1, "leg", "1"), [], False),
        (HangUp(1, "leg"), [], False),
        (CreateLeg(1, "leg", Phone("1001"), Identity(), "call"), [], False),
        (TakeTransferKey(1, "leg"), [], False),
        (TellTransfer(1, "leg", TransferState.RINGING), [], False),
        (CreateBridge(1, "b"), [], False),
    ],
)
def test_what_is_one_request_may_follow_but_a_move_no_other(
    requests: Requests, effect: AsteriskEffect, unanswered: Sequence[AsteriskEffect], may: bool
) -> None:
    requests.arrived("leg")
    assert requests.may_follow(effect, unanswered) is may


async def test_a_mute_of_two_switches_or_of_a_leg_of_which_nobody_knows_follows_nothing(requests: Requests) -> None:
    assert not requests.may_follow(SetMute(1, "leg", True, False), [])
    requests.arrived("leg")
    await requests.perform(SetMute(1, "leg", True, False))
    assert not requests.may_follow(SetMute(2, "leg", False, True), [])
    assert requests.may_follow(SetMute(2, "leg", True, True), [])
    requests.cut_off()
    assert not requests.may_follow(SetMute(3, "leg", True, True), [])


async def test_what_must_end_a_prompt_first_follows_nothing(requests: Requests) -> None:
    requests.arrived("leg")
    await requests.perform(Announce(1, "leg", "p", "x", ("sound:a",)))
    assert not requests.may_follow(StopMusic(2, "leg"), [])
    requests.finished("leg", "p")
    assert requests.may_follow(StopMusic(2, "leg"), [])


def test_variables_one_by_one_follow_nothing(requests: Requests, client: Recorder) -> None:
    client.lacking.add("setChannelVars")
    assert not requests.may_follow(ShowIdentity(1, "leg", ZOE), [])
    assert not requests.may_follow(DetectTalk(1, "leg", 1.0), [])
