"""Call-backs: callers who keep their place without a line, and are rung when it is their turn with an agent there."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import (
    DEAD,
    Alarm,
    EndReason,
    Identity,
    OfferState,
    PartyRole,
)
from ari_app.calls.views import CallBackView, callback_view
from ari_app.records.model import SegmentEnd, SegmentKind
from ari_app.routing.hours import Chosen, Closed
from ari_app.routing.ways_out import CallBackRules
from ari_app.waiting import waits
from tests.support.office import hear_each_other
from tests.support.world import CALLER, to
from tests.unit.calls.called_back import OUT, Queueing
from tests.unit.calls.keypad import said


def test_who_presses_the_key_hears_so_is_released_and_keeps_the_place() -> None:
    office = Queueing()
    first = office.is_promised("in1")
    second = office.enters("in2", caller=Identity("Somebody", "+33600000009"))
    assert said(office) == ["callback_promised"]
    assert "in1" not in office.switch.legs
    assert office.shows(first) == CallBackView(
        "queue:help",
        CALLER.name,
        CALLER.number,
        "queued",
        office.shows(first).promised_at,
        office.shows(first).expires_at,
        0,
        None,
        None,
    )
    assert office.seen("erin", first).state == "queued"
    assert "clear" in office.seen("erin", first).actions
    assert callback_view(office.switch.calls[second]) is None
    office.is_calm()


def test_in_their_turn_an_agent_is_rung_first_then_they_are_with_the_agent_hearing_it_ring() -> None:
    office = Queueing(company=None)
    call = office.is_promised("in1")
    office.enters("in2", caller=Identity("Somebody", "+33600000009"))
    office.free("alice")
    assert office.outside_rings() == []
    (rung,) = [leg for leg in office.switch.legs.values() if leg.agent == "alice"]
    assert rung.shown == CALLER
    assert office.shows(call).state == "calling"
    office.picks_up("alice")
    assert office.outside_rings() == [CALLER.number]
    assert office.asterisk.world.channels[office.leg_of("alice")].ringback
    assert office.seen("alice", call).state == "ringing"
    assert office.switch.calls[call].answered_at is None
    office.answers_outside()
    office.is_calm()
    there = next(leg.id for leg in office.switch.legs.values() if leg.destination == OUT)
    assert office.hears() == hear_each_other("alice", there)
    now = office.switch.calls[call]
    assert now.answered_at == office.now
    assert callback_view(now) is None
    assert office.seen("alice", call).state == "established"
    assert office.party(now, there).identity == CALLER
    office.hangs_up("alice")
    record = office.recorded.records[call]
    assert (record.outcome, record.agents) == ("answered", ("alice",))
    assert record.contact is not None
    assert record.contact.number == CALLER.number
    waited, *_, talked = [x for x in record.segments if x.role is PartyRole.CONTACT]
    assert (waited.kind, waited.end, waited.ended_by) == (SegmentKind.QUEUE, SegmentEnd.CALLBACK, "contact")
    assert (talked.kind, talked.end, talked.ended_by) == (SegmentKind.TALK, SegmentEnd.OVER, "agent:alice")
    office.is_calm()


def test_the_order_is_that_of_all_who_wait_with_a_line_or_without_also_across_a_restart() -> None:
    office = Queueing()
    office.enters("in1", caller=Identity("One", "+33600000001"))
    second = office.is_promised("in2", caller=Identity("Two", "+33600000002"))
    office.enters("in3", caller=Identity("Three", "+33600000003"))
    urgent = office.is_promised("in4", "5", caller=Identity("Four", "+33600000004"))
    before = dict(office.switch.calls)
    office.restart()
    office.settle()
    assert office.switch.calls[second] == before[second]
    shown = []
    for agent in ("alice", "bob", "carol"):
        office.free(agent)
        shown.append(next(leg.shown.name for leg in office.switch.legs.values() if leg.agent == agent and leg.shown))
        office.picks_up(agent)
    assert shown == ["Four", "One", "Two"]
    assert office.outside_rings() == ["+33600000004", "+33600000002"]
    assert waits(office.switch.calls[office.call_of("in3")]) is not None
    assert waits(office.switch.calls[urgent]) is None
    office.is_calm()


def test_other_asterisks_know_of_one_to_be_called_back_as_of_one_who_waits() -> None:
    office = Queueing()
    call = office.is_promised("in1", "4")
    found = waits(office.switch.calls[call])
    assert found is not None
    waiting, target = found
    assert list(waiting.order) == [-4, office.switch.calls[call].started_at]
    assert str(target) == "queue:help"


@pytest.mark.parametrize(
    ("cause", "state"),
    [
        (19, OfferState.NO_ANSWER),
        (17, OfferState.BUSY),
        (21, OfferState.DECLINED),
        (38, OfferState.UNAVAILABLE),
    ],
)
def test_who_is_not_reached_is_tried_again_and_the_agent_is_free_at_once(cause: int, state: OfferState) -> None:
    office = Queueing()
    groups = {name: replace(group, wrap_up=60.0) for name, group in office.directory.groups.items()}
    office.configure(replace(office.directory, groups=groups))
    call = office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.effects = []
    office.outside_ends(cause)
    assert office.agents.free() == ["alice"]
    assert office.agents.missed == []
    assert office.switch.calls[call].party_of("alice") is None
    shown = office.shows(call)
    assert (shown.state, shown.tries, shown.last) == ("resting", 1, state.value)
    assert office.back(call).next_at == office.now + 300.0
    assert office.seen("erin", call).state == "queued"
    office.is_calm()
    office.pass_time()
    office.settle()
    assert office.shows(call).state == "calling"
    office.picks_up("alice")
    office.answers_outside()
    assert office.switch.calls[call].answered_at is not None
    office.is_calm()


def test_no_after_call_work_follows_where_nobody_was_reached() -> None:
    office = Queueing()
    groups = {name: replace(group, wrap_up=60.0) for name, group in office.directory.groups.items()}
    office.configure(replace(office.directory, groups=groups))
    office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.done.clear()
    office.outside_ends(17)
    assert [x.wrap_up for x in office.done if isinstance(x, e.SetActivity)] == [0.0]


def test_an_agent_who_has_begun_another_call_meanwhile_stays_in_that() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.free("alice", "bob")
    office.picks_up("alice")
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.picks_up("bob")
    office.outside_ends(17)
    assert office.shows(call).state == "resting"
    assert office.hears() == hear_each_other("alice", "bob")
    office.is_calm()


def test_while_somebody_rests_between_two_tries_others_are_served() -> None:
    office = Queueing()
    office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.outside_ends(17)
    office.enters("in2", caller=Identity("Two", "+33600000002"))
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in2")
    office.is_calm()


def test_out_of_tries_it_ends_and_those_who_oversee_are_notified() -> None:
    office = Queueing()
    office.queue(callback=CallBackRules(tries=2, retry_after=60.0))
    call = office.is_promised("in1")
    office.free("alice")
    for _ in range(2):
        office.picks_up("alice")
        office.outside_ends(19)
        office.pass_time()
        office.settle()
    assert not office.switch.calls
    ended = office.over(call)
    assert (ended.end_reason, ended.ended_by) == (EndReason.NOT_CALLED_BACK, "system")
    assert office.abandoned == [call]
    assert [x.alarm for x in office.done if isinstance(x, e.CallAlarm)] == [Alarm.NOT_CALLED_BACK]
    assert office.recorded.records[call].outcome == "unanswered"
    office.is_calm()


def test_nobody_is_called_back_after_the_time_is_over_whether_waiting_or_resting() -> None:
    office = Queueing()
    office.queue(callback=CallBackRules(retry_after=90.0, expires_after=120.0))
    waiting = office.is_promised("in1")
    assert office.switch.next_deadline() == office.now + 120.0
    office.pass_time()
    assert office.over(waiting).end_reason is EndReason.NOT_CALLED_BACK
    resting = office.is_promised("in2")
    office.pass_time(60.0)
    office.free("alice")
    office.picks_up("alice")
    office.outside_ends(17)
    assert office.shows(resting).state == "resting"
    office.pass_time()
    assert office.over(resting).end_reason is EndReason.NOT_CALLED_BACK
    office.is_calm()


def test_whoever_is_being_rung_when_the_time_is_over_is_not_interrupted() -> None:
    office = Queueing(outside_timeout=600.0, offer_timeout=600.0)
    office.queue(callback=CallBackRules(expires_after=60.0))
    call = office.is_promised("in1")
    office.free("alice")
    office.pass_time(61.0)
    office.picks_up("alice")
    office.pass_time(61.0)
    office.answers_outside()
    assert office.switch.calls[call].answered_at == office.now
    office.is_calm()


def test_an_agent_who_declines_is_followed_by_the_next_as_for_any_caller() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.free("alice", "bob")
    office.hangs_up("alice", 21)
    office.picks_up("bob")
    assert office.outside_rings() == [CALLER.number]
    assert office.back(call).tries == 0
    office.is_calm()


def test_an_agent_who_cancels_or_goes_leaves_the_place_as_it_is() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.ask(c.Cancel, "alice", call=call)
    assert (office.shows(call).state, office.shows(call).last) == ("resting", "cancelled")
    assert office.agents.free() == ["alice"]
    office.is_calm()


@pytest.mark.parametrize("cause", [16, DEAD])
def test_who_answers_when_the_agent_has_gone_is_the_first_to_be_served_with_a_line(cause: int) -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.enters("in2", "9", caller=Identity("Two", "+33600000002"))
    office.agents.idle.clear()
    office.hangs_up("alice", cause)
    assert office.shows(call).state == "calling"
    assert office.outside_rings() == [CALLER.number]
    office.answers_outside()
    there = next(leg.id for leg in office.switch.legs.values() if leg.destination == OUT)
    assert there in office.music()
    assert office.seen("erin", call).state == "queued"
    assert office.switch.calls[call].answered_at is None
    office.is_calm()
    office.free("bob")
    office.picks_up("bob")
    assert office.hears() == hear_each_other("bob", there)
    assert office.switch.calls[call].answered_at == office.now
    office.hangs_up(there)
    office.is_calm()


def test_when_the_agent_has_gone_and_they_do_not_answer_they_are_tried_again() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.agents.idle.clear()
    office.hangs_up("alice")
    office.outside_ends(19)
    assert office.shows(call).state == "resting"
    office.is_calm()


def test_a_controller_that_dies_while_they_are_rung_loses_nothing() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.restart()
    office.settle()
    assert office.shows(call).state == "calling"
    office.answers_outside()
    office.is_calm()
    there = next(leg.id for leg in office.switch.legs.values() if leg.destination == OUT)
    assert office.hears() == hear_each_other("alice", there)


def test_when_asterisk_dies_while_they_are_rung_that_was_no_try_and_the_place_is_theirs() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.lose_link()
    office.asterisk.world.channels.clear()
    office.asterisk.restore_link()
    office.settle()
    assert office.back(call).tries == 0
    assert office.shows(call).state == "calling"
    office.picks_up("alice")
    assert office.outside_rings() == [CALLER.number]
    office.is_calm()


def test_a_restart_while_they_hear_the_promise_keeps_it() -> None:
    office = Queueing(ready=("alice",))
    office.asterisk.prompts_end = False
    office.agents.idle.clear()
    call = office.enters("in1")
    office.feed(s.LegDigit("in1", "1"))
    assert office.seen("erin", call).state == "queued"
    office.free("bob")
    assert [leg.agent for leg in office.switch.legs.values()] == [None]
    office.restart()
    office.settle()
    assert "in1" not in office.switch.legs
    assert office.shows(call).state == "calling"
    office.is_calm()


def test_who_hangs_up_before_the_promise_is_over_is_called_back_all_the_same() -> None:
    office = Queueing()
    office.asterisk.prompts_end = False
    call = office.enters("in1")
    office.feed(s.LegDigit("in1", "1"))
    office.hangs_up("in1")
    assert office.shows(call).state == "queued"
    office.is_calm()


def test_without_a_prompt_for_it_they_are_released_at_once() -> None:
    office = Queueing(announcements={})
    call = office.is_promised("in1")
    assert "in1" not in office.switch.legs
    assert office.shows(call).state == "queued"


# -- where it is closed -----------------------------------------------------------------------------------------------


def _answers_where_it_is_closed(office: Queueing, *free: str) -> str:
    """Somebody who is called back answers as their agent has gone and the queue sends away those who wait."""
    office.queue(closed=Closed("sound:help_is_closed", release=True))
    office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.agents.idle.clear()
    office.hangs_up("alice")
    office.chooses("queue:help", Chosen.CLOSED)
    office.settle()
    office.free(*free)
    office.answers_outside()
    return next(leg.id for leg in office.switch.legs.values() if leg.destination == OUT)


def test_who_answers_when_the_agent_has_gone_and_the_queue_has_closed_is_served_by_who_is_free() -> None:
    office = Queueing()
    there = _answers_where_it_is_closed(office, "bob")
    office.pass_time(0.0)
    office.picks_up("bob")
    assert office.hears() == hear_each_other("bob", there)
    office.is_calm()


def test_and_where_nobody_is_free_they_hear_that_it_is_closed_and_do_not_wait_for_ever() -> None:
    office = Queueing()
    _answers_where_it_is_closed(office)
    office.pass_time(0.0)
    office.settle()
    assert said(office) == ["callback_promised", "closed"]
    assert not office.switch.calls
    office.is_calm()
