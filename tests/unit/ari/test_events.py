"""Events become facts, each once."""

from typing import Any

import pytest

from ari_app.ari.events import Translator
from ari_app.calls.model import DEAD, Identity
from ari_app.calls.stimuli import (
    AnnouncementFinished,
    AsteriskFact,
    ChannelArrived,
    LegAnswered,
    LegCreated,
    LegDigit,
    LegGone,
    LegHeldByPhone,
    LegRetrievedByPhone,
    LegRinging,
    LegTalking,
    RecorderEnded,
    TransferRequested,
)
from tests.unit.ari.telling import APP, channel, dial, event, start, tell


@pytest.fixture
def translator() -> Translator:
    return Translator(APP)


def test_a_leg_of_ours_is_created_rings_and_is_answered_once(translator: Translator) -> None:
    facts = tell(
        translator,
        start("leg", "_leg", "call"),
        start("leg", "_leg", "call"),
        dial(""),
        event("ChannelStateChange", state="Ringing"),
        dial("RINGING"),
        dial("RINGING"),
        event("ChannelStateChange", state="Up"),
        dial("ANSWER"),
    )
    assert facts == [LegCreated("leg"), LegRinging("leg"), LegAnswered("leg")]


def test_where_the_dialplan_handed_over_is_what_it_says_else_where_it_is(translator: Translator) -> None:
    said = {"type": "ChannelVarset", "variable": "CALL_ENTRY", "value": "from-carrier 2000", "channel": channel("one")}
    here = {"context": "own-context", "exten": "s", "app_name": "Stasis", "app_data": f"{APP},group,sales"}
    facts = tell(translator, said, start("one", "group", "sales", dialplan=here), start("two", "group", dialplan=here))
    assert [(fact.entry, fact.user_data) for fact in facts if isinstance(fact, ChannelArrived)] == [
        ("from-carrier 2000", {}),
        ("own-context s", {}),
    ]
    there = [channel("one", "Up", dialplan=here)]
    (listed,) = translator.listed(there)
    assert listed.arrived is not None
    assert listed.arrived.entry == "from-carrier 2000"
    translator.facts(event("ChannelDestroyed", "one", cause=16))
    (again,) = translator.listed(there)
    assert again.arrived is not None
    assert again.arrived.entry == "own-context s"


def test_early_media_is_ringing(translator: Translator) -> None:
    assert tell(translator, start("leg", "_leg"), dial("PROGRESS"))[-1] == LegRinging("leg")


def test_an_answer_may_come_without_ringing_and_ringing_after_it_is_no_fact(translator: Translator) -> None:
    facts = tell(translator, start("leg", "_leg"), dial("ANSWER"), event("ChannelStateChange", state="Ringing"))
    assert facts == [LegCreated("leg"), LegAnswered("leg")]


@pytest.mark.parametrize("cause", [17, 19, 21, 26])
def test_a_leg_that_was_never_up_goes_with_the_cause_of_its_destruction(translator: Translator, cause: int) -> None:
    facts = tell(
        translator,
        start("leg", "_leg"),
        event("ChannelHangupRequest", cause=32, soft=True),
        event("StasisEnd"),
        event("ChannelDestroyed", cause=cause, cause_txt="", tech_cause=486),
    )
    assert facts[1:] == [LegGone("leg", cause)]


def test_a_leg_that_was_up_is_gone_when_it_leaves_the_application(translator: Translator) -> None:
    facts = tell(
        translator,
        start("leg", "_leg"),
        event("ChannelStateChange", state="Up"),
        event("ChannelHangupRequest", cause=16),
        event("StasisEnd", state="Up"),
        event("ChannelDestroyed", cause=16),
    )
    assert facts[2:] == [LegGone("leg", 16)]


