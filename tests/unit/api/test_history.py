"""Calls that are over, and what agents note of them."""

import asyncio
import csv
import io
import re
from dataclasses import replace
from typing import Any

import pytest

from ari_app.api.spreadsheet import wants_csv
from ari_app.calls.model import CallType, EndReason, PartyRole
from ari_app.config.credentials import ApiKey
from ari_app.errors import HistoryUnavailable
from ari_app.history.port import Noted, Wanted
from ari_app.records import wire
from ari_app.records.model import CallRecord, Outsider, Segment, SegmentEnd, SegmentKind
from ari_app.store.port import KeptFact, hash_token
from tests.unit.api.fakes import NOW, FakeRecord, World, call, party


def over(call_id: str, *, at: float = NOW, agents: tuple[str, ...] = ("alice",), **more: Any) -> CallRecord:
    """A call that ended then, with a contact and these agents."""
    contact = Outsider("Zoé", more.pop("number", "+33612345678"), anonymous=False)
    record = CallRecord(
        call_id, CallType.INBOUND, "answered", at - 60, at - 50, at, "contact", EndReason.HANGUP, contact=contact,
        agents=agents,
    )  # fmt: skip
    return replace(record, **more)


async def keep(world: World, *records: CallRecord) -> None:
    """As when they end: they are on their way to the history."""
    facts = [KeptFact(record.key, wire.kind_of(record), wire.written(record)) for record in records]
    await world.store.add_facts(facts)


@pytest.fixture
async def recorded(world: World) -> World:
    """A world with four calls that are over."""
    await keep(
        world,
        over("c1", at=NOW - 300, dialled="2000"),
        over("c2", at=NOW - 200, agents=("bob",), missed_by=("alice",), queue="sales", queued_at=NOW - 260),
        over("c3", at=NOW - 100, agents=(), missed_by=("alice", "bob"), answered_at=None, outcome="abandoned"),
        over("c4", at=NOW - 50, agents=("carol",), number="+33999999999"),
    )
    return world


async def found(world: World, token: str, query: str = "") -> list[str]:
    answer = await world.ask("GET", f"/v1/history?{query}", token=token)
    assert answer.status == 200, answer.text
    return [c["id"] for c in answer.json["calls"]]


async def test_an_agent_sees_their_own_calls_and_those_they_missed(recorded: World, alice: str) -> None:
    calls = (await recorded.ask("GET", "/v1/history?agent=carol", token=alice)).json["calls"]
    assert [(c["id"], c["outcome"]) for c in calls] == [("c3", "missed"), ("c2", "missed"), ("c1", "answered")]
    assert calls[2]["contact"] == {"name": "Zoé", "number": "+33612345678", "anonymous": False}
    assert (calls[1]["agents"], calls[1]["missed_by"], calls[1]["queue"]) == (["bob"], ["alice"], "sales")
    assert (calls[2]["ended_by"], calls[2]["end_reason"], calls[2]["dialled"]) == ("contact", "hangup", "2000")


async def test_who_oversees_sees_all_and_chooses(recorded: World) -> None:
    erin = await recorded.token("erin")
    assert await found(recorded, erin) == ["c4", "c3", "c2", "c1"]
    assert await found(recorded, erin, "agent=carol") == ["c4"]
    assert await found(recorded, erin, "queue=sales") == ["c2"]
    assert await found(recorded, erin, "outcome=abandoned") == ["c3"]
    assert await found(recorded, erin, "agent=alice&outcome=missed") == ["c3", "c2"]
    assert await found(recorded, erin, "number=99999") == ["c4"]
    assert await found(recorded, erin, "number=2000") == ["c1"]
    assert await found(recorded, erin, "from=2027-01-15T07:58:00Z") == ["c4", "c3"]
    assert await found(recorded, erin, "to=2027-01-15T07:58:00Z") == ["c2", "c1"]
    for wrong in ("yesterday", "0.5", "1800000000", "2027-01-15", "2027-01-15T07:58:00"):
        answer = await recorded.ask("GET", f"/v1/history?from={wrong}", token=erin)
        assert (answer.code, answer.json["errors"][0]["field"]) == ("invalid", "from")


async def test_it_goes_on_where_the_page_before_ended(recorded: World) -> None:
    erin = await recorded.token("erin")
    first = (await recorded.ask("GET", "/v1/history?limit=3", token=erin)).json
    assert [c["id"] for c in first["calls"]] == ["c4", "c3", "c2"]
    second = (await recorded.ask("GET", f"/v1/history?limit=3&cursor={first['next']}", token=erin)).json
    assert ([c["id"] for c in second["calls"]], second["next"]) == (["c1"], None)
    assert await found(recorded, erin, "cursor=nowhere") == []


