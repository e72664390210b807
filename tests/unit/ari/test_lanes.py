"""Requests over lanes: what goes there, and in which order. Those that are lost: test_lanes_lost."""

import asyncio
import json

import pytest

from ari_app.ari import lanes as module
from ari_app.ari.failures import AriError, ChannelGone, Conflict, InvalidState, NotFound, Unprocessable, Unreachable
from ari_app.ari.http import Answer
from ari_app.ari.lane_keys import key_of
from ari_app.ari.lanes import LONGEST, message
from tests.unit.ari.laned import HTTP, Laned, Laning, ended


@pytest.mark.parametrize(
    ("method", "resource", "query", "key"),
    [
        ("POST", "channels/create", {"channelId": "a"}, "a"),
        ("POST", "channels/create", {}, None),
        ("DELETE", "channels/a", {}, "#behind-nothing"),
        ("GET", "channels/a", {}, None),
        ("GET", "channels", {}, None),
        ("POST", "channels/a+b%25/moh", {}, "a b%"),
        ("DELETE", "channels/a/moh", {}, "a"),
        ("POST", "channels/a/variables", {}, "a"),
        ("POST", "channels/a/variable", {}, None),  # after each digit: it waits for that
        ("GET", "channels/a/variable", {"variable": "CHANNEL(rtp,hold,audio)"}, None),
        ("GET", "channels/a/variable", {"variable": "PJSIP_DIAL_CONTACTS(1001)"}, "#behind-nothing"),
        ("POST", "channels/a/dtmf", {}, None),
        ("POST", "channels/a/dial", {}, "a"),
        ("POST", "channels/a/play/p", {}, None),
        ("POST", "channels/a/snoop/s", {}, None),
        ("POST", "channels/a/transfer_progress", {}, None),
        ("POST", "bridges/b", {}, "b"),
        ("DELETE", "bridges/b", {}, "b"),
        ("POST", "bridges/b/addChannel", {"channel": "a"}, "a"),
        ("POST", "bridges/b/removeChannel", {"channel": "a"}, "a"),
        ("POST", "bridges/b/record", {}, None),
        ("PUT", "deviceStates/Stasis%3A1001%40app", {}, "Stasis:1001@app"),
        ("DELETE", "deviceStates/Stasis%3Aalice", {}, "Stasis:alice"),
        ("GET", "deviceStates/Stasis%3Aalice", {}, None),
        ("POST", "events/user/x", {}, None),  # which finds out whether Asterisk stands still
        ("GET", "recordings/stored/x/file", {}, None),
    ],
)
def test_a_lane_gets_what_waits_for_no_more_than_its_leg(
    method: str, resource: str, query: dict[str, str], key: str | None
) -> None:
    assert key_of(method, resource, query) == key


def test_a_request_is_as_asterisk_reads_it() -> None:
    assert json.loads(message("7", "POST", "channels/a/moh", {"mohClass": "é +&"}, None)) == {
        "type": "RESTRequest",
        "request_id": "7",
        "method": "POST",
        "uri": "channels/a/moh?mohClass=%C3%A9+%2B%26",
    }
    sent = json.loads(message("8", "POST", "channels/create", {}, '{"variables": {}}'))
    assert (sent["content_type"], sent["message_body"]) == ("application/json", '{"variables": {}}')


async def test_a_request_goes_over_a_lane_and_is_answered(asterisk: Laned, two: Laning) -> None:
    answer = await ended(two.asks("POST", "channels/create", '{"variables": {"a": "é"}}', channelId="a"))
    assert (answer.status, json.loads(answer.body)) == (200, {"by": "channels/create"})
    sent = asterisk.sent[-1]
    assert (sent.by in asterisk.opened, sent.uri, sent.body) == (
        True,
        "channels/create?channelId=a",
        '{"variables": {"a": "é"}}',
    )