def test_a_cause_that_says_nothing_is_normal(translator: Translator) -> None:
    facts = tell(translator, start("leg", "_leg"), event("ChannelHangupRequest"), event("ChannelDestroyed", cause=0))
    assert facts[1:] == [LegGone("leg", 16)]


def test_the_cause_of_a_hang_up_request_is_kept_for_an_arrived_channel(translator: Translator) -> None:
    facts = tell(
        translator,
        start("in", "agent", "alice"),
        event("ChannelHangupRequest", "in", cause=127),
        event("StasisEnd", "in"),
    )
    assert facts[1:] == [LegGone("in", 127)]


@pytest.mark.parametrize(
    "request_",
    [
        {"cause": 1, "soft": True},  # no RTP for rtp_timeout
        {"tech_cause": 408},  # a session timer's request, or another one in the call, was not answered
        {"cause": 127, "tech_cause": 481},  # ... or by a phone that was restarted, and knows no such call
    ],
)
@pytest.mark.parametrize("arguments", [("_leg",), ("agent", "alice")])
def test_a_leg_whose_far_end_is_lost_is_reported_dead(
    translator: Translator, request_: dict[str, Any], arguments: tuple[str, ...]
) -> None:
    facts = tell(
        translator,
        start("leg", *arguments),
        event("ChannelStateChange", state="Up"),
        event("ChannelHangupRequest", **request_),
        event("StasisEnd"),
        event("ChannelDestroyed", cause=44),
    )
    assert facts[-1] == LegGone("leg", DEAD)


def test_our_own_hang_up_says_nothing_of_the_cause(translator: Translator) -> None:
    facts = tell(
        translator,
        start("in", "agent", "alice"),
        event("ChannelHangupRequest", "in", cause=16),
        event("ChannelHangupRequest", "in", cause=32, soft=True),
        event("StasisEnd", "in"),
    )
    assert facts[1:] == [LegGone("in", 16)]


def test_a_leg_destroyed_before_it_entered_is_reported_if_we_expected_it(translator: Translator) -> None:
    translator.expect("leg")
    assert tell(translator, event("ChannelDestroyed", cause=27)) == [LegGone("leg", 27)]


def test_a_leg_that_could_not_be_created_is_not_reported_gone(translator: Translator) -> None:
    translator.expect("leg")
    translator.forget("leg")
    assert tell(translator, event("ChannelDestroyed", cause=27)) == []


def test_an_expected_leg_is_created_when_it_enters(translator: Translator) -> None:
    translator.expect("leg")
    assert tell(translator, start("leg", "_leg", "call")) == [LegCreated("leg")]


def test_an_arrived_channel_neither_rings_nor_is_answered(translator: Translator) -> None:
    facts = tell(
        translator,
        start("in", "agent", "alice", state="Ring"),
        event("ChannelStateChange", "in", state="Ringing"),
        event("ChannelStateChange", "in", state="Up"),
    )
    assert len(facts) == 1


def test_a_channel_that_comes_back_arrives_again_with_its_data(translator: Translator) -> None:
    facts = tell(
        translator,
        event("ChannelVarset", "in", variable="CALL_DATA_a", value="1"),
        start("in", "agent", "alice"),
        event("StasisEnd", "in"),
        start("in", "group", "support"),
    )
    assert [type(fact) for fact in facts] == [ChannelArrived, LegGone, ChannelArrived]
    assert facts[2] == ChannelArrived("in", "1001", "group", ("support",), Identity(anonymous=True), {"a": "1"})


def test_a_channel_that_asterisk_put_in_a_legs_place_says_whose(translator: Translator) -> None:
    replacing = start("new", "_leg", "call") | {"replace_channel": channel("leg")}
    facts = tell(
        translator, start("leg", "_leg"), replacing, event("StasisEnd", "leg"), event("ChannelDestroyed", "leg")
    )
    assert facts[1] == ChannelArrived(
        "new", "1001", "replaced", ("leg", "PJSIP/1001-0000002a"), Identity(anonymous=True)
    )
    assert facts[2:] == [LegGone("leg", 16)]


