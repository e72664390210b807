"""The agents' page with a phone on the desk, in French as the guide is: each thing done in the page, and heard."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.browser import Desks
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Office


async def test_an_agent_logs_in_goes_ready_takes_a_call_holds_it_and_ends_it(office: Office, desks: Desks) -> None:
    alice = await office.agent("alice", ready=False)
    page = await desks.open("alice")
    await page.has_status("not_ready")
    await page.goes_ready()
    caller = await office.caller()
    caller.dial("2000")
    await expect(page.ringing(CALLER_NAME)).to_be_visible()
    await page.accept(CALLER_NAME)
    call = page.call(CALLER_NAME)
    await call.is_now("connected")
    await page.has_status("on_call")
    await office.hears("caller <-> alice")
    await call.press("hold")
    await call.is_now("held")
    await call.offers_no("hold")
    await caller.hears_music(within=8)
    await call.press("resume")
    await call.is_now("connected")
    await office.hears("caller <-> alice")
    await call.press("end")
    await caller.ended()
    await alice.phone.ended()
    await call.closes()
    await page.has_status("ready")


async def test_who_rings_is_named_by_their_number_too_and_may_be_declined(office: Office, desks: Desks) -> None:
    await office.agent("alice")
    page = await desks.open("alice", "en")
    caller = await office.caller()
    caller.dial("1001")
    await expect(page.call(CALLER_NUMBER).region).to_contain_text("Ringing")
    await page.ringing(CALLER_NAME).get_by_role("button", name="Decline").click()
    await expect(page.ringing(CALLER_NAME)).to_have_count(0)
    await caller.ended()
