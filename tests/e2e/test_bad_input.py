"""Bad input of every kind gets its code, and a conference that is running hears nothing of it."""

import asyncio
import io
import json
import os
import random
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from redis.asyncio import Redis

from ari_app.config.credentials import Credential
from ari_app.store.port import hash_token
from tests.e2e.crowd import password_hash
from tests.e2e.office import Agent, Office
from tests.e2e.witness import undisturbed

CONFERENCE = ("caller <-> alice", "caller <-> bob", "alice <-> bob")
MEGABYTES = 10
PREFIX = "cc"
PAUSE = 0.02

type Case = tuple[str, str, str, str | bytes, tuple[int, str]]
"""Token, method, path, body; the status and code of the answer."""


async def conference(office: Office) -> tuple[Agent, Agent]:
    """Alice (whose call it is), Bob and a caller; returns the agents."""
    alice, bob = await office.agents("alice", "bob")
    await office.conference(await office.caller(), alice, bob)
    return alice, bob


async def send(office: Office, token: str, method: str, path: str, data: Any, **headers: str) -> tuple[int, str]:
    """(status, code) of a request with any body; the answer must be a problem."""
    all_headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, office.stack.api + path, data=data, headers=all_headers) as response,
    ):
        assert response.content_type == "application/problem+json", await response.text()
        problem = await response.json()
        assert problem["status"] == response.status
        return response.status, problem["code"]


async def a_token(office: Office, agent: str) -> str:
    async with aiohttp.ClientSession() as session:
        return await office.stack.login(session, agent)


async def test_commands_that_make_no_sense_get_their_code_and_the_conference_hears_nothing(office: Office) -> None:
    alice, bob = await conference(office)
    dave = await office.agent("dave")
    token, strangers = await a_token(office, "alice"), await a_token(office, "dave")
    async with undisturbed(office, *CONFERENCE):
        wrong = []
        for who, method, path, body, expected in senseless(alice, token, strangers):
            found = await send(office, who, method, path, body)
            if found != expected:
                wrong.append(f"{method} {path} {body[:60]!r}: {found}, not {expected}")
        assert not wrong, "\n".join(wrong)
    assert dave.phone.calls == []
    assert bob.call is not None
    assert bob.call["state"] == "established"


def senseless(alice: Agent, token: str, strangers: str) -> list[Case]:
    """Requests of alice, who is in a conference with bob, and of somebody who is not in it."""
    call = f"/v1/calls/{alice.call_id}"
    party = f"{call}/parties/{alice.party('bob')['id']}"
    transfer, confer = f"{call}/single-step-transfer", f"{call}/single-step-conference"

    def target(name: str) -> str:
        return json.dumps({"target": name})

    return [
        (token, "POST", transfer, target("agent:nobody"), (404, "unknown_target")),
        (token, "POST", transfer, target("group:nobody"), (404, "unknown_target")),
        (token, "POST", transfer, target("skill:french>=99"), (409, "no_agent_available")),
        (token, "POST", transfer, target("dave"), (404, "unknown_target")),
        (token, "POST", transfer, target("number:1"), (404, "unknown_target")),
        (token, "POST", transfer, target("group:night"), (409, "no_agent_available")),
        (token, "POST", transfer, target("agent:alice"), (422, "invalid")),
        (token, "POST", confer, target("agent:alice"), (422, "invalid")),
        (token, "POST", confer, target("agent:bob"), (409, "not_allowed_now")),
        (token, "POST", transfer, '{"target": "agent:dave", "caller_id": "x"}', (403, "caller_id_not_allowed")),
        (token, "POST", transfer, '{"target": "agent:dave", "colour": "red"}', (422, "invalid")),
        (token, "POST", transfer, '{"target": 7}', (422, "invalid")),
        (token, "POST", transfer, "{}", (422, "invalid")),
        (token, "POST", transfer, "", (422, "invalid")),
        (token, "POST", transfer, "target=agent:dave", (422, "invalid")),
        (token, "POST", transfer, b"\xff\xfe\x00", (422, "invalid")),
        (token, "POST", transfer, "[" * 60_000, (422, "invalid")),
        (token, "POST", f"{party}/send-dtmf", '{"digits": "12x"}', (422, "invalid")),
        (token, "POST", f"{call}/send-dtmf", '{"digits": ""}', (422, "invalid")),
        (token, "POST", f"{call}/send-dtmf", '{"digits": "1", "party": "nobody"}', (404, "not_found")),
        (token, "POST", f"{call}/parties/nobody/mute", "", (404, "not_found")),
        (token, "DELETE", f"{call}/parties/nobody", "", (404, "not_found")),
        (token, "POST", f"{call}/retrieve", "", (409, "not_allowed_now")),
        (token, "POST", f"{call}/complete-transfer", "", (409, "not_allowed_now")),
        (token, "POST", f"{party}/unmute", "", (409, "not_allowed_now")),
        (token, "POST", f"{call}/explode", "", (404, "not_found")),
        (token, "GET", f"{call}/hold", "", (405, "invalid")),
        (token, "PATCH", f"{call}/user-data", '{"a key": "x"}', (422, "invalid")),
        (token, "POST", "/v1/admin/reload", "", (403, "forbidden")),
        (strangers, "POST", f"{call}/hold", "", (404, "not_found")),
        (strangers, "POST", f"{call}/clear", "", (404, "not_found")),
        (strangers, "POST", transfer, target("agent:dave"), (404, "not_found")),
        (strangers, "POST", f"{party}/mute", "", (404, "not_found")),
        (strangers, "GET", call, "", (404, "not_found")),
        (strangers, "POST", "/v1/calls/nothing/hold", "", (404, "not_found")),
    ]