def test_the_hold_key_is_reported_of_the_leg_that_pressed_it(translator: Translator) -> None:
    facts = tell(
        translator,
        start("a", "_leg"),
        start("b", "_leg"),
        event("ChannelHold", "a", musicclass="default"),
        event("ChannelHold", "b", musicclass="N/A"),  # by HOLD_INTERCEPT
        event("ChannelHold", "a", musicclass="default"),
        event("ChannelUnhold", "a"),
        event("ChannelUnhold", "b"),
        event("ChannelUnhold", "a"),
        event("ChannelHold", "unknown", musicclass="default"),
    )
    assert facts[2:] == [LegHeldByPhone("a"), LegRetrievedByPhone("a")]


def transfer(leg: str, to: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "ChannelTransfer", "refer_to": to, "referred_by": {"source_channel": channel(leg)}, **more}


def test_a_transfer_key_is_reported_with_the_number_or_the_phones_other_channel(translator: Translator) -> None:
    tell(translator, start("a", "_leg", "call"), start("b", "dial", "1002"))
    blind = {"requested_destination": {"destination": "1002"}}
    attended = {"requested_destination": {"destination": "1003", "protocol_id": "x@y"}}
    facts = tell(
        translator,
        transfer("a", blind),
        transfer("a", attended | {"destination_channel": channel("b"), "connected_channel": channel("c")}),
        transfer("a", attended),
    )
    assert facts == [
        TransferRequested("a", "1002"),
        TransferRequested("a", "1003", replaces=True, other="b"),
        TransferRequested("a", "1003", replaces=True, other=None),
    ]


def test_the_echo_of_what_a_phone_was_sent_and_the_key_of_a_phone_elsewhere_are_no_facts(
    translator: Translator,
) -> None:
    tell(translator, start("a", "_leg", "call"))
    blind = {"requested_destination": {"destination": "1002"}}
    assert not tell(translator, transfer("a", blind, state="channel_answered"), transfer("other", blind))


def test_the_end_of_an_announcement_is_reported_of_its_leg(translator: Translator) -> None:
    played = {"id": "p", "media_uri": "sound:x", "target_uri": "channel:leg", "state": "failed"}
    assert tell(translator, {"type": "PlaybackFinished", "playback": played}) == [AnnouncementFinished("leg", "p")]
    assert tell(translator, {"type": "PlaybackFinished", "playback": played | {"target_uri": "bridge:b"}}) == []


@pytest.mark.parametrize("kind", ["RecordingFinished", "RecordingFailed"])
def test_the_end_of_a_recording_is_reported_however_it_ended(translator: Translator, kind: str) -> None:
    recording = {"name": "calls/x", "format": "wav", "state": "done", "target_uri": "bridge:b", "duration": 0}
    assert tell(translator, {"type": kind, "recording": recording}) == [RecorderEnded("calls/x")]


@pytest.mark.parametrize(
    ("kind", "known", "reported"),
    [
        ("RecordingFinished", {"duration": 7, "talking_duration": 5}, RecorderEnded("v1", 7, 5)),
        ("RecordingFinished", {}, RecorderEnded("v1", failed=True)),  # they hung up before the beep
        ("RecordingFailed", {}, RecorderEnded("v1", failed=True)),
    ],
)
def test_of_a_message_it_is_reported_how_long_it_is(
    translator: Translator, kind: str, known: dict[str, int], reported: RecorderEnded
) -> None:
    recording = {"name": "v1", "format": "wav", "state": "done", "target_uri": "channel:leg", **known}
    assert tell(translator, {"type": kind, "recording": recording}) == [reported]


