"""The call centre's own files with more in them, while a bench needs it; then as they were.

They are those of `docker/test bench`, which are this call centre's alone and are mounted where the parts read them.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.e2e.containers import asterisk_console
from tests.e2e.stack import Stack

FILES = Path(os.environ.get("CC_ASTERISK_FILES", "/reports/asterisk"))
CENTRE = "callcentre.yaml"
WITHOUT_LIMITS = {
    "settings": "  outside: {calls: 100, per_minute: 1000}\n  admission: {per_second: 1000}\n",
}
"""What is bounded against thieves and floods is not what is measured."""
_GROUP_ASTERISK = 52060
_COMPLAINTS = ("unable", "no such", "already in progress")


@asynccontextmanager
async def with_more(stack: Stack, texts: Mapping[str, str], *, reads: tuple[str, ...], forgets: tuple[str, ...]
) -> AsyncIterator[None]:  # fmt: skip
    """`texts` by name of the file: what `callcentre.yaml` becomes, and what is added to each of the others.

    `reads` are commands of Asterisk's console after which it knows them, `forgets` those after which it does not.
    """
    before = {name: _read(FILES / name) for name in texts}
    try:
        for name, text in texts.items():
            _write(FILES / name, text if name == CENTRE else f"{before[name] or ''}\n{text}")
        await _take_over(stack, reads, CENTRE in texts)
        yield
    finally:
        for name, text_before in before.items():
            if text_before is None:
                (FILES / name).unlink()
            else:
                _write(FILES / name, text_before)
        await _take_over(stack, forgets, CENTRE in texts)


async def _take_over(stack: Stack, commands: tuple[str, ...], centre: bool) -> None:
    for command in commands:
        said = await asterisk_console(stack, command)
        if any(complaint in said.lower() for complaint in _COMPLAINTS):
            raise AssertionError(f"{command}: {said}")
    if not centre:
        return
    async with aiohttp.ClientSession() as session:
        session.headers["Authorization"] = f"Bearer {await stack.login(session, 'admin')}"
        async with session.post(f"{stack.api}/v1/admin/reload") as response:
            assert response.status == 200, await response.text()
        async with session.post(f"{stack.api}/v1/logout"):
            pass


def _read(file: Path) -> str | None:
    return file.read_text() if file.exists() else None


def _write(file: Path, text: str) -> None:
    """In place, so that whoever may read it still may."""
    new = not file.exists()
    file.write_text(text)
    if new:
        file.chmod(0o640)
        os.chown(file, -1, _GROUP_ASTERISK)
