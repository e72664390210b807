"""What can go wrong with a request to Asterisk.

    AsteriskUnavailable (ari_app.errors)
    └── AriError                Asterisk answered with an error, or not at all
        ├── Unreachable         no answer: connection lost, or out of time
        │   └── NobodyListens   the connection was refused: there is no process, at least not now
        ├── NotFound            404: no such channel, bridge, playback, endpoint
        │   └── ChannelGone     that channel is not, or no longer, there or ours
        ├── Conflict            409: the id is taken, or the state forbids it
        ├── InvalidState        412: the channel is not up (mute, music, playback, digits)
        └── Unprocessable       422: the channel is not in this bridge

Should one leak to a client, they see `asterisk_unavailable` and never Asterisk's own words, which are in `message`.
"""

from ari_app.errors import AsteriskUnavailable


class AriError(AsteriskUnavailable):
    """Asterisk refused. `status` is that of HTTP (0: there was no answer), `message` what Asterisk said."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__()
        self.status = status
        self.message = message

    def __str__(self) -> str:
        return f"{self.status} {self.message}" if self.status else self.message


class Unreachable(AriError):
    """There was no answer; whether the request was carried out is not known."""

    def __init__(self, message: str) -> None:
        super().__init__(0, message)


class NobodyListens(Unreachable):
    """The connection was refused, by a machine that is there: no Asterisk runs there now."""


class NotFound(AriError):
    """It is not there."""


class ChannelGone(NotFound):
    """The channel is not there, or has left our application."""


class Conflict(AriError):
    """The id is in use, or the state forbids it."""


class InvalidState(AriError):
    """The channel is not in a state for that."""


class Unprocessable(AriError):
    """The request makes no sense now."""


_BY_STATUS: dict[int, type[AriError]] = {404: NotFound, 409: Conflict, 412: InvalidState, 422: Unprocessable}


def failure(status: int, message: str) -> AriError:
    """The exception for an answer. Asterisk tells of a channel that is gone by 404, 400, 409 and 422 alike."""
    lowered = message.lower()
    if "channel not found" in lowered or "channel was not found" in lowered or "not in stasis" in lowered:
        return ChannelGone(status, message)
    return _BY_STATUS.get(status, AriError)(status, message)
