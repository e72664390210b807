"""Mute and deafen when agents leave: what somebody has set ends with the last agent who has seen it (S30, S31)."""

import pytest

from ari_app.calls import commands as c
from ari_app.routing.directory import Role
from tests.support.office import Office, hear_each_other
from tests.support.world import to
from tests.unit.calls.supervised import monitor


def _muted(office: Office, call: str, by: str, role: Role = Role.AGENT) -> None:
    contact = office.party(office.switch.calls[call], "in1").id
    for kind in (c.MuteParty, c.DeafenParty):
        office.ask(kind, by, call=call, party=contact, role=role)


def test_who_takes_the_contact_over_hears_and_is_heard_s11_s30_s31() -> None:
    office = Office("bob")
    call = office.served().id
    _muted(office, call, "alice")
    office.ask(c.SingleStepTransfer, "alice", call=call, target=to("agent:bob"))
    assert office.hears() == hear_each_other("bob", "in1")
    office.is_calm()


def test_what_was_muted_in_a_consultation_ends_with_it_and_what_one_did_oneself_stays_s21_s31() -> None:
    office = Office("bob")
    call = office.served().id
    private = office.ask(c.InitiateTransfer, "alice", call=call, target=to("agent:bob")).id
    bob = office.party(office.switch.calls[private], "bob").id
    office.ask(c.MuteParty, "alice", call=private, party=bob)
    office.ask(c.DeafenParty, "bob", call=private, party=bob)
    office.ask(c.CompleteTransfer, "alice", call=private)
    assert office.hears() == {("in1", "bob")}
    office.is_calm()


def test_a_colleague_who_stays_can_undo_it_and_when_they_go_it_ends_s31_s37() -> None:
    office = Office("bob", "carol")
    call = office.served().id
    office.ask(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    _muted(office, call, "alice")
    office.ask(c.Release, "alice", call=call)
    assert office.hears() == set()
    assert "unmute" in next(p for p in office.seen("bob", call).parties if p.role == "contact").actions
    office.ask(c.SingleStepTransfer, "bob", call=call, target=to("agent:carol"))
    assert office.hears() == hear_each_other("carol", "in1")
    office.is_calm()


@pytest.mark.parametrize("monitors", [False, True])
def test_what_a_supervisor_has_set_from_outside_ends_with_the_last_agent_who_has_seen_it_s31(monitors: bool) -> None:
    office = Office("bob", "carol", "erin")
    call = office.served().id
    if monitors:
        assert monitor(office, office.only_call()) in office.replies
    _muted(office, call, "erin", Role.SUPERVISOR)
    office.ask(c.SingleStepConference, "alice", call=call, target=to("agent:bob"))
    office.ask(c.Release, "alice", call=call)
    assert ("bob", "in1") not in office.hears()
    assert office.party(office.switch.calls[call], "in1").muted
    office.ask(c.SingleStepTransfer, "bob", call=call, target=to("agent:carol"))
    assert office.hears() >= hear_each_other("carol", "in1")
    office.is_calm()


def test_a_caller_whom_a_supervisor_has_muted_while_they_waited_is_heard_by_who_answers_s30_s31() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    _muted(office, office.only_call().id, "olga", Role.SUPERVISOR)
    assert office.party(office.only_call(), "in1").deaf
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


def test_a_supervisor_who_takes_over_whom_they_have_muted_knows_and_keeps_it_s31() -> None:
    office = Office("erin")
    call = office.served().id
    _muted(office, call, "erin", Role.SUPERVISOR)
    office.command(c.TakeOver, "erin", role=Role.SUPERVISOR, call=call)
    office.settle()
    assert office.hears() == set()
    assert "unmute" in next(p for p in office.seen("erin", call).parties if p.role == "contact").actions
    office.is_calm()


def test_who_answers_from_another_call_hears_and_is_heard_s11_s31() -> None:
    office = Office()
    own = office.served("dave", leg="in2").id
    call = office.served("alice", leg="in1").id
    _muted(office, call, "alice")
    office.ask(c.SingleStepTransfer, "alice", call=call, target=to("agent:dave"))
    office.ask(c.Answer, "dave", call=call)
    assert office.hears() == hear_each_other("dave", "in1")
    assert own in office.switch.calls
    office.is_calm()
