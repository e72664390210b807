"""The fold itself: what it goes on with, what it bounds, and what it leaves alone."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.effects import CallChanged
from ari_app.calls.model import Call, CallType, Party, PartyRole, Progress, Tie
from ari_app.records import projector
from ari_app.records.ends import Was, ending
from ari_app.records.model import Segment, SegmentEnd, SegmentKind
from ari_app.records.projector import Kept, Projector
from ari_app.records.segments import Doing, doings
from tests.support.office import Office
from tests.support.world import to
from tests.unit.records.stories import lines, over, passes, waits


def test_a_tie_is_nobodys_call_and_has_no_record() -> None:
    tie = Call("t1", CallType.INBOUND, "b", 1.0, tie=Tie("c1", "alice", None))
    assert Projector().changed(CallChanged(None, tie, 1.0)) is None


def test_what_was_kept_of_calls_that_are_gone_is_not_gone_on_with() -> None:
    office = Office(ready=())
    call = waits(office)
    known = office.recorded.projector.kept(call.id)
    assert known is not None
    again = Projector()
    again.restore([known, replace(known, call="gone")], office.switch.calls)
    assert (again.kept(call.id), again.kept("gone")) == (known, None)


def test_a_call_that_an_earlier_version_has_left_is_followed_from_what_it_says_of_itself() -> None:
    office = Office(ready=("alice",))
    call = office.served()
    passes(office, 4)
    office.do(c.Hold, "alice", call=call.id)
    passes(office, 3)
    before = office.switch.calls[call.id]
    office.feed(s.LegGone("in1", 16))
    end = next(x for x in reversed(office.recorded.changes) if x.call.ended)
    followed = Projector().changed(end)
    assert followed is not None
    assert followed.record is not None
    assert lines(followed.record) == ["contact hold 4-7 left, contact", "alice hold 4-7 over, contact"]
    assert end.before == before


def test_one_who_waits_is_followed_from_when_they_came() -> None:
    office = Office(ready=())
    call = waits(office)
    office.pass_time(2)
    office.feed(s.LegGone("in1", 16))
    followed = Projector().changed(office.recorded.changes[-1])
    assert followed is not None
    assert followed.record is not None
    assert lines(followed.record) == ["contact queue group:support 0-3 abandoned, contact"]
    assert followed.record.id == call.id


def test_by_a_clock_that_is_late_no_segment_ends_before_it_began() -> None:
    office = Office(ready=("alice",))
    waits(office)
    office.picks_up("alice")
    office.now -= 10
    record = over(office)
    assert lines(record)[-2:] == ["contact talk 1-1 left, contact", "alice talk 1-1 over, contact"]
    assert record.ended_at == record.started_at + 1


def test_of_too_many_segments_the_oldest_rings_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "MOST", 4)
    office = Office(ready=("alice",))
    call = waits(office, "queue", "help")
    office.picks_up("alice")
    for _ in range(2):
        passes(office, 1)
        office.do(c.Hold, "alice", call=call.id)
        passes(office, 1)
        office.do(c.Retrieve, "alice", call=call.id)
    office.feed(s.LegGone("in1", 16))
    assert lines(office.recorded.records[call.id]) == [
        "contact hold 4-5 next",
        "alice hold 4-5 next",
        "contact talk 5-5 left, contact",
        "alice talk 5-5 over, contact",
    ]


def test_a_call_that_does_not_say_how_it_ended_has_no_record_and_is_forgotten() -> None:
    office = Office(ready=())
    call = waits(office)
    followed = Projector().changed(CallChanged(call, replace(call, ended=True), office.now))
    assert followed is not None
    assert (followed.kept, followed.record) == (None, None)


def test_what_changes_nothing_of_what_anybody_does_is_not_kept_anew() -> None:
    office = Office(ready=())
    call = waits(office)
    change = CallChanged(call, replace(call, user_data={"k": "v"}), office.now)
    assert office.recorded.projector.changed(change) is None
    assert isinstance(office.recorded.projector.kept(call.id), Kept)


def test_who_waits_for_a_conference_whose_maker_has_left_is_on_hold() -> None:
    office = Office()
    call = office.served()
    office.do(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.do(c.Release, "alice", call=call.id)
    passes(office, 2)
    assert [x for x in lines(over(office)) if " hold " in x] == [
        "contact hold 0-2 left, contact",
        "alice hold 0-0 left, agent:alice",
    ]


def test_a_ring_of_a_call_without_an_offer_was_cancelled() -> None:
    call = Call("c1", CallType.INTERNAL, "b", 1.0, ended=True)
    was = Was("p1", Doing(SegmentKind.RING, PartyRole.AGENT, "alice"), goes_on=False)
    assert ending(CallChanged(None, call, 2.0), was) == (SegmentEnd.CANCELLED, "system")


def test_who_leaves_a_queue_by_themselves_and_stays_in_the_call_has_pressed_a_key() -> None:
    office = Office(ready=())
    call = waits(office, "queue", "help")
    assert call.offer is not None
    elsewhere = replace(call.offer, id="o9", target=to("group:sales"))
    followed = office.recorded.projector.changed(
        CallChanged(call, replace(call, offer=elsewhere), office.now + 1, "contact")
    )
    assert followed is not None
    assert followed.kept is not None
    left, _waits = followed.kept.segments
    assert isinstance(left, Segment)
    assert (left.end, left.ended_by) == (SegmentEnd.KEY, "contact")


def test_who_is_alone_and_for_whom_nothing_is_done_does_nothing() -> None:
    party = Party("p1", PartyRole.CONTACT, progress=Progress.JOINED)
    call = Call("c1", CallType.INBOUND, "b", 1.0, parties={"p1": party})
    assert doings(call) == {}
