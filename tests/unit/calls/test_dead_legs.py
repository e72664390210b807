"""A leg dies: no power, no network, nobody hangs up (F5, F6b). Who hangs up decides something; who dies does not."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import DEAD, MonitorMode
from ari_app.routing.directory import Role
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to

EVIDENCE = pytest.mark.parametrize("asterisk_noticed", [True, False])


def _dies(office: Office, who: str, *, asterisk_noticed: bool = True) -> None:
    for leg in [leg.id for leg in office.switch.legs.values() if who in (leg.agent, leg.id)]:
        if asterisk_noticed:
            office.asterisk.hang_up(leg, DEAD)
        else:
            office.feed(s.LegDied(leg))
    office.settle()


@EVIDENCE
def test_the_contact_hears_music_the_call_is_kept_and_the_phone_is_rung_at_once(asterisk_noticed: bool) -> None:
    office = Office()
    call = office.served()
    _dies(office, "alice", asterisk_noticed=asterisk_noticed)
    assert office.music() == {"in1"}
    assert office.abandoned == [call.id]
    assert office.seen("alice").state == "held"
    office.is_calm()
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.only_call().recalls == 0
    office.is_calm()


def test_asterisk_may_still_have_the_leg_it_is_hung_up_and_reported_gone_later() -> None:
    office = Office()
    office.served()
    leg = office.leg_of("alice")
    assert office.happens(s.LegDied(leg))[0] == f"HangUp {leg}"
    assert office.happens(s.LegDied(leg)) == []
    office.is_calm()
    assert leg not in office.asterisk.world.channels


def test_a_leg_that_is_not_up_or_of_an_asterisk_that_is_away_does_not_die() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    assert office.happens(s.LegDied(office.leg_of("alice"))) == []
    office.picks_up("alice")
    leg = office.leg_of("alice")
    office.lose_link()
    assert office.happens(s.LegDied(leg)) == []
    office.asterisk.restore_link()
    office.settle()
    assert office.only_call().joined()
    office.is_calm()


def test_a_phone_that_is_rung_and_fails_with_that_cause_is_unavailable_as_ever() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    _dies(office, "bob")
    offer = office.only_call().offer
    assert offer is not None
    assert offer.state == "unavailable"
    assert not office.abandoned
    office.is_calm()


def test_a_conference_goes_on_without_the_dead_party_who_can_be_invited_again() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    _dies(office, "bob", asterisk_noticed=False)
    assert office.hears() == hear_each_other("alice", "in1")
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    assert office.hears() == hear_each_other("alice", "bob", "in1")
    _dies(office, "alice")
    assert office.only_call().owner == "bob"
    office.is_calm()


def test_the_contact_whose_agent_dies_while_they_consult_is_kept_and_the_colleague_let_go() -> None:
    office = Office()
    call = office.served()
    office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    _dies(office, "alice", asterisk_noticed=False)
    assert office.music() == {"in1"}
    assert set(office.switch.calls) == {call.id}
    office.is_calm()


def test_both_who_were_outside_in_a_consultation_wait_and_the_agent_has_one_after_the_other() -> None:
    office = Office()
    call = office.served()
    office.ask(c.InitiateTransfer, "alice", call=call.id, target=AWAY)
    office.answers_outside()
    outside = office.outside_leg()
    _dies(office, "alice")
    assert office.music() == {"in1", outside}
    office.picks_up("alice")
    assert len(office.music()) == 1
    office.is_calm()


def test_while_a_transfer_rings_it_goes_on_as_if_the_agent_had_hung_up_s16() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    _dies(office, "alice")
    office.picks_up("bob")
    assert office.hears() == hear_each_other("bob", "in1")
    office.is_calm()


def test_a_caller_who_dies_while_waiting_or_talking_is_gone() -> None:
    office = Office(ready=())
    office.arrives("queue", "help", leg="in1")
    office.settle()
    _dies(office, "in1")
    assert not office.switch.calls
    talking = Office()
    talking.served()
    _dies(talking, "in1", asterisk_noticed=False)
    assert not talking.switch.calls
    talking.is_calm()


def test_a_supervisor_whose_phone_dies_listens_no_longer_and_a_recording_goes_on() -> None:
    office = Office("erin")
    call = office.served()
    office.ask(c.StartRecording, "alice", call=call.id)
    office.ask(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=MonitorMode.WHISPER)
    office.settle()
    monitor = office.only_call().monitors["erin"]
    office.feed(s.LegDied(monitor.leg))
    office.settle()
    assert not office.only_call().monitors
    assert office.only_call().recording is not None
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()
