"""Commands of the documents, run as somebody runs them who pastes them into a shell; and what they should print."""

from __future__ import annotations

import asyncio
import re
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.e2e.stack import Stack
from tests.support.documents import ROOT

# `docker exec` as the documents use it; there is no client of Docker here, but its SDK.
_DOCKER = """docker() { shift; python -c 'import docker, sys
done = docker.from_env().containers.get(sys.argv[1]).exec_run(sys.argv[2:])
sys.exit(print(done.output.decode()) or done.exit_code)' "$@"; }"""
_END = "-- the end of what it printed --"


class Shell:
    """One bash, which goes on from command to command."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def run(self, command: str) -> tuple[int, str]:
        """The exit status and all that it printed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\nprintf '\\n%s %s\\n' '{_END}' $?\n".encode())
        printed = b""
        async with asyncio.timeout(40):
            while _END.encode() not in printed:
                line = await self._process.stdout.readline()
                assert line, f"the shell ended at: {command}"
                printed += line
        output, _, status = printed.decode().rpartition(_END)
        return int(status), output


@asynccontextmanager
async def open_shell() -> AsyncIterator[Shell]:
    """One shell, in the root of the repository."""
    process = await asyncio.create_subprocess_exec("bash", stdin=PIPE, stdout=PIPE, stderr=STDOUT, cwd=ROOT)
    shell = Shell(process)
    try:
        await shell.run(_DOCKER)
        yield shell
    finally:
        process.kill()
        await process.wait()


def fits(output: str, shown: str) -> bool:
    """Whether that is what a document shows of it."""
    pieces = (re.escape("".join(piece.split())) for piece in shown.split("…"))
    return re.fullmatch(".*".join(pieces), "".join(output.split())) is not None


def here(stack: Stack, text: str) -> str:
    """The addresses and names of the demonstration as those of the stack under test."""
    return text.replace("127.0.0.1:8080", stack.api.removeprefix("http://")).replace(
        "callcontrol-", f"{stack.project}-"
    )
