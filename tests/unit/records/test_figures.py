"""Figures of queues and agents: what they mean, by examples, and what holds of any day."""

from collections import Counter
from dataclasses import asdict, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.calls.model import CallType, EndReason, OfferKind, PartyRole
from ari_app.records.figures import (
    BUSY,
    AgentFigures,
    AgentReport,
    QueueFigures,
    QueueReport,
    Ratio,
    Rules,
    stays_of,
    wrap_ups_by_call,
)
from ari_app.records.intervals import Intervals, milliseconds
from ari_app.records.model import AgentStateRecord, CallRecord, Segment, SegmentEnd, SegmentKind
from tests.unit.records.days import BEGIN, Day, cuts, days

RULES = Rules(service_level=20.0, short_abandon=5.0)
HOUR = 3600
TWO_HOURS = Intervals(tuple(int(BEGIN + n * HOUR) * 1000 for n in range(3)))
SALES, SUPPORT = "queue:sales", "queue:support"


def wait(begin: float, end: float, how: SegmentEnd = SegmentEnd.ANSWERED, target: str = SALES) -> Segment:
    return Segment(
        "contact", PartyRole.CONTACT, SegmentKind.QUEUE, BEGIN + begin, BEGIN + end, how, "contact", target=target
    )


def of_agent(
    kind: SegmentKind, begin: float, end: float, how: SegmentEnd = SegmentEnd.OVER, agent: str = "alice",
    offer: OfferKind | None = None,
) -> Segment:  # fmt: skip
    return Segment(agent, PartyRole.AGENT, kind, BEGIN + begin, BEGIN + end, how, agent=agent, offer=offer)


def talk(begin: float, end: float, how: SegmentEnd = SegmentEnd.OVER, agent: str = "alice") -> Segment:
    return of_agent(SegmentKind.TALK, begin, end, how, agent)


def of_contact(begin: float, end: float) -> Segment:
    return Segment("contact", PartyRole.CONTACT, SegmentKind.TALK, BEGIN + begin, BEGIN + end, SegmentEnd.OVER)


def call(*segments: Segment, ends: float = 600, transfers: int = 0, conferences: int = 0) -> CallRecord:
    return CallRecord(
        "c", CallType.INBOUND, "answered", BEGIN, None, BEGIN + ends, "contact", EndReason.HANGUP,
        transfers=transfers, conferences=conferences, segments=segments,
    )  # fmt: skip


def state(name: str, begin: float, end: float, reason: str | None = None, of: str | None = None) -> AgentStateRecord:
    return AgentStateRecord("alice", name, reason, BEGIN + begin, BEGIN + end, of)


def queue_report(*calls: CallRecord, states: tuple[AgentStateRecord, ...] = ()) -> QueueReport:
    report, rests = QueueReport(TWO_HOURS, RULES), wrap_ups_by_call(states)
    for each in calls:
        report.add(each, rests[each.id])
    return report


def agent_report(*calls: CallRecord, states: tuple[AgentStateRecord, ...] = ()) -> AgentReport:
    report = AgentReport(TWO_HOURS)
    for each in calls:
        report.add_call(each)
    for record in states:
        report.add_state(record)
    return report


# -- queues -----------------------------------------------------------------------------------------------------------


def test_short_abandons_are_counted_apart_and_are_nobodys_fault() -> None:
    ends = [
        (20, SegmentEnd.ANSWERED),
        (21, SegmentEnd.ANSWERED),
        (4.9, SegmentEnd.ABANDONED),
        (5, SegmentEnd.ABANDONED),
    ]
    figures = queue_report(*(call(wait(0, waited, how)) for waited, how in ends)).totals[SALES]
    assert (figures.offered, figures.answered, figures.abandoned, figures.short_abandons) == (4, 2, 1, 1)
    assert figures.service_level == Ratio(1, 3)
    assert figures.abandonment == Ratio(1, 3)
    assert figures.speed_of_answer == Ratio(41_000, 2)
    assert figures.longest_wait == 21_000


def test_a_queue_may_have_a_service_level_of_its_own() -> None:
    report = QueueReport(TWO_HOURS, replace(RULES, own={SUPPORT: 40.0}))
    for target in (SALES, SUPPORT):
        report.add(call(wait(0, 30, target=target)), [])
    assert (report.totals[SALES].answered_in_time, report.totals[SUPPORT].answered_in_time) == (0, 1)


@pytest.mark.parametrize(
    ("how", "field"),
    [
        (SegmentEnd.OVERFLOW, "overflowed"), (SegmentEnd.KEY, "by_key"), (SegmentEnd.CALLBACK, "callbacks"),
        (SegmentEnd.NOBODY, "nobody"), (SegmentEnd.LOST, "otherwise"),
    ],
)  # fmt: skip
def test_whoever_leaves_otherwise_is_no_abandon_and_was_not_answered_in_time(how: SegmentEnd, field: str) -> None:
    figures = queue_report(call(wait(0, 3, how))).totals[SALES]
    assert asdict(figures)[field] == 1
    assert (figures.service_level, figures.abandonment) == (Ratio(0, 1), Ratio(0, 1))