def test_the_end_is_reported_of_a_channel_of_ours_that_was_listed_outside_of_the_application() -> None:
    translator = Translator(APP)
    (fact,) = translator.listed([channel("cc-1-l2")])
    assert not fact.in_app
    assert translator.facts(event("ChannelDestroyed", "cc-1-l2", cause=21, cause_txt="")) == [LegGone("cc-1-l2", 21)]
    translator.listed([channel("1700000000.7"), channel("cc-1-l2-2")])
    for stranger in ("1700000000.7", "cc-1-l2-2"):
        assert translator.facts(event("ChannelDestroyed", stranger, cause=16, cause_txt="")) == []


def test_the_end_of_a_recording_is_reported_once_each_time_that_it_was_begun(translator: Translator) -> None:
    recording = {"name": "calls/x", "format": "wav", "state": "done", "target_uri": "bridge:b", "duration": 0}
    started = {"type": "RecordingStarted", "recording": recording | {"state": "recording"}}
    finished = {"type": "RecordingFinished", "recording": recording}
    once = [started, started, finished, finished]
    assert tell(translator, *once) == [RecorderEnded("calls/x")]
    assert tell(translator, *once) == [RecorderEnded("calls/x")]
    translator.listed([])
    assert tell(translator, finished) == [
        RecorderEnded("calls/x")
    ]  # that it was begun again may not have been reported
    for number in range(100):
        tell(translator, {"type": "RecordingFinished", "recording": recording | {"name": f"calls/{number}"}})
    assert len(translator._ended) == 64


def test_events_of_channels_elsewhere_are_no_facts(translator: Translator) -> None:
    elsewhere = [
        event("ChannelStateChange", state="Up"),
        dial("RINGING"),
        event("ChannelHangupRequest", cause=16),
        event("StasisEnd"),
        event("ChannelDestroyed", cause=16),
        event("ChannelUnhold"),
    ]
    assert tell(translator, *elsewhere) == []
    assert not translator.dropped


def test_unknown_and_malformed_events_are_counted(translator: Translator) -> None:
    assert tell(translator, {"type": "RTCPSent"}, {"type": "RTCPSent"}, {"no": "type"}, {"type": "StasisStart"}) == []
    assert translator.dropped == {"RTCPSent": 2, "None": 1, "StasisStart": 1}


def test_keys_and_talk_are_reported_of_legs_that_are_known(translator: Translator) -> None:
    facts = tell(
        translator,
        start("leg", "_leg"),
        event("ChannelDtmfReceived", digit="*", duration_ms=180),
        event("ChannelTalkingStarted"),
        event("ChannelTalkingFinished", duration=1200),
        event("ChannelDtmfReceived", "other", digit="1", duration_ms=180),
        event("ChannelTalkingStarted", "other"),
    )
    assert facts[1:] == [LegDigit("leg", "*"), LegTalking("leg", talking=True), LegTalking("leg", talking=False)]


def test_a_leg_that_its_phone_holds_is_still_held_after_a_listing(translator: Translator) -> None:
    tell(translator, start("leg", "_leg"), event("ChannelHold", musicclass="default"))
    translator.listed([channel("leg", "Up", dialplan={"app_name": "Stasis", "app_data": f"{APP},_leg,call"})])
    assert tell(translator, event("ChannelUnhold")) == [LegRetrievedByPhone("leg")]


@pytest.mark.parametrize(("held", "reported"), [(True, LegHeldByPhone("leg")), (False, LegRetrievedByPhone("leg"))])
def test_whether_a_phone_holds_is_taken_over_where_nothing_newer_was_reported(
    translator: Translator, held: bool, reported: AsteriskFact
) -> None:
    listed = [channel("leg", "Up", dialplan={"app_name": "Stasis", "app_data": f"{APP},_leg,call"})]
    translator.listed(listed)
    assert translator.holds("leg", held) == [reported]
    assert translator.holds("leg", not held) == []
    assert translator.holds("gone", held) == []
    translator.listed(listed)
    tell(translator, event("ChannelUnhold"))
    assert translator.holds("leg", held) == []