async def test_an_answer_without_a_body_is_empty(asterisk: Laned, two: Laning) -> None:
    asterisk.refuses["channels/a/moh"] = (204, "")
    assert await ended(two.asks("POST", "channels/a/moh")) == Answer(204, "")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, '{"message":"Bridge not found"}', NotFound),
        (404, '{"message":"Channel not found"}', ChannelGone),
        (400, '{"message":"Channel not found"}', ChannelGone),
        (409, '{"message":"Channel not in Stasis application"}', ChannelGone),
        (409, '{"message":"Bridge with id \'x\' already exists"}', Conflict),
        (412, '{"message":"Channel in invalid state"}', InvalidState),
        (422, '{"message":"Channel not in this bridge"}', Unprocessable),
        (500, '{"error":"Allocation failed"}', AriError),
        (403, '{"message":"Write access denied"}', AriError),
        (503, "", AriError),
    ],
)
async def test_a_refusal_is_what_it_is_over_http(
    asterisk: Laned, two: Laning, status: int, body: str, kind: type[AriError]
) -> None:
    asterisk.refuses["channels/a/moh"] = (status, body)
    with pytest.raises(kind) as over_lane:
        await ended(two.asks("POST", "channels/a/moh"))
    two.http.lanes.shut()
    with pytest.raises(kind) as over_http:
        await ended(two.asks("POST", "channels/a/moh"))
    assert asterisk.of("channels/a/moh") == [("lane", "channels/a/moh"), (HTTP, "channels/a/moh")]
    assert type(over_lane.value) is type(over_http.value)
    assert over_lane.value.status == over_http.value.status == status
    if body:
        assert over_lane.value.message == over_http.value.message


async def test_what_is_of_one_leg_is_sent_at_once_and_done_in_order(asterisk: Laned, two: Laning) -> None:
    asterisk.holds = {"channels/a/moh", "bridges/b/addChannel"}
    first = two.asks("DELETE", "channels/a/moh")
    second = two.asks("POST", "bridges/b/addChannel", channel="a")
    third = two.asks("POST", "channels/a/mute")
    await asterisk.arrived("channels/a/moh")
    lane = next(lane for lane in two.http.lanes._lanes if lane.load)
    assert lane.load == 3  # nothing was answered
    asterisk.release(*asterisk.holds)
    await ended(asyncio.gather(first, second, third))
    assert [each.path for each in asterisk.sent[-3:]] == ["channels/a/moh", "bridges/b/addChannel", "channels/a/mute"]
    assert len({each.by for each in asterisk.sent[-3:]}) == 1


async def test_nobody_waits_for_another_leg_where_a_lane_has_nothing_to_do(asterisk: Laned, two: Laning) -> None:
    asterisk.holds = {"channels/a/answer"}
    two.asks("POST", "channels/a/answer")
    await asterisk.arrived("channels/a/answer")
    await ended(two.asks("POST", "channels/b/answer"))
    assert HTTP not in (asterisk.carrier("channels/b/answer"), asterisk.carrier("channels/a/answer"))
    assert asterisk.carrier("channels/b/answer") != asterisk.carrier("channels/a/answer")


async def test_http_carries_what_would_wait_behind_a_leg_that_keeps_its_lane(
    asterisk: Laned, one: Laning, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "STALLED", 0.0)
    asterisk.holds = {"channels/a/answer"}
    one.asks("POST", "channels/a/answer")
    await asterisk.arrived("channels/a/answer")
    await ended(one.asks("POST", "channels/b/answer"))
    assert asterisk.carrier("channels/b/answer") == HTTP


async def test_a_hang_up_is_behind_nothing(asterisk: Laned, one: Laning) -> None:
    asterisk.holds = {"channels/a/answer"}
    one.asks("POST", "channels/a/answer")
    one.asks("POST", "channels/a/ring")
    await asterisk.arrived("channels/a/answer")
    await ended(one.asks("DELETE", "channels/a"))
    assert asterisk.carrier("channels/a") == HTTP
    assert asterisk.of("channels/a/ring") == []
    asterisk.release("channels/a/answer")
    await asterisk.arrived("channels/a/ring")


async def test_hang_ups_go_behind_each_other(asterisk: Laned, one: Laning) -> None:
    asterisk.holds = {"channels/a"}
    first, second = one.asks("DELETE", "channels/a"), one.asks("DELETE", "channels/b")
    await asterisk.arrived("channels/a")
    asterisk.release("channels/a")
    await ended(asyncio.gather(first, second))
    assert asterisk.of("channels/a", "channels/b") == [("lane", "channels/a"), ("lane", "channels/b")]


