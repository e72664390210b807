"""Supervisors at a call that is not theirs: how it begins, what is heard, who is notified."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.errors import CallControlError
from ari_app.routing.directory import Monitoring, Role
from ari_app.testing.asterisk import Behaviour
from tests.support.callcentre import directory
from tests.support.office import NUMBER, Office
from tests.support.world import to
from tests.unit.calls.supervised import (
    LISTEN,
    OVERHEARD,
    TALK,
    WHISPER,
    WHISPERED,
    code,
    monitor,
    monitored,
    take_over,
)

# -- beginning --------------------------------------------------------------------------------------------------------


def test_the_phone_answers_by_itself_in_a_bridge_of_its_own_and_the_calls_is_not_touched() -> None:
    office = Office("erin")
    call = office.served()
    assert office.do(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=LISTEN) == ["CreateLeg erin"]
    requested = next(x for x in office.effects if isinstance(x, e.CreateLeg))
    assert requested.auto_answer
    assert requested.identity.name == "Alice"
    reported = []
    while office.step():
        reported += office.requests()
    assert [x for x in reported if "erin" in x or "bridge" in x] == [
        "CreateBridge bridge",
        "JoinBridge erin",
        "DialLeg erin",
    ]
    snoop = office.switch.calls[call.id].monitors["erin"].snoop
    assert snoop is not None
    assert [x for x in reported if snoop.leg in x] == [f"CreateSnoop {snoop.leg}", f"JoinBridge {snoop.leg}"]
    assert not [x for x in reported if "alice" in x or "in1" in x]
    assert office.hears() == OVERHEARD
    office.is_calm()


@pytest.mark.parametrize("first", ["answers:", "events:"])
def test_it_is_answered_when_the_supervisor_hears(first: str) -> None:
    office = Office()
    call = office.served()
    name = monitor(office, call)
    assert name not in office.replies
    office.asterisk.answer(office.switch.calls[call.id].monitors["erin"].leg)
    while name not in office.replies:
        lanes = office.asterisk.pending()
        office.step(next((lane for lane in lanes if lane.startswith(first)), lanes[0]))
    assert office.hears() == OVERHEARD


@pytest.mark.parametrize("how", ["declined", "time-out", "unreachable"])
def test_a_phone_that_is_not_answered_refuses_the_command_and_leaves_the_call_alone(how: str) -> None:
    office = Office()
    call = office.served()
    if how == "unreachable":
        office.phone("erin", Behaviour.UNREACHABLE)
    name = monitor(office, call)
    if how == "declined":
        office.hangs_up("erin", 21)
    elif how == "time-out":
        assert office.seen("erin", call.id).monitors[0].state == "ringing"
        office.pass_time()
        office.settle()
    assert code(office, name) == "not_allowed_now"
    assert office.seen("erin", call.id).monitors == ()
    assert office.hears() == TALK
    office.is_calm()


@pytest.mark.parametrize("kind", [c.MonitorCall, c.TakeOver])
def test_nobody_is_watched_from_a_phone_that_is_registered_nowhere(kind: type[c.CallCommand]) -> None:
    office = Office()
    call = office.served()
    office.plug("erin", there=False)
    office.settle()
    fields = {"mode": LISTEN} if kind is c.MonitorCall else {}
    refused = office.refused(kind, "erin", call=call.id, role=Role.SUPERVISOR, **fields)
    assert refused == "phone_unreachable"
    assert office.seen("erin", call.id).monitors == ()
    office.is_calm()


def test_of_two_whose_phones_ring_one_declines_and_the_other_hears() -> None:
    office = Office()
    call = office.served()
    erins, oscars = monitor(office, call), monitor(office, call, by="oscar")
    office.hangs_up("erin", 21)
    assert code(office, erins) == "not_allowed_now"
    assert oscars not in office.refusals
    office.picks_up("oscar")
    assert oscars in office.replies
    assert office.hears() == TALK | {("oscar", "alice"), ("oscar", "in1")}


def test_of_two_whose_phones_ring_only_the_one_that_rang_too_long_is_given_up() -> None:
    office = Office("erin")
    call = office.served()
    monitor(office, call)
    name = monitor(office, call, by="oscar")
    office.pass_time()
    office.settle()
    assert code(office, name) == "not_allowed_now"
    assert set(office.switch.calls[call.id].monitors) == {"erin"}
    office.is_calm()


def test_once_the_phone_is_up_no_time_ends_it() -> None:
    office, _call = monitored()
    office.pass_time(3_600)
    office.settle()
    assert office.hears() == OVERHEARD
    assert office.switch.next_deadline() is None


def test_a_refused_command_says_why() -> None:
    office = Office("erin", monitoring=Monitoring(enabled=False))
    call = office.served()
    by_agent = office.command(c.MonitorCall, "alice", call=call.id, mode=LISTEN)
    assert code(office, by_agent) == "forbidden"
    stranger = office.command(c.MonitorCall, "bob", call=call.id, mode=LISTEN)
    assert code(office, stranger) == "not_found"
    assert code(office, monitor(office, call)) == "feature_disabled"
    assert code(office, take_over(office, call)) == "feature_disabled"
    assert not {"monitor", "take_over"} & set(office.actions("erin", call))


def test_switched_off_meanwhile_it_can_still_be_stopped() -> None:
    office, call = monitored()
    office.directory = directory(monitoring=Monitoring(enabled=False))
    office.feed(s.DirectoryReplaced(office.directory))
    assert office.hears() == OVERHEARD
    assert code(office, monitor(office, call, WHISPER)) == "feature_disabled"
    assert "stop_monitoring" in office.actions("erin", call)
    office.ask(c.StopMonitoring, "erin", role=Role.SUPERVISOR, call=call.id)
    assert office.hears() == TALK
    office.is_calm()


def test_whom_to_hear_must_be_an_agent_who_is_there() -> None:
    office = Office("erin")
    call = office.served()
    assert code(office, monitor(office, call, party="nobody")) == "not_found"
    assert code(office, monitor(office, call, party=office.party(call, "in1").id)) == "not_allowed_now"
    assert office.hears() == TALK


def test_there_must_be_an_agent_to_hear_and_a_phone_to_hear_by() -> None:
    office = Office("erin")
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    call = office.only_call()
    assert code(office, monitor(office, call)) == "not_allowed_now"
    office.picks_up("alice")
    assert code(office, monitor(office, call, by="olga")) == "not_allowed_now"
    assert {"monitor", "take_over"} <= set(office.actions("erin", call))
    assert not {"monitor", "take_over"} & set(office.actions("olga", call))


def test_an_agent_alone_cannot_be_taken_the_call_of() -> None:
    office = Office("alice", "erin")
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    call = office.only_call()
    assert "take_over" not in office.actions("erin", call)
    assert "monitor" in office.actions("erin", call)


# -- one thing at a time ----------------------------------------------------------------------------------------------


def test_who_has_a_call_may_not_monitor_and_who_monitors_may_not_call() -> None:
    office = Office("erin")
    first, second = office.served(), office.served("bob", "in2")
    monitor(office, first)
    assert code(office, monitor(office, second)) == "not_allowed_now"
    assert "monitor" not in office.actions("erin", second)
    assert office.refused(c.MakeCall, "erin", target=to("agent:carol")) == "not_allowed_now"
    office.ask(c.StopMonitoring, "erin", role=Role.SUPERVISOR, call=first.id)
    assert "erin" not in office.switch.state.calls_of_agent
    assert set(office.switch.state.calls_of_leg) == set(office.switch.legs)
    office.command(c.MakeCall, "erin", target=to("agent:carol"))
    office.settle()
    assert code(office, monitor(office, second)) == "not_allowed_now"
    assert "take_over" not in office.actions("erin", second)
    office.is_calm()


def test_who_monitors_is_not_rung_for_another_call() -> None:
    office, _call = monitored()
    assert office.agents.activity["erin"] == "on_call"
    office.agents.idle.append("erin")
    assert office.refused(c.MakeCall, "bob", target=to("agent:erin")) == "no_agent_available"


def test_a_reservation_that_comes_while_they_monitor_is_given_back() -> None:
    office, _call = monitored()
    request = office.command(c.MakeCall, "bob", target=to("agent:dave"))
    (seek,) = office.switch.state.seeks
    office.inbox.clear()
    effects = office.feed(s.AgentReserved(seek, "erin"))
    assert not [x for x in effects if isinstance(x, e.SetActivity)]
    assert code(office, request) == "no_agent_available"
    assert office.agents.activity["erin"] == "on_call"


def test_a_caller_for_whom_a_supervisor_was_reserved_goes_to_the_next() -> None:
    office, _call = monitored()
    office.arrives("group", "support", leg="in2")
    while not office.switch.state.seeks:
        assert office.step()
    office.inbox.clear()
    del office.agents.activity["bob"]
    (seek,) = office.switch.state.seeks
    office.feed(s.AgentReserved(seek, "erin"))
    office.settle()
    assert [leg.agent for leg in office.switch.legs.values() if leg.agent] == ["alice", "erin", "bob"]
    office.is_calm()


def test_who_is_reserved_and_begins_to_monitor_is_not_rung_on_top() -> None:
    office = Office("erin", ready=("alice", "bob", "erin"))
    call = office.served()
    office.command(c.MakeCall, "bob", target=to("agent:erin"))
    office.settle()
    assert office.agents.activity["erin"] == "reserved"
    monitor(office, call)
    office.picks_up("bob")
    assert office.agents.activity == {"alice": "on_call", "erin": "on_call"}
    assert office.hears() == OVERHEARD
    office.is_calm()


def test_who_dials_by_hand_listens_no_longer() -> None:
    office, call = monitored()
    office.asterisk.arrive("byhand", "1010", "dial", "1002")
    office.settle()
    assert office.switch.calls[call.id].monitors == {}
    assert [one.owner for one in office.switch.calls.values()] == ["alice", "erin"]
    office.is_calm()


def test_who_only_listened_has_no_call_to_wrap_up() -> None:
    office, call = monitored()
    group = replace(office.directory.groups["support"], wrap_up=30.0)
    erin = replace(office.directory.agents["erin"], groups=("support",))
    agents, groups = {**office.directory.agents, "erin": erin}, {**office.directory.groups, "support": group}
    office.feed(s.DirectoryReplaced(replace(office.directory, agents=agents, groups=groups)))
    listened = office.feed(s.LegGone(office.switch.calls[call.id].monitors["erin"].leg))
    assert [(x.agent, x.wrap_up) for x in listened if isinstance(x, e.SetActivity)] == [("erin", 0.0)]
    talked = office.feed(s.LegGone(office.leg_of("alice")))
    assert [(x.agent, x.wrap_up) for x in talked if isinstance(x, e.SetActivity)] == [("alice", 30.0)]


def test_two_supervisors_at_one_call_do_not_hear_each_other() -> None:
    office, call = monitored(WHISPER)
    monitor(office, call, WHISPER, by="oscar")
    assert office.hears() == WHISPERED | {("oscar", "alice"), ("oscar", "in1"), ("alice", "oscar")}
    office.hangs_up("erin")
    assert [m.agent for m in office.seen("oscar", call.id).monitors] == ["oscar"]
    office.is_calm()


# -- who is notified -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reported", [True, False])
def test_agents_see_who_is_there_only_where_they_are_notified(reported: bool) -> None:
    office = Office("erin", monitoring=Monitoring(enabled=True, agents_told=reported))
    call = office.served()
    before = office.seen("alice", call.id)
    monitor(office, call)
    assert (office.seen("alice", call.id) == before) is not reported
    assert [(m.agent, m.you) for m in office.seen("alice", call.id).monitors] == ([("erin", False)] if reported else [])
    assert [(m.agent, m.you) for m in office.seen("erin", call.id).monitors] == [("erin", True)]
    assert [(m.agent, m.you) for m in office.seen("oscar", call.id).monitors] == [("erin", False)]


def test_the_displays_of_those_who_talk_tell_nothing() -> None:
    office = Office("erin")
    call = office.served()
    for mode in (LISTEN, WHISPER):
        monitor(office, call, mode)
    shown = [x for x in office.asterisk.executed if isinstance(x, e.ShowIdentity)]
    assert not [x for x in shown if x.identity.name == "Erin"]


def test_an_outside_number_is_never_listened_to_itself() -> None:
    office = Office("erin", "alice")
    office.command(c.MakeCall, "alice", target=to(f"number:{NUMBER}"))
    office.answers_outside()
    call = office.only_call()
    monitor(office, call, WHISPER)
    outside = office.outside_leg()
    assert office.hears() == {(a, b) for a, b in office.hears() if a != outside or b != "erin"}
    assert ("erin", outside) in office.hears()


def test_errors_are_refusals_with_a_code() -> None:
    office = Office()
    call = office.served()
    with pytest.raises(CallControlError):
        office.ask(c.StopMonitoring, "erin", role=Role.SUPERVISOR, call=call.id)
