"""Two calls of one agent at two Asterisks become one, while who leads them dies at any moment, and Redis is behind.

Two machines that know nothing of each other but what the edge carries. Nobody outside is dropped but by themselves;
in the end each hears somebody, or music; and all hear each other where the calls became one.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls.effects import AsteriskEffect
from ari_app.calls.model import Call
from tests.support import account, discretion
from tests.support.office import hear_each_other
from tests.support.tied import Tied
from tests.support.world import Written

SELDOM = st.integers(0, 7).map(lambda n: n == 0)
WHERE = st.sampled_from(("a", "b"))
CONTACTS = {"in1": "a", "out1": "b"}
ON_TIES = (e.CreateLeg, e.DialLeg, e.AnswerLeg, e.JoinBridge)


class TwoAsterisks(RuleBasedStateMachine):
    """Alice has a call at each, and merges. A leader's calls are in Redis when a command of the merge is answered."""

    def __init__(self) -> None:
        super().__init__()
        self.both = Tied(outside_may_continue=True)
        self.here, self.there = self.both.two_calls()
        self.gone: set[str] = set()
        self.step = 0
        self.waits: tuple[str, str] | None = None
        self.name = ""
        self.kept: dict[str, Written] = {}
        for name in "ab":
            self._writes(name)

    def _writes(self, name: str) -> None:
        self.kept[name] = self.both.written(name)

    def _call(self, name: str, call: str) -> Call | None:
        return self.both.worlds[name].switch.calls.get(call)

    # -- the merge, as the call centre requests it --------------------------------------------------------------------

    @rule()
    def the_call_centre_goes_on_with_the_merge(self) -> None:
        """One command after the other, each when the one before was answered, and that is written."""
        if self.waits is not None:
            name, command = self.waits
            world = self.both.worlds[name]
            if command in world.refusals or command not in world.requested:  # or its leader died
                self.step, self.waits = 0, None
            elif command in world.replies:
                self._writes(name)
                self.step, self.waits = self.step + 1, None
            return
        if self._call("a", self.here) is None or self._call("b", self.there) is None:
            return
        a, b = self.both.worlds["a"], self.both.worlds["b"]
        if not (a.switch.state.linked and b.switch.state.linked):
            return
        before = len(a.commands), len(b.commands)
        if self.step == 0 and len(self._call("b", self.there).joined()) == 2:  # type: ignore[union-attr]
            self.name = self.both.awaited(self.here, self.there)
            self.waits = "a", f"k{a.numbers}"
        elif self.step == 1:
            self.both.prepared(self.there, self.name)
            self.waits = "b", f"k{b.numbers}"
        elif self.step == 2:
            self.waits = "b", b.command(c.HandOver, "alice", call=self.there, tie=self.name)
        assert before != (len(a.commands), len(b.commands)) or self.step > 2 or self.waits is None

    # -- what happens by itself ---------------------------------------------------------------------------------------

    @rule(where=WHERE)
    def something_happens(self, where: str) -> None:
        self.both.worlds[where].step()

    @rule()
    def the_edge_carries(self) -> None:
        self.both.edge.carries()

    @rule(where=WHERE)
    def redis_has_all(self, where: str) -> None:
        self._writes(where)

    @rule(away=SELDOM)
    def the_other_asterisk_is_not_reached(self, away: bool) -> None:
        self.both.edge.unreachable = {"a"} if away else set()

    @rule(where=WHERE, seconds=st.sampled_from((0.5, 2.0, 4.0)), now=SELDOM)
    def time_passes(self, where: str, seconds: float, now: bool) -> None:
        if now:
            self.both.worlds[where].pass_time(seconds)

    # -- faults -------------------------------------------------------------------------------------------------------

    @rule(where=WHERE, now=SELDOM)
    def a_leader_dies_before_all_was_written(self, where: str, now: bool) -> None:
        if now:
            self._dies(where)

    def _dies(self, where: str) -> None:
        if self.waits is not None and self.waits[0] == where:
            self.step, self.waits = 0, None
        self.both.dies(where, self.kept[where])

    @rule(where=WHERE, now=SELDOM)
    def a_link_is_lost_and_back(self, where: str, now: bool) -> None:
        if now:
            self.both.worlds[where].lose_link()
            self.both.worlds[where].asterisk.restore_link()

    @rule(where=WHERE, kind=st.sampled_from(ON_TIES), carried_out=st.booleans(), now=SELDOM)
    def an_effect_on_a_tie_fails(self, where: str, kind: type[AsteriskEffect], carried_out: bool, now: bool) -> None:
        world = self.both.worlds[where]

        def of_a_tie(effect: Any) -> bool:
            leg = world.switch.legs.get(getattr(effect, "leg", "")) if isinstance(effect, kind) else None
            return leg is not None and leg.tie

        if now:
            world.asterisk.fail_next(of_a_tie, carried_out=carried_out)

    # -- what people do -----------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.gone)
    @rule(who=st.sampled_from(sorted(CONTACTS)), now=SELDOM)
    def a_contact_hangs_up(self, who: str, now: bool) -> None:
        if now:
            self.gone.add(who)
            self.both.worlds[CONTACTS[who]].asterisk.hang_up(who)

    @rule(verb=st.sampled_from((c.Hold, c.Retrieve)), where=WHERE)
    def alice_holds_or_retrieves(self, verb: type[c.BaseCommand], where: str) -> None:
        call = self.here if where == "a" else self.there
        if self._call(where, call) is not None:
            self.both.worlds[where].command(verb, "alice", call=call)

    # -- in the end ---------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        self.both.edge.unreachable = set()
        self.both.settle()
        for _ in range(3):
            for world in self.both.worlds.values():
                world.pass_time(11)
            self.both.settle()
        for name, world in self.both.worlds.items():
            assert not world.wrong(), name
            assert not account.replayed_otherwise(world), name
            assert not discretion.written(world), name
        heard, music = self.both.hears(), self.both.music()
        for who, where in CONTACTS.items():
            there = who in self.both.worlds[where].asterisk.world.channels
            assert there or self.gone, f"{who} was dropped"
            assert not there or who in music or any(one == who for one, _ in heard), f"{who} is in silence"
        for call in self.both.b.switch.calls.values():
            assert call.tie is None or self.both.edge.ties, "a tie leads nowhere"
        if self._call("b", self.there) is None and not self.gone:
            self.both.a.command(c.Retrieve, "alice", call=self.here)
            self.both.settle()
            assert self.both.hears() == hear_each_other("alice", *CONTACTS), "they are in one call"


TwoAsterisks.TestCase.settings = settings(
    max_examples=int(os.environ.get("CC_EXAMPLES", "300")), stateful_step_count=40
)
TestTwoAsterisks = TwoAsterisks.TestCase
