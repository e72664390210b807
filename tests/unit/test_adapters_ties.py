"""Calls of one agent at two Asterisks: which could become one, and by whom that is done."""

from dataclasses import replace

import pytest

from ari_app.adapters import EngineControl
from ari_app.calls import commands as c
from ari_app.calls.model import Call, CallType, Identity, Leg, LegState, Party, PartyRole, Progress
from ari_app.engine.engine import Engine
from ari_app.errors import OutcomeUnknown
from tests.unit.test_adapters import DIAL, Elsewhere, beside

ZOE = Party("p2", PartyRole.CONTACT, Identity("Zoé", "+33"), leg="in1", progress=Progress.JOINED)
ALICE = Party("p1", PartyRole.AGENT, agent="alice", leg="l1", progress=Progress.JOINED)
ALICES = Call("there-1", CallType.INBOUND, "b", 1.0, parties={"p1": ALICE, "p2": ZOE})


async def _talking_outside(control: EngineControl, engine: Engine) -> Call:
    """Alice's call here, with somebody outside."""
    made = await control.submit(DIAL)
    assert made is not None
    mine = next(p for p in made.parties.values() if p.agent == "alice")
    other = replace(ZOE, id="p8", leg="out1")
    engine.switch.state.legs["out1"] = Leg("out1", LegState.UP, focus=made.id)
    up = replace(made, parties={mine.id: replace(mine, progress=Progress.JOINED), "p8": other}, offer=None)
    engine.switch.state.legs[mine.leg or ""] = replace(engine.switch.legs[mine.leg or ""], state=LegState.UP)
    engine.switch.state.keep(up)
    return up


async def test_the_contact_of_a_call_elsewhere_may_join_one_here_where_both_leaders_know_how() -> None:
    elsewhere = Elsewhere()
    async with beside(elsewhere, ties=True) as (control, engine):
        here = await _talking_outside(control, engine)
        assert control.could_join(here, "alice") == []
        elsewhere.state.keep(ALICES)
        assert (control.could_join(here, "alice"), control.beside(here, "alice")) == (["there-1"], ["there-1"])
        assert control.could_join(ALICES, "alice") == [here.id]
        assert control.could_join(here, "bob") == ()
        elsewhere.ties = False
        assert control.could_join(here, "alice") == []
        assert control.could_join(ALICES, "alice") == ()
        elsewhere.ties = True
        engine.lost.set()
        assert control.could_join(here, "alice") == ()
    async with beside(elsewhere := Elsewhere()) as (control, engine):  # no edge leads there
        here = await _talking_outside(control, engine)
        elsewhere.state.keep(ALICES)
        assert control.could_join(here, "alice") == ()


@pytest.mark.parametrize("named", [True, False])
async def test_a_merge_of_calls_of_two_asterisks_is_done_by_both_leaders(named: bool) -> None:
    elsewhere = Elsewhere()
    async with beside(elsewhere, ties=True) as (control, engine):
        here = await _talking_outside(control, engine)
        elsewhere.state.keep(ALICES)
        merge = c.Merge(id="k9", by="alice", call=here.id, other=ALICES.id if named else None)
        answer = await control.submit(merge)
        assert [type(command) for command in elsewhere.commands] == [c.PrepareTie, c.HandOver]
        assert answer is not None
        assert answer.awaits is not None
        assert (answer.id, answer.awaits.who, answer.awaits.merge) == (here.id, ZOE, "k9")
        with pytest.raises(OutcomeUnknown):  # nobody has come, and somebody may
            await control.submit(replace(merge, again=True))
        joined = replace(answer, awaits=replace(answer.awaits, party="p8"))
        engine.switch.state.keep(joined)
        assert await control.submit(replace(merge, again=True)) == joined


async def test_the_contact_of_a_call_here_joins_one_elsewhere() -> None:
    elsewhere = Elsewhere()
    async with beside(elsewhere, ties=True) as (control, engine):
        here = await _talking_outside(control, engine)
        elsewhere.state.keep(ALICES)
        await control.submit(c.Merge(id="k9", by="alice", call=ALICES.id, other=here.id))
        assert [type(command) for command in elsewhere.commands] == [c.AwaitTie, c.AwaitTie]
        (dialled,) = [call.tie for call in engine.calls.values() if call.tie is not None]
        assert (dialled.of, dialled.dialled) == (here.id, True)
