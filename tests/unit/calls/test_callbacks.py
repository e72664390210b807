"""Call-backs: callers who keep their place without a line, and are rung when it is their turn with an agent there."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import (
    DEAD,
    Alarm,
    Call,
    CallBack,
    CallId,
    EndReason,
    Identity,
    LegState,
    OfferState,
    Outside,
    PartyRole,
)
from ari_app.calls.views import CallBackView, callback_view
from ari_app.records.model import SegmentEnd, SegmentKind
from ari_app.routing.directory import CallerId, Queue, Role
from ari_app.routing.hours import Chosen, Closed, Override
from ari_app.routing.outside import Ceilings, Emergency, OutsideLimits, OutsideRule
from ari_app.routing.ways_out import CallBackRules
from ari_app.testing.asterisk import Behaviour
from ari_app.waiting import waits
from tests.support import account
from tests.support.callcentre import ANNOUNCEMENTS
from tests.support.office import Office, hear_each_other
from tests.support.world import ANONYMOUS, CALLER, to
from tests.unit.calls.keypad import presses, said

OUT = Outside(CALLER.number, "carrier")


class Queueing(Office):
    """An office with a queue in which callers wait as long as they like; nobody outside answers by themselves."""

    def __init__(self, *quick: str, ready: tuple[str, ...] = (), **settings: object) -> None:
        self.done: list[e.Effect] = []
        super().__init__(*quick, ready=ready, **settings)
        self.queue(max_length=None, max_wait=None, announce_every=None, callback=CallBackRules())
        self.asterisk.behaviour[OUT] = Behaviour.RING

    def _do(self, effect: e.Effect) -> None:
        self.done.append(effect)
        super()._do(effect)

    def plays(self, leg: str) -> bool:
        """Whether something is played to it."""
        return self.switch.legs[leg].playing is not None

    def queue(self, **changes: object) -> None:
        queue: Queue = replace(self.directory.queues["help"], **changes)  # type: ignore[arg-type]
        self.configure(replace(self.directory, queues={"help": queue}))

    def enters(self, leg: str, *more: str, caller: Identity = CALLER) -> CallId:
        self.now += 1.0
        self.asterisk.arrive(leg, "carrier", "queue", "help", *more, caller=caller)
        self.settle()
        return self.call_of(leg)

    def call_of(self, leg: str) -> CallId:
        return next(x.id for x in self.switch.calls.values() if any(p.leg == leg for p in x.parties.values()))

    def is_promised(self, leg: str = "in1", *more: str, caller: Identity = CALLER) -> CallId:
        call = self.enters(leg, *more, caller=caller)
        presses(self, "1", leg)
        return call

    def free(self, *agents: str) -> None:
        for agent in agents:
            self.agents.idle.append(agent)
            self.feed(s.AgentBecameAvailable(agent))
        self.settle()

    def back(self, call: CallId) -> CallBack:
        back = self.switch.calls[call].callback
        assert back is not None
        return back

    def shows(self, call: CallId) -> CallBackView:
        view = callback_view(self.switch.calls[call])
        assert view is not None
        return view

    def outside_rings(self) -> list[str]:
        """The numbers outside that ring."""
        legs = self.switch.legs.values()
        return [leg.destination.number for leg in legs if isinstance(leg.destination, Outside) and not leg.hanging_up]

    def outside_ends(self, cause: int) -> None:
        """Whoever is rung outside does not come to the phone."""
        for leg in [x.id for x in self.switch.legs.values() if isinstance(x.destination, Outside)]:
            self.asterisk.hang_up(leg, cause)
        self.settle()

    def over(self, call: CallId) -> Call:
        return self.switch._over[call]


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


# -- which number -----------------------------------------------------------------------------------------------------


def _keys_in(office: Queueing, keys: str) -> CallId:
    call = office.is_promised("in1", caller=ANONYMOUS)
    presses(office, keys, "in1")
    return call


def test_who_withholds_their_number_keys_one_in() -> None:
    office = Queueing()
    call = _keys_in(office, "0612*0612345678#")
    assert said(office) == ["callback_number", "callback_promised"]
    assert (office.shows(call).number, office.shows(call).name) == ("0612345678", "")
    office.free("alice")
    office.picks_up("alice")
    assert office.outside_rings() == ["0612345678"]
    office.is_calm()
    story = office.switch.stories.of(call) or ()
    keys = [x.detail.digit for x in story if isinstance(x.detail, s.LegDigit)]
    assert set(keys) == {"=callback", "?", "*", "#"}
    assert not account.replayed_otherwise(office)


def test_a_key_ends_the_prompt_and_a_place_is_not_announced_over_it() -> None:
    office = Queueing()
    office.queue(announce_every=7.0)
    office.asterisk.prompts_end = False
    call = office.is_promised("in1", caller=ANONYMOUS)
    assert office.plays("in1")
    presses(office, "0", "in1")
    assert not office.plays("in1")
    office.pass_time(7.0)
    assert not office.plays("in1")
    assert office.switch.calls[call].offer is not None
    office.is_calm()


def test_a_number_without_an_end_ends_with_the_time_and_none_at_all_is_none() -> None:
    office = Queueing()
    call = _keys_in(office, "0612345678")
    office.pass_time(10.0)
    office.settle()
    assert office.shows(call).number == "0612345678"
    office = Queueing()
    call = office.is_promised("in1", caller=ANONYMOUS)
    office.pass_time(29.0)
    assert office.party(office.switch.calls[call], "in1").keyed is not None
    office.pass_time(1.0)
    assert office.party(office.switch.calls[call], "in1").keyed is None
    assert said(office) == ["callback_number"]
    office.is_calm()


@pytest.mark.parametrize("number", ["12", "112", "0112", "1002", "x" * 3])
def test_a_number_that_may_not_be_dialled_is_refused_and_they_wait_on(number: str) -> None:
    office = Queueing(emergency=Emergency(frozenset({"112"})))
    rules = (OutsideRule(r"0([0-9]+)", r"\1"), *office.directory.outside)
    office.configure(replace(office.directory, outside=rules))
    call = _keys_in(office, f"{number}#")
    assert said(office) == ["callback_number", "callback_refused"]
    assert office.switch.calls[call].callback is None
    office.is_calm()
    assert office.music() == {"in1"}


def test_without_a_prompt_for_a_number_who_withholds_it_has_no_call_back() -> None:
    prompts = {name: sound for name, sound in ANNOUNCEMENTS.items() if name != "callback_number"}
    office = Queueing(announcements=prompts)
    call = office.is_promised("in1", caller=ANONYMOUS)
    assert said(office) == ["callback_refused"]
    assert office.switch.calls[call].callback is None
    office.is_calm()


@pytest.mark.parametrize("number", ["", "1002", "911#"])
def test_a_number_that_cannot_be_called_is_replaced_by_one_that_is_keyed_in(number: str) -> None:
    office = Queueing()
    office.is_promised("in1", caller=Identity("Inside", number))
    assert said(office) == ["callback_number"]
    office.is_calm()


def test_who_is_answered_while_they_key_a_number_in_talks_and_dials_nothing() -> None:
    office = Queueing()
    call = _keys_in(office, "06")
    office.free("alice")
    office.picks_up("alice")
    assert office.party(office.switch.calls[call], "in1").keyed is None
    presses(office, "12345678#", "in1")
    assert office.hears() == hear_each_other("alice", "in1")
    assert office.switch.calls[call].callback is None
    office.is_calm()


def test_keys_that_were_lost_with_the_connection_are_pressed_anew() -> None:
    office = Queueing()
    call = _keys_in(office, "06")
    office.lose_link()
    office.asterisk.restore_link()
    office.settle()
    assert office.party(office.switch.calls[call], "in1").keyed is None
    presses(office, "10612345678#", "in1")
    assert office.shows(call).number == "0612345678"
    office.is_calm()


# -- what may be dialled ----------------------------------------------------------------------------------------------


def test_the_call_centre_dials_so_that_the_agents_own_limits_do_not_count_and_those_of_all_do() -> None:
    office = Queueing(outside=OutsideLimits(Ceilings(0, 0), Ceilings(1, 10)))
    call = office.is_promised("in1")
    office.is_promised("in2", caller=Identity("Two", "+33600000002"))
    office.free("alice")
    office.picks_up("alice")
    assert office.outside_rings() == [CALLER.number]
    office.free("bob")
    office.picks_up("bob")
    assert office.outside_rings() == [CALLER.number]
    second = next(x for x in office.switch.calls if x != call)
    shown = office.shows(second)
    assert (shown.state, shown.tries) == ("resting", 0)
    assert office.agents.free() == ["bob"]
    office.is_calm()


def test_a_number_that_may_be_dialled_no_longer_counts_as_not_reached() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.configure(replace(office.directory, outside=()))
    office.free("alice")
    office.picks_up("alice")
    assert (office.shows(call).state, office.shows(call).last) == ("resting", "unavailable")
    office.is_calm()


def test_a_queue_that_is_listed_no_longer_keeps_the_place_until_it_is_too_late() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.configure(replace(office.directory, queues={}))
    office.free("alice")
    assert office.shows(call).state == "queued"
    office.is_calm()


# -- who comes again --------------------------------------------------------------------------------------------------


def test_who_calls_in_again_has_their_old_place_and_is_not_called_back() -> None:
    office = Queueing()
    call = office.is_promised("in1", "2")
    office.enters("in2", "2", caller=Identity("Two", "+33600000002"))
    office.enters("in3")
    assert call not in office.switch.calls
    assert office.over(call).end_reason is EndReason.MERGED
    office.free("alice")
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in3")
    office.is_calm()


@pytest.mark.parametrize(("again", "left"), [("cancel", 2), ("keep", 3)])
def test_or_as_the_administrator_says_they_wait_like_anybody(again: str, left: int) -> None:
    office = Queueing()
    office.queue(callback=CallBackRules(again=again))  # type: ignore[arg-type]
    office.is_promised("in1")
    office.enters("in2", caller=Identity("Two", "+33600000002"))
    office.enters("in3")
    assert len(office.switch.calls) == left
    office.hangs_up("in2" if again == "cancel" else "in3")
    office.is_calm()


def test_others_and_those_for_something_else_change_nothing() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.enters("in2", caller=ANONYMOUS)
    office.enters("in3", caller=Identity("Two", "+33600000002"))
    office.asterisk.arrive("in4", "carrier", "group", "support", caller=CALLER)
    office.settle()
    assert office.shows(call).state == "queued"
    office.is_calm()


def test_who_calls_in_while_they_are_rung_has_the_place_when_that_comes_to_nothing() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    again = office.enters("in2")
    assert call in office.switch.calls
    office.outside_ends(17)
    assert call not in office.switch.calls
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in2")
    assert office.switch.calls[again].place_since is not None
    assert (office.over(call).end_reason, office.over(call).ended_by) == (EndReason.MERGED, "contact")
    office.is_calm()


# -- who oversees -----------------------------------------------------------------------------------------------------


def test_a_supervisor_ends_it_as_long_as_nobody_was_reached() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    name = office.command(c.Clear, "erin", role=Role.SUPERVISOR, call=call, callback=True)
    office.settle()
    assert name in office.replies
    assert (office.over(call).end_reason, office.over(call).ended_by) == (EndReason.CLEARED, "agent:erin")
    call = office.is_promised("in2")
    office.free("alice")
    office.picks_up("alice")
    office.answers_outside()
    assert office.refused(c.Clear, "erin", role=Role.SUPERVISOR, call=call, callback=True) == "not_allowed_now"
    assert call in office.switch.calls
    office.is_calm()


def test_a_supervisor_who_ends_it_while_it_rings_frees_the_agent() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.free("alice")
    office.picks_up("alice")
    office.command(c.Clear, "erin", role=Role.SUPERVISOR, call=call, callback=True)
    office.settle()
    assert not office.switch.calls
    assert all(leg.state is not LegState.UP for leg in office.switch.legs.values())
    office.is_calm()


def test_what_was_promised_is_kept_when_the_queue_closes_and_sends_others_away() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    office.enters("in2", caller=Identity("Two", "+33600000002"))
    office.feed(s.OpeningsReplaced({"queue:help": Override(Chosen.CLOSED, "erin", office.now)}))
    office.pass_time(0.0)
    office.settle()
    assert list(office.switch.calls) == [call]
    office.free("alice")
    office.picks_up("alice")
    assert office.outside_rings() == [CALLER.number]
    office.is_calm()


# -- strangers who would have the call centre ring whom they like ------------------------------------------------------


@pytest.mark.parametrize(
    "rules",
    [
        (OutsideRule(r"0[1-7][0-9]{8}"), OutsideRule(r"00[0-9]+", for_=frozenset({"role:supervisor"}))),
        (OutsideRule(r"0[0-9]+"), OutsideRule(r"00[0-9]+", deny=True, for_=frozenset({"group:support"}))),
        (OutsideRule(r"00([0-9]+)", r"+\1", for_=frozenset({"group:sales"})), OutsideRule(r"0[1-7][0-9]{8}")),
    ],
)
@pytest.mark.parametrize("shown", [True, False])
def test_a_caller_is_not_called_back_at_a_number_that_not_everybody_may_dial(
    rules: tuple[OutsideRule, ...], shown: bool
) -> None:
    office = Queueing()
    office.configure(replace(office.directory, outside=rules))
    dear, allowed = "0088213123456", "0612345678"
    call = office.is_promised("in1", caller=Identity("", dear)) if shown else _keys_in(office, f"{dear}#")
    assert office.switch.calls[call].callback is None
    presses(office, ("" if shown else "1") + f"{allowed}#", "in1")
    assert office.shows(call).number == allowed
    office.is_calm()


def test_whoever_is_called_back_is_dialled_as_the_rules_for_everybody_say() -> None:
    office = Queueing()
    theirs = OutsideRule(r"0([0-9]{9})", r"99\1", for_=frozenset({"role:supervisor"}))
    office.configure(replace(office.directory, outside=(theirs, OutsideRule(r"0([0-9]{9})", r"+33\1"))))
    _keys_in(office, "0612345678#")
    office.free("alice")
    office.picks_up("alice")
    dialled = [leg.destination for leg in office.switch.legs.values() if isinstance(leg.destination, Outside)]
    assert [where.number for where in dialled] == ["+33612345678"]
    office.is_calm()


@pytest.mark.parametrize("number", ["+33140000000", "+33140000001"])
def test_the_call_centre_does_not_call_itself_back(number: str) -> None:
    office = Queueing(company=CallerId("company", "Company", "+33140000000"))
    call = office.is_promised("in1", caller=Identity("Company", number))
    assert office.switch.calls[call].callback is None
    assert said(office) == ["callback_number"]
    office.is_calm()


def test_a_number_that_has_become_one_for_emergencies_is_not_dialled() -> None:
    office = Queueing()
    call = office.is_promised("in1")
    settings = replace(office.directory.settings, emergency=Emergency(frozenset({CALLER.number})))
    office.configure(replace(office.directory, settings=settings))
    office.free("alice")
    office.picks_up("alice")
    assert office.outside_rings() == []
    assert office.shows(call).tries == 1
    office.is_calm()


def test_a_number_that_many_callers_give_is_rung_for_one_of_them() -> None:
    office = Queueing()
    calls = []
    for n in range(4):
        calls.append(office.enters(f"in{n}", caller=ANONYMOUS))
        presses(office, "10612345678#", f"in{n}")
    assert [call in office.switch.calls for call in calls] == [False, False, False, True]
    waiting = office.enters("late", caller=Identity("Late", "+33600000009"))
    office.free("alice")
    office.picks_up("alice")
    assert office.outside_rings() == ["0612345678"], "it has the first place that was given to it"
    assert waiting in office.switch.calls
    office.is_calm()


def test_one_who_is_being_rung_is_not_taken_away_by_another_who_gives_their_number() -> None:
    office = Queueing()
    office.asterisk.behaviour[Outside("0612345678", "carrier")] = Behaviour.RING
    first = office.is_promised("in1", caller=Identity("", "0612345678"))
    office.free("alice")
    office.picks_up("alice")
    second = office.enters("in2", caller=ANONYMOUS)
    presses(office, "10612345678#", "in2")
    assert office.outside_rings() == ["0612345678"]
    assert {first, second} <= set(office.switch.calls)
    office.is_calm()


def test_of_a_queue_so_many_are_to_be_called_back_and_others_wait_on() -> None:
    office = Queueing()
    office.queue(callback=CallBackRules(most=2))
    for n in range(2):
        office.is_promised(f"in{n}", caller=Identity("", f"+3360000000{n}"))
    third = office.is_promised("in2", caller=Identity("", "+33600000002"))
    keyed = office.enters("in3", caller=ANONYMOUS)
    presses(office, "10612345678#", "in3")
    assert [office.switch.calls[call].callback for call in (third, keyed)] == [None, None]
    assert said(office)[-2:] == ["callback_refused", "callback_refused"]
    office.is_calm()


def test_the_last_place_that_is_taken_while_a_number_is_keyed_in_is_gone() -> None:
    office = Queueing()
    office.queue(callback=CallBackRules(most=1))
    slow = office.is_promised("in1", caller=ANONYMOUS)
    presses(office, "0612345678", "in1")
    office.is_promised("in2", caller=Identity("", "+33600000002"))
    presses(office, "#", "in1")
    assert office.switch.calls[slow].callback is None
    office.is_calm()


def test_those_who_are_to_be_called_back_do_not_fill_the_queue_for_those_who_call() -> None:
    office = Queueing()
    office.queue(max_length=2)
    for n in range(3):
        office.is_promised(f"in{n}", caller=Identity("", f"+3360000000{n}"))
    calls = [office.enters(f"on{n}", caller=Identity("", f"+3361000000{n}")) for n in range(3)]
    targets = [office.switch.calls[call].offer for call in calls]
    assert [str(offer.target) for offer in targets if offer is not None] == ["queue:help", "queue:help", "group:sales"]


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
