"""Callers, and agents, for what is closed: by its hours, or because somebody has closed it by hand."""

from dataclasses import replace
from typing import Any

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import EndReason
from ari_app.routing.entries import Fault
from ari_app.routing.hours import Calendar, Chosen, Closed, Span
from ari_app.routing.priorities import PriorityList
from tests.support.office import Office, hear_each_other
from tests.support.world import CALLER, to

# The office's clock shows Monday, 13:46:40.
OFFICE = Calendar("UTC", ((Span(9 * 60, 14 * 60),),) * 7)
CLOSES_IN = 14 * 3600 - (13 * 3600 + 46 * 60 + 40)
MORNING = Calendar("UTC", ((Span(9 * 60, 12 * 60),),) * 7)


def office_with(*, ready: tuple[str, ...] = (), prompts: dict[str, str] | None = None, **queue: Any) -> Office:
    """An office whose queue `help` is so."""
    office = Office(ready=ready)
    configure(office, **queue)
    if prompts is not None:
        directory = office.directory
        named = {**directory.settings.announcements, **prompts}
        office.configure(replace(directory, settings=replace(directory.settings, announcements=named)))
    return office


def configure(office: Office, **queue: Any) -> None:
    listed = replace(office.directory.queues["help"], **queue)
    office.configure(replace(office.directory, queues={"help": listed}, hours={"office": OFFICE, "morning": MORNING}))


def come(office: Office, leg: str = "in1", *more: str) -> None:
    office.arrives("queue", "help", *more, leg=leg)
    office.settle()


def prompts(office: Office) -> list[tuple[str, str]]:
    """Who was played what."""
    return [(x.leg, x.sounds[0]) for x in office.asterisk.executed if isinstance(x, e.Announce)]


def targets(office: Office) -> list[str]:
    return [str(call.offer.target) for call in office.switch.calls.values() if call.offer is not None]


def test_who_calls_a_closed_queue_hears_so_and_is_released() -> None:
    office = office_with(ready=("alice",), hours="morning")
    ended = []
    office.arrives("queue", "help", leg="in1")
    for _ in range(20):
        office.step()
        ended += [x.call for x in office.effects if isinstance(x, e.CallChanged) and x.call.ended]
    office.is_calm()
    assert prompts(office) == [("in1", "sound:help_is_closed")]
    (call,) = ended
    assert (call.end_reason, call.ended_by, call.queued_at, call.rung) == (EndReason.CLOSED, "system", None, ())


def test_without_an_announcement_of_its_own_that_of_all_is_heard_and_without_any_the_call_is_over() -> None:
    office = office_with(hours="morning", closed=Closed(), prompts={"closed": "sound:come_back"})
    come(office)
    assert prompts(office) == [("in1", "sound:come_back")]
    office = office_with(hours="morning", closed=Closed(), prompts={"closed": ""})
    come(office)
    office.is_calm()
    assert not office.switch.calls
    assert prompts(office) == []


def test_who_calls_a_closed_queue_hears_so_and_goes_to_the_target_for_that() -> None:
    office = office_with(ready=("dave",), hours="morning", closed=Closed("sound:shut", to("group:sales")))
    come(office)
    assert targets(office) == ["group:sales"]
    assert prompts(office) == [("in1", "sound:shut")]
    office.picks_up("dave")
    office.is_calm()
    assert office.hears() == hear_each_other("dave", "in1")


def test_of_two_that_are_closed_each_is_announced_once_and_the_last_says_goodbye() -> None:
    office = office_with(hours="morning", closed=Closed("sound:shut", to("group:sales")))
    sales = replace(office.directory.groups["sales"], closed=Closed("sound:gone"))
    office.configure(replace(office.directory, groups={**office.directory.groups, "sales": sales}))
    office.chooses("group:sales", Chosen.CLOSED)
    office.settle()
    come(office)
    office.is_calm()
    assert prompts(office)[-1] == ("in1", "sound:gone")
    assert not office.switch.calls


@pytest.mark.parametrize("where", ["queue:help", "group:gone"])
def test_a_closed_queue_that_leads_nowhere_or_to_itself_releases(where: str) -> None:
    office = office_with(hours="morning", closed=Closed("sound:shut", to(where)))
    come(office)
    office.is_calm()
    assert not office.switch.calls


def test_a_queue_that_is_open_serves_and_so_does_one_without_hours() -> None:
    for hours in ("office", None):
        office = office_with(ready=("alice",), hours=hours)
        come(office)
        office.picks_up("alice")
        office.is_calm()
        assert office.hears() == hear_each_other("alice", "in1")


