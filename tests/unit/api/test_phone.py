"""The phone in the page: which phone rings, whose page has it, and that its socket ends with the session."""

import asyncio
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType

from ari_app.api.phone_socket import LONGEST, speaks_for
from ari_app.routing.directory import IceServer, PagePhone
from tests.unit.api.fakes import HOST, World

REGISTER = "REGISTER sip:x SIP/2.0\r\nFrom: <sip:1001-page@x>;tag=a\r\nTo: <sip:1001-page@x>\r\n\r\n"
INVITE = (
    "INVITE sip:2000@x SIP/2.0\r\nFrom: <sip:1001-page@x>;tag=a\r\nTo: <sip:2000@x>\r\nContent-Length: 4\r\n\r\nv=0\n"
)


async def socket(world: World, token: str, **more: Any) -> aiohttp.ClientWebSocketResponse:
    ticket = (await world.ask("POST", "/v1/events/ticket", token=token)).json["ticket"]
    protocols = more.get("protocols", ("sip",))
    url = f"http://{HOST}:{world.port}/phone?ticket={ticket}"
    return await world.http.ws_connect(url, protocols=protocols, autoclose=True)


async def closed(of: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(5):
        message = await of.receive()
    assert message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED), message
    return of.close_code


def switched(world: World, **fields: Any) -> None:
    directory = world.control.now_directory
    settings = replace(directory.settings, page_phone=PagePhone(**fields))
    world.control.now_directory = replace(directory, settings=settings)


async def test_what_a_phone_in_the_page_needs(world: World, alice: str) -> None:
    switched(world, enabled=True, ice_servers=(IceServer(("turn:t.example.org",), "desk", "s"),))
    world.phones.there[("1001", "desk")] = True
    mine = (await world.ask("GET", "/v1/me/phone", token=alice)).json
    assert (mine["device"], mine["held_by"], mine["path"]) == ("desk", None, "/phone")
    assert (mine["user"], mine["uri"]) == ("1001-page", "sip:1001-page@call-control.invalid")
    assert mine["devices"] == [
        {"device": "desk", "number": "1001", "state": "reachable"},
        {"device": "page", "number": "1001", "state": None},
    ]
    assert mine["ice_servers"] == [{"urls": ["turn:t.example.org"], "username": "desk", "credential": "s"}]
    other = (await world.ask("GET", "/v1/me/phone", token=await world.token("alice"))).json
    assert other["password"] != mine["password"]
    assert other["session"] != mine["session"]
    assert (await world.ask("GET", "/v1/me/phone", token=alice)).json == mine


async def test_which_phone_rings_is_chosen_and_reported(world: World, alice: str) -> None:
    world.phones.there |= {("1001", "desk"): False, ("1001", "page"): True}
    world.phones.busy.add(("1001", "desk"))
    chosen = (await world.ask("PUT", "/v1/me/phone", token=alice, json={"device": "page"})).json
    assert chosen["device"] == "page"
    assert [d["state"] for d in chosen["devices"]] == ["in_use", "reachable"]
    world.phones.busy.clear()
    assert (await world.ask("GET", "/v1/me/phone", token=alice)).json["devices"][0]["state"] == "unreachable"
    assert (await world.ask("GET", "/v1/me", token=alice)).json["phone_device"] == "page"
    assert (await world.ask("PUT", "/v1/me/phone", token=alice, json={"device": "desk"})).json["device"] == "desk"
    assert (await world.ask("PUT", "/v1/me/phone", token=alice, json={"device": "sofa"})).code == "invalid"


async def test_where_there_is_none_in_the_page_the_desk_phone_is_reported_all_the_same(
    world: World, alice: str
) -> None:
    switched(world, enabled=False)
    mine = (await world.ask("GET", "/v1/me/phone", token=alice)).json
    assert (mine["path"], mine["password"], [d["device"] for d in mine["devices"]]) == (None, None, ["desk"])
    answer = await world.ask("PUT", "/v1/me/phone", token=alice, json={"device": "page"})
    assert (answer.status, answer.code) == (403, "feature_disabled")
    assert (await world.ask("PUT", "/v1/me/phone", token=alice, json={"device": "desk"})).status == 200
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await socket(world, alice)
    assert refused.value.status == 403


