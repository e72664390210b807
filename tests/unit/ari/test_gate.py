"""Whether Asterisk takes new calls: written to it when it is there, and again where it did not take it."""

from typing import Any

from ari_app.ari.client import AriClient
from ari_app.ari.failures import Unreachable
from ari_app.ari.gate import Gate, GateKeeper
from ari_app.ari.http import HttpClient
from tests.unit.engine.ends import turn


class Asterisk(AriClient):
    """Keeps device states; `deaf` to the next requests."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1", HttpClient("ari", "secret"))
        self.states: list[tuple[object, object]] = []
        self.deaf = 0

    async def call(self, repository: str, operation: str, **arguments: object) -> Any:
        assert (repository, operation) == ("deviceStates", "update")
        if self.deaf:
            self.deaf -= 1
            raise Unreachable("connection lost")
        self.states.append((arguments["deviceName"], arguments["deviceState"]))


async def test_asterisk_is_notified_at_each_connection_and_of_each_change_once() -> None:
    asterisk = Asterisk()
    keeper = GateKeeper(asterisk, "app")
    keeper.set(Gate.DRAINED)
    await turn()
    assert asterisk.states == [], "it is not connected"
    keeper.connected()
    await turn()
    keeper.set(Gate.DRAINED)
    await turn()
    keeper.set(Gate.OPEN)
    await turn()
    keeper.connected()
    await turn()
    device = "Stasis:@app"
    assert asterisk.states == [(device, "UNAVAILABLE"), (device, "NOT_INUSE"), (device, "NOT_INUSE")]
    await asterisk.close()


async def test_what_asterisk_did_not_take_is_written_again() -> None:
    asterisk = Asterisk()
    keeper = GateKeeper(asterisk, "app")
    asterisk.deaf = 2
    keeper.connected()
    await turn()
    keeper.set(Gate.NO_CALLERS)
    await turn()
    assert asterisk.states == []
    keeper.set(Gate.NO_CALLERS)
    await turn()
    assert asterisk.states == [("Stasis:@app", "BUSY")]
    keeper.close()
    await asterisk.close()