def test_who_waits_when_it_closes_is_served_or_released_as_the_file_says() -> None:
    for release, left in ((True, 0), (False, 1)):
        office = office_with(
            hours="office", max_wait=None, announce_every=None, closed=Closed("sound:shut", release=release)
        )
        come(office)
        office.pass_time(CLOSES_IN - 1)
        assert len(office.switch.calls) == 1
        office.pass_time(1.0)
        office.is_calm()
        assert len(office.switch.calls) == left
        assert prompts(office) == [("in1", "sound:shut")] * release


def test_who_is_rung_for_when_it_closes_is_served_and_released_only_when_nobody_comes() -> None:
    office = office_with(ready=("alice",), hours="office", max_wait=None, announce_every=None)
    office.now += CLOSES_IN - 5
    come(office)
    office.pass_time(6)
    office.settle()
    assert len(office.switch.calls) == 1
    office.agents.idle = []
    office.hangs_up("alice", 21)
    office.pass_time(0.0)
    office.is_calm()
    assert not office.switch.calls
    assert prompts(office) == [("in1", "sound:help_is_closed")]


def test_closing_now_releases_who_waits_and_opening_lets_callers_in_again() -> None:
    office = office_with(max_wait=None, announce_every=None)
    come(office)
    office.chooses("queue:help", Chosen.CLOSED)
    office.settle()
    office.pass_time(0.0)
    office.is_calm()
    assert not office.switch.calls
    come(office, "in2")
    office.is_calm()
    assert not office.switch.calls
    office.chooses("queue:help", Chosen.OPEN)
    office.settle()
    come(office, "in3")
    office.is_calm()
    assert len(office.switch.calls) == 1


def test_a_queue_that_is_kept_open_after_its_hours_keeps_who_waits_until_that_ends() -> None:
    office = office_with(hours="office", max_wait=None, announce_every=None)
    come(office)
    office.chooses("queue:help", Chosen.OPEN, until=office.now + CLOSES_IN + 60)
    office.settle()
    office.pass_time(CLOSES_IN + 59)
    assert len(office.switch.calls) == 1
    office.pass_time(1)
    office.is_calm()
    assert not office.switch.calls


def test_what_was_chosen_and_is_chosen_no_longer_counts_no_more() -> None:
    office = office_with()
    office.chooses("queue:help", Chosen.CLOSED)
    office.settle()
    office.overrides = {}
    office.feed(s.OpeningsReplaced({}))
    come(office)
    office.is_calm()
    assert len(office.switch.calls) == 1


def test_a_file_with_other_hours_releases_who_waits_or_keeps_them_on() -> None:
    office = office_with(hours="office", max_wait=None, announce_every=None)
    come(office)
    configure(office, hours=None)
    office.pass_time(CLOSES_IN + 1)
    office.is_calm()
    assert len(office.switch.calls) == 1
    configure(office, hours="morning")
    office.pass_time(0.0)
    office.is_calm()
    assert not office.switch.calls


def test_a_deadline_that_came_too_early_is_set_anew() -> None:
    """The file was read again in the same moment, say."""
    office = office_with(hours="office", max_wait=None, announce_every=None)
    come(office)
    call = office.only_call()
    assert call.offer is not None
    office.switch.state.keep(replace(call, offer=replace(call.offer, closes_at=office.now)))
    office.switch._note_deadline(office.only_call())
    office.feed(s.TimePassed())
    offer = office.only_call().offer
    assert offer is not None
    assert offer.closes_at == office.now + CLOSES_IN


def test_who_is_about_to_be_served_as_it_closes_is_served() -> None:
    """It closes between the request for somebody who is free and the answer."""
    office = office_with(closed=Closed(release=True), max_wait=None, announce_every=None)
    come(office)
    office.agents.idle.append("alice")
    office.feed(s.AgentBecameAvailable("alice"))
    office.chooses("queue:help", Chosen.CLOSED)
    office.inbox.rotate(1)  # it is closed before the answer comes
    office.step()
    office.feed(s.TimePassed())
    office.settle()
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in1")
    office.is_calm()


def test_nobody_who_talks_is_concerned_when_it_closes() -> None:
    office = office_with(ready=("alice",), hours="office")
    come(office)
    office.picks_up("alice")
    office.chooses("queue:help", Chosen.CLOSED)
    office.settle()
    office.pass_time(CLOSES_IN + 60)
    office.is_calm()
    assert office.hears() == hear_each_other("alice", "in1")


def test_an_agent_is_refused_what_is_closed_before_the_contact_has_heard_a_thing() -> None:
    office = Office()
    call = office.served()
    office.chooses("group:sales", Chosen.CLOSED)
    office.settle()
    office.asterisk.executed.clear()
    for kind in (c.SingleStepTransfer, c.SingleStepConference, c.InitiateTransfer):
        assert office.refused(kind, "alice", call=call.id, target=to("group:sales")) == "no_agent_available"
    assert office.refused(c.MakeCall, "bob", target=to("group:sales")) == "no_agent_available"
    assert office.asterisk.executed == []
    assert office.hears() == hear_each_other("alice", "in1")


