"""A second call is offered to an agent who talks, where they have call waiting and room for it (S45, S46)."""

from ari_app.calls import commands as c
from ari_app.testing.asterisk import Behaviour
from tests.support.office import AWAY, Office, hear_each_other
from tests.support.world import to

DAVE = to("agent:dave")


def _busy(office: Office) -> str:
    """Dave, who has call waiting, talks to somebody outside."""
    return office.served("dave", "in1").id


def test_a_caller_rings_an_agent_who_talks_and_is_answered_on_a_second_line_s45() -> None:
    office = Office()
    first = _busy(office)
    office.arrives("agent", "dave", leg="in2")
    office.settle()
    assert office.hears() == hear_each_other("dave", "in1")
    assert office.music() == {"in2"}
    second = next(call for call in office.switch.calls if call != first)
    rung = office.leg_of("dave", second)
    office.asterisk.answer(rung)
    office.settle()
    assert office.hears() == hear_each_other("dave", "in2")
    assert office.music() == {"in1", "dave"}  # their first line waits with its contact
    assert office.seen("dave", first).state == "held"
    office.is_calm()
    office.ask(c.Retrieve, "dave", call=first)
    assert office.hears() == hear_each_other("dave", "in1")
    assert office.music() == {"in2", "dave"}
    assert office.agents.activity["dave"] == "on_call"
    office.is_calm()


def test_answered_from_the_desktop_the_phone_goes_on_with_the_line_it_has_s45() -> None:
    office = Office()
    first = _busy(office)
    line = office.leg_of("dave", first)
    office.arrives("agent", "dave", leg="in2")
    office.settle()
    second = next(call for call in office.switch.calls if call != first)
    call = office.ask(c.Answer, "dave", call=second)
    assert call.state == "established"
    assert office.leg_of("dave", second) == line
    assert office.hears() == hear_each_other("dave", "in2")
    assert office.music() == {"in1"}
    office.is_calm()


def test_declined_it_changes_nothing_and_counts_as_no_missed_call_s12() -> None:
    office = Office()
    _busy(office)
    office.phone("dave", Behaviour.DECLINE)
    office.arrives("agent", "dave", leg="in2")
    office.settle()
    assert office.hears() == hear_each_other("dave", "in1")
    office.phone("dave", Behaviour.NO_ANSWER)
    office.arrives("agent", "dave", leg="in3")
    office.settle()
    assert not office.agents.missed
    office.is_calm()


def test_a_transfer_to_them_rings_too_and_joins_them_s11() -> None:
    office = Office()
    first = _busy(office)
    call = office.served("alice", "in2")
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=DAVE)
    office.asterisk.answer(office.leg_of("dave", call.id))
    office.settle()
    assert office.hears() == hear_each_other("dave", "in2")
    assert office.switch.calls[call.id].owner == "dave"
    assert office.seen("dave", first).state == "held"
    office.is_calm()


def test_not_without_call_waiting_nor_beyond_their_most_calls_nor_while_another_rings_s6() -> None:
    office = Office()
    office.served("alice", "in0")
    _busy(office)
    assert office.refused(c.MakeCall, "carol", target=to("agent:alice")) == "no_agent_available"
    office.ask(c.MakeCall, "carol", target=DAVE)
    office.picks_up("carol")
    assert office.refused(c.MakeCall, "bob", target=DAVE) == "no_agent_available"
    office.picks_up("dave")
    office.ask(c.MakeCall, "bob", target=DAVE)
    office.picks_up("bob")
    office.picks_up("dave")
    assert len(office.switch.state.calls_of_agent["dave"]) == 3
    office.arrives("agent", "dave", leg="in9")
    office.settle()
    assert "in9" not in office.switch.legs  # they have heard that nobody is there
    office.is_calm()


def test_a_group_never_rings_somebody_who_talks() -> None:
    office = Office(ready=("dave",))
    _busy(office)
    office.arrives("group", "sales", leg="in2")
    office.settle()
    assert [leg.agent for leg in office.switch.legs.values() if leg.agent] == ["dave"]
    assert office.music() == {"in2"}


def test_one_who_is_not_ready_is_left_in_peace_s6() -> None:
    office = Office(ready=("alice",))
    office.ask(c.MakeCall, "dave", target=AWAY)
    office.picks_up("dave")
    office.answers_outside()
    assert office.refused(c.MakeCall, "alice", target=DAVE) == "no_agent_available"


def test_who_took_a_call_while_the_callers_own_phone_rang_is_sought_anew_s6() -> None:
    office = Office()
    name = office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    office.arrives("dial", "2000", leg="line2", endpoint="1002")
    office.settle()
    office.picks_up("alice")
    assert name in office.replies or name in office.refusals
    office.is_calm()


def test_who_asks_is_shown_the_same_as_what_will_be_done_s6() -> None:
    office = Office()
    assert office.switch.can_be_rung("alice")
    assert office.switch.can_be_rung("nobody")
    _busy(office)
    office.served("alice", "in2")
    assert (office.switch.can_be_rung("dave"), office.switch.can_be_rung("alice")) == (True, False)
    office.arrives("agent", "dave", leg="in3")
    office.settle()
    assert not office.switch.can_be_rung("dave")  # one more already rings
