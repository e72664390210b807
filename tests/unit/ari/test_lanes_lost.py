"""Lanes that are lost, each by itself or all with their Asterisk, and what becomes of what was on them."""

import asyncio
import base64
import hashlib
import select
import socket

import pytest

from ari_app.ari import lanes as module
from ari_app.ari.failures import NobodyListens, Unreachable
from ari_app.ari.http import HttpClient
from tests.unit.ari.laned import HTTP, PASSWORD, Laned, Laning, ended


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


async def test_a_lane_that_is_lost_by_itself_is_opened_again_and_the_others_know_nothing_of_it(
    asterisk: Laned, two: Laning
) -> None:
    asterisk.holds = {"channels/a/moh", "channels/b/dial"}
    music, dial = two.asks("POST", "channels/a/moh"), two.asks("POST", "channels/b/dial")
    await asterisk.arrived("channels/a/moh", "channels/b/dial")
    others = asterisk.carrier("channels/b/dial")
    asterisk.cut(asterisk.carrier("channels/a/moh"))
    asterisk.release("channels/a/moh")
    await ended(music)
    await two.opens()
    asterisk.release("channels/b/dial")
    await ended(dial)  # which is never sent twice
    assert others in asterisk.sockets
    assert len(asterisk.sockets) == 2
    assert len(asterisk.opened) == 3
    assert len(two.counted.lanes) == 4


@pytest.mark.parametrize(
    "rubbish",
    [
        "{",
        "7",
        "[]",
        "{}",
        '{"type": "RESTResponse"}',
        '{"type": "RESTResponse", "request_id": [], "status_code": 200}',
        '{"type": "RESTResponse", "request_id": "", "status_code": 400}',
        '{"type": "RESTResponse", "request_id": "99999", "status_code": 200}',
        '{"type": "RESTResponse", "request_id": "2", "status_code": "none"}',
        '{"type": "RESTResponse", "request_id": "2", "status_code": 1e999}',
    ],
)
async def test_nobody_waits_for_a_lane_that_answers_rubbish(asterisk: Laned, two: Laning, rubbish: str) -> None:
    asterisk.rubbish = {"channels/a/moh": rubbish}
    answers = await ended(asyncio.gather(two.asks("POST", "channels/a/moh"), two.asks("POST", "channels/a/mute")))
    assert [each.status for each in answers] == [200, 200]
    assert asterisk.of("channels/a/moh") == [("lane", "channels/a/moh"), (HTTP, "channels/a/moh")]
    await two.opens()
    await ended(two.asks("POST", "channels/a/ring"))
    assert asterisk.of("channels/a/ring") == [("lane", "channels/a/ring")]


async def test_what_is_no_answer_at_all_changes_nothing(asterisk: Laned, one: Laning) -> None:
    asterisk.rubbish = {"channels/a/dial": '{"type": "ApplicationRegistered"}'}
    one.asks("POST", "channels/a/dial")
    await asterisk.arrived("channels/a/dial")
    await ended(one.asks("POST", "channels/b/moh"))
    assert asterisk.of("channels/b/moh") == [("lane", "channels/b/moh")]


async def test_what_an_asterisk_that_died_had_under_way_over_lanes_is_not_called_undone(
    asterisk: Laned, two: Laning
) -> None:
    asterisk.holds = {"channels/a/moh", "channels/b/dial"}
    music, dial = two.asks("POST", "channels/a/moh"), two.asks("POST", "channels/b/dial")
    await asterisk.arrived("channels/a/moh", "channels/b/dial")
    await asterisk.dies()
    with pytest.raises(NobodyListens):
        await ended(music)
    with pytest.raises(Unreachable, match="connection lost"):
        await ended(dial)
    assert dict(two.counted.lanes[-2:]) == {"1": False, "2": False}


def shaken_hands(listening: socket.socket) -> socket.socket:
    """The other side of a WebSocket."""
    connection, _ = listening.accept()
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += connection.recv(4096)
    key = next(line.partition(": ")[2] for line in head.decode().split("\r\n") if line.startswith("Sec-WebSocket-Key"))
    accept = base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())  # noqa: S324
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    return connection


async def test_the_next_answer_over_a_lane_that_was_cut_fails_so_that_asterisk_takes_no_more_from_there() -> None:
    """What was given up must not be done seconds after it. A connection that was ended politely takes an answer yet."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
        other = asyncio.create_task(asyncio.to_thread(shaken_hands, listening))
        client = HttpClient("user", PASSWORD)
        lane = await ended(client.open_lane(f"ws://{host}:{port}/ari/events", "app-lane"))
        with await ended(other) as connection:
            await lane.send_str("not read")
            lane.abort()
            lost = select.poll()
            lost.register(connection, 0)  # errors and resets alone
            assert await asyncio.to_thread(lost.poll, 5000)
            with pytest.raises((ConnectionResetError, BrokenPipeError)):
                connection.send(b"the answer")
        await client.close()
