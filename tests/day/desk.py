"""Whoever oversees the day: reads the file anew, closes a queue by hand, and in the end asks for the reports."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp

from tests.day.spans import Window
from tests.e2e.stack import Stack

_WRITTEN_WITHIN = 60.0
_LOOKS_EVERY = 0.2
_PAGE = 100


class Desk:
    """An administrator's window, without the window."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))

    async def __aenter__(self) -> Self:
        await self._signs_in()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def _asks(self, method: str, path: str, body: object = None) -> Any:
        """Raises AssertionError with what is answered instead."""
        async with self._session.request(method, f"{self._stack.api}{path}", json=body) as response:
            answer = await response.json(content_type=None)
            assert response.status < 300, f"{method} {path}: {response.status} {answer}"
            return answer

    async def _signs_in(self) -> None:
        token = await self._stack.login(self._session, "admin")
        self._session.headers["Authorization"] = f"Bearer {token}"

    async def reload(self) -> None:
        """The administrator's file is read again: another password there ends sessions."""
        await self._asks("POST", "/v1/admin/reload")
        await self._signs_in()

    async def opens(self, target: str, opening: str) -> None:
        """`closed` by hand, or as its `hours` say."""
        await self._asks("PUT", f"/v1/targets/{target}/opening", {"opening": opening})

    async def all_is_written(self) -> None:
        """Wait until the database has all that is over. Polled; raises AssertionError."""
        behind = -1.0
        try:
            async with asyncio.timeout(_WRITTEN_WITHIN):
                while behind:
                    async with self._session.get(f"{self._stack.api}/metrics") as response:
                        found = re.findall(
                            r"^callcontrol_history_behind\{[^}]*\} (\S+)$", await response.text(), re.MULTILINE
                        )
                    behind = sum(float(each) for each in found) if found else -1.0
                    await asyncio.sleep(_LOOKS_EVERY)
        except TimeoutError:
            raise AssertionError(f"{behind:g} facts are not in the database yet") from None

    async def report(self, of: str, window: Window, interval: str | None = None) -> Any:
        """Of `queues` or `agents`."""
        wanted = {"from": _time(window.begin), "to": _time(window.end)}
        if interval is not None:
            wanted["interval"] = interval
        return await self._asks("GET", f"/v1/reports/{of}?{urlencode(wanted)}")

    async def history(self) -> list[dict[str, Any]]:
        """All calls, a page at a time."""
        found: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            wanted = {"limit": _PAGE} | ({"cursor": cursor} if cursor is not None else {})
            page = await self._asks("GET", f"/v1/history?{urlencode(wanted)}")
            found += page["calls"]
            cursor = page["next"]
            if cursor is None:
                return found


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
