"""Consultations of agents who have other calls beside: who speaks where when it is completed (S21, S45, S46)."""

import pytest

from ari_app.calls import commands as c
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to


def _third_call_beside() -> tuple[Office, str, str]:
    """Alice has bob on hold, a contact on hold, and consults carol about them."""
    office = Office("alice", "bob", "carol")
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    call = office.ask(c.MakeCall, "alice", target=AWAY)
    office.answers_outside()
    consult = office.ask(c.InitiateTransfer, "alice", call=call.id, target=to("agent:carol"))
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "carol")
    return office, call.id, consult.id


def test_who_completes_a_conference_speaks_in_it_also_with_an_older_call_on_hold_s21_s46() -> None:
    office, call, consult = _third_call_beside()
    contact = office.outside_leg()
    office.ask(c.CompleteConference, "alice", call=consult)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "carol", contact)
    assert office.music() == {"bob"}
    assert office.seen("alice", call).state == "established"


def test_who_completes_a_transfer_is_left_with_the_older_call_on_hold_s21_s46() -> None:
    office, _call, consult = _third_call_beside()
    contact = office.outside_leg()
    office.ask(c.CompleteTransfer, "alice", call=consult)
    office.is_calm()
    assert office.hears() == hear_each_other("carol", contact)
    assert office.music() == {"bob"}


@pytest.mark.parametrize("kind", [c.Reconnect, c.Alternate])
def test_who_goes_back_to_the_contact_leaves_the_older_call_on_hold_s21_s46(kind: type[c.CallCommand]) -> None:
    office, _call, consult = _third_call_beside()
    office.ask(kind, "alice", call=consult)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", office.outside_leg())
    assert "bob" in office.music()


def test_a_consultation_given_up_from_a_third_call_leads_back_to_the_contact_s21_s46() -> None:
    office = Office("bob", "dave")
    first = office.served()
    consult = office.ask(c.InitiateTransfer, "alice", call=first.id, target=to("agent:bob"))
    third = office.ask(c.MakeCall, "alice", target=to("agent:dave"))
    office.ask(c.Reconnect, "alice", call=consult.id)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.music() == {"dave"}
    assert office.seen("alice", third.id).state == "held"


def _consulted_elsewhere() -> tuple[Office, str, str]:
    """Alice consults bob, who has put them on hold to talk with dave."""
    office = Office("bob", "dave")
    first = office.served()
    consult = office.ask(c.InitiateTransfer, "alice", call=first.id, target=to("agent:bob"))
    office.ask(c.MakeCall, "bob", target=to("agent:dave"))
    assert office.music() == {"alice", "in1"}
    return office, first.id, consult.id


def test_a_contact_passed_on_to_one_who_talks_elsewhere_waits_on_hold_for_them_s21_s45() -> None:
    office, call, consult = _consulted_elsewhere()
    office.ask(c.CompleteTransfer, "alice", call=consult)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "dave")
    assert office.music() == {"in1"}
    assert (office.switch.calls[call].owner, office.seen("bob", call).state) == ("bob", "held")
    office.ask(c.Retrieve, "bob", call=call)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "in1")
    assert office.music() == {"dave"}


def test_a_contact_who_waits_on_hold_for_one_consulted_is_kept_when_that_one_hangs_up_s13_s21() -> None:
    office, call, consult = _consulted_elsewhere()
    office.ask(c.CompleteTransfer, "alice", call=consult)
    office.hangs_up("bob")
    office.is_calm()
    assert list(office.switch.calls) == [call]
    assert office.music() == {"in1"}


def test_a_conference_goes_on_without_one_consulted_who_talks_elsewhere_s21_s45() -> None:
    office, call, consult = _consulted_elsewhere()
    office.ask(c.CompleteConference, "alice", call=consult)
    office.is_calm()
    assert office.hears() == hear_each_other("bob", "dave") | hear_each_other("alice", "in1")
    office.ask(c.Retrieve, "bob", call=call)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "bob", "in1")
    assert office.music() == {"dave"}
