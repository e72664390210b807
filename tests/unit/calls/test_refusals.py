"""Who refuses: a phone by itself, before it has rung, would do so to every caller; a person declines this one."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import DialplanEntry, OfferState
from ari_app.testing.asterisk import Behaviour
from tests.support.callcentre import target
from tests.support.office import Office
from tests.support.world import to


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


def _is_handed_back(office: Office, target: str = "support") -> None:
    """By the menu that answers for the routing point."""
    point = next(leg.id for leg in office.switch.legs.values() if isinstance(leg.destination, DialplanEntry))
    office.asterisk.answer(point)
    office.asterisk.arrive("half", "4000@routing-points", "group", target, via=point)
    office.settle()


def _declined_by_bob(office: Office) -> None:
    office.arrives("queue", "help", leg="in1")
    office.settle()
    office.hangs_up("bob", 21)


@pytest.mark.parametrize("by_fallback", [False, True])
def test_a_menu_on_the_way_changes_nothing_of_that_nor_does_the_fallback(by_fallback: bool) -> None:
    menu = to("routing_point:billing")
    office = Office(ready=("bob",), declined_interval=60.0, fallback=menu if by_fallback else None)
    queue = replace(office.directory.queues["help"], max_wait=10.0, overflow=None if by_fallback else menu)
    office.configure(replace(office.directory, queues={"help": queue}))
    _declined_by_bob(office)
    declined_at = office.now
    while office.now < declined_at + 10.0:
        office.pass_time()
        office.settle()
    assert office.only_call().offer.target == menu  # type: ignore[union-attr]
    _is_handed_back(office)
    assert (str(office.only_call().offer.target), _offer(office)) == ("group:support", (OfferState.WAITING, ()))  # type: ignore[union-attr]
    assert _rung(office) == ["1002"]
    office.pass_time()
    office.settle()
    assert office.now == declined_at + 60.0
    assert _rung(office) == ["1002", "1002"]
    office.is_calm()


def test_the_fallback_is_for_those_too_who_have_declined() -> None:
    office = Office(ready=("bob",), declined_interval=60.0, fallback=to("agent:bob"))
    queue = replace(office.directory.queues["help"], max_wait=10.0, overflow=None)
    office.configure(replace(office.directory, queues={"help": queue}))
    _declined_by_bob(office)
    while not office.only_call().offer.fallback:  # type: ignore[union-attr]
        office.pass_time()
        office.settle()
    assert _offer(office) == (OfferState.RINGING, ("bob",))
    office.is_calm()


def test_a_caller_who_has_been_served_since_comes_anew() -> None:
    office = Office(ready=("bob", "alice"), declined_interval=60.0)
    _declined_by_bob(office)
    office.picks_up("alice")
    office.command(c.SingleStepTransfer, "alice", call=office.only_call().id, target=to("routing_point:billing"))
    office.settle()
    office.agents.idle = ["bob"]
    _is_handed_back(office)
    assert _offer(office) == (OfferState.RINGING, ("bob",))
    office.is_calm()


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
