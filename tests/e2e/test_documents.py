"""What the documents show happens: every command of a ```console block runs in one shell for a document, in the stack.

Where a block shows what a command prints, that is compared: blanks do not count, and `…` stands for anything. What
people do at phones meanwhile stands before a block in a comment, in words of the bots: `<!-- bots: alice answers -->`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.bots import phrases
from tests.e2e.office import Office
from tests.e2e.shell import Shell, fits, here, open_shell
from tests.e2e.stack import Stack
from tests.support.documents import documents

_BLOCK = re.compile(r"(?:<!-- bots: (?P<acts>.*?) -->\n)?```console\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
SHOWN = {path.name: text for path, text in sorted(documents().items()) if _BLOCK.search(text)}


@pytest_asyncio.fixture(loop_scope="session")
async def shell() -> AsyncIterator[Shell]:
    """A shell like that of somebody who pastes the commands."""
    async with open_shell() as shell:
        yield shell


def commands(body: str) -> list[tuple[str, str]]:
    """Each command of a block (a line that ends in a backslash goes on), and what is shown of its output."""
    parts = re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]
    found = (re.fullmatch(r"((?:[^\n]*\\\n)*[^\n]*)\n(.*)", part, re.DOTALL) for part in parts)
    return [(match[1], match[2]) for match in found if match]


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
