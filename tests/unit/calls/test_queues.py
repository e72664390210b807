"""Callers in a queue: order, limits, overflow, what they hear, and the way back from a routing point's menu."""

from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import CallType, OfferState
from ari_app.routing.directory import Group, Queue
from ari_app.routing.entries import Fault
from tests.support.office import Office, hear_each_other
from tests.support.world import to


def _enter(office: Office, leg: str, *more: str) -> str:
    office.arrives("queue", "help", *more, leg=leg)
    office.settle()
    return next(x.id for x in office.switch.calls.values() if any(p.leg == leg for p in x.parties.values()))


def _with_queue(office: Office, **changes: object) -> None:
    queue: Queue = replace(office.directory.queues["help"], **changes)  # type: ignore[arg-type]
    office.directory = replace(office.directory, queues={"help": queue})
    office.feed(s.DirectoryReplaced(office.directory))


def _target(office: Office, call: str) -> str:
    offer = office.switch.calls[call].offer
    assert offer is not None
    return str(offer.target)


def _free(office: Office, agent: str) -> None:
    office.agents.idle.append(agent)
    office.feed(s.AgentBecameAvailable(agent))
    office.settle()


def test_who_came_first_is_served_first_and_who_is_urgent_before_them() -> None:
    office = Office(ready=())
    _with_queue(office, max_length=None)
    _enter(office, "first")
    office.now += 1
    _enter(office, "second")
    office.now += 1
    _enter(office, "urgent", "5")
    served = []
    for agent in ("alice", "bob", "carol"):
        _free(office, agent)
        office.picks_up(agent)
        served.append(next(b for a, b in office.hears() if a == agent))
    assert served == ["urgent", "first", "second"]
    office.is_calm()


@pytest.mark.parametrize("text", ["x", "-", "1.5", "123456", "٣", ""])
def test_what_is_no_number_is_no_priority(text: str) -> None:
    office = Office(ready=())
    call = _enter(office, "in1", text)
    offer = office.switch.calls[call].offer
    assert offer is not None
    assert offer.priority == 0
    call = _enter(office, "in2", "-3")
    offer = office.switch.calls[call].offer
    assert offer is not None
    assert offer.priority == -3


def test_a_line_that_is_full_overflows_to_the_other_target_and_keeps_the_priority() -> None:
    office = Office(ready=("dave",))
    calls = [_enter(office, f"in{number}", "2") for number in range(3)]
    assert [_target(office, call) for call in calls] == ["queue:help", "queue:help", "group:sales"]
    offer = office.switch.calls[calls[2]].offer
    assert offer is not None
    assert (offer.priority, offer.overflows, offer.give_up_at) == (2, 1, None)
    office.picks_up("dave")
    office.is_calm()
    assert office.hears() == hear_each_other("dave", "in2")


def test_a_full_line_without_overflow_ends_in_an_announcement() -> None:
    office = Office(ready=())
    _with_queue(office, overflow=None, max_length=0)
    office.arrives("queue", "help", leg="in1")
    office.is_calm()
    assert not office.switch.calls


@pytest.mark.parametrize("overflow", ["group:gone", "queue:help"])
def test_an_overflow_that_leads_nowhere_or_round_in_circles_ends(overflow: str) -> None:
    office = Office(ready=())
    _with_queue(office, overflow=to(overflow), max_length=0)
    office.arrives("queue", "help", leg="in1")
    office.is_calm()
    assert not office.switch.calls


def test_who_has_waited_long_enough_overflows_but_not_while_somebody_is_rung_for_them() -> None:
    office = Office(ready=())
    call = _enter(office, "in1")
    office.now += 29.0
    _free(office, "alice")
    office.now += 5.0
    office.feed(s.TimePassed())
    assert _target(office, call) == "queue:help"
    office.agents.idle.clear()
    office.hangs_up("alice", 21)
    while _target(office, call) == "queue:help":
        office.pass_time(0.0)
        office.settle()
    assert _target(office, call) == "group:sales"
    office.is_calm()


def test_who_waits_hears_their_place_and_then_their_music_goes_on() -> None:
    office = Office(ready=())
    _with_queue(office, max_wait=None)
    _enter(office, "in1")
    office.now += 1.0
    second = _enter(office, "in2")
    for _ in range(2):
        office.pass_time()
        assert office.switch.calls[second].offer is not None
        office.settle()
    said = [x.sounds for x in office.asterisk.executed if isinstance(x, e.Announce)]
    assert said == [("sound:next",), ("sound:there_are", "number:2", "sound:before_you")]
    office.is_calm()
    assert office.music() == {"in1", "in2"}


