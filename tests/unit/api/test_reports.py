"""Reports by the API: figures of queues and agents, as JSON and as CSV, for who oversees."""

import asyncio
import csv
import gc
import io
import time
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
from structlog.testing import capture_logs

from ari_app.calls.model import OfferKind, PartyRole
from ari_app.records.model import AgentStateRecord, CallRecord, Segment, SegmentEnd, SegmentKind
from tests.unit.api.fakes import NOW, FakeRecord, World
from tests.unit.api.test_history import over

# NOW is 2027-01-15T08:00:00Z, a Friday; 9:00 in Paris.
DAY = "from=2027-01-15T00:00:00Z&to=2027-01-16T00:00:00Z"


def wait(begin: float, end: float, how: SegmentEnd) -> Segment:
    return Segment("p1", PartyRole.CONTACT, SegmentKind.QUEUE, NOW + begin, NOW + end, how, target="queue:sales")


@pytest.fixture
def busy(world: World) -> World:
    """Two callers, an hour apart: Alice answered the first within 10 s, the second gave up after 30."""
    ring = Segment(
        "p2", PartyRole.AGENT, SegmentKind.RING, NOW - 7195, NOW - 7190, SegmentEnd.ANSWERED, None, "alice",
        "queue:sales", OfferKind.CALL,
    )  # fmt: skip
    talk = Segment("p2", PartyRole.AGENT, SegmentKind.TALK, NOW - 7190, NOW - 7090, SegmentEnd.OVER, None, "alice")
    first = over("c1", at=NOW - 7090, segments=(wait(-7200, -7190, SegmentEnd.ANSWERED), ring, talk))
    second = over("c2", at=NOW - 3570, agents=(), segments=(wait(-3600, -3570, SegmentEnd.ABANDONED),))
    states = [
        AgentStateRecord("alice", "on_call", None, NOW - 7190, NOW - 7090, "c1"),
        AgentStateRecord("alice", "wrap_up", None, NOW - 7090, NOW - 7070, "c1"),
        AgentStateRecord("alice", "not_ready", "lunch", NOW - 7070, NOW - 3470, None),
    ]
    world.history.write([first, second, *states])
    world.agents.records["alice"] = FakeRecord("alice", "ready", since=NOW - 3470)
    return world


async def report(world: World, of: str, query: str, **more: Any) -> Any:
    answer = await world.ask("GET", f"/v1/reports/{of}?{query}", token=await world.token("erin"), **more)
    assert answer.status == 200, answer.text
    return answer.json


async def test_a_queue_has_figures_with_what_they_are_shares_of(busy: World) -> None:
    found = await report(busy, "queues", DAY)
    (row,) = found["totals"]
    assert (row["target"], row["offered"], row["answered"], row["abandoned"]) == ("queue:sales", 2, 1, 1)
    assert row["service_level"] == {"numerator": 1, "denominator": 2, "value": 0.5}
    assert row["speed_of_answer"] == {"numerator": 10, "denominator": 1, "value": 10}
    assert row["handle_time"] == {"numerator": 120, "denominator": 1, "value": 120}
    assert (row["longest_wait"], row["talk"], row["wrap_up"]) == (30, 100, 20)
    assert (found["service_level"], found["short_abandon"], found["interval"], found["intervals"]) == (20, 5, None, [])


async def test_intervals_are_those_of_the_zone_and_empty_ones_are_left_out(busy: World) -> None:
    rows = (await report(busy, "queues", f"{DAY}&interval=1h&tz=Asia/Kolkata"))["intervals"]
    assert [(row["begins_at"], row["offered"]) for row in rows] == [
        ("2027-01-15T05:30:00.000Z", 1),
        ("2027-01-15T06:30:00.000Z", 1),
    ]
    (day,) = (await report(busy, "queues", f"{DAY}&interval=1d&tz=Europe/Paris"))["intervals"]
    assert (day["begins_at"], day["ends_at"]) == ("2027-01-15T00:00:00.000Z", "2027-01-15T23:00:00.000Z")


