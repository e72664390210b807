"""Bad input of every kind gets its code, as a problem, and nothing else."""

import asyncio
import io
import json
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from ari_app.calls.commands import Command
from ari_app.errors import AsteriskUnavailable, Code, Refused, StoreUnavailable
from tests.unit.api.fakes import HOST, World, call, party


@pytest.fixture(autouse=True)
def one_call(world: World) -> None:
    world.control.up["c1"] = call("c1", party("p1"), party("p2", "alice"))
    world.control.up["others"] = call("others", party("p3"), party("p4", "bob"))


def says(error: Exception) -> Any:
    def outcome(command: Command) -> None:
        raise error

    return outcome


@pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/v1/calls/", "/v1/calls/c1/hold/x", "/v1/%2e%2e/x"])
async def test_an_unknown_path_is_not_found(world: World, alice: str, path: str) -> None:
    answer = await world.ask("POST", path, token=alice)
    assert (answer.status, answer.code) == (404, "not_found")


async def test_a_wrong_method_is_answered_with_the_right_ones(world: World, alice: str) -> None:
    answer = await world.ask("DELETE", "/v1/calls", token=alice)
    assert (answer.status, answer.code, answer.headers["Allow"]) == (405, "invalid", "GET, POST")


async def test_no_token_is_unauthenticated(world: World) -> None:
    answer = await world.ask("GET", "/v1/me")
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["Bearer", "Bearer ", "Bearer nonsense", "Basic YTpi", "Bearer " + "x" * 500, "é"])
async def test_a_wrong_token_is_unauthenticated(world: World, header: str) -> None:
    answer = await world.ask("GET", "/v1/me", headers={"Authorization": header})
    assert (answer.status, answer.code) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"not json",
        b'{"target": "\xff\xfe"}',
        b'{"target": "\\ud800"}',
        b"[]",
        b"null",
        b'"text"',
        b"[" * 9999,
    ],
)
async def test_a_body_that_is_not_json_is_invalid(world: World, alice: str, body: bytes) -> None:
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded", "x"):
        headers = {"Content-Type": content_type}
        answer = await world.ask("POST", "/v1/calls", token=alice, data=body, headers=headers)
        assert (answer.status, answer.code) == (422, "invalid")
    assert not world.control.commands


async def test_a_field_that_is_wrong_is_named(world: World, alice: str) -> None:
    body = {"target": 5, "colour": "red", "user_data": {"k": 1}}
    answer = await world.ask("POST", "/v1/calls", token=alice, json=body)
    assert answer.code == "invalid"
    assert [e["field"] for e in answer.json["errors"]] == ["target", "user_data.k", "colour"]


async def test_a_body_where_there_is_none_is_invalid(world: World, alice: str) -> None:
    answer = await world.ask("POST", "/v1/calls/c1/hold", token=alice, data=b"not json")
    assert (answer.status, answer.code) == (422, "invalid")
    assert not world.control.commands
    for nothing in (b"", b"{}", b" null "):
        assert (await world.ask("POST", "/v1/calls/c1/hold", token=alice, data=nothing)).status == 200


@pytest.mark.parametrize("path", ["/v1/calls", "/v1/calls/c1/hold", "/v1/login", "/v1/calls/c1/user-data"])
@pytest.mark.parametrize("chunked", [False, True])
async def test_ten_megabytes_are_too_large_and_the_connection_goes_on(
    world: World, alice: str, path: str, chunked: bool
) -> None:
    async def chunks() -> Any:
        for _ in range(160):
            yield b" " * 65_536

    method = "PATCH" if path.endswith("user-data") else "POST"
    data = chunks() if chunked else io.BytesIO(b" " * 10_485_760)
    answer = await world.ask(method, path, token=alice, data=data, headers={"Content-Type": "application/json"})
    assert (answer.status, answer.code) == (413, "invalid")
    assert (await world.ask("GET", "/v1/me", token=alice)).status == 200


