"""The shape of a route. One table of these drives the server and the OpenAPI document, so that both tell the same."""

import re
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from ari_app.api.authentication import Session
from ari_app.api.idempotency import Stands
from ari_app.errors import Code


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """What validates and describes a type; made once, for that takes milliseconds."""
    return TypeAdapter(kind)


DETAILS = web.RequestKey("audit", dict[str, str])
"""Under this name a request has what goes into the record of it."""


LOOKED_AT = web.RequestKey("looked_at", int)
"""Under this name a request has how many entries were looked at for it."""


class Access(StrEnum):
    """Who may ask: everybody; whoever has a token; supervisors and admins; only admins.

    `OWN`: the handler checks the token itself.
    """

    PUBLIC = "public"
    OWN = "own"
    AGENT = "agent"
    OVERSEER = "overseer"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that passed: who asks, path parameters, and body and query as the route declares them.

    `name` is that of the command that it becomes, the same for each repeat; `again`: a controller died over it before.
    """

    http: web.BaseRequest
    who: Session | None
    path: Mapping[str, str]
    body: Any
    query: Any
    name: str = field(default_factory=lambda: uuid.uuid4().hex)
    again: bool = False

    @property
    def session(self) -> Session:
        """Who asks; a route that is not public always has one."""
        if self.who is None:
            raise RuntimeError("a public route wants to know who it is")
        return self.who

    def looked_at(self, entries: int) -> None:
        """It has cost so much more than others."""
        self.http[LOOKED_AT] = self.http.get(LOOKED_AT, 0) + entries

    def note(self, details: Mapping[str, str]) -> None:
        """Have it in the record of this request, besides what its route says."""
        noted = self.http[DETAILS]
        noted.update(details)


type Handler = Callable[[Exchange], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `handle` returns a value of the type `answer`, or an aiohttp response as it is.

    `codes` are those that this operation may answer with beyond the ones that follow from the rest. Where `raw` is
    given, the answer is an aiohttp response of that content type, and `answer` does no more than describe it; `also` is
    another content type that a client may ask for. A `secret_answer` is kept in memory alone, and as long as it
    stands. An `optional_body` that is not there counts as `{}`. With `audit` the request goes into the record, with the
    fields of its body or query that are named there. What is `ready_made` costs no time, however long it is.
    """

    method: str
    path: str
    operation: str
    summary: str
    tag: str
    handle: Handler
    answer: Any = None
    status: int = 200
    request: Any = None
    optional_body: bool = False
    query: type[BaseModel] | None = None
    codes: Sequence[Code] = ()
    statuses: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    access: Access = Access.AGENT
    raw: str | None = None
    also: str | None = None
    secret_answer: Stands | None = None
    description: str | None = None
    audit: Sequence[str] | None = None
    ready_made: bool = False

    @property
    def body(self) -> TypeAdapter[Any] | None:
        """What validates the body; None where there is none."""
        return adapter(self.request) if self.request is not None else None

    @property
    def scope(self) -> str:
        """What a program's key must have for it (`config.api_keys`); many can be had by nobody but people."""
        return f"{self.tag}:{'read' if self.method == 'GET' else 'write'}"

    @property
    def parameters(self) -> list[str]:
        """The names in braces of the path."""
        return re.findall(r"\{(\w+)\}", self.path)


class Router:
    """Finds the route of a method and a path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._paths: dict[str, tuple[re.Pattern[str], dict[str, Route]]] = {}
        for route in routes:
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(route.path))
            self._paths.setdefault(route.path, (re.compile(pattern), {}))[1][route.method] = route

    def find(self, path: str) -> tuple[Mapping[str, Route], Mapping[str, str]] | None:
        """The routes of a path by method, with its parameters; `path` as it was sent, still percent-encoded."""
        for pattern, by_method in self._paths.values():
            if (match := pattern.fullmatch(path)) is not None:
                return by_method, {name: unquote(value) for name, value in match.groupdict().items()}
        return None
