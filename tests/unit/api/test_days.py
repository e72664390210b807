"""An agent's own day: their figures of today are those of a report, whatever comes in which order, and right at once;
and calls that they have missed."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ari_app.api.days import Days
from ari_app.api.models.day import DayDocument
from ari_app.api.report_rows import agent_row
from ari_app.calls.model import OfferKind, PartyRole
from ari_app.errors import HistoryUnavailable
from ari_app.history.reporting import agent_report
from ari_app.records.figures import AgentFigures
from ari_app.records.intervals import Intervals
from ari_app.records.model import (
    AgentStateRecord,
    CallRecord,
    DispositionRecord,
    Fact,
    Segment,
    SegmentEnd,
    SegmentKind,
)
from ari_app.testing.history import MemoryHistory
from tests.unit.api.fakes import NOW, FakeAgents, FakeControl, FakeRecord, World
from tests.unit.api.kept import FlakyStore
from tests.unit.api.test_events import next_event, window
from tests.unit.api.test_history import keep, over
from tests.unit.records.days import BEGIN, Day, days

# NOW is 2027-01-15T08:00:00Z, a Friday; 9:00 in Paris.
MIDNIGHT = NOW - 8 * 3600


def rang(call: str, end: SegmentEnd, at: float = NOW - 70, agent: str = "alice") -> Segment:
    return Segment(
        f"{call}-p2", PartyRole.AGENT, SegmentKind.RING, at, at + 10, end, None, agent, "queue:sales", OfferKind.CALL
    )


def talked(call: str, begin: float, end: float) -> Segment:
    return Segment(f"{call}-p2", PartyRole.AGENT, SegmentKind.TALK, begin, end, SegmentEnd.OVER, None, "alice")


def missed(call: str, at: float = NOW, end: SegmentEnd = SegmentEnd.NO_ANSWER, **more: Any) -> CallRecord:
    """A call for which alice was rung."""
    changes = {"agents": (), "missed_by": ("alice",), "answered_at": None, "outcome": "abandoned", **more}
    return over(call, at=at, segments=(rang(call, end, at - 10),), **changes)


class Desktop:
    """Of alice: what they are notified of."""

    def __init__(self, began: float = NOW) -> None:
        self.control, self.agents, self.history = FakeControl(), FakeAgents(), MemoryHistory()
        self.store = FlakyStore(self.clock)
        self.open = True
        self.shown: list[DayDocument] = []
        self.notified = asyncio.Event()
        self.began, self._loop = began, asyncio.get_running_loop()
        self._since = self._loop.time()
        self.days = Days(
            self.control, self.agents, self.history, self.store, self._note, lambda agent: self.open, self.clock
        )
        self.history.listen(self.days.written)

    def clock(self) -> float:
        return self.began + self._loop.time() - self._since

    def _note(self, agent: str, day: DayDocument) -> None:
        self.shown.append(day)
        self.notified.set()

    async def is_notified(self) -> DayDocument:
        async with asyncio.timeout(5):
            await self.notified.wait()
        self.notified.clear()
        return self.shown[-1]

    @contextmanager
    def running(self) -> Iterator[None]:
        task = asyncio.create_task(self.days.run())
        yield
        task.cancel()

    def zone(self, name: str) -> None:
        directory = self.control.now_directory
        self.control.now_directory = replace(directory, settings=replace(directory.settings, zone=name))


@pytest.fixture
async def desktop() -> Desktop:
    return Desktop()


async def test_a_call_that_is_over_and_the_rest_after_it_are_counted_at_once(desktop: Desktop) -> None:
    with desktop.running():
        assert (await desktop.days.of("alice")).figures.calls == 0
        ring = rang("c1", SegmentEnd.ANSWERED)
        desktop.history.write([over("c1", segments=(ring, talked("c1", NOW - 60, NOW)))])
        figures = (await desktop.is_notified()).figures
        assert (figures.rung, figures.answered, figures.calls, figures.talk) == (1, 1, 1, 60)
        desktop.agents.records["alice"] = FakeRecord("alice", "ready", since=NOW)
        desktop.history.write([AgentStateRecord("alice", "wrap_up", None, NOW - 20, NOW, "c1")])
        shown = await desktop.is_notified()
    assert (shown.figures.wrap_up, shown.figures.handle_time.value) == (20, 80)
    assert [state.state for state in shown.figures.states] == ["ready", "wrap_up"]
    assert (shown.begins_at, shown.ends_at, shown.tz) == ("2027-01-15T00:00:00.000Z", "2027-01-16T00:00:00.000Z", "UTC")


async def test_what_comes_twice_is_counted_once_and_what_comes_late_is_counted(desktop: Desktop) -> None:
    first, second = (AgentStateRecord("alice", "ready", None, NOW - 100 + n * 10, NOW - 90 + n * 10) for n in (0, 1))
    call = over("c1", segments=(talked("c1", NOW - 60, NOW),))
    await desktop.days.of("alice")
    late: list[list[Fact]] = [[second, call], [second, call], [first]]  # as after a fail-over
    for facts in late:
        desktop.history.write(facts)
    figures = (await desktop.days.of("alice")).figures
    assert (figures.calls, figures.talk, figures.logged_in) == (1, 60, 20)


async def test_the_day_is_that_of_the_call_centre_s_time_zone(desktop: Desktop) -> None:
    talks = [talked("c1", MIDNIGHT - 1800, MIDNIGHT - 900)]  # 0:30 in Paris
    desktop.history.write([over("c1", at=MIDNIGHT - 900, segments=tuple(talks))])
    assert (await desktop.days.of("alice")).figures.calls == 0
    desktop.zone("Europe/Paris")
    desktop.days.directory_changed()
    day = await desktop.days.of("alice")
    assert (day.figures.calls, day.begins_at, day.tz) == (1, "2027-01-14T23:00:00.000Z", "Europe/Paris")


async def test_at_midnight_it_begins_anew_though_nothing_happens_and_what_went_on_is_counted_from_there() -> None:
    midnight = MIDNIGHT + 86_400
    desktop = Desktop(midnight - 0.3)
    desktop.open = False
    desktop.history.write([missed("c0", midnight - 60), over("c1", segments=(talked("c1", NOW, NOW + 60),))])
    desktop.open = True
    assert (await desktop.days.of("alice")).figures.calls == 1
    with desktop.running():
        shown = await desktop.is_notified()
        assert (shown.figures.calls, shown.figures.talk, shown.missed_unseen) == (0, 0, 1)
        assert shown.begins_at == "2027-01-16T00:00:00.000Z"
        desktop.history.write([over("c2", at=midnight + 5, segments=(talked("c2", midnight - 60, midnight + 5),))])
        assert (await desktop.is_notified()).figures.talk == 5


async def test_of_who_has_no_window_nothing_is_kept_and_it_is_right_when_they_are_back(desktop: Desktop) -> None:
    await desktop.days.of("alice")
    desktop.open = False
    desktop.history.write([over("c1", segments=(talked("c1", NOW - 60, NOW),))])
    assert not desktop.days._days
    assert (await desktop.days.of("alice")).figures.calls == 1


async def test_while_the_history_is_away_it_goes_on_with_what_is_written_next(
    desktop: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*args: object) -> list[Any]:
        raise HistoryUnavailable("away")

    with desktop.running(), monkeypatch.context() as patch:
        patch.setattr(desktop.history, "calls", away)
        desktop.history.write([missed("c1")])
        with pytest.raises(HistoryUnavailable):
            await desktop.days.of("alice")
        patch.undo()
        desktop.history.write([missed("c2")])
        shown = await desktop.is_notified()
    assert (shown.figures.missed, shown.missed_unseen) == (2, 2)


async def test_a_long_day_takes_no_more_memory_than_a_short_one(desktop: Desktop) -> None:
    await desktop.days.of("alice")
    many = [missed(f"c{n}", NOW - 1000 + n) for n in range(900)]
    desktop.history.write(many)
    desktop.history.write(many[-200:])  # once more, as after a fail-over
    day = desktop.days._days["alice"]
    assert (await desktop.days.of("alice")).figures.missed == 900
    assert (len(day.calls), len(day.unseen)) == (256, 50)
    await desktop.days.see("alice", NOW - 1000 + 890)
    assert (await desktop.days.of("alice")).missed_unseen == 9


# -- the same as a report ---------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(days(), st.randoms(use_true_random=False), st.integers(0, 3))
def test_after_any_facts_in_any_order_it_says_what_a_report_of_the_day_says(day: Day, random: Any, read: int) -> None:
    asyncio.run(_is_that_of_a_report([*map(_with_agents, day.calls), *day.states], random, read))


def _with_agents(call: CallRecord) -> CallRecord:
    there = [s.agent for s in call.segments if s.agent is not None]
    talked = [s.agent for s in call.segments if s.agent is not None and s.kind is SegmentKind.TALK]
    agents = tuple(dict.fromkeys(talked))
    return replace(call, agents=agents, missed_by=tuple(a for a in dict.fromkeys(there) if a not in agents))


async def _is_that_of_a_report(facts: Sequence[Fact], random: Any, read: int) -> None:
    desktop = Desktop(BEGIN + 6 * 3600)
    facts = list({fact.key: fact for fact in random.sample(facts, len(facts))}.values())
    for number, fact in enumerate(facts):
        if number % 4 == read:
            await desktop.days.of("alice")
        desktop.history.write([fact] if random.random() < 0.7 else [fact, random.choice(facts[: number + 1])])
    day = await desktop.days.of("alice")
    intervals = desktop.days._intervals
    report = await agent_report(desktop.history, Intervals(intervals.edges), "alice", ())
    span = (intervals.begin, intervals.end)
    counted = report.totals["alice"] if "alice" in report.totals else AgentFigures()
    assert day.figures == agent_row("alice", day.figures.name, span, counted)


# -- missed calls -----------------------------------------------------------------------------------------------------


async def test_missed_calls_are_counted_until_they_are_looked_at(world: World, alice: str) -> None:
    task = asyncio.create_task(world.server.days.run())
    await keep(
        world,
        missed("c1", NOW - 8 * 86_400),  # long ago
        missed("c2", NOW - 300.0004),
        missed("c3", NOW - 200, SegmentEnd.DECLINED),
        missed("c4", NOW - 150, SegmentEnd.ELSEWHERE, agents=("bob",), outcome="answered"),
        over("c5", at=NOW - 100, agents=(), missed_by=("alice",), outcome="unanswered"),  # while they were away
    )
    listed = (await world.ask("GET", "/v1/me/missed", token=alice)).json
    assert ([call["id"] for call in listed["calls"]], listed["unseen"]) == (["c5", "c2"], 2)
    assert listed["seen_until"] is None
    assert {call["outcome"] for call in listed["calls"]} == {"missed"}
    assert (await world.ask("GET", "/v1/me/day", token=alice)).json["missed_unseen"] == 2

    async def look(until: str) -> int:
        assert (await world.ask("PUT", "/v1/me/missed/seen", token=alice, json={"until": until})).status == 204
        unseen = (await world.ask("GET", "/v1/me/missed", token=alice)).json["unseen"]
        assert (await world.ask("GET", "/v1/me/day", token=alice)).json["missed_unseen"] == unseen
        return int(unseen)

    assert await look(listed["calls"][1]["ended_at"]) == 1
    assert await look("2099-01-01T00:00:00Z") == 0
    assert await look(listed["calls"][1]["ended_at"]) == 0  # what was seen stays so
    world.now += 1
    await keep(world, missed("c6", NOW + 0.5))
    assert (await world.ask("GET", "/v1/me/day", token=alice)).json["missed_unseen"] == 1
    assert (await world.ask("GET", "/v1/me/missed", token=await world.token("bob"))).json["calls"] == []
    task.cancel()


@pytest.mark.parametrize("until", [0, 1_800_000_000, 0.5, True, "0", "2027-01-15", None])
async def test_what_is_no_time_is_none_until_which_somebody_has_looked(world: World, alice: str, until: object) -> None:
    answer = await world.ask("PUT", "/v1/me/missed/seen", token=alice, json={"until": until})
    assert (answer.code, answer.json["errors"][0]["field"]) == ("invalid", "until")


async def test_windows_are_notified_of_missed_calls_and_of_those_that_another_window_has_looked_at(
    world: World, alice: str
) -> None:
    task = asyncio.create_task(world.server.days.run())
    async with window(world, alice) as shown:
        assert (await next_event(shown))["type"] == "snapshot"
        await keep(world, missed("c1"))
        await world.history.settle()
        event = await next_event(shown)
        assert (event["type"], event["day"]["missed_unseen"]) == ("day.updated", 1)
        await world.ask("PUT", "/v1/me/missed/seen", token=alice, json={"until": "2099-01-01T00:00:00Z"})
        assert (await next_event(shown))["day"]["missed_unseen"] == 0
    task.cancel()


async def test_what_is_noted_of_a_call_tells_windows_that_the_history_has_changed(desktop: Desktop) -> None:
    before = await desktop.days.of("alice")
    with desktop.running():
        desktop.history.write([DispositionRecord("c1", "alice", "solved", "", NOW)])
        assert (await desktop.is_notified()).history_at >= before.history_at


async def test_of_many_that_were_declined_those_before_them_are_found_all_the_same(desktop: Desktop) -> None:
    declined = [missed(f"c{n}", NOW - 1000 + n, SegmentEnd.DECLINED) for n in range(150)]
    desktop.history.write([missed("first", NOW - 2000), *declined])
    assert [noted.call.id for noted in await desktop.days.missed("alice")] == ["first"]
