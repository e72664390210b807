"""Messages of callers at the desk: seen at once, listened to, and done."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.desk.axe import findings
from tests.e2e import crowd
from tests.e2e.browser import Desks
from tests.e2e.hands import Hands
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Office
from tests.e2e.test_voicemail import SPOKEN, emptied, hears_the_beep, recorded

__all__ = ["emptied"]


async def test_the_group_sees_a_message_on_its_page_listens_to_it_and_is_done(
    office: Office, desks: Desks, hands: Hands
) -> None:
    await office.agent(crowd.RESTED, ready=False)
    page = (await desks.open(crowd.RESTED, hands=hands)).page
    box = page.get_by_role("region", name=re.compile("^Messages"))
    await expect(box).to_have_count(0)
    caller = await office.caller()
    with recorded(office, caller):
        caller.dial(crowd.BOX)
        await hears_the_beep(caller)
        await caller.stays_up(SPOKEN)
        caller.hangup()
    message = box.get_by_role("listitem", name=CALLER_NAME)
    await expect(message).to_contain_text("nouveau", timeout=15_000)
    await expect(message).to_contain_text(CALLER_NUMBER)
    assert not await findings(page)
    await hands.press(message.get_by_role("button", name="Écouter le message"))
    await expect(message).to_contain_text("Écouté par Rested Agent")
    await expect(message).not_to_contain_text("nouveau")
    sound = message.locator("audio")
    await expect(sound).to_have_js_property("error", None)
    await page.wait_for_function("document.querySelector('.voicemail audio').duration > 1")
    await hands.press(message.get_by_role("button", name="Traité"))
    await expect(box).to_have_count(0)
