"""The one tree of errors that may reach a client, each with a stable code.

    CallControlError
    ├── Refused               the request is understood and cannot be done (401, 403, 404, 409, 422, 507)
    ├── OutcomeUnknown        it may have been done, or be done yet (504)
    │   └── NotYetKnown       … and a repeat finds out
    └── Unavailable           a part this depends on is away, or another controller leads (503)
        ├── AsteriskUnavailable
        ├── HistoryUnavailable
        ├── IssuerUnavailable
        ├── StoreUnavailable
        └── LeadsNoMore       this controller does not lead any more: no client sees it where another one does

Nothing here knows HTTP; the `api` room maps a code to its status.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """Stable error codes; clients are written against them (docs/api.md, "Errors")."""

    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    INVALID = "invalid"
    NOT_ALLOWED_NOW = "not_allowed_now"
    NO_AGENT_AVAILABLE = "no_agent_available"
    PHONE_UNREACHABLE = "phone_unreachable"
    UNKNOWN_TARGET = "unknown_target"
    FEATURE_DISABLED = "feature_disabled"
    CALLER_ID_NOT_ALLOWED = "caller_id_not_allowed"
    RATE_LIMITED = "rate_limited"
    TOO_MANY = "too_many"
    ASTERISK_UNAVAILABLE = "asterisk_unavailable"
    STORE_UNAVAILABLE = "store_unavailable"
    HISTORY_UNAVAILABLE = "history_unavailable"
    UNKNOWN_OUTCOME = "unknown_outcome"
    STANDBY = "standby"
    DISK_FULL = "disk_full"
    UNKNOWN_AGENT = "unknown_agent"
    ISSUER_UNAVAILABLE = "issuer_unavailable"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class FieldError:
    """One offending field of a request: its dotted path and what is wrong with it."""

    field: str
    message: str


class CallControlError(Exception):
    """Base of every error with a code. `detail` says what happened and what to do about it.

    Two that say the same are equal: effects carry them, and are compared.
    """

    def __init__(self, code: Code, detail: str, fields: Sequence[FieldError] = ()) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.fields = tuple(fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CallControlError) and self._said() == other._said()

    def __hash__(self) -> int:
        return hash(self._said())

    def _said(self) -> tuple[Code, str, tuple[FieldError, ...]]:
        return self.code, self.detail, self.fields


class Refused(CallControlError):
    """The request was understood and is refused; nothing has changed."""


class OutcomeUnknown(CallControlError):
    """It was requested of Asterisk, which does not answer: nobody knows whether it was, or will be, carried out."""

    def __init__(self, detail: str = "Asterisk does not answer: this may be carried out yet; look at the call") -> None:
        super().__init__(Code.UNKNOWN_OUTCOME, detail)


class NotYetKnown(OutcomeUnknown):
    """Who carries it out was lost, or is slow: a repeat, as the same command, finds out what became of it."""


class Unavailable(CallControlError):
    """A part this depends on cannot be reached; the same request may succeed later."""


class AsteriskUnavailable(Unavailable):
    """Asterisk cannot be reached or did not do what was requested."""

    def __init__(self, detail: str = "Asterisk cannot be reached; try again shortly") -> None:
        super().__init__(Code.ASTERISK_UNAVAILABLE, detail)


class StoreUnavailable(Unavailable):
    """Redis cannot be reached."""

    def __init__(self, detail: str = "the store cannot be reached; try again shortly") -> None:
        super().__init__(Code.STORE_UNAVAILABLE, detail)


class HistoryUnavailable(Unavailable):
    """The database of calls that are over cannot be reached; calls are not concerned. `reason` is for the log."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(Code.HISTORY_UNAVAILABLE, "the history cannot be reached; try again shortly")
        self.reason = reason


class LeadsNoMore(Unavailable):
    """Another controller can answer in place of this one: nothing was begun here, or it is done once however often it
    is requested. `otherwise` is what is true where no other answers.
    """

    def __init__(self, otherwise: CallControlError | None = None) -> None:
        super().__init__(Code.STANDBY, "this controller leads no more; try again shortly")
        self.otherwise = otherwise or self


class IssuerUnavailable(Unavailable):
    """The issuer by which agents log in cannot be reached, or does not answer as it must; `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(Code.ISSUER_UNAVAILABLE, "the issuer cannot be reached; try again shortly")
        self.reason = reason