def test_what_closes_while_somebody_is_reserved_for_an_agent_is_refused_and_they_are_free_again() -> None:
    office = Office(ready=("dave",))
    name = office.command(c.MakeCall, "alice", target=to("group:sales"))
    office.chooses("group:sales", Chosen.CLOSED)
    office.inbox.rotate(1)  # it is closed before the answer comes
    office.is_calm()
    assert office.refusals[name].code == "no_agent_available"
    assert office.agents.activity.get("dave") is None


def test_an_agent_who_dials_what_is_closed_hears_so() -> None:
    office = office_with(hours="morning")
    office.arrives("dial", "3000", endpoint="1001", leg="own")
    office.is_calm()
    assert prompts(office) == [("own", "sound:help_is_closed")]
    assert office.turned_away == []


def test_a_closed_routing_point_is_not_entered_by_who_comes_out_of_another() -> None:
    office = Office()
    point = replace(office.directory.routing_points["billing"], closed=Closed("sound:no_billing"))
    office.configure(replace(office.directory, routing_points={"billing": point}))
    office.chooses("routing_point:billing", Chosen.CLOSED)
    office.settle()
    office.arrives("routing_point", "billing", leg="in1")
    office.is_calm()
    assert prompts(office) == [("in1", "sound:no_billing")]


def test_an_agent_whom_a_menu_leads_to_what_is_closed_hears_that_nobody_comes() -> None:
    office = Office()
    office.arrives("dial", "4000", endpoint="1001", leg="own")
    office.settle()
    office.answers_outside()
    half = next(leg.id for leg in office.switch.legs.values() if leg.id != "own")
    office.asterisk.answer(half)
    office.settle()
    office.chooses("queue:help", Chosen.CLOSED)
    office.settle()
    office.feed(s.ChannelArrived("far", "menu", "queue", ("help",), via=half))
    office.settle()
    assert not any(call.offering() for call in office.switch.calls.values())


# -- by phone ---------------------------------------------------------------------------------------------------------


def dials_code(office: Office, agent: str, *args: str) -> list[tuple[str, str]]:
    office.asterisk.executed.clear()
    office.arrives("feature", "opening", *args, endpoint=office.everybody[agent].phone or "")
    office.is_calm()
    return prompts(office)


def chosen(office: Office) -> tuple[str, str]:
    override = office.overrides["queue:help"]
    return override.chosen.value, override.by


CODES = {"opening_open": "sound:is_open", "opening_closed": "sound:is_closed", "invalid_number": "sound:invalid"}


@pytest.mark.parametrize("named", ["queue:help", "3000"])
def test_a_supervisors_phone_closes_a_queue_and_opens_it_again_by_its_hours(named: str) -> None:
    office = office_with(prompts=CODES, hours="office")
    assert [heard for _, heard in dials_code(office, "erin", named)] == ["sound:is_closed"]
    assert chosen(office) == ("closed", "erin")
    assert [heard for _, heard in dials_code(office, "erin", named)] == ["sound:is_open"]
    assert chosen(office) == ("hours", "erin")


def test_outside_its_hours_a_supervisors_phone_opens_a_queue_and_leaves_it_to_its_hours_again() -> None:
    office = office_with(prompts=CODES, hours="morning")
    assert [heard for _, heard in dials_code(office, "erin", "queue:help")] == ["sound:is_open"]
    assert chosen(office) == ("open", "erin")
    assert [heard for _, heard in dials_code(office, "erin", "queue:help")] == ["sound:is_closed"]
    assert chosen(office) == ("hours", "erin")


@pytest.mark.parametrize(
    ("agent", "args", "fault"),
    [
        ("alice", ("queue:help",), Fault.NOT_ALLOWED),
        ("erin", ("queue:nowhere",), Fault.UNKNOWN_TARGET),
        ("erin", ("agent:bob",), Fault.UNKNOWN_TARGET),
        ("erin", ("what",), Fault.UNKNOWN_TARGET),
        ("erin", (), Fault.UNKNOWN_TARGET),
    ],
)
def test_nobody_else_opens_and_closes_and_nothing_else_is_opened(
    agent: str, args: tuple[str, ...], fault: Fault
) -> None:
    office = office_with(prompts=CODES)
    assert [heard for _, heard in dials_code(office, agent, *args)] == ["sound:invalid"]
    assert [refused.fault for refused in office.turned_away] == [fault]
    assert office.overrides == {}


# -- what else a queue has of its own ---------------------------------------------------------------------------------


