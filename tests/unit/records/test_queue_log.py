"""Facts as lines of queue_log, field for field as app_queue of Asterisk 22 writes them."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import CallType, EndReason, OfferKind, PartyRole
from ari_app.records.model import AgentStateRecord, CallRecord, Segment, SegmentEnd, SegmentKind
from ari_app.records.queue_log import Line, lines_of_call, lines_of_state
from tests.support.office import Office
from tests.support.world import to
from tests.unit.records.stories import consulted, over, passes, recorded, waits


def written(record: CallRecord) -> list[str]:
    """Its lines, without the time, and without ids that are counted up."""
    names = {record.id: "CALL"} | {x.party: x.agent for x in record.segments if x.agent is not None}
    found = []
    for line in lines_of_call(record):
        fields = str(line).split("|")
        assert int(fields[0]) == int(line.at)
        found.append("|".join(names.get(field, field) for field in fields[1:]))
    return found


def queued(office: Office) -> None:
    waits(office, "queue", "help")


def test_who_was_served_and_hung_up() -> None:
    office = Office(ready=("alice",))
    queued(office)
    passes(office, 4)
    office.picks_up("alice")
    passes(office, 30)
    assert written(over(office)) == [
        "CALL|help|NONE|ENTERQUEUE||+33612345678|1",
        "CALL|help|alice|CONNECT|5|alice|5",
        "CALL|help|alice|COMPLETECALLER|5|30|1",
    ]


def test_whose_agent_hung_up() -> None:
    office = Office(ready=("alice",))
    queued(office)
    office.picks_up("alice")
    passes(office, 3)
    office.hangs_up("alice")
    assert written(recorded(office))[-1] == "CALL|help|alice|COMPLETEAGENT|1|3|1"


def test_who_gave_up_while_a_phone_rang_that_had_declined_before() -> None:
    office = Office(ready=("alice", "bob"))
    queued(office)
    first = office.only_call().rung[0]
    office.hangs_up(first, 21)
    passes(office, 2)
    record = over(office)
    second = next(agent for agent in record.missed_by if agent != first)
    assert written(record)[1:] == [
        f"CALL|help|{first}|RINGNOANSWER|1000",
        f"CALL|help|{second}|RINGCANCELED|2000",
        "CALL|help|NONE|ABANDON|1|1|3",
    ]


def test_who_waited_too_long_and_went_to_a_group() -> None:
    office = Office(ready=())
    queued(office)
    passes(office, 29)
    passes(office, 2)
    assert written(over(office)) == [
        "CALL|help|NONE|ENTERQUEUE||+33612345678|1",
        "CALL|help|NONE|EXITWITHTIMEOUT|1|1|30",
        "CALL|group:sales|NONE|ENTERQUEUE||+33612345678|1",
        "CALL|group:sales|NONE|ABANDON|1|1|2",
    ]


def test_who_was_passed_on_at_once() -> None:
    office = Office(ready=("alice", "dave"))
    queued(office)
    office.picks_up("alice")
    passes(office, 3)
    office.do(c.SingleStepTransfer, "alice", call=office.only_call().id, target=to("agent:dave"))
    office.settle()
    passes(office, 2)
    office.picks_up("dave")
    record = over(office)
    first = record.agents[0]
    assert written(record)[-1] == f"CALL|help|{first}|BLINDTRANSFER|dave|agent|1|5|1"


def test_who_was_passed_on_after_a_consultation() -> None:
    office = Office()
    call, consultation = consulted(office)
    office.do(c.CompleteTransfer, "alice", call=consultation.id)
    office.settle()
    office.feed(s.LegGone("in1", 16))
    assert lines_of_call(recorded(office, call)) == []  # they came for Alice, and waited in no queue
    record = recorded(office, call)
    queue = tuple(replace(x, target="queue:help" if x.target else None) for x in record.segments)
    assert written(replace(record, segments=queue))[-1] == "CALL|help|alice|ATTENDEDTRANSFER|BRIDGE|CALL|0|5|1"


@pytest.mark.parametrize(
    ("end", "last"),
    [
        (SegmentEnd.KEY, "EXITWITHKEY||2|3|9"),
        (SegmentEnd.NOBODY, "EXITEMPTY|2|3|9"),
        (SegmentEnd.CALLBACK, "WITHDRAW|2|3|9|callback"),
        (SegmentEnd.OVER, "ABANDON|2|3|9"),
        (SegmentEnd.LOST, "ABANDON|2|3|9"),
    ],
)
def test_how_else_a_wait_ends(end: SegmentEnd, last: str) -> None:
    wait = Segment("p1", PartyRole.CONTACT, SegmentKind.QUEUE, 1.0, 10.0, end, target="queue:help")
    wait = replace(wait, position=3, last_position=2)
    record = CallRecord("c|1", CallType.INBOUND, "unanswered", 1.0, None, 10.0, "system", EndReason.CANCELLED)
    assert [str(line) for line in lines_of_call(replace(record, segments=(wait,)))] == [
        "1|c 1|help|NONE|ENTERQUEUE|||3",
        f"10|c 1|help|NONE|{last}",
    ]


def test_an_answer_of_which_nothing_more_is_known_is_entered_and_no_more() -> None:
    wait = Segment("p1", PartyRole.CONTACT, SegmentKind.QUEUE, 1.0, 2.0, SegmentEnd.ANSWERED, target="queue:help")
    ring = Segment("p2", PartyRole.AGENT, SegmentKind.RING, 1.0, 2.0, SegmentEnd.ELSEWHERE, None, "bob", "queue:help")
    ring = replace(ring, offer=OfferKind.CALL)
    record = CallRecord("c1", CallType.INBOUND, "answered", 1.0, 2.0, 2.0, "system", EndReason.FAULT)
    lines = [line.event for line in lines_of_call(replace(record, segments=(wait, ring)))]
    assert lines == ["ENTERQUEUE"]


def test_agents_come_pause_go_on_and_go() -> None:
    def state(name: str, reason: str | None = None) -> list[str]:
        record = AgentStateRecord("alice", name, reason, 5.5, 9.0)
        return [str(line) for line in lines_of_state(record, ["help", "sales"])]

    assert state("not_ready", "lunch") == [
        "5|NONE|NONE|alice|PAUSEALL|lunch",
        "5|NONE|help|alice|PAUSE|lunch",
        "5|NONE|sales|alice|PAUSE|lunch",
        "9|NONE|NONE|alice|UNPAUSEALL|",
        "9|NONE|help|alice|UNPAUSE|",
        "9|NONE|sales|alice|UNPAUSE|",
    ]
    assert state("not_ready")[0] == "5|NONE|NONE|alice|PAUSEALL|"
    assert state("logged_out") == [
        "5|NONE|help|alice|REMOVEMEMBER|",
        "5|NONE|sales|alice|REMOVEMEMBER|",
        "9|NONE|help|alice|ADDMEMBER|",
        "9|NONE|sales|alice|ADDMEMBER|",
    ]
    assert state("ready") == []


def test_lines_of_the_same_time_stand_in_the_order_in_which_they_happen() -> None:
    lines = [Line(1.0, "NONE", "help", "alice", event) for event in ("PAUSE", "ADDMEMBER", "UNPAUSE")]
    assert [x.event for x in sorted(lines, key=lambda x: x.order)] == ["UNPAUSE", "ADDMEMBER", "PAUSE"]
