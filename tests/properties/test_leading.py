"""Whatever is frozen, lost, late or forgotten: never do two controllers act by what they were answered.

Three controllers with clocks of their own speed, two Asterisks, one store. Inquiries begin, reach the store or do not,
are answered or not, each at any time; a controller may do nothing for as long as it likes between any two of these.
Left alone, each Asterisk is led in the end, and nobody leads two while another leads none.
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
from ari_app.store.leases import Fence, Lease, Renewal
from ari_app.testing.leases import MemoryLeases

DRIFT = 0.05
"""By how much two clocks may differ in speed, each from the store's."""
NAMES = ("one", "two", "three")
ASTERISKS = ("a", "b")
TIMING = Timing()
EXAMPLES = int(os.environ.get("CC_EXAMPLES", "200"))

node = st.sampled_from(NAMES)
asterisk = st.sampled_from(ASTERISKS)


def at_once[T](work: Coroutine[None, None, T]) -> T:
    """What a coroutine returns that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as done:
        value: T = done.value
        return value
    raise AssertionError("it waits")


@dataclass
class Part:
    """One process, as far as one Asterisk goes. `flying`: the inquiry under way, and when it was begun by its own
    clock; `answer`: to that."""

    owner: str
    asterisk: str
    machine: Leadership = field(default_factory=lambda: Leadership(TIMING))
    flying: tuple[Inquiry, float] | None = None
    answer: Lease | Renewal | int | None = None
    reached: bool = False
    answered: bool = False

    @property
    def fence(self) -> Fence | None:
        number = self.machine.number
        return None if number is None else Fence(self.asterisk, number, self.owner)

    @property
    def leads(self) -> bool:
        """Or is about to."""
        return self.fence is not None or (self.flying is not None and self.flying[0] is Inquiry.TAKE)


@dataclass
class Controller:
    """One process."""

    name: str
    speed: float
    parts: dict[str, Part] = field(init=False)

    def __post_init__(self) -> None:
        self.parts = {name: Part(self.name, name) for name in ASTERISKS}

    @property
    def leads(self) -> list[str]:
        """Which ones, or is about to."""
        return [name for name, part in self.parts.items() if part.leads]


class Leaders(RuleBasedStateMachine):
    """`now` is the store's time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.leases = MemoryLeases(lambda: self.now)
        speeds = (1.0, 1.0 + DRIFT, 1.0 - DRIFT)
        self.nodes = {name: Controller(name, speed) for name, speed in zip(NAMES, speeds, strict=True)}
        self.given: dict[str, list[int]] = {name: [] for name in ASTERISKS}
        self.forgot = False

    def local(self, owner: str) -> float:
        return self.now * self.nodes[owner].speed

    @rule(seconds=st.sampled_from((0.01, 0.1, 0.25, 0.3, 0.6, 1.0, 1.1, 1.2, 3.0)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(name=node, of=asterisk)
    def inquires(self, name: str, of: str) -> None:
        """Begun, arrived and answered at once: the usual case."""
        if self.nodes[name].parts[of].flying is None:
            self.begins(name, of)
            self.arrives(name, of)
        self.ends(name, of)

    @rule(frozen=st.sampled_from(("", *NAMES)), steps=st.sampled_from((4, 10, 14, 40)))
    def the_others_go_on(self, frozen: str, steps: int) -> None:
        """As they do by themselves, while one stands still, or none does."""
        for _ in range(steps):
            self.now += 0.1
            self._all_but(frozen)

    def _all_but(self, frozen: str) -> None:
        for name in NAMES:
            for of in ASTERISKS:
                if name != frozen:
                    self.inquires(name, of)
                    self._gives_one_away(name, of)
                self.one_at_most_acts_by_what_it_was_answered()
                self.one_at_most_may_write_and_that_under_the_last_number()

    def _gives_one_away(self, name: str, of: str) -> None:
        """Who leads several gives the last of them to whoever leads none."""
        if self.nodes[name].parts[of].machine.hands_over(self.local(name)):
            self.hands_over(name, of)

    @rule(name=node, of=asterisk)
    def begins(self, name: str, of: str) -> None:
        one = self.nodes[name]
        part, others = one.parts[of], [led for led in one.leads if led != of]
        if part.flying is None:
            now = self.local(name)
            part.flying, part.reached = (part.machine.inquiry(now, leads_another=bool(others)), now), False

    @rule(name=node, of=asterisk)
    def arrives(self, name: str, of: str) -> None:
        """At the store, which does what it says."""
        part = self.nodes[name].parts[of]
        if part.flying is None or part.reached:
            return
        part.reached = True
        match part.flying[0]:
            case Inquiry.LOOK | Inquiry.SEEK:
                part.answer = at_once(self.leases.look(of, TIMING.lasts if part.flying[0] is Inquiry.SEEK else 0))
            case Inquiry.TAKE:
                taken = at_once(self.leases.take(of, name, "", TIMING.lasts, part.machine.highest))
                part.answer = taken
                if taken is not None:
                    assert self.forgot or taken > max(self.given[of], default=0), "an older number was given again"
                    self.given[of].append(taken)
            case Inquiry.RENEW if part.fence is None:
                part.answer = Renewal.LOST
            case Inquiry.RENEW:
                part.answer = at_once(self.leases.renew(part.fence, "", TIMING.lasts))

    @rule(name=node, of=asterisk)
    def ends(self, name: str, of: str) -> None:
        """The answer is read; where the inquiry never arrived, it is given up."""
        part = self.nodes[name].parts[of]
        if part.flying is None:
            return
        (_, begun), part.flying = part.flying, None
        if not part.reached:
            self._gives_up(part, begun)
        elif isinstance(part.answer, Lease):
            part.machine.looked(part.answer, self.local(name))
        elif isinstance(part.answer, Renewal):
            if part.machine.number is not None:
                spare = self.nodes[name].leads[1:][-1:] == [of]
                part.machine.renewed(part.answer, begun, spare=spare)
                part.answered = True
        else:
            part.machine.taken(part.answer, begun)
            part.answered = True

    @rule(name=node, of=asterisk)
    def is_not_answered(self, name: str, of: str) -> None:
        """It may have been done all the same."""
        part = self.nodes[name].parts[of]
        if part.flying is not None:
            (_, begun), part.flying = part.flying, None
            self._gives_up(part, begun)

    def _gives_up(self, part: Part, begun: float) -> None:
        part.machine.unanswered(begun)
        part.answered = False

    @rule(name=node, of=asterisk)
    def loses_the_application(self, name: str, of: str) -> None:
        self.nodes[name].parts[of].machine.replaced(self.local(name))

    def _all(self, of: str) -> list[Part]:
        return [one.parts[of] for one in self.nodes.values()]

    def _all_know_the_last(self) -> bool:
        """Whoever waits for it cannot know of a lease that was given and forgotten between two of their looks."""
        knowing = (part.machine.highest >= max(self.given[of]) for of in ASTERISKS for part in self._all(of))
        taking = (p.flying is not None and p.flying[0] is Inquiry.TAKE for of in ASTERISKS for p in self._all(of))
        return all(knowing) and not any(taking)

    @precondition(lambda self: all(self.given.values()) and not self.forgot and self._all_know_the_last())
    @rule()
    def the_store_is_emptied(self) -> None:
        self.leases.forget()
        self.forgot = True

    @precondition(lambda self: any(one.leads for one in self.nodes.values()))
    @rule(name=node, of=asterisk)
    def hands_over(self, name: str, of: str) -> None:
        part = self.nodes[name].parts[of]
        if part.fence is not None and part.flying is None:
            at_once(self.leases.release(part.fence))
            part.machine.resigned()

    @invariant()
    def one_at_most_acts_by_what_it_was_answered(self) -> None:
        for of in ASTERISKS:
            acting = [p.owner for p in self._all(of) if p.answered and p.machine.may_act(self.local(p.owner))]
            assert len(acting) <= 1, f"{acting} both lead"

    @invariant()
    def one_at_most_may_write_and_that_under_the_last_number(self) -> None:
        for of in ASTERISKS:
            writing = [part.machine.number for part in self._all(of) if self._may_write(part.fence)]
            assert len(writing) <= 1
            if writing and not self.forgot:
                assert writing == [max(self.given[of])]

    def _may_write(self, fence: Fence | None) -> bool:
        try:
            if fence is not None:
                self.leases.check(fence)
        except StoreUnavailable:
            return False
        return fence is not None

    def teardown(self) -> None:
        """Left alone with a store that answers, each Asterisk is led in the end, and no two by one without need."""
        for _ in range(60):
            self.now += 0.5
            self._all_but("")
        for of in ASTERISKS:
            assert [p for p in self._all(of) if p.machine.may_act(self.local(p.owner))], f"nobody leads {of}"
        leading = [len(one.leads) for one in self.nodes.values()]
        assert sorted(leading) == [0, 1, 1], f"one leads {max(leading)} while others lead none"


Leaders.TestCase.settings = settings(max_examples=EXAMPLES, stateful_step_count=60, deadline=None)
TestLeaders = Leaders.TestCase
