"""Requests over lanes: what goes there, in which order, and what becomes of it when a lane is lost."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable

import pytest

from ari_app.ari import lanes as module
from ari_app.ari.client import AriClient
from ari_app.ari.failures import AriError, ChannelGone, Conflict, InvalidState, NotFound, Unprocessable, Unreachable
from ari_app.ari.figures import NoFigures
from ari_app.ari.http import Answer, HttpClient
from ari_app.ari.lanes import LONGEST, key_of, message
from tests.unit.ari.laned import HTTP, Laned, serving

PASSWORD = "a+b&c#d e%f=/é"


@pytest.fixture
async def asterisk() -> AsyncIterator[Laned]:
    async with serving() as server:
        yield server


class Counting(NoFigures):
    """Keeps what is counted."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, str]] = []
        self.lanes: list[tuple[str, bool]] = []
        self.opened: asyncio.Queue[str] = asyncio.Queue()
        self.lost: asyncio.Queue[str] = asyncio.Queue()

    def request(self, kind: str, seconds: float, outcome: str, carrier: str) -> None:
        self.requests.append((kind, outcome, carrier))

    def lane(self, number: str, *, is_open: bool) -> None:
        self.lanes.append((number, is_open))
        (self.opened if is_open else self.lost).put_nowait(number)


class Laning:
    """A client with so many lanes, which are open."""

    def __init__(self, asterisk: Laned, lanes: int, timeout: float = 5.0) -> None:
        self.asterisk = asterisk
        self.lanes = lanes
        self.leads = True
        self.known = asyncio.Event()  # whether it leads
        self.known.set()
        self.counted = Counting()
        self.http = HttpClient("user", PASSWORD, lanes=lanes, leads=self._leads, timeout=timeout, figures=self.counted)
        self.client = AriClient(asterisk.url.removesuffix("/ari"), self.http)
        self._pending: list[asyncio.Task[Answer]] = []

    async def _leads(self) -> bool:
        await self.known.wait()
        return self.leads

    async def open(self) -> "Laning":
        self.client.open_lanes("app")
        for _ in range(self.lanes):
            await self.opens()
        return self

    async def opens(self) -> None:
        """A lane does (again)."""
        await ended(self.counted.opened.get())

    def asks(self, method: str, path: str, data: str | None = None, **query: str) -> "asyncio.Task[Answer]":
        """Sent now; the answer is waited for."""
        headers = {"Content-Type": "application/json"}
        sending = self.http.request(method, f"{self.asterisk.url}/{path}", query, data, headers)
        task = asyncio.ensure_future(sending)
        self._pending.append(task)
        return task

    async def close(self) -> None:
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        await self.http.close()


@pytest.fixture
async def two(asterisk: Laned) -> AsyncIterator[Laning]:
    laning = await Laning(asterisk, 2).open()
    yield laning
    await laning.close()


@pytest.fixture
async def one(asterisk: Laned) -> AsyncIterator[Laning]:
    laning = await Laning(asterisk, 1).open()
    yield laning
    await laning.close()


async def ended[T](awaited: Awaitable[T]) -> T:
    async with asyncio.timeout(5):
        return await awaited


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


async def test_a_hang_up_goes_over_a_lane_that_has_nothing_to_do(asterisk: Laned, one: Laning) -> None:
    await ended(one.asks("DELETE", "channels/a"))
    assert asterisk.of("channels/a") == [("lane", "channels/a")]


async def test_what_a_socket_could_not_take_goes_over_http_in_its_turn(asterisk: Laned, one: Laning) -> None:
    asterisk.holds = {"channels/a/answer"}
    one.asks("POST", "channels/a/answer")
    await ended(one.asks("POST", "channels/create", "x" * (LONGEST + 1), channelId="b"))
    assert asterisk.of("channels/create") == [(HTTP, "channels/create")]


async def test_what_was_on_a_lost_lane_is_sent_once_more_in_its_order(asterisk: Laned, one: Laning) -> None:
    asterisk.holds = {"channels/a/moh", "channels/a/mute"}
    sent = [one.asks("POST", "channels/a/moh"), one.asks("POST", "channels/a/mute")]
    await asterisk.arrived("channels/a/moh")
    asterisk.cut(asterisk.carrier("channels/a/moh"))
    await asterisk.until(lambda: (HTTP, "channels/a/moh") in asterisk.of("channels/a/moh"))
    sent.append(one.asks("POST", "channels/a/ring"))
    for path in ("channels/a/mute", "channels/a/ring"):
        assert asterisk.of(path) == []
    asterisk.release("channels/a/moh")
    await asterisk.arrived("channels/a/mute")
    assert asterisk.of("channels/a/ring") == []
    asterisk.release("channels/a/mute")
    await ended(asyncio.gather(*sent))
    ours = [each.path for each in asterisk.sent if each.path.startswith("channels/") and each.answered.is_set()]
    assert ours[-3:] == ["channels/a/moh", "channels/a/mute", "channels/a/ring"]


