"""Who has left a call is on it until their phone is: meanwhile they are rung for no other."""

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import ENDS_WITHIN, MonitorMode
from ari_app.calls.switch import can_be_rung
from ari_app.routing.directory import Role
from tests.support.office import Office
from tests.support.world import to


def _activities(effects: list[e.Effect]) -> list[e.SetActivity]:
    return [effect for effect in effects if isinstance(effect, e.SetActivity)]


def _left(office: Office) -> str:
    """Alice has left the call, and the phone has not. The leg of that."""
    call = office.served()
    leg = office.leg_of("alice")
    office.command(c.Release, "alice", call=call.id)
    return leg


def test_who_has_left_a_call_is_on_it_until_their_phone_is_and_then_rests() -> None:
    office = Office()
    leg = _left(office)
    assert _activities(office.effects) == []
    assert office.agents.activity["alice"] == "on_call"
    assert _activities(office.feed(s.LegGone(leg))) == [e.SetActivity("alice", None)]
    office.is_calm()


def test_who_has_left_a_call_as_asterisk_was_cut_off_is_on_it_until_it_is_back() -> None:
    office = Office()
    _left(office)
    office.lose_link()
    office.pass_time(3 * ENDS_WITHIN)
    assert office.agents.activity["alice"] == "on_call"
    office.asterisk.restore_link()
    office.settle()
    assert "alice" not in office.agents.activity
    office.is_calm()


def test_a_phone_that_never_ends_its_leg_does_not_take_its_agent_out_for_ever() -> None:
    office = Office()
    leg = _left(office)
    for effect in [x for x in office.effects if isinstance(x, e.HangUp)]:
        office.feed(s.EffectDone(effect.number))
    office.now += ENDS_WITHIN
    effects = office.feed(s.TimePassed())
    assert _activities(effects) == [e.SetActivity("alice", None)]
    assert leg in [x.leg for x in effects if isinstance(x, e.HangUp)]
    assert leg not in office.switch.legs
    office.is_calm()


def test_a_caller_who_was_released_as_asterisk_was_not_reached_does_not_come_again_when_it_is() -> None:
    office = Office()
    leg = _left(office)
    for _ in range(3):  # nobody knows yet that the connection is lost
        office.now += ENDS_WITHIN
        assert _activities(office.feed(s.TimePassed())) == []
    assert {leg, "in1"} <= set(office.switch.legs)
    office.lose_link()
    office.asterisk.restore_link()
    office.settle()
    assert not office.asterisk.world.channels
    assert not office.switch.calls
    office.is_calm()


def test_a_phone_of_which_asterisk_says_that_nobody_is_there_has_let_go() -> None:
    office = Office()
    leg = _left(office)
    effects = office.feed(s.LegDied(leg))
    assert _activities(effects) == [e.SetActivity("alice", None)]
    office.is_calm()


def test_until_when_its_end_is_waited_for_begins_anew_when_asterisk_is_back() -> None:
    office = Office()
    leg = _left(office)
    office.lose_link()
    office.now += 3 * ENDS_WITHIN
    office.asterisk.restore_link()
    while "link" in office.asterisk.pending():
        office.step("link")
    assert office.switch.legs[leg].ends_by == office.now + ENDS_WITHIN
    office.settle()
    assert leg not in office.switch.legs


def test_a_phone_that_is_rung_for_a_call_that_is_given_up_is_rung_until_it_has_stopped() -> None:
    office = Office("alice")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.command(c.Cancel, "alice", call=call.id)
    assert office.agents.activity["bob"] == "ringing"
    assert not office.switch.can_be_rung("bob")
    office.settle()
    assert "bob" not in office.agents.activity
    assert can_be_rung(office.switch.state, office.directory, "bob")


def test_a_reservation_that_comes_before_the_phone_has_let_go_goes_to_the_next() -> None:
    office = Office(ready=("bob",))
    office.agents.idle = ["alice", "bob"]
    _left(office)
    office.arrives("group", "support", leg="in2")
    office.feed(s.ChannelArrived("in2", "carrier", "group", ("support",)))
    (request,) = office.switch.state.seeks
    office.inbox.clear()
    office.agents.held_for.clear()
    office.agents.activity = {"alice": "on_call"}
    effects = office.feed(s.AgentReserved(request, "alice"))
    assert not [effect for effect in effects if isinstance(effect, e.CreateLeg)]
    assert _activities(effects) == []
    office.settle()
    assert office.seen("bob").parties


def test_a_controller_that_takes_over_keeps_them_on_the_call_until_their_phone_has_let_go() -> None:
    office = Office()
    leg = _left(office)
    office.restart()
    while "link" in office.asterisk.pending():
        office.step("link")
    assert office.agents.activity["alice"] == "on_call"
    assert _activities(office.feed(s.LegGone(leg))) == [e.SetActivity("alice", None)]


def test_a_controller_that_takes_over_keeps_a_phone_rung_that_was_to_stop() -> None:
    office = Office("alice")
    call = office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    leg = office.leg_of("bob")
    office.command(c.Cancel, "alice", call=call.id)
    office.restart()
    while "link" in office.asterisk.pending():
        office.step("link")
    assert office.agents.activity["bob"] == "ringing"
    assert _activities(office.feed(s.LegGone(leg))) == [e.SetActivity("bob", None)]
    office.settle()


def test_a_supervisor_who_has_listened_needs_no_rest_when_their_phone_has_let_go() -> None:
    office = Office("erin")
    call = office.served()
    office.command(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=MonitorMode.LISTEN)
    office.settle()
    leg = next(leg.id for leg in office.switch.legs.values() if leg.agent == "erin")
    office.command(c.StopMonitoring, "erin", role=Role.SUPERVISOR, call=call.id)
    assert office.agents.activity["erin"] == "on_call"
    assert _activities(office.feed(s.LegGone(leg))) == [e.SetActivity("erin", None)]


def test_the_story_of_the_call_tells_when_its_agent_was_free() -> None:
    office = Office()
    call = office.served()
    office.ask(c.Release, "alice", call=call.id)
    office.settle()
    story = office.switch.stories.of(call.id) or ()
    assert e.SetActivity("alice", None) in [entry.detail for entry in story]