async def test_whoever_has_no_phone_has_none_in_the_page(world: World) -> None:
    admin = await world.token("admin")
    assert (await world.ask("GET", "/v1/me/phone", token=admin)).code == "not_allowed_now"
    for device in ("desk", "page"):
        answer = await world.ask("PUT", "/v1/me/phone", token=admin, json={"device": device})
        assert answer.code == "not_allowed_now"


async def test_sip_goes_both_ways_with_this_sessions_secret(world: World, alice: str) -> None:
    mine = (await world.ask("GET", "/v1/me/phone", token=alice)).json
    window = await world.http.ws_connect(f"http://{HOST}:{world.port}/v1/events?token={alice}")
    assert (await window.receive_json())["type"] == "snapshot"
    page = await socket(world, alice)
    assert page.protocol == "sip"
    await page.send_str(REGISTER)
    assert await page.receive_str() == f"SIP/2.0 200 {REGISTER}"
    await page.send_bytes(REGISTER.encode())
    assert await page.receive_str() == f"SIP/2.0 200 {REGISTER}"
    assert world.phones.passwords == {"1001": mine["password"]}
    assert (await world.ask("GET", "/v1/me/phone", token=alice)).json["held_by"] == mine["session"]
    await page.close()
    assert [(await window.receive_json())["phone"]["held_by"] for _ in range(2)] == [mine["session"], None]
    assert world.phones.passwords == {}
    assert (await world.ask("GET", "/v1/me/phone", token=alice)).json["held_by"] is None


async def test_another_page_takes_it_over_and_every_window_is_notified(world: World, alice: str) -> None:
    other = await world.token("alice")
    window = await world.http.ws_connect(f"http://{HOST}:{world.port}/v1/events?token={alice}")
    assert (await window.receive_json())["type"] == "snapshot"
    first = await socket(world, alice)
    second = await socket(world, other)
    assert await closed(first) == 4009
    assert world.phones.gone == ["1001"]
    theirs = (await world.ask("GET", "/v1/me/phone", token=other)).json
    assert theirs["held_by"] == theirs["session"]
    assert world.phones.passwords == {"1001": theirs["password"]}
    reported = [await window.receive_json() for _ in range(2)]
    assert [t["type"] for t in reported] == ["phone.updated", "phone.updated"]
    assert reported[1]["phone"]["held_by"] == theirs["session"]
    assert "password" not in str(reported)
    await second.send_str(REGISTER)
    assert (await second.receive_str()).startswith("SIP/2.0 200")
    await second.close()
    assert (await window.receive_json())["phone"]["held_by"] is None
    await window.close()


async def test_it_ends_when_the_agent_logs_out(world: World, alice: str) -> None:
    page = await socket(world, alice)
    await world.ask("POST", "/v1/logout", token=alice)
    assert await closed(page) == 4001


async def test_it_ends_when_the_token_expires(world: World, alice: str) -> None:
    await world.pass_time(12 * 3600 - 0.05, alice)
    page = await socket(world, alice)
    assert await closed(page) == 4001


async def test_it_ends_when_the_agent_is_gone_or_it_is_switched_off(world: World, alice: str) -> None:
    page = await socket(world, alice)
    await world.server.directory_changed()
    await page.send_str(REGISTER)
    assert (await page.receive_str()).startswith("SIP/2.0 200")
    switched(world, enabled=False)
    await world.server.directory_changed()
    assert await closed(page) == 4001


async def test_it_ends_with_the_server(world: World, alice: str) -> None:
    page = await socket(world, alice)
    stopping = asyncio.create_task(world.close())
    assert await closed(page) == 1001
    await stopping


