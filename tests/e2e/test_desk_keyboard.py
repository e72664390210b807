"""The guide by keyboard alone: no test here has a mouse."""

from __future__ import annotations

from playwright.async_api import expect

from tests.e2e.browser import Desks
from tests.e2e.hands import Keyboard
from tests.e2e.office import CALLER_NAME, Office
from tests.e2e.talk import BOB

# AltGr+E as Windows tells it.
EURO = """document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {
  key: "€", code: "KeyE", ctrlKey: true, altKey: true, modifierAltGraph: true, bubbles: true
}))"""


async def test_keys_stay_where_they_are_of_use_while_the_page_changes_under_them(office: Office, desks: Desks) -> None:
    await office.agent("alice", ready=False)
    page = await desks.open("alice", hands=Keyboard())
    await page.goes_ready()
    await expect(page.status).to_be_focused()
    caller = await office.caller()
    caller.dial("1001")
    await expect(page.ringing(CALLER_NAME)).to_be_visible()
    await page.page.keyboard.press("Control+Alt+a")
    call = page.call(CALLER_NAME)
    await call.is_now("connected")
    await call.press("hold")
    await expect(call.button("resume")).to_be_focused()
    await page.page.keyboard.press("Enter")
    await call.is_now("connected")
    await office.hears("caller <-> alice")
    await call.press("conference")
    await expect(page.search).to_be_focused()
    await page.page.keyboard.press("Escape")
    await expect(call.button("conference")).to_be_focused()
    await call.press("dtmf")
    await expect(page.keypad.get_by_role("textbox")).to_be_focused()
    await page.page.keyboard.type("7")
    await caller.receives_dtmf("7")
    await page.page.keyboard.press("Escape")
    await expect(call.button("dtmf")).to_be_focused()
    await office.agent("bob")
    await call.reach("consult", "bob", BOB)
    await expect(call.region).to_be_focused()


async def test_when_an_interaction_that_has_ended_goes_the_keyboard_is_on_the_heading(
    office: Office, desks: Desks
) -> None:
    await office.agent("alice")
    page = await desks.open("alice", hands=Keyboard())
    caller = await office.caller()
    caller.dial("1001")
    await page.accept(CALLER_NAME)
    call = page.call(CALLER_NAME)
    await call.is_now("connected")
    await call.press("end")
    await call.ends()
    await call.closes()
    await expect(page.page.get_by_role("heading", level=1)).to_be_focused()


async def test_the_shortcuts_that_the_page_lists_do_what_it_says(office: Office, desks: Desks) -> None:
    await office.agent("alice")
    page = await desks.open("alice", hands=Keyboard())
    keys = page.page.keyboard
    await page.hands.press(page.page.get_by_role("button", name="Raccourcis clavier"))
    listed = page.page.get_by_role("dialog", name="Raccourcis clavier")
    for combination in ("Ctrl+Alt+A", "Ctrl+Alt+D", "Ctrl+Alt+H", "Ctrl+Alt+E", "Ctrl+Alt+K"):
        await expect(listed.get_by_text(combination)).to_be_visible()
    await keys.press("Escape")
    caller = await office.caller()
    caller.dial("1001")
    await expect(page.ringing(CALLER_NAME)).to_be_visible()
    await keys.press("Control+Alt+d")
    await caller.ended()
    await expect(page.ringing(CALLER_NAME)).to_have_count(0)
    other = await office.caller("other", "+33612345679")
    other.dial("1001")
    await expect(page.ringing(CALLER_NAME)).to_be_visible()
    await keys.press("Control+Alt+a")
    call = page.call(CALLER_NAME)
    await call.is_now("connected")
    await keys.press("Control+Alt+h")
    await call.is_now("held")
    await keys.press("Control+Alt+h")
    await call.is_now("connected")
    await office.hears("other <-> alice")
    await keys.press("Control+Alt+k")
    await expect(page.search).to_be_focused()
    await keys.type("bob")
    await expect(page.page.get_by_role("listitem", name=BOB)).to_be_visible()
    await page.page.evaluate(EURO)
    await keys.press("Control+Alt+h")
    await call.is_now("held")
    await keys.press("Control+Alt+e")
    await other.ended()
    await call.ends()


async def test_a_call_that_rings_is_where_the_keyboard_is_when_it_is_nowhere_else(office: Office, desks: Desks) -> None:
    await office.agent("alice")
    page = await desks.open("alice")
    await page.page.reload()
    await page.has_status("ready")
    caller = await office.caller()
    caller.dial("1001")
    await expect(page.ringing(CALLER_NAME).get_by_role("button", name="Accepter")).to_be_focused()
    await page.page.keyboard.press("Tab")
    await page.page.keyboard.press("Enter")
    await caller.ended()
