"""How far a call of a bot has come, and that something in it was refused."""

from enum import StrEnum


class CallState(StrEnum):
    """Where a call stands."""

    DIALING = "dialing"
    ALERTING = "alerting"
    RINGING = "ringing"
    UP = "up"
    ENDED = "ended"


class CallRefused(RuntimeError):
    """A request inside a call was refused; `status` is the SIP status."""

    def __init__(self, what: str, status: int) -> None:
        super().__init__(f"{what}: {status}")
        self.status = status
