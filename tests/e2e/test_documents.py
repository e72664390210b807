"""What the documents show happens: every command of a ```console block runs in one shell for a document, in the stack.

Where a block shows what a command prints, that is compared: blanks do not count, and `…` stands for anything. What
people do at phones meanwhile stands before a block in a comment, in words of the bots: `<!-- bots: alice answers -->`.
"""

from __future__ import annotations

import asyncio
import re
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator

import pytest

from tests.bots import phrases
from tests.e2e.office import Office
from tests.e2e.stack import Stack
from tests.support.documents import ROOT, documents

_BLOCK = re.compile(r"(?:<!-- bots: (?P<acts>.*?) -->\n)?```console\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
# `docker exec` as the documents use it; there is no client of Docker here, but its SDK.
_DOCKER = """docker() { shift; python -c 'import docker, sys
done = docker.from_env().containers.get(sys.argv[1]).exec_run(sys.argv[2:])
sys.exit(print(done.output.decode()) or done.exit_code)' "$@"; }"""
_END = "-- the end of what it printed --"
SHOWN = {path.name: text for path, text in sorted(documents().items()) if _BLOCK.search(text)}


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


@pytest.fixture
async def shell() -> AsyncIterator[Shell]:
    """A shell like that of somebody who pastes the commands."""
    process = await asyncio.create_subprocess_exec("bash", stdin=PIPE, stdout=PIPE, stderr=STDOUT, cwd=ROOT)
    shell = Shell(process)
    try:
        await shell.run(_DOCKER)
        yield shell
    finally:
        process.kill()
        await process.wait()


def commands(body: str) -> list[tuple[str, str]]:
    """Each command of a block (a line that ends in a backslash goes on), and what is shown of its output."""
    parts = re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]
    found = (re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*)\n(.*)", part, re.DOTALL) for part in parts)
    return [(match[1], match[2]) for match in found if match]


def fits(output: str, shown: str) -> bool:
    """Whether that is what a document shows of it."""
    pieces = (re.escape("".join(piece.split())) for piece in shown.split("…"))
    return re.fullmatch(".*".join(pieces), "".join(output.split())) is not None


def here(stack: Stack, text: str) -> str:
    """The addresses and names of the demonstration as those of the stack under test."""
    return text.replace("127.0.0.1:8080", stack.api.removeprefix("http://")).replace(
        "callcontrol-", f"{stack.project}-"
    )


async def act(office: Office, text: str) -> None:
    """Somebody dials, or answers; then alice, whose call it is in the documents, talks with them."""
    phrase = phrases.read(text, phrases.ACTIONS)
    if phrase.form == "dials NUMBER":
        (await office.caller(phrase.bot)).dial(phrase.arguments["number"])
    else:
        assert phrase.form == "answers", f"the documents' phones only dial and answer: {text}"
        await office.lab[phrase.bot].answer()
        await office.people["alice"].sees(lambda x: x["state"] == "established" and "hold" in x["actions"], "talks")


@pytest.mark.parametrize("name", SHOWN)
async def test_what_a_document_shows_is_so(name: str, office: Office, shell: Shell, stack: Stack) -> None:
    await office.agents("alice", "bob", "erin")
    for block in _BLOCK.finditer(SHOWN[name]):
        for phrase in (block["acts"] or "").split("; "):
            if phrase:
                await act(office, phrase)
        for command, shown in commands(block["body"]):
            status, output = await shell.run(here(stack, command))
            if shown.strip():
                assert fits(output, here(stack, shown)), f"{command}\nprinted:\n{output}\nshown:\n{shown}"
            else:
                assert status == 0, f"{command}\nended with {status}:\n{output}"


def test_what_is_shown_is_compared() -> None:
    assert commands("$ a \\\n  b\n1\n2\n$ c\n") == [("a \\\n  b", "1\n2\n"), ("c", "")]
    assert fits('{"a": 1, "b": [2]}\n', '{"a":1,\n …}')
    assert not fits('{"a":2}', '{"a":1…}')
