"""What is recorded of calls: who did what from when to when, as it happened."""

from dataclasses import replace

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import Call, DialplanEntry, EndReason, Identity, MonitorMode
from ari_app.records.figures import stays_of
from ari_app.records.missed import is_missed
from ari_app.records.model import CallRecord, Outsider
from ari_app.records.queue_log import lines_of_call
from ari_app.routing.directory import Role
from ari_app.routing.targets import Target, TargetType
from ari_app.testing.asterisk import Behaviour
from tests.support.office import AWAY, NUMBER, Office
from tests.support.world import to


def lines(record: CallRecord, began: float | None = None) -> list[str]:
    """`alice talk 3-8 left, agent:alice`: who, what, from and to in seconds of the call, how it ended and by whom."""
    names: dict[str, str] = {}
    outside = [x.party for x in record.segments if x.agent is None]
    for number, party in enumerate(dict.fromkeys(outside)):
        names[party] = "contact" if number == 0 else f"contact{number + 1}"
    start = record.started_at if began is None else began
    return [
        " ".join(
            (
                x.agent or names[x.party],
                x.kind,
                *((str(x.target),) if x.target else ()),
                *((f"for {x.offer}",) if x.offer else ()),
                f"{x.begun_at - start:.0f}-{x.ended_at - start:.0f}",
                x.end + (f", {x.ended_by}" if x.ended_by else ""),
            )
        )
        for x in record.segments
    ]


def recorded(office: Office, call: Call | None = None) -> CallRecord:
    """The only call that is recorded, or that one."""
    assert not office.recorded.wrong
    if call is not None:
        return office.recorded.records[call.id]
    (record,) = office.recorded.records.values()
    return record


def waits(office: Office, *entry: str, leg: str = "in1") -> Call:
    """Somebody comes, who waits for a second."""
    office.arrives(*(entry or ("group", "support")), leg=leg)
    office.settle()
    office.pass_time(1)
    return next(call for call in office.switch.calls.values() if any(p.leg == leg for p in call.parties.values()))


def passes(office: Office, seconds: float) -> None:
    office.pass_time(seconds)
    office.settle()


def over(office: Office, leg: str = "in1") -> CallRecord:
    """The caller hangs up."""
    office.feed(s.LegGone(leg, 16))
    office.settle()
    return recorded(office)


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


# -- calls that agents make -------------------------------------------------------------------------------------------


def test_an_agent_calls_outside_and_is_answered() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    passes(office, 2)
    office.picks_up("alice")
    passes(office, 3)
    office.answers_outside()
    passes(office, 4)
    office.do(c.Release, "alice", call=office.only_call().id)
    record = recorded(office)
    assert lines(record) == [
        "alice ring 0-2 answered, agent:alice",
        f"alice ring number:{NUMBER} 2-5 answered, contact",
        f"contact ring number:{NUMBER} for call 2-5 answered, contact",
        "alice talk 5-9 left, agent:alice",
        "contact talk 5-9 over, agent:alice",
    ]
    assert record.contact == Outsider("", NUMBER, anonymous=False)


def test_who_was_called_and_did_not_answer_is_known_yet() -> None:
    office = Office("alice")
    office.command(c.MakeCall, "alice", target=AWAY)
    office.settle()
    office.hangs_up(office.outside_leg(), 17)
    record = recorded(office)
    assert lines(record) == [
        "alice ring 0-0 answered, agent:alice",
        f"alice ring number:{NUMBER} 0-0 busy, contact",
        f"contact ring number:{NUMBER} for call 0-0 busy, contact",
    ]
    assert (record.outcome, record.contact) == ("unanswered", Outsider("", NUMBER, anonymous=False))


def test_an_agents_own_phone_that_is_not_answered() -> None:
    office = Office()
    office.command(c.MakeCall, "alice", target=to("agent:bob"))
    office.settle()
    passes(office, office.directory.settings.own_phone_timeout)
    (only,) = lines(recorded(office))
    assert only.startswith("alice ring 0-")
    assert only.endswith("no_answer, system")


def test_a_caller_who_is_put_through_outside_hears_it_ring() -> None:
    office = Office(ready=(), fallback=AWAY)
    waits(office, "agent", "alice")
    passes(office, 2)
    office.answers_outside()
    record = over(office)
    assert lines(record)[1:4] == [
        f"contact ring number:{NUMBER} 0-3 answered, contact",
        f"contact2 ring number:{NUMBER} for call 0-3 answered, contact",
        "contact talk 3-3 left, contact",
    ]


def test_a_caller_who_hangs_up_before_the_number_outside_answers_has_given_up() -> None:
    office = Office(ready=(), fallback=AWAY)
    waits(office, "agent", "alice")
    record = over(office)
    assert lines(record)[1:] == [
        f"contact ring number:{NUMBER} 0-1 abandoned, contact",
        f"contact2 ring number:{NUMBER} for call 0-1 cancelled, contact",
    ]
    assert record.outcome == "abandoned"


# -- transfers, conferences, consultations ----------------------------------------------------------------------------


