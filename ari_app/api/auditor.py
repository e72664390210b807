"""What goes into the record (`ari_app.audit`) of requests and of calls: who, what, from where, and what came of it.

A request is recorded where its route says so (`Route.audit`), and wherever somebody was forbidden it. Requests of
nobody are counted, so that nobody can fill the record: one line a minute.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic_core import from_json

from ari_app.api.problems import CONTENT_TYPE as PROBLEM
from ari_app.api.routes import DETAILS, Route
from ari_app.audit.chain import Entry
from ari_app.errors import Code
from ari_app.routing.directory import Directory

EVERY = 60.0
"""Seconds that one line of counts stands for."""
REFUSALS = 60
"""Lines for what one person was refused within that; beyond it is counted."""
_OUTSIDE = "number:"
_LOGINS = frozenset({"login", "oidc_login"})


class Auditor:
    """`put` gets the entries. Run `run`, and `flush` in the end."""

    def __init__(
        self, put: Callable[[Entry], None], directory: Callable[[], Directory], clock: Callable[[], float] = time.time
    ) -> None:
        self._put = put
        self._directory = directory
        self._clock = clock
        self._counts: Counter[tuple[str, str]] = Counter()
        self._refused: Counter[str] = Counter()

    def answered(
        self,
        route: Route | None,
        request: web.BaseRequest,
        who: str,
        path: Mapping[str, str],
        response: web.StreamResponse,
    ) -> None:
        """A request was answered; `who` requested it, empty for nobody."""
        outcome = _outcome(response)
        details: dict[str, str] = {}
        if DETAILS in request:
            noted = request[DETAILS]
            details.update(noted)
        who = who or self._logged_in(route, details, outcome)
        if who and (route is None or (route.audit is None and response.status != 403)):
            return
        if response.status >= 400 and self._is_counted(who or self._failed_to_log_in(route, details), outcome):
            return
        if route is None or (route.audit is None and response.status != 403):
            return
        concerned = [name for name in (path.get("agent"), details.pop("agent", None)) if name is not None]
        agents = tuple(name for name in concerned if name in self._directory().agents)
        numbers = {name: value for name, value in details.items() if value.startswith(_OUTSIDE)}
        others = {name: value for name, value in details.items() if name not in numbers}
        if "recording" in path:
            others["recording"] = path["recording"]
        self._put(
            Entry(
                self._clock(), route.operation, who, request.remote or "", outcome, path.get("call", ""), agents,
                others, numbers,
            )
        )  # fmt: skip

    def _logged_in(self, route: Route | None, details: Mapping[str, str], outcome: str) -> str:
        return (
            details.get("agent", "") if route is not None and route.operation in _LOGINS and outcome == "done" else ""
        )

    def _failed_to_log_in(self, route: Route | None, details: Mapping[str, str]) -> str:
        """Who did, of those who are listed: what others typed for a name may be a password."""
        agent = details.get("agent", "") if route is not None and route.operation in _LOGINS else ""
        return f"login:{agent}" if agent in self._directory().agents else ""

    def _is_counted(self, whose: str, outcome: str) -> bool:
        """Whether a refusal is counted, and no line stands for it: of nobody, or one of very many."""
        if whose and outcome != Code.RATE_LIMITED:
            self._refused[whose] += 1
            if self._refused[whose] <= REFUSALS:
                return False
        self._counts["" if whose.startswith("login:") else whose, outcome] += 1
        return True

    async def run(self) -> None:
        """Write what was counted, every so often; until it is cancelled."""
        while True:
            await asyncio.sleep(EVERY)
            self.flush()

    def flush(self) -> None:
        """Write what was counted since the last time."""
        by: dict[str, dict[str, str]] = {}
        for (who, outcome), number in sorted(self._counts.items()):
            by.setdefault(who, {})[outcome] = str(number)
        for who, counts in by.items():
            self._put(Entry(self._clock(), "refused", who, outcome="refused", details=counts))
        self._counts.clear()
        self._refused.clear()


def details_of(route: Route, body: Any, query: Any) -> dict[str, str]:
    """Of a body and a query, the values that the route has on record."""
    given = {
        name: getattr(source, name, None)
        for source in (body, query)
        if isinstance(source, BaseModel)
        for name in route.audit or ()
    }
    return {name: str(value) for name, value in given.items() if value is not None}


def _outcome(response: web.StreamResponse) -> str:
    if response.status < 400:
        return "done"
    if isinstance(response, web.Response) and response.content_type == PROBLEM and isinstance(response.body, bytes):
        return str(from_json(response.body).get("code", response.status))
    return str(response.status)
