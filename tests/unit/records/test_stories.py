"""What is recorded of calls: who did what from when to when, as it happened."""

from dataclasses import replace

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import EndReason
from ari_app.records.figures import stays_of
from ari_app.records.missed import is_missed
from ari_app.records.model import Outsider
from ari_app.records.queue_log import lines_of_call
from ari_app.routing.directory import Role
from ari_app.routing.targets import Target, TargetType
from tests.support.office import Office
from tests.support.world import to
from tests.unit.records.stories import lines, over, passes, recorded, waits


def test_a_caller_is_served_put_on_hold_and_hangs_up() -> None:
    office = Office(ready=("alice",))
    call = waits(office, "queue", "help")
    office.picks_up("alice")
    passes(office, 5)
    office.do(c.Hold, "alice", call=call.id)
    passes(office, 2)
    office.do(c.Retrieve, "alice", call=call.id)
    passes(office, 3)
    record = over(office)
    assert lines(record) == [
        "contact queue queue:help 0-1 answered, agent:alice",
        "alice ring queue:help for call 0-1 answered, agent:alice",
        "contact talk 1-6 next",
        "alice talk 1-6 next",
        "contact hold 6-8 next",
        "alice hold 6-8 next",
        "contact talk 8-11 left, contact",
        "alice talk 8-11 over, contact",
    ]
    assert (record.outcome, record.queue, record.agents, record.ended_by) == ("answered", "help", ("alice",), "contact")
    assert (record.queued_at, record.answered_at) == (record.started_at, record.started_at + 1)
    assert record.contact == Outsider("Zoé Caller", "+33612345678", anonymous=False)
    assert (record.segments[0].position, record.segments[0].last_position) == (1, 1)


def test_who_gives_up_has_waited_and_whoever_was_rung_has_missed_it() -> None:
    office = Office(ready=("alice",))
    waits(office)
    record = over(office)
    assert lines(record) == [
        "contact queue group:support 0-1 abandoned, contact",
        "alice ring group:support for call 0-1 cancelled, contact",
    ]
    assert (record.outcome, record.agents, record.missed_by) == ("abandoned", (), ("alice",))


def test_places_are_counted_as_people_come_and_go() -> None:
    office = Office(ready=())
    for leg in ("in1", "in2", "in3"):
        waits(office, leg=leg)
    for leg in ("in1", "in2", "in3"):
        office.feed(s.LegGone(leg, 16))
    places = [(x.position, x.last_position) for r in office.recorded.records.values() for x in r.segments]
    assert places == [(1, 1), (2, 1), (3, 1)]


def test_one_declines_one_lets_it_ring_and_the_third_answers() -> None:
    office = Office(ready=("alice", "bob", "carol"))
    call = waits(office)
    first = office.only_call().rung[0]
    office.hangs_up(first, 21)
    ring = office.directory.settings.offer_timeout
    passes(office, ring)
    last = next(a for a in ("alice", "bob", "carol") if a not in office.switch.calls[call.id].rung[:2])
    second = office.switch.calls[call.id].rung[1]
    passes(office, 2)
    office.picks_up(last)
    record = over(office)
    assert [x for x in lines(record) if " ring " in x] == [
        f"{first} ring group:support for call 0-1 declined, agent:{first}",
        f"{second} ring group:support for call 1-{1 + ring:.0f} no_answer, system",
        f"{last} ring group:support for call {1 + ring:.0f}-{3 + ring:.0f} answered, agent:{last}",
    ]


def test_where_all_are_rung_the_others_end_as_somebody_else_has_answered() -> None:
    office = Office(ready=("bob", "carol"))
    waits(office, "group", "together")
    office.picks_up("carol")
    record = over(office)
    assert [x for x in lines(record) if " ring " in x] == [
        "bob ring group:together for call 0-1 elsewhere, agent:carol",
        "carol ring group:together for call 0-1 answered, agent:carol",
    ]


def test_who_waits_too_long_goes_to_the_overflow_and_then_gives_up() -> None:
    office = Office(ready=())
    waits(office, "queue", "help")
    passes(office, 29)
    passes(office, 5)
    record = over(office)
    assert lines(record) == [
        "contact queue queue:help 0-30 overflow, system",
        "contact queue group:sales 30-35 abandoned, contact",
    ]


def test_whoever_finds_a_queue_full_was_offered_to_it_and_to_where_they_go_then() -> None:
    office = Office(ready=())
    for leg in ("in1", "in2"):
        waits(office, "queue", "help", leg=leg)
    call = waits(office, "queue", "help", leg="in3")
    office.feed(s.LegGone("in3", 16))
    office.settle()
    record = recorded(office, call)
    assert lines(record) == [
        "contact queue queue:help 0-0 overflow, system",
        "contact queue group:sales 0-1 abandoned, contact",
    ]
    assert [line.event for line in lines_of_call(record)] == ["ENTERQUEUE", "ABANDON"]
    assert [stay.target for stay in stays_of(record, [])] == ["queue:help", "group:sales"]


