"""A leg is dead when its phone's place is lost and no audio comes: neither alone is enough."""

import asyncio
from typing import Any

from ari_app.ari.failures import NotFound
from ari_app.ari.liveness import QUIET, Liveness

PLACE = "sip:1001@127.0.0.1:5062"


class Statistics:
    """An Asterisk that knows how much audio has come of each leg."""

    def __init__(self, **received: int) -> None:
        self.received = received

    async def call(self, repository: str, operation: str, **arguments: object) -> Any:
        assert (repository, operation) == ("channels", "rtpstatistics")
        leg = str(arguments["channelId"])
        if leg not in self.received:
            raise NotFound(404, "no such channel")
        return {"rxcount": self.received[leg], "txcount": 7}


class Bench:
    def __init__(self, *legs: str, **received: int) -> None:
        self.asterisk = Statistics(**received)
        self.dead: list[str] = []
        self.passes = asyncio.Event()
        self.slept: list[float] = []
        self.begun = asyncio.Event()
        self.legs = legs
        self.liveness = Liveness(self.asterisk, self._legs_at, self.dead.append, self._sleep)  # type: ignore[arg-type]

    def _legs_at(self, user: str) -> tuple[str, ...]:
        return self.legs if user == "1001" else ()

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
        for _ in range(20):
            await asyncio.sleep(0)


async def test_a_leg_of_whom_nothing_comes_is_dead_and_one_that_speaks_is_not() -> None:
    bench = Bench("quiet", "talks", quiet=500, talks=500)
    bench.liveness.place("1001", PLACE, lost=True)
    await bench.begins()
    bench.asterisk.received["talks"] += 1
    await bench.ends()
    assert bench.dead == ["quiet"]
    assert bench.slept == [QUIET]


async def test_a_place_that_answers_again_meanwhile_was_not_lost() -> None:
    bench = Bench("quiet", quiet=500)
    bench.liveness.place("1001", PLACE, lost=True)
    await bench.begins()
    bench.liveness.place("1001", PLACE, lost=False)
    await bench.ends()
    assert bench.dead == []


async def test_what_cannot_be_told_is_not_dead() -> None:
    bench = Bench("ended", "ends", ends=500)
    bench.liveness.place("1001", PLACE, lost=True)
    await bench.begins()
    del bench.asterisk.received["ends"]
    await bench.ends()
    assert bench.dead == []


async def test_a_phone_without_a_leg_is_not_looked_at_and_nothing_is_told_after_the_end() -> None:
    bench = Bench("quiet", quiet=500)
    bench.liveness.place("1002", PLACE, lost=True)
    await bench.ends()
    assert bench.slept == []
    bench = Bench("quiet", quiet=500)
    bench.liveness.place("1001", PLACE, lost=True)
    await bench.begins()
    bench.liveness.close()
    await bench.ends()
    assert bench.dead == []


async def test_lost_again_it_is_looked_at_again() -> None:
    bench = Bench("quiet", quiet=500)
    for lost in (True, True):
        bench.liveness.place("1001", PLACE, lost=lost)
    await bench.begins()
    await bench.ends()
    assert bench.dead == ["quiet"]