async def test_what_must_not_happen_twice_is_not_sent_again_when_its_lane_is_lost(asterisk: Laned, one: Laning) -> None:
    asterisk.holds = {"channels/a/dial"}
    dial = one.asks("POST", "channels/a/dial")
    await asterisk.arrived("channels/a/dial")
    asterisk.cut(asterisk.carrier("channels/a/dial"))
    with pytest.raises(Unreachable, match="connection lost"):
        await ended(dial)
    assert asterisk.of("channels/a/dial") == [("lane", "channels/a/dial")]


async def test_what_is_lost_over_http_too_is_an_error(asterisk: Laned, one: Laning) -> None:
    asterisk.holds = asterisk.cuts_http = {"channels/a/moh"}
    music = one.asks("POST", "channels/a/moh")
    await asterisk.arrived("channels/a/moh")
    asterisk.cut(asterisk.carrier("channels/a/moh"))
    await asterisk.until(lambda: len(asterisk.of("channels/a/moh")) == 2)
    asterisk.cuts_http = {"channels/a/moh"}
    asterisk.release("channels/a/moh")
    with pytest.raises(Unreachable, match="connection lost"):
        await ended(music)
    assert len(asterisk.of("channels/a/moh")) == 2


async def test_a_lost_lane_is_opened_again_under_a_name_that_was_never_used(asterisk: Laned, one: Laning) -> None:
    (first,) = asterisk.opened
    asterisk.cut(first)
    await one.opens()
    assert len(set(asterisk.opened)) == 2
    assert all(name.startswith("app-lane-1-") for name in asterisk.opened)
    await ended(one.asks("POST", "channels/a/moh"))
    assert asterisk.carrier("channels/a/moh") == asterisk.opened[1]


async def test_no_answer_in_time_is_an_error_and_ends_the_lane(asterisk: Laned) -> None:
    hasty = await Laning(asterisk, 1, timeout=0.2).open()
    asterisk.holds = {"channels/a/moh"}
    first = hasty.asks("POST", "channels/a/moh")
    with pytest.raises(Unreachable, match="in time"):
        await ended(first)
    await hasty.opens()
    await hasty.close()


async def test_what_waits_behind_a_request_that_is_given_up_goes_over_http(asterisk: Laned, one: Laning) -> None:
    asterisk.holds = {"channels/a/answer"}
    given_up = one.asks("POST", "channels/a/answer")
    behind = one.asks("POST", "channels/b/answer")
    await asterisk.arrived("channels/a/answer")
    given_up.cancel()
    await ended(behind)
    assert asterisk.carrier("channels/b/answer") == HTTP


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


async def test_a_lane_that_is_lost_while_it_is_not_known_who_leads_changes_no_order(
    asterisk: Laned, one: Laning
) -> None:
    asterisk.holds = {"channels/a/moh"}
    music = one.asks("POST", "channels/a/moh")
    await asterisk.arrived("channels/a/moh")
    one.known.clear()
    mute = one.asks("POST", "channels/a/mute")
    asterisk.cut(asterisk.carrier("channels/a/moh"))
    await ended(one.counted.lost.get())
    for _ in range(10):
        await asyncio.sleep(0)  # all go on as far as they can
    one.known.set()
    await asterisk.until(lambda: (HTTP, "channels/a/moh") in asterisk.of("channels/a/moh"))
    assert asterisk.of("channels/a/mute") == []
    asterisk.release("channels/a/moh")
    await ended(asyncio.gather(music, mute))


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


async def test_what_is_under_way_when_lanes_are_shut_goes_over_http_and_none_is_opened_again(
    asterisk: Laned, two: Laning
) -> None:
    asterisk.holds = {"channels/a/moh"}
    music = two.asks("POST", "channels/a/moh")
    await asterisk.arrived("channels/a/moh")
    two.http.lanes.shut()
    asterisk.release("channels/a/moh")
    await ended(music)
    await asterisk.until(lambda: not asterisk.sockets)
    assert len(asterisk.opened) == 2


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


async def test_a_lane_that_is_cut_leaves_nothing_for_asterisk_to_read_later() -> None:
    """What was given up must not be done seconds after it."""
    connected: asyncio.Future[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Future()

    async def shake_hands(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = next(line.partition(": ")[2] for line in head.split("\r\n") if line.startswith("Sec-WebSocket-Key"))
        accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())  # noqa: S324
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        writer.write(b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        connected.set_result((reader, writer))

    server = await asyncio.start_server(shake_hands, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    client = HttpClient("user", PASSWORD)
    socket = await client.open_lane(f"ws://{host}:{port}/ari/events", "app-lane")
    reader, writer = await ended(connected)
    await socket.send_str("not read")
    socket.abort()
    with pytest.raises(ConnectionResetError):
        await ended(reader.read())
    writer.close()
    server.close()
    await client.close()


async def test_a_socket_that_asterisk_ends_before_it_has_answered_anything_is_no_lane(
    asterisk: Laned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY", 0.01)
    asterisk.holds = {"asterisk/ping"}
    laning = Laning(asterisk, 1)
    laning.client.open_lanes("app")
    await asterisk.arrived("asterisk/ping")
    asterisk.cut(asterisk.opened[0])
    await asterisk.until(lambda: len(asterisk.opened) == 2)  # without waiting for the answer
    asterisk.release("asterisk/ping")
    await laning.opens()
    await laning.close()