def test_whoever_finds_a_queue_full_that_has_no_overflow_was_offered_to_it_and_released() -> None:
    office = Office(ready=())
    queue = replace(office.directory.queues["help"], overflow=None, max_length=0)
    office.configure(replace(office.directory, queues={"help": queue}))
    office.arrives("queue", "help", leg="in1")
    office.settle()
    passes(office, 3)
    record = recorded(office)
    assert lines(record) == ["contact queue queue:help 0-0 overflow, system"]
    assert (record.outcome, record.queue, record.queued_at) == ("unanswered", "help", record.started_at)


def test_who_goes_on_from_one_full_queue_to_the_next_was_offered_to_each() -> None:
    office = Office(ready=())
    queue = replace(office.directory.queues["help"], max_length=0)
    other = replace(queue, id="other", overflow=to("queue:last"))
    queues = {"help": replace(queue, overflow=to("queue:other")), "other": other, "last": replace(queue, id="last")}
    queues["last"] = replace(queues["last"], max_length=None, overflow=None)
    office.configure(replace(office.directory, queues=queues))
    waits(office, "queue", "help")
    assert lines(over(office)) == [
        "contact queue queue:help 0-0 overflow, system",
        "contact queue queue:other 0-0 overflow, system",
        "contact queue queue:last 0-1 abandoned, contact",
    ]


def test_who_waits_too_long_where_there_is_nobody_else_hears_so_and_does_nothing_more() -> None:
    office = Office(ready=())
    office.configure(
        replace(office.directory, queues={"help": replace(office.directory.queues["help"], overflow=None)})
    )
    waits(office, "queue", "help")
    passes(office, 29)
    passes(office, 3)
    record = over(office)
    assert lines(record) == ["contact queue queue:help 0-30 overflow, system"]
    assert record.outcome == "unanswered"


def test_nobody_there_for_one_agent_goes_to_the_fallback() -> None:
    office = Office(ready=("dave",), fallback=Target(TargetType.GROUP, "sales"))
    waits(office, "agent", "alice")
    record = over(office)
    assert lines(record) == [
        "contact queue agent:alice 0-0 nobody, system",
        "contact queue group:sales 0-1 abandoned, contact",
        "dave ring group:sales for call 0-1 cancelled, contact",
    ]
    assert (record.queue, record.queued_at) == (None, record.started_at)
    assert record.missed_by == ("dave", "alice")  # who was away was wanted, and nobody else
    assert is_missed(record, "alice")


def test_who_talks_has_missed_the_caller_who_wanted_them_alone() -> None:
    office = Office(ready=("alice",))
    waits(office, "agent", "alice")
    office.picks_up("alice")
    office.arrives("agent", "alice", leg="in2")
    office.settle()
    record = recorded(office)
    assert (record.agents, record.missed_by, record.outcome) == ((), ("alice",), "unanswered")
    assert is_missed(record, "alice")


def test_what_was_declined_and_what_another_answered_first_is_not_missed_and_what_rang_in_vain_is() -> None:
    office = Office(ready=("alice", "bob", "carol"))
    waits(office)
    declines, misses = (office.only_call().rung[0], "")
    office.hangs_up(declines, 21)
    misses = office.only_call().rung[1]
    passes(office, office.directory.settings.offer_timeout)
    passes(office, 2)
    answers = next(agent for agent in ("alice", "bob", "carol") if agent not in (declines, misses))
    office.picks_up(answers)
    record = over(office)
    assert record.missed_by == (declines, misses)
    assert [agent for agent in ("alice", "bob", "carol") if is_missed(record, agent)] == [misses]


def test_how_an_agent_refused_is_known_also_where_the_caller_goes_to_the_fallback() -> None:
    office = Office(ready=("alice", "dave"), fallback=Target(TargetType.GROUP, "sales"))
    waits(office, "agent", "alice")
    office.hangs_up("alice", 21)
    office.pass_time(1)
    record = over(office)
    assert lines(record) == [
        "contact queue agent:alice 0-1 nobody, system",
        "alice ring agent:alice for call 0-1 declined, agent:alice",
        "contact queue group:sales 1-2 abandoned, contact",
        "dave ring group:sales for call 1-2 cancelled, contact",
    ]


def test_a_caller_who_is_cleared_by_a_supervisor_has_not_given_up() -> None:
    office = Office(ready=())
    call = waits(office)
    office.command(c.Clear, "erin", call=call.id, role=Role.SUPERVISOR)
    record = recorded(office)
    assert lines(record) == ["contact queue group:support 0-1 over, agent:erin"]
    assert record.end_reason is EndReason.CLEARED


def test_a_line_that_dies_while_it_waits_is_lost() -> None:
    office = Office(ready=())
    waits(office)
    office.feed(s.LegDied("in1"))
    assert lines(recorded(office)) == ["contact queue group:support 0-1 lost, system"]
