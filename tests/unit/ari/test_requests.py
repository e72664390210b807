"""What is requested of Asterisk for each effect."""

import asyncio
from typing import Any

import pytest

from ari_app.ari.failures import AriError, ChannelGone, Conflict, InvalidState, NotFound, Unprocessable, Unreachable
from ari_app.ari.requests import RINGS_WITHIN, Requests
from ari_app.calls.effects import (
    Announce,
    AnswerLeg,
    AsteriskEffect,
    CreateBridge,
    CreateLeg,
    DestroyBridge,
    DetectTalk,
    DialLeg,
    HangUp,
    JoinBridge,
    LeaveBridge,
    PlayDtmf,
    SetMute,
    ShowIdentity,
    StartMusic,
    StartRinging,
    StartSilence,
    StopMusic,
    StopRinging,
    StopSilence,
    TakeTransferKey,
    TellTransfer,
)
from ari_app.calls.model import Destination, DialplanEntry, Identity, Outside, Phone, TransferState
from tests.unit.ari.requested import GONE, ZOE, Recorder, of


@pytest.mark.parametrize(
    ("effect", "requested"),
    [
        (CreateBridge(1, "b"), ("bridges.createWithId", {"bridgeId": "b", "type": "mixing,dtmf_events"})),
        (DestroyBridge(1, "b"), ("bridges.destroy", {"bridgeId": "b"})),
        (
            JoinBridge(1, "leg", "b"),
            ("bridges.addChannel", {"bridgeId": "b", "channel": "leg", "inhibitConnectedLineUpdates": True}),
        ),
        (LeaveBridge(1, "leg", "b"), ("bridges.removeChannel", {"bridgeId": "b", "channel": "leg"})),
        (AnswerLeg(1, "leg"), of("answer")),
        (DialLeg(1, "leg"), of("dial")),  # with a `timeout` Asterisk dies where the leg goes just then
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
    ],
)
async def test_an_effect_is_one_request(
    requests: Requests, client: Recorder, effect: AsteriskEffect, requested: tuple[str, dict[str, object]]
) -> None:
    await requests.perform(effect)
    assert client.take() == [requested]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (TransferState.RINGING, "channel_progress"),
        (TransferState.ANSWERED, "channel_answered"),
        (TransferState.DECLINED, "channel_declined"),
        (TransferState.UNAVAILABLE, "channel_unavailable"),
    ],
)
async def test_a_phone_is_notified_of_its_transfer_when_the_thread_that_took_it_is_done(
    requests: Requests, client: Recorder, state: TransferState, said: str
) -> None:
    await requests.perform(TellTransfer(1, "leg", state))
    assert client.take() == [
        of("getChannelVar", variable="CHANNEL(pjsip,call-id)"),
        of("transfer_progress", states=said),
    ]


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


@pytest.mark.parametrize(
    ("asserted", "trusted", "reported_number"),
    [("", "yes", False), ("+33140000000", "yes", True), ("+33140000000", "true", True), ("+33140000000", "no", False)],
)
async def test_a_trunk_is_notified_that_it_is_withheld_and_the_companys_number_where_it_is_trusted_with_one(
    requests: Requests, client: Recorder, asserted: str, trusted: str, reported_number: bool
) -> None:
    client.endpoints["carrier"] = {"trust_id_outbound": trusted}
    hidden = Identity("Zoé", "+336", anonymous=True)
    await requests.perform(CreateLeg(1, "leg", Phone("1001"), hidden, "call", asserted=asserted))
    await requests.perform(CreateLeg(1, "leg", Outside("+331", "carrier"), hidden, "call", asserted=asserted))
    (_, inside), (_, outside) = client.take()
    reported = {"HOLD_INTERCEPT(set)": "", "CONNECTEDLINE(pres,i)": "prohib"}
    assert inside["variables"] == reported
    more = {"CONNECTEDLINE(num,i)": asserted} if reported_number else {"PJSIP_HEADER(add,Privacy)": "id"}
    assert outside["variables"] == reported | more


async def test_an_answered_phone_is_shown_anonymous_in_words(requests: Requests, client: Recorder) -> None:
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


