"""What is kept of a call that is over."""

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import CallType, EndReason
from ari_app.records.model import CallRecord as Record
from ari_app.records.model import Outsider
from ari_app.records.projector import record_of
from tests.support.office import Office
from tests.support.world import to
from tests.unit.calls.test_times import ended


def test_a_call_that_was_answered() -> None:
    office = Office()
    office.arrives("agent", "alice", leg="in1")
    office.settle()
    office.pass_time(2)
    office.picks_up("alice")
    call = office.only_call()
    assert record_of(call) is None
    office.pass_time(5)
    office.do(c.Release, "alice", call=call.id)
    record = record_of(ended(office))
    assert record is not None
    began, answered = call.started_at, call.answered_at
    assert answered is not None
    assert began < answered < office.now
    outside = Outsider(call.joined()[0].identity.name, call.joined()[0].identity.number, anonymous=False)
    assert record == Record(
        call.id,
        CallType.INBOUND,
        "answered",
        began,
        answered,
        office.now,
        "agent:alice",
        EndReason.HANGUP,
        None,
        None,
        None,
        outside,
        ("alice",),
        (),
    )


def test_who_was_rung_and_did_not_answer_has_missed_it() -> None:
    office = Office(ready=("alice", "bob"))
    office.arrives("group", "support", leg="in1")
    office.settle()
    (call,) = office.switch.calls.values()
    first = call.rung
    assert len(first) == 1
    office.pass_time()
    office.settle()
    (call,) = office.switch.calls.values()
    assert set(call.rung) == {"alice", "bob"}
    office.feed(s.LegGone("in1", 16))
    record = record_of(ended(office))
    assert record is not None
    assert (record.outcome, record.agents, record.missed_by) == ("abandoned", (), call.rung)


def test_a_call_that_nobody_answered_and_that_has_nobody_outside() -> None:
    office = Office("alice")
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    (call,) = office.switch.calls.values()
    office.do(c.Release, "alice", call=call.id)
    record = record_of(ended(office))
    assert record is not None
    assert (record.outcome, record.agents, record.missed_by, record.contact) == (
        "unanswered",
        ("alice",),
        ("bob",),
        None,
    )
