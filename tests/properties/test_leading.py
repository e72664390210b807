"""Whatever is frozen, lost, late or forgotten: never do two controllers act by what they were answered.

Three controllers with clocks of their own speed, one store. Inquiries begin, reach the store or do not, are answered
or not, each at any time; a controller may do nothing for as long as it likes between any two of these.
"""

from __future__ import annotations

import os
from collections.abc import Coroutine
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ari_app.errors import StoreUnavailable
from ari_app.leading.machine import Inquiry, Leadership, Timing
from ari_app.store.leases import Fence, Lease
from ari_app.testing.leases import MemoryLeases

DRIFT = 0.05
"""By how much two clocks may differ in speed, each from the store's."""
NAMES = ("one", "two", "three")
TIMING = Timing()
EXAMPLES = int(os.environ.get("CC_EXAMPLES", "200"))

node = st.sampled_from(NAMES)


def at_once[T](work: Coroutine[None, None, T]) -> T:
    """What a coroutine returns that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("it waits")


@dataclass
class Controller:
    """One process. `flying`: the inquiry under way, and when it was begun by its own clock; `answer`: to that."""

    name: str
    speed: float
    machine: Leadership = field(default_factory=lambda: Leadership(TIMING))
    flying: tuple[Inquiry, float] | None = None
    answer: Lease | int | bool | None = None
    reached: bool = False
    answered: bool = False

    @property
    def fence(self) -> Fence | None:
        number = self.machine.number
        return None if number is None else Fence("a", number, self.name)


class Leaders(RuleBasedStateMachine):
    """`now` is the store's time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.leases = MemoryLeases(lambda: self.now)
        speeds = (1.0, 1.0 + DRIFT, 1.0 - DRIFT)
        self.nodes = {name: Controller(name, speed) for name, speed in zip(NAMES, speeds, strict=True)}
        self.given: list[int] = []
        self.forgot = False

    def local(self, one: Controller) -> float:
        return self.now * one.speed

    @rule(seconds=st.sampled_from((0.01, 0.1, 0.25, 0.3, 0.6, 1.0, 1.1, 1.2, 3.0)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(name=node)
    def inquires(self, name: str) -> None:
        """Begun, arrived and answered at once: the usual case."""
        one = self.nodes[name]
        if one.flying is None:
            self.begins(name)
            self.arrives(name)
        self.ends(name)

    @rule(frozen=st.sampled_from(("", *NAMES)), steps=st.sampled_from((4, 10, 14, 40)))
    def the_others_go_on(self, frozen: str, steps: int) -> None:
        """As they do by themselves, while one stands still, or none does."""
        for _ in range(steps):
            self.now += 0.1
            for name in NAMES:
                if name != frozen:
                    self.inquires(name)
                self.one_at_most_acts_by_what_it_was_answered()
                self.one_at_most_may_write_and_that_under_the_last_number()

    @rule(name=node)
    def begins(self, name: str) -> None:
        one = self.nodes[name]
        if one.flying is None:
            now = self.local(one)
            one.flying, one.reached = (one.machine.inquiry(now), now), False

    @rule(name=node)
    def arrives(self, name: str) -> None:
        """At the store, which does what it says."""
        one = self.nodes[name]
        if one.flying is None or one.reached:
            return
        one.reached = True
        match one.flying[0]:
            case Inquiry.LOOK:
                one.answer = at_once(self.leases.look("a"))
            case Inquiry.TAKE:
                taken = at_once(self.leases.take("a", name, "", TIMING.lasts, one.machine.highest))
                one.answer = taken
                if taken is not None:
                    assert self.forgot or taken > max(self.given, default=0), "an older number was given again"
                    self.given.append(taken)
            case Inquiry.RENEW:
                one.answer = one.fence is not None and at_once(self.leases.renew(one.fence, "", TIMING.lasts))

    @rule(name=node)
    def ends(self, name: str) -> None:
        """The answer is read; where the inquiry never arrived, it is given up."""
        one = self.nodes[name]
        if one.flying is None:
            return
        (what, begun), one.flying = one.flying, None
        if not one.reached:
            self._gives_up(one, begun)
        elif what is Inquiry.LOOK and isinstance(one.answer, Lease):
            one.machine.looked(one.answer, self.local(one))
        elif what is Inquiry.TAKE and not isinstance(one.answer, Lease):
            one.machine.taken(one.answer, begun)
            one.answered = True
        elif one.machine.number is not None:
            one.machine.renewed(one.answer is True, begun)
            one.answered = True

    @rule(name=node)
    def is_not_answered(self, name: str) -> None:
        """It may have been done all the same."""
        one = self.nodes[name]
        if one.flying is not None:
            (_, begun), one.flying = one.flying, None
            self._gives_up(one, begun)

    def _gives_up(self, one: Controller, begun: float) -> None:
        one.machine.unanswered(begun)
        one.answered = False

    @rule(name=node)
    def loses_the_application(self, name: str) -> None:
        one = self.nodes[name]
        one.machine.replaced(self.local(one))

    def _all_know_the_last(self) -> bool:
        """Whoever waits for it cannot know of a lease that was given and forgotten between two of their looks."""
        knowing = (one.machine.highest >= max(self.given) for one in self.nodes.values())
        taking = (one.flying is not None and one.flying[0] is Inquiry.TAKE for one in self.nodes.values())
        return all(knowing) and not any(taking)

    @precondition(lambda self: self.given and not self.forgot and self._all_know_the_last())
    @rule()
    def the_store_is_emptied(self) -> None:
        self.leases.forget()
        self.forgot = True

    @precondition(lambda self: any(one.fence for one in self.nodes.values()))
    @rule(name=node)
    def hands_over(self, name: str) -> None:
        one = self.nodes[name]
        if one.fence is not None and one.flying is None:
            at_once(self.leases.release(one.fence))
            one.machine.resigned()

    @invariant()
    def one_at_most_acts_by_what_it_was_answered(self) -> None:
        acting = [o.name for o in self.nodes.values() if o.answered and o.machine.may_act(self.local(o))]
        assert len(acting) <= 1, f"{acting} both lead"

    @invariant()
    def one_at_most_may_write_and_that_under_the_last_number(self) -> None:
        writing = []
        for one in self.nodes.values():
            try:
                if one.fence is not None:
                    self.leases.check(one.fence)
                    writing.append(one.machine.number)
            except StoreUnavailable:
                pass
        assert len(writing) <= 1
        if writing and not self.forgot:
            assert writing == [max(self.given)]

    def teardown(self) -> None:
        """Left alone with a store that answers, one of them leads in the end."""
        for _ in range(40):
            self.now += 0.5
            for name in NAMES:
                self.inquires(name)
        assert [one.name for one in self.nodes.values() if one.machine.may_act(self.local(one))], "nobody leads"


Leaders.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=60, deadline=None)
TestLeaders = Leaders.TestCase
