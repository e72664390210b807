"""An agent's own day at their desk: what they did, whom they have missed, and what was noted of calls."""

from __future__ import annotations

import asyncio
import io
import re
import time
import wave
from dataclasses import replace
from typing import Any

from playwright.async_api import Page, Request, Route, expect

from tests.bots import answers
from tests.desk.axe import findings
from tests.desk.scenes import SCENES
from tests.desk.stage import Scene, Stage
from tests.e2e.browser import Desks
from tests.e2e.hands import Hands
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Agent, Office

DAY: Scene = next(scene for scene in SCENES if scene.name == "day")
NEW = re.compile("^Ma journée, 1 nouvel appel manqué$")


async def day(agent: Agent) -> dict[str, Any]:
    found: dict[str, Any] = await agent.command("GET", "/v1/me/day")
    return found


async def looked(agent: Agent) -> None:
    """At what other tests have left, so that nothing is new."""
    await agent.command("PUT", "/v1/me/missed/seen", {"until": "2099-01-01T00:00:00Z"})


async def test_a_missed_call_is_counted_until_it_is_looked_at_and_is_called_back_by_one_press(
    office: Office, desks: Desks, hands: Hands
) -> None:
    alice = await office.agent("alice")
    await looked(alice)
    page = await desks.open("alice", hands=hands)
    link = page.page.get_by_role("link", name=re.compile("^Ma journée"))
    await expect(link).to_have_text("Ma journée")
    caller = await office.caller()
    caller.dial("1001")
    await alice.sees_state("ringing")
    caller.hangup()
    await alice.phone.ended()
    await expect(page.page.get_by_role("link", name=NEW)).to_be_visible()
    await hands.press(link)
    missed = page.page.get_by_role("region", name="Appels manqués").get_by_role("listitem").first
    await expect(missed).to_contain_text(CALLER_NAME)
    await expect(missed).to_contain_text("nouveau")
    await expect(link).to_have_text("Ma journée")
    alice.phone.behaviour = answers()  # their own phone
    caller.behaviour = answers()
    await hands.press(missed.get_by_role("button", name="Rappeler"))
    await page.chooses_identity("Support")
    await office.hears("alice <-> caller")
    await page.call(CALLER_NUMBER).press("end")
    await caller.ended()


async def test_the_figures_of_the_day_are_what_happened_and_are_there_within_a_second_of_the_end(
    office: Office,
) -> None:
    (alice,) = await office.agents("alice")
    before = (await day(alice))["figures"]
    caller = await office.caller()
    caller.dial("1001")
    await alice.sees_state("ringing")
    caller.hangup()
    await alice.phone.ended()
    await alice.is_now("ready")
    await office.connect(caller, alice)
    await alice.do("hold")
    await caller.hears_music(within=8)
    alice.events.clear()
    await alice.do("release")
    ended = time.monotonic()

    def counted() -> bool:
        days = [event["day"]["figures"] for event in alice.events if event["type"] == "day.updated"]
        return bool(days) and days[-1]["calls"] == before["calls"] + 1

    await alice.phone.until(counted, "is notified that the call is counted", within=5)
    took = time.monotonic() - ended
    assert took < 1, f"it took {took:.2f} s"
    await caller.ended()
    after = (await day(alice))["figures"]
    changed = {name: after[name] - before[name] for name in ("rung", "answered", "declined", "calls", "transfers")}
    assert changed == {"rung": 2, "answered": 1, "declined": 0, "calls": 1, "transfers": 0}
    # A caller who gives up has withdrawn the ring: nobody let it ring in vain.
    assert after["missed"] + after["withdrawn"] == before["missed"] + before["withdrawn"] + 1
    assert after["talk"] > before["talk"]
    assert after["hold"] > before["hold"]
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 60))
    erin = await office.desk("erin")
    reported = await erin.command(
        "GET", f"/v1/reports/agents?from={(await day(alice))['begins_at']}&to={now}&agent=alice"
    )
    (row,) = reported["totals"]
    same = ("rung", "answered", "missed", "calls", "talk", "hold", "transfers")
    assert {name: row[name] for name in same} == {name: after[name] for name in same}


async def test_who_was_away_finds_who_wanted_them_alone(office: Office, desks: Desks) -> None:
    alice = await office.agent("alice", ready=False)
    await looked(alice)
    page = await desks.open("alice", "en")
    caller = await office.caller()
    caller.dial("1001")
    await caller.ended(within=30)
    link = page.page.get_by_role("link", name="My day, 1 new missed call", exact=True)
    await expect(link).to_be_visible()
    await link.click()
    missed = page.page.get_by_role("region", name="Missed calls").get_by_role("listitem").first
    await expect(missed).to_contain_text(CALLER_NAME)


# -- the server played by a scene -------------------------------------------------------------------------------------


async def test_what_was_noted_and_recorded_of_a_call_is_there_and_is_heard_in_the_page(on_stage: Stage) -> None:
    async with on_stage.show(DAY, "en") as page:
        await page.route("**/v1/recordings/r1", _sound)
        first = page.get_by_role("region", name="Calls of today").get_by_role("listitem").first
        await expect(first).to_contain_text("Duration: 2:34")
        await expect(first).to_contain_text("Solved")
        await expect(first).to_contain_text("Wants the invoice of May once more")
        await first.get_by_role("button", name="Listen to the recording").click()
        await expect(page.locator("audio")).to_have_js_property("duration", 2)
        assert await findings(page) == []
        await first.get_by_role("button", name="Close the recording").click()
        await expect(page.locator("audio")).to_have_count(0)


async def test_agents_who_may_hear_no_recordings_are_offered_none(on_stage: Stage) -> None:
    (snapshot, *rest), requested = DAY.events, []
    mine = snapshot["me"] | {"features": snapshot["me"]["features"] | {"hear_recordings": False}}
    scene = replace(DAY, events=(snapshot | {"me": mine}, *rest))
    async with on_stage.show(scene, "en") as page:
        page.on("request", lambda request: requested.append(request.url))
        await page.reload()
        await expect(page.get_by_role("region", name="Calls of today").get_by_role("listitem").first).to_be_visible()
        await expect(page.get_by_role("button", name="Listen to the recording")).to_have_count(0)
        assert not [url for url in requested if "/v1/recordings" in url]


async def test_a_window_that_nobody_looks_at_says_nothing_of_what_was_seen(on_stage: Stage) -> None:
    seen: asyncio.Queue[str] = asyncio.Queue()
    hidden = "Object.defineProperty(document, 'visibilityState', {get: () => window.shown ? 'visible' : 'hidden'});"
    async with on_stage.show(replace(DAY, before=hidden), "en") as page:
        page.on("request", lambda request: _note(request, seen))
        await expect(page.get_by_role("region", name="Missed calls").get_by_role("listitem")).to_have_count(3)
        await _settle(page)
        assert seen.empty()
        await page.evaluate("window.shown = true; document.dispatchEvent(new Event('visibilitychange'))")
        async with asyncio.timeout(5):
            assert await seen.get() == '{"until":"2026-11-28T12:00:00.000Z"}'


def _note(request: Request, seen: asyncio.Queue[str]) -> None:
    if request.url.endswith("/v1/me/missed/seen"):
        seen.put_nowait(request.post_data or "")


async def _settle(page: Page) -> None:
    """All that the page requests by itself is answered."""
    await page.wait_for_load_state("networkidle")


async def _sound(route: Route) -> None:
    """Two seconds of silence."""
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(2 * 16_000))
    await route.fulfill(body=made.getvalue(), content_type="audio/wav")
