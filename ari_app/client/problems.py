"""What the server refuses, as exceptions: one for each stable code (docs/api.md, "Errors")."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError

from ari_app.errors import Code


class _Field(BaseModel):
    field: str = ""
    message: str = ""


class _Body(BaseModel):
    """What is read of a problem; a newer server may say more."""

    model_config = ConfigDict(extra="ignore")

    code: str
    detail: str = ""
    errors: list[_Field] = []


class Problem(Exception):
    """An answer that is an error. `fields`: what is wrong with which field of the request."""

    kind: ClassVar[Code | None] = None

    def __init__(self, status: int, code: str, detail: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.fields = MappingProxyType(dict(fields or {}))


class Unauthenticated(Problem):
    """Log in (again)."""

    kind = Code.UNAUTHENTICATED


class Forbidden(Problem):
    """Not for this person or key."""

    kind = Code.FORBIDDEN


class UnknownAgent(Problem):
    """The issuer names somebody who is no agent here."""

    kind = Code.UNKNOWN_AGENT


class NotFound(Problem):
    """No such call, party or path; or not one that is seen."""

    kind = Code.NOT_FOUND


class Invalid(Problem):
    """The request makes no sense: see `fields`."""

    kind = Code.INVALID


class NotAllowedNow(Problem):
    """Not in this state: see the call's `actions`."""

    kind = Code.NOT_ALLOWED_NOW


class NoAgentAvailable(Problem):
    """Nobody of the target is available."""

    kind = Code.NO_AGENT_AVAILABLE


class PhoneUnreachable(Problem):
    """The agent's own phone is not registered, or was rung in vain."""

    kind = Code.PHONE_UNREACHABLE


class UnknownTarget(Problem):
    """There is no such target, or this agent may not reach it."""

    kind = Code.UNKNOWN_TARGET


class FeatureDisabled(Problem):
    """The administrator has switched it off."""

    kind = Code.FEATURE_DISABLED


class CallerIdNotAllowed(Problem):
    """Not a caller ID of this agent's."""

    kind = Code.CALLER_ID_NOT_ALLOWED


class RateLimited(Problem):
    """Too much at once."""

    kind = Code.RATE_LIMITED


class TooMany(Problem):
    """There are as many as there may be."""

    kind = Code.TOO_MANY


class AsteriskUnavailable(Problem):
    """Asterisk is not reached, or did not do it."""

    kind = Code.ASTERISK_UNAVAILABLE


class StoreUnavailable(Problem):
    """Redis is not reached."""

    kind = Code.STORE_UNAVAILABLE


class HistoryUnavailable(Problem):
    """The database of calls that are over is not reached."""

    kind = Code.HISTORY_UNAVAILABLE


class IssuerUnavailable(Problem):
    """The issuer of logins is not reached."""

    kind = Code.ISSUER_UNAVAILABLE


class UnknownOutcome(Problem):
    """It may have been done, or be done yet: a repeat with the same key finds out."""

    kind = Code.UNKNOWN_OUTCOME


class Standby(Problem):
    """This controller does not lead, and no other is reached from it."""

    kind = Code.STANDBY


class DiskFull(Problem):
    """No recording can be begun."""

    kind = Code.DISK_FULL


class Internal(Problem):
    """A fault of the server's."""

    kind = Code.INTERNAL


_KINDS = {found.kind: found for found in Problem.__subclasses__()}


def problem(status: int, text: str) -> Problem:
    """What an answer with this status and body says. A code of a newer server is a plain `Problem`."""
    try:
        body = _Body.model_validate_json(text)
    except ValidationError:
        return Internal(status, Code.INTERNAL.value, text[:200])
    known = body.code in {code.value for code in Code}
    kind = _KINDS[Code(body.code)] if known else Problem
    return kind(status, body.code, body.detail, {each.field: each.message for each in body.errors})
