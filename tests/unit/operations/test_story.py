"""`ari-app story`: out of a file, or of the controller's API with a password or a token, which are never printed."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ari_app.__main__ import main
from ari_app.api.encryption import server_context
from tests.support.certificates import make_authority, make_certificate

RECORDED = Path(__file__).parents[1] / "engine" / "recorded_story.json"
CALL = "cc-mx1asfdo-c1"


class Api:
    """A controller that knows one password, one token and one story, and notes what was requested."""

    def __init__(self) -> None:
        self.requested: list[str] = []
        self.url = ""

    async def login(self, request: web.Request) -> web.Response:
        self.requested.append("login")
        if await request.json() != {"agent": "admin", "password": "right"}:
            return self.problem(401, "unauthenticated", "wrong agent or password")
        return web.json_response({"token": "the token"})

    async def logout(self, request: web.Request) -> web.Response:
        self.requested.append("logout")
        return web.Response(status=204)

    async def story(self, request: web.Request) -> web.Response:
        self.requested.append("story")
        if request.headers["Authorization"] != "Bearer the token":
            return self.problem(403, "forbidden", "for administrators")
        if request.match_info["call"] == "garbage":
            return web.Response(text="{}")
        if request.match_info["call"] != CALL:
            return self.problem(404, "not_found", "there is no such call")
        return web.Response(text=RECORDED.read_text(encoding="utf-8"))

    @staticmethod
    def problem(status: int, code: str, detail: str) -> web.Response:
        return web.json_response({"code": code, "detail": detail}, status=status)

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/v1/login", self.login)
        app.router.add_post("/v1/logout", self.logout)
        app.router.add_get("/v1/admin/calls/{call}/story/file", self.story)
        return app


@pytest.fixture
async def api(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """With nobody's token in the environment."""
    monkeypatch.delenv("ARI_APP_TOKEN", raising=False)
    api = Api()
    server = TestServer(api.app())
    await server.start_server()
    api.url = str(server.make_url("/")).rstrip("/")
    yield api
    await server.close()


async def story(*arguments: str) -> int:
    """In a thread: the command has a loop of its own."""
    return await asyncio.to_thread(main, ["story", *arguments])


async def test_with_a_password_on_standard_input_one_logs_in_reads_and_logs_out(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("right\n"))
    assert await story(CALL, "--url", api.url) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert said.out.startswith(f"call {CALL}, 2026-11-29 (times are UTC)\n")
    assert api.requested == ["login", "story", "logout"]


async def test_with_a_token_nobody_logs_in_and_json_is_for_programs(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARI_APP_TOKEN", "the token")
    assert await story(CALL, "--url", api.url, "--json") == 0
    assert json.loads(capsys.readouterr().out)["call"] == CALL
    assert api.requested == ["story"]


@pytest.mark.parametrize(
    ("call", "password", "said"),
    [
        (CALL, "wrong", "unauthenticated: wrong agent or password"),
        ("cc-never", "right", "not_found: there is no such call"),
        ("garbage", "right", "not a story: KeyError: 'format'"),
    ],
)
async def test_what_is_refused_is_said_with_its_code(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], call: str, password: str, said: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    assert await story(call, "--url", api.url) == 1
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == ("", f"{call}: {said}\n")
    assert api.requested[-1] != "story", "whoever logged in has logged out"


async def test_what_is_no_controller_is_said_to_be_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARI_APP_TOKEN", "the token")
    server = TestServer(web.Application())
    await server.start_server()
    assert await story(CALL, "--url", str(server.make_url("/")).rstrip("/")) == 1
    await server.close()
    assert capsys.readouterr().err == f"{CALL}: what answers there is no controller\n"
    assert await story(CALL, "--url", "http://127.0.0.1:1") == 1
    assert capsys.readouterr().err.startswith(f"{CALL}: the controller does not answer at http://127.0.0.1:1: ")


async def test_by_tls_a_controller_on_this_machine_is_reached_whatever_its_certificate_is_about_and_another_is_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await make_authority(tmp_path)
    certificate, key = await make_certificate(tmp_path, "192.0.2.10")
    server = TestServer(Api().app(), scheme="https")
    await server.start_server(ssl=server_context(certificate, key))
    monkeypatch.setenv("ARI_APP_TOKEN", "the token")
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "x" * 24)
    monkeypatch.setenv("ARI_APP_API_PORT", str(server.port))
    monkeypatch.setenv("ARI_APP_TLS_CERTIFICATE", str(certificate))
    monkeypatch.setenv("ARI_APP_TLS_KEY", str(key))
    assert await story(CALL) == 0, capsys.readouterr().err
    assert await story(CALL, "--url", f"https://127.0.0.1:{server.port}") == 1
    assert "certificate" in capsys.readouterr().err
    await server.close()


def test_a_file_is_read_without_an_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ARI_APP_ARI_PASSWORD", raising=False)
    assert main(["story", str(RECORDED)]) == 0
    assert "Bob Lefèvre   gone: declined" in capsys.readouterr().out
    assert main(["story", str(tmp_path / "none.json")]) == 1
    assert "No such file" in capsys.readouterr().err
    assert main(["story", CALL]) == 2, "where the API is stands in the environment"
    assert "environment: ARI_APP_ARI_PASSWORD: " in capsys.readouterr().err