def test_nobody_hears_a_place_without_prompts_nor_while_they_hear_one_or_leave() -> None:
    office = Office(ready=(), announcements={})
    for leg in ("in1", "in2"):
        _enter(office, leg)
    office.pass_time()
    assert office.requests() == []
    for changes in ({"playing": "a"}, {"hanging_up": True}):
        office = Office(ready=())
        _enter(office, "in1")
        office.switch.state.legs["in1"] = replace(office.switch.legs["in1"], **changes)
        office.pass_time()
        assert not [x for x in office.effects if isinstance(x, e.Announce)]


def test_a_place_is_announced_no_more_when_the_queue_is_not_listed_or_silent_now() -> None:
    for changes in ({"announce_every": None}, None):
        office = Office(ready=())
        _enter(office, "in1")
        if changes is None:
            office.feed(s.DirectoryReplaced(replace(office.directory, queues={})))
        else:
            _with_queue(office, **changes)
        office.now += 7.0
        assert not [x for x in office.feed(s.TimePassed()) if isinstance(x, e.Announce)]


def test_who_waits_hears_the_queues_own_music_and_elsewhere_the_usual() -> None:
    office = Office(ready=("alice",))
    _enter(office, "in1")
    assert office.asterisk.world.channels["in1"].music == "help"
    office.picks_up("alice")
    call = office.only_call()
    office.ask(c.Hold, "alice", call=call.id)
    assert office.asterisk.world.channels["in1"].music == "default"
    office.agents.idle.append("bob")
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("queue:help"))
    assert office.asterisk.world.channels["in1"].music == "help"
    office = Office(ready=())
    _with_queue(office, music_class=None)
    _enter(office, "in1")
    assert office.asterisk.world.channels["in1"].music == "default"
    office.is_calm()


def test_who_overflows_hears_the_music_of_where_they_wait_then() -> None:
    office = Office(ready=())
    _enter(office, "in1")
    office.now += 30.0
    office.feed(s.TimePassed())
    office.is_calm()
    assert office.asterisk.world.channels["in1"].music == "default"


def test_the_wait_to_expect_is_announced_in_minutes_once_the_queue_has_moved() -> None:
    prompts = {"queue_next": "sound:next", "queue_wait": "sound:about", "queue_minutes": "sound:minutes"}
    office = Office(ready=(), announcements=prompts)
    _with_queue(office, max_length=None, max_wait=None, announce_every=None)
    for number in range(3):
        _enter(office, f"in{number}")
        office.now += 1.0
    for agent in ("alice", "bob"):
        office.now += 90.0
        _free(office, agent)
        office.picks_up(agent)
    _with_queue(office, announce_every=7.0)
    _enter(office, "late")
    office.hangs_up("in2")
    office.pass_time()
    (said,) = [x.sounds for x in office.effects if isinstance(x, e.Announce)]
    assert said == ("sound:next", "sound:about", "number:2", "sound:minutes")


def test_the_pace_is_a_running_mean_that_a_quiet_night_does_not_spoil() -> None:
    office = Office(ready=())
    _with_queue(office, max_length=None, max_wait=None, announce_every=None)
    passed = (0.0, 100.0, 50.0, 10_000.0)
    for number, seconds in enumerate(passed):
        office.now += seconds
        _enter(office, f"in{number}")
        _free(office, "alice")
        office.picks_up("alice")
        office.hangs_up(f"in{number}")
        office.agents.idle.clear()
    (pace,) = office.switch.state.paces.values()
    mean = 100.0 + (50.0 - 100.0) * 0.2
    assert pace.seconds == pytest.approx(mean + (600.0 - mean) * 0.2)


def test_a_group_waits_as_long_as_it_says_and_no_place_is_announced() -> None:
    office = Office(ready=())
    groups = {**office.directory.groups, "night": Group("night", "Night", max_wait=5.0)}
    office.feed(s.DirectoryReplaced(replace(office.directory, groups=groups)))
    office.arrives("group", "night", leg="in1")
    office.settle()
    assert office.switch.next_deadline() == office.now + 5.0


# -- a routing point decides where its caller goes --------------------------------------------------------------------


def _at_the_menu(office: Office) -> tuple[str, str]:
    """A caller for the routing point, and the leg that stands for it."""
    office.arrives("routing_point", "billing", leg="in1")
    office.settle()
    call = next(x for x in office.switch.calls.values() if any(p.leg == "in1" for p in x.parties.values()))
    return call.id, next(leg for leg in office.switch.legs if leg != "in1")


