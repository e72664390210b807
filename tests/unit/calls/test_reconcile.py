"""The connection to Asterisk lost and made anew, in every state a call can be in; and a controller that starts anew."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.derived import channels
from ari_app.calls.model import Leg, LegState, MonitorMode, OfferState, Phone
from ari_app.calls.step import Step
from ari_app.routing.directory import CallerId, Role
from ari_app.testing.asterisk import Behaviour
from tests.support import account
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to


def _waiting(office: Office) -> None:
    office.arrives("group", "night", leg="in1")


def _ringing(office: Office) -> None:
    office.arrives("agent", "bob", leg="in1")


def _talking(office: Office) -> None:
    office.served()


def _held(office: Office) -> None:
    office.ask(c.Hold, "alice", call=office.served().id)


def _transferring(office: Office) -> None:
    office.ask(c.SingleStepTransfer, "alice", call=office.served().id, target=to("agent:bob"))


def _conferring(office: Office) -> None:
    call = office.served().id
    office.ask(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    office.picks_up("bob")


def _consulting(office: Office) -> None:
    office.ask(c.InitiateTransfer, "alice", call=office.served().id, target=to("agent:bob"))
    office.picks_up("bob")


def _pending(office: Office) -> None:
    office.command(c.MakeCall, "alice", target=to("agent:bob"))


def _kept(office: Office) -> None:
    _held(office)
    office.hangs_up("alice")


def _served_by_group(office: Office) -> None:
    office.arrives("group", "support", leg="in1")


def _who(office: Office) -> list[list[tuple[object, ...]]]:
    calls = office.switch.calls.values()
    return [[(p.agent, p.progress, sorted(p.held_by)) for p in call.parties.values()] for call in calls]


STATES = (_waiting, _ringing, _talking, _held, _transferring, _conferring, _consulting, _pending, _kept)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_a_call_goes_on_as_it_was_when_the_link_is_back(state: Callable[[Office], None], restart: bool) -> None:
    office = Office()
    state(office)
    office.settle()
    hears, music, parties = office.hears(), office.music(), _who(office)
    if restart:
        office.restart()
    else:
        office.asterisk.lose_link()
        office.settle()
        office.asterisk.restore_link()
    office.is_calm()
    assert (office.hears(), office.music(), _who(office)) == (hears, music, parties)


@pytest.mark.parametrize("leaving", [False, True])
@pytest.mark.parametrize("state", STATES)
def test_everybody_gone_meanwhile_leaves_nothing_behind(state: Callable[[Office], None], leaving: bool) -> None:
    office = Office()
    state(office)
    office.settle()
    office.asterisk.lose_link()
    for leg in list(office.asterisk.world.channels):
        office.asterisk.hang_up(leg)
    office.settle()
    office.asterisk.restore_link(leaving=leaving)
    office.is_calm()
    assert not office.switch.calls
    assert not office.agents.activity
    assert not office.asterisk.world.bridges


@pytest.mark.parametrize("state", STATES)
def test_an_asterisk_that_is_gone_leaves_nobody_busy(state: Callable[[Office], None]) -> None:
    office = Office()
    state(office)
    office.settle()
    office.asterisk.lose_link()
    office.settle()
    office.feed(s.AsteriskReconciled((), ()))
    office.feed(s.LinkLost())
    office.settle()
    assert not office.switch.calls
    assert not office.agents.activity


def _recalled(office: Office) -> None:
    _kept(office)
    office.pass_time()


def _answering(office: Office) -> None:
    _ringing(office)
    office.settle()
    office.command(c.Answer, "bob", call=office.only_call().id)


def _consults(office: Office) -> None:
    office.command(c.InitiateTransfer, "alice", call=office.served().id, target=to("agent:bob"))


def _monitored(office: Office) -> None:
    office.command(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=office.served().id, mode=MonitorMode.LISTEN)


def _withheld(office: Office) -> None:
    office.withholding = True
    call = office.served().id
    office.command(c.SingleStepTransfer, "alice", call=call, target=AWAY)


@pytest.mark.parametrize("restart", [False, True])
@pytest.mark.parametrize("state", [_ringing, _consults, _recalled, _answering, _monitored, _withheld])
def test_a_phone_that_was_about_to_be_rung_as_the_connection_was_lost_is_rung_when_it_is_back(
    state: Callable[[Office], None], restart: bool
) -> None:
    """Nobody hears of somebody that they cannot be reached whose phone was never rung."""
    office = Office(company=CallerId("company", "Company", "+33100000000"))
    state(office)
    while not (about := account.to_be_rung(office)):
        assert office.step()
    requested = [x for x in office.effects if isinstance(x, e.CreateLeg)]
    if restart:
        office.restart()
    else:
        office.asterisk.lose_link()
        office.asterisk.restore_link()
    office.is_calm()
    (leg,) = about
    assert office.switch.legs[leg].state in (LegState.RINGING, LegState.UP)
    again = [x for x in office.asterisk.executed if isinstance(x, e.CreateLeg) and x.leg == leg]
    assert [replace(x, number=0) for x in again] == [replace(x, number=0) for x in requested]


def test_a_phone_that_was_about_to_be_rung_for_somebody_who_has_gone_meanwhile_is_not() -> None:
    office = Office()
    _ringing(office)
    while not account.to_be_rung(office):
        assert office.step()
    office.asterisk.lose_link()
    office.asterisk.hang_up("in1")
    office.settle()
    office.asterisk.restore_link()
    office.is_calm()
    assert not office.switch.calls
    assert not [x for x in office.asterisk.executed if isinstance(x, e.CreateLeg)]


def test_a_leg_that_leads_nowhere_cannot_be_made() -> None:
    office = Office()
    step = Step(office.switch.state, office.directory, office.now)
    with pytest.raises(AssertionError):
        channels.create(step, Leg("in1", LegState.UP), "c1")


def test_a_line_that_was_about_to_leave_the_bridge_of_another_call_as_the_connection_was_lost_leaves_it() -> None:
    """An agent with two lines: the one that they turned away from was in the bridge of a call that they now have on
    the other one."""
    office = Office()
    call = office.served()
    held = office.leg_of("alice")
    office.asterisk.press_hold(held)
    office.settle()
    office.arrives("dial", "1002", leg="by hand", endpoint="1001")
    office.settle()
    office.command(c.InitiateTransfer, "alice", call=call.id, target=to("agent:dave"))
    while not account.to_be_rung(office):
        assert office.step()
    office.lose_link()
    office.asterisk.restore_link()
    office.is_calm()
    assert office.asterisk.world.channels[held].bridge is None


def test_an_answer_that_was_missed_is_made_up() -> None:
    office = Office()
    _ringing(office)
    office.settle()
    leg = office.leg_of("bob")
    office.asterisk.lose_link()
    office.asterisk.answer(leg)
    office.settle()
    office.asterisk.restore_link()
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")


def test_a_ringing_that_was_missed_is_made_up_and_so_is_the_answer_to_the_command() -> None:
    office = Office()
    call = office.served().id
    name = office.command(c.SingleStepTransfer, "alice", call=call, target=AWAY)
    office.asterisk.lose_link()
    office.settle()
    assert _unanswered(office, name)
    office.asterisk.restore_link()
    office.is_calm()
    answered = office.replies[name]
    assert answered is not None
    assert answered.offer is not None


def test_a_command_under_way_as_the_connection_is_lost_is_answered_when_it_has_been_carried_out() -> None:
    office = Office()
    call = office.served().id
    name = office.command(c.Hold, "alice", call=call)
    office.asterisk.lose_link()
    office.settle()
    assert _unanswered(office, name)
    assert office.music() == set()
    office.asterisk.restore_link()
    while name not in office.replies:
        assert office.music() == set() or not office.requests()
        office.step()
    held = office.replies[name]
    assert held is not None
    assert held.held_since is not None
    assert office.music() == {"in1"}
    office.is_calm()


def test_a_command_whose_call_is_over_when_the_connection_stands_again_is_answered_with_none() -> None:
    office = Office()
    call = office.served().id
    name = office.command(c.Hold, "alice", call=call)
    office.asterisk.lose_link()
    office.settle()
    office.asterisk.hang_up("in1")
    office.asterisk.restore_link()
    office.is_calm()
    answered = office.replies[name]
    assert answered is None or answered.ended


def test_of_digits_under_way_as_the_connection_is_lost_nobody_knows_whether_they_were_heard() -> None:
    office = Office()
    call = office.served().id
    name = office.command(c.SendDtmf, "alice", call=call, digits="12")
    office.asterisk.lose_link()
    office.settle()
    assert office.refusals[name].code == "unknown_outcome"
    office.asterisk.restore_link()
    office.is_calm()


def _unanswered(office: Office, name: str) -> bool:
    return name not in {*office.replies, *office.refusals}


def test_a_phone_that_began_to_ring_meanwhile_is_seen_ringing() -> None:
    office = Office()
    office.arrives("agent", "bob", leg="in1")
    while "cc-1-l" not in str(list(office.asterisk.world.channels)):
        office.step()
    leg = next(x for x in office.asterisk.world.channels if x != "in1")
    office.settle()
    call = office.only_call()
    fact = s.ChannelFact(leg, up=False, ringing=True, in_app=True)
    office.switch.state.legs[leg] = Leg(leg, LegState.CREATING, "bob", Phone("1002"), call.id)
    here = s.ChannelFact("in1", up=True, ringing=False, in_app=True)
    office.feed(s.AsteriskReconciled((here, fact), (call.bridge,)))
    assert office.switch.legs[leg].state is LegState.RINGING


def test_a_caller_who_arrived_meanwhile_is_taken_in() -> None:
    office = Office()
    office.asterisk.lose_link()
    office.settle()
    office.arrives("agent", "alice", leg="in1")
    office.asterisk.restore_link()
    office.is_calm()
    assert office.agents.activity == {"alice": "ringing"}


def test_channels_and_bridges_of_an_earlier_life_are_cleared_away_and_those_of_others_left_alone() -> None:
    office = Office()
    mine = s.ChannelFact("cc-0-l1", up=True, ringing=False, in_app=True)
    foreign = s.ChannelFact("theirs", up=True, ringing=False, in_app=False)
    assert office.happens(s.AsteriskReconciled((mine, foreign), ("cc-0-b",))) == [
        "HangUp cc-0-l1",
        "DestroyBridge bridge",
    ]


def test_a_bridge_that_is_gone_is_made_anew() -> None:
    office = Office()
    office.served()
    office.asterisk.lose_link()
    office.settle()
    office.asterisk.world.bridges.clear()
    for channel in office.asterisk.world.channels.values():
        channel.bridge = None
    office.asterisk.restore_link()
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_leg_that_was_to_be_hung_up_is_hung_up_again() -> None:
    office = Office()
    office.served()
    office.asterisk.fail_next(lambda x: isinstance(x, e.HangUp))
    office.command(c.Release, "alice", call=office.only_call().id)
    office.asterisk.lose_link()
    office.settle()
    office.asterisk.restore_link()
    office.is_calm()
    assert not office.asterisk.world.channels


def test_a_goodbye_that_was_interrupted_is_not_waited_for() -> None:
    office = Office()
    office.arrives("agent", "nobody", leg="in1")
    office.step()
    assert office.switch.legs["in1"].farewell
    office.asterisk.lose_link()
    office.settle()
    office.asterisk.restore_link()
    office.is_calm()
    assert not office.asterisk.world.channels


def test_a_prompt_that_was_interrupted_gives_way_to_what_was_heard_before() -> None:
    office = Office(ready=())
    office.arrives("group", "support", leg="in1")
    office.settle()
    office.switch.state.legs["in1"] = replace(office.switch.legs["in1"], playing="a")
    office.asterisk.lose_link()
    office.settle()
    office.asterisk.restore_link()
    office.is_calm()
    assert office.music() == {"in1"}


def test_no_deadline_passes_while_asterisk_is_away_and_what_is_due_is_due_after() -> None:
    office = Office()
    _transferring(office)
    office.asterisk.lose_link()
    office.settle()
    office.now += 60.0
    assert office.switch.next_deadline() is None
    assert office.feed(s.TimePassed()) == []
    office.asterisk.restore_link()
    office.settle()
    assert office.switch.next_deadline() is not None
    office.pass_time()
    office.is_calm()
    offer = office.only_call().offer
    assert offer is not None
    assert offer.state is OfferState.NO_ANSWER


@pytest.mark.parametrize(
    ("state", "expected"), [(_served_by_group, OfferState.WAITING), (_transferring, OfferState.UNAVAILABLE)]
)
def test_nobody_can_be_sought_while_asterisk_is_away_and_the_caller_waits_on(
    state: Callable[[Office], None], expected: OfferState
) -> None:
    office = Office()
    state(office)
    office.settle()
    office.asterisk.lose_link()
    office.settle()
    call = office.only_call()
    assert call.offer is not None
    office.feed(s.LegGone(call.offer.attempts[0].leg, 21))
    offer = office.only_call().offer
    assert offer is not None
    assert offer.state in (expected, OfferState.DECLINED)
    office.asterisk.hang_up(call.offer.attempts[0].leg, 21)
    office.asterisk.restore_link()
    office.is_calm()


def test_a_reservation_that_comes_for_a_caller_while_asterisk_is_away_is_given_back_and_requested_again() -> None:
    office = Office()
    office.feed(s.ChannelArrived("in1", "carrier", "group", ("support",)))
    office.asterisk.arrive("in1", "carrier", "group", "support")
    office.feed(s.LinkLost())
    office.asterisk.connected = False
    reserved = office.inbox.popleft()
    office.feed(reserved)
    offer = office.only_call().offer
    assert offer is not None
    assert offer.state is OfferState.WAITING
    assert not office.agents.activity
    office.asterisk.restore_link()
    office.settle()
    office.pass_time()
    office.is_calm()
    assert office.agents.activity == {"alice": "ringing"}


def test_a_new_life_goes_on_where_the_old_one_was_seeking() -> None:
    office = Office()
    office.feed(s.ChannelArrived("in1", "carrier", "group", ("support",)))
    office.asterisk.arrive("in1", "carrier", "group", "support")
    office.restart()
    office.is_calm()
    assert office.agents.activity == {"alice": "ringing"}


def test_an_agent_whom_a_life_that_died_has_left_as_on_call_or_reserved_is_free_again() -> None:
    office = Office()
    office.served()
    office.restart()
    office.agents.activity |= {"bob": "on_call", "carol": "reserved"}  # reported, and the calls were not written
    office.is_calm()
    assert office.agents.activity == {"alice": "on_call"}


def test_a_reservation_whose_answer_is_on_its_way_outlives_the_stock_taking() -> None:
    office = Office()
    office.ask(c.MakeCall, "bob", target=to("agent:carol"))
    office.asterisk.lose_link()
    office.settle()
    office.arrives("agent", "alice", leg="in1")
    office.feed(s.AsteriskReconciled((), ()))
    reported = next(effect for effect in office.effects if isinstance(effect, e.ReconcileAgents))
    assert reported.awaited == tuple(office.switch.state.seeks)
    assert {agent for agent, _, _ in reported.busy} <= {"bob", "carol"}


def test_who_dialled_by_hand_while_the_link_was_away_is_not_given_back_for_a_call_that_is_over() -> None:
    office = Office("alice")
    office.phone("alice", Behaviour.RING)
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    assert office.agents.activity["bob"] == "reserved"
    office.lose_link()
    office.asterisk.hang_up(office.leg_of("alice"))
    office.arrives("dial", "2000", leg="in9", endpoint="1002")
    office.asterisk.restore_link()
    office.is_calm()
    assert office.agents.activity["bob"] == "on_call"


def test_an_availability_that_was_emptied_is_notified_of_every_agent() -> None:
    office = Office()
    office.served()
    reported = office.feed(s.AvailabilityEmptied())
    call = office.only_call()
    assert reported == [e.ReconcileAgents((("alice", "on_call", call.id),))]


def test_what_was_kept_of_calls_that_are_over_is_not_taken_over() -> None:
    office = Office()
    call = office.served()
    office.switch = office._new_switch()
    office.switch.restore([replace(call, ended=True)], [], counter=7)
    assert not office.switch.calls
    assert office.switch.state.counter == 7


def test_numbers_go_on_from_where_they_were_and_never_back() -> None:
    office = Office()
    office.served()
    before = office.switch.state.counter
    office.switch.restore([], [], counter=1)
    assert office.switch.state.counter == before


def test_after_a_restart_the_agents_of_a_call_that_ended_meanwhile_are_free() -> None:
    office = Office()
    office.served()
    office.asterisk.lose_link()
    for leg in list(office.asterisk.world.channels):
        office.asterisk.hang_up(leg)
    office.restart()
    office.is_calm()
    assert not office.agents.activity


@pytest.mark.parametrize("dies", [True, False])
def test_a_phone_that_was_about_to_be_dialled_when_the_controller_was_lost_rings_all_the_same(dies: bool) -> None:
    """Written, and not yet requested: it was believed to ring, and its agent to have let it ring."""
    office = Office()
    office.arrives("agent", "bob", leg="in1")
    while not account.never_dialled(office):
        assert office.step(), "nobody is about to be dialled"
    if dies:
        office.restart()
    else:
        office.lose_link()
        office.asterisk.restore_link()
    office.settle()
    office.picks_up("bob")
    assert office.hears() == hear_each_other("bob", "in1")
    assert not office.agents.missed
    assert not office.wrong()


def test_a_phone_that_was_dialled_and_does_not_ring_yet_is_not_dialled_twice() -> None:
    office = Office()
    office.phone("bob", Behaviour.NEVER)
    office.arrives("agent", "bob", leg="in1")
    office.settle()
    office.restart()
    office.settle()
    dialled = [effect for effect in office.asterisk.executed if isinstance(effect, e.DialLeg)]
    assert len(dialled) == 1
