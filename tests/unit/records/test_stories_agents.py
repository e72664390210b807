"""What records say of calls that agents make, transfer, and share."""

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import EndReason
from ari_app.records.model import Outsider
from tests.support.office import AWAY, NUMBER, Office
from tests.support.world import to
from tests.unit.records.stories import consulted, lines, over, passes, recorded, waits


def test_an_agent_calls_outside_and_is_answered() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    passes(office, 2)
    office.picks_up("alice")
    passes(office, 3)
    office.answers_outside()
    passes(office, 4)
    office.do(c.Release, "alice", call=office.only_call().id)
    record = recorded(office)
    assert lines(record) == [
        "alice ring 0-2 answered, agent:alice",
        f"alice ring number:{NUMBER} 2-5 answered, contact",
        f"contact ring number:{NUMBER} for call 2-5 answered, contact",
        "alice talk 5-9 left, agent:alice",
        "contact talk 5-9 over, agent:alice",
    ]
    assert record.contact == Outsider("", NUMBER, anonymous=False)


def test_who_was_called_and_did_not_answer_is_known_yet() -> None:
    office = Office("alice")
    office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    office.hangs_up(office.outside_leg(), 17)
    record = recorded(office)
    assert lines(record) == [
        "alice ring 0-0 answered, agent:alice",
        f"alice ring number:{NUMBER} 0-0 busy, contact",
        f"contact ring number:{NUMBER} for call 0-0 busy, contact",
    ]
    assert (record.outcome, record.contact) == ("unanswered", Outsider("", NUMBER, anonymous=False))


def test_an_agents_own_phone_that_is_not_answered() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    passes(office, office.directory.settings.own_phone_timeout)
    (only,) = lines(recorded(office))
    assert only.startswith("alice ring 0-")
    assert only.endswith("no_answer, system")


def test_a_caller_who_is_put_through_outside_hears_it_ring() -> None:
    office = Office(ready=(), fallback=AWAY)
    waits(office, "agent", "alice")
    passes(office, 2)
    office.answers_outside()
    record = over(office)
    assert lines(record)[1:4] == [
        f"contact ring number:{NUMBER} 0-3 answered, contact",
        f"contact2 ring number:{NUMBER} for call 0-3 answered, contact",
        "contact talk 3-3 left, contact",
    ]


def test_a_caller_who_hangs_up_before_the_number_outside_answers_has_given_up() -> None:
    office = Office(ready=(), fallback=AWAY)
    waits(office, "agent", "alice")
    record = over(office)
    assert lines(record)[1:] == [
        f"contact ring number:{NUMBER} 0-1 abandoned, contact",
        f"contact2 ring number:{NUMBER} for call 0-1 cancelled, contact",
    ]
    assert record.outcome == "abandoned"


# -- transfers, conferences, consultations ----------------------------------------------------------------------------


def test_an_instant_transfer() -> None:
    office = Office()
    call = office.served()
    passes(office, 3)
    office.do(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    passes(office, 2)
    office.picks_up("bob")
    passes(office, 4)
    record = over(office)
    assert lines(record)[2:] == [
        "contact talk 0-3 next",
        "alice talk 0-3 next",
        "contact hold 3-5 next",
        "alice hold 3-5 left, agent:alice",
        "bob ring agent:bob for transfer 3-5 answered, agent:bob",
        "contact talk 5-9 left, contact",
        "bob talk 5-9 over, contact",
    ]
    assert (record.transfers, record.conferences, record.agents) == (1, 0, ("alice", "bob"))


def test_a_transfer_answered_at_the_desktop_has_not_removed_whoever_requested_it() -> None:
    office = Office()
    call = office.served()
    office.do(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.do(c.Answer, "bob", call=call.id)
    office.settle()
    office.picks_up("bob")
    assert "alice hold 0-0 left, agent:alice" in lines(over(office))


def test_a_transfer_that_is_declined_leaves_all_as_it_was() -> None:
    office = Office()
    call = office.served()
    office.do(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.pass_time(1)
    office.hangs_up("bob", 21)
    office.do(c.Release, "alice", call=call.id)
    record = recorded(office)
    assert "bob ring agent:bob for transfer 0-1 declined, agent:bob" in lines(record)
    assert (record.transfers, record.missed_by) == (0, ("bob",))


def test_a_conference_of_three_and_who_is_removed_from_it() -> None:
    office = Office()
    call = office.served()
    office.do(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.picks_up("bob")
    passes(office, 2)
    office.do(c.RemoveParty, "alice", call=call.id, party=office.party(call, "bob").id)
    office.settle()
    passes(office, 1)
    record = over(office)
    assert lines(record)[-3:] == [
        "contact talk 0-3 left, contact",
        "alice talk 0-3 over, contact",
        "bob talk 0-2 removed, agent:alice",
    ]
    assert (record.transfers, record.conferences) == (0, 1)


def test_a_consultation_that_is_completed() -> None:
    office = Office()
    call, private = consulted(office)
    office.do(c.CompleteTransfer, "alice", call=private.id)
    office.settle()
    passes(office, 1)
    office.feed(s.LegGone("in1", 16))
    consultation, record = recorded(office, private), recorded(office, call)
    assert lines(consultation) == [
        "alice ring agent:bob 0-2 answered, agent:bob",
        "bob ring agent:bob for consult 0-2 answered, agent:bob",
        "alice talk 2-5 next",
        "bob talk 2-5 next",
    ]
    assert (consultation.parent, consultation.end_reason, consultation.transfers) == (call.id, EndReason.MERGED, 0)
    assert lines(record)[2:] == [
        "contact talk 0-0 next",
        "alice talk 0-0 next",
        "contact hold 0-5 next",
        "alice hold 0-5 left, agent:alice",
        "contact talk 5-6 left, contact",
        "bob talk 5-6 over, contact",
    ]
    assert (record.transfers, record.conferences) == (1, 0)


def test_a_consultation_that_becomes_a_conference() -> None:
    office = Office()
    call, private = consulted(office)
    office.do(c.CompleteConference, "alice", call=private.id)
    office.settle()
    office.feed(s.LegGone("in1", 16))
    office.settle()
    for agent in ("alice", "bob"):
        office.hangs_up(agent)
    record = recorded(office, call)
    assert (record.transfers, record.conferences) == (0, 1)


def test_a_consultation_completed_while_it_rings_rings_on_in_the_other_call() -> None:
    office = Office()
    call = office.served()
    office.do(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    passes(office, 2)
    (private,) = (x for x in office.switch.calls.values() if x.parent == call.id)
    office.do(c.CompleteTransfer, "alice", call=private.id)
    office.settle()
    passes(office, 1)
    office.picks_up("bob")
    office.feed(s.LegGone("in1", 16))
    assert lines(recorded(office, private)) == [
        "alice ring agent:bob 0-2 next",
        "bob ring agent:bob for consult 0-2 next",
    ]
    record = recorded(office, call)
    assert "bob ring agent:bob for transfer 2-3 answered, agent:bob" in lines(record)
    assert record.transfers == 1
