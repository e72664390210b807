"""A leg is dead when its phone's place is lost and no audio comes: neither alone is enough."""

import asyncio
from typing import Any

import pytest

from ari_app.ari.failures import NotFound
from ari_app.ari.liveness import LOOKS, QUIET, SOON, Liveness, PlaceStatus
from ari_app.calls.model import Leg, LegState

DESK = "sip:1001@127.0.0.1:5062"
SOFT = "sip:1001@127.0.0.1:5063"


class Statistics:
    """An Asterisk that knows how much audio has come of each leg, and where it is."""

    def __init__(self, **received: int) -> None:
        self.received = received
        self.targets: dict[str, str] = {}
        self.speaks: set[str] = set()

    async def call(self, repository: str, operation: str, **arguments: object) -> Any:
        leg = str(arguments["channelId"])
        if leg not in self.received:
            raise NotFound(404, "no such channel")
        if (repository, operation) == ("channels", "getChannelVar"):
            assert arguments["variable"] == "CHANNEL(pjsip,target_uri)"
            return {"value": self.targets.get(leg, DESK)}
        assert (repository, operation) == ("channels", "rtpstatistics")
        self.received[leg] += 5 if leg in self.speaks else 0
        return {"rxcount": self.received[leg], "txcount": 7}


class Bench:
    def __init__(self, *legs: str, **received: int) -> None:
        self.asterisk = Statistics(**received)
        self.dead: list[str] = []
        self.passes = asyncio.Event()
        self.slept: list[float] = []
        self.begun = asyncio.Event()
        self.on_hold: set[str] = set()
        self.legs = legs
        self.liveness = Liveness(self.asterisk, self._legs_at, self.dead.append, self._sleep)  # type: ignore[arg-type]

    def _legs_at(self, user: str) -> list[Leg]:
        legs = self.legs if user == "1001" else ()
        return [Leg(leg, LegState.UP, "alice", held_by_phone=leg in self.on_hold) for leg in legs]

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.begun.set()
        await self.passes.wait()

    async def begins(self) -> None:
        """Let what has begun come to its wait."""
        async with asyncio.timeout(1):
            await self.begun.wait()

    async def ends(self) -> None:
        """The quiet time is over."""
        self.passes.set()
        for _ in range(100):
            await asyncio.sleep(0)


@pytest.mark.parametrize("how", [PlaceStatus.UNREACHABLE, PlaceStatus.REMOVED])
async def test_a_leg_of_whom_nothing_comes_is_dead_and_one_that_speaks_is_not(how: PlaceStatus) -> None:
    bench = Bench("quiet", "talks", quiet=500, talks=500)
    bench.liveness.place("1001", DESK, how)
    await bench.begins()
    bench.asterisk.received["talks"] += 1
    await bench.ends()
    assert bench.dead == ["quiet"]
    assert bench.slept == [QUIET]


async def test_what_goes_on_at_another_phone_of_the_account_is_not_looked_at() -> None:
    bench = Bench("held", "lost", "nowhere", held=500, lost=500, nowhere=500)
    bench.asterisk.targets = {"held": DESK, "lost": "sip:x9@127.0.0.1:5063;transport=tcp", "nowhere": ""}
    bench.liveness.place("1001", SOFT, PlaceStatus.UNREACHABLE)
    await bench.begins()
    await bench.ends()
    assert bench.dead == ["lost"]


@pytest.mark.parametrize(("how", "dead"), [(PlaceStatus.REMOVED, []), (PlaceStatus.UNREACHABLE, ["held"])])
async def test_a_phone_that_holds_is_silent_by_right_unless_it_answers_nothing_either(
    how: PlaceStatus, dead: list[str]
) -> None:
    bench = Bench("held", held=500)
    bench.liveness.place("1001", DESK, how)
    await bench.begins()
    bench.on_hold = {"held"}  # its key was pressed meanwhile
    await bench.ends()
    assert bench.dead == dead


@pytest.mark.parametrize(
    ("target", "same"),
    [
        ("sip:1001@127.0.0.1:5062;transport=ws", True),
        ("sips:127.0.0.1:5062", True),
        ("sip:1001@127.0.0.1", False),
        ("sip:1001@[::1]:5062", False),
        ("tel:+33123456789", False),
    ],
)
async def test_a_place_is_an_address_whatever_name_and_parameters_go_with_it(target: str, same: bool) -> None:
    bench = Bench("quiet", quiet=500)
    bench.asterisk.targets = {"quiet": target}
    bench.liveness.place("1001", DESK, PlaceStatus.UNREACHABLE)
    await bench.begins()
    await bench.ends()
    assert bench.dead == (["quiet"] if same else [])


async def test_a_place_that_answers_again_meanwhile_was_not_lost() -> None:
    bench = Bench("quiet", quiet=500)
    bench.liveness.place("1001", DESK, PlaceStatus.UNREACHABLE)
    await bench.begins()
    bench.liveness.place("1001", DESK, PlaceStatus.THERE)
    await bench.ends()
    assert bench.dead == []


async def test_what_cannot_be_reported_is_not_dead() -> None:
    bench = Bench("ended", "ends", ends=500)
    bench.liveness.place("1001", DESK, PlaceStatus.UNREACHABLE)
    await bench.begins()
    del bench.asterisk.received["ends"]
    await bench.ends()
    assert bench.dead == []


async def test_a_phone_without_a_leg_is_not_looked_at_and_nothing_is_reported_after_the_end() -> None:
    bench = Bench("quiet", quiet=500)
    bench.liveness.place("1002", DESK, PlaceStatus.UNREACHABLE)
    await bench.ends()
    assert bench.slept == []
    bench = Bench("quiet", quiet=500)
    bench.liveness.place("1001", DESK, PlaceStatus.UNREACHABLE)
    await bench.begins()
    bench.liveness.close()
    await bench.ends()
    assert bench.dead == []


async def test_lost_again_it_is_looked_at_again() -> None:
    bench = Bench("quiet", quiet=500)
    for how in (PlaceStatus.UNREACHABLE, PlaceStatus.REMOVED):
        bench.liveness.place("1001", DESK, how)
    await bench.begins()
    await bench.ends()
    assert bench.dead == ["quiet"]


async def test_a_page_whose_socket_is_closed_is_dead_soon_unless_it_goes_on_speaking() -> None:
    bench = Bench("gone", "talks", "last", gone=500, talks=500, last=500)
    bench.asterisk.speaks = {"talks"}
    bench.liveness.socket_closed("1001")
    await bench.begins()
    bench.asterisk.received["last"] += 2  # they were on their way when the socket was closed
    await bench.ends()
    assert bench.dead == ["gone", "last"]
    assert bench.slept == [SOON] * LOOKS
    bench.liveness.socket_closed("1002")  # nobody talks there
    assert bench.slept == [SOON] * LOOKS


async def test_once_nobody_is_left_at_a_page_it_is_looked_at_no_longer() -> None:
    bench = Bench("gone", gone=500)
    bench.liveness.socket_closed("1001")
    await bench.begins()
    await bench.ends()
    assert (bench.dead, bench.slept) == (["gone"], [SOON])
