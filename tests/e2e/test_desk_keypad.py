"""Keys in the page: all that were typed arrive, in order and without a gap, or it is said which did not."""

from __future__ import annotations

from playwright.async_api import Page, Route, expect

from tests.bots import Contact
from tests.e2e.browser import DeskPage, Desks
from tests.e2e.office import CALLER_NAME, Office
from tests.e2e.talk import BOB

TYPED = "12345678"


async def keypad_of(office: Office, desks: Desks) -> tuple[DeskPage, Contact]:
    """Opened in a call, with the keyboard in it."""
    alice = await office.agent("alice")
    page = await desks.open("alice", "en")
    caller = await office.caller()
    await office.connect(caller, alice)
    await page.call(CALLER_NAME).press("dtmf")
    await expect(page.keypad.get_by_role("textbox")).to_be_focused()
    return page, caller


async def loses(page: Page, which: int) -> None:
    """One request with keys, counted from 1, does not get to the server."""
    requests = 0

    async def passed(route: Route) -> None:
        nonlocal requests
        requests += 1
        await (route.abort() if requests == which else route.continue_())

    await page.route("**/send-dtmf", passed)


async def test_keys_typed_at_once_before_the_keypad_is_closed_all_arrive(office: Office, desks: Desks) -> None:
    page, caller = await keypad_of(office, desks)
    broken: list[str] = []
    page.page.on("pageerror", lambda error: broken.append(str(error)))
    await page.page.keyboard.type(TYPED)
    await page.page.keyboard.press("Escape")
    await expect(page.keypad).to_have_count(0)
    await caller.receives_dtmf(TYPED)
    assert broken == []
    await expect(page.page.get_by_role("alert")).to_have_text("")


async def test_after_a_key_that_was_lost_none_is_sent_and_it_is_said_which_until_sent_again(
    office: Office, desks: Desks
) -> None:
    page, caller = await keypad_of(office, desks)
    await loses(page.page, 2)
    unsent = page.keypad.get_by_role("alert").filter(has_text="Not sent, as far as is known").locator("q")
    await page.page.keyboard.type("123")
    await expect(unsent).to_have_text("23")
    await page.page.keyboard.type("4")
    await expect(unsent).to_have_text("234")
    await caller.receives_dtmf("1")
    await page.keypad.get_by_role("button", name="Try again").click()
    await caller.receives_dtmf("234")
    assert caller.digits == "1234"


async def test_what_was_not_sent_of_a_closed_keypad_stays_until_it_is_read(office: Office, desks: Desks) -> None:
    page, caller = await keypad_of(office, desks)
    await loses(page.page, 1)
    await page.page.keyboard.type("1")
    await page.page.keyboard.press("Escape")
    lost = page.page.get_by_role("alert").filter(has_text="Not sent, as far as is known").locator("q")
    await expect(lost).to_have_text("1")
    await page.call(CALLER_NAME).press("hold")
    await page.call(CALLER_NAME).is_now("held")
    await expect(lost).to_have_text("1")
    assert caller.digits == ""


async def test_the_keypad_of_a_party_who_leaves_closes_and_says_why_and_messages_are_in_the_dialog(
    office: Office, desks: Desks
) -> None:
    await office.agent("alice")
    bob = await office.agent("bob")
    page = await desks.open("alice", "en")
    caller = await office.caller()
    caller.dial("1001")
    await page.accept(CALLER_NAME)
    call = page.call(CALLER_NAME)
    await call.reach("conference", "bob", BOB)
    await bob.phone.answer()
    await office.hears("alice <-> caller", "alice <-> bob", "bob <-> caller")
    await call.to_party(BOB, "dtmf")
    await expect(page.keypad.get_by_role("textbox")).to_be_focused()
    await page.page.route("**/send-dtmf", lambda route: route.abort())
    await page.page.keyboard.type("1")
    await expect(page.keypad.get_by_role("alert").get_by_text("The server does not answer.")).to_be_visible()
    bob.phone.hangup()
    await expect(page.keypad).to_have_count(0)
    await expect(page.page.get_by_role("alert").get_by_text("The keypad is closed")).to_be_visible()
