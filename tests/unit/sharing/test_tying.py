"""What the two leaders are requested, one after the other, so that calls at two Asterisks become one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls.model import Awaited, Call, CallType, Identity, Party, PartyRole, Progress
from ari_app.errors import AsteriskUnavailable, CallControlError, Code, OutcomeUnknown, Refused
from ari_app.sharing import tying
from tests.unit.engine.ends import turn

MERGE = c.Merge(id="k1", by="alice", call="here", other="there", traceparent="00-aa-bb-01")
ZOE = Party("p2", PartyRole.CONTACT, Identity("Zoé", "+33611111111"), leg="in1", progress=Progress.JOINED)
THERE = Call(
    "there",
    CallType.INBOUND,
    "b",
    1.0,
    user_data={"k": "v"},
    parties={"p1": Party("p1", PartyRole.AGENT, agent="alice", leg="l1", progress=Progress.JOINED), "p2": ZOE},
)
HERE = Call("here", CallType.OUTBOUND, "b", 2.0)
JOINED = replace(HERE, awaits=Awaited("name", "k1", "alice", 3.0, ZOE, party="p9"))


@dataclass
class Place:
    """An Asterisk, and who leads it."""

    asterisk: str
    said: list[c.Command] = field(default_factory=list)
    answer: Callable[[c.Command], Call | None] = lambda command: JOINED
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    answers: bool = True

    async def submit(self, command: c.Command) -> Call | None:
        self.said.append(command)
        if isinstance(command, c.HandOver) and not self.answers:
            await asyncio.Event().wait()
        return self.answer(command)


async def test_each_is_noted_before_the_next_and_the_answer_is_the_call_as_it_then_is() -> None:
    here, there = Place("a"), Place("b")
    assert await tying.merge(MERGE, here, there, THERE, lambda: "name") == JOINED
    awaits, again = here.said
    assert awaits == c.AwaitTie(
        id="k1-await", by="alice", call="here", traceparent="00-aa-bb-01", tie="name", merge="k1", who=ZOE,
        user_data={"k": "v"},
    )  # fmt: skip
    assert again == replace(awaits, again=True)
    assert [type(command) for command in there.said] == [c.PrepareTie, c.HandOver]
    prepares, dials = there.said
    assert isinstance(prepares, c.PrepareTie)
    assert (prepares.call, prepares.to, prepares.tie) == ("there", "a", "name")
    assert {dials.traceparent, prepares.traceparent} == {"00-aa-bb-01"}


def test_a_name_is_nobodys_to_guess() -> None:
    assert len({tying._name() for _ in range(100)}) == 100
    assert len(tying._name()) == 16


def _fails(kind: type[c.Command], error: CallControlError, again: bool = False) -> Callable[[c.Command], Call | None]:
    def answer(command: c.Command) -> Call | None:
        if isinstance(command, kind) and command.again is again:
            raise error
        return JOINED

    return answer


@pytest.mark.parametrize("kind", [c.AwaitTie, c.PrepareTie])
async def test_who_is_lost_before_anything_was_dialled_has_changed_nothing(kind: type[c.Command]) -> None:
    here = Place("a", answer=_fails(kind, OutcomeUnknown()))
    there = Place("b", answer=_fails(kind, OutcomeUnknown()))
    with pytest.raises(AsteriskUnavailable, match="nothing has changed"):
        await tying.merge(MERGE, here, there, THERE)
    assert not any(isinstance(command, c.HandOver) for command in there.said)


async def test_what_either_refuses_is_refused() -> None:
    for kind in (c.AwaitTie, c.PrepareTie, c.HandOver):
        error = Refused(Code.NOT_ALLOWED_NOW, "not now")
        here, there = Place("a", answer=_fails(kind, error)), Place("b", answer=_fails(kind, error))
        with pytest.raises(Refused, match="not now"):
            await tying.merge(MERGE, here, there, THERE)
    with pytest.raises(Refused) as refused:
        await tying.merge(MERGE, Place("a"), Place("b"), replace(THERE, parties={}))
    assert refused.value.code is Code.NOT_ALLOWED_NOW


async def test_who_is_lost_while_it_is_dialled_leaves_the_outcome_unknown() -> None:
    with pytest.raises(OutcomeUnknown):
        await tying.merge(MERGE, Place("a"), Place("b", answer=_fails(c.HandOver, OutcomeUnknown())), THERE)


async def test_an_asterisk_that_is_lost_while_it_is_dialled_leaves_the_outcome_unknown() -> None:
    there = Place("b", answers=False)
    merging = asyncio.ensure_future(tying.merge(MERGE, Place("a"), there, THERE))
    while not any(isinstance(command, c.HandOver) for command in there.said):
        await turn()
    there.lost.set()
    with pytest.raises(OutcomeUnknown):
        await merging


async def test_who_is_lost_after_it_was_answered_leaves_nobody_to_say_how_the_call_is() -> None:
    here = Place("a", answer=_fails(c.AwaitTie, AsteriskUnavailable("gone"), again=True))
    with pytest.raises(OutcomeUnknown):
        await tying.merge(MERGE, here, Place("b"), THERE)


def test_a_repeat_of_one_that_was_done_is_answered_as_done_and_no_other_is() -> None:
    again = replace(MERGE, again=True)
    assert tying.done_before(again, JOINED) == JOINED
    assert tying.done_before(MERGE, JOINED) is None
    assert tying.done_before(again, HERE) is None
    assert tying.done_before(again, None) is None
    assert tying.done_before(replace(again, id="k2"), JOINED) is None
    with pytest.raises(OutcomeUnknown):
        tying.done_before(again, replace(HERE, awaits=Awaited("name", "k1", "alice", 3.0, ZOE)))
