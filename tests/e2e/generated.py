"""Requests that schemathesis makes of the API by the API's own document, and what was answered to them.

A run in which everything is refused keeps to the document too: so it is counted what was accepted.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.e2e.stack import Stack

EXAMPLES = int(os.environ.get("CC_EXAMPLES", "4"))
"""Of each operation and phase, besides those that the document itself gives rise to (some twenty)."""
SEED = 22
WITHIN = 150.0 + 12.0 * EXAMPLES
RATE = "140/s" if EXAMPLES <= 4 else "90/s"
"""One session may make 100 requests a second, and 1,000 more after a pause: what 2,500 at this rate have beyond
that. What is refused for its number shows nothing. Who has no session waits in turn, and is not refused."""
_LONGEST = 16_000_000
"""Bytes of what a run has printed and counted."""
OF_PASSWORDS = 8
"""So many failures that others at this address may still log in."""

REPORTS = Path("/reports")
NO_OPERATION = "method not allowed"
"""Instead of an operation's name: a method that the path does not take."""

# A request line may be too long for HTTP (400, where that is documented).
# A text may be what the document allows and yet be no target (422); a call may be over (404), or not so (409).
_CHECKS = """
[checks.positive_data_acceptance]
expected-statuses = [101, 200, 201, 204, 303, 400, 401, 403, 404, 409, 422, 426, 429]
[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 422, 426, 429]
"""
# Keys take as long to send as people take to press them. What no keys are is refused before it is looked for which
# call: whoever is in no call shows it.
_FEW = f"""
[[operations]]
include-operation-id = ["send_dtmf", "send_party_dtmf"]
phases.coverage.enabled = false
generation.max-examples = 3
[[operations]]
include-operation-id = ["login", "change_password"]
generation.max-examples = {OF_PASSWORDS}
"""


type Known = Mapping[str, Iterable[str]]


@dataclass
class Answers:
    """How many requests of each operation (`operationId`) were answered with each status."""

    of: dict[str, Counter[int]] = field(default_factory=dict)

    def add(self, operation: str, status: int) -> None:
        self.of.setdefault(operation, Counter())[status] += 1

    @property
    def total(self) -> int:
        return sum(sum(statuses.values()) for statuses in self.of.values())

    def with_status(self, wanted: Collection[int]) -> dict[str, int]:
        """The operations that were answered so, and how often."""
        counts = {name: sum(statuses[s] for s in wanted) for name, statuses in self.of.items()}
        return {name: count for name, count in counts.items() if count}

    def accepted(self) -> set[str]:
        """The operations of which one was done, or came so far that only the state of things was against it (409), or
        that nothing but a WebSocket was missing (426)."""
        return set(self.with_status((101, 200, 201, 204, 409, 426)))

    def report(self, who: str) -> None:
        """Into the reports, where there is a place for them."""
        if REPORTS.is_dir():
            (REPORTS / f"openapi-{who}.txt").write_text(f"{self}\n")

    def __str__(self) -> str:
        lines = [f"{name}: {dict(sorted(statuses.items()))}" for name, statuses in sorted(self.of.items())]
        return "\n".join([f"{self.total} requests", *lines])


@dataclass(frozen=True)
class Sender:
    """A process of its own for requests (tests/e2e/sending.py), and a patient one: the bots' audio goes first. `place`
    is for its files."""

    place: Path
    process: asyncio.subprocess.Process

    async def run(self, arguments: Sequence[str], report: Path) -> Any:
        """What came of a run of schemathesis, as tests/e2e/sending.py says."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"arguments": arguments, "report": str(report)}).encode() + b"\n")
        answer = await self.process.stdout.readline()
        assert answer, "who sends requests is gone"
        return json.loads(answer)


@asynccontextmanager
async def sending(place: Path) -> AsyncIterator[Sender]:
    """For some runs, one after the other: to start schemathesis takes as long as to send some hundred requests."""
    process = await asyncio.create_subprocess_exec(
        *("nice", "-n", "15", sys.executable, "-m", "tests.e2e.sending"),
        cwd=place,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST,
    )
    try:
        yield Sender(place, process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@dataclass(frozen=True)
class Requests:
    """Requests with this token (None: without one). `known`: for a parameter of the document, such as `path.call`,
    what is put there in three of four cases, so that there is something to find.
    """

    stack: Stack
    sender: Sender
    token: str | None
    known: Known = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)

    async def make(self, *, only: Iterable[str] = (), but: Iterable[str] = ()) -> None:
        """Send what the document allows and what it forbids, of these operations, or of all others; each answer must
        be one that the document describes, and none may be a fault of the server.
        """
        configuration, report = self.sender.place / "schemathesis.toml", self.sender.place / "requests.ndjson"
        configuration.write_text(_dictionaries(self.known) + _FEW + _CHECKS)
        headers: tuple[str, ...] = ()
        if self.token is not None:
            headers = ("--header", f"Authorization: Bearer {self.token}", "--rate-limit", RATE)
        chosen = [word for name in only for word in ("--include-operation-id", name)]
        chosen += [word for name in but for word in ("--exclude-operation-id", name)]
        arguments = [
            *("--config-file", str(configuration)),
            *("run", f"{self.stack.api}/v1/openapi.json", *headers),
            *("--seed", str(SEED), "--generation-deterministic", "--max-examples", str(EXAMPLES)),
            *("--phases", "examples,coverage,fuzzing,stateful", "--request-timeout", "20"),
            *("--report", "ndjson", "--report-ndjson-path", str(report)),
            *("--continue-on-failure", "--warnings", "off", "--no-color", *chosen),
        ]
        async with asyncio.timeout(WITHIN):
            done = await self.sender.run(arguments, report)
        assert done["status"] == 0, done["printed"][-12_000:]
        assert " passed" in done["printed"], done["printed"]
        names = await operations(self.stack)
        for label, status in done["answered"]:
            self.answers.add(names.get(label, NO_OPERATION), status)


async def operations(stack: Stack) -> dict[str, str]:
    """The `operationId` of each method and path, as `GET /v1/me`."""
    async with aiohttp.ClientSession() as session, session.get(f"{stack.api}/v1/openapi.json") as response:
        document: Any = await response.json()
    return {
        f"{method.upper()} {path}": operation["operationId"]
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def _dictionaries(known: Known) -> str:
    lists = [f'"{name}" = {{ values = {json.dumps(list(values))} }}' for name, values in known.items()]
    used = [f'"{name}" = {{ dictionary = "{name}", probability = 0.75 }}' for name in known]
    return "\n".join(["[dictionaries]", *lists, "[parameters]", *used, ""])
