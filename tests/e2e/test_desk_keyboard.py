"""The guide by keyboard alone: no test here has a mouse."""

from __future__ import annotations

from playwright.async_api import Locator, expect

from tests.e2e.browser import DeskPage, Desks
from tests.e2e.office import CALLER_NAME, Office

BOB = "Bob Lefèvre"
# More than there are places in any of these pages where the keyboard may be.
FAR = 120


class Keyboard:
    """Somebody who has only keys."""

    def __init__(self, desk: DeskPage) -> None:
        self.desk = desk
        self.keys = desk.page.keyboard

    async def goes_to(self, wanted: Locator) -> None:
        """Press Tab until it is there."""
        await expect(wanted).to_be_visible()
        for _ in range(FAR):
            if await wanted.evaluate("element => element === document.activeElement"):
                return
            await self.keys.press("Tab")
        raise AssertionError(f"the keyboard does not come to {wanted}")

    async def presses(self, wanted: Locator) -> None:
        """Go to a button, and press it."""
        await self.goes_to(wanted)
        await self.keys.press("Enter")

    async def chooses(self, menu: Locator, item: str) -> None:
        """Open a menu, and go down to the item of that name."""
        await self.goes_to(menu)
        await self.keys.press("ArrowDown")
        wanted = self.desk.page.get_by_role("menuitem", name=item, exact=True)
        wanted = wanted.or_(self.desk.page.get_by_role("menuitemradio", name=item, exact=True))
        for _ in range(FAR):
            if await wanted.evaluate("element => element === document.activeElement"):
                break
            await self.keys.press("ArrowDown")
        await expect(wanted).to_be_focused()
        await self.keys.press("Enter")


async def test_a_call_is_taken_held_transferred_and_wrapped_up_by_keys_alone(office: Office, desks: Desks) -> None:
    await office.agent("alice", ready=False)
    bob = await office.agent("bob")
    page = await desks.open()
    keyboard = Keyboard(page)
    await keyboard.goes_to(page.page.get_by_role("textbox", name="Nom d’agent"))
    await keyboard.keys.type("alice")
    await keyboard.goes_to(page.page.get_by_label("Mot de passe"))
    await keyboard.keys.type("alice-demo")
    await keyboard.keys.press("Enter")
    await keyboard.chooses(page.status, "Prêt")
    await page.has_status("ready")
    await expect(page.status).to_be_focused()

    caller = await office.caller()
    caller.dial("1001")
    await expect(page.ringing(CALLER_NAME)).to_be_visible()
    await keyboard.keys.press("Control+Alt+a")
    call = page.call(CALLER_NAME)
    await call.is_now("connected")
    await office.hears("caller <-> alice")

    await keyboard.presses(call.button("hold"))
    await call.is_now("held")
    await expect(call.button("resume")).to_be_focused()
    await keyboard.keys.press("Enter")
    await call.is_now("connected")
    await office.hears("caller <-> alice")

    await keyboard.presses(call.button("conference"))
    await expect(page.search).to_be_focused()
    await keyboard.keys.type("lefe")
    target = await page.finds("lefe", BOB)
    await keyboard.presses(target.get_by_role("button", name="Conférence vocale instantanée", exact=True))
    await bob.phone.answer()
    await office.hears("caller <-> alice", "caller <-> bob", "alice <-> bob")
    await keyboard.chooses(call.party(BOB).get_by_role("button", name="Actions"), "Empêcher l’écoute")
    await expect(call.party(BOB)).to_contain_text("n’entend pas")
    await keyboard.chooses(call.party(BOB).get_by_role("button", name="Actions"), "Permettre l’écoute")

    await keyboard.presses(call.button("dtmf"))
    await expect(page.page.get_by_role("dialog", name="Envoyer des signaux DTMF")).to_be_visible()
    await keyboard.keys.type("7")
    await caller.receives_dtmf("7")
    await keyboard.keys.press("Escape")
    await keyboard.presses(call.button("end"))
    await call.closes()
    await office.hears("caller <-> bob")


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
