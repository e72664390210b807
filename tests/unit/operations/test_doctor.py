"""`ari-app doctor` where nothing runs: what can't be reached is a finding, never a traceback; and what it prints."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from ari_app.__main__ import main
from ari_app.config.settings import ProcessSettings
from ari_app.operations import gathering
from ari_app.operations.doctor import lines
from ari_app.operations.facts import Controller
from ari_app.operations.findings import Code, error, warning
from tests.support.documents import ROOT

FILES = ROOT / "asterisk"
NOBODY = {
    "ARI_APP_ARI_URL": "http://127.0.0.1:1",
    "ARI_APP_ARI_PASSWORD": "0123456789abcdef-secret",
    "ARI_APP_REDIS_URL": "redis://:0123456789abcdef-secret@127.0.0.1:1/0",
    "ARI_APP_API_PORT": "1",
    "ARI_APP_RECORDINGS": "/nowhere",
    "ARI_APP_HISTORY_URL": "sqlite:////nowhere/history.db",
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """The demonstration's files, to be spoilt."""
    for name in ("callcentre.yaml", "pjsip.conf", "extensions.conf"):
        (tmp_path / name).write_text((FILES / name).read_text())
        (tmp_path / name).chmod(0o644)
    tmp_path.chmod(0o755)
    return tmp_path


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, files: Path) -> None:
    for name in list(os.environ):
        if name.startswith("ARI_APP_"):
            monkeypatch.delenv(name)
    for name, value in NOBODY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ARI_APP_CONFIG", str(files / "callcentre.yaml"))


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What is wrong by code."""
    assert main(["doctor", "--json"]) == 1
    said = capsys.readouterr()
    assert said.err == ""
    assert "secret" not in said.out.replace("secrets", ""), "no secret is printed"
    return {finding["code"]: finding["what"] for finding in json.loads(said.out)}


ALWAYS = {
    "controller_unreached", "asterisk_unreached", "redis_unreached", "recordings_unseen", "demo_passwords",
    "demo_phone_secrets", "history_unreached",
}  # fmt: skip
# Of the machine that the tests run on: what it has is nobody's to say.
MAY_BE = {"few_files", "packages_differ"}


def test_where_nothing_is_reached_each_part_is_a_finding(capsys: pytest.CaptureFixture[str]) -> None:
    codes = found(capsys)
    assert codes.keys() - MAY_BE == ALWAYS
    assert codes["controller_unreached"].startswith("the controller does not answer: http://127.0.0.1:1/readyz: ")
    assert "http://127.0.0.1:1" in codes["asterisk_unreached"]


def test_of_several_asterisks_each_is_looked_at_and_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARI_APP_ASTERISKS", "one=http://127.0.0.1:1 two=http://127.0.0.1:2")
    monkeypatch.setenv("ARI_APP_ADVERTISE", "http://127.0.0.1:3")
    assert main(["doctor", "--json"]) == 1
    what = [finding["what"] for finding in json.loads(capsys.readouterr().out)]
    for name, port in (("one", 1), ("two", 2)):
        assert [said for said in what if said.startswith(f"{name} is not reached: http://127.0.0.1:{port}")]


def test_files_that_are_wrong_or_open_to_all_are_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (files / "extensions.conf").write_text("[a]\nexten => 1,1,Stasis(callcontrol,group,saless)\n")
    (files / "pjsip.conf").chmod(0o666)
    file = files / "callcentre.yaml"
    file.write_text(file.read_text().replace("    numbers: [", "    numbers: []  # ["))
    codes = found(capsys)
    assert codes.keys() - MAY_BE == ALWAYS | {"asterisk_file_invalid", "file_writable"}
    assert "no group 'saless'" in codes["asterisk_file_invalid"]
    assert "pjsip.conf" in codes["file_writable"]


def test_a_configuration_that_is_faulty_or_away_is_named(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = files / "callcentre.yaml"
    file.write_text(file.read_text().replace("offer_timeout: 15", "offer_timeout: soon"))
    codes = found(capsys)
    assert codes.keys() - MAY_BE == (ALWAYS - {"demo_passwords"}) | {"configuration_invalid"}
    assert "settings.offer_timeout" in codes["configuration_invalid"]
    file.unlink()
    assert "cannot be read" in found(capsys)["configuration_invalid"]


def test_an_environment_that_is_wrong_is_named_without_its_values_and_files_are_looked_at(
    monkeypatch: pytest.MonkeyPatch, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ARI_APP_ARI_PASSWORD")
    (files / "extensions.conf").unlink()
    codes = found(capsys)
    assert codes.keys() - MAY_BE == {"setting_wrong", "dialplan_unseen"}
    assert codes["setting_wrong"].startswith("ARI_APP_ARI_PASSWORD: ")
    monkeypatch.setenv("ARI_APP_STASIS_APP", "not a name")
    assert "configuration_invalid" in found(capsys), "where that is wrong too, the usual place is looked at"


def test_passwords_that_everybody_knows_or_that_stand_in_clear_are_named(
    monkeypatch: pytest.MonkeyPatch, files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ARI_APP_ARI_PASSWORD", "ari-demo")
    monkeypatch.setenv("ARI_APP_REDIS_URL", "redis://127.0.0.1:1/0")
    file = files / "callcentre.yaml"
    file.write_text(file.read_text().replace("alice-demo", "mine alone"))
    codes = found(capsys)
    assert codes.keys() - MAY_BE == ALWAYS | {"ari_password_weak", "redis_password_weak", "clear_passwords"}
    assert codes["clear_passwords"] == "the passwords of alice stand in clear in the file"
    assert codes["redis_password_weak"].endswith("is empty")


def test_for_people_each_finding_has_what_to_do_below_it_and_no_line_is_too_long(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["doctor"]) == 1
    printed = capsys.readouterr().out
    assert "warning  demo_passwords: the passwords of alice, " in printed
    assert printed.splitlines()[-1].startswith("3 errors, ")
    what = "what is said of it goes on and on, " * 8
    shown = lines([error(Code.REDIS_DISK, what, "look"), warning(Code.REDIS_SLOW, "\x1b[2Jslow", "wait")], 80)
    assert max(len(line) for line in shown) <= 80
    assert shown[0].startswith("error    redis_disk: what is said")
    assert shown[-3:] == ["warning  redis_slow: �[2Jslow", "         -> wait", "1 error, 1 warning"]
    assert lines([], 80) == ["no errors, no warnings"]


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, '{"ready": true, "configuration": "current"}', Controller(True)),
        (200, '{"ready": true, "configuration": "last_good"}', Controller(True, last_good=True)),
        (
            200,
            '{"ready": true, "drained": ["b"], "degraded": [{"asterisk": "a", "reason": "rate"}]}',
            Controller(True, drained=("b",), degraded=(("a", "rate"),)),
        ),
        (503, '{"code": "asterisk_unavailable", "detail": "away"}', Controller(True, "asterisk_unavailable", "away")),
        (200, "hello", None),
    ],
)
async def test_what_the_controller_answers_is_read(
    monkeypatch: pytest.MonkeyPatch, status: int, body: str, expected: Controller | None
) -> None:
    async def ready(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    app = web.Application()
    app.router.add_get("/readyz", ready)
    server = TestServer(app)
    await server.start_server()
    monkeypatch.setenv("ARI_APP_API_PORT", str(server.port))
    monkeypatch.setenv("ARI_APP_API_HOST", "0.0.0.0")  # noqa: S104  # where it is reached then is loopback
    monkeypatch.setenv("ARI_APP_RECORDINGS", "/tmp")
    try:
        facts = await gathering.gather(ProcessSettings())
    finally:
        await server.close()
    assert facts.controller is not None
    assert facts.machine.free is not None
    assert facts.machine.free > 0
    if expected is None:
        assert facts.controller.detail.endswith("what answers there is no controller")
    else:
        assert facts.controller == expected


async def test_what_listens_on_this_machine_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    server = TestServer(web.Application(), host="127.0.0.1")
    await server.start_server()
    monkeypatch.setenv("ARI_APP_API_PORT", str(server.port))
    try:
        facts = await gathering.gather(ProcessSettings())
    finally:
        await server.close()
    assert facts.doors is not None
    assert facts.doors.api.listening == ("127.0.0.1",)
    assert facts.doors.redis.host == "127.0.0.1"


@pytest.mark.parametrize(("host", "url"), [("::", "http://[::1]:1"), ("192.0.2.1", "http://192.0.2.1:1")])
def test_the_api_is_looked_for_where_it_listens(monkeypatch: pytest.MonkeyPatch, host: str, url: str) -> None:
    monkeypatch.setenv("ARI_APP_API_HOST", host)
    assert gathering.api_url(ProcessSettings()) == url


def test_the_files_of_the_controller_are_counted_where_it_runs_here(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    monkeypatch.setattr(gathering, "_PROC", tmp_path)
    assert gathering._open_files() == (gathering._limit(most), 0)
    process = tmp_path / str(os.getpid())
    (process / "fd").mkdir(parents=True)
    (process / "cmdline").write_bytes(b"/opt/venv/bin/python\0-m\0ari_app\0run\0")
    for number in range(3):
        (process / "fd" / str(number)).touch()
    assert gathering._open_files() == (gathering._limit(most), 3)


def test_an_endless_limit_is_a_large_one_and_no_lock_wants_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gathering._limit(resource.RLIM_INFINITY) > 1_000_000
    monkeypatch.setattr(gathering, "LOCK", Path("/nowhere"))
    assert gathering._machine(None).differing == ()
    assert gathering._version("no-such-package") is None


def test_the_lock_lies_where_the_image_has_it() -> None:
    assert ROOT / "requirements.lock" == gathering.LOCK
    assert "COPY requirements.lock /opt/app/\n" in (ROOT / "docker" / "controller" / "Dockerfile").read_text()
