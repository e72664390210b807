"""What is counted of requests to an Asterisk and of its events, for whoever wants to know (`api.metrics`)."""

from typing import Protocol

from ari_app.ari.messages import REPLACED, USED, USER_EVENT

_RESOURCES = frozenset(
    (
        "api-docs", "applications", "asterisk", "bridges", "channels", "deviceStates", "endpoints", "events",
        "mailboxes", "playbacks", "recordings", "sounds",
    )
)  # fmt: skip
_VERBS = frozenset(
    (
        "addChannel", "answer", "continue", "control", "create", "dial", "dtmf", "eventFilter", "file", "hold", "info",
        "moh", "modules", "mute", "pause", "play", "record", "removeChannel", "ring", "silence", "snoop", "stop",
        "subscription", "user", "variable", "variables", "videoSource",
    )
)  # fmt: skip
_EVENTS = frozenset((*USED, REPLACED, USER_EVENT, "PeerStatusChange", "ContactStatusChange"))

OTHER = "other"
HTTP = "http"
"""What carries requests that no lane does."""


class Figures(Protocol):
    """Each is called from the loop, and must be quick. Kinds are few, whatever the ids that requests name."""

    def request(self, kind: str, seconds: float, outcome: str, carrier: str) -> None:
        """One was sent, and after so long it was `done`, `refused`, `failed`, `unreached` or `given_up`. `carrier`: the
        lane's number, or `http`."""

    def lane(self, number: str, *, is_open: bool) -> None:
        """That lane carries requests from now on, or was lost."""

    def event(self, kind: str) -> None:
        """One has come."""


class NoFigures:
    """Nobody wants to know."""

    def request(self, kind: str, seconds: float, outcome: str, carrier: str) -> None:
        """See `Figures`."""

    def lane(self, number: str, *, is_open: bool) -> None:
        """See `Figures`."""

    def event(self, kind: str) -> None:
        """See `Figures`."""


def kind_of_request(method: str, url: str) -> str:
    """`POST channels/mute`: what is requested, without of whom."""
    resource, *rest = url.partition("?")[0].partition("/ari/")[2].split("/")
    resource = resource.removesuffix(".json")
    verb = f"/{rest[-1]}" if rest and rest[-1] in _VERBS else ""
    return f"{method.upper()} {resource if resource in _RESOURCES else OTHER}{verb}"


def kind_of_event(kind: object) -> str:
    """Its type, where it is one that we know."""
    return str(kind) if kind in _EVENTS else OTHER


def outcome_of(status: int) -> str:
    """What became of a request that has this status; 0: there was no answer."""
    if status == 0:
        return "unreached"
    if status < 400:
        return "done"
    return "refused" if status < 500 else "failed"
