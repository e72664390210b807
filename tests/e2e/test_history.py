"""What remains of a call: who waited, was rung, talked and was held, and what reports count of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from tests.e2e.office import Agent, Office
from tests.e2e.test_operations import ari_app
from tests.e2e.test_supervisor import supervisor


async def past(erin: Agent, call: str) -> dict[str, Any]:
    """The call in the history, where it is a moment after its end."""
    while True:
        found = await erin.command("GET", "/v1/history?limit=5")
        for each in found["calls"]:
            if each["id"] == call:
                return dict(each)
        await erin.command("GET", "/v1/me")


def today() -> str:
    now = datetime.now(UTC)
    return urlencode({"from": (now - timedelta(hours=12)).isoformat(), "to": (now + timedelta(hours=1)).isoformat()})


async def figures(erin: Agent, of: str, name: str) -> dict[str, Any]:
    report = await erin.command("GET", f"/v1/reports/{of}?{today()}")
    rows: list[dict[str, Any]] = [row for row in report["totals"] if name in (row.get("target"), row.get("agent"))]
    return rows[0] if rows else {}


async def test_whoever_oversees_finds_what_each_party_of_a_call_did_and_reports_count_it(office: Office) -> None:
    erin = await supervisor(office)
    queue, agent = await figures(erin, "queues", "queue:sales"), await figures(erin, "agents", "dave")
    caller = await office.caller()
    caller.dial("3000")
    await caller.hears_music(within=8)
    (dave,) = await office.agents("dave")
    await dave.phone.answer()
    await dave.sees_state("established")
    call = dave.call_id
    await dave.do("hold")
    await caller.hears_music()
    await dave.do("retrieve")
    await office.hears("caller <-> dave")
    await dave.do("release")
    await caller.ended()
    found = await past(erin, call)
    of_caller = [(s["kind"], s["end"]) for s in found["segments"] if s["role"] == "contact"]
    assert of_caller == [("queue", "answered"), ("talk", "next"), ("hold", "next"), ("talk", "over")]
    of_dave = [(s["kind"], s["agent"]) for s in found["segments"] if s["role"] == "agent"]
    assert of_dave[0] == ("ring", "dave")
    assert ("talk", "dave") in of_dave
    waited = next(s for s in found["segments"] if s["kind"] == "queue")
    assert (waited["target"], waited["position"]) == ("queue:sales", 1)
    now = await figures(erin, "queues", "queue:sales")
    assert now["offered"] == queue.get("offered", 0) + 1
    assert now["answered"] == queue.get("answered", 0) + 1
    assert now["talk"] > queue.get("talk", 0)
    assert now["service_level"]["denominator"] == now["offered"] - now["short_abandons"]
    mine = await figures(erin, "agents", "dave")
    assert mine["answered"] == agent.get("answered", 0) + 1
    assert mine["calls"] == agent.get("calls", 0) + 1
    assert mine["hold"] > agent.get("hold", 0)
    assert 0 < mine["occupancy"]["value"] <= 1
    day = datetime.now(UTC).date()
    for what in ("queues", "agents"):
        status, out, complaint = await ari_app(
            office.stack, "report", what, "--from", str(day), "--to", str(day + timedelta(days=2)), "--interval", "1h"
        )
        assert (status, complaint) == (0, "")
        assert len(out.splitlines()) > 1
