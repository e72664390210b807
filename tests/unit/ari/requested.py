"""A client of ARI that keeps what is requested of it, for tests of what that is."""

from typing import Any

from ari_app.ari.client import AriClient
from ari_app.ari.failures import ChannelGone
from ari_app.calls.model import Identity

GONE = ChannelGone(404, "Channel not found")
ZOE = Identity("Zoé", "+336")


class Recorder(AriClient):
    """Keeps what is requested; refuses what it is made to."""

    def __init__(self) -> None:
        self.requested: list[tuple[str, dict[str, Any]]] = []
        self.refusals: dict[str, Any] = {}
        self.answers: dict[str, object] = {"getChannelVar": {"value": ""}}
        self.lacking: set[str] = set()
        self.endpoints: dict[str, dict[str, str]] = {}

    def has(self, repository: str, operation: str) -> bool:
        return operation not in self.lacking

    async def call(self, repository: str, operation: str, **arguments: object) -> Any:
        self.requested.append((f"{repository}.{operation}", arguments))
        if (refusal := self.refusals.get(operation)) is not None:
            raise refusal
        return self.answers.get(operation)

    async def configured(self, kind: str, name: str) -> dict[str, str]:
        assert kind == "endpoint"
        return self.endpoints.get(name, {})

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        requested, self.requested = self.requested, []
        return requested


def of(operation: str, **arguments: object) -> tuple[str, dict[str, object]]:
    """That request on the leg."""
    return f"channels.{operation}", {"channelId": "leg", **arguments}
