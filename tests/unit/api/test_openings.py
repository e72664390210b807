"""What is open and what is closed, for who oversees, and what everybody sees of it."""

from dataclasses import replace

import pytest

from ari_app.calls.model import Call, EndReason
from ari_app.routing.hours import Calendar, Chosen, Closed, Override, Span
from ari_app.routing.targets import parse_target
from tests.unit.api.fakes import DEMO, NOW, World
from tests.unit.api.test_events import next_event, window
from tests.unit.api.test_supervision import target_of, waiting

# The clock shows Friday, 8:00.
UNTIL_TEN = Calendar("UTC", ((Span(7 * 60, 10 * 60),),) * 7)
TEN = "2027-01-15T10:00:00.000Z"


@pytest.fixture
async def erin(world: World) -> str:
    queue = replace(DEMO.directory.queues["sales"], hours="morning", closed=Closed(release=True), service_level=5.0)
    world.control.now_directory = replace(DEMO.directory, queues={"sales": queue}, hours={"morning": UNTIL_TEN})
    world.openings.tell()
    return await world.token("erin")


async def test_who_oversees_sees_what_is_open_and_until_when(world: World, erin: str) -> None:
    openings = (await world.ask("GET", "/v1/openings", token=erin)).json["openings"]
    sales, *others = openings
    assert sales == {
        "target": "queue:sales",
        "name": "Sales queue",
        "open": True,
        "changes_at": TEN,
        "opening": "hours",
        "hours": "morning",
        "until": None,
        "by": None,
        "at": None,
    }
    assert [each["target"] for each in others] == [
        *(f"group:{name}" for name in DEMO.directory.groups),
        *(f"routing_point:{name}" for name in DEMO.directory.routing_points),
    ]
    assert all(each["open"] and each["hours"] is each["changes_at"] is None for each in others)


async def test_who_oversees_closes_and_opens_and_that_is_on_record(world: World, erin: str) -> None:
    path = "/v1/targets/queue:sales/opening"
    closed = await world.ask("PUT", path, token=erin, json={"opening": "closed", "until": "2027-01-15T12:00:00+01:00"})
    assert closed.status == 200
    until = "2027-01-15T11:00:00.000Z"
    assert (closed.json["open"], closed.json["opening"], closed.json["by"]) == (False, "closed", "erin")
    assert (closed.json["until"], closed.json["at"]) == (until, "2027-01-15T08:00:00.000Z")
    assert closed.json["changes_at"] == "2027-01-16T07:00:00.000Z"
    (entry,) = [entry for entry in world.recorded if entry.what == "set_opening"]
    assert (entry.who, entry.outcome) == ("erin", "done")
    assert entry.details["opened"] == "queue:sales"
    assert entry.details["opening"] == "closed"
    opened = await world.ask("PUT", path, token=erin, json={"opening": "open"})
    assert (opened.json["open"], opened.json["changes_at"], opened.json["until"]) == (True, None, None)
    left = await world.ask("PUT", path, token=erin, json={"opening": "hours"})
    assert (left.json["open"], left.json["opening"], left.json["changes_at"]) == (True, "hours", TEN)
    assert left.json["by"] == "erin"


@pytest.mark.parametrize("until", ["9999-12-31T23:59:59-14:00", "9999-12-31T23:59:59.999999Z"])
async def test_what_is_closed_for_ever_is_shown_to_everybody(world: World, erin: str, until: str) -> None:
    path = "/v1/targets/queue:sales/opening"
    closed = await world.ask("PUT", path, token=erin, json={"opening": "closed", "until": until})
    assert (closed.status, closed.json["open"], closed.json["until"][:4]) == (200, False, "9999")
    for shown in ("/v1/openings", "/v1/live"):
        assert (await world.ask("GET", shown, token=erin)).status == 200


async def test_by_its_number_it_is_the_same(world: World, erin: str) -> None:
    answer = await world.ask("PUT", "/v1/targets/number:2001/opening", token=erin, json={"opening": "closed"})
    assert (answer.json["target"], answer.json["open"]) == ("group:sales", False)


