"""What phones show when they are rung again, dialled by hand, answered from the desktop or handed on (S51, S55)."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import CallType, Identity, OfferKind, Phone
from ari_app.routing.directory import CallerId
from tests.support.office import AWAY, NUMBER, Office, hear_each_other
from tests.support.world import CALLER, to

BOB = Identity("Bob", "1002")


def _invited(office: Office) -> e.CreateLeg:
    """The last phone that was invited."""
    return [x for x in office.asterisk.executed if isinstance(x, e.CreateLeg)][-1]


def _updated(office: Office) -> list[Identity]:
    """What displays were set to show otherwise."""
    return [x.identity for x in office.asterisk.executed if isinstance(x, e.ShowIdentity)]


def _kept(office: Office) -> str:
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    return call.id


def test_a_phone_rung_again_shows_the_contact_once_and_for_all_s13_s55() -> None:
    office = Office()
    call = _kept(office)
    office.asterisk.executed.clear()
    office.command(c.Retrieve, "alice", call=call)
    office.settle()
    assert (_invited(office).identity, _invited(office).call) == (CALLER, call)
    office.picks_up("alice")
    office.is_calm()
    assert _updated(office) == []
    assert office.switch.legs[office.leg_of("alice")].destination == Phone("1001")


def test_a_phone_rung_again_shows_the_contact_and_nobody_who_has_left_s13_s55() -> None:
    office = Office("alice", "carol")
    call = office.ask(c.MakeCall, "alice", target=to("agent:carol"))
    office.ask(c.SingleStepConference, "alice", call=call.id, target=AWAY)
    office.answers_outside()
    office.ask(c.Release, "carol", call=call.id)
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    office.command(c.Retrieve, "alice", call=call.id)
    office.settle()
    assert _invited(office).identity == Identity("", NUMBER)


def test_an_agent_is_rung_again_at_the_phone_that_the_file_says_now_s13() -> None:
    office = Office()
    _kept(office)
    agents = {**office.directory.agents, "alice": replace(office.directory.agents["alice"], phone="1999")}
    office.feed(s.DirectoryReplaced(replace(office.directory, agents=agents)))
    office.pass_time()
    office.settle()
    assert _invited(office).destination == Phone("1999")


@pytest.mark.parametrize("chosen", ["support", None])
def test_a_phone_answered_from_the_desktop_shows_what_it_showed_s51_s55(chosen: str | None) -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"), caller_id=chosen)
    office.asterisk.executed.clear()
    office.command(c.Answer, "bob", call=call.id)
    office.settle()
    assert office.seen("bob", call.id).actions == ("release",)
    again = _invited(office)
    assert (again.destination, again.call, again.auto_answer) == (Phone("1002"), call.id, True)
    assert again.identity == (Identity("Support", "+33140000001") if chosen else CALLER)
    leg = office.switch.legs[again.leg]
    assert (leg.destination, leg.shown, leg.chosen) == (again.destination, again.identity, chosen is not None)
    office.picks_up("bob")
    office.is_calm()
    assert _updated(office) == []
    assert office.switch.calls[call.id].owner == "bob"


def test_one_of_a_group_that_answers_from_the_desktop_takes_nothing_from_the_others_before_it_is_up() -> None:
    office = Office()
    office.arrives("group", "together", leg="in1")
    office.settle()
    carol = office.leg_of("carol")
    office.command(c.Answer, "bob", call=office.only_call().id)
    office.settle()
    assert office.leg_of("carol") == carol
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("carol", "in1")


@pytest.mark.parametrize("company", [CallerId("company", "Company", "+33100000000"), None])
def test_a_call_dialled_by_hand_shows_the_agent_and_outside_the_company_s51(company: CallerId | None) -> None:
    office = Office(company=company)
    office.arrives("dial", "1002", leg="own", endpoint="1001")
    office.settle()
    assert _invited(office).identity == Identity("Alice", "1001")
    me = next(p for p in office.seen("alice").parties if p.you)
    assert (me.name, me.number) == ("Alice", "1001")
    office.hangs_up("own")
    office.arrives("dial", NUMBER, leg="more", endpoint="1001")
    office.settle()
    expected = Identity(anonymous=True) if company is None else Identity(company.name, company.number)
    assert _invited(office).identity == expected


def test_a_routing_point_dialled_by_hand_attaches_its_data_s7() -> None:
    office = Office()
    office.arrives("dial", "4000", leg="own", endpoint="1001")
    office.settle()
    assert office.only_call().user_data == {"topic": "b"}
    assert office.only_call().type is CallType.INTERNAL


# -- a routing point hands its caller on ------------------------------------------------------------------------------


def _point(office: Office) -> str:
    return next(x.id for x in office.switch.legs.values() if x.id not in ("in1", "own") and x.agent is None)


def test_who_is_rung_for_a_caller_handed_on_sees_the_caller_s55() -> None:
    office = Office()
    office.arrives("routing_point", "billing", leg="in1")
    office.settle()
    office.feed(s.ChannelArrived("half", "", "agent", ("bob",), via=_point(office), caller=Identity("Menu", "4000")))
    office.settle()
    assert _invited(office).identity == CALLER
    offer = office.only_call().offer
    assert offer is not None
    assert (offer.kind, offer.by) == (OfferKind.CALL, None)


def test_an_agent_handed_on_is_shown_themselves_and_may_cancel_the_ringing_s15_s55() -> None:
    office = Office("alice")
    call = office.ask(c.MakeCall, "alice", target=to("routing_point:billing"))
    office.asterisk.answer(_point(office))
    office.settle()
    office.feed(s.ChannelArrived("half", "", "agent", ("bob",), via=_point(office)))
    office.settle()
    assert _invited(office).identity == Identity("Alice", "1001")
    offer = office.switch.calls[call.id].offer
    assert offer is not None
    assert offer.by == office.party(office.switch.calls[call.id], "alice").id
    assert "cancel" in office.seen("alice", call.id).actions


def test_an_agent_who_has_the_menu_on_hold_is_handed_on_and_hears_it_ring() -> None:
    office = Office("alice")
    call = office.ask(c.MakeCall, "alice", target=to("routing_point:billing"))
    point = _point(office)
    office.asterisk.answer(point)
    office.settle()
    office.ask(c.Hold, "alice", call=call.id)
    office.feed(s.ChannelArrived("half", "", "agent", ("bob",), via=point))
    office.settle()
    assert office.switch.calls[call.id].held_since is None
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "bob")


def test_an_agent_who_is_rung_again_as_the_menu_hands_them_on_is_rung_no_more() -> None:
    office = Office("alice", recall=30.0)
    call = office.ask(c.MakeCall, "alice", target=to("routing_point:billing"))
    point = _point(office)
    office.asterisk.answer(point)
    office.settle()
    office.phone("alice", office.asterisk.behaviour[Phone("1002")])
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    office.pass_time()
    office.settle()
    assert office.leg_of("alice") in office.asterisk.world.channels
    office.feed(s.ChannelArrived("half", "", "agent", ("bob",), via=point))
    office.is_calm()
    assert not office.switch.calls
    assert not office.asterisk.world.channels