def test_a_caller_counts_when_they_began_to_wait_also_where_they_were_answered_later() -> None:
    report = queue_report(call(wait(HOUR - 10, HOUR + 10), talk(HOUR + 10, HOUR + 100)))
    assert report.rows[SALES, 0].answered == 1
    assert report.rows[SALES, 0].talk == 90_000
    assert (SALES, 1) not in report.rows


def test_what_an_agent_does_belongs_to_the_queue_that_was_answered_before() -> None:
    """Alice transfers to support, where Bob answers; each rests after it."""
    segments = (
        wait(0, 10), talk(10, 100, SegmentEnd.LEFT), of_agent(SegmentKind.HOLD, 40, 50),
        wait(100, 130, target=SUPPORT), talk(130, 200, agent="bob"),
    )  # fmt: skip
    states = (state("wrap_up", 100, 115, of="c"), replace(state("wrap_up", 200, 230, of="c"), agent="bob"))
    totals = queue_report(call(*segments, transfers=1), states=states).totals
    assert (totals[SALES].talk, totals[SALES].hold, totals[SALES].wrap_up) == (90_000, 10_000, 15_000)
    assert totals[SALES].handle_time == Ratio(115_000, 1)
    assert (totals[SUPPORT].talk, totals[SUPPORT].wrap_up) == (70_000, 30_000)
    assert (totals[SALES].transfers, totals[SUPPORT].transfers) == (1, 0)


def test_who_was_answered_by_nobody_has_no_work_done_for_them() -> None:
    """The agent whom the menu reached before is none of the queue's."""
    stays = stays_of(call(talk(0, 50), wait(60, 70, SegmentEnd.ABANDONED), transfers=1), [])
    assert [(s.talk, s.transfers) for s in stays] == [(0, 0)]


# -- agents -----------------------------------------------------------------------------------------------------------


def test_rings_are_counted_by_how_they_ended_and_ones_own_phone_is_not() -> None:
    ends = [
        *(SegmentEnd.ANSWERED, SegmentEnd.NO_ANSWER, SegmentEnd.NO_ANSWER, SegmentEnd.DECLINED, SegmentEnd.BUSY),
        *(SegmentEnd.UNAVAILABLE, SegmentEnd.CANCELLED, SegmentEnd.ELSEWHERE),
    ]
    rings = [of_agent(SegmentKind.RING, 0, 9, how, offer=OfferKind.CALL) for how in ends]
    own = of_agent(SegmentKind.RING, 0, 9, SegmentEnd.ANSWERED)
    figures = agent_report(call(*rings, own)).totals["alice"]
    assert (figures.rung, figures.answered, figures.missed, figures.declined) == (8, 1, 2, 1)
    assert (figures.busy, figures.unavailable, figures.withdrawn) == (1, 1, 2)


def test_times_are_cut_at_the_edges_and_a_call_counts_where_talk_began() -> None:
    report = agent_report(
        call(talk(HOUR - 60, HOUR + 30), of_agent(SegmentKind.HOLD, HOUR + 30, HOUR + 40), ends=HOUR + 40),
        states=(state("on_call", HOUR - 60, HOUR + 40, of="c"), state("wrap_up", HOUR + 40, HOUR + 50, of="c")),
    )
    first, second, whole = report.rows["alice", 0], report.rows["alice", 1], report.totals["alice"]
    assert ((first.calls, first.talk), (second.calls, second.talk, second.hold)) == ((1, 60_000), (0, 30_000, 10_000))
    assert (first.wrap_up, second.wrap_up) == (0, 10_000)
    assert whole.handle_time == Ratio(110_000, 1)


def test_occupancy_is_of_the_time_logged_in_and_reasons_are_kept_apart() -> None:
    figures = agent_report(
        states=(
            state("ready", 0, 100), state("ringing", 100, 110), state("on_call", 110, 200), state("wrap_up", 200, 220),
            state("not_ready", 220, 300, "lunch"), state("not_ready", 300, 310, "meeting"),
            state("logged_out", 310, 999),
        )
    ).totals["alice"]  # fmt: skip
    assert figures.occupancy == Ratio(120_000, 310_000)
    assert figures.states["not_ready", "lunch"] == 80_000
    assert AgentFigures().occupancy.value is None


def test_a_transfer_is_theirs_who_left_as_somebody_else_came_and_nobody_elses() -> None:
    """Alice transfers to Bob, who has Carol join; and Carol leaves first."""
    segments = (
        wait(0, 0), of_contact(0, 600), talk(0, 50, SegmentEnd.LEFT), talk(50, 600, agent="bob"),
        talk(100, 200, SegmentEnd.LEFT, "carol"),
    )  # fmt: skip
    totals = agent_report(call(*segments, transfers=1, conferences=1)).totals
    assert {name: figures.transfers for name, figures in totals.items()} == {"alice": 1, "bob": 0, "carol": 0}
    assert {name: figures.conferences for name, figures in totals.items()} == {"alice": 0, "bob": 1, "carol": 1}


