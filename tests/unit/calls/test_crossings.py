"""Where several things meet: call waiting and transfers, lines that a phone holds itself, recalls, merges (S12-S46)."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import TransferState
from ari_app.testing.asterisk import Behaviour
from tests.support.office import AWAY, NUMBER, Office, hear_each_other
from tests.support.world import to


def _rung_second(office: Office, leg: str = "in2") -> str:
    """A caller who rings dave, who has call waiting and talks; the id of that call."""
    office.now += 1.0
    office.arrives("agent", "dave", leg=leg)
    office.settle()
    return next(x.id for x in office.switch.calls.values() if any(p.leg == leg for p in x.parties.values()))


def _two_lines(office: Office) -> tuple[str, str]:
    """Dave's phone holds its first line by itself and talks on the second."""
    first = office.served("dave", "in1").id
    second = _rung_second(office)
    office.asterisk.press_hold(office.leg_of("dave", first))
    office.settle()
    office.asterisk.answer(office.leg_of("dave", second))
    office.settle()
    return first, second


def _refers(office: Office, leg: str, where: str = "_attended@transfer", other: str | None = None) -> None:
    """Asterisk carries out what the phone's transfer key asks for."""
    assert office.asterisk.refer(leg, where, other)
    office.settle()


# -- somebody who is in the call already ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [c.CompleteTransfer, c.CompleteConference])
def test_one_consulted_who_has_joined_the_contacts_call_meanwhile_is_in_it_once_s21(kind: type[c.CallCommand]) -> None:
    office = Office()
    first = office.served()
    consultation = office.ask(c.InitiateTransfer, "alice", call=first.id, target=to("agent:dave"))
    office.picks_up("dave")
    office.ask(c.SingleStepConference, "alice", call=first.id, target=to("agent:dave"))
    office.ask(c.Answer, "dave", call=first.id)
    office.command(kind, "alice", call=consultation.id)
    office.is_calm()
    talking = {"in1", "dave"} | ({"alice"} if kind is c.CompleteConference else set())
    assert office.hears() == hear_each_other(*talking)


def test_the_transfer_key_to_a_colleague_who_is_in_the_call_rings_nobody_s12() -> None:
    office = Office()
    first = office.served()
    office.ask(c.SingleStepConference, "alice", call=first.id, target=to("agent:dave"))
    office.picks_up("dave")
    _refers(office, office.leg_of("alice"), "1004@default")
    office.is_calm()
    assert office.hears() == hear_each_other("dave", "in1")


def test_two_calls_with_the_same_colleague_are_joined_by_the_transfer_key_and_end_s21() -> None:
    office = Office()
    office.ask(c.MakeCall, "alice", target=to("agent:dave"))
    office.picks_up("alice")
    office.picks_up("dave")
    office.asterisk.arrive("line2", "1001", "dial", "1004")
    office.settle()
    second = next(x for x in office.switch.calls.values() if x.offering() is not None)
    office.ask(c.Answer, "dave", call=second.id)
    _refers(office, "line2", other=office.leg_of("alice"))
    office.is_calm()
    assert not office.switch.calls


def test_who_has_no_phone_any_more_is_sought_once_and_the_caller_hears_so() -> None:
    office = Office()
    office.served("dave", "in1")
    office.agents.away = True
    office.arrives("agent", "dave", leg="in2")
    office.settle()
    office.agents.away = False
    people = office.directory.agents
    office.directory = replace(office.directory, agents={**people, "dave": replace(people["dave"], phone=None)})
    office.feed(s.DirectoryReplaced(office.directory))
    office.pass_time()
    office.settle()
    assert "in2" not in office.switch.legs


def test_a_group_does_not_ring_a_member_who_has_dialled_since_they_were_reserved() -> None:
    office = Office(ready=("dave",))
    office.arrives("group", "sales", leg="in2")
    while not office.inbox:
        assert office.step()
    answer = office.inbox.popleft()
    assert isinstance(answer, s.AgentReserved)
    office.asterisk.arrive("line", "1004", "dial", NUMBER)
    office.settle()
    office.answers_outside()
    office.feed(answer)
    office.settle()
    assert [leg.id for leg in office.switch.legs.values() if leg.agent == "dave"] == ["line"]
    assert "in2" in office.music()


# -- who goes on without whom -----------------------------------------------------------------------------------------


def test_colleagues_go_on_without_one_whose_transfer_key_reached_nobody_s12_s37() -> None:
    office = Office()
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.phone("carol", Behaviour.DECLINE)
    _refers(office, office.leg_of("bob"), "1003@default")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert "bob" not in office.agents.activity


def test_a_phone_is_not_notified_of_success_while_it_talks_in_another_call_s11_s45() -> None:
    office = Office(transfer_progress=True)
    office.served()
    line = office.leg_of("alice")
    office.asterisk.press_transfer(line, "1002")
    office.settle()
    second = office.ask(c.MakeCall, "alice", target=AWAY)
    office.answers_outside()
    office.picks_up("bob")
    reported = [x.state for x in office.asterisk.executed if isinstance(x, e.TellTransfer)]
    assert reported[-1] is TransferState.DECLINED
    assert office.hears() == hear_each_other("bob", "in1") | hear_each_other("alice", office.outside_leg())
    assert second.id in office.switch.calls


