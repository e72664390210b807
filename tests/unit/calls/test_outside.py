"""Numbers outside: a ring time of their own, and a ringing tone of ours whatever the network tells of the ringing."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls.model import DialplanEntry, Media, OfferState, Sound
from ari_app.testing.asterisk import Behaviour
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to

WAYS = [c.MakeCall, c.SingleStepTransfer, c.SingleStepConference, c.InitiateTransfer]


def _requested(office: Office, kind: type[c.BaseCommand]) -> str:
    """A number outside that alice has rung, out of a call where it takes one; the new or changed call."""
    if kind is c.MakeCall:
        office.phone("alice", Behaviour.ANSWER)
        return office.ask(kind, "alice", target=AWAY).id
    return office.ask(kind, "alice", call=office.served().id, target=AWAY).id


@pytest.mark.parametrize("kind", WAYS)
def test_a_number_outside_rings_as_long_as_the_administrator_says_and_no_agent_does(kind: type[c.BaseCommand]) -> None:
    office = Office(offer_timeout=15.0, outside_timeout=40.0)
    call = _requested(office, kind)
    began = office.now
    assert office.switch.next_deadline() == began + 40.0
    offer = office.switch.calls[call].offer
    office.pass_time()
    office.is_calm()
    assert offer is not None
    assert call not in office.switch.calls or office.switch.calls[call].offering() is None


def test_the_phones_own_transfer_key_rings_a_number_outside_as_long() -> None:
    office = Office(offer_timeout=15.0, outside_timeout=40.0, transfer_progress=True)
    office.served()
    office.asterisk.press_transfer(office.leg_of("alice"), "+33123456789")
    office.settle()
    assert office.switch.next_deadline() == office.now + 40.0


def test_a_routing_point_and_an_agent_ring_as_long_as_an_agent_does() -> None:
    for target in ("routing_point:billing", "agent:bob"):
        office = Office("alice", offer_timeout=15.0, outside_timeout=40.0)
        office.asterisk.behaviour[DialplanEntry("4000")] = Behaviour.RING
        office.ask(c.MakeCall, "alice", target=to(target))
        assert office.switch.next_deadline() == office.now + 15.0


@pytest.mark.parametrize("kind", WAYS)
def test_whatever_a_network_tells_of_the_ringing_the_agent_hears_it_ring_s15(kind: type[c.BaseCommand]) -> None:
    office = Office()
    office.outside(Behaviour.NEVER)
    call = _requested(office, kind)  # and the command is answered, though nothing rings yet
    office.is_calm()
    leg = office.switch.legs[office.leg_of("alice", call)]
    assert leg.requested is not None
    assert leg.requested.sound is Sound.RINGING
    assert (leg.requested.bridge is None) == (kind is c.SingleStepTransfer)
    office.ask(c.Cancel, "alice", call=call)
    office.is_calm()
    assert not any(channel.ringback for channel in office.asterisk.world.channels.values())


def test_the_tone_ends_with_the_answer() -> None:
    office = Office()
    call = _requested(office, c.MakeCall)
    office.asterisk.answer(office.outside_leg())
    office.step(f"events:{office.outside_leg()}")
    assert office.requests() == ["StopRinging alice"]
    office.is_calm()
    assert office.switch.calls[call].offering() is None


def test_who_rings_on_while_the_controller_was_away_is_heard_ringing_again() -> None:
    office = Office()
    _requested(office, c.MakeCall)
    office.restart()
    office.asterisk.world.channels[office.leg_of("alice")].ringback = False
    office.is_calm()
    assert office.asterisk.world.channels[office.leg_of("alice")].ringback


def test_a_colleague_to_talk_to_is_heard_instead_of_the_tone() -> None:
    office = Office("bob")
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.ask(c.SingleStepConference, "alice", call=call.id, target=AWAY)
    office.is_calm()
    assert not office.asterisk.world.channels[office.leg_of("alice")].ringback
    office.hangs_up("bob")
    office.is_calm()
    assert office.asterisk.world.channels[office.leg_of("alice")].ringback


def test_who_is_recorded_hears_it_ring_out_of_the_bridge_in_which_the_recorder_would_end_the_tone() -> None:
    office = Office()
    call = office.served()
    office.ask(c.StartRecording, "alice", call=call.id)
    assert office.do(c.SingleStepConference, "alice", call=call.id, target=AWAY)[-2:] == [
        "LeaveBridge alice",
        "StartRinging alice",
    ]
    office.is_calm()
    office.answers_outside()
    assert office.hears() == hear_each_other("alice", "in1", office.outside_leg())
    office.is_calm()


def test_the_tone_goes_on_when_a_recording_begins_or_ends_meanwhile() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=AWAY)
    assert office.switch.legs[office.leg_of("alice")].requested == Media(call.bridge, sound=Sound.RINGING)
    office.ask(c.StartRecording, "alice", call=call.id)
    office.is_calm()
    assert office.do(c.StopRecording, "alice", call=call.id) == ["StopRecorder bridge"]
    office.is_calm()
    assert office.asterisk.world.channels[office.leg_of("alice")].ringback
    office.ask(c.Cancel, "alice", call=call.id)
    office.ask(c.SingleStepConference, "alice", call=call.id, target=AWAY)
    assert office.switch.legs[office.leg_of("alice")].requested == Media(call.bridge, sound=Sound.RINGING)


def test_that_a_colleague_leaves_is_not_announced_over_the_tone_that_it_would_end() -> None:
    office = Office("bob", announcements={"conference_leave": "beep"})
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.ask(c.SingleStepConference, "alice", call=call.id, target=AWAY)
    office.hangs_up("bob")
    office.is_calm()
    assert not office.asterisk.world.played


def test_the_tone_goes_on_from_one_member_of_a_group_to_the_next() -> None:
    office = Office("alice")
    call = office.ask(c.MakeCall, "alice", target=to("group:front"))
    office.asterisk.hang_up(office.leg_of("dave"), 21)
    office.settle()
    assert [type(x) for x in office.asterisk.executed].count(e.StartRinging) == 1
    offer = office.switch.calls[call.id].offer
    assert offer is not None
    assert (offer.state, [a.agent for a in offer.attempts]) == (OfferState.RINGING, ["bob"])