async def test_a_token_that_expired_is_unauthenticated_and_the_conference_hears_nothing(office: Office) -> None:
    """The token is one as the controller keeps them, with two seconds to live."""
    alice, _ = await conference(office)
    token, expires_at = secrets.token_urlsafe(32), time.time() + 2.0
    digest = hash_token(token)
    credential = Credential(password_hash=password_hash("alice"))
    key, fingerprint = f"{{{PREFIX}}}:token:{digest}", credential.fingerprint(digest)
    kept = {"agent": "alice", "expires_at": expires_at, "fingerprint": fingerprint}
    async with Redis.from_url(office.stack.redis) as redis:
        await redis.set(key, json.dumps(kept), px=60_000)
        async with (
            undisturbed(office, *CONFERENCE),
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
        ):
            async with session.get(f"{office.stack.api}/v1/me") as response:
                assert response.status == 200, await response.text()
            await alice.phone.stays_up(max(0.0, expires_at - time.time()) + 0.01)
            expired = await send(office, token, "POST", f"/v1/calls/{alice.call_id}/clear", b"")
            async with session.get(f"{office.stack.api}/v1/events?token={token}") as response:
                window = (await response.json())["code"]
        await redis.delete(key)
    assert expired == (401, "unauthenticated")
    assert window == "unauthenticated"


async def test_a_token_that_was_logged_out_or_made_up_is_unauthenticated(office: Office) -> None:
    alice, _ = await conference(office)
    token = await a_token(office, "alice")
    path = f"/v1/calls/{alice.call_id}/clear"
    async with undisturbed(office, *CONFERENCE):
        async with (
            aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
            session.post(f"{office.stack.api}/v1/logout") as response,
        ):
            assert response.status == 204
        for bad in (token, "made-up", "", "é", "x" * 5000):
            assert await send(office, bad, "POST", path, b"") == (401, "unauthenticated"), bad[:20]


async def _chunks() -> AsyncIterator[bytes]:
    for _ in range(MEGABYTES * 16):
        yield b" " * 65_536


@pytest.mark.parametrize("chunked", [False, True], ids=["announced", "chunked"])
async def test_ten_megabytes_of_body_are_invalid_and_the_conference_hears_nothing(
    office: Office, chunked: bool
) -> None:
    alice, _ = await conference(office)
    token = await a_token(office, "alice")
    path = f"/v1/calls/{alice.call_id}/single-step-transfer"
    async with undisturbed(office, *CONFERENCE):
        body = _chunks() if chunked else io.BytesIO(bytes(MEGABYTES * 1024 * 1024))
        assert await send(office, token, "POST", path, body) == (413, "invalid")
    await alice.to("bob", "mute")
    await office.hears("caller <-> alice", "caller -> bob", "alice -> bob")


