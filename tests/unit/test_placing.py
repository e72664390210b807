"""Where a new call is made, where there are several Asterisks."""

from dataclasses import replace

import pytest

from ari_app import adapters
from ari_app.calls.model import Call, CallType, Pending
from ari_app.calls.state import State
from ari_app.errors import AsteriskUnavailable, Refused
from ari_app.placing import Placing
from ari_app.testing.store import MemoryStore
from tests.unit.test_adapters import DIAL, THERE, Elsewhere, beside


async def test_a_call_is_made_beside_the_others_of_its_agent_else_where_there_are_the_fewest() -> None:
    async with beside(elsewhere := Elsewhere(THERE)) as (control, _):
        assert await control.submit(DIAL) is not None  # nobody is there, one is elsewhere
        assert await control.submit(replace(DIAL, id="k2", by="bob")) is None
    async with beside(elsewhere := Elsewhere()) as (control, engine):
        assert await control.submit(DIAL) is not None
        assert await control.submit(replace(DIAL, id="k2", by="carol")) is None
        for number in range(2):
            elsewhere.state.keep(Call(f"there-{number}", CallType.INBOUND, "b", 1.0))
        assert await control.submit(replace(DIAL, id="k3", by="dave")) is not None
        elsewhere.reached = False
        assert await control.submit(replace(DIAL, id="k4", by="bob")) is not None
    async with beside(Elsewhere(), stays="alice") as (control, engine):
        engine.lost.set()
        assert await control.submit(replace(DIAL, by="bob")) is None
        assert control.engaged("alice") == []


async def test_a_call_is_made_where_asterisk_is_there_also_by_somebody_who_has_one_where_it_is_not() -> None:
    async with beside(elsewhere := Elsewhere(THERE)) as (control, engine):
        assert await control.submit(replace(DIAL, by="bob")) is None  # beside theirs
        elsewhere.reached = False
        assert await control.submit(replace(DIAL, id="k2", by="bob")) is not None
        elsewhere.reached = True
        engine.lost.set()
        assert await control.submit(replace(DIAL, id="k3", by="bob")) is None


async def test_a_call_is_not_made_where_none_is_taken_but_beside_another_of_its_agent() -> None:
    async with beside(Elsewhere(THERE), drained={"elsewhere"}) as (control, _):
        for number in range(3):  # more than there
            assert await control.submit(replace(DIAL, id=f"k{number}", by=["alice", "carol", "dave"][number]))
        assert await control.submit(replace(DIAL, id="k4", by="bob")) is None
        assert list(control.drained()) == ["elsewhere"]
    drained: set[str] = set()
    async with beside(elsewhere := Elsewhere(), drained=drained) as (control, _):
        assert await control.submit(DIAL) is not None
        drained.add("here")
        for number in range(3):
            elsewhere.state.keep(Call(f"there-{number}", CallType.INBOUND, "b", 1.0))
        assert await control.submit(replace(DIAL, id="k2", by="bob")) is None
        assert await control.submit(replace(DIAL, id="k3")) is not None  # beside their other one
        drained.add("elsewhere")
        with pytest.raises(AsteriskUnavailable, match="being drained"):
            await control.submit(replace(DIAL, id="k4", by="carol"))
    async with beside(Elsewhere(), stays="alice", drained={"here"}) as (control, _):
        with pytest.raises(AsteriskUnavailable, match="being drained"):
            await control.submit(DIAL)


async def test_a_call_that_was_requested_before_is_made_where_it_was_begun_or_not_at_all() -> None:
    again = replace(DIAL, again=True)
    made = replace(THERE, carried_out=(Pending("k1", "there"),))
    async with beside(elsewhere := Elsewhere(made)) as (control, engine):
        await control.submit(again)
        assert elsewhere.commands == [again]
        with pytest.raises(Refused, match="look at the calls"):
            await control.submit(replace(again, id="k2"))
        assert (elsewhere.commands, dict(engine.calls)) == ([again], {})


async def test_a_call_that_was_requested_before_is_requested_where_that_was_sent() -> None:
    async with beside(elsewhere := Elsewhere()) as (control, engine):
        for number in range(2):
            elsewhere.state.keep(Call(f"there-{number}", CallType.INBOUND, "b", 1.0))
        made = await control.submit(DIAL)
        elsewhere.state = State("elsewhere")  # where it would be made now
        assert await control.submit(replace(DIAL, again=True)) == made
        first = replace(DIAL, id="k2", by="carol")
        assert await control.submit(first) is None
        for number in range(2):
            elsewhere.state.keep(Call(f"there-{number}", CallType.INBOUND, "b", 1.0))
        assert await control.submit(replace(first, again=True)) is None
        assert elsewhere.commands == [first, replace(first, again=True)]
        assert len(engine.calls) == 1


async def test_where_there_is_one_asterisk_a_repeat_is_made_there() -> None:
    async with beside(Elsewhere()) as (control, engine):
        alone: Placing[adapters.Elsewhere] = Placing(engine, (), MemoryStore(), lambda agent: False, "", tuple)
        assert await alone.place(replace(DIAL, again=True), control.calls()) is None
