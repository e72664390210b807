"""Supervisors at a call while something fails: never the call."""

import pytest
from pydantic import TypeAdapter

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call
from tests.support.office import Office, hear_each_other
from tests.unit.calls.supervised import LISTEN, OVERHEARD, TALK, WHISPER, WHISPERED, code, monitor, monitored


@pytest.mark.parametrize("times", [1, 2])
def test_a_snoop_that_cannot_be_made_is_tried_again(times: int) -> None:
    office = Office("erin")
    call = office.served()
    for _ in range(times):
        office.asterisk.fail_next(lambda effect: isinstance(effect, e.CreateSnoop))
    assert monitor(office, call) in office.replies
    assert office.hears() == OVERHEARD
    office.is_calm()


def test_one_that_never_can_leaves_music_until_it_is_requested_again() -> None:
    office = Office("erin")
    call = office.served()
    for _ in range(3):
        office.asterisk.fail_next(lambda effect: isinstance(effect, e.CreateSnoop), carried_out=True)
    assert monitor(office, call) in office.replies
    assert office.hears() == TALK
    assert office.music() == {"erin"}
    office.is_calm()
    monitor(office, call)
    assert office.hears() == OVERHEARD
    office.is_calm()


def test_one_that_never_could_is_tried_again_when_the_connection_is_back() -> None:
    office = Office("erin")
    call = office.served()
    for _ in range(3):
        office.asterisk.fail_next(lambda effect: isinstance(effect, e.CreateSnoop), carried_out=True)
    monitor(office, call)
    assert office.hears() == TALK
    office.lose_link()
    office.asterisk.restore_link()
    office.settle()
    assert office.hears() == OVERHEARD
    office.is_calm()


def test_a_snoop_that_goes_before_its_leg_does_is_not_made_again_on_it() -> None:
    office, call = monitored()
    snoop = office.switch.calls[call.id].monitors["erin"].snoop
    assert snoop is not None
    office.asterisk.hang_up(snoop.leg)
    office.settle()
    assert office.hears() == TALK
    assert office.music() == {"erin"}
    office.is_calm()


def test_a_bridge_that_cannot_be_made_is_made_anew() -> None:
    office = Office("erin")
    call = office.served()
    office.asterisk.fail_next(lambda effect: isinstance(effect, e.CreateBridge))
    monitor(office, call)
    assert office.hears() == OVERHEARD
    office.is_calm()


def test_when_a_bridge_is_missing_both_who_were_in_it_are_put_in_again() -> None:
    office, call = monitored()
    monitor_of = office.switch.calls[call.id].monitors["erin"]
    assert monitor_of.snoop is not None
    bridges = [x for x in office.asterisk.executed if isinstance(x, e.CreateBridge)]
    made = next(x for x in bridges if x.bridge == monitor_of.bridge)
    office.switch.state.in_flight[made.number] = made  # its answer came after the phone and the snoop were let in
    office.happens(s.EffectFailed(made.number, "time-out", unknown=True))
    joined = [(x.leg, x.bridge) for x in office.effects if isinstance(x, e.JoinBridge)]
    assert joined == [(monitor_of.leg, monitor_of.bridge), (monitor_of.snoop.leg, monitor_of.bridge)]
    office.is_calm()


def test_who_hears_music_leaves_their_own_bridge_when_the_connection_is_back() -> None:
    office, call = monitored()
    bridge = office.switch.calls[call.id].monitors["erin"].bridge
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    assert office.music() == {"erin", "in1"}
    office.lose_link()
    office.asterisk.restore_link()
    office.settle()
    rung = office.switch.calls[call.id].monitors["erin"].leg
    left = [x.bridge for x in office.asterisk.executed if isinstance(x, e.LeaveBridge) and x.leg == rung]
    assert left == [bridge, bridge]
    office.is_calm()


def test_one_whose_making_is_never_confirmed_ends_it() -> None:
    office, call = monitored()
    for _ in range(4):
        office.asterisk.fail_next(lambda effect: isinstance(effect, e.CreateBridge), carried_out=True)
    name = monitor(office, call, by="oscar")
    assert code(office, name) == "unknown_outcome"
    assert set(office.switch.calls[call.id].monitors) == {"erin"}
    assert office.hears() == OVERHEARD
    office.is_calm()


