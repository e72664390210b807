"""Who refuses: a phone by itself, before it has rung, would do so to every caller; a person declines this one."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import OfferState
from ari_app.testing.asterisk import Behaviour
from tests.support.callcentre import target
from tests.support.office import Office


def _rung(office: Office) -> list[str]:
    """The agents whose phones were dialled, in order, one entry for each time."""
    return [x.destination.user for x in office.asterisk.executed if isinstance(x, e.CreateLeg) if _is_phone(x)]  # type: ignore[union-attr]


def _is_phone(effect: e.CreateLeg) -> bool:
    return hasattr(effect.destination, "user")


def _offer(office: Office) -> tuple[OfferState, tuple[str | None, ...]]:
    offer = office.only_call().offer
    assert offer is not None
    return offer.state, tuple(attempt.agent for attempt in offer.attempts)


@pytest.mark.parametrize(
    ("cause", "limit", "reason"),
    [(21, 4, "dnd"), (17, 5, "engaged"), (58, 6, "broken"), (38, 6, "broken"), (23, 6, "broken"), (19, 1, "no_answer")],
)
def test_a_phone_that_refuses_by_itself_is_counted_as_the_administrator_says(
    cause: int, limit: int, reason: str
) -> None:
    office = Office(
        max_declined=4,
        declined_reason="dnd",
        max_busy=5,
        busy_reason="engaged",
        max_unreachable=6,
        unreachable_reason="broken",
    )
    office.phone("alice", Behaviour.NEVER)
    office.arrives("group", "support")
    office.settle()
    office.feed(s.LegGone(office.leg_of("alice"), cause))
    assert [x for x in office.effects if isinstance(x, e.CountMissed)] == [e.CountMissed("alice", limit, reason)]


@pytest.mark.parametrize("cause", [21, 17, 38])
def test_what_a_person_declines_is_not_counted(cause: int) -> None:
    office = Office()
    office.arrives("group", "support")
    office.settle()
    office.hangs_up("alice", cause)
    assert office.agents.missed == []


@pytest.mark.parametrize("behaviour", [Behaviour.REFUSE, Behaviour.BUSY])
def test_a_caller_who_waits_rings_a_phone_that_refuses_three_times_and_no_more(behaviour: Behaviour) -> None:
    office = Office(ready=("alice",), retry_interval=2.0)
    office.phone("alice", behaviour)
    office.arrives("group", "support", leg="in1")
    office.settle()
    for _ in range(10):
        office.pass_time()
        office.settle()
    assert _rung(office) == ["1001"] * 3
    assert "alice" not in office.agents.idle
    office.is_calm()
    assert office.music() == {"in1"}


def test_several_callers_ring_a_phone_that_refuses_no_oftener() -> None:
    office = Office(ready=("alice",))
    office.phone("alice", Behaviour.REFUSE)
    for leg in ("in1", "in2", "in3", "in4"):
        office.arrives("group", "support", leg=leg)
        office.settle()
    assert _rung(office) == ["1001"] * 3


def test_what_asterisk_did_not_do_says_nothing_of_a_phone() -> None:
    office = Office(ready=("alice",))
    office.asterisk.fail_next(lambda effect: isinstance(effect, e.DialLeg))
    office.arrives("group", "support")
    office.settle()
    office.phone("alice", Behaviour.UNREACHABLE)
    office.pass_time()
    office.settle()
    office.lose_link()
    office.asterisk.world.channels.clear()
    office.asterisk.restore_link()
    office.settle()
    assert office.agents.missed == []


def test_who_declines_a_caller_is_rung_for_that_one_much_later_and_for_others_at_once() -> None:
    office = Office(ready=("alice",), retry_interval=2.0, declined_interval=60.0)
    office.arrives("group", "support", leg="in1")
    office.settle()
    declined_at = office.now
    office.hangs_up("alice", 21)
    assert _offer(office) == (OfferState.WAITING, ())
    assert office.switch.next_deadline() == declined_at + 60.0
    office.arrives("agent", "alice", leg="in2")
    office.settle()
    assert _rung(office) == ["1001"] * 2
    office.hangs_up("in2")
    assert _rung(office) == ["1001"] * 2  # free again, and not for the first
    office.pass_time(60.0)
    office.settle()
    assert _offer(office) == (OfferState.RINGING, ("alice",))
    office.is_calm()


def test_a_decline_at_the_desktop_is_a_persons_too() -> None:
    office = Office(ready=("alice",), declined_interval=60.0)
    office.arrives("group", "support")
    office.settle()
    office.command(c.Release, "alice", call=office.only_call().id)
    office.settle()
    assert office.switch.next_deadline() == office.now + 60.0
    assert office.agents.missed == []


def test_a_caller_whom_one_declined_is_served_by_whoever_is_free_next() -> None:
    office = Office("bob", ready=("alice",), declined_interval=60.0)
    office.arrives("group", "support", leg="in1")
    office.settle()
    office.hangs_up("alice", 21)
    office.agents.idle.append("bob")
    office.feed(s.AgentBecameAvailable("bob"))
    office.is_calm()
    assert office.hears() == {("in1", "bob"), ("bob", "in1")}


def test_one_who_declined_has_rest_while_one_whose_phone_refused_is_rung_again() -> None:
    office = Office(ready=("alice", "bob"), retry_interval=2.0, declined_interval=60.0)
    office.phone("bob", Behaviour.BUSY)
    office.arrives("group", "support")
    office.settle()
    office.hangs_up("alice", 17)
    assert _rung(office) == ["1001", "1002"]
    office.pass_time()
    office.settle()
    assert _rung(office) == ["1001", "1002", "1002"]


def test_who_declined_in_one_line_is_not_rung_in_the_next_for_the_same_caller() -> None:
    office = Office(ready=("carol",), declined_interval=60.0)
    office.arrives("queue", "help")
    office.settle()
    office.hangs_up("carol", 21)
    while office.only_call().offer.target != target("group:sales"):  # type: ignore[union-attr]
        office.pass_time()
        office.settle()
    assert _offer(office) == (OfferState.WAITING, ())
    assert _rung(office) == ["1003"]


def test_an_answer_ends_the_row() -> None:
    office = Office(ready=("alice",), retry_interval=2.0)
    office.phone("alice", Behaviour.REFUSE)
    office.arrives("group", "support", leg="in1")
    office.settle()
    office.phone("alice", Behaviour.ANSWER)
    office.pass_time()
    office.settle()
    assert office.agents.in_a_row["alice"] == 0
    office.is_calm()