def test_an_instant_transfer() -> None:
    office = Office()
    call = office.served()
    passes(office, 3)
    office.do(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    passes(office, 2)
    office.picks_up("bob")
    passes(office, 4)
    record = over(office)
    assert lines(record)[2:] == [
        "contact talk 0-3 next",
        "alice talk 0-3 next",
        "contact hold 3-5 next",
        "alice hold 3-5 left, agent:alice",
        "bob ring agent:bob for transfer 3-5 answered, agent:bob",
        "contact talk 5-9 left, contact",
        "bob talk 5-9 over, contact",
    ]
    assert (record.transfers, record.conferences, record.agents) == (1, 0, ("alice", "bob"))


def test_a_transfer_answered_at_the_desktop_has_not_removed_whoever_requested_it() -> None:
    office = Office()
    call = office.served()
    office.do(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.do(c.Answer, "bob", call=call.id)
    office.settle()
    office.picks_up("bob")
    assert "alice hold 0-0 left, agent:alice" in lines(over(office))


def test_a_transfer_that_is_declined_leaves_all_as_it_was() -> None:
    office = Office()
    call = office.served()
    office.do(c.SingleStepTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.pass_time(1)
    office.hangs_up("bob", 21)
    office.do(c.Release, "alice", call=call.id)
    record = recorded(office)
    assert "bob ring agent:bob for transfer 0-1 declined, agent:bob" in lines(record)
    assert (record.transfers, record.missed_by) == (0, ("bob",))


def test_a_conference_of_three_and_who_is_removed_from_it() -> None:
    office = Office()
    call = office.served()
    office.do(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.picks_up("bob")
    passes(office, 2)
    office.do(c.RemoveParty, "alice", call=call.id, party=office.party(call, "bob").id)
    office.settle()
    passes(office, 1)
    record = over(office)
    assert lines(record)[-3:] == [
        "contact talk 0-3 left, contact",
        "alice talk 0-3 over, contact",
        "bob talk 0-2 removed, agent:alice",
    ]
    assert (record.transfers, record.conferences) == (0, 1)


def consulted(office: Office) -> tuple[Call, Call]:
    call = office.served()
    office.do(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    passes(office, 2)
    office.picks_up("bob")
    passes(office, 3)
    return call, next(x for x in office.switch.calls.values() if x.parent == call.id)


def test_a_consultation_that_is_completed() -> None:
    office = Office()
    call, private = consulted(office)
    office.do(c.CompleteTransfer, "alice", call=private.id)
    office.settle()
    passes(office, 1)
    office.feed(s.LegGone("in1", 16))
    consultation, record = recorded(office, private), recorded(office, call)
    assert lines(consultation) == [
        "alice ring agent:bob 0-2 answered, agent:bob",
        "bob ring agent:bob for consult 0-2 answered, agent:bob",
        "alice talk 2-5 next",
        "bob talk 2-5 next",
    ]
    assert (consultation.parent, consultation.end_reason, consultation.transfers) == (call.id, EndReason.MERGED, 0)
    assert lines(record)[2:] == [
        "contact talk 0-0 next",
        "alice talk 0-0 next",
        "contact hold 0-5 next",
        "alice hold 0-5 left, agent:alice",
        "contact talk 5-6 left, contact",
        "bob talk 5-6 over, contact",
    ]
    assert (record.transfers, record.conferences) == (1, 0)


def test_a_consultation_that_becomes_a_conference() -> None:
    office = Office()
    call, private = consulted(office)
    office.do(c.CompleteConference, "alice", call=private.id)
    office.settle()
    office.feed(s.LegGone("in1", 16))
    office.settle()
    for agent in ("alice", "bob"):
        office.hangs_up(agent)
    record = recorded(office, call)
    assert (record.transfers, record.conferences) == (0, 1)


def test_a_consultation_completed_while_it_rings_rings_on_in_the_other_call() -> None:
    office = Office()
    call = office.served()
    office.do(c.InitiateTransfer, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    passes(office, 2)
    (private,) = (x for x in office.switch.calls.values() if x.parent == call.id)
    office.do(c.CompleteTransfer, "alice", call=private.id)
    office.settle()
    passes(office, 1)
    office.picks_up("bob")
    office.feed(s.LegGone("in1", 16))
    assert lines(recorded(office, private)) == [
        "alice ring agent:bob 0-2 next",
        "bob ring agent:bob for consult 0-2 next",
    ]
    record = recorded(office, call)
    assert "bob ring agent:bob for transfer 2-3 answered, agent:bob" in lines(record)
    assert record.transfers == 1


# -- who goes, and who only listens -----------------------------------------------------------------------------------


def test_an_agent_whose_phone_dies_and_the_caller_who_waits_for_them() -> None:
    office = Office(recall=10.0)
    call = office.served()
    passes(office, 3)
    office.feed(s.LegDied(office.leg_of("alice")))
    office.settle()
    passes(office, 2)
    office.picks_up("alice")
    passes(office, 1)
    assert lines(over(office))[2:] == [
        "contact talk 0-3 next",
        "alice talk 0-3 next",
        "contact hold 3-5 next",
        "alice hold 3-5 next",
        "contact talk 5-6 left, contact",
        "alice talk 5-6 over, contact",
    ]
    assert recorded(office, call).ended_by == "contact"


def test_an_agent_who_does_not_come_back_is_given_up() -> None:
    office = Office(ready=("alice", "dave"), fallback=Target(TargetType.GROUP, "sales"))
    call = office.served()
    office.do(c.Hold, "alice", call=call.id)
    office.hangs_up("alice")
    office.goes_home("alice")
    office.settle()
    passes(office, 2)
    assert lines(over(office))[-3:] == [
        "alice hold 0-0 left, system",
        "contact queue group:sales 0-2 abandoned, contact",
        "dave ring group:sales for call 0-2 cancelled, contact",
    ]


def test_a_supervisor_who_listens_is_nobody_who_takes_over_is() -> None:
    office = Office("erin")
    call = office.served()
    office.command(c.MonitorCall, "erin", call=call.id, role=Role.SUPERVISOR, mode=MonitorMode.LISTEN)
    office.settle()
    passes(office, 2)
    office.command(c.TakeOver, "erin", call=call.id, role=Role.SUPERVISOR)
    office.settle()
    passes(office, 1)
    record = over(office)
    assert lines(record)[2:] == [
        "contact talk 0-3 left, contact",
        "alice talk 0-2 removed, agent:erin",
        "erin talk 2-3 over, contact",
    ]
    assert (record.transfers, record.conferences) == (0, 0)


def test_a_phone_that_dies_in_a_conference_is_lost_from_it() -> None:
    office = Office()
    call = office.served()
    office.do(c.SingleStepConference, "alice", call=call.id, target=to("agent:bob"))
    office.settle()
    office.picks_up("bob")
    office.feed(s.LegDied(office.leg_of("bob", call.id)))
    assert "bob talk 0-0 lost, system" in lines(over(office))


def test_a_line_that_dies_ends_the_call_and_is_lost() -> None:
    office = Office()
    office.served()
    office.feed(s.LegDied("in1"))
    assert lines(recorded(office))[-2:] == ["contact talk 0-0 lost, system", "alice talk 0-0 over, contact"]


def test_a_menu_answers_and_hands_its_caller_back_who_is_in_a_queue_then() -> None:
    office = Office(ready=())
    office.asterisk.behaviour[DialplanEntry("4000")] = Behaviour.RING
    office.arrives("routing_point", "billing", leg="in1")
    office.settle()
    office.pass_time(1)
    (half,) = [leg.id for leg in office.switch.legs.values() if leg.id != "in1"]
    office.asterisk.answer(half)
    office.settle()
    passes(office, 2)
    office.feed(s.ChannelArrived("back", "menu", "queue", ("help",), Identity(), via=half))
    office.settle()
    passes(office, 4)
    record = over(office)
    assert [x for x in lines(record) if x.startswith("contact ")] == [
        "contact ring routing_point:billing 0-1 answered, contact",
        "contact talk 1-3 next",
        "contact queue queue:help 3-7 abandoned, contact",
    ]
    assert (record.queue, record.queued_at) == ("help", record.started_at + 3)


def test_a_menu_that_hands_on_before_its_answer_is_reported_has_answered() -> None:
    office = Office(ready=())
    office.asterisk.behaviour[DialplanEntry("4000")] = Behaviour.RING
    office.arrives("routing_point", "billing", leg="in1")
    office.settle()
    (half,) = [leg.id for leg in office.switch.legs.values() if leg.id != "in1"]
    office.pass_time(1)
    office.feed(s.ChannelArrived("back", "menu", "queue", ("help",), Identity(), via=half))
    office.settle()
    assert lines(over(office)) == [
        "contact ring routing_point:billing 0-1 answered, contact",
        "contact2 ring routing_point:billing for call 0-1 answered, contact",
        "contact queue queue:help 1-1 abandoned, contact",
    ]


def test_a_caller_who_withholds_who_they_are_is_nobody_in_the_record() -> None:
    office = Office(agents_see_withheld=True)
    office.withholding = True
    office.served()
    record = over(office)
    assert record.contact == Outsider("", "", anonymous=True)


def test_a_second_phone_of_the_same_agent_is_no_second_ring() -> None:
    office = Office(ready=("alice",))
    call = waits(office)
    (attempt,) = office.only_call().offer.attempts  # type: ignore[union-attr]
    office.feed(s.OtherPlaceFound(attempt.leg, "sip:other"))
    office.settle()
    office.pass_time(1)
    other = office.switch.calls[call.id].offer.attempts[1]  # type: ignore[union-attr]
    office.asterisk.answer(other.leg)
    office.settle()
    record = over(office)
    assert lines(record)[:2] == [
        "contact queue group:support 0-2 answered, agent:alice",
        "alice ring group:support for call 0-2 answered, agent:alice",
    ]
    assert {x.party for x in record.segments if x.agent == "alice"} == {other.party}