def test_one_that_never_can_be_made_ends_it_and_refuses_the_command() -> None:
    office = Office("erin")
    call = office.served()
    for _ in range(9):
        office.asterisk.fail_next(lambda effect: isinstance(effect, e.CreateBridge))
    name = monitor(office, call)
    assert name in office.refusals
    assert office.switch.calls[call.id].monitors == {}
    assert office.hears() == TALK


@pytest.mark.parametrize("kind", [e.JoinBridge, e.DialLeg, e.HangUp, e.LeaveBridge])
def test_no_failure_of_monitoring_touches_the_call(kind: type) -> None:
    office = Office("erin")
    call = office.served()
    for begin in (LISTEN, WHISPER):
        office.asterisk.fail_next(lambda effect: isinstance(effect, kind))
        monitor(office, call, begin)
        office.is_calm()
        assert hear_each_other("alice", "in1") <= office.hears()


def test_it_survives_the_controller_with_a_snoop_of_the_new_life() -> None:
    office, call = monitored(WHISPER)
    office.ask(c.Hold, "alice", call=call.id)
    office.restart()
    office.settle()
    assert [(m.mode, m.state) for m in office.seen("erin", call.id).monitors] == [("whisper", "connected")]
    office.ask(c.Retrieve, "alice", call=call.id)
    assert office.hears() == WHISPERED
    office.is_calm()


def test_one_whose_phone_was_hung_up_while_the_controller_was_dead_is_free_again() -> None:
    office, call = monitored()
    leg = office.switch.calls[call.id].monitors["erin"].leg
    office.lose_link()
    office.asterisk.hang_up(leg)
    office.restart()
    office.settle()
    assert office.switch.calls[call.id].monitors == {}
    assert "erin" not in office.agents.activity
    office.is_calm()


def test_a_phone_hung_up_while_the_connection_was_lost_has_listened_enough() -> None:
    office, call = monitored(WHISPER)
    office.ask(c.Hold, "alice", call=call.id)
    leg = office.switch.calls[call.id].monitors["erin"].leg
    office.lose_link()
    office.asterisk.hang_up(leg)
    office.asterisk.restore_link()
    office.settle()
    assert office.switch.calls[call.id].monitors == {}
    assert not office.asterisk.world.channels[office.leg_of("alice")].silence
    assert "erin" not in office.agents.activity
    office.is_calm()


def test_a_bridge_and_a_place_in_it_that_were_lost_meanwhile_are_made_anew() -> None:
    office, call = monitored()
    monitor_of = office.switch.calls[call.id].monitors["erin"]
    office.lose_link()
    office.asterisk.world.bridges.discard(monitor_of.bridge)
    for channel in office.asterisk.world.channels.values():
        channel.bridge = None if channel.bridge == monitor_of.bridge else channel.bridge
    office.asterisk.restore_link()
    office.settle()
    assert office.hears() == OVERHEARD
    office.is_calm()


def test_a_bridge_that_is_still_there_after_the_connection_was_lost_is_not_made_again() -> None:
    office, call = monitored()
    bridge = office.switch.calls[call.id].monitors["erin"].bridge
    office.lose_link()
    office.asterisk.restore_link()
    office.settle()
    made = [x.bridge for x in office.asterisk.executed if isinstance(x, e.CreateBridge)]
    assert made.count(bridge) == 1
    assert office.hears() == OVERHEARD
    office.is_calm()


def test_a_phone_answered_while_the_connection_was_lost_hears() -> None:
    office = Office()
    call = office.served()
    name = monitor(office, call)
    leg = office.switch.calls[call.id].monitors["erin"].leg
    office.lose_link()
    assert name not in {*office.replies, *office.refusals}
    office.asterisk.answer(leg)
    office.asterisk.restore_link()
    office.settle()
    assert name in office.replies
    assert office.hears() == OVERHEARD
    office.is_calm()


def test_a_snapshot_of_before_there_were_supervisors_is_read() -> None:
    office = Office()
    adapter = TypeAdapter(Call)
    call = office.served()
    stored = adapter.dump_python(call, mode="json")
    del stored["monitors"]
    assert adapter.validate_python(stored) == call
