"""Errors as clients see them: `application/problem+json` (RFC 9457) with a stable `code`.

Owns which status a code has, and the few errors that only HTTP knows (405, 408, 413, 417, 426, 500).
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Annotated, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, to_json

from ari_app.api.origins import READABLE
from ari_app.errors import CallControlError, Code, FieldError, Unavailable

CONTENT_TYPE = "application/problem+json"

STATUS: Mapping[Code, int] = MappingProxyType(
    {
        Code.UNAUTHENTICATED: 401,
        Code.FORBIDDEN: 403,
        Code.NOT_FOUND: 404,
        Code.INVALID: 422,
        Code.NOT_ALLOWED_NOW: 409,
        Code.NO_AGENT_AVAILABLE: 409,
        Code.PHONE_UNREACHABLE: 409,
        Code.UNKNOWN_TARGET: 404,
        Code.FEATURE_DISABLED: 403,
        Code.CALLER_ID_NOT_ALLOWED: 403,
        Code.RATE_LIMITED: 429,
        Code.TOO_MANY: 409,
        Code.ASTERISK_UNAVAILABLE: 503,
        Code.STORE_UNAVAILABLE: 503,
        Code.HISTORY_UNAVAILABLE: 503,
        Code.UNKNOWN_OUTCOME: 504,
        Code.STANDBY: 503,
        Code.DISK_FULL: 507,
        Code.UNKNOWN_AGENT: 403,
        Code.ISSUER_UNAVAILABLE: 503,
    }
)

# Statuses that only HTTP knows. Their codes are those of the contract that say it best.
METHOD_NOT_ALLOWED, TIMEOUT, TOO_LARGE, EXPECTATION_FAILED, UPGRADE_REQUIRED = 405, 408, 413, 417, 426


class ProblemField(BaseModel):
    """One offending field: its dotted path (empty for the whole) and what is wrong with it."""

    field: str
    message: str


class Problem(BaseModel):
    """An error, always in this shape."""

    model_config = ConfigDict(json_schema_extra={"examples": []})

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    code: Code | Literal["internal"]
    errors: list[ProblemField] | None = Field(None, description="With `invalid`: what is wrong with which field.")


RETRY_AFTER = 1
"""Seconds after which what is away may be back."""


class HttpError(Exception):
    """An error with a status of its own, beyond those of the codes."""

    def __init__(
        self,
        status: int,
        code: Code,
        detail: str,
        fields: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.fields, self.headers = status, code, detail, fields, headers


def too_many(detail: str, seconds: int) -> HttpError:
    """`rate_limited`, which may be tried again after so many seconds."""
    return HttpError(STATUS[Code.RATE_LIMITED], Code.RATE_LIMITED, detail, headers={"Retry-After": str(seconds)})


def protect(response: web.StreamResponse, request: web.BaseRequest) -> None:
    """What all answers have: versions are nobody's business; names, numbers and secrets are for no cache."""
    response.headers.extend(request.get(READABLE, {}))
    response.headers["Server"] = "callcontrol"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cache-Control", "no-store")


def problem_of(error: Exception) -> Problem:
    """Any exception as a client may see it; one that is none of ours becomes `internal`, without its text."""
    match error:
        case CallControlError():
            return _problem(STATUS[error.code], error.code, error.detail, error.fields)
        case HttpError():
            return _problem(error.status, error.code, error.detail, error.fields)
        case _:
            return _problem(500, "internal", "something went wrong here; it has been logged")


def _problem(
    status: int, code: Code | Literal["internal"], detail: str, fields: tuple[FieldError, ...] = ()
) -> Problem:
    errors = [ProblemField(field=f.field, message=f.message) for f in fields] or None
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, code=code, errors=errors)


def problem_json(problem: Problem) -> bytes:
    """The body of the answer."""
    return to_json(problem, exclude_none=True)


def problem_response(error: Exception) -> web.Response:
    """The answer to a request that ended in `error`."""
    problem = problem_of(error)
    response = web.Response(status=problem.status, body=problem_json(problem), content_type=CONTENT_TYPE)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="callcontrol"'
    if isinstance(error, Unavailable):
        response.headers["Retry-After"] = str(RETRY_AFTER)
    if isinstance(error, HttpError):
        response.headers.update(error.headers)
        if error.status in (TIMEOUT, EXPECTATION_FAILED):
            response.force_close()
    return response


def fields_of(error: ValidationError) -> tuple[FieldError, ...]:
    """What pydantic found, without the input (it may be a password) and in plain words."""
    details = error.errors(include_url=False, include_context=False, include_input=False)
    return tuple(FieldError(".".join(str(part)[:100] for part in d["loc"]), _message(d)) for d in details[:20])


def _message(detail: ErrorDetails) -> str:
    match detail["type"]:
        case "extra_forbidden":
            return "is not a field of this request"
        case "missing":
            return "is missing"
        case "json_invalid":
            return "the body is not JSON in UTF-8"
        case _:
            return detail["msg"].removeprefix("Value error, ")