async def test_of_four_lanes_one_is_kept_for_hang_ups(asterisk: Laned) -> None:
    four = await Laning(asterisk, 4).open()
    asterisk.holds = {f"channels/{leg}/answer" for leg in "abcd"}
    for leg in "abcd":
        four.asks("POST", f"channels/{leg}/answer")
    await asterisk.arrived("channels/a/answer", "channels/b/answer", "channels/c/answer")
    await ended(four.asks("DELETE", "channels/e"))
    assert asterisk.of("channels/e") == [("lane", "channels/e")]
    assert asterisk.of("channels/d/answer") == [], "behind another, and not before hang-ups"
    await four.close()


async def test_a_hang_up_goes_over_a_lane_that_has_nothing_to_do(asterisk: Laned, one: Laning) -> None:
    await ended(one.asks("DELETE", "channels/a"))
    assert asterisk.of("channels/a") == [("lane", "channels/a")]


async def test_what_a_socket_could_not_take_goes_over_http_in_its_turn(asterisk: Laned, one: Laning) -> None:
    asterisk.holds = {"channels/a/answer"}
    one.asks("POST", "channels/a/answer")
    await ended(one.asks("POST", "channels/create", "x" * (LONGEST + 1), channelId="b"))
    assert asterisk.of("channels/create") == [(HTTP, "channels/create")]


async def test_whoever_does_not_lead_any_more_sends_nothing_over_lanes(asterisk: Laned, one: Laning) -> None:
    asterisk.holds = {"channels/a/moh"}
    music = one.asks("POST", "channels/a/moh")
    await asterisk.arrived("channels/a/moh")
    one.leads = False
    mute = one.asks("POST", "channels/a/mute")
    with pytest.raises(Unreachable, match="another controller leads"):
        await ended(mute)
    asterisk.cut(asterisk.carrier("channels/a/moh"))
    with pytest.raises(Unreachable, match="another controller leads"):
        await ended(music)
    assert asterisk.of("channels/a/mute") == []
    assert asterisk.of("channels/a/moh") == [("lane", "channels/a/moh")]


async def test_without_a_lane_http_carries_all_in_order(asterisk: Laned) -> None:
    asterisk.no_sockets = True
    laning = Laning(asterisk, 2)
    laning.client.open_lanes("app")
    await asterisk.until(lambda: len(asterisk.opened) >= 2)
    asterisk.holds = {"channels/a/moh"}
    sent = [laning.asks("POST", "channels/a/moh"), laning.asks("POST", "channels/a/mute")]
    await asterisk.arrived("channels/a/moh")
    assert asterisk.of("channels/a/mute") == []
    asterisk.release("channels/a/moh")
    await ended(asyncio.gather(*sent))
    assert asterisk.of("channels/a/moh", "channels/a/mute") == [(HTTP, "channels/a/moh"), (HTTP, "channels/a/mute")]
    await laning.close()


async def test_an_asterisk_that_answers_no_requests_over_sockets_gets_them_over_http(
    asterisk: Laned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY", 0.01)
    asterisk.mute_sockets = True
    laning = Laning(asterisk, 1, timeout=0.1)
    laning.client.open_lanes("app")
    await asterisk.until(lambda: len(asterisk.opened) == 2)  # it was tried, and given up
    await ended(laning.asks("POST", "channels/a/moh"))
    assert asterisk.of("channels/a/moh") == [(HTTP, "channels/a/moh")]
    await laning.close()


async def test_requests_are_counted_with_the_lane_that_carried_them(asterisk: Laned, one: Laning) -> None:
    await ended(one.asks("POST", "channels/a/moh"))
    asterisk.refuses["channels/a/mute"] = (404, '{"message": "Channel not found"}')
    with pytest.raises(ChannelGone):
        await ended(one.asks("POST", "channels/a/mute"))
    asterisk.holds = {"channels/a/dial"}
    dial = one.asks("POST", "channels/a/dial")
    await asterisk.arrived("channels/a/dial")
    asterisk.cut(asterisk.carrier("channels/a/dial"))
    with pytest.raises(Unreachable):
        await ended(dial)
    assert one.counted.requests == [
        ("POST channels/moh", "done", "1"),
        ("POST channels/mute", "refused", "1"),
        ("POST channels/dial", "unreached", "1"),
    ]
    assert one.counted.lanes == [("1", True), ("1", False)]
