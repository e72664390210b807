"""`ari-app story CALL`: what happened to a call, for a person. The controller has it in memory, so that its API is
requested, with an administrator's login; a story that was kept in a file is read without."""

import asyncio
import getpass
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import aiohttp

from ari_app.engine.storyfile import StoryUnreadable, read
from ari_app.operations.telling import as_lines, tell

_WITHIN = aiohttp.ClientTimeout(total=10.0)
TOKEN = "ARI_APP_TOKEN"  # noqa: S105  # a name


class NoStory(Exception):
    """Says why."""


def run(call: str, *, url: str, user: str, as_json: bool, columns: int, here: bool = False) -> int:
    """Print the story of a call, or of the file that `call` names. The exit status: 1 where there is none.

    `here`: `url` is this machine's own address, which no certificate is about."""
    try:
        text = _file(call) if is_file(call) else asyncio.run(_fetched(url, user, call, here=here))
        found, entries = read(text)
    except (NoStory, StoryUnreadable, OSError, UnicodeDecodeError) as error:
        print(f"{call}: {error}", file=sys.stderr)
        return 1
    account = tell(found, entries)
    if as_json:
        print(json.dumps(account.document(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(as_lines(account, columns)))
    return 0


def is_file(call: str) -> bool:
    """Whether that names a file: no id of a call has a slash or a dot."""
    return "/" in call or "." in call


def _file(name: str) -> str:
    return Path(name).read_text(encoding="utf-8")


async def _fetched(url: str, user: str, call: str, *, here: bool) -> str:
    """Raises: NoStory."""
    token = os.environ.get(TOKEN, "")
    try:
        connector = aiohttp.TCPConnector(ssl=not here)
        async with aiohttp.ClientSession(url, timeout=_WITHIN, connector=connector) as session:
            if token:
                return await _story(session, token, call)
            password = await asyncio.to_thread(_password, user)
            body = {"agent": user, "password": password}
            token = _field(await _answer(session, "POST", "/v1/login", body=body), "token")
            try:
                return await _story(session, token, call)
            finally:
                await _answer(session, "POST", "/v1/logout", token=token)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise NoStory(f"the controller does not answer at {url}: {str(error) or type(error).__name__}") from error


async def _story(session: aiohttp.ClientSession, token: str, call: str) -> str:
    return await _answer(session, "GET", f"/v1/admin/calls/{quote(call, safe='')}/story/file", token=token)


async def _answer(
    session: aiohttp.ClientSession, method: str, path: str, *, token: str = "", body: Mapping[str, str] | None = None
) -> str:
    """Raises: NoStory with the code and the detail of a problem."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with session.request(method, path, json=body, headers=headers) as response:
        text = await response.text()
        if response.status >= 400:
            raise NoStory(f"{_field(text, 'code')}: {_field(text, 'detail')}")
        return text


def _field(text: str, name: str) -> str:
    try:
        answer = json.loads(text)
        return str(answer[name])
    except (ValueError, KeyError, TypeError):
        raise NoStory("what answers there is no controller") from None


def _password(user: str) -> str:
    """Typed at a terminal, where nobody sees it; else a line of standard input."""
    return getpass.getpass(f"Password of {user}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
