"""From an HTTP request to its answer: who asks, what exactly, has it been requested before, what came of it.

Every error on the way becomes a problem (see `problems`). Bodies are read up to a limit and within a time.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from ari_app import tracing
from ari_app.api.auditor import Auditor, details_of
from ari_app.api.authentication import Authentication, Session
from ari_app.api.bodies import body_of, not_json
from ari_app.api.doors import HEALTH
from ari_app.api.idempotency import HEADER, Answers, Done, Kept, check_key, fingerprint_of, interrupted, key_of
from ari_app.api.limits import Rates
from ari_app.api.metrics import Metrics
from ari_app.api.origins import PREFLIGHT, READABLE, check_source, readable_by
from ari_app.api.pace import COMMANDS, COMMANDS_AT_ONCE, READS, READS_AT_ONCE, Costs, Pace
from ari_app.api.port import Control
from ari_app.api.problems import (
    CONTENT_TYPE,
    METHOD_NOT_ALLOWED,
    HttpError,
    fields_of,
    problem_response,
    protect,
)
from ari_app.api.routes import DETAILS, LOOKED_AT, Access, Exchange, Route, Router
from ari_app.calls.actions import OVERSEERS
from ari_app.config.credentials import KEY
from ari_app.errors import (
    CallControlError,
    Code,
    FieldError,
    LeadsNoMore,
    NotYetKnown,
    OutcomeUnknown,
    Refused,
    StoreUnavailable,
    Unavailable,
)
from ari_app.routing.directory import Role

log = structlog.get_logger(__name__)

LONGEST_PATH = 200
"""Characters of it in the log: nobody may flush that by long ones."""
# Seconds that a command has which was requested while Asterisk is lost: it is refused at once.
REFUSED_WITHIN = 1.0
JSON = "application/json"
_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# Polled every few seconds, for ever: not worth a log entry each.
_POLLED = frozenset({"healthz", "readyz", "metrics"})


# Nothing was done, and whoever repeats it gets the same: these are not kept, so that nobody fills the store with them.
_NOTHING_THERE = frozenset({Code.NOT_FOUND, Code.UNKNOWN_TARGET, Code.RATE_LIMITED})
# Of what there was too much where an operation is refused for that.
_TOO_MUCH = dict.fromkeys(("login", "begin_oidc_login", "oidc_login", "change_password"), "logins")


class Dispatcher:
    """Answers every request; raises only where another controller can answer (`leads`: this one still does).

    `failed(agent, operation, error)` is called for a command that failed after it was answered that nobody knows yet.
    """

    def __init__(
        self,
        router: Router,
        control: Control,
        authentication: Authentication,
        answers: Answers,
        metrics: Metrics,
        failed: Callable[[str, str, Exception], None],
        rates: Rates,
        auditor: Auditor,
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        self._leads = leads
        self._rates = rates
        self._reads = Pace(READS, READS_AT_ONCE)
        self._costs = Costs()
        self._commands = Pace(COMMANDS, COMMANDS_AT_ONCE)
        self._auditor = auditor
        self._failed = failed
        self._open: set[asyncio.Task[web.StreamResponse]] = set()
        self._control = control
        self._router = router
        self._authentication = authentication
        self._answers = answers
        self._metrics = metrics

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The answer. One line of the log for each; never the query, which may have a token.

        Raises:
            LeadsNoMore: another controller can answer.
        """
        started = time.perf_counter()
        tracing.received(request.headers.get("traceparent"))
        operation, agent, route = "unknown", None, None
        path: Mapping[str, str] = {}
        listed, origin = self._control.directory().settings.desk, request.headers.get("Origin")
        try:
            await self._turn(request)
            check_source(origin, request.headers.get("Host"), listed)
            request[READABLE] = readable_by(origin, listed)
            if request.method == "OPTIONS" and request[READABLE]:
                operation = "preflight"
                response: web.StreamResponse = web.Response(status=204, headers=PREFLIGHT)
            else:
                route, path = self._find(request)
                operation = route.operation
                who = await self._who(route, request)
                agent = who.agent.id if who is not None else None
                _permit(route, who)
                response = await self._paid(route, request, who, path)
        except Exception as error:
            if self._is_for_another(error, request, route):
                raise LeadsNoMore(error if isinstance(error, CallControlError) else None) from error
            if isinstance(error, CallControlError | HttpError) and error.code is Code.RATE_LIMITED:
                self._metrics.limited.labels(_TOO_MUCH.get(operation, "requests")).inc()
            response = _problem(error, operation)
        if not response.prepared:
            protect(response, request)
        self._auditor.answered(route, request, agent or "", path, response)
        seconds = time.perf_counter() - started
        self._metrics.requests.labels(operation, str(response.status)).inc()
        if response.status != 101:
            self._metrics.seconds.labels(operation).observe(seconds)
        write = log.debug if operation in _POLLED else log.info
        write(
            "http_request",
            method=request.method,
            path=request.rel_url.raw_path[:LONGEST_PATH],
            operation=operation,
            status=response.status,
            agent=agent,
            address=request.remote,
            milliseconds=round(seconds * 1000, 1),
        )
        return response

    async def _turn(self, request: web.BaseRequest) -> None:
        """Until it may go on. Raises: HttpError 429."""
        token = _bearer(request)
        session = self._authentication.known(token) if request.method in _CHANGES and token is not None else None
        if session is not None:
            await self._commands.turn(session)
        elif request.path not in HEALTH:
            await self._reads.turn(request.remote or "")

    async def _paid(
        self, route: Route, request: web.BaseRequest, who: Session | None, path: Mapping[str, str]
    ) -> web.StreamResponse:
        """The answer; who reads what costs as much as many others has as many turns less. Raises: whatever it does."""
        if request.method in _CHANGES:
            return await self._in_time(route, request, who, path)
        role = who.agent.role if who is not None else ""
        expected = self._costs.expected(route.operation, role)
        self._reads.charge(expected)
        response = await self._in_time(route, request, who, path)
        written = len(response.body) if isinstance(response, web.Response) and isinstance(response.body, bytes) else 0
        looked_at = request.get(LOOKED_AT, 0)
        cost = self._costs.was(route.operation, role, 0 if route.ready_made else written, looked_at)
        self._reads.charge(max(0, cost - expected))
        return response

    def _is_for_another(self, error: Exception, request: web.BaseRequest, route: Route | None) -> bool:
        """Whether that is no answer, for this controller leads no more, and another may do once what was requested."""
        if isinstance(error, LeadsNoMore):
            return True
        if self._leads() or not isinstance(error, Unavailable | OutcomeUnknown):
            return False
        if request.method != "POST" or HEADER in request.headers:
            return True
        # What is written is refused to who leads no more.
        return isinstance(error, StoreUnavailable) and route is not None and Code.UNKNOWN_OUTCOME not in route.codes

    def _find(self, request: web.BaseRequest) -> tuple[Route, Mapping[str, str]]:
        found = self._router.find(request.rel_url.raw_path)
        if found is None:
            raise Refused(Code.NOT_FOUND, "there is nothing at this path; see /v1/openapi.json")
        by_method, path = found
        route = by_method.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            allowed = ", ".join(sorted(by_method))
            detail = f"this path takes {allowed}"
            raise HttpError(METHOD_NOT_ALLOWED, Code.INVALID, detail, headers={"Allow": allowed})
        return route, path

    async def _who(self, route: Route, request: web.BaseRequest) -> Session | None:
        token = _bearer(request)
        if route.access is Access.PUBLIC or (route.access is Access.OWN and token is None):
            return None
        if token is None:
            raise Refused(Code.UNAUTHENTICATED, "log in, and send the token as `Authorization: Bearer …`")
        authentication = self._authentication
        session = authentication.of_key(token) if token.startswith(KEY) else await authentication.session(token)
        self._rates.take(session.digest)
        return session

    async def _in_time(
        self, route: Route, request: web.BaseRequest, who: Session | None, path: Mapping[str, str]
    ) -> web.StreamResponse:
        """The answer, or while Asterisk is lost that nobody knows it yet: the work goes on. What became of it gets a
        repeat with the same key; that it failed, the agent's windows.

        Raises: OutcomeUnknown, or whatever the work does.
        """
        failures: list[Exception] = []
        if "call" in path or Code.UNKNOWN_OUTCOME in route.codes:
            await self._control.led(path.get("call"))
        answering = self._answer(route, request, who, path, failures)
        if Code.UNKNOWN_OUTCOME not in route.codes:
            return await answering
        work = asyncio.ensure_future(answering)
        lost = asyncio.ensure_future(self._control.asterisk_lost(path.get("call")))
        try:
            await asyncio.wait({work, lost}, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait({work}, timeout=REFUSED_WITHIN)
        except asyncio.CancelledError:
            work.cancel()
            raise
        finally:
            lost.cancel()
        if work.done():
            return work.result()
        self._open.add(work)
        work.add_done_callback(partial(self._known, route.operation, who.agent.id if who else "", failures))
        raise OutcomeUnknown

    def _known(
        self, operation: str, agent: str, failures: list[Exception], work: asyncio.Task[web.StreamResponse]
    ) -> None:
        """What became of a command whose answer was that nobody knows."""
        self._open.discard(work)
        if work.cancelled():
            return
        if (error := work.exception()) is not None and isinstance(error, Exception):
            failures.append(error)
        log.info("outcome_known", operation=operation, agent=agent, failed=bool(failures))
        for failure in failures:
            self._failed(agent, operation, failure)

    def close(self) -> None:
        """Nobody will be notified of what is still unknown."""
        for work in self._open:
            work.cancel()
        self._reads.close()
        self._commands.close()

    async def _answer(
        self,
        route: Route,
        request: web.BaseRequest,
        who: Session | None,
        path: Mapping[str, str],
        failures: list[Exception],
    ) -> web.StreamResponse:
        raw = await body_of(request) if request.method in _CHANGES else b""
        given = _body(route, request, raw), _query(route, request)
        request[DETAILS] = details_of(route, *given)
        key = request.headers.get(HEADER) if route.method == "POST" else None
        if key is None:
            return await _respond(route, Exchange(request, who, path, *given))
        check_key(key)
        scope = (who.agent.id if who else request.remote or "", request.rel_url.raw_path, key)

        async def act(again: bool) -> tuple[Kept, Done]:
            reached = self._control.reached(path.get("call"))
            done = Done.YES
            try:
                if again and Code.UNKNOWN_OUTCOME not in route.codes:
                    raise interrupted()
                response = await _respond(route, Exchange(request, who, path, *given, key_of(scope), again))
            except Exception as error:
                if self._is_for_another(error, request, route):
                    raise
                done = _done(error, reached)
                failures.append(error)
                response = _problem(error, route.operation)
            return _keep(response, fingerprint), done

        fingerprint = fingerprint_of(raw)
        owner = who.agent.id if who is not None else ""
        kept = await self._answers.once(scope, fingerprint, act, secret=route.secret_answer, owner=owner)
        return _kept_response(kept)


def _done(error: Exception, reached: bool) -> Done:
    """What such an answer says to repeats. `reached`: whether Asterisk was, when the request began."""
    if isinstance(error, NotYetKnown):
        return Done.OPEN
    if isinstance(error, CallControlError) and error.code in _NOTHING_THERE:
        return Done.NO
    # Refused for Asterisk or the store being away: nothing was done. But an Asterisk that went away, or was too slow,
    # while it ran may have done it: then the answer stands for this key.
    if isinstance(error, Unavailable) and (not reached or isinstance(error, StoreUnavailable)):
        return Done.NO
    return Done.YES


def _permit(route: Route, who: Session | None) -> None:
    if who is None:
        return
    if who.scopes is not None and route.scope not in who.scopes:
        raise Refused(Code.FORBIDDEN, f"this key may not do that: it has no scope {route.scope}")
    if route.access is Access.OVERSEER and who.agent.role not in OVERSEERS:
        raise Refused(Code.FORBIDDEN, "this is for supervisors")
    if route.access is Access.ADMIN and who.agent.role is not Role.ADMIN:
        raise Refused(Code.FORBIDDEN, "this is for administrators")


def _problem(error: Exception, operation: str) -> web.Response:
    if not isinstance(error, (CallControlError, HttpError)):
        log.exception("request_failed", operation=operation, exc_info=error)
    return problem_response(error)


def _bearer(request: web.BaseRequest) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and 0 < len(token.strip()) <= 200 else None


def _body(route: Route, request: web.BaseRequest, raw: bytes) -> Any:
    if route.body is None:
        if raw.strip() not in (b"", b"{}", b"null"):
            raise not_json("this operation takes no body")
        return None
    if route.optional_body and not raw.strip():
        return route.body.validate_python({})
    if "Content-Type" not in request.headers or request.content_type != JSON:
        problem = FieldError("Content-Type", f"must be {JSON}")
        raise Refused(Code.INVALID, f"the body must be JSON, sent as {JSON}", (problem,))
    try:
        return route.body.validate_json(raw)
    except ValidationError as error:
        raise Refused(Code.INVALID, "the body is not valid", fields_of(error)) from None


def _query(route: Route, request: web.BaseRequest) -> BaseModel | None:
    if route.query is None:
        return None
    given = request.rel_url.query
    names = [field.alias or name for name, field in route.query.model_fields.items()]
    values = {name: given[name] for name in names if name in given}
    try:
        return route.query.model_validate(values)
    except ValidationError as error:
        raise Refused(Code.INVALID, "the query is not valid", fields_of(error)) from None


async def _respond(route: Route, exchange: Exchange) -> web.StreamResponse:
    value = await route.handle(exchange)
    if isinstance(value, web.StreamResponse):
        return value
    if value is None:
        return web.Response(status=204)
    response = web.Response(status=route.status, body=to_json(value, fallback=_plain), content_type=JSON)
    if route.status == 201 and (new := getattr(value, "id", None)) is not None:
        response.headers["Location"] = f"/v1/calls/{new}"
    return response


def _plain(value: object) -> object:
    """What a story may carry and JSON does not know."""
    return dict(value) if isinstance(value, Mapping) else repr(value)


def _keep(response: web.StreamResponse, fingerprint: str) -> Kept:
    body = response.body if isinstance(response, web.Response) else b""
    text = body.decode() if isinstance(body, bytes) else ""
    content_type = response.content_type if text else ""
    return Kept(fingerprint, response.status, content_type, text, response.headers.get("Location"))


def _kept_response(kept: Kept) -> web.Response:
    response = web.Response(status=kept.status)
    if kept.body:
        response = web.Response(status=kept.status, body=kept.body.encode(), content_type=kept.content_type)
    if kept.location is not None:
        response.headers["Location"] = kept.location
    if kept.content_type == CONTENT_TYPE and kept.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="callcontrol"'
    return response