async def test_an_agent_does_not_learn_by_a_cursor_whether_another_call_was_there(recorded: World, alice: str) -> None:
    assert await found(recorded, alice, "cursor=c4") == await found(recorded, alice, "cursor=nowhere") == []
    assert await found(recorded, alice, "cursor=c3") == ["c2", "c1"]


async def test_who_reads_of_calls_of_others_is_on_record_with_what_they_looked_for(recorded: World, alice: str) -> None:
    recorded.control.keys = {hash_token("cck_x"): ApiKey("crm", "CRM", frozenset({"history:read"}), None)}
    erin = await recorded.token("erin")
    await recorded.ask("GET", "/v1/history?number=33612&limit=1", token=erin)
    await recorded.ask("GET", "/v1/history?number=33612&limit=1&cursor=c4", token=erin)
    await recorded.ask(
        "GET", "/v1/history?agent=bob&from=2027-01-01T00:00:00Z", token="cck_x", headers={"Accept": "text/csv"}
    )
    await recorded.ask("GET", "/v1/history?agent=erin", token=erin)
    await recorded.ask("GET", "/v1/history", token=alice)
    read = [e for e in recorded.recorded if e.what == "get_history"]
    assert [(e.who, dict(e.numbers), e.agents) for e in read] == [
        ("erin", {"number": "33612"}, ()),
        ("key:crm", {}, ("bob",)),
    ]
    assert read[0].address.startswith("127.")
    assert read[1].details == {"agent": "bob", "from": "2027-01-01 00:00:00+00:00"}
    recorded.now += 61
    await recorded.ask("GET", "/v1/history?number=33612", token=erin)
    assert len([e for e in recorded.recorded if e.what == "get_history"]) == 3


async def test_who_reads_much_of_the_history_at_once_is_refused_some_and_others_are_not(recorded: World) -> None:
    gate, calls, refused = asyncio.Event(), recorded.history.calls, asyncio.Event()
    seen: list[int] = []
    at_once: set[object] = set()

    async def reads(wanted: Wanted, after: str | None, limit: int) -> list[Noted]:
        at_once.add(asyncio.current_task())
        assert len(at_once) <= 2
        await gate.wait()
        at_once.discard(asyncio.current_task())
        return await calls(wanted, after, limit)

    recorded.history.calls = reads  # type: ignore[method-assign]

    async def wants(token: str) -> int:
        answer = await recorded.ask("GET", "/v1/history?number=6", token=token)
        seen.append(answer.status)
        if len(seen) == 12:
            refused.set()
        return answer.status

    alice = await recorded.token("alice")
    flood = [asyncio.create_task(wants(alice)) for _ in range(30)]
    async with asyncio.timeout(10):
        await refused.wait()
    assert seen == [429] * 12
    other = asyncio.create_task(wants(await recorded.token("bob")))
    gate.set()
    assert sorted(await asyncio.gather(*flood)) == [200] * 18 + [429] * 12
    assert await other == 200


async def test_an_agent_does_not_fill_the_store_with_notes(recorded: World, alice: str) -> None:
    recorded.agents.records["alice"] = FakeRecord("alice", "wrap_up", choice="ready", call="c1")
    answers = [
        await recorded.ask("PATCH", "/v1/calls/c1/disposition", token=alice, json={"notes": "x"}) for _ in range(61)
    ]
    assert [answer.status for answer in answers] == [200] * 60 + [429]
    assert answers[-1].code == "rate_limited"
    recorded.now += 1
    assert (await recorded.ask("PATCH", "/v1/calls/c1/disposition", token=alice, json={"notes": "y"})).status == 200


async def test_how_a_call_went_is_noted_during_it_and_in_wrap_up(recorded: World, alice: str) -> None:
    path = "/v1/calls/c1/disposition"
    body = {"code": "solved", "notes": "called back"}
    assert (await recorded.ask("PATCH", path, token=alice, json=body)).code == "not_allowed_now"
    recorded.agents.records["alice"] = FakeRecord("alice", "wrap_up", choice="ready", call="c1")
    note = (await recorded.ask("PATCH", path, token=alice, json=body)).json
    assert note == {"agent": "alice", **body, "at": "2027-01-15T08:00:00.000Z"}
    assert (await recorded.ask("PATCH", "/v1/calls/c2/disposition", token=alice, json=body)).code == "not_allowed_now"
    calls = (await recorded.ask("GET", "/v1/history", token=alice)).json["calls"]
    assert calls[-1]["dispositions"] == [note]
    recorded.control.up["c9"] = call("c9", party("p1"), party("p2", "bob", joined_at=NOW), party("p3", "alice"))
    bob = await recorded.token("bob")
    assert (await recorded.ask("PATCH", "/v1/calls/c9/disposition", token=bob, json={})).status == 200
    answer = await recorded.ask("PATCH", "/v1/calls/c9/disposition", token=alice, json=body)
    assert answer.code == "not_allowed_now"  # their phone rings: they were not in it yet


