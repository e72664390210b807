"""The phone's own transfer key does what the desktop's instant transfer does (S10-S16), or joins two calls (S21)."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import Identity, OfferState
from tests.support.office import AWAY, NUMBER, Office, hear_each_other
from tests.support.world import to


def _pressed(office: Office, number: str = "1002", agent: str = "alice") -> list[str]:
    """Asterisk's Local channel takes the place of the agent's leg; their phone then hangs up."""
    leg = next(x.id for x in office.switch.legs.values() if x.agent == agent and x.focus is not None)
    office.asterisk.world.channels["half"] = type(office.asterisk.world.channels[leg])("half")
    requested = office.happens(s.ChannelArrived("half", f"{number}@phones", "replaced", (leg,)))
    office.asterisk.hang_up(leg)
    office.settle()
    return requested


def test_a_blind_refer_is_an_instant_transfer_s10_s11() -> None:
    office = Office()
    call = office.served()
    requested = _pressed(office)
    assert requested[:4] == ["HangUp half", "HangUp alice", "LeaveBridge in1", "StartMusic in1"]
    offer = office.switch.calls[call.id].offer
    assert offer is not None
    assert (offer.kind, str(offer.target), offer.attempts[0].agent) == ("transfer", "agent:bob", "bob")
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.switch.calls[call.id].owner == "bob"


def test_a_refer_to_a_favourite_attaches_its_data_s7() -> None:
    office = Office()
    call = office.served()
    _pressed(office, "4000")
    assert office.switch.calls[call.id].user_data == {"topic": "b"}


def test_a_refer_between_colleagues_shows_who_passes_the_call_on() -> None:
    office = Office("bob")
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.picks_up("alice")
    _pressed(office, "1003", "bob")
    assert office.asterisk.world.channels[office.leg_of("carol")].shown == Identity("Bob", "1002")
    office.picks_up("carol")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "carol")


def test_a_blind_refer_that_is_declined_leaves_the_contact_on_hold_and_rings_the_agent_again_s12() -> None:
    office = Office()
    call = office.served()
    _pressed(office)
    office.hangs_up("bob", 21)
    office.pass_time(0.0)
    office.settle()
    assert office.music() == {"in1"}
    assert office.switch.calls[call.id].owner == "alice"
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


@pytest.mark.parametrize("number", ["1001", "17", "*"])
def test_a_refer_to_what_may_not_be_reached_keeps_the_contact_on_hold_and_rings_the_agent_again_s12(
    number: str,
) -> None:
    office = Office()
    call = office.served()
    _pressed(office, number)
    assert office.music() == {"in1"}
    assert office.switch.calls[call.id].offer == call.offer
    assert office.party(call, "alice").away
    office.pass_time(0.0)
    office.settle()
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_refer_to_nowhere_between_colleagues_ends_their_call() -> None:
    office = Office("bob")
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.picks_up("alice")
    _pressed(office, "17")
    office.is_calm()
    assert not office.switch.calls


def test_a_contact_who_transfers_themselves_away_is_gone() -> None:
    office = Office()
    office.served()
    office.asterisk.world.channels["half"] = type(office.asterisk.world.channels["in1"])("half")
    office.happens(s.ChannelArrived("half", "1002@from-carrier", "replaced", ("in1",)))
    office.asterisk.hang_up("in1")
    office.is_calm()
    assert not office.switch.calls


def test_a_refer_in_a_consultation_from_the_desktop_keeps_the_contact_for_the_agent_s22() -> None:
    """Both calls speak through the one phone that the transfer takes away."""
    office = Office()
    first = office.served()
    office.ask(c.InitiateTransfer, "alice", call=first.id, target=to("agent:bob"))
    office.picks_up("bob")
    _pressed(office, "1003")
    assert "in1" in office.music()
    office.pass_time(0.0)
    office.settle()
    office.picks_up("carol")
    assert ("bob", "carol") in office.hears()
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "carol") | hear_each_other("alice", "in1")


def test_a_colleague_whom_the_phone_had_on_hold_in_another_call_is_not_kept_when_it_has_transferred_a_contact() -> None:
    office = Office()
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.picks_up("alice")
    office.picks_up("bob")
    call = office.ask(c.MakeCall, "alice", target=AWAY)
    office.answers_outside()
    _pressed(office, "1003")
    office.picks_up("carol")
    office.is_calm()
    assert list(office.switch.calls) == [call.id]
    assert office.hears() == hear_each_other("carol", office.outside_leg())


def test_a_refer_in_a_conference_to_what_may_not_be_reached_leaves_the_others_talking() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:carol"))
    office.picks_up("carol")
    _pressed(office, "17")
    office.is_calm()
    assert office.hears() == hear_each_other("carol", "in1")


@pytest.mark.parametrize("args", [(), ("unknown",)])
def test_a_channel_in_place_of_nothing_of_ours_is_hung_up(args: tuple[str, ...]) -> None:
    office = Office()
    assert office.happens(s.ChannelArrived("half", f"{NUMBER}@phones", "replaced", args)) == ["HangUp half"]


def test_a_refer_while_a_transfer_rings_leaves_that_to_ring_s16() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    _pressed(office, "1003")
    office.picks_up("bob")
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_a_refer_of_a_phone_that_is_being_hung_up_changes_nothing() -> None:
    office = Office()
    call = office.served()
    leg = office.leg_of("alice")
    office.command(c.Release, "alice", call=call.id)
    assert office.happens(s.ChannelArrived("half", "1002@phones", "replaced", (leg,))) == ["HangUp half"]


def test_a_refer_of_a_leg_that_still_rings_finds_no_call_to_transfer() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    leg = office.leg_of("alice")
    assert office.happens(s.ChannelArrived("half", "1002@phones", "replaced", (leg,))) == ["HangUp half"]
    offer = office.only_call().offer
    assert offer is not None
    assert offer.state is OfferState.RINGING
