"""The agents' page with a phone on the desk, in French as the guide is: each thing done in the page, and heard."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.away import SOCKETS
from tests.e2e.browser import Desks
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Office
from tests.e2e.talk import BOB

TICKET = "**/v1/events/ticket"
LOST = "La liaison avec le serveur est interrompue."


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
    await call.ends()
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


async def test_what_was_typed_without_a_connection_is_found_when_there_is_one(office: Office, desks: Desks) -> None:
    await office.agent("alice")
    page = await desks.open("alice")
    await page.page.context.add_init_script(SOCKETS)
    await page.page.reload()
    await page.has_status("ready")
    await page.page.route(TICKET, lambda route: route.abort())
    await page.page.evaluate("closeSocket('/v1/events')")
    await expect(page.page.get_by_text(LOST)).to_be_visible()
    await page.search.fill(BOB)
    await page.page.unroute(TICKET)
    await page.finds(BOB, BOB)
    await expect(page.page.get_by_text(LOST)).to_have_count(0)
