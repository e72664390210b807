"""Whoever requests a call of their own as another Asterisk's caller is given to them gets one of the two."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ari_app.availability.port import AgentState
from ari_app.calls.commands import Command, MakeCall, MonitorCall, Release
from ari_app.calls.model import MonitorMode
from ari_app.engine.owncalls import OwnCalls
from ari_app.errors import Code, OutcomeUnknown, Refused, StoreUnavailable
from ari_app.routing.directory import Directory
from ari_app.routing.outside import Emergency
from ari_app.routing.targets import parse_target
from ari_app.testing.availability import MemoryAvailability
from tests.support.callcentre import directory

ALICE, NOBODY = parse_target("agent:alice"), frozenset[str]()
OUT = MakeCall(id="k1", by="alice", target=parse_target("number:+33123456789"))
MONITOR = MonitorCall(id="k2", by="alice", call="c1", mode=MonitorMode.LISTEN)


class Two:
    """A call centre with two Asterisks, and the calls of agents at the first."""

    def __init__(self, listed: Directory) -> None:
        self.here = MemoryAvailability(lambda: 1_700_000_000.0, "asterisk-a")
        self.there = self.here.led("asterisk-b")
        self.listed = listed
        self.known: list[Command] = []
        self.calls = OwnCalls(self.here, lambda: listed, self.known.__contains__)

    async def state(self) -> AgentState:
        return (await self.here.agent("alice")).state


@pytest.fixture
async def two() -> Two:
    found = Two(directory())
    await found.here.configure(found.listed)
    await found.here.set_state("alice", "ready")
    return found


@pytest.mark.parametrize("command", [OUT, MONITOR])
async def test_whose_own_phone_is_about_to_be_rung_is_given_to_no_caller_of_another_asterisk(
    two: Two, command: Command
) -> None:
    async with two.calls.begun(command):
        assert await two.there.reserve("r1", ALICE, NOBODY, 15) is None
    assert await two.there.reserve("r1", ALICE, NOBODY, 15) is None  # until it is reported that the call has them


@pytest.mark.parametrize("command", [OUT, MONITOR])
async def test_who_was_just_given_to_a_caller_of_another_asterisk_is_refused_a_call(two: Two, command: Command) -> None:
    assert await two.there.reserve("r1", ALICE, NOBODY, 15) == "alice"
    with pytest.raises(Refused) as refused:
        async with two.calls.begun(command):
            raise AssertionError("it is begun")
    assert refused.value.code is Code.NOT_ALLOWED_NOW
    assert await two.there.reserve("r1", ALICE, NOBODY, 15) == "alice"


async def test_who_has_a_call_at_another_asterisk_may_call_beside_it(two: Two) -> None:
    await two.there.set_activity("alice", "on_call", "c1")
    async with two.calls.begun(OUT):
        assert await two.state() is AgentState.ON_CALL


@pytest.mark.parametrize(("error", "state"), [(Refused(Code.TOO_MANY, "no"), "ready"), (OutcomeUnknown(), "reserved")])
async def test_a_call_that_is_refused_gives_its_agent_back_and_one_of_which_nobody_knows_does_not(
    two: Two, error: Exception, state: str
) -> None:
    with pytest.raises(type(error)):
        async with two.calls.begun(OUT):
            raise error
    assert await two.state() == state


async def test_an_emergency_goes_before_all() -> None:
    listed = directory(emergency=Emergency(frozenset({"112"})))
    two = Two(listed)
    await two.here.configure(listed)
    await two.here.set_state("alice", "ready")
    assert await two.there.reserve("r1", ALICE, NOBODY, 15) == "alice"
    begun = False
    async with two.calls.begun(MakeCall(id="k1", by="alice", target=parse_target("number:112"))):
        begun = True
    assert begun


@pytest.mark.parametrize(
    "command",
    [
        lambda: MakeCall(id="k1", by="alice", target=OUT.target, again=True),
        lambda: Release(id="k1", by="alice", call="c1"),
    ],
    ids=["a repeat, which is answered as the first", "nobody's phone is rung for it"],
)
async def test_what_rings_nobody_anew_keeps_nobody(two: Two, command: Callable[[], Command]) -> None:
    two.known.append(command())
    async with two.calls.begun(command()):
        assert await two.state() is AgentState.READY


async def test_a_repeat_of_what_was_never_begun_keeps_its_agent_as_the_first_would_have(two: Two) -> None:
    async with two.calls.begun(replace(OUT, again=True)):
        assert await two.there.reserve("r1", ALICE, NOBODY, 15) is None


class Away(MemoryAvailability):
    """Redis does not answer."""

    async def claim(self, request: str, agent: str, seconds: float) -> bool:
        raise StoreUnavailable


async def test_without_redis_calls_go_on_as_before() -> None:
    calls, done = OwnCalls(Away(), directory, lambda command: False), list[str]()

    async def begin(error: Exception | None) -> None:
        async with calls.begun(OUT):
            done.append("begun")
            if error is not None:
                raise error

    await begin(None)
    with pytest.raises(Refused, match="full"):
        await begin(Refused(Code.TOO_MANY, "full"))
    assert done == ["begun", "begun"]
