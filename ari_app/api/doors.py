"""Which paths are for machines that watch and for programmers, and may have an address of their own."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from ari_app.api.problems import problem_response, protect
from ari_app.errors import Code, Refused

type Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

HEALTH = frozenset({"/healthz", "/readyz"})
"""Served everywhere: proxies inquire."""
FOR_MACHINES = frozenset({"/metrics", "/v1/openapi.json", "/v1/asyncapi.json"})


def machines_only(handler: Handler) -> Handler:
    """What listens at the address for machines: nothing but their paths, and health."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return await handler(request) if request.path in FOR_MACHINES | HEALTH else nothing_here(request)

    return handle


def without_machines(handler: Handler, ours: Callable[[web.BaseRequest], bool]) -> Handler:
    """The API's address where machines have one of their own; `ours`: another controller passes it on."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        hidden = request.path in FOR_MACHINES and not ours(request)
        return nothing_here(request) if hidden else await handler(request)

    return handle


def nothing_here(request: web.BaseRequest) -> web.Response:
    """`not_found`, as of any path that there is not."""
    response = problem_response(Refused(Code.NOT_FOUND, "there is nothing at this path of this address"))
    protect(response, request)
    return response