@pytest.mark.parametrize(
    ("target", "body", "code"),
    [
        ("agent:bob", {"opening": "closed"}, "unknown_target"),
        ("queue:nowhere", {"opening": "closed"}, "unknown_target"),
        ("number:+33123456789", {"opening": "closed"}, "unknown_target"),
        ("what", {"opening": "closed"}, "unknown_target"),
        ("queue:sales", {"opening": "ajar"}, "invalid"),
        ("queue:sales", {"opening": "closed", "until": "2027-01-15T08:00:00Z"}, "invalid"),
        ("queue:sales", {"opening": "closed", "until": "tomorrow"}, "invalid"),
        ("queue:sales", {"opening": "hours", "until": "2027-01-16T08:00:00Z"}, "invalid"),
        ("queue:sales", {}, "invalid"),
    ],
)
async def test_what_is_not_to_be_opened_or_closed_so(
    world: World, erin: str, target: str, body: dict[str, str], code: str
) -> None:
    assert (await world.ask("PUT", f"/v1/targets/{target}/opening", token=erin, json=body)).code == code
    assert world.openings.overrides == {}


async def test_with_the_store_away_nothing_is_opened_or_closed(world: World, erin: str) -> None:
    world.store.away = True
    path = "/v1/targets/queue:sales/opening"
    assert (await world.ask("PUT", path, token=erin, json={"opening": "closed"})).code == "store_unavailable"
    world.store.away = False
    assert world.openings.is_open(parse_target("queue:sales"))


async def test_it_is_for_who_oversees_only(world: World, alice: str) -> None:
    assert (await world.ask("GET", "/v1/openings", token=alice)).code == "forbidden"
    path = "/v1/targets/queue:sales/opening"
    assert (await world.ask("PUT", path, token=alice, json={"opening": "closed"})).code == "forbidden"


async def test_everybody_sees_that_a_target_is_closed_and_nothing_may_be_done_towards_it(
    world: World, erin: str, alice: str
) -> None:
    dave = next(a.id for a in DEMO.directory.agents.values() if "sales" in a.groups)
    await world.agents.set_state(dave, "ready")
    async with window(world, alice) as ws:
        await next_event(ws)
        await world.openings.set(parse_target("queue:sales"), Override(Chosen.CLOSED, "erin", NOW))
        event = await next_event(ws)
        assert (event["type"], event["target"], event["state"]) == ("target.updated", "queue:sales", "closed")
        world.hub.target_changed("queue:sales", 1, NOW)
        assert (await next_event(ws))["state"] == "closed"
        found = (await world.ask("GET", "/v1/targets/queue:sales", token=alice)).json
        assert (found["state"], found["actions"]) == ("closed", [])
        await world.openings.set(parse_target("queue:sales"), Override(Chosen.OPEN, "erin", NOW))
        event = await next_event(ws)
        assert (event["target"], event["state"]) == ("queue:sales", None)
    found = (await world.ask("GET", "/v1/targets/queue:sales", token=alice)).json
    assert found["state"] is None
    assert "single_step_transfer" in found["actions"]


async def test_figures_show_what_is_closed_and_count_nobody_as_gone_who_was_sent_away(world: World, erin: str) -> None:
    board = world.server.board
    sent_away = waiting("c1", "queue:sales", NOW - 60)
    board.call_changed(sent_away, replace(sent_away, ended=True, end_reason=EndReason.CLOSED))
    answered = waiting("c2", "queue:sales", NOW - 6)
    board.call_changed(answered, replace(answered, answered_at=NOW))
    board.call_changed(None, Call("c3", answered.type, "b", NOW, ended=True))
    await world.ask("PUT", "/v1/targets/queue:sales/opening", token=erin, json={"opening": "closed"})
    sales = target_of((await world.ask("GET", "/v1/live", token=erin)).json, "queue:sales")
    assert (sales["opening"]["open"], sales["opening"]["by"]) == (False, "erin")
    assert sales["abandoned"] == {"numerator": 0, "denominator": 1}
    assert sales["service_level"] == {"numerator": 0, "denominator": 1}  # five seconds, in this queue