async def test_others_do_not_see_what_an_agent_noted_but_who_oversees(recorded: World, alice: str) -> None:
    recorded.agents.records["bob"] = FakeRecord("bob", "wrap_up", choice="ready", call="c2")
    bob = await recorded.token("bob")
    await recorded.ask("PATCH", "/v1/calls/c2/disposition", token=bob, json={"notes": "rude"})
    mine = (await recorded.ask("GET", "/v1/history", token=alice)).json["calls"]
    assert [c["dispositions"] for c in mine] == [[], [], []]
    theirs = (await recorded.ask("GET", "/v1/history?agent=bob", token=await recorded.token("erin"))).json["calls"]
    assert [len(c["dispositions"]) for c in theirs] == [0, 1]


async def test_a_code_that_is_not_listed_is_refused(recorded: World, alice: str) -> None:
    recorded.agents.records["alice"] = FakeRecord("alice", "wrap_up", choice="ready", call="c1")
    path = "/v1/calls/c1/disposition"
    answer = await recorded.ask("PATCH", path, token=alice, json={"code": "other"})
    assert (answer.code, answer.json["errors"][0]["field"]) == ("invalid", "code")
    directory = recorded.control.now_directory
    recorded.control.now_directory = replace(directory, settings=replace(directory.settings, dispositions={}))
    answer = await recorded.ask("PATCH", path, token=alice, json={"code": "solved"})
    assert answer.json["errors"][0]["message"] == "there are no codes"


async def test_where_it_must_be_said_wrap_up_is_not_ended_before(recorded: World, alice: str) -> None:
    directory = recorded.control.now_directory
    settings = replace(directory.settings, disposition_required=True)
    recorded.control.now_directory = replace(directory, settings=settings)
    assert (await recorded.ask("PUT", "/v1/me/state", token=alice, json={"state": "ready"})).status == 200
    recorded.agents.records["alice"] = FakeRecord("alice", "wrap_up", choice="ready", call="c1")
    answer = await recorded.ask("PUT", "/v1/me/state", token=alice, json={"state": "ready"})
    assert (answer.status, answer.code) == (409, "not_allowed_now")
    assert (await recorded.ask("PUT", "/v1/me/state", token=alice, json={"state": "not_ready"})).status == 409
    assert (await recorded.ask("PUT", "/v1/me/state", token=alice, json={"state": "logged_out"})).status == 200
    recorded.agents.records["alice"] = FakeRecord("alice", "wrap_up", choice="ready", call="c1")
    # As a page saves them while they are typed.
    await recorded.ask("PATCH", "/v1/calls/c1/disposition", token=alice, json={"code": None, "notes": "wants a let"})
    assert (await recorded.ask("PUT", "/v1/me/state", token=alice, json={"state": "ready"})).status == 409
    await recorded.ask("PATCH", "/v1/calls/c1/disposition", token=alice, json={"code": "solved"})
    assert (await recorded.ask("PUT", "/v1/me/state", token=alice, json={"state": "ready"})).status == 200


async def test_whoever_is_in_it_sees_what_each_party_did(world: World, alice: str) -> None:
    talk = Segment("p2", PartyRole.AGENT, SegmentKind.TALK, NOW - 50, NOW, SegmentEnd.OVER, "contact", "alice")
    wait = Segment(
        "p1", PartyRole.CONTACT, SegmentKind.QUEUE, NOW - 60, NOW - 50, SegmentEnd.ANSWERED, target="queue:sales",
        position=2, last_position=1,
    )  # fmt: skip
    await keep(world, over("c1", segments=(wait, talk), transfers=1, conferences=2, parent="c0"))
    (found,) = (await world.ask("GET", "/v1/history", token=alice)).json["calls"]
    assert (found["transfers"], found["conferences"], found["parent"]) == (1, 2, "c0")
    first, second = found["segments"]
    assert (first["kind"], first["target"], first["position"], first["last_position"]) == ("queue", "queue:sales", 2, 1)
    assert (second["kind"], second["agent"], second["end"]) == ("talk", "alice", "over")
    assert (second["begins_at"], second["ends_at"]) == ("2027-01-15T07:59:10.000Z", "2027-01-15T08:00:00.000Z")


async def test_while_the_history_is_away_that_is_said_and_notes_are_taken_all_the_same(
    recorded: World, alice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def calls(*_: Any) -> list[Noted]:
        raise HistoryUnavailable("gone")

    monkeypatch.setattr(recorded.history, "calls", calls)
    answer = await recorded.ask("GET", "/v1/history", token=alice)
    assert (answer.status, answer.code) == (503, "history_unavailable")
    recorded.agents.records["alice"] = FakeRecord("alice", "wrap_up", choice="ready", call="c1")
    answer = await recorded.ask("PATCH", "/v1/calls/c1/disposition", token=alice, json={"code": "solved"})
    assert answer.status == 200
    assert await recorded.store.facts_waiting() == 1


async def sheet(world: World, token: str, query: str = "") -> tuple[list[dict[str, str]], str]:
    """The rows by their columns' names, and the address of the next ones."""
    answer = await world.ask("GET", f"/v1/history?{query}", token=token, headers={"Accept": "text/csv"})
    assert answer.status == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text, newline=""))), answer.headers.get("Link", "")


