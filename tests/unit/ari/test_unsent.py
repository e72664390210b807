"""Whoever is heard in a conference is sent something, or put in again."""

import asyncio

import pytest

from ari_app.ari import unsent
from ari_app.ari.failures import AriError, NotFound
from ari_app.ari.requests import Requests
from ari_app.calls.effects import JoinBridge, LeaveBridge, SetMute
from tests.unit.ari.requested import Recorder

FIFTY_A_SECOND = 25


class Asterisk(Recorder):
    """One that counts packets: each time it is looked at, `speaks` have sent some, and all but `left_out` got some."""

    def __init__(self) -> None:
        super().__init__()
        self.speaks = {"a", "b", "c"}
        self.left_out: set[str] = set()
        self.technology = "softmix"
        self.gone: set[str] = set()
        self.looks: dict[str, int] = {}
        self.looked = asyncio.Event()

    async def call(self, repository: str, operation: str, **arguments: object) -> object:
        await super().call(repository, operation, **arguments)
        if operation == "get":
            return {"technology": self.technology}
        if operation != "rtpstatistics":
            return None
        self.looked.set()
        leg = str(arguments["channelId"])
        if leg in self.gone:
            raise NotFound(404, "no such channel")
        self.looks[leg] = packets = self.looks.get(leg, 0) + FIFTY_A_SECOND
        return {"rxcount": packets * (leg in self.speaks), "txcount": packets * (leg not in self.left_out)}


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unsent, "SETTLES", 0.0)
    monkeypatch.setattr(unsent, "LOOKS", 0.0)


@pytest.fixture
def client() -> Asterisk:
    return Asterisk()


async def _come_in(requests: Requests, *legs: str) -> None:
    for number, leg in enumerate(legs):
        requests.arrived(leg)
        await requests.perform(JoinBridge(number, leg, "bridge"))


async def _found(client: Asterisk, requests: Requests) -> list[tuple[str, str]]:
    async with asyncio.timeout(1):
        return await requests.unsent.found(client)


async def _nobody_is_looked_at(client: Asterisk, requests: Requests) -> bool:
    looking = asyncio.create_task(requests.unsent.found(client))
    for _ in range(20):
        await asyncio.sleep(0)
    looking.cancel()
    return not client.looks


async def test_who_is_heard_and_sent_nothing_is_found_once(client: Asterisk, requests: Requests) -> None:
    client.left_out = {"a"}
    await _come_in(requests, "a", "b", "c")
    assert await _found(client, requests) == [("a", "bridge")]
    client.looks.clear()
    assert await _nobody_is_looked_at(client, requests)


async def test_who_is_put_in_again_is_looked_at_again(client: Asterisk, requests: Requests) -> None:
    client.left_out = {"a"}
    await _come_in(requests, "a", "b", "c")
    assert await _found(client, requests) == [("a", "bridge")]
    await requests.perform(JoinBridge(9, "a", "bridge"))
    assert await _found(client, requests) == [("a", "bridge")]


async def test_where_everybody_is_sent_something_nobody_is_found(client: Asterisk, requests: Requests) -> None:
    await _come_in(requests, "a", "b", "c")
    assert await _found(client, requests) == []


async def test_who_sends_nothing_is_left_alone(client: Asterisk, requests: Requests) -> None:
    """A phone that rings in the bridge is sent nothing, and so is one that is on hold by its own key."""
    client.left_out = {"c"}
    client.speaks = {"a", "b"}
    await _come_in(requests, "a", "b", "c")
    assert await _found(client, requests) == []


async def test_in_a_call_of_two_nobody_is_looked_at(client: Asterisk, requests: Requests) -> None:
    await _come_in(requests, "a", "b")
    assert await _nobody_is_looked_at(client, requests)


async def test_where_the_bridge_is_one_of_two_by_now_silence_is_no_fault(client: Asterisk, requests: Requests) -> None:
    client.left_out = {"a"}
    client.technology = "simple_bridge"
    await _come_in(requests, "a", "b", "c")
    assert await _found(client, requests) == []


async def test_who_is_deafened_is_looked_at_when_they_shall_hear_again(client: Asterisk, requests: Requests) -> None:
    client.left_out = {"a"}
    await _come_in(requests, "a", "b", "c")
    await requests.perform(SetMute(8, "a", False, True))
    assert await _found(client, requests) == []
    await requests.perform(SetMute(9, "a", False, False))
    assert await _found(client, requests) == [("a", "bridge")]


async def test_of_whom_nothing_is_known_nothing_is_said(client: Asterisk, requests: Requests) -> None:
    client.left_out = client.gone = {"a"}
    await _come_in(requests, "a", "b", "c")
    assert await _found(client, requests) == []
    client.gone = set()
    requests.cut_off()
    requests.unsent.came_in("b", "bridge")
    assert await _found(client, requests) == []


async def test_where_the_bridge_is_not_there_any_more_nothing_is_said(client: Asterisk, requests: Requests) -> None:
    client.left_out = {"a"}
    client.refusals["get"] = AriError(404, "Bridge not found")
    await _come_in(requests, "a", "b", "c")
    assert await _found(client, requests) == []


@pytest.mark.parametrize("what", [LeaveBridge(9, "a", "bridge"), SetMute(9, "a", True, False)])
async def test_who_was_moved_or_muted_meanwhile_is_not_judged_by_what_was_counted_before(
    client: Asterisk, requests: Requests, what: LeaveBridge | SetMute
) -> None:
    client.left_out = {"a"}
    await _come_in(requests, "a", "b", "c")
    looking = asyncio.create_task(requests.unsent.found(client))
    await client.looked.wait()
    await requests.perform(what)
    assert await looking == []


async def test_who_was_deaf_when_packets_were_counted_is_not_judged_by_them(
    client: Asterisk, requests: Requests
) -> None:
    client.left_out = {"a"}
    await _come_in(requests, "a", "b", "c")
    await requests.perform(SetMute(8, "a", False, True))
    looking = asyncio.create_task(requests.unsent.found(client))
    await client.looked.wait()
    await requests.perform(SetMute(9, "a", False, False))
    assert await looking == []
    assert await _found(client, requests) == [("a", "bridge")]


async def test_whom_that_does_not_help_is_not_put_in_for_ever(client: Asterisk, requests: Requests) -> None:
    client.left_out = {"a"}
    await _come_in(requests, "a", "b", "c")
    for _ in range(unsent.TRIES):
        assert await _found(client, requests) == [("a", "bridge")]
        await requests.perform(JoinBridge(9, "a", "bridge"))
    assert await _found(client, requests) == []
    client.left_out = set()
    requests.unsent.came_in("b", "bridge")
    assert await _found(client, requests) == []
    client.left_out = {"a"}
    requests.unsent.came_in("b", "bridge")
    assert await _found(client, requests) == [("a", "bridge")]
