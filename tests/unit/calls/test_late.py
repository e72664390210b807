"""What comes too late, or for somebody who is not there, changes nothing: the sub-machines one by one."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import invariants
from ari_app.calls import stimuli as s
from ari_app.calls.derived import announcing
from ari_app.calls.features import alerting, attempts, consult, offers, parties, recalls, waiting
from ari_app.calls.handlers import legs
from ari_app.calls.model import Attempt, Call, LegState, OfferState, Pending
from ari_app.calls.step import Step
from ari_app.errors import Code, Refused
from ari_app.testing.asterisk import Behaviour
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to

GONE = Attempt("gone", "gone", "bob")


def _step(office: Office) -> Step:
    return Step(office.switch.state, office.directory, office.now)


@pytest.mark.parametrize(
    "late",
    [
        offers.seek,
        offers.nobody,
        offers.try_again,
        offers.rested,
        lambda step, call: alerting.ring(step, call.id, "bob"),
        lambda step, call: offers.fail(step, call.id, OfferState.BUSY),
        lambda step, call: offers.attempt_failed(step, call, GONE, 17),
        lambda step, call: offers.attempt_over(step, call.id, GONE, OfferState.BUSY),
        offers.timed_out,
        lambda step, call: offers.cancel(step, call.id),
        lambda step, call: offers.answer_for(step, call, next(iter(call.parties.values()))),
        waiting.enter,
        waiting.gives_up,
        waiting.announce,
    ],
)
def test_nothing_is_done_for_an_offer_that_is_over(late: Callable[[Step, Call], None]) -> None:
    office = Office()
    call = office.served()
    step = _step(office)
    late(step, call)
    assert (step.effects, step.calls) == ([], {})


def test_an_agent_reserved_for_an_offer_that_is_over_is_free_again() -> None:
    office = Office()
    call = office.served()
    step = _step(office)
    offers.reserved(step, call, "bob", "r")
    assert step.effects == [e.SetActivity("bob", None, request="r")]
    step = _step(office)
    attempts.free(step, "alice", "r")  # a call has them meanwhile
    assert step.effects == []


def test_a_call_without_an_offer_accepts_nobody_and_drops_nobody() -> None:
    office = Office()
    call = office.served()
    step = _step(office)
    step.put_call(call.id, offer=None)
    offers.accept(step, call.id, GONE)
    step.put_attempt(call.id, "gone", ringing=True)
    assert step.calls[call.id].parties == call.parties
    assert step.effects == []


def test_who_is_not_in_the_call_neither_turns_to_it_nor_steps_aside() -> None:
    office = Office()
    call = office.served()
    step = _step(office)
    parties.turn_to(step, call, "bob")
    parties.step_aside(step, call, "bob")
    assert step.calls == {}


def test_a_phone_that_only_rings_for_an_offer_is_nobodys_to_speak_through() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    assert parties.agent_leg(_step(office), "alice") is None
    office.picks_up("alice")
    leg = parties.agent_leg(_step(office), "alice")
    assert leg is not None
    assert leg.id == office.leg_of("alice")
    office.switch.state.legs[leg.id] = replace(leg, hanging_up=True)
    assert parties.agent_leg(_step(office), "alice") is None


def test_a_leg_is_hung_up_once_and_a_call_ends_once() -> None:
    office = Office()
    call = office.served()
    step = _step(office)
    for _ in range(2):
        leg = step.leg("in1")
        assert leg is not None
        step.hang_up(leg)
    assert [x for x in step.effects if isinstance(x, e.HangUp)] == [e.HangUp(step.counter, "in1")]
    office.command(c.Clear, "alice", call=call.id)
    step = _step(office)
    parties.end(step, call.id)
    assert step.effects == []


def test_nobody_hears_goodbye_twice_nor_while_they_are_hung_up_nor_without_a_leg() -> None:
    office = Office()
    call = office.served()
    contact = office.party(call, "in1")
    leg = office.switch.legs["in1"]
    for changed in (replace(leg, farewell=True), replace(leg, hanging_up=True), None):
        step = _step(office)
        step.legs["in1"] = changed
        announcing.say_goodbye(step, contact, "nobody_available")
        assert step.announcements == []


def test_a_recall_that_nobody_needs_any_more_rings_no_phone() -> None:
    office = Office()
    call = office.served()
    for owner in ("alice", None):
        step = _step(office)
        recalls.recall(step, step.put_call(call.id, owner=owner, recall_at=1.0))
        assert step.effects == []
        assert step.calls[call.id].recall_at is None


def test_a_phone_answered_for_a_call_whose_offer_is_over_joins_it_and_rings_nobody() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    call = office.only_call()
    assert call.offer is not None
    office.switch.state.calls[call.id] = replace(call, offer=replace(call.offer, state=OfferState.CANCELLED))
    effects = office.switch.handle(s.LegAnswered(office.leg_of("alice")), office.now)
    assert not [x for x in effects if isinstance(x, e.ReportFault | e.CreateLeg)]
    assert [p.agent for p in office.switch.calls[call.id].joined()] == ["alice"]


def test_a_transfer_to_a_group_that_fails_while_asterisk_is_away_hunts_no_further_s12() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("group:support"))
    leg = office.leg_of("bob")
    office.asterisk.lose_link()
    office.settle()
    office.feed(s.LegGone(leg, 21))
    office.asterisk.hang_up(leg, 21)
    offer = office.only_call().offer
    assert offer is not None
    assert offer.state is OfferState.UNAVAILABLE
    office.asterisk.restore_link()
    office.is_calm()
    assert office.music() == {"in1"}


def test_a_contact_brought_back_while_their_agents_phone_still_rings_hears_music_until_it_is_up_s13() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    office.command(c.Retrieve, "alice", call=call.id)
    office.settle()
    contact = office.party(call, "in1").id
    assert office.refused(c.RetrieveParty, "alice", call=call.id, party=contact) == "not_allowed_now"
    assert office.music() == {"in1"}
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_who_leaves_the_first_call_has_no_consultation_to_complete_any_more_s21() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    private = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:carol"))
    office.picks_up("carol")
    office.ask(c.Release, "alice", call=call.id)
    office.is_calm()
    assert office.switch.calls[private.id].parent is None
    assert not {"complete_transfer", "alternate", "reconnect"} & set(office.seen("alice", private.id).actions)
    assert office.hears() == hear_each_other("bob", "in1") | hear_each_other("alice", "carol")


# -- one by one -------------------------------------------------------------------------------------------------------


def test_an_attempt_that_is_not_there_is_dropped_without_a_word() -> None:
    office = Office()
    call = office.served()
    step = _step(office)
    step.put_call(call.id, offer=None)
    attempts.drop_attempt(step, call.id, GONE)
    assert step.effects == []
    assert step.calls[call.id].parties == call.parties


def test_a_call_without_an_offer_breaks_nothing() -> None:
    office = Office()
    call = replace(office.served(), offer=None)
    assert invariants.violations(_step(office), call) == []


def test_an_agent_whose_phone_is_not_up_turns_to_no_call_yet() -> None:
    office = Office()
    call = office.served()
    leg = office.switch.legs[office.leg_of("alice")]
    office.switch.state.legs[leg.id] = replace(leg, state=LegState.RINGING, focus=None)
    step = _step(office)
    parties.turn_to(step, call, "alice")
    assert leg.id not in step.legs


def test_what_cannot_be_is_refused_and_nothing_else_is_harmed() -> None:
    office = Office()
    call = office.served()
    step = _step(office)
    for agent in ("bob", None):
        with pytest.raises(Refused) as refused:
            step.mine(call, agent)
        assert refused.value.code is Code.NOT_ALLOWED_NOW
    leg = office.switch.legs[office.leg_of("alice")]
    office.switch.state.legs[leg.id] = replace(leg, state=LegState.RINGING)
    assert office.refused(c.InitiateTransfer, "alice", call=call.id, target=AWAY) == "not_allowed_now"
    assert office.refused(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob")) == "not_allowed_now"
    assert "bob" not in office.agents.activity


def test_commands_that_are_answered_already_wait_for_nothing() -> None:
    office = Office()
    step = _step(office)
    step.answer_with("gone", "c")
    step.forget_effect("gone", 1)
    step.causes.add("gone")
    step.ask(e.StopMusic, "in1")
    assert step.pending == {}


def test_while_asterisk_is_away_nothing_is_requested_of_it() -> None:
    office = Office()
    call = office.served()
    office.asterisk.lose_link()
    office.settle()
    assert office.happens(s.LegGone("in1")) == []
    assert call.id not in office.switch.calls
    office.asterisk.hang_up("in1")
    office.asterisk.restore_link()
    office.is_calm()
    assert not office.asterisk.world.channels


def test_a_phone_that_does_not_ring_yet_when_the_link_is_back_goes_on_being_dialled() -> None:
    office = Office()
    office.phone("bob", Behaviour.NEVER)
    office.arrives("agent", "bob", leg="in1")
    office.settle()
    office.asterisk.lose_link()
    office.settle()
    office.asterisk.restore_link()
    office.is_calm()
    assert office.switch.legs[office.leg_of("bob")].state is LegState.DIALLING


def test_a_bridge_is_made_anew_also_while_one_of_the_call_is_elsewhere() -> None:
    office = Office()
    call = office.served()
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.picks_up("bob")
    office.switch.state.in_flight[999] = e.CreateBridge(999, call.bridge)
    office.feed(s.EffectFailed(999, "refused"))
    assert office.switch.legs[office.leg_of("alice")].requested is not None  # they speak elsewhere, and go on so
    office.is_calm()
    assert office.music() == {"in1"}
    assert office.hears() == hear_each_other("alice", "bob")


def test_a_menu_whose_leg_is_gone_already_hands_its_caller_on_all_the_same() -> None:
    office = Office(ready=())
    office.arrives("routing_point", "billing", leg="in1")
    office.settle()
    point = next(leg for leg in office.switch.legs if leg != "in1")
    del office.switch.state.legs[point]
    office.feed(s.ChannelArrived("half", "", "queue", ("help",), via=point))
    offer = office.only_call().offer
    assert offer is not None
    assert offer.target == to("queue:help")


def test_one_without_a_leg_changes_calls_without_one() -> None:
    office = Office("alice", "bob")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    other = office.ask(c.MakeCall, "alice", target=to("agent:carol"))
    office.picks_up("carol")
    step = _step(office)
    carol = office.party(office.switch.calls[other.id], "carol")
    consulted = step.put_party(other.id, carol.id, leg=None, away=True)
    joined = consult.join(step, consulted, office.switch.calls[call.id], "alice", stay=True, user_data={})
    assert [(p.agent, p.leg, p.away) for p in joined.joined()][2] == ("carol", None, True)


def test_nobody_in_particular_comes_back_to_no_call() -> None:
    office = Office()
    call = office.served()
    step = _step(office)
    parties._come_back(step, call, None)
    assert step.calls == {}


def test_a_deadline_of_a_call_that_is_gone_and_an_agent_for_a_search_of_an_earlier_life_change_nothing() -> None:
    office = Office()
    office.switch._deadlines.note("gone", 0.0)
    assert office.feed(s.TimePassed()) == []
    office.feed(s.ChannelArrived("in1", "carrier", "group", ("support",)))
    office.switch.state.seeks.clear()
    assert office.feed(s.AgentBecameAvailable("alice")) == []


def test_a_refusal_where_nobody_requested_is_swallowed_and_the_reservation_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuses(*_args: object) -> None:
        raise Refused(Code.NOT_FOUND, "there is no such call")

    office = Office()
    office.feed(s.ChannelArrived("in1", "carrier", "group", ("support",)))
    reserved = office.inbox.popleft()
    assert isinstance(reserved, s.AgentReserved)
    monkeypatch.setattr(offers, "reserved", refuses)
    monkeypatch.setattr(legs, "gone", refuses)
    assert office.feed(reserved) == [e.SetActivity("alice", None, request=reserved.request)]
    assert office.feed(s.LegGone("in1")) == []


def test_a_fault_at_the_end_of_a_leg_nobody_knows_keeps_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(*_args: object) -> None:
        raise ZeroDivisionError

    office = Office()
    monkeypatch.setattr(legs, "gone", breaks)
    (fault,) = office.feed(s.LegGone("gone"))
    assert isinstance(fault, e.ReportFault)


def test_whoever_has_no_phone_any_more_is_given_back_with_the_reservation_that_found_them() -> None:
    office = Office(ready=("alice",))
    office.feed(s.ChannelArrived("in1", "carrier", "group", ("support",)))
    reserved = office.inbox.popleft()
    assert isinstance(reserved, s.AgentReserved)
    agents = office.directory.agents
    office.configure(replace(office.directory, agents={**agents, "alice": replace(agents["alice"], phone=None)}))
    assert e.SetActivity("alice", None, request=reserved.request) in office.feed(reserved)


def test_a_command_whose_call_was_over_too_long_ago_to_be_remembered_is_answered_without_it() -> None:
    office = Office()
    office.switch.state.pending["k1"] = Pending("k1", "c99", until="ringing")
    assert office.feed(s.TimePassed()) == [e.Reply("k1", None)]


def test_who_is_not_rung_themselves_answers_nothing_while_somebody_is() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    call = office.only_call()
    step = _step(office)
    offers.answer_for(step, call, office.party(call, "in1"))
    assert step.effects == []