async def test_it_comes_as_csv_for_who_asks_for_it(recorded: World) -> None:
    erin = await recorded.token("erin")
    recorded.agents.records["bob"] = FakeRecord("bob", "wrap_up", choice="ready", call="c2")
    body = {"code": "solved", "notes": "two\nlines, and a comma"}
    await recorded.ask("PATCH", "/v1/calls/c2/disposition", token=await recorded.token("bob"), json=body)
    rows, following = await sheet(recorded, erin)
    assert [row["id"] for row in rows] == ["c4", "c3", "c2", "c1"]
    assert following == ""
    c2 = rows[2]
    assert (c2["type"], c2["outcome"], c2["queue"], c2["agents"]) == ("inbound", "answered", "sales", "bob")
    assert (c2["contact_name"], c2["contact_number"]) == ("Zoé", "+33612345678")
    assert (c2["dispositions"], c2["notes"]) == ("bob:solved", "bob: two\nlines, and a comma")
    assert (rows[1]["outcome"], rows[1]["missed_by"], rows[1]["answered_at"]) == ("abandoned", "alice bob", "")
    mine, _ = await sheet(recorded, await recorded.token("alice"))
    assert [(row["id"], row["outcome"], row["notes"]) for row in mine] == [
        ("c3", "missed", ""),
        ("c2", "missed", ""),
        ("c1", "answered", ""),
    ]


async def test_a_sheet_says_where_the_next_one_is(recorded: World) -> None:
    erin = await recorded.token("erin")
    rows, following = await sheet(recorded, erin, "limit=3&from=2027-01-15T07:00:00Z")
    assert [row["id"] for row in rows] == ["c4", "c3", "c2"]
    address = re.fullmatch(r'<(/v1/history\?[^>]+)>; rel="next"', following)
    assert address is not None
    rows, following = await sheet(recorded, erin, address[1].partition("?")[2])
    assert ([row["id"] for row in rows], following) == (["c1"], "")


async def test_no_caller_gives_a_spreadsheet_something_to_run(world: World) -> None:
    names = ("=HYPERLINK(1)", "+cmd", "-1+1", "@SUM(A1)", "\tx", "+33612345678", "Zoé =")
    contacts = [Outsider(name, name, anonymous=False) for name in names]
    await keep(world, *(over(f"c{n}", at=NOW + n, contact=contact) for n, contact in enumerate(contacts)))
    rows, _ = await sheet(world, await world.token("erin"))
    shown = [row["contact_name"] for row in reversed(rows)]
    assert shown == ["'=HYPERLINK(1)", "'+cmd", "'-1+1", "'@SUM(A1)", "'\tx", "+33612345678", "Zoé ="]
    assert shown == [row["contact_number"] for row in reversed(rows)]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("x;=cmd|' /C calc'!A1", "x;'=cmd|' /C calc'!A1"),
        ('x;"=1+1"', 'x;\'"=1+1"'),
        ("x; \t@SUM(A1)", "x;' \t'@SUM(A1)"),
        ("one\n=1+1", "one\n'=1+1"),
        ("＝1+1", "'＝1+1"),
        ("Dupont; Martin - both", "Dupont; Martin - both"),
    ],
)
async def test_no_caller_puts_a_formula_into_a_sheet_whatever_parts_its_cells(
    recorded: World, name: str, shown: str
) -> None:
    await keep(recorded, over("c9", contact=Outsider(name, "", anonymous=False)))
    erin = await recorded.token("erin")
    answer = await recorded.ask("GET", "/v1/history", token=erin, headers={"Accept": "text/csv"})
    (row,) = [row for row in csv.DictReader(io.StringIO(answer.text, newline="")) if row["id"] == "c9"]
    assert row["contact_name"] == shown


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("text/csv", True),
        ("Text/CSV; charset=utf-8, */*;q=0.1", True),
        ("application/json;q=0.5, text/csv;q=0.9", True),
        ("application/json, text/csv;q=0.9", False),
        ("text/csv, application/json", False),
        ("text/csv;q=0", False),
        ("text/csv;q=none", False),
        ("*/*", False),
        ("text/html,application/xhtml+xml", False),
        ("", False),
    ],
)
def test_json_comes_unless_csv_is_wanted_more(accept: str, wanted: bool) -> None:
    assert wants_csv(accept) is wanted
