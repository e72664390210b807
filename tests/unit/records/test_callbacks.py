"""What is recorded of a call-back: the wait ends with the line, and what follows is in the same record."""

from ari_app.calls import commands as c
from ari_app.calls.model import EndReason
from ari_app.records.queue_log import lines_of_call
from ari_app.routing.ways_out import CallBackRules
from tests.unit.calls.called_back import Queueing
from tests.unit.records.stories import lines


def test_who_is_called_back_has_waited_until_they_pressed_the_key_and_talks_when_they_answer() -> None:
    office = Queueing()
    call = office.enters("in1")
    office.pass_time(4)
    office.asterisk.press_key("in1", "1")
    office.settle()
    office.pass_time(60)
    office.free("alice")
    office.picks_up("alice")
    office.pass_time(5)
    for leg in [x.id for x in office.switch.legs.values() if x.agent is None]:
        office.asterisk.answer(leg)
    office.settle()
    office.pass_time(7)
    office.do(c.Release, "alice", call=call)
    office.settle()
    record = office.recorded.records[call]
    assert not office.recorded.wrong
    first, *rest = lines(record)
    assert first == "contact queue queue:help 0-4 callback, contact"
    assert rest[-2:] == ["alice talk 69-76 left, agent:alice", "contact2 talk 69-76 over, agent:alice"]
    assert record.outcome == "answered"


def test_who_could_not_be_called_back_was_not_answered_though_agents_came_for_them() -> None:
    office = Queueing("alice")
    office.queue(callback=CallBackRules(tries=1))
    call = office.is_promised()
    office.free("alice")
    office.settle()
    office.outside_ends(17)
    record = office.recorded.records[call]
    assert not office.recorded.wrong
    assert (record.outcome, record.end_reason) == ("unanswered", EndReason.NOT_CALLED_BACK)


def test_whoever_ends_the_call_by_a_key_of_the_queue_has_left_it_by_that_and_not_given_up() -> None:
    office = Queueing()
    office.queue(keys={"9": "hang_up"})
    call = office.enters("in1")
    office.pass_time(4)
    office.asterisk.press_key("in1", "9")
    office.settle()
    record = office.recorded.records[call]
    assert not office.recorded.wrong
    assert lines(record) == ["contact queue queue:help 0-4 key, contact"]
    assert (record.outcome, record.end_reason) == ("unanswered", EndReason.CANCELLED)
    assert [line.event for line in lines_of_call(record)] == ["ENTERQUEUE", "EXITWITHKEY"]