def test_a_report_of_one_agent_has_nothing_of_others() -> None:
    report = AgentReport(TWO_HOURS, only="bob")
    report.add_call(call(talk(0, 50), talk(0, 20, agent="bob")))
    report.add_state(state("ready", 0, 10))
    assert list(report.totals) == ["bob"]


# -- any day ----------------------------------------------------------------------------------------------------------


def reports(day: Day, intervals: Intervals) -> tuple[QueueReport, AgentReport]:
    queues, agents, rests = QueueReport(intervals, RULES), AgentReport(intervals), wrap_ups_by_call(day.states)
    for each in day.calls:
        queues.add(each, rests[each.id])
        agents.add_call(each)
    for record in day.states:
        agents.add_state(record)
    return queues, agents


def summed(rows: list[QueueFigures] | list[AgentFigures]) -> Counter[object]:
    """What all of them have together; the longest wait is the longest of them."""
    found: Counter[object] = Counter()
    for row in rows:
        for name, value in asdict(row).items():
            if name == "states":
                found.update(value)
            elif name == "longest_wait":
                found[name] = max(found[name], value)
            else:
                found[name] += value
    return +found


@given(days(), cuts)
def test_intervals_add_up_to_the_whole(day: Day, edges: tuple[int, ...]) -> None:
    whole = Intervals((edges[0], edges[-1]))
    (queues, agents), (all_queues, all_agents) = reports(day, Intervals(edges)), reports(day, whole)
    for target, total in all_queues.totals.items():
        assert queues.totals[target] == total
        assert summed([row for (of, _), row in queues.rows.items() if of == target]) == summed([total])
    for agent, figures in all_agents.totals.items():
        assert agents.totals[agent] == figures
        assert summed([row for (of, _), row in agents.rows.items() if of == agent]) == summed([figures])


@given(days(), cuts)
def test_shares_are_between_none_and_all(day: Day, edges: tuple[int, ...]) -> None:
    queues, agents = reports(day, Intervals(edges))
    for row in (*queues.rows.values(), *queues.totals.values()):
        for share in (row.service_level, row.abandonment):
            assert 0 <= share.numerator <= share.denominator
        assert row.offered == sum((
            row.answered, row.abandoned, row.short_abandons, row.overflowed, row.by_key, row.callbacks, row.nobody,
            row.otherwise,
        ))  # fmt: skip
        assert row.speed_of_answer.numerator <= row.longest_wait * row.answered
    for figures in (*agents.rows.values(), *agents.totals.values()):
        assert 0 <= figures.occupancy.numerator <= figures.occupancy.denominator
        assert figures.rung == sum((
            figures.answered, figures.missed, figures.declined, figures.busy, figures.unavailable, figures.withdrawn
        ))  # fmt: skip


@given(days(), cuts, st.sampled_from(["queue:sales", "queue:support", "group:night"]))
def test_an_independent_count_of_queues_agrees(day: Day, edges: tuple[int, ...], target: str) -> None:
    queues, _ = reports(day, Intervals(edges))
    found = [
        s for c in day.calls for s in c.segments
        if s.kind == "queue" and s.target == target and edges[0] <= milliseconds(s.begun_at) < edges[-1]
    ]  # fmt: skip
    waited = {id(s): milliseconds(s.ended_at) - milliseconds(s.begun_at) for s in found}
    answered = [s for s in found if s.end == "answered"]
    gave_up = [s for s in found if s.end == "abandoned"]
    total = queues.totals[target]
    assert total.offered == len(found)
    assert total.answered == len(answered)
    assert total.answered_in_time == len([s for s in answered if waited[id(s)] <= 20_000])
    assert (total.abandoned, total.short_abandons) == (
        len([s for s in gave_up if waited[id(s)] >= 5_000]), len([s for s in gave_up if waited[id(s)] < 5_000]),
    )  # fmt: skip
    assert total.waited_answered == sum(waited[id(s)] for s in answered)
    assert total.longest_wait == max(waited.values(), default=0)


@given(days(), cuts, st.sampled_from(["alice", "bob", "carol"]))
def test_an_independent_count_of_agents_agrees(day: Day, edges: tuple[int, ...], agent: str) -> None:
    """Every second of every agent is looked at by itself."""
    _, agents = reports(day, Intervals(edges))
    total = agents.totals[agent]

    def within(begin: float, end: float) -> int:
        return max(0, min(milliseconds(end), edges[-1]) - max(milliseconds(begin), edges[0]))

    mine = [r for r in day.states if r.agent == agent]
    assert total.occupancy == Ratio(
        sum(within(r.begun_at, r.ended_at) for r in mine if r.state in BUSY),
        sum(within(r.begun_at, r.ended_at) for r in mine if r.state != "logged_out"),
    )
    own = [s for c in day.calls for s in c.segments if s.agent == agent]
    assert total.talk == sum(within(s.begun_at, s.ended_at) for s in own if s.kind == "talk")
    assert total.hold == sum(within(s.begun_at, s.ended_at) for s in own if s.kind == "hold")
    rings = [s for s in own if s.kind == "ring" and s.offer and edges[0] <= milliseconds(s.begun_at) < edges[-1]]
    assert total.rung == len(rings)
    assert total.missed == len([s for s in rings if s.end == "no_answer"])
