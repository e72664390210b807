"""Whether Asterisk has legs where it said that it put them."""

import pytest

from ari_app.ari import joins
from ari_app.ari.failures import Unreachable
from ari_app.ari.requests import Requests
from ari_app.calls.effects import JoinBridge, LeaveBridge
from tests.unit.ari.requested import Recorder

type Listing = list[dict[str, object]]

HERE: Listing = [{"id": "b", "channels": ["leg"]}]
LOST: Listing = [{"id": "b", "channels": ["other"]}]


class Asterisk(Recorder):
    """One whose bridges change from one listing to the next."""

    def __init__(self) -> None:
        super().__init__()
        self.listings: list[Listing] = []

    async def call(self, repository: str, operation: str, **arguments: object) -> object:
        await super().call(repository, operation, **arguments)
        return self.listings.pop(0) if operation == "list" else None


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joins, "AGAIN", 0.0)


@pytest.fixture
def client() -> Asterisk:
    return Asterisk()


async def _lost(client: Asterisk, requests: Requests, *listings: Listing) -> list[tuple[str, str]]:
    client.listings = list(listings)
    lost = await requests.joins.lost(client)
    assert client.listings == []
    return lost


async def test_a_leg_that_is_missing_twice_is_lost_and_reported_once(client: Asterisk, requests: Requests) -> None:
    await requests.perform(JoinBridge(1, "leg", "b"))
    assert await _lost(client, requests, HERE) == []
    assert await _lost(client, requests, LOST, HERE) == []
    assert await _lost(client, requests, LOST, LOST) == [("leg", "b")]
    assert await _lost(client, requests, LOST) == []


async def test_where_its_bridge_is_not_listed_nothing_is_said_of_a_leg(client: Asterisk, requests: Requests) -> None:
    await requests.perform(JoinBridge(1, "leg", "b"))
    assert await _lost(client, requests, []) == []


@pytest.mark.parametrize("last", [LeaveBridge(2, "leg", "b"), JoinBridge(2, "leg", "c")])
async def test_where_it_was_put_last_counts(
    client: Asterisk, requests: Requests, last: LeaveBridge | JoinBridge
) -> None:
    await requests.perform(JoinBridge(1, "leg", "b"))
    await requests.perform(last)
    assert await _lost(client, requests, LOST) == []


async def test_of_a_join_that_was_refused_nothing_is_known(client: Asterisk, requests: Requests) -> None:
    await requests.perform(JoinBridge(1, "leg", "b"))
    client.refusals["addChannel"] = Unreachable("no answer in time")
    with pytest.raises(Unreachable):
        await requests.perform(JoinBridge(2, "leg", "b"))
    assert await _lost(client, requests, LOST) == []


async def test_a_leg_that_is_gone_is_not_lost(client: Asterisk, requests: Requests) -> None:
    await requests.perform(JoinBridge(1, "leg", "b"))
    requests.forget("leg")
    await requests.perform(JoinBridge(1, "other", "c"))
    requests.keep({"leg"}, {"b", "c"})
    assert await _lost(client, requests, [*LOST, {"id": "c", "channels": []}]) == []
