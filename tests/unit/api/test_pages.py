"""docs/api.md and docs/events.md tell of every operation, error, event and close code, and of no other."""

import re

import pytest

from ari_app.api import windows
from ari_app.api.problems import STATUS
from ari_app.api.websocket import DESCRIPTION
from ari_app.errors import Code
from tests.support.documents import ROOT
from tests.unit.api.fakes import World

API = (ROOT / "docs/api.md").read_text()
EVENTS = (ROOT / "docs/events.md").read_text()
SOURCE = "".join(file.read_text() for file in (ROOT / "ari_app" / "api").rglob("*.py"))


def test_the_errors_are_those_of_the_code_with_their_statuses() -> None:
    reported = {code: int(status) for code, status in re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", API, re.MULTILINE)}
    assert reported == {code.value: STATUS.get(code, 500) for code in Code}


async def test_the_operations_are_those_of_the_server(world: World) -> None:
    reported = re.findall(r"^\| `([A-Z]+) (/[^`]+)` \|", API, re.MULTILINE)
    assert sorted(reported) == sorted((route.method, route.path) for route in world.server.routes)


@pytest.mark.parametrize("text", [EVENTS, DESCRIPTION], ids=["page", "OpenAPI"])
def test_the_events_are_those_that_are_sent(text: str) -> None:
    kinds = "call|offer|agent|target|phone|queue|emergency|alarm|day|voicemail"
    sent = set(re.findall(rf'"((?:{kinds})\.[a-z_]+)"', SOURCE)) | {
        "snapshot",
        "subscribed",
        "error",
    }
    assert len(sent) >= 10
    reported = set(re.findall(r"^\| `([a-z.]+)` \| `", text, re.MULTILINE)) or set(
        re.findall(r"`([a-z]+[.a-z]*)`", text)
    )
    assert sent <= reported
    assert text is DESCRIPTION or sent == reported


def test_the_close_codes_are_those_that_are_sent() -> None:
    ours = {windows.TOO_SLOW, windows.SESSION_ENDED, windows.GOING_AWAY, windows.RESTART}
    reported = {int(code) for code in re.findall(r"^\| (\d{4}) \|", EVENTS, re.MULTILINE)}
    assert reported == ours | {1009}  # the last is sent by aiohttp