def test_a_queue_welcomes_each_caller_once_and_its_music_follows() -> None:
    office = office_with(
        max_wait=None, announce_every=None, announcements={"queue_welcome": "sound:welcome"}, max_length=None
    )
    for leg in ("in1", "in2"):
        come(office, leg)
    office.is_calm()
    assert prompts(office) == [("in1", "sound:welcome"), ("in2", "sound:welcome")]
    assert office.music() == {"in1", "in2"}


def test_who_is_welcomed_is_rung_for_meanwhile_and_talks_at_once() -> None:
    office = office_with(ready=("alice",), announcements={"queue_welcome": "sound:welcome"})
    office.asterisk.prompts_end = False
    come(office)
    office.picks_up("alice")
    assert office.hears() == hear_each_other("alice", "in1")


def test_a_caller_is_comforted_every_so_often_while_nobody_is_rung_for_them() -> None:
    office = office_with(
        max_wait=None, announce_every=None, comfort_every=20.0, announcements={"queue_comfort": "sound:patience"}
    )
    come(office)
    for _ in range(2):
        office.pass_time()
        office.settle()
    assert office.now == 1_000_040.0
    assert prompts(office) == [("in1", "sound:patience")] * 2
    office.agents.idle = ["alice"]
    office.feed(s.AgentBecameAvailable("alice"))
    office.settle()
    office.pass_time(20.0)
    office.settle()
    assert len(prompts(office)) == 2
    office.is_calm()


def test_nobody_is_comforted_any_more_when_the_file_has_that_no_longer() -> None:
    office = office_with(max_wait=None, announce_every=None, comfort_every=20.0)
    come(office)
    configure(office, comfort_every=None)
    office.pass_time()
    assert office.switch.next_deadline() is None
    office = office_with(max_wait=None, announce_every=None, comfort_every=20.0)
    come(office)
    office.configure(replace(office.directory, queues={}))
    office.pass_time()
    assert prompts(office) == []


def test_a_queues_own_prompts_go_before_those_of_all() -> None:
    office = office_with(max_wait=None, announcements={"queue_next": "sound:you_are_next"})
    come(office)
    office.pass_time()
    office.settle()
    assert prompts(office) == [("in1", "sound:you_are_next")]


@pytest.mark.parametrize(("own", "rest"), [(3.0, 3.0), (0.0, 0.0), (None, 9.0)])
@pytest.mark.parametrize("first", ["agent", "contact"])
def test_the_rest_after_a_call_is_that_of_its_queue_or_else_of_the_agents_groups(
    own: float | None, rest: float, first: str
) -> None:
    office = office_with(ready=("alice",), wrap_up=own)
    support = replace(office.directory.groups["support"], wrap_up=9.0)
    office.configure(replace(office.directory, groups={**office.directory.groups, "support": support}))
    come(office)
    office.picks_up("alice")
    leg = office.leg_of("alice")
    effects = office.feed(s.LegGone("in1" if first == "contact" else leg))
    effects += office.feed(s.LegGone(leg)) if first == "contact" else []
    assert [x.wrap_up for x in effects if isinstance(x, e.SetActivity) and x.activity is None] == [rest]


def test_a_call_that_came_by_no_queue_has_the_rest_of_the_agents_groups() -> None:
    office = office_with(ready=("alice",), wrap_up=3.0)
    office.served()
    leg = office.leg_of("alice")
    office.feed(s.LegGone("in1"))
    effects = office.feed(s.LegGone(leg))
    assert [x.wrap_up for x in effects if isinstance(x, e.SetActivity) and x.activity is None] == [0.0]


GOLD = PriorityList("gold", 7, frozenset({CALLER.number}), queues=frozenset({"help"}))


@pytest.mark.parametrize(("dialplan", "priority"), [((), 7), (("0",), 7), (("2",), 2), (("-1",), -1)])
def test_the_lists_say_how_urgent_a_caller_is_unless_the_dialplan_does(
    dialplan: tuple[str, ...], priority: int
) -> None:
    office = office_with(max_wait=None, announce_every=None)
    office.configure(replace(office.directory, priorities=(GOLD,)))
    come(office, "in1", *dialplan)
    offer = office.only_call().offer
    assert offer is not None
    assert offer.priority == priority


def test_a_number_that_is_withheld_is_on_no_list_and_where_a_caller_goes_on_to_counts_too() -> None:
    office = office_with(max_wait=None, announce_every=None)
    office.configure(replace(office.directory, priorities=(GOLD,)))
    office.withholding = True
    come(office)
    offer = office.only_call().offer
    assert offer is not None
    assert offer.priority == 0
    office = office_with(max_wait=10.0, overflow=to("group:sales"))
    office.configure(replace(office.directory, priorities=(replace(GOLD, queues=frozenset()),)))
    come(office)
    office.pass_time(10.0)
    offer = office.only_call().offer
    assert offer is not None
    assert (str(offer.target), offer.priority) == ("group:sales", 7)