async def test_only_a_phone_is_requested_to_answer_by_itself(requests: Requests, client: Recorder) -> None:
    for destination in (Phone("1001"), Outside("+331", "carrier")):
        await requests.perform(CreateLeg(1, "leg", destination, ZOE, "call", auto_answer=True))
    (_, phone), (_, outside) = client.take()
    assert phone["variables"]["PJSIP_HEADER(add,Call-Info)"].endswith(";answer-after=0")
    assert "auto" in phone["variables"]["PJSIP_HEADER(add,Alert-Info)"]
    assert not any(name.startswith("PJSIP_HEADER") for name in outside["variables"])


PLACES = ("sip:1001@127.0.0.1:5062;ob", "sip:1001@127.0.0.1:5063")


async def test_of_several_phones_with_one_account_the_first_is_rung_and_the_others_are_notified(
    client: Recorder,
) -> None:
    found: list[tuple[str, str]] = []
    requests = Requests(client, "callcontrol", on_place=lambda leg, place: found.append((leg, place)))
    requests.arrived("in")
    client.answers["getChannelVar"] = {"value": "&".join(f"PJSIP/1001/{place}" for place in PLACES)}
    await requests.perform(CreateLeg(1, "leg", Phone("1001"), ZOE, "call"))
    assert found == [("leg", PLACES[1])]
    (_, looked), (_, created) = client.take()
    assert looked == {"channelId": "in", "variable": "PJSIP_DIAL_CONTACTS(1001)"}
    assert created["endpoint"] == f"PJSIP/1001/{PLACES[0]}"
    await requests.perform(CreateLeg(2, "other", Phone("1001", PLACES[1]), ZOE, "call"))
    ((_, created),) = client.take()
    assert created["endpoint"] == f"PJSIP/1001/{PLACES[1]}"


async def test_a_phone_that_was_alone_is_rung_without_waiting_for_a_look_and_those_that_came_since_ring_too(
    client: Recorder,
) -> None:
    found: list[tuple[str, str]] = []
    requests = Requests(client, "callcontrol", on_place=lambda leg, place: found.append((leg, place)))
    requests.arrived("in")
    client.answers["getChannelVar"] = {"value": f"PJSIP/1001/{PLACES[0]}"}
    await requests.perform(CreateLeg(1, "first", Phone("1001"), ZOE, "call"))
    client.take()
    client.answers["getChannelVar"] = {"value": "&".join(f"PJSIP/1001/{place}" for place in PLACES)}
    await requests.perform(CreateLeg(2, "second", Phone("1001"), ZOE, "call"))
    assert found == [("second", PLACES[1])]
    (_, looked), (_, created) = client.take()
    assert looked["variable"] == "PJSIP_DIAL_CONTACTS(1001)"
    assert created["endpoint"] == "PJSIP/1001", "Asterisk takes the first"
    await requests.perform(CreateLeg(3, "third", Phone("1001"), ZOE, "call"))
    _, (_, created) = client.take()
    assert created["endpoint"] == f"PJSIP/1001/{PLACES[0]}", "it is not alone any more"
    client.refusals["create"] = AriError(500, "no such phone")
    client.answers["getChannelVar"] = {"value": f"PJSIP/1001/{PLACES[0]}"}
    for leg in ("fourth", "fifth"):
        with pytest.raises(AriError, match="no such phone"):
            await requests.perform(CreateLeg(4, leg, Phone("1001"), ZOE, "call"))


@pytest.mark.parametrize("refusal", [NotFound(404, "gone"), AriError(500, "no such function")])
async def test_a_phone_whose_places_are_not_known_is_rung_as_one(client: Recorder, refusal: AriError) -> None:
    requests = Requests(client, "callcontrol")
    for leg in "abcde":
        requests.arrived(leg)
    client.refusals["getChannelVar"] = refusal
    await requests.perform(CreateLeg(1, "leg", Phone("1001"), ZOE, "call"))
    *looked, (_, created) = client.take()
    assert len(looked) == (3 if isinstance(refusal, NotFound) else 1)
    assert created["endpoint"] == "PJSIP/1001"