async def test_one_queue_alone_may_be_wanted(busy: World) -> None:
    assert (await report(busy, "queues", f"{DAY}&target=queue:other"))["totals"] == []
    assert len((await report(busy, "queues", f"{DAY}&target=queue:sales"))["totals"]) == 1


async def test_an_agent_has_figures_also_of_the_state_that_goes_on(busy: World) -> None:
    (row,) = (await report(busy, "agents", f"{DAY}&agent=alice"))["totals"]
    assert (row["agent"], row["rung"], row["answered"], row["calls"], row["talk"]) == ("alice", 1, 1, 1, 100)
    assert row["states"] == [
        {"state": "not_ready", "reason": "lunch", "seconds": 3600},
        {"state": "on_call", "reason": None, "seconds": 100},
        {"state": "ready", "reason": None, "seconds": 3470},
        {"state": "wrap_up", "reason": None, "seconds": 20},
    ]
    assert row["occupancy"]["numerator"] == 120
    assert row["occupancy"]["denominator"] == row["logged_in"] == 7190


async def test_a_state_that_ended_while_it_was_counted_counts_once(busy: World) -> None:
    busy.history.write([AgentStateRecord("alice", "ready", None, NOW - 3470, NOW - 10, None)])
    (row,) = (await report(busy, "agents", f"{DAY}&agent=alice"))["totals"]
    assert row["logged_in"] == 7180


async def sheet(world: World, of: str, query: str) -> list[dict[str, str]]:
    erin = await world.token("erin")
    answer = await world.ask("GET", f"/v1/reports/{of}?{query}", token=erin, headers={"Accept": "text/csv"})
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_both_come_as_csv_with_times_as_in_the_zone(busy: World) -> None:
    first, second = await sheet(busy, "queues", f"{DAY}&interval=15m&tz=Europe/Paris")
    assert (first["begins_at"], first["service_level"], first["speed_of_answer"]) == (
        "2027-01-15T07:00:00+01:00", "1.0000", "10.0000",
    )  # fmt: skip
    assert (second["offered"], second["abandoned"], second["speed_of_answer"]) == ("1", "1", "")
    (whole,) = await sheet(busy, "queues", DAY)
    assert whole["offered"] == "2"
    (alice,) = await sheet(busy, "agents", f"{DAY}&agent=alice")
    assert (alice["not_ready:lunch"], alice["ready"], alice["talk"]) == ("3600.000", "3470.000", "100.000")
    assert {row["agent"] for row in await sheet(busy, "agents", f"{DAY}&interval=1h")} == {"alice"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "from"),
        ("from=2027-01-15T00:00:00Z", "to"),
        ("from=2027-01-15T00:00:00Z&to=2027-01-15T00:00:00Z", "to"),
        (f"{DAY}&interval=1m", "interval"),
        (f"{DAY}&tz=Mars/Olympus", "tz"),
        (f"{DAY}&tz=../../etc/passwd", "tz"),
        ("from=2027-01-01T00:00:00Z&to=2028-01-01T00:00:00Z&interval=15m", "interval"),
        ("from=2027-01-01T00:00:00Z&to=9999-12-31T23:59:59Z&interval=1d", "interval"),
    ],
)
async def test_what_no_report_can_be_made_of_is_said(world: World, query: str, field: str) -> None:
    erin = await world.token("erin")
    for of in ("queues", "agents"):
        answer = await world.ask("GET", f"/v1/reports/{of}?{query}", token=erin)
        assert (answer.status, answer.code) == (422, "invalid")
        assert answer.json["errors"][0]["field"] == field


@pytest.mark.parametrize("begin", ["0001-01-01T00:00:00%2B14:00", "2027-01-15T00:00:00Z"])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue"])
@pytest.mark.parametrize("accept", ["text/csv", "application/json"])
async def test_a_report_may_be_of_all_times(busy: World, begin: str, zone: str, accept: str) -> None:
    for of in ("queues", "agents"):
        for end in ("9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999Z"):
            path = f"/v1/reports/{of}?from={begin}&to={end}&tz={zone}"
            answer = await busy.ask("GET", path, token=await busy.token("erin"), headers={"Accept": accept})
            assert answer.status == 200, answer.text


