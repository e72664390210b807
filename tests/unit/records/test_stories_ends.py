"""What records say of who is lost, goes, only listens, or comes by a menu."""

from ari_app.calls import commands as c
from ari_app.calls import stimuli as s
from ari_app.calls.model import DialplanEntry, Identity, MonitorMode
from ari_app.records.model import Outsider
from ari_app.routing.directory import Role
from ari_app.routing.targets import Target, TargetType
from ari_app.testing.asterisk import Behaviour
from tests.support.office import Office
from tests.support.world import to
from tests.unit.records.stories import lines, over, passes, recorded, waits


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
    assert record.outcome == "abandoned"  # a menu has answered, and nobody else


def test_who_hangs_up_in_a_menu_has_given_up_and_who_is_cleared_there_was_not_answered() -> None:
    for cleared, outcome in ((False, "abandoned"), (True, "unanswered")):
        office = Office(ready=())
        office.asterisk.behaviour[DialplanEntry("4000")] = Behaviour.ANSWER
        call = waits(office, "routing_point", "billing")
        if cleared:
            office.command(c.Clear, "erin", call=call.id, role=Role.SUPERVISOR)
        record = recorded(office) if cleared else over(office)
        assert (record.outcome, record.agents) == (outcome, ())


def test_an_agent_whom_a_menu_leads_to_has_answered_its_caller() -> None:
    office = Office(ready=("alice",))
    office.asterisk.behaviour[DialplanEntry("4000")] = Behaviour.ANSWER
    office.arrives("routing_point", "billing", leg="in1")
    office.settle()
    (half,) = [leg.id for leg in office.switch.legs.values() if leg.id != "in1"]
    office.feed(s.ChannelArrived("back", "menu", "queue", ("help",), Identity(), via=half))
    office.settle()
    office.picks_up("alice")
    record = over(office)
    assert (record.outcome, record.agents) == ("answered", ("alice",))


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