def test_the_dialplan_of_a_routing_point_hands_its_caller_on_with_what_it_found_out_s7() -> None:
    office = Office(ready=())
    call, point = _at_the_menu(office)
    fact = s.ChannelArrived("half", "", "queue", ("help", "4"), user_data={"choice": "2"}, via=point)
    requested = office.happens(fact)
    assert requested[:2] == [f"HangUp {point}", "HangUp half"]
    offer = office.switch.calls[call].offer
    assert offer is not None
    assert (str(offer.target), offer.priority, offer.by) == ("queue:help", 4, None)
    assert office.switch.calls[call].user_data == {"topic": "b", "choice": "2"}
    office.asterisk.hang_up(point)
    _free(office, "alice")
    office.picks_up("alice")
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_an_agent_who_called_the_routing_point_is_handed_on_as_the_caller() -> None:
    office = Office("alice", "bob")
    call = office.ask(c.MakeCall, "alice", target=to("routing_point:billing"))
    point = next(leg.id for leg in office.switch.legs.values() if leg.agent is None)
    office.feed(s.ChannelArrived("half", "", "agent", ("bob",), via=point))
    office.asterisk.hang_up(point)
    office.is_calm()
    assert office.switch.calls[call.id].type is CallType.INTERNAL
    assert office.hears() == hear_each_other("alice", "bob")


def test_a_menu_that_an_agent_left_on_hold_rings_nobody_for_them() -> None:
    office = Office("alice", "bob")
    call = office.ask(c.MakeCall, "alice", target=to("routing_point:billing"))
    point = next(leg.id for leg in office.switch.legs.values() if leg.agent is None)
    office.ask(c.Hold, "alice", call=call.id)
    office.asterisk.hang_up(office.leg_of("alice"))
    office.settle()
    assert call.id in office.switch.calls
    office.feed(s.ChannelArrived("half", "", "agent", ("bob",), via=point))
    office.settle()
    assert not office.switch.calls
    assert not office.wrong()


def test_a_menu_that_hands_on_while_it_is_being_transferred_ends_the_transfer() -> None:
    office = Office("alice", "bob")
    call = office.ask(c.MakeCall, "alice", target=to("routing_point:billing"))
    point = next(leg.id for leg in office.switch.legs.values() if leg.agent is None)
    office.ask(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:carol"))
    rung = office.leg_of("carol")
    office.feed(s.ChannelArrived("half", "", "agent", ("bob",), via=point))
    office.asterisk.hang_up(point)
    office.is_calm()
    assert rung not in office.switch.legs
    assert office.hears() == hear_each_other("alice", "bob")


def test_a_routing_point_that_hands_on_before_its_answer_was_reported_has_answered() -> None:
    office = Office(ready=())
    office.feed(s.ChannelArrived("in1", "carrier", "routing_point", ("billing",)))
    office.asterisk.arrive("in1", "carrier", "routing_point", "billing")
    point = next(leg for leg in office.switch.legs if leg != "in1")
    office.feed(s.ChannelArrived("half", "", "queue", ("help",), via=point))
    assert office.only_call().answered_at == office.now
    office.is_calm()
    assert office.music() == {"in1"}


def test_a_menu_that_leads_to_what_does_not_exist_ends_the_call() -> None:
    office = Office()
    _call, point = _at_the_menu(office)
    office.feed(s.ChannelArrived("half", "", "group", ("none",), via=point, entry="billing-menu 1"))
    assert office.turned_away == [e.ArrivalRefused("billing-menu 1", "group", "none", Fault.UNKNOWN_TARGET)]
    office.is_calm()
    assert not office.switch.calls


def test_a_half_of_nothing_we_know_is_a_caller_like_any_other_and_one_that_dials_too() -> None:
    office = Office()
    office.feed(s.ChannelArrived("half", "", "agent", ("bob",), via="unknown"))
    assert office.switch.legs["half"].focus is not None
    office = Office()
    _call, point = _at_the_menu(office)
    assert office.happens(s.ChannelArrived("half", "", "dial", ("1002",), via=point)) == [
        "Announce half invalid_number"
    ]


def test_the_longest_waiting_of_those_whom_the_free_agent_serves_is_tried() -> None:
    office = Office(ready=())
    first = _enter(office, "in1")
    office.arrives("skill", "french", leg="in2")
    office.settle()
    _free(office, "dave")
    offer = office.switch.calls[first].offer
    assert offer is not None
    assert offer.state is OfferState.WAITING
    office.picks_up("dave")
    assert office.hears() == hear_each_other("dave", "in2")
