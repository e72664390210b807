"""What a receiver gets, and when: every event once it takes it, those of a call in their order, and no storm."""

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ari_app.webhooks import retries
from ari_app.webhooks.lane import AT_ONCE, Lane
from ari_app.webhooks.model import DAY, Waiting
from ari_app.webhooks.retries import Verdict, verdict

NOW = 1_800_000_000.0


def waiting(number: int, line: str = "call:1", at: float = NOW) -> Waiting:
    return Waiting(str(number), f"evt_{number}", "call.updated", line, at)


def laid(*events: Waiting) -> Lane:
    lane = Lane()
    for event in events:
        lane.add(event)
    return lane


def test_the_next_event_of_a_call_is_sent_when_the_one_before_was_taken() -> None:
    lane = laid(waiting(1), waiting(2))
    first = lane.take(NOW)
    assert first is not None
    assert lane.take(NOW) is None
    lane.taken(first, NOW)
    second = lane.take(NOW)
    assert second is not None
    assert (first.id, second.id) == ("evt_1", "evt_2")


def test_a_call_whose_event_is_not_taken_holds_up_no_other_call() -> None:
    lane = laid(waiting(1, "call:1"), waiting(2, "call:1"), waiting(3, "call:2"))
    poison = lane.take(NOW)
    assert poison is not None
    assert lane.in_vain(poison, NOW, 0.0) is not None
    other = lane.take(NOW)
    assert other is not None
    assert other.line == "call:2"
    lane.taken(other, NOW)
    assert lane.take(NOW) is None
    assert lane.take(NOW + retries.PAUSES[0]) is not None


def test_what_is_not_taken_is_tried_again_ever_more_seldom_and_given_up_after_a_day() -> None:
    lane = laid(waiting(1))
    now, tries = NOW, []
    while (trying := lane.take(now)) is not None:
        tries.append(now)
        lane.in_vain(trying, now, 0.5)
        now = lane.wakes_at() or now
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert 20 < len(tries) < 40
    assert tries[-1] < NOW + DAY
    assert len(lane) == 0


def test_a_receiver_that_takes_nothing_is_tried_by_one_event_at_a_time() -> None:
    lane = laid(*(waiting(n, f"call:{n}") for n in range(100)))
    for _ in range(retries.IN_VAIN):
        trying = lane.take(NOW)
        assert trying is not None
        lane.in_vain(trying, NOW, 0.0)
    assert lane.take(NOW) is None
    at = lane.wakes_at()
    assert at == NOW + retries.RESTS[0]
    assert lane.take(at) is not None
    assert lane.take(at) is None


def test_one_that_is_back_gets_all_that_waits_at_once() -> None:
    lane = laid(*(waiting(n, f"call:{n}") for n in range(20)))
    now = NOW
    for _ in range(20):
        trying = lane.take(now)
        assert trying is not None
        lane.in_vain(trying, now, 0.0)
        now = max(now, lane.wakes_at() or now)
    trying = lane.take(now)
    assert trying is not None
    lane.taken(trying, now)
    assert sum(lane.take(now) is not None for _ in range(20)) == AT_ONCE


def test_one_that_wishes_to_be_left_alone_is_for_an_hour_at_most() -> None:
    lane = laid(waiting(1), waiting(2, "call:2"))
    trying = lane.take(NOW)
    assert trying is not None
    lane.in_vain(trying, NOW, 0.0, wish=90_000.0)
    assert lane.take(NOW + 3_599) is None
    assert lane.take(NOW + 3_600) is not None


def test_one_that_wants_no_more_gets_none_until_somebody_says_so() -> None:
    lane = laid(waiting(1))
    lane.stopped = True
    assert lane.take(NOW) is None
    assert lane.wakes_at() == NOW + DAY
    lane.resume(NOW)
    assert lane.take(NOW) is not None


