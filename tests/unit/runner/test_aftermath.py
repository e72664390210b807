"""What is said beside a failure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import docker
import pytest

from tests.e2e.aftermath import complaints

QUEUES = """
Processor                            Processed   In Queue  Max Depth  Low water High water
ast_msg_queue                                0          0          0        450        500
pjsip/default-0000001b                    2917         34         40        450        500
"""
SAID = """[2026-11-29 13:40:01.100] NOTICE[34]: chan.c: a notice
[2026-11-29 13:40:01.200] WARNING[34]: res_pjsip.c: a complaint
{"event": "http_request", "level": "info"}
{"event": "leg_died", "level": "warning"}
"""


class Ran:
    def __init__(self, exit_code: int, output: bytes) -> None:
        self.exit_code, self.output = exit_code, output


class Part:
    def __init__(self, name: str, console: Ran) -> None:
        self.name = name
        self.attrs = {"State": {"Status": "running", "StartedAt": "13:00"}, "RestartCount": 2}
        self._console = console

    def logs(self, since: datetime) -> bytes:
        assert since == SINCE
        return SAID.encode()

    def exec_run(self, command: list[str]) -> Ran:
        assert command[2:] == ["asterisk", "-rx", "core show taskprocessors"]
        return self._console


class Docker:
    def __init__(self, parts: list[Part]) -> None:
        self.containers, self._parts = self, parts

    def list(self, *, filters: dict[str, str], **others: bool) -> list[Part]:
        assert others == {"all": True}
        return [part for part in self._parts if re.search(filters["name"], f"/{part.name}")]

    def close(self) -> None:
        """Nothing is open."""


SINCE = datetime(2026, 11, 29, tzinfo=UTC)


def _complaints(monkeypatch: pytest.MonkeyPatch, console: Ran) -> dict[str, str]:
    names = ("cc-asterisk-a", "cc-controller", "another-cc-redis")
    parts: Any = Docker([Part(name, console) for name in names])
    monkeypatch.setattr(docker, "from_env", lambda timeout: parts)
    return dict(complaints("cc", SINCE))


def test_who_complained_and_what_waits_in_asterisk(monkeypatch: pytest.MonkeyPatch) -> None:
    found = _complaints(monkeypatch, Ran(0, QUEUES.encode()))
    assert found["cc-asterisk-a"].splitlines() == [
        "running since 13:00, 2 restarts",
        "pjsip/default-0000001b: 34 waiting",
        "[2026-11-29 13:40:01.200] WARNING[34]: res_pjsip.c: a complaint",
        '{"event": "leg_died", "level": "warning"}',
    ]
    assert set(found) == {"machine", "cc-asterisk-a", "cc-controller"}
    assert "waiting" not in found["cc-controller"]
    assert found["machine"].startswith("load ")


def test_a_console_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "its console does not answer (exit 124)" in _complaints(monkeypatch, Ran(124, b""))["cc-asterisk-a"]
