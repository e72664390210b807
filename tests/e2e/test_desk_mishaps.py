"""What happens at a desk without anybody meaning it, and must do no harm: a double click, a call that rings in a dialog
or on another page, the next agent at the same window, a browser that keeps nothing."""

from __future__ import annotations

import asyncio

from playwright.async_api import Page, Request, expect

from tests.e2e import crowd
from tests.e2e.browser import Desks
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Office

LONG_NAME = "N" * 70
REFUSES = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("Access is denied for this document.", "SecurityError"); }
});"""
LAST_WORDS = 10.0
"""Seconds: with the last key the page has requested a few more."""
A_KEY = 80.0
"""Milliseconds between two keys of somebody who types well."""
PERSON_WOULD_TAKE = 200.0
"""Milliseconds of a press: the page has changed before the second click."""


def commands(page: Page) -> list[str]:
    """The verbs on calls that the page requests from now on."""
    verbs: list[str] = []

    def requested(request: Request) -> None:
        if request.method == "POST" and "/v1/calls/" in request.url:
            verbs.append(request.url.rsplit("/", 1)[1])

    page.on("request", requested)
    return verbs


async def test_a_double_click_does_once_what_the_button_says_and_a_long_name_fits(office: Office, desks: Desks) -> None:
    await office.agent("alice")
    page = await desks.open("alice")
    await page.page.set_viewport_size({"width": 400, "height": 900})
    verbs = commands(page.page)
    caller = await office.lab.contact("caller", CALLER_NUMBER, display=LONG_NAME)
    caller.dial("1001")
    await page.ringing(LONG_NAME).get_by_role("button", name=page.say("accept")).dblclick()
    call = page.call(LONG_NAME)
    await call.is_now("connected")
    assert await page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await call.button("hold").dblclick(delay=PERSON_WOULD_TAKE)
    await call.is_now("held")
    await caller.hears_music(within=8)
    assert verbs == ["answer", "hold"]
    await expect(page.page.get_by_role("alert")).to_have_text("")


async def test_a_call_that_rings_can_be_taken_in_a_dialog_and_on_the_supervisors_page(
    office: Office, desks: Desks
) -> None:
    await office.agent("alice")
    page = await desks.open("alice")
    await page.page.get_by_role("button", name="Raccourcis clavier").click()
    caller = await office.caller()
    caller.dial("1001")
    dialog = page.page.get_by_role("dialog", name="Raccourcis clavier")
    ringing = dialog.get_by_role("alertdialog", name=page.say("incoming", CALLER_NAME))
    await ringing.get_by_role("button", name=page.say("accept")).click()
    await page.call(CALLER_NAME).is_now("connected")
    await office.hears("caller <-> alice")
    await page.page.close()

    await office.agent("erin")
    supervisor = await desks.open("erin", "en")
    await supervisor.page.get_by_role("link", name="Supervision").click()
    other = await office.caller("other", "+33612345679")
    other.dial("1005")
    await supervisor.accept(CALLER_NAME)
    await supervisor.call(CALLER_NAME).is_now("connected")
    await office.hears("caller <-> alice", "other <-> erin")


async def test_what_an_agent_had_open_is_gone_for_the_next_at_the_same_window(desks: Desks) -> None:
    window = await desks.open("carol")
    await window.finds("bob", "Bob Lefèvre")
    await window.page.get_by_role("banner").get_by_role("button", name=window.say("password"), exact=True).click()
    dialog = window.page.get_by_role("dialog", name=window.say("change_password"))
    await expect(dialog).to_be_visible()
    admin = await desks.open("admin", "en")
    await admin.page.get_by_role("link", name="Supervision").click()
    person = admin.page.get_by_role("region", name="Agents").get_by_role("listitem", name="Carol Nguyen")
    await person.get_by_role("button", name="Actions").click()
    await person.get_by_role("menuitem", name="End sessions").click()
    await window.log_in("dave")
    await expect(window.page.get_by_role("banner")).to_contain_text("Dave Müller")
    await expect(window.search).to_have_value("")
    await expect(dialog).to_have_count(0)
    await window.choose_status("log_out")
    await expect(window.page.get_by_role("banner")).to_have_count(0)


async def test_who_logs_out_in_a_call_keeps_its_page_until_it_ends_also_when_loaded_again(
    office: Office, desks: Desks
) -> None:
    alice = await office.agent("alice")
    page = await desks.open("alice", "en")
    caller = await office.caller()
    await office.connect(caller, alice)
    await page.choose_status("log_out")
    await expect(page.status).to_contain_text("Next: Logged out")
    await page.call(CALLER_NAME).press("hold")
    await page.call(CALLER_NAME).is_now("held")
    await caller.hears_music()
    await page.page.reload()
    await page.call(CALLER_NAME).is_now("held")
    caller.hangup()
    await expect(page.page.get_by_role("banner")).to_have_count(0)
    await expect(page.page.get_by_role("button", name=page.say("log_in"))).to_be_visible()
    await page.log_in("alice")
    await page.has_status("not_ready")


async def test_after_call_work_that_runs_out_in_the_middle_of_a_word_loses_none(office: Office, desks: Desks) -> None:
    """Their group gives two seconds, and they write for longer."""
    words = "The contact wants a letter on Tuesday"
    rested = await office.agent(crowd.RESTED)
    page = await desks.open(crowd.RESTED, "en")
    caller = await office.caller()
    caller.dial(crowd.GROUP_REST)
    await rested.phone.answer()
    await rested.sees_state("established")
    call = rested.call_id
    caller.hangup()
    began = asyncio.get_running_loop().time()
    await page.page.get_by_label("Notes").press_sequentially(words, delay=A_KEY)
    assert asyncio.get_running_loop().time() - began > 2
    await rested.is_now("ready", within=LAST_WORDS)
    (kept,) = [each for each in (await rested.command("GET", "/v1/history?limit=5"))["calls"] if each["id"] == call]
    assert [note["notes"] for note in kept["dispositions"]] == [words]
    await expect(page.page.get_by_role("alert")).to_have_text("")


async def test_a_browser_that_keeps_nothing_or_rubbish_lets_an_agent_in(desks: Desks) -> None:
    window = await desks.open()
    await window.page.evaluate("localStorage.setItem('desk.session', 'rubbish')")
    await window.page.reload()
    await expect(window.page.get_by_role("button", name=window.say("log_in"))).to_be_visible()
    await window.page.context.add_init_script(REFUSES)
    await window.page.reload()
    await window.log_in("carol")
    await window.has_status("not_ready")
    await window.choose_status("log_out")
    await expect(window.page.get_by_role("banner")).to_have_count(0)