async def test_agents_get_none(world: World, alice: str) -> None:
    for of in ("queues", "agents"):
        assert (await world.ask("GET", f"/v1/reports/{of}?{DAY}", token=alice)).code == "forbidden"


# -- more than may be wanted -------------------------------------------------------------------------------------------

MONTH = "from=2027-01-01T00:00:00Z&to=2027-01-31T00:00:00Z"


@pytest.fixture
def crowded(world: World) -> World:
    """Three hundred agents who have been ready for the whole month."""
    begin = NOW - 14 * 86_400 - 8 * 3600
    world.history.write([AgentStateRecord(f"a{n}", "ready", None, begin, begin + 30 * 86_400) for n in range(300)])
    return world


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
async def test_a_report_that_nobody_could_read_is_refused_before_it_is_made(crowded: World, accept: str) -> None:
    erin = await crowded.token("erin")
    query = f"{MONTH}&interval=15m"
    answer = await crowded.ask("GET", f"/v1/reports/agents?{query}", token=erin, headers={"Accept": accept})
    assert (answer.status, answer.code) == (422, "invalid")
    assert "more than 30,000 rows" in answer.json["errors"][0]["message"]
    assert len((await report(crowded, "agents", f"{MONTH}&interval=1d"))["intervals"]) == 9_000
    assert len((await report(crowded, "agents", f"{MONTH}&interval=15m&agent=a7"))["intervals"]) == 2_880


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
async def test_while_a_long_report_is_made_commands_have_their_turn(crowded: World, accept: str) -> None:
    erin = await crowded.token("erin")
    path = f"/v1/reports/agents?{MONTH}&interval=1d"
    gc.disable()  # a collection of all that the tests before have left takes longer than the report
    try:
        making = asyncio.create_task(crowded.ask("GET", path, token=erin, check=False, headers={"Accept": accept}))
        times = [time.thread_time()]
        while not making.done():  # it is about turns
            await asyncio.sleep(0)
            times.append(time.thread_time())
    finally:
        gc.enable()
    assert (await making).status == 200
    assert max(b - a for a, b in pairwise(times)) < (times[-1] - times[0]) / 2, "in one piece it is nearly all of it"


async def test_who_wants_many_reports_is_refused_some_and_others_are_not(busy: World) -> None:
    gate, settled, refused = asyncio.Event(), busy.history.settle, asyncio.Event()
    seen: list[int] = []

    async def settle() -> bool:
        await gate.wait()
        return await settled()

    busy.history.settle = settle  # type: ignore[method-assign]

    async def wanted(token: str) -> int:
        answer = await busy.ask("GET", f"/v1/reports/queues?{DAY}", token=token)
        seen.append(answer.status)
        if len(seen) == 5:
            refused.set()
        return answer.status

    erin, again = await busy.token("erin"), await busy.token("erin")
    flood = [asyncio.create_task(wanted(erin)) for _ in range(10)]
    async with asyncio.timeout(10):
        await refused.wait()
    assert seen == [429] * 5
    other = asyncio.create_task(wanted(again))
    gate.set()
    assert sorted(await asyncio.gather(*flood)) == [200] * 5 + [429] * 5
    assert await other == 200


async def test_nobody_goes_on_with_a_report_whose_reader_has_gone(busy: World) -> None:
    begun = asyncio.Event()

    async def between(*_: object) -> AsyncIterator[list[tuple[CallRecord, list[AgentStateRecord]]]]:
        while True:
            begun.set()
            yield [(over("c9"), [])]

    busy.history.between = between  # type: ignore[method-assign,assignment]
    path, erin = f"/v1/reports/agents?{DAY}", await busy.token("erin")
    with capture_logs() as logs:
        going = asyncio.create_task(busy.ask("GET", path, token=erin))
        async with asyncio.timeout(20):
            await begun.wait()
            going.cancel()
            while not (ended := [x for x in logs if x.get("operation") == "report_agents"]):  # noqa: ASYNC110
                await asyncio.sleep(0)
    assert ended[0]["status"] == 503