async def test_what_is_not_http_is_answered_as_a_problem(world: World) -> None:
    reader, writer = await asyncio.open_connection(HOST, world.port)
    writer.write(b"HELLO\x00 <html>\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "invalid"


async def test_an_expectation_is_met_or_refused(world: World, alice: str) -> None:
    answer = await world.ask("POST", "/v1/calls", token=alice, json={"target": "agent:bob"}, expect100=True)
    assert answer.status == 201
    answer = await world.ask("POST", "/v1/calls", token=alice, headers={"Expect": "coffee"}, data=b"{}", check=False)
    assert (answer.status, answer.code) == (417, "invalid")


async def test_a_call_that_one_is_not_in_is_not_found(world: World, alice: str) -> None:
    for method, path in [
        ("GET", "/v1/calls/others"),
        ("POST", "/v1/calls/others/hold"),
        ("POST", "/v1/calls/others/parties/p3/mute"),
        ("DELETE", "/v1/calls/others/parties/p3"),
        ("GET", "/v1/calls/none"),
    ]:
        answer = await world.ask(method, path, token=alice)
        assert (answer.status, answer.code) == (404, "not_found")
    assert not world.control.commands


@pytest.mark.parametrize("digits", ["12x", "", "1 2", "a", "１", "1\n", 12, "0" * 65])
async def test_digits_that_no_phone_has_are_invalid(world: World, alice: str, digits: object) -> None:
    for path in ("/v1/calls/c1/send-dtmf", "/v1/calls/c1/parties/p1/send-dtmf"):
        answer = await world.ask("POST", path, token=alice, json={"digits": digits})
        assert (answer.status, answer.code) == (422, "invalid")
        assert answer.json["errors"][0]["field"] == "digits"


@pytest.mark.parametrize("target", ["bob", "agent:", "planet:mars", "agent:b b", "number:+", "skill:french>=x"])
async def test_what_is_no_target_is_unknown(world: World, alice: str, target: str) -> None:
    for path in ("/v1/calls", "/v1/calls/c1/single-step-transfer"):
        answer = await world.ask("POST", path, token=alice, json={"target": target})
        assert (answer.status, answer.code) == (404, "unknown_target")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Refused(Code.NOT_FOUND, "no such party"), 404),
        (Refused(Code.NOT_ALLOWED_NOW, "not in this state"), 409),
        (Refused(Code.NO_AGENT_AVAILABLE, "nobody"), 409),
        (Refused(Code.UNKNOWN_TARGET, "who?"), 404),
        (Refused(Code.FEATURE_DISABLED, "off"), 403),
        (Refused(Code.CALLER_ID_NOT_ALLOWED, "not yours"), 403),
        (Refused(Code.FORBIDDEN, "not you"), 403),
        (Refused(Code.INVALID, "yourself"), 422),
        (AsteriskUnavailable(), 503),
        (StoreUnavailable(), 503),
    ],
)
async def test_what_the_machine_says_is_reported(
    world: World, alice: str, error: Refused | AsteriskUnavailable, status: int
) -> None:
    world.control.outcome = says(error)
    body = {"target": "agent:bob"}
    answer = await world.ask("POST", "/v1/calls/c1/single-step-transfer", token=alice, json=body)
    assert (answer.status, answer.code) == (status, error.code.value)
    assert answer.json["detail"] == error.detail


async def test_what_nobody_foresaw_is_logged_and_not_shown(world: World, alice: str) -> None:
    world.control.outcome = says(RuntimeError("the secret of the house"))
    with capture_logs() as logs:
        answer = await world.ask("POST", "/v1/calls/c1/hold", token=alice, headers={"Accept": "text/html"})
    assert (answer.status, answer.code) == (500, "internal")
    assert "secret" not in answer.text
    assert any(entry["event"] == "request_failed" for entry in logs)


async def test_the_log_has_neither_tokens_nor_passwords(world: World) -> None:
    with capture_logs() as logs:
        token = await world.token("alice")
        await world.ask("GET", f"/v1/events?token={token}", check=False)
        await world.ask("POST", "/v1/login", json={"agent": "alice", "password": "hunter2"})
        await world.ask("POST", "/v1/login", json={"agent": "alice", "password": ["hunter2"]})
    text = repr(logs)
    assert "http_request" in text
    assert token not in text
    assert "hunter2" not in text
    assert "alice-demo" not in text


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "type=planet", "type=agent,", "q=" + "x" * 101])
async def test_a_query_that_is_wrong_is_invalid(world: World, alice: str, query: str) -> None:
    answer = await world.ask("GET", f"/v1/targets?{query}", token=alice)
    assert (answer.status, answer.code) == (422, "invalid")
    assert answer.json["errors"][0]["field"] == query.split("=", maxsplit=1)[0]


async def test_a_head_request_has_no_body(world: World) -> None:
    async with aiohttp.ClientSession() as session, session.head(f"http://{HOST}:{world.port}/healthz") as answer:
        assert answer.status == 200
        assert await answer.read() == b""


async def test_a_body_that_does_not_say_what_it_is_is_refused(world: World, alice: str) -> None:
    unsaid: dict[str, Any] = {"data": b'{"state": "ready"}', "skip_auto_headers": ["Content-Type"]}
    answer = await world.ask("PUT", "/v1/me/state", token=alice, **unsaid)
    assert (answer.code, answer.json["errors"][0]["field"]) == ("invalid", "Content-Type")
    assert world.agents.records["alice"].state == "logged_out"
