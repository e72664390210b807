"""What an offer leaves behind at each turn of its way: who is freed, what is due, when a command is answered."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Identity, Offer, OfferState, Phone
from ari_app.routing.directory import CallerId, Queue
from ari_app.testing.asterisk import Behaviour
from tests.support.office import AWAY, NUMBER, Office, hear_each_other
from tests.support.world import to


def _offer(office: Office, call: str | None = None) -> Offer:
    found = office.switch.calls[call] if call is not None else office.only_call()
    assert found.offer is not None
    return found.offer


def _activities(office: Office, agent: str) -> list[e.SetActivity]:
    """What the last step made of the agent."""
    return [x for x in office.effects if isinstance(x, e.SetActivity) and x.agent == agent]


@pytest.mark.parametrize("kind", [c.SingleStepTransfer, c.SingleStepConference, c.InitiateTransfer])
def test_a_group_that_does_not_answer_in_time_is_not_rung_on_for_an_agent_s12(kind: type[c.OfferCommand]) -> None:
    office = Office(offer_timeout=15.0)
    call = office.served()
    requested = office.ask(kind, "alice", call=call.id, target=to("group:support"))
    office.pass_time()
    office.is_calm()
    assert "in1" in office.music()
    assert office.agents.missed == ["bob"]
    assert requested.id not in office.switch.calls or _offer(office, requested.id).state is OfferState.NO_ANSWER
    assert "carol" not in office.agents.activity


def test_who_lets_it_ring_has_missed_a_call_as_the_administrator_counts_them() -> None:
    office = Office(max_missed=4, missed_reason="asleep")
    office.arrives("group", "support")
    office.settle()
    office.pass_time()
    assert [x for x in office.effects if isinstance(x, e.CountMissed)] == [e.CountMissed("alice", 4, "asleep")]


def test_a_caller_whom_nobody_answered_waits_with_nothing_left_over_of_the_ringing() -> None:
    office = Office(ready=("alice",), offer_timeout=15.0, retry_interval=2.0)
    office.arrives("group", "support", leg="in1")
    office.settle()
    office.pass_time()
    office.settle()
    offer = _offer(office)
    assert (offer.state, offer.attempts, offer.deadline, offer.request) == (OfferState.WAITING, (), None, None)
    assert offer.retry_at == office.now + 2.0


def test_an_agent_found_while_asterisk_is_away_is_freed_and_the_caller_waits_for_the_link() -> None:
    office = Office()
    office.asterisk.arrive("in1", "carrier", "group", "support")
    office.feed(s.ChannelArrived("in1", "carrier", "group", ("support",)))
    request = _offer(office).request
    office.feed(s.LinkLost())
    office.step()
    assert _activities(office, "alice") == [e.SetActivity("alice", None, request=request)]
    offer = _offer(office)
    assert (offer.state, offer.request, offer.deadline) == (OfferState.WAITING, None, None)
    assert offer.retry_at == office.now


def test_a_caller_rung_for_when_the_link_breaks_waits_anew_without_the_old_deadline() -> None:
    office = Office(offer_timeout=15.0)
    office.arrives("group", "support", leg="in1")
    office.settle()
    leg = office.leg_of("alice")
    office.lose_link()
    office.feed(s.LegGone(leg, 21))
    offer = _offer(office)
    assert (offer.state, offer.request, offer.deadline) == (OfferState.WAITING, None, None)


def test_with_redis_away_a_caller_waits_for_no_answer_that_was_requested() -> None:
    office = Office()
    office.agents.away = True
    office.arrives("group", "support", leg="in1")
    office.settle()
    assert _offer(office).request is None


def test_a_caller_who_hangs_up_while_a_reservation_is_requested_in_vain_harms_nobody() -> None:
    for away in (True, False):
        office = Office(ready=())
        office.agents.away = away
        office.feed(s.ChannelArrived("in1", "carrier", "group", ("support",)))
        office.feed(s.LegGone("in1"))
        office.is_calm()


def test_the_agent_kept_while_the_own_phone_rings_is_freed_once_and_by_their_reservation_s40() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    call = office.only_call()
    request = _offer(office).request
    assert request is not None
    office.command(c.Cancel, "alice", call=call.id)
    assert _activities(office, "bob") == [e.SetActivity("bob", None, request=request)]


def test_the_agent_rung_for_a_call_that_is_given_up_is_freed_once_s15() -> None:
    office = Office("alice")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    leg = office.leg_of("bob")
    office.command(c.Cancel, "alice", call=call.id)
    assert _activities(office, "bob") == []
    office.feed(s.LegGone(leg))
    assert _activities(office, "bob") == [e.SetActivity("bob", None)]


def test_a_call_is_its_agents_from_the_first_ring_of_their_own_phone_on_s40_s50() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=AWAY, caller_id="support")
    office.settle()
    assert (office.only_call().owner, _offer(office).caller_id) == ("alice", "support")
    me = next(p for p in office.seen("alice").parties if p.you)
    assert (me.name, me.number) == ("Alice", "1001")
    leg = office.switch.legs[office.leg_of("alice")]
    assert (leg.shown, leg.agent, leg.destination) == (Identity(NUMBER, NUMBER), "alice", Phone("1001"))


@pytest.mark.parametrize("kind", [c.MakeCall, c.SingleStepTransfer, c.SingleStepConference, c.InitiateTransfer])
def test_a_command_that_rings_is_answered_when_ringing_has_begun_and_not_before(kind: type[c.BaseCommand]) -> None:
    office = Office()
    office.phone("bob", Behaviour.NEVER)
    call = office.served()
    fields = {} if kind is c.MakeCall else {"call": call.id}
    name = office.command(kind, "alice", target=to("agent:bob"), **fields)
    office.settle()
    assert name not in office.replies
    office.asterisk.ring(office.leg_of("bob"))
    office.settle()
    assert name in office.replies


def test_a_call_is_answered_to_who_makes_it_when_their_own_phone_rings_s40() -> None:
    office = Office()
    office.phone("alice", Behaviour.NEVER)
    name = office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    assert name not in office.replies
    office.asterisk.ring(office.leg_of("alice"))
    office.settle()
    assert name in office.replies
    office.is_calm()


def test_an_answer_from_the_desktop_is_answered_when_the_phone_is_up() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    name = office.command(c.Answer, "alice", call=office.only_call().id)
    office.settle()
    assert name not in office.replies
    office.picks_up("alice")
    assert name in office.replies


def test_who_declines_at_their_phone_what_they_answered_at_their_desktop_is_not_rung_again() -> None:
    office = Office()
    office.arrives("group", "support", leg="in1")
    office.settle()
    office.command(c.Answer, "alice", call=office.only_call().id)
    office.settle()
    office.hangs_up("alice", 21)
    assert [a.agent for a in _offer(office).attempts] == ["bob"]
    assert _offer(office).tried == {"alice"}
    office.is_calm()


def test_a_phone_of_a_group_that_gives_up_by_itself_was_the_only_one_rung_for_an_agent_s12() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("group:support"))
    office.hangs_up("bob", 19)
    office.is_calm()
    assert _offer(office).state is OfferState.NO_ANSWER
    assert office.music() == {"in1"}


def test_a_consultation_about_a_call_on_hold_puts_the_talk_with_another_on_hold_s20_s45() -> None:
    office = Office("bob", "carol")
    first = office.served()
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.ask(c.InitiateTransfer, "alice", call=first.id, target=to("agent:carol"))
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "carol")
    assert office.music() == {"in1", "bob"}


def test_the_target_rings_for_its_whole_time_however_long_the_own_phone_rang_s40() -> None:
    office = Office(offer_timeout=15.0, own_phone_timeout=20.0)
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    office.now += 19.0
    office.picks_up("alice")
    assert office.switch.next_deadline() == office.now + 15.0


def test_who_hangs_up_while_those_who_refused_them_rest_leaves_nothing_due() -> None:
    office = Office(ready=("alice",))
    office.arrives("group", "support", leg="in1")
    office.settle()
    office.hangs_up("alice", 21)
    assert _offer(office).retry_at is not None
    office.hangs_up("in1")
    office.is_calm()
    assert office.switch.next_deadline() is None


def test_a_transfer_out_of_a_conference_holds_the_contacts_and_no_colleague_s10_s34() -> None:
    office = Office("bob")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:carol"))
    office.is_calm()
    assert office.music() == {"in1"}
    assert not office.party(call, "bob").held_by


@pytest.mark.parametrize("target", ["agent:bob", f"number:{NUMBER}"])
def test_a_consultation_keeps_what_was_chosen_and_shows_the_company_outside_alone_s50_s51(target: str) -> None:
    company = CallerId("company", "Company", "+33100000000")
    office = Office(company=company)
    call = office.served()
    view = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to(target))
    shown = [x for x in office.asterisk.executed if isinstance(x, e.CreateLeg)][-1].identity
    assert shown.name == ("Alice" if target == "agent:bob" else "Company")
    assert view.caller_id is None
    office.ask(c.Reconnect, "alice", call=view.id)
    view = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to(target), caller_id="support")
    assert view.caller_id == "support"


def test_a_queue_that_is_called_as_a_group_that_rings_together_rings_one_by_one() -> None:
    office = Office()
    queues = {"together": Queue("together", "Together", "3001", groups=("together",))}
    office.agents.directory = replace(office.directory, queues=queues)
    office.feed(s.DirectoryReplaced(office.agents.directory))
    office.arrives("queue", "together", leg="in1")
    office.settle()
    assert [a.agent for a in _offer(office).attempts] == ["bob"]


def test_a_desktop_call_that_is_declined_is_over_without_a_word_s40() -> None:
    office = Office("alice")
    office.outside(Behaviour.RING)
    office.ask(c.MakeCall, "alice", target=AWAY)
    requested = office.happens(s.LegGone(office.outside_leg(), 21))
    assert not [x for x in requested if x.startswith("Announce")]
    assert not office.switch.calls