def _sip_rubbish(stack_address: str) -> list[bytes]:
    """Deterministic: noise, and SIP that is broken in the ways that parsers trip over."""
    dice = random.Random(2)
    uri = f"sip:1001@{stack_address}"
    head = f"INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/UDP {stack_address}:9;branch=z9hG4bK"
    whole = (
        f"{head}1\r\nFrom: <sip:x@{stack_address}>;tag=1\r\nTo: <{uri}>\r\nCall-ID: rubbish\r\nCSeq: 1 INVITE\r\n"
        f"Contact: <sip:x@{stack_address}:9>\r\nContent-Type: application/sdp\r\nContent-Length: "
    )
    broken = [
        b"",
        b"\x00" * 1400,
        b"\r\n" * 700,
        head.encode(),
        f"{head}\r\n\r\n".encode(),
        f"{whole}-1\r\n\r\n".encode(),
        f"{whole}99999999\r\n\r\nv=0\r\n".encode(),
        f"{whole}30\r\n\r\nv=0\r\no=\r\nm=audio -1 RTP/AVP 999\r\n".encode(),
        f"{whole}0\r\n\r\n".replace("CSeq: 1 INVITE", "CSeq: 99999999999 BYE").encode(),
        f"{whole}0\r\nX: {'a' * 60_000}\r\n\r\n".encode(),
        f"BYE {uri} SIP/2.0\r\nCall-ID: \xff\xfe\r\n\r\n".encode("latin-1"),
        b"SIP/2.0 200 OK\r\n\r\n",
        b"REGISTER sip:\x00 SIP/2.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ]
    return broken + [dice.randbytes(dice.randint(1, 1400)) for _ in range(200)]


async def _tcp(address: str, port: int, data: bytes) -> bytes:
    """Send that, and read what comes until the other side closes, or half a second."""
    reader, writer = await asyncio.open_connection(address, port)
    answer = b""
    try:
        writer.write(data)
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(0.5):
                await writer.drain()
                answer = await reader.read(65_536)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return answer


async def test_rubbish_at_the_sip_port_disturbs_nobody(office: Office) -> None:
    alice, _ = await conference(office)
    address, port = office.stack.asterisk
    async with undisturbed(office, *CONFERENCE):
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=(office.stack.bind, 0)
        )
        rubbish = _sip_rubbish(address)
        for data in rubbish:
            transport.sendto(data, (address, port))
            await asyncio.wait([asyncio.get_running_loop().create_future()], timeout=PAUSE / 4)
        transport.close()
        await asyncio.gather(*(_tcp(address, port, data) for data in rubbish[:30]))
    assert len(alice.phone.calls) == 1
    carol = await office.agent("carol")
    again = await office.caller("again", "+33600000009")
    again.dial("1003")
    await carol.phone.answer()
    await office.hears(*CONFERENCE, "again <-> carol")


async def test_rubbish_at_the_api_port_disturbs_nobody_and_is_answered_with_a_problem_or_not_at_all(
    office: Office,
) -> None:
    alice, _ = await conference(office)
    where = urlsplit(office.stack.api)
    assert where.hostname is not None
    dice = random.Random(3)
    rubbish = [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + dice.randbytes(400),  # a TLS greeting
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http:// HTTP/1.1\r\nHost:\r\n\r\n",
        b"\r\n\r\n\r\n\r\n",
        b"POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
        b"POST /v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
        b"GET /v1/calls/%00%ff%2e%2e/hold HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: 1\r\n" % n for n in range(5000)) + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        *(dice.randbytes(dice.randint(1, 2000)) for _ in range(30)),
    ]
    async with undisturbed(office, *CONFERENCE):
        answers = await asyncio.gather(*(_tcp(where.hostname, where.port or 80, data) for data in rubbish))
    for data, answer in zip(rubbish, answers, strict=True):
        if answer:
            assert b"application/problem+json" in answer, (data[:60], answer[:300])
            assert not answer.startswith(b"HTTP/1.1 5"), (data[:60], answer[:300])
            assert b"Traceback" not in answer
            assert b"<html" not in answer.lower()
    await alice.to("bob", "mute")
    await office.hears("caller <-> alice", "caller -> bob", "alice -> bob")


async def test_rubbish_on_the_events_disturbs_no_other_window_and_no_call(office: Office) -> None:
    alice, bob = await conference(office)
    token = await a_token(office, "alice")
    events = f"{office.stack.api}/v1/events"
    async with (
        undisturbed(office, *CONFERENCE),
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as session,
    ):
        for text in ("", "hello", "{}", '{"type": "call.ended"}', "[" * 10_000, "\x00" * 1000):
            async with session.ws_connect(events) as window:
                await window.send_str(text)
                answer = await window.receive()
                assert answer.type is aiohttp.WSMsgType.CLOSE or answer.json()["type"] == "snapshot", answer
        async with session.ws_connect(events, max_msg_size=0) as window:
            for blob in (b"", os.urandom(1000), bytes(MEGABYTES * 1024 * 1024)):
                with suppress(ConnectionError, aiohttp.ClientConnectionError):
                    await window.send_bytes(blob)
        for frame in (b"\xff\xff\xff\xff", b"\x81\x05hello", b"\x83\x80abcd", b"\x89\xfe\xff\xffabcd", b"\x00" * 500):
            await _raw_frame(events, token, frame)
        assert (await session.get(f"{events}?since=18446744073709551616")).status in (400, 422)
    await alice.to("bob", "mute")
    await alice.sees(lambda call: any(p["muted"] for p in call["parties"]), "sees that bob is muted")
    await bob.sees(lambda call: any(p["muted"] for p in call["parties"]), "sees that they are muted")
    await office.hears("caller <-> alice", "caller -> bob", "alice -> bob")


async def _raw_frame(events: str, token: str, frame: bytes) -> None:
    """Open the events by hand, and send that after the handshake."""
    where = urlsplit(events)
    assert where.hostname is not None
    handshake = (
        f"GET {where.path} HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {token}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    answer = await _tcp(where.hostname, where.port or 80, handshake.encode() + frame)
    assert answer.startswith(b"HTTP/1.1 101"), answer[:200]