def test_beyond_so_many_the_oldest_is_given_up_unless_it_is_on_its_way() -> None:
    lane = laid(*(waiting(n, f"call:{n}") for n in range(3)))
    assert lane.give_up(NOW, 3) is None
    on_its_way = lane.take(NOW)
    given_up = lane.give_up(NOW, 2)
    assert on_its_way is not None
    assert given_up is not None
    assert (on_its_way.id, given_up.id) == ("evt_0", "evt_1")


def test_what_an_answer_means() -> None:
    answers = {200: Verdict.TAKEN, 204: Verdict.TAKEN, 302: Verdict.AGAIN, 410: Verdict.STOP, 500: Verdict.AGAIN}
    assert {status: verdict(status) for status in answers} == answers
    assert verdict(0) is Verdict.AGAIN


@given(st.integers(1, 100), st.floats(0, 1), st.floats(0, 1e6))
def test_pauses_have_bounds(attempts: int, chance: float, wish: float) -> None:
    longest = max(retries.PAUSES[-1] * (1 + retries.JITTER), retries.LONGEST_WISH)
    assert retries.PAUSES[0] <= retries.pause(attempts, chance, wish) <= longest


@dataclass
class Receiver:
    """What it was sent, by call, in order."""

    taken: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))


class AnyReceiver(RuleBasedStateMachine):
    """A receiver that takes events, or does not, as it likes; time goes by, or does not."""

    def __init__(self) -> None:
        super().__init__()
        self.lane = Lane()
        self.now = NOW
        self.number = 0
        self.flying: list[Waiting] = []
        self.receiver = Receiver()
        self.sent: dict[str, list[int]] = defaultdict(list)
        self.gone: set[int] = set()

    @rule(line=st.sampled_from("abcd"))
    def happens(self, line: str) -> None:
        self.number += 1
        self.lane.add(Waiting(str(self.number), str(self.number), "call.updated", line, self.now))
        self.sent[line].append(self.number)

    @rule()
    def sends(self) -> None:
        found = self.lane.take(self.now)
        if found is not None:
            assert found.line not in {flying.line for flying in self.flying}
            assert found.next_at <= self.now
            self.flying.append(found)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def takes(self, data: st.DataObject) -> None:
        found = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        self.receiver.taken[found.line].append(int(found.id))
        self.lane.taken(found, self.now)

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), wish=st.sampled_from([0.0, 0.0, 100.0]))
    def fails(self, data: st.DataObject, wish: float) -> None:
        found = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        if self.lane.in_vain(found, self.now, 0.5, wish) is None:
            self.gone.add(int(found.id))

    @rule(seconds=st.sampled_from([1.0, 10.0, 100.0, 4_000.0, 40_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(most=st.integers(0, 20))
    def gives_up(self, most: int) -> None:
        found = self.lane.give_up(self.now, most)
        if found is not None:
            self.gone.add(int(found.id))

    @rule()
    def resumes(self) -> None:
        self.lane.resume(self.now)

    @invariant()
    def no_more_at_once_than_may(self) -> None:
        assert len(self.flying) <= AT_ONCE

    @invariant()
    def each_once_and_in_its_order(self) -> None:
        for line, numbers in self.receiver.taken.items():
            assert numbers == sorted(set(numbers))
            kept = [n for n in self.sent[line] if n not in self.gone]
            assert kept[: len(numbers)] == numbers

    @invariant()
    def none_is_forgotten(self) -> None:
        taken = sum(map(len, self.receiver.taken.values()))
        assert taken + len(self.gone) + len(self.lane) == self.number

    @invariant()
    def whoever_waits_knows_until_when(self) -> None:
        """Nothing to do now, nothing on its way, and something waits: there is a moment, and it is no dead end."""
        if self.flying or not len(self.lane):
            return
        at = self.lane.wakes_at()
        assert at is not None
        if at > self.now:
            return
        begun = self.lane.take(self.now)
        if begun is not None:
            self.flying.append(begun)
        else:
            oldest = self.lane.oldest
            assert oldest is not None
            assert retries.expires(oldest.at) <= self.now


AnyReceiver.TestCase.settings = settings(deadline=None)
TestAnyReceiver = AnyReceiver.TestCase