async def test_only_a_phones_transfer_key_is_taken(requests: Requests, client: Recorder) -> None:
    for destination in (Phone("1001"), Outside("+331", "carrier")):
        for ours in (True, False):
            await requests.perform(CreateLeg(1, "leg", destination, ZOE, "call", transfer_key=ours))
    created = [arguments for operation, arguments in client.take() if operation == "channels.create"]
    taken = [arguments["variables"].get("PJSIP_TRANSFER_HANDLING()") for arguments in created]
    assert taken == ["ari-only", None, None, None]


# -- muting -----------------------------------------------------------------------------------------------------------

STATES = [(False, False), (True, False), (False, True), (True, True)]


def switches(requested: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, str]]:
    return [(operation.removeprefix("channels."), arguments["direction"]) for operation, arguments in requested]


def after(before: tuple[bool, bool], requested: list[tuple[str, str]]) -> tuple[bool, bool]:
    """Asterisk's two switches after those requests."""
    state = dict(zip(("in", "out"), before, strict=True))
    for operation, direction in requested:
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
    requested = switches(client.take())
    assert after(before, requested) == wanted
    assert len(requested) == (0 if before == wanted else 2 if sorted(before) == sorted(wanted) else 1)


@pytest.mark.parametrize("wanted", STATES)
@pytest.mark.parametrize("before", STATES)
async def test_muting_unknown_before_is_exact_all_the_same(
    requests: Requests, client: Recorder, before: tuple[bool, bool], wanted: tuple[bool, bool]
) -> None:
    await requests.perform(SetMute(1, "leg", *wanted))
    requested = switches(client.take())
    assert after(before, requested) == wanted
    assert [operation for operation, _ in requested] == sorted(operation for operation, _ in requested)


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
        (DialLeg(1, "leg"), "dial", Conflict(409, "Channel is not in the 'Down' state")),
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
        (DialLeg(1, "leg"), {"dial": Conflict(409, "something else")}),
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
        await requests.perform(DialLeg(1, "leg"))
    assert len(client.take()) == 1
    requests.forget("leg")
    await requests.perform(DialLeg(1, "leg"))
    assert len(client.take()) == 1


async def no_pause(seconds: float) -> None:
    """It would ring by then."""


@pytest.mark.parametrize("lost", [Unreachable("no answer"), Conflict(409, "something else")])
async def test_a_dial_that_was_lost_on_the_way_is_requested_again(client: Recorder, lost: AriError) -> None:
    requests = Requests(client, "callcontrol", sleep=no_pause)
    client.refusals = {"dial": lost}
    with pytest.raises(type(lost)):
        await requests.perform(DialLeg(1, "leg"))
    client.refusals = {}
    client.take()
    for _ in range(2):
        await requests.perform(DialLeg(1, "leg"))
    assert len(client.take()) == 1


@pytest.mark.parametrize("how", ["no answer", "cut off", "by the process before"])
async def test_what_may_have_been_dialled_when_the_connection_was_lost_has_time_to_ring_before_it_is_dialled_again(
    client: Recorder, how: str
) -> None:
    """A second dial before it rings ends the first; once it rings Asterisk refuses that."""
    pauses: list[float] = []

    async def rings(seconds: float) -> None:
        pauses.append(seconds)
        client.refusals = {"dial": Conflict(409, "Channel is not in the 'Down' state")}

    requests = Requests(client, "callcontrol", sleep=rings)
    if how != "by the process before":
        client.refusals = {"dial": Unreachable("lost") if how == "no answer" else asyncio.CancelledError()}
        with pytest.raises((Unreachable, asyncio.CancelledError)):
            await requests.perform(DialLeg(1, "leg"))
    client.take()
    requests.keep({"leg"}, set())
    await requests.perform(DialLeg(2, "leg"))
    assert pauses == [RINGS_WITHIN]
    await requests.perform(DialLeg(3, "leg"))
    assert len(client.take()) == 1, "it rings, and no more is requested"


async def test_of_legs_that_went_while_nobody_listened_nothing_is_kept(requests: Requests, client: Recorder) -> None:
    for leg in ("here", "gone"):
        await requests.perform(DialLeg(1, leg))
    client.take()
    requests.keep({"here"}, set())
    for leg in ("here", "gone"):
        await requests.perform(DialLeg(1, leg))
    assert [arguments["channelId"] for _, arguments in client.take()] == ["gone"]
