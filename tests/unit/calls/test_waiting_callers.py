"""Callers who wait to be served: who is rung for them, when again, and how the waiting ends."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import OfferState
from ari_app.routing.directory import Group
from ari_app.testing.asterisk import Behaviour
from tests.support.callcentre import directory
from tests.support.office import Office, hear_each_other
from tests.support.world import to


def _offer(office: Office) -> tuple[OfferState, tuple[str | None, ...]]:
    offer = office.only_call().offer
    assert offer is not None
    return offer.state, tuple(a.agent for a in offer.attempts)


def test_the_next_member_is_rung_when_one_declines_and_nobody_twice() -> None:
    office = Office()
    office.arrives("group", "support", leg="in1")
    office.settle()
    rung: list[str | None] = []
    for _ in range(3):
        rung += _offer(office)[1]
        office.hangs_up(rung[-1] or "", 21)
    assert rung == ["alice", "bob", "carol"]
    assert _offer(office) == (OfferState.WAITING, ())
    assert office.music() == {"in1"}
    office.is_calm()


def test_who_refused_is_tried_again_after_a_while_not_at_once() -> None:
    office = Office(ready=("alice",), retry_interval=2.0)
    office.phone("alice", Behaviour.BUSY)
    office.arrives("group", "support")
    office.settle()
    assert _offer(office) == (OfferState.WAITING, ())
    assert office.switch.next_deadline() == office.now + 2.0
    office.phone("alice", Behaviour.RING)
    office.pass_time()
    office.settle()
    assert _offer(office) == (OfferState.RINGING, ("alice",))


def test_each_member_rings_the_whole_time_and_a_missed_call_counts() -> None:
    office = Office(offer_timeout=15.0)
    office.arrives("group", "support")
    office.settle()
    office.pass_time()
    office.settle()
    assert _offer(office) == (OfferState.RINGING, ("bob",))
    assert office.agents.missed == ["alice"]
    assert office.switch.next_deadline() == office.now + 15.0
    office.is_calm()


def test_the_first_who_waits_gets_whoever_becomes_free_at_once() -> None:
    office = Office(ready=())
    office.arrives("group", "support", leg="first")
    office.settle()
    office.now += 1
    office.arrives("group", "support", leg="second")
    office.settle()
    assert office.switch.next_deadline() is None
    office.agents.idle.append("bob")
    office.feed(s.AgentBecameAvailable("bob"))
    office.settle()
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "first")
    assert office.music() == {"second"}


def test_nobody_is_tried_when_one_becomes_free_who_does_not_serve_or_has_just_refused() -> None:
    office = Office(ready=("alice",))
    office.arrives("group", "support")
    office.settle()
    office.hangs_up("alice", 21)
    assert office.feed(s.AgentBecameAvailable("dave")) == []
    assert office.feed(s.AgentBecameAvailable("alice")) == []


def test_who_is_missed_by_a_caller_for_them_alone_ends_the_call_in_an_announcement() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    office.pass_time()
    assert office.requests() == ["HangUp alice", "StopMusic in1", "Announce in1 nobody_available"]
    office.is_calm()
    assert not office.switch.calls
    assert office.agents.missed == ["alice"]


@pytest.mark.parametrize("away", [True, False])
def test_a_caller_for_an_agent_who_is_not_free_goes_to_the_fallback(away: bool) -> None:
    office = Office(ready=("dave",), fallback=to("agent:dave"))
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    assert _offer(office) == (OfferState.RINGING, ("dave",))
    office.agents.away = away
    office.hangs_up("dave", 21)
    office.is_calm()
    assert not office.switch.calls


def test_a_fallback_where_nobody_is_free_ends_in_an_announcement() -> None:
    office = Office(ready=(), fallback=to("group:sales"))
    office.arrives("agent", "alice", leg="in1")
    office.is_calm()
    assert not office.switch.calls


def test_a_fallback_for_which_redis_cannot_be_reached_ends_in_an_announcement() -> None:
    office = Office(fallback=to("group:sales"))
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    office.agents.away = True
    office.hangs_up("alice", 21)
    office.is_calm()
    assert not office.switch.calls


def test_a_fallback_that_is_listed_no_more_is_none() -> None:
    office = Office(fallback=to("group:gone"))
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    office.hangs_up("alice", 21)
    office.is_calm()
    assert not office.switch.calls


def test_with_redis_away_a_caller_keeps_their_music_and_is_sought_again() -> None:
    office = Office(retry_interval=3.0)
    office.agents.away = True
    office.arrives("group", "support", leg="in1")
    office.settle()
    assert _offer(office) == (OfferState.WAITING, ())
    assert office.music() == {"in1"}
    assert office.switch.next_deadline() == office.now + 3.0
    office.agents.away = False
    office.pass_time()
    office.settle()
    assert _offer(office) == (OfferState.RINGING, ("alice",))


@pytest.mark.parametrize("ringing", [True, False])
def test_the_longest_wait_of_a_group_ends_in_an_announcement(ringing: bool) -> None:
    groups = {**directory().groups, "support": Group("support", "Support", max_wait=20.0)}
    office = Office(ready=("alice", "bob") if ringing else (), offer_timeout=12.0)
    office.feed(s.DirectoryReplaced(replace(office.directory, groups=groups)))
    office.arrives("group", "support", leg="in1")
    office.settle()
    if ringing:
        office.pass_time()
        office.settle()
        assert _offer(office) == (OfferState.RINGING, ("bob",))
    office.pass_time()  # 20 s on; whoever is rung then is rung to the end
    office.settle()
    while office.switch.next_deadline() is not None:
        office.pass_time()
        office.settle()
    assert office.now == (1_000_024.0 if ringing else 1_000_020.0)
    office.is_calm()
    assert not office.switch.calls


def test_a_caller_who_hangs_up_leaves_no_trace() -> None:
    for ready in (("alice",), ()):
        office = Office(ready=ready)
        office.arrives("group", "support", leg="in1")
        office.settle()
        office.hangs_up("in1")
        office.is_calm()
        assert not office.switch.calls
        assert not office.agents.activity
        assert office.switch.next_deadline() is None
        assert office.agents.missed == []


def test_a_caller_who_hangs_up_before_the_reservation_comes_frees_it() -> None:
    for ready in (("alice",), ()):
        office = Office(ready=ready)
        office.feed(s.ChannelArrived("in1", "carrier", "group", ("support",)))
        office.feed(s.LegGone("in1"))
        office.is_calm()
        assert not office.agents.activity
        assert office.switch.state.seeks == {}


def test_a_reservation_nobody_requested_is_given_back() -> None:
    office = Office()
    effects = office.feed(s.AgentReserved("of-another-incarnation", "alice"))
    assert effects == [e.SetActivity("alice", None, request="of-another-incarnation")]
    assert office.feed(s.NobodyAvailable("of-another-incarnation")) == []
    assert office.feed(s.ReservationFailed("of-another-incarnation")) == []


def test_answers_to_a_search_that_was_given_up_change_nothing() -> None:
    for answer in (s.NobodyAvailable, s.ReservationFailed):
        office = Office(ready=())
        office.feed(s.ChannelArrived("in1", "carrier", "group", ("support",)))
        call = office.only_call()
        assert call.offer is not None
        request = call.offer.request or ""
        office.switch.state.calls[call.id] = replace(call, offer=replace(call.offer, request="another"))
        office.inbox.clear()
        assert office.feed(answer(request)) == []


def test_an_agent_whose_phone_is_taken_from_them_is_passed_over() -> None:
    office = Office()
    agents = {**office.directory.agents, "alice": replace(office.directory.agents["alice"], phone=None)}
    office.feed(s.DirectoryReplaced(replace(office.directory, agents=agents)))
    office.arrives("group", "support", leg="in1")
    office.is_calm()
    assert _offer(office) == (OfferState.RINGING, ("bob",))
    assert "alice" not in office.agents.activity


def test_an_agent_whose_phone_is_taken_from_them_while_the_callers_own_phone_rings_is_free_again() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    agents = {**office.directory.agents, "bob": replace(office.directory.agents["bob"], phone=None)}
    office.feed(s.DirectoryReplaced(replace(office.directory, agents=agents)))
    office.picks_up("alice")
    office.is_calm()
    assert not office.switch.calls
    assert not office.agents.activity


def test_a_routing_point_that_is_listed_no_more_cannot_be_rung() -> None:
    office = Office("alice")
    office.phone("alice", Behaviour.RING)
    for target in ("routing_point:billing", "number:+33123456789"):
        office.command(c.MakeCall, "alice", target=to(target))
        office.settle()
        office.feed(s.DirectoryReplaced(replace(office.directory, routing_points={}, outside=())))
        office.picks_up("alice")
        office.is_calm()
        assert not office.switch.calls
        office.feed(s.DirectoryReplaced(office.directory))


def test_an_agent_who_becomes_free_while_nobody_is_on_its_way_is_not_overlooked() -> None:
    office = Office(ready=())
    office.arrives("group", "support", leg="in1")
    office.step()
    assert isinstance(office.inbox[0], s.NobodyAvailable)
    office.agents.idle.append("bob")
    office.feed(s.AgentBecameAvailable("bob"))
    office.settle()
    assert _offer(office) == (OfferState.RINGING, ("bob",))
    office.is_calm()


@pytest.mark.parametrize("answer", ["nobody", "away"])
def test_each_of_a_group_that_is_rung_together_counts_alone(answer: str) -> None:
    office = Office(ready=() if answer == "nobody" else ("bob", "carol"))
    office.agents.away = answer == "away"
    office.arrives("group", "together", leg="in1")
    office.settle()
    assert _offer(office) == (OfferState.WAITING, ())
    office.is_calm()


def test_a_group_that_is_rung_together_rings_all_who_are_free_and_the_first_to_answer_has_the_call() -> None:
    office = Office()
    office.arrives("group", "together", leg="in1")
    office.settle()
    assert set(_offer(office)[1]) == {"bob", "carol"}
    offer = office.only_call().offer
    assert offer is not None
    assert offer.request is None  # nobody else is free
    bob = office.leg_of("bob")
    assert "HangUp carol elsewhere" in office.happens(s.LegAnswered(bob))
    office.asterisk.answer(bob)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert "carol" not in office.agents.activity
    assert office.agents.missed == []


def test_a_group_that_is_rung_together_goes_on_ringing_when_one_declines_and_waits_when_all_did() -> None:
    office = Office()
    office.arrives("group", "together", leg="in1")
    office.settle()
    office.hangs_up("bob", 21)
    assert _offer(office) == (OfferState.RINGING, ("carol",))
    office.hangs_up("carol", 21)
    assert _offer(office) == (OfferState.WAITING, ())
    assert office.music() == {"in1"}
    office.is_calm()


def test_a_group_that_is_rung_together_and_lets_it_ring_has_missed_it_all_of_them() -> None:
    office = Office()
    office.arrives("group", "together", leg="in1")
    office.settle()
    office.pass_time()
    office.is_calm()
    assert sorted(office.agents.missed) == ["bob", "carol"]


def test_the_call_is_cleared_while_a_group_is_rung_together_and_every_phone_stops() -> None:
    office = Office()
    call = office.served("alice")
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("group:together"))
    assert set(_offer(office)[1]) == {"bob", "carol"}
    office.command(c.Clear, "alice", call=call.id)
    office.is_calm()
    assert not office.asterisk.world.channels
