"""The client for Python: every operation, errors as exceptions, and a stream that outlives its connections."""

import ast
import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from ari_app import client as package
from ari_app.api.event_models import AgentUpdated, Snapshot
from ari_app.api.models.agents import NewState
from ari_app.api.models.calls import OfferRequest, UserDataChanges
from ari_app.api.models.history import HistoryQuery
from ari_app.client import Client, UnknownEvent, problems, transport
from ari_app.client.events import read
from ari_app.client.operations import Operations
from ari_app.client.problems import problem
from ari_app.errors import Code
from tests.support.client_operations import BY_HAND, FILE, text
from tests.support.documents import ROOT, blocks
from tests.unit.api.fakes import DOCUMENT, HOST, World, call, party

SECRETS = ("redis", "structlog", "argon2", "aioari", "yaml", "prometheus_client", "joserfc", "pydantic_settings")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "FIRST", 0.01)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    started = await World().start()
    yield started
    await started.stop()


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with Client(f"http://{HOST}:{world.port}") as client:
        await client.log_in("alice", "alice-demo")
        yield client


# -- all of it --------------------------------------------------------------------------------------------------------


async def test_the_methods_are_those_of_the_document(world: World) -> None:
    operations = {op["operationId"] for path in DOCUMENT["paths"].values() for op in path.values()}
    methods = {name for name in vars(Operations) if not name.startswith("_")}
    assert methods == operations - BY_HAND
    assert FILE.read_text() == text(world.server.routes), "out of date: python -m tests.support.client_operations"


def test_every_code_is_an_exception_of_its_own() -> None:
    assert {kind.kind for kind in problems.Problem.__subclasses__()} == set(Code)


def test_it_needs_nothing_of_the_server_but_aiohttp_and_pydantic() -> None:
    blocked = "\n".join(f"sys.modules[{name!r}] = None" for name in SECRETS)
    code = f"import sys\n{blocked}\nimport ari_app.client\nprint('fine')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)  # noqa: S603
    assert done.stdout == "fine\n", done.stderr


# -- operations -------------------------------------------------------------------------------------------------------


async def test_what_is_answered_has_its_type(client: Client, world: World) -> None:
    world.control.up["c1"] = call("c1", party("p1", "alice"), party("p2"))
    assert (await client.get_me()).agent == "alice"
    assert [found.id for found in (await client.list_calls()).calls] == ["c1"]
    made = await client.make_call(OfferRequest(target="agent:bob", user_data={"ticket": "7"}))
    assert made.id == "new"
    assert (await client.change_user_data("c1", UserDataChanges({"a": None}))).id == "c1"
    assert (await client.get_history(HistoryQuery(limit=5))).calls == []
    assert (await client.set_state(NewState(state="ready"))).state == "ready"
    assert b"callcontrol_api_requests_total" in await client.metrics()
    await client.logout()
    with pytest.raises(problems.Unauthenticated):
        await client.get_me()


async def test_what_is_refused_is_an_exception_with_code_and_fields(client: Client) -> None:
    with pytest.raises(problems.NotFound) as found:
        await client.hold_call("nowhere/../else")
    assert (found.value.status, found.value.code) == (404, "not_found")
    with pytest.raises(problems.Invalid) as invalid:
        await client.set_state(NewState(state="not_ready", reason="no such reason"))
    assert invalid.value.fields


def test_a_code_of_a_newer_server_is_a_problem_all_the_same() -> None:
    found = problem(418, '{"code": "teapot", "detail": "short and stout", "more": 1}')
    assert (type(found), found.code, found.detail) == (problems.Problem, "teapot", "short and stout")
    assert isinstance(problem(502, "<html>"), problems.Internal)


# -- a server that is not always there --------------------------------------------------------------------------------

type Handler = Callable[[web.Request], Coroutine[None, None, web.StreamResponse]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Handler], Coroutine[None, None, str]]]:
    runners = []

    async def serve(handler: Handler) -> str:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handler)
        runners.append(web.AppRunner(app, shutdown_timeout=0.1))
        await runners[-1].setup()
        await web.TCPSite(runners[-1], HOST, 0).start()
        return f"http://{HOST}:{runners[-1].addresses[0][1]}"

    yield serve
    for runner in runners:
        await runner.cleanup()


