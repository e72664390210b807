"""Keys that a caller presses while they wait in a queue: out of it, to where the administrator says."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call, CallId, EndReason, OfferState
from ari_app.routing.directory import Queue
from tests.support import account
from tests.support.callcentre import ANNOUNCEMENTS
from tests.support.office import Office, hear_each_other
from tests.support.world import to
from tests.unit.calls.keypad import presses, said


def _enter(office: Office, leg: str = "in1", *more: str) -> CallId:
    office.arrives("queue", "help", *more, leg=leg)
    office.settle()
    return next(x.id for x in office.switch.calls.values() if any(p.leg == leg for p in x.parties.values()))


def _with_queue(office: Office, **changes: object) -> None:
    queue: Queue = replace(office.directory.queues["help"], **changes)  # type: ignore[arg-type]
    office.configure(replace(office.directory, queues={"help": queue}))


def _ended(office: Office) -> Call:
    return next(x.call for x in reversed(office.effects) if isinstance(x, e.CallChanged) and x.call.ended)


def test_who_waits_presses_a_key_and_goes_to_another_group_with_data_and_priority() -> None:
    office = Office(ready=("dave",))
    call = _enter(office, "in1", "3")
    office.ask(c.ChangeUserData, "erin", role="supervisor", call=call, changes={"contract": "7"})
    presses(office, "2", "in1")
    now = office.switch.calls[call]
    assert now.offer is not None
    assert (str(now.offer.target), now.offer.priority, now.offer.by_keys) == ("group:sales", 3, True)
    assert now.user_data == {"contract": "7"}
    office.picks_up("dave")
    office.is_calm()
    assert office.hears() == hear_each_other("dave", "in1")


def test_the_agent_who_is_being_rung_is_free_at_once_and_has_missed_nothing() -> None:
    office = Office(ready=("alice",))
    call = _enter(office)
    presses(office, "2", "in1")
    office.is_calm()
    assert office.agents.free() == ["alice"]
    assert office.agents.missed == []
    offer = office.switch.calls[call].offer
    assert offer is not None
    assert offer.state is OfferState.WAITING


def test_an_agent_who_is_reserved_for_them_as_they_press_is_not_rung() -> None:
    office = Office(ready=("alice",))
    office.arrives("queue", "help", leg="in1")
    while not office.switch.state.seeks:
        office.step()
    office.feed(s.LegDigit("in1", "2"))
    office.is_calm()
    assert [leg for leg in office.switch.legs.values() if leg.agent == "alice"] == []
    assert office.agents.free() == ["alice"]


def test_a_number_outside_is_dialled_for_them() -> None:
    office = Office(ready=())
    _enter(office)
    presses(office, "0", "in1")
    outside = office.outside_leg()
    office.answers_outside()
    office.is_calm()
    assert office.hears() == hear_each_other("in1", outside)


def test_who_presses_the_key_for_that_has_hung_up() -> None:
    office = Office(ready=())
    _enter(office)
    office.happens(s.LegDigit("in1", "9"))
    ended = _ended(office)
    assert (ended.ended_by, ended.end_reason) == ("contact", EndReason.CANCELLED)
    office.is_calm()


@pytest.mark.parametrize("key", ["5", "#", "?", "="])
def test_any_other_key_changes_nothing(key: str) -> None:
    office = Office(ready=())
    call = _enter(office)
    before = office.switch.calls[call]
    assert office.happens(s.LegDigit("in1", key)) == []
    assert office.switch.calls[call] == before


def test_a_target_that_is_there_no_longer_leads_nowhere_and_they_wait_on() -> None:
    office = Office(ready=())
    _with_queue(office, keys={"2": to("group:gone")})
    call = _enter(office)
    before = office.switch.calls[call]
    presses(office, "2", "in1")
    assert office.switch.calls[call] == before


def test_keys_count_in_a_queue_alone_and_only_those_of_the_caller() -> None:
    office = Office()
    call = office.served()
    assert presses(office, "2", "in1") == []
    office.arrives("group", "support", leg="in2")
    office.settle()
    assert presses(office, "2", "in2") == []
    office.hangs_up("in2")
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("queue:help"))
    assert presses(office, "2", "in1") == []
    assert presses(office, "2") == []
    assert presses(office, "2", "nobody") == []
    office.is_calm()


def test_a_line_on_its_way_out_presses_nothing() -> None:
    office = Office(ready=())
    _enter(office)
    kept = office.switch.legs["in1"]
    for leaving in (replace(kept, farewell=True), replace(kept, hanging_up=True)):
        office.switch.state.legs["in1"] = leaving
        assert office.happens(s.LegDigit("in1", "9")) == []


def test_a_key_ends_the_announcement_and_the_next_queues_limits_count_from_then_on() -> None:
    office = Office(ready=())
    _with_queue(office, keys={"2": to("queue:more")})
    more = Queue("more", "More", groups=("sales",), max_wait=60.0, announce_every=9.0, overflow=to("group:sales"))
    office.configure(replace(office.directory, queues={**office.directory.queues, "more": more}))
    call = _enter(office)
    office.asterisk.prompts_end = False
    office.pass_time()
    plays = [office.switch.legs["in1"].playing is not None]
    presses(office, "2", "in1")
    plays.append(office.switch.legs["in1"].playing is not None)
    assert plays == [True, False]
    offer = office.switch.calls[call].offer
    assert offer is not None
    assert (offer.give_up_at, offer.announce_at, offer.overflows) == (office.now + 60.0, office.now + 9.0, 0)
    office.pass_time(61.0)
    office.settle()
    offer = office.switch.calls[call].offer
    assert offer is not None
    assert (str(offer.target), offer.overflows, offer.by_keys) == ("group:sales", 1, False)
    office.is_calm()


def test_what_may_be_pressed_is_said_after_the_place_where_the_queue_has_keys() -> None:
    for keys, wanted in (({"2": to("group:sales")}, ("sound:next", "sound:press_2")), ({}, ("sound:next",))):
        office = Office(ready=(), announcements={**ANNOUNCEMENTS, "queue_keys": "sound:press_2"})
        _with_queue(office, keys=keys, max_wait=None)
        _enter(office)
        office.pass_time()
        office.settle()
        assert [x.sounds for x in office.asterisk.executed if isinstance(x, e.Announce)] == [wanted]


def test_the_story_tells_where_a_key_led_and_never_which_it_was() -> None:
    office = Office(ready=())
    call = _enter(office)
    presses(office, "52", "in1")
    story = office.switch.stories.of(call) or ()
    keys = [x.detail.digit for x in story if isinstance(x.detail, s.LegDigit)]
    assert keys == ["=group:sales"]
    assert not account.replayed_otherwise(office)
    assert said(office) == []
