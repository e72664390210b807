"""Callers who leave a message: a greeting, a beep, what they say, and a goodbye; nobody is rung for them."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import DEAD, Call, EndReason, Message, OfferState
from ari_app.records.model import CallRecord, SegmentEnd, SegmentKind
from ari_app.routing.directory import Role
from ari_app.routing.hours import Chosen, Closed, Override
from ari_app.testing.asterisk import Behaviour
from tests.support.callcentre import ANNOUNCEMENTS
from tests.support.office import Office
from tests.support.world import to
from tests.unit.calls.keypad import presses, said

BOX = to("voicemail:support")
_THANKED = ["voicemail_greeting", "voicemail_thanks"]


class Answering(Office):
    """An office in which nobody is ready."""

    def __init__(self, *quick: str, ready: tuple[str, ...] = (), **settings: object) -> None:
        super().__init__(*quick, ready=ready, **settings)

    def comes(self, verb: str = "voicemail", what: str = "support", leg: str = "in1") -> None:
        self.arrives(verb, what, leg=leg)
        self.settle()

    def says(self, seconds: float = 5.0, leg: str = "in1") -> None:
        self.now += seconds
        self.asterisk.end_message(leg, seconds)
        self.settle()

    @property
    def message(self) -> Message:
        found = self.call.message
        assert found is not None
        return found

    @property
    def call(self) -> Call:
        """The call that there is, or was."""
        return next(iter((*self.switch.calls.values(), *self.switch._over.values())))

    @property
    def record(self) -> CallRecord:
        (found,) = self.recorded.records.values()
        return found

    def records(self) -> list[e.RecordMessage]:
        return [effect for effect in self.asterisk.executed if isinstance(effect, e.RecordMessage)]

    def without(self, *prompts: str) -> None:
        kept = {name: sounds for name, sounds in ANNOUNCEMENTS.items() if name not in prompts}
        settings = replace(self.directory.settings, announcements=kept)
        self.configure(replace(self.directory, settings=settings))


def test_a_caller_is_greeted_then_recorded_thanked_and_released() -> None:
    office = Answering()
    office.comes()
    assert said(office) == ["voicemail_greeting"]
    assert office.call.leaves_message
    assert office.asterisk.world.message_of("in1") == office.message.file
    assert not office.music()
    assert office.seen("erin").voicemail == "support"
    office.is_calm()
    office.says(12.0)
    assert said(office) == _THANKED
    assert (office.message.left, office.message.seconds) == (True, 12.0)
    assert office.call.ended
    assert office.call.end_reason is EndReason.VOICEMAIL
    assert office.record.outcome == "voicemail"
    assert "in1" not in office.switch.legs
    office.is_calm()


def test_who_hangs_up_has_left_what_they_have_said() -> None:
    office = Answering()
    office.comes()
    office.now += 4.0
    office.hangs_up("in1")
    assert office.call.end_reason is EndReason.VOICEMAIL
    assert office.message.left
    office.is_calm()


def test_who_hangs_up_while_they_are_greeted_has_left_nothing() -> None:
    office = Answering()
    office.asterisk.prompts_end = False
    office.comes()
    office.hangs_up("in1")
    assert not office.message.left
    assert office.message.ended_at is not None
    assert office.call.end_reason is EndReason.CANCELLED
    office.is_calm()


def test_a_line_that_dies_keeps_what_was_said() -> None:
    office = Answering()
    office.comes()
    office.hangs_up("in1", DEAD)
    assert office.call.end_reason is EndReason.LOST
    assert office.message.left


def test_the_key_ends_the_greeting_and_no_other_key_does() -> None:
    office = Answering()
    office.asterisk.prompts_end = False
    office.comes()
    presses(office, "5", "in1")
    assert not office.records()
    presses(office, "#", "in1")
    assert len(office.records()) == 1
    assert office.switch.legs["in1"].playing is None
    presses(office, "5", "in1")
    assert office.call.leaves_message
    office.is_calm()


def test_the_key_ends_the_message() -> None:
    office = Answering()
    office.comes()
    office.asterisk.press_key("in1", "#")
    office.settle()
    assert office.message.left
    assert said(office) == _THANKED


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_what_is_too_short_is_no_message(seconds: float) -> None:
    office = Answering()
    office.comes()
    office.now += 6.0  # silence ends it
    office.asterisk.end_message("in1", seconds)
    office.settle()
    assert not office.message.left
    assert said(office)[-1] == "voicemail_failed"
    assert office.call.end_reason is not EndReason.VOICEMAIL
    assert office.record.outcome == "unanswered"


def test_how_long_somebody_spoke_counts_and_not_how_long_they_were_silent() -> None:
    office = Answering()
    office.comes()
    office.now += 10.0
    office.feed(s.RecorderEnded(office.message.file, 10.0, 1.0))
    assert not office.message.left


def test_a_message_of_unknown_length_is_kept_and_so_is_one_of_a_box_that_is_no_more() -> None:
    office = Answering()
    office.comes()
    office.configure(replace(office.directory, voicemail={}))
    office.feed(s.RecorderEnded(office.message.file, 1.0, 1.0))
    assert office.message.left
    other = Answering()
    other.comes()
    other.feed(s.RecorderEnded(other.message.file))
    assert other.message.left


def test_without_prompts_there_is_a_beep_and_the_end() -> None:
    office = Answering()
    office.without("voicemail_thanks")
    box = replace(office.directory.voicemail["support"], greeting="")
    office.configure(replace(office.directory, voicemail={"support": box}))
    office.comes()
    assert office.records()
    office.says()
    assert not said(office)
    assert office.call.ended


def test_the_general_greeting_stands_for_boxes_without_their_own() -> None:
    office = Answering(announcements={**ANNOUNCEMENTS, "voicemail_greeting": "sound:greeting"})
    box = replace(office.directory.voicemail["support"], greeting="")
    office.configure(replace(office.directory, voicemail={"support": box}))
    office.comes()
    (greeting,) = [x.sounds for x in office.asterisk.executed if isinstance(x, e.Announce)]
    assert greeting == ("sound:greeting",)


# -- ways to a box ----------------------------------------------------------------------------------------------------


def test_a_key_leads_out_of_a_queue_to_a_box() -> None:
    office = Answering()
    office.comes("queue", "help")
    presses(office, "7", "in1")
    assert office.call.leaves_message
    assert office.call.offer is not None
    assert office.call.offer.state is OfferState.ACCEPTED
    office.agents.idle.append("alice")
    office.feed(s.AgentBecameAvailable("alice"))
    office.settle()
    assert not [leg for leg in office.switch.legs.values() if leg.agent is not None]
    office.is_calm()
    office.says()
    (wait,) = [x for x in office.record.segments if x.kind is SegmentKind.QUEUE]
    assert wait.end is SegmentEnd.KEY
    assert office.record.outcome == "voicemail"


def test_who_comes_while_it_is_closed_hears_so_and_then_the_greeting() -> None:
    office = Answering()
    queue = replace(office.directory.queues["help"], closed=Closed("sound:help_is_closed", BOX))
    office.configure(replace(office.directory, queues={"help": queue}))
    office.feed(s.OpeningsReplaced({"queue:help": Override(Chosen.CLOSED, "erin", office.now)}))
    office.comes("queue", "help")
    assert said(office) == ["closed", "voicemail_greeting"]
    assert office.records()
    office.says()
    assert said(office)[-1] == "voicemail_thanks"


def test_who_waits_too_long_overflows_to_a_box() -> None:
    office = Answering()
    queue = replace(office.directory.queues["help"], overflow=BOX, max_wait=30.0, announce_every=None)
    office.configure(replace(office.directory, queues={"help": queue}))
    office.comes("queue", "help")
    office.pass_time(31.0)
    office.settle()
    assert office.call.leaves_message
    office.says()
    (wait,) = [x for x in office.record.segments if x.kind is SegmentKind.QUEUE]
    assert wait.end is SegmentEnd.OVERFLOW


def test_a_box_may_be_the_fallback() -> None:
    office = Answering(fallback=BOX)
    office.comes("agent", "bob")
    assert office.call.leaves_message
    office.is_calm()


def test_somebody_who_is_in_company_leaves_no_message() -> None:
    office = Answering(ready=("alice", "bob"))
    call = office.served("alice")
    office.ask(c.SingleStepConference, "alice", call=call.id, target=to("routing_point:billing"))
    (half,) = [x.id for x in office.asterisk.world.channels.values() if x.id not in ("in1", office.leg_of("alice"))]
    office.asterisk.answer(half)
    office.settle()
    office.asterisk.arrive(f"{half}-2", "4000@routing-points", "voicemail", "support", via=half)
    office.settle()
    assert not office.call.leaves_message
    assert ("alice", "in1") in office.hears()


def test_agents_neither_call_a_box_nor_transfer_to_it() -> None:
    office = Answering(ready=("alice",))
    assert office.refused(c.MakeCall, "alice", target=BOX) == "feature_disabled"
    call = office.served("alice")
    assert office.refused(c.SingleStepTransfer, "alice", call=call.id, target=BOX) == "feature_disabled"


def test_a_box_that_the_file_does_not_have_is_no_target() -> None:
    office = Answering()
    office.comes("voicemail", "nowhere")
    assert said(office) == ["invalid_number"]


# -- what may be done meanwhile ---------------------------------------------------------------------------------------


def test_a_supervisor_may_end_the_call_and_do_nothing_with_who_speaks() -> None:
    office = Answering()
    office.comes()
    shown = office.seen("erin")
    assert not shown.parties[0].actions
    assert "clear" in shown.actions
    office.now += 9.0
    office.command(c.Clear, "erin", call=office.call.id, role=Role.SUPERVISOR)
    office.settle()
    assert office.call.end_reason is EndReason.CLEARED
    assert office.message.left
    office.is_calm()


def test_a_message_that_asterisk_never_ends_is_over_all_the_same() -> None:
    office = Answering()
    office.comes()
    assert office.switch.next_deadline() == office.message.until
    office.pass_time()
    office.settle()
    assert office.call.ended
    assert office.message.left
    assert "in1" not in office.switch.legs


def test_nothing_is_due_before() -> None:
    office = Answering()
    office.comes()
    office.feed(s.TimePassed())
    office.pass_time(100.0)
    assert office.call.leaves_message


# -- what goes wrong --------------------------------------------------------------------------------------------------


def _records(effect: e.AsteriskEffect) -> bool:
    return isinstance(effect, e.RecordMessage)


def test_what_asterisk_refuses_once_is_requested_again() -> None:
    office = Answering()
    office.asterisk.fail_next(_records)
    office.comes()
    assert office.asterisk.world.message_of("in1") is not None
    office.is_calm()


def test_where_nothing_can_be_recorded_callers_hear_so_and_are_released() -> None:
    office = Answering()
    for _ in range(3):
        office.asterisk.fail_next(_records)
    office.comes()
    assert said(office) == ["voicemail_greeting", "voicemail_failed"]
    assert not office.message.left
    assert office.call.ended
    office.is_calm()


@pytest.mark.parametrize("fact", [{"failed": True}, {"seconds": 0.0, "talked": 0.0}])
def test_where_nothing_can_be_recorded_they_go_to_the_fallback(fact: dict[str, object]) -> None:
    office = Answering("dave", ready=("dave",), fallback=to("agent:dave"))
    office.comes()
    office.feed(s.RecorderEnded(office.message.file, **fact))  # type: ignore[arg-type]
    office.settle()
    assert said(office)[1:] == ["voicemail_failed"]
    assert ("dave", "in1") in office.hears()
    office.hangs_up("in1")
    assert office.record.outcome == "answered"


def test_a_fallback_that_leads_to_a_box_is_not_tried_after_it_failed() -> None:
    office = Answering(fallback=BOX)
    office.comes()
    office.feed(s.RecorderEnded(office.message.file, failed=True))
    office.settle()
    assert said(office)[-1] == "voicemail_failed"
    assert office.call.ended
    office.is_calm()


def test_what_is_reported_of_other_files_and_of_one_that_is_over_changes_nothing() -> None:
    office = Answering()
    office.comes()
    office.feed(s.RecorderEnded("another"))
    office.feed(s.EffectFailed(99, "?"))
    assert office.call.leaves_message
    before = office.message
    office.asterisk.prompts_end = False
    office.says()
    after = office.message
    assert after != before
    office.feed(s.RecorderEnded(after.file, 99.0))
    assert office.message == after


def test_a_refusal_after_the_end_changes_nothing() -> None:
    office = Answering()
    office.asterisk.prompts_end = False
    office.comes()
    presses(office, "#", "in1")
    number = max(office.records(), key=lambda effect: effect.number).number
    office.says()
    after = office.message
    office.switch.state.in_flight[number] = office.records()[0]
    office.feed(s.EffectFailed(number, "late"))
    assert office.message == after


# -- restarts ---------------------------------------------------------------------------------------------------------


def test_a_controller_that_dies_in_mid_message_loses_nothing() -> None:
    office = Answering()
    office.comes()
    file = office.message.file
    office.restart()
    office.settle()
    assert office.message.file == file
    assert office.asterisk.world.message_of("in1") == file
    office.is_calm()
    office.says(8.0)
    assert office.message.left
    assert said(office) == _THANKED


def test_a_message_that_ended_while_nobody_looked_is_there_and_its_caller_is_thanked() -> None:
    office = Answering()
    office.comes()
    office.lose_link()
    office.asterisk.end_message("in1")
    office.asterisk.restore_link()
    office.settle()
    assert office.message.left
    assert said(office) == _THANKED
    assert office.call.end_reason is EndReason.VOICEMAIL


def test_who_has_hung_up_while_nobody_looked_has_left_a_message() -> None:
    office = Answering()
    office.comes()
    office.lose_link()
    office.hangs_up("in1")
    office.restart()
    office.settle()
    assert office.message.left
    assert office.call.ended
    office.is_calm()


def test_a_greeting_that_was_cut_off_is_followed_by_the_beep() -> None:
    office = Answering()
    office.asterisk.prompts_end = False
    office.comes()
    office.restart()
    office.settle()
    assert office.asterisk.world.message_of("in1") is not None
    office.is_calm()


def test_who_comes_to_a_box_while_asterisk_is_away_is_greeted_when_it_is_back() -> None:
    office = Answering("bob", ready=("bob",), fallback=BOX)
    office.comes("queue", "help")
    office.lose_link()
    office.configure(replace(office.directory, queues={}))
    office.asterisk.restore_link()
    office.settle()
    office.is_calm()


def test_a_box_without_a_caller_fails() -> None:
    office = Answering(ready=("alice",))
    office.asterisk.behaviour.clear()
    office.phone("alice", Behaviour.ANSWER)
    office.arrives("dial", "4000", endpoint="1001", leg="mine")
    office.settle()
    (half,) = [x.id for x in office.asterisk.world.channels.values() if x.id != "mine"]
    office.asterisk.arrive(f"{half}-2", "4000@routing-points", "voicemail", "support", via=half)
    office.settle()
    assert said(office) == ["nobody_available"]
    office.is_calm()


def test_who_comes_and_has_gone_before_the_box_is_taken_away_is_recorded_for_a_moment() -> None:
    office = Answering()
    office.asterisk.prompts_end = False
    office.comes()
    office.configure(replace(office.directory, voicemail={}))
    presses(office, "#", "in1")
    assert [effect.longest for effect in office.records()] == [1]