@pytest.mark.parametrize(("one", "two"), [(0, 1), (1, 2), (2, 0), (1, 0)])
def test_of_three_calls_an_attended_transfer_joins_those_that_it_names_and_leaves_the_third_s21_s46(
    one: int, two: int
) -> None:
    office = Office()
    first, second = _two_lines(office)
    third = _rung_second(office, "in3")
    office.asterisk.press_hold(office.leg_of("dave", second))
    office.asterisk.answer(office.leg_of("dave", third))
    office.settle()
    lines = [office.leg_of("dave", call) for call in (first, second, third)]
    _refers(office, lines[one], other=lines[two])
    (left,) = {0, 1, 2} - {one, two}
    assert {"in1", "in2", "in3"} <= set(office.asterisk.world.channels)
    joined = hear_each_other(f"in{one + 1}", f"in{two + 1}")
    assert office.hears() == joined | (hear_each_other("dave", "in3") if left == 2 else set())
    assert f"in{left + 1}" in office.music() or left == 2
    office.is_calm()


# -- lines that the phone itself holds --------------------------------------------------------------------------------


def test_a_third_call_is_answered_on_the_line_that_talks_s45() -> None:
    office = Office()
    _first, second = _two_lines(office)
    office.ask(c.ChangeUserData, "dave", call=second, changes={"a": "b"})
    third = _rung_second(office, "in3")
    office.ask(c.Answer, "dave", call=third)
    assert not office.switch.legs[office.leg_of("dave", third)].held_by_phone
    office.is_calm()


def test_the_desktop_retrieves_a_contact_to_the_line_that_talks_s46() -> None:
    office = Office()
    first, _second = _two_lines(office)
    office.ask(c.Retrieve, "dave", call=first)
    assert not office.switch.legs[office.leg_of("dave", first)].held_by_phone
    assert office.hears() == hear_each_other("dave", "in1")
    office.is_calm()


def test_with_all_lines_on_hold_by_the_phone_it_must_resume_one_itself_s46() -> None:
    office = Office()
    first, second = _two_lines(office)
    line = office.leg_of("dave", first)
    office.asterisk.press_hold(office.leg_of("dave", second))
    office.settle()
    assert office.refused(c.Retrieve, "dave", call=first) == "not_allowed_now"
    office.is_calm()
    office.asterisk.press_retrieve(line)
    office.is_calm()
    assert office.seen("dave", first).state == "established"
    assert office.leg_of("dave", first) == line


def test_a_line_shared_with_a_third_call_goes_back_to_that_one_when_two_are_merged_s46() -> None:
    office = Office()
    first = office.served().id
    second = office.ask(c.MakeCall, "alice", target=AWAY).id
    office.answers_outside()
    line = office.leg_of("alice", second)
    office.asterisk.press_hold(line)
    office.settle()
    office.asterisk.arrive("line2", "1001", "dial", "1002")
    office.settle()
    office.picks_up("bob")
    third = next(x for x in office.switch.calls if x not in (first, second))
    office.ask(c.Merge, "alice", call=second, other=third)
    assert office.leg_of("alice", second) == "line2"
    assert office.switch.legs[line].focus == first
    office.asterisk.press_retrieve(line)
    office.is_calm()


# -- holds, prompts, settings -----------------------------------------------------------------------------------------


def test_the_time_of_a_hold_is_that_of_the_contact_and_not_of_a_colleague_before_them_s33() -> None:
    office = Office(max_hold=60.0)
    call = office.served()
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    office.ask(c.HoldParty, "alice", call=call.id, party=office.party(call, "bob").id)
    office.pass_time(58.0)
    office.ask(c.HoldParty, "alice", call=call.id, party=office.party(call, "in1").id)
    office.pass_time(3.0)
    assert not office.held_too_long
    office.pass_time(57.0)
    assert office.held_too_long == [call.id]


def test_a_retrieve_ends_the_reminder_and_the_contact_is_heard_at_once_s13() -> None:
    office = Office(max_hold=10.0)
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.pass_time(10.0)
    assert office.switch.legs[office.leg_of("alice")].playing is not None
    assert office.do(c.Retrieve, "alice", call=call.id) == ["StopMusic in1", "JoinBridge in1", "JoinBridge alice"]
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_the_phones_key_ends_the_reminder_too_s13() -> None:
    office = Office(max_hold=10.0)
    office.served()
    leg = office.leg_of("alice")
    office.asterisk.press_hold(leg)
    office.settle()
    office.pass_time(10.0)
    office.asterisk.press_retrieve(leg)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_new_limits_reach_calls_that_are_up_s21() -> None:
    office = Office()
    call = office.served()
    consultation = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.picks_up("bob")
    settings = replace(office.directory.settings, max_parties=2, max_hold=20.0)
    office.directory = replace(office.directory, settings=settings)
    office.feed(s.DirectoryReplaced(office.directory))
    assert office.refused(c.CompleteConference, "alice", call=consultation.id) == "not_allowed_now"
    office.pass_time(20.0)
    assert office.held_too_long == [call.id]


def test_three_calls_are_notified_of_no_change_by_a_change_of_one() -> None:
    office = Office()
    first = office.served("dave", "in1").id
    for leg in ("in2", "in3"):
        office.ask(c.Answer, "dave", call=_rung_second(office, leg))
    for number, call in enumerate([first, *office.switch.calls, first]):
        office.command(c.ChangeUserData, "dave", call=call, changes={"n": str(number)})
        assert [x.call.id for x in office.effects if isinstance(x, e.CallChanged)] == [call]
        office.settle()


@pytest.mark.parametrize("paused", [False, True])
def test_a_recorded_call_that_joins_another_goes_on_being_recorded_there(paused: bool) -> None:
    office = Office(recording=True)
    first = office.served()
    second = office.ask(c.MakeCall, "alice", target=AWAY)
    office.answers_outside()
    office.ask(c.StartRecording, "alice", call=second.id)
    if paused:
        office.ask(c.PauseRecording, "alice", call=second.id)
    merged = office.ask(c.Merge, "alice", call=first.id)
    assert merged.recording is not None
    assert merged.recording.state == ("paused" if paused else "recording")
    office.is_calm()