async def test_a_request_that_broke_is_sent_again_under_the_same_key(serve: Any) -> None:
    keys: list[str] = []

    async def breaks(request: web.Request) -> web.StreamResponse:
        keys.append(request.headers["Idempotency-Key"])
        if len(keys) == 1 and request.transport is not None:
            request.transport.abort()
        if len(keys) < 3:
            body = {"code": "standby", "detail": ""}
            return web.json_response(body, status=503, content_type="application/problem+json")
        return web.json_response({"retried": 1})

    async with Client(await serve(breaks), "token") as client:
        assert (await client.retry_webhook("crm")).retried == 1
    assert len(keys) == 3
    assert len(set(keys)) == 1


async def test_where_nobody_is_there_it_gives_up_in_time() -> None:
    async with Client("http://127.0.79.99:1", "token", within=0.1) as client:
        with pytest.raises(aiohttp.ClientConnectorError):
            await client.get_me()


# -- events -----------------------------------------------------------------------------------------------------------


async def test_what_happens_comes_as_what_it_is(client: Client, world: World) -> None:
    events = client.events()
    first = await anext(events)
    assert isinstance(first, Snapshot)
    assert first.me.agent == "alice"
    await client.set_state(NewState(state="ready"))
    world.hub.agent_changed(world.agents.records["alice"])
    found = await anext(events)
    assert isinstance(found, AgentUpdated)
    assert (found.agent.state, found.seq) == ("ready", first.seq + 1)
    await events.aclose()


UPDATED = (
    '{"type":"target.updated","seq":%d,"at":"x","target":"agent:bob","available":null,"state":"ready","as_of":"x"}'
)


async def test_a_stream_that_broke_goes_on_after_the_last_event(serve: Any) -> None:
    wanted: list[str | None] = []

    async def stream(request: web.Request) -> web.StreamResponse:
        wanted.append(request.query.get("since"))
        assert request.headers["Authorization"] == "Bearer token"
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        number = len(wanted)
        await socket.send_str(UPDATED % number)
        await socket.close(code={1: 1001, 2: 4008, 3: 1012, 4: 1001}.get(number, 4001))
        return socket

    async with Client(await serve(stream), "token") as client:
        seen: list[int] = []

        async def follow() -> None:
            async for event in client.events():
                seen.append(event.seq)  # noqa: PERF401  # it ends with an exception

        with pytest.raises(problems.Unauthenticated):
            await follow()
    assert wanted == [None, "1", "2", None, "4"]
    assert seen == [1, 2, 3, 4, 5]


async def test_a_stream_that_is_refused_says_so(world: World) -> None:
    async with Client(f"http://{HOST}:{world.port}", "nobody's") as client:
        with pytest.raises(problems.Unauthenticated):
            await anext(client.events())


def test_what_a_newer_server_says_is_not_lost() -> None:
    found = read('{"type": "call.whistled", "seq": 7, "tune": "x"}')
    assert found == UnknownEvent("call.whistled", 7, {"type": "call.whistled", "seq": 7, "tune": "x"})
    more = read(UPDATED.replace('"at"', '"more":1,"at"') % 3)
    assert more.seq == 3


# -- documents --------------------------------------------------------------------------------------------------------

EXAMPLES = blocks((ROOT / "docs" / "clients.md").read_text(), "python")


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
async def test_what_the_document_shows_is_so(example: str, world: World) -> None:
    """Each block runs as in `python -m asyncio`, against a server of its own."""
    world.control.up["c1"] = call("c1", party("p1", "alice"), party("p2"))
    source = example.replace("http://127.0.0.1:8080", f"http://{HOST}:{world.port}")
    code = compile(source, "clients.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, {"__name__": "example"})  # noqa: S307  # a document of ours
    async with asyncio.timeout(10):
        if asyncio.iscoroutine(result):
            await result


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 3
    assert Path(package.__file__).parent.joinpath("examples", "zammad.py").exists()
