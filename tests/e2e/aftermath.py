"""What the parts of a call centre say of themselves when a test has failed: who died, who is stuck, who complained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import cast

import docker
from docker.errors import DockerException
from docker.models.containers import Container

_WORTH_READING = re.compile(r"\b(WARNING|ERROR)\[|\"level\": \"(warning|error|critical)\"")
_ASTERISK = re.compile(r"-asterisk(-[ab])?$")
_LINES = 12
_SHOWN = 300
_WAITS_FOR_A_CONSOLE = 5  # seconds; one that is stuck answers never
_WAITS_FOR_DOCKER = 30
# `core show taskprocessors` of Asterisk: name, processed, in queue.
_QUEUED = re.compile(r"^(\S+) +\d+ +([1-9]\d*) ", re.MULTILINE)


def complaints(project: str, since: datetime) -> Iterator[tuple[str, str]]:
    """A title and a text for each part of this call centre, and one for the machine's load."""
    yield "machine", f"load {Path('/proc/loadavg').read_text().strip()}"
    try:
        with closing(docker.from_env(timeout=_WAITS_FOR_DOCKER)) as client:
            for part in client.containers.list(all=True, filters={"name": f"^/{project}-"}):
                yield part.name or part.short_id, "\n".join(_lines(part, since))
    except DockerException as complaint:
        yield "docker", str(complaint)


def _lines(part: Container, since: datetime) -> Iterator[str]:
    try:
        state = part.attrs["State"]
        yield f"{state['Status']} since {state['StartedAt']}, {part.attrs['RestartCount']} restarts"
        if _ASTERISK.search(part.name or "") and state["Status"] == "running":
            yield from _stuck(part)
        said = part.logs(since=since).decode(errors="replace").splitlines()
    except (DockerException, OSError) as complaint:
        yield str(complaint)
        return
    yield from [line[:_SHOWN] for line in said if _WORTH_READING.search(line)][-_LINES:]


def _stuck(asterisk: Container) -> Iterator[str]:
    """What waits in Asterisk's queues, if its console answers."""
    command = ["timeout", str(_WAITS_FOR_A_CONSOLE), "asterisk", "-rx", "core show taskprocessors"]
    done = asterisk.exec_run(command)
    if done.exit_code != 0:
        yield f"its console does not answer (exit {done.exit_code})"
        return
    yield from (f"{name}: {waiting} waiting" for name, waiting in _QUEUED.findall(cast("bytes", done.output).decode()))