async def test_asterisk_that_goes_is_reported_as_try_again(world: World, alice: str) -> None:
    page = await socket(world, alice)
    world.phones.away = True
    await world.phones.lines[0].close()
    assert await closed(page) == 1013
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await socket(world, alice)
    assert refused.value.status == 503


async def test_it_is_a_websocket_that_speaks_sip(world: World, alice: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await socket(world, alice, protocols=("chat",))
    assert refused.value.status == 426
    assert (await world.ask("GET", "/phone", token=alice)).status == 426
    assert (await world.ask("GET", "/phone")).status == 401


async def test_a_page_that_speaks_for_another_or_too_long_is_closed(world: World, alice: str) -> None:
    page = await socket(world, alice)
    await page.send_str(REGISTER.replace("1001", "1002"))
    assert await closed(page) == 1008
    page = await socket(world, alice)
    await page.send_str("x" * (LONGEST + 1))
    assert await closed(page) == 1009
    assert world.phones.reported == []


@pytest.mark.parametrize(
    ("message", "may"),
    [
        ("", True),
        ("\r\n\r\n", True),
        ("SIP/2.0 200 OK\r\n\r\n", True),
        (REGISTER, True),
        (REGISTER.replace("From:", "f :").replace("To:", "t:"), True),
        (REGISTER.replace("<sip:1001-page@x>;tag=a", '"Alice" <sip:1001-page@x>;tag=a'), True),
        (REGISTER.replace("<sip:1001-page@x>;tag=a", "sip:1001-page@x;tag=a"), True),
        (REGISTER.replace("From: ", "From:\r\n "), True),
        ("BYE sip:x SIP/2.0\r\nFrom: <sip:any@x>;tag=a\r\nTo: <sip:x>;tag=b\r\n\r\n", True),
        (REGISTER.replace("1001", "1002", 1), False),
        (REGISTER.replace("From:", "From: <sip:1002@x>\r\nFrom:"), False),
        (REGISTER.replace("From:", "X-From:"), False),
        ("INVITE sip:x SIP/2.0\r\nFrom: <tel:1>\r\nTo: <sip:x>\r\n\r\n", False),
        ("garbage", False),
        (INVITE.replace("From: ", 'From: "sip:1001-page@x" ').replace("<sip:1001-page", "<sip:1002"), False),
        (INVITE.replace("From: <sip:1001-page", "From: sip:1001-page@x <sip:1002"), False),
        (INVITE.replace("1001-page", "1002", 1).replace("To: ", 'To: "a;tag=b" '), False),
        (INVITE.replace("1001-page", "1002", 1).replace("To: <sip:2000@x>", "To: <sip:2000@x;tag=b>"), False),
        (INVITE.replace("To: ", "X: y\rFrom: <sip:1002@x>\r\nTo: "), False),
        (INVITE.replace("To: ", "X: y\nFrom: <sip:1002@x>\r\nTo: "), False),
        (INVITE.replace("Length: 4", "Length: 0"), False),
        (INVITE.replace("Content-Length: 4\r\n", ""), False),
        (INVITE.replace("Length: 4", "Length: 4\r\nl: 900"), False),
        (INVITE + REGISTER.replace("1001", "1002"), False),
        ("SIP/2.0 200 OK\r\n\r\n" + REGISTER.replace("1001", "1002"), False),
        ("\r\n\r\n" + REGISTER.replace("1001", "1002"), False),
        (REGISTER.replace("1001", "1002").replace("\r\n\r\n", ";tag=b\r\n\r\n"), False),
        (INVITE, True),
        (INVITE.replace("From: ", r'From: "Zoé, \"<sip:1002@x>\" ;tag=q" '), True),
        ("SIP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nv=0\n", True),
    ],
)
def test_a_page_speaks_for_its_own_agent_only(message: str, may: bool) -> None:
    assert speaks_for(message, "1001-page") is may
