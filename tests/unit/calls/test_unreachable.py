"""An agent's own phone that cannot be rung: commands that need it are refused, and nothing has changed."""

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.testing.asterisk import Behaviour
from tests.support.office import AWAY, Office
from tests.support.world import to

UNREACHABLE = "phone_unreachable"


def _unplugged(*agents: str) -> Office:
    office = Office()
    for agent in agents:
        office.plug(agent, there=False)
    office.settle()
    return office


def _kept(office: Office) -> str:
    call = office.served()
    office.ask(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    return call.id


def test_no_call_begins_from_a_phone_that_is_registered_nowhere_s40() -> None:
    office = _unplugged("alice")
    assert office.refused(c.MakeCall, "alice", target=AWAY) == UNREACHABLE
    assert not office.switch.calls
    assert not office.requests()


def test_nobody_is_reserved_for_a_phone_that_is_registered_nowhere_s40() -> None:
    office = _unplugged("alice")
    assert office.refused(c.MakeCall, "alice", target=to("agent:bob")) == UNREACHABLE
    assert not office.agents.activity


def test_a_phone_that_went_while_somebody_was_reserved_gives_them_back_s40() -> None:
    office = Office()
    name = office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.feed(s.PhoneReachable("1001", False))
    office.settle()
    assert office.refusals[name].code.value == UNREACHABLE
    assert not office.agents.activity


def test_a_phone_that_is_back_may_call_s40() -> None:
    office = _unplugged("alice")
    office.plug("alice", there=True)
    office.settle()
    office.ask(c.MakeCall, "alice", target=AWAY)
    office.answers_outside()
    office.is_calm()


def test_a_phone_that_talks_may_call_on_though_its_registration_has_run_out_s45() -> None:
    office = Office()
    office.served()
    office.feed(s.PhoneReachable("1001", False))
    office.ask(c.MakeCall, "alice", target=AWAY)
    office.is_calm()


def test_a_phone_that_never_rang_refuses_the_call_when_its_time_is_over_s40() -> None:
    office = Office()
    office.asterisk.fail_next(lambda effect: isinstance(effect, e.DialLeg), carried_out=True)
    name = office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    assert office.refusals[name].code.value == UNREACHABLE
    assert not office.switch.calls


def test_a_phone_that_is_silent_refuses_the_call_when_its_time_is_over_s40() -> None:
    office = Office()
    office.phone("bob", Behaviour.NEVER)
    other = office.command(c.MakeCall, "bob", target=AWAY)
    office.settle()
    office.now += 1.0
    name = office.command(c.MakeCall, "alice", target=AWAY)
    office.step("effects:" + office.leg_of("alice"))
    office.pass_time()
    assert office.refusals[other].code.value == UNREACHABLE
    assert name not in office.refusals
    office.pass_time()
    assert office.refusals[name].code.value == UNREACHABLE
    office.is_calm()
    assert not office.switch.calls


def test_a_phone_that_fails_refuses_what_waits_for_it_and_nobody_elses_call_s40() -> None:
    office = Office()
    first = office.command(c.MakeCall, "alice", target=AWAY)
    office.step("effects:" + office.leg_of("alice"))
    second = office.command(c.MakeCall, "bob", target=AWAY)
    office.step("effects:" + office.leg_of("bob"))
    office.hangs_up("alice")
    assert office.refusals[first].code.value == UNREACHABLE
    assert second not in office.refusals
    assert office.leg_of("bob")


def test_the_contact_stays_on_hold_when_retrieved_to_a_phone_that_is_registered_nowhere_s13() -> None:
    office = Office()
    call = _kept(office)
    office.plug("alice", there=False)
    office.settle()
    assert office.refused(c.Retrieve, "alice", call=call) == UNREACHABLE
    assert office.music() == {"in1"}
    office.is_calm()


@pytest.mark.parametrize("cause", [17, 19, 20])
def test_the_contact_stays_on_hold_when_the_phone_is_rung_for_it_in_vain_s13(cause: int) -> None:
    office = Office()
    call = _kept(office)
    name = office.command(c.Retrieve, "alice", call=call)
    office.settle()
    office.hangs_up("alice", cause)
    assert office.refusals[name].code.value == UNREACHABLE
    assert office.music() == {"in1"}
    assert office.seen("alice").state == "held"
    assert office.switch.next_deadline() == office.now + office.directory.settings.recall
    office.is_calm()


def test_an_answer_from_the_desktop_leaves_a_phone_ringing_that_cannot_be_rung_anew() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    office.feed(s.PhoneReachable("1001", False))
    call = office.only_call()
    assert office.refused(c.Answer, "alice", call=call.id) == UNREACHABLE
    office.picks_up("alice")
    assert office.seen("alice").state == "established"
    office.is_calm()


def test_whose_own_phone_fails_is_notified_and_nobody_else_who_waits_for_theirs() -> None:
    office = Office()
    mine = office.command(c.MakeCall, "alice", target=AWAY)
    theirs = office.command(c.MakeCall, "bob", target=AWAY)
    office.feed(s.LegGone(office.leg_of("alice"), 19))
    assert office.refusals[mine].code.value == UNREACHABLE
    assert theirs not in office.refusals
