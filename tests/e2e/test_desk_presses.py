"""Each press of a button does one thing, also where the page has become another under a hand that is not done yet: the
second click of a double click, and a key that is held down, come when the page shows what the first has done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, expect

from tests.e2e.browser import DeskPage, Desks
from tests.e2e.office import CALLER_NAME, Agent, Office
from tests.e2e.talk import BOB
from tests.e2e.test_desk_mishaps import commands

type Press = Callable[[Locator, Callable[[], Awaitable[object]]], Awaitable[None]]


async def double_click(button: Locator, seen: Callable[[], Awaitable[object]]) -> None:
    """By somebody who is slow at it."""
    await button.scroll_into_view_if_needed()
    box = await button.bounding_box()
    assert box is not None
    mouse = button.page.mouse
    await mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await mouse.down()
    await mouse.up()
    await seen()
    await mouse.down(click_count=2)
    await mouse.up(click_count=2)


async def held_enter(button: Locator, seen: Callable[[], Awaitable[object]]) -> None:
    """By somebody who leans on it."""
    await button.focus()
    keys = button.page.keyboard
    await keys.down("Enter")
    await seen()
    for _ in range(3):
        await keys.down("Enter")
    await keys.up("Enter")


each_way = pytest.mark.parametrize("press", [double_click, held_enter])


async def consults(page: DeskPage, bob: Agent) -> None:
    """Alice talks to Bob about the caller."""
    await page.call(CALLER_NAME).reach("consult", "bob", BOB)
    await bob.phone.answer()
    await page.call(BOB).is_now("connected")


@each_way
async def test_one_press_does_one_thing_whatever_the_page_has_become(
    office: Office, desks: Desks, press: Press
) -> None:
    await office.agent("alice")
    bob = await office.agent("bob")
    page = await desks.open("alice")
    verbs = commands(page.page)
    ringing, call, other = page.ringing(CALLER_NAME), page.call(CALLER_NAME), page.call(BOB)
    shy = await office.caller("shy", "+33612345679")
    shy.dial("1001")
    await press(ringing.get_by_role("button", name=page.say("decline")), lambda: expect(ringing).to_have_count(0))
    await shy.ended()
    caller = await office.caller()
    caller.dial("1001")
    await press(ringing.get_by_role("button", name=page.say("accept")), lambda: call.is_now("connected"))
    await press(call.button("hold"), lambda: call.is_now("held"))
    await press(call.button("resume"), lambda: call.is_now("connected"))
    await consults(page, bob)
    await press(other.button("cancel_consultation"), other.ends)
    await call.is_now("connected")
    await office.hears("alice <-> caller")
    await page.act("bob", BOB, "call", BOB)
    await bob.phone.answer()
    await other.is_now("connected")
    await press(other.button("merge"), lambda: expect(call.party(BOB)).to_be_visible())
    await office.hears("alice <-> caller", "alice <-> bob", "bob <-> caller")
    await press(call.button("clear"), call.ends)
    await caller.ended()
    wanted = ["release", "answer", "hold", "retrieve", "initiate-transfer", "reconnect", "merge", "clear"]
    assert verbs == wanted
    await expect(page.page.get_by_role("alert")).to_have_text("")


@each_way
async def test_a_consultation_is_completed_once(office: Office, desks: Desks, press: Press) -> None:
    await office.agent("alice")
    bob = await office.agent("bob")
    page = await desks.open("alice")
    verbs = commands(page.page)
    caller = await office.caller()
    caller.dial("1001")
    await page.accept(CALLER_NAME)
    await consults(page, bob)
    await press(page.call(BOB).button("complete_transfer"), page.call(CALLER_NAME).ends)
    await office.hears("bob <-> caller")
    assert verbs == ["answer", "initiate-transfer", "complete-transfer"]
    await expect(page.page.get_by_role("alert")).to_have_text("")


@each_way
async def test_a_press_opens_the_keypad_or_a_menu_once_and_the_keyboard_is_in_it(
    office: Office, desks: Desks, press: Press
) -> None:
    await office.agent("alice")
    page = await desks.open("alice")
    caller = await office.caller()
    caller.dial("1001")
    await page.accept(CALLER_NAME)
    call = page.call(CALLER_NAME)
    box = page.keypad.get_by_role("textbox")
    await press(call.button("dtmf"), lambda: expect(box).to_be_focused())
    await page.page.keyboard.type("12")
    await caller.receives_dtmf("12")
    await page.keypad.get_by_role("button", name="3", exact=True).dblclick()  # each click counts
    await caller.receives_dtmf("33")
    await page.page.keyboard.press("Escape")
    await expect(page.keypad).to_have_count(0)
    item = page.page.get_by_role("menuitemradio", name=page.say("ready"), exact=True)
    await press(page.status, lambda: expect(item).to_be_focused())
    await page.page.keyboard.press("ArrowDown")
    await expect(page.page.get_by_role("menuitemradio").nth(1)).to_be_focused()
    await page.page.keyboard.press("Escape")
    await expect(item).to_be_hidden()
