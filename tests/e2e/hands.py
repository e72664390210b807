"""Two ways to use the page: with a mouse, and with keys alone. A walk that is written once is done in both."""

from __future__ import annotations

from typing import Protocol

from playwright.async_api import Locator, expect

# More than there are places in any of these pages where the keyboard may be, or items in any menu.
FAR = 150


class Hands(Protocol):
    """What a person does to a page, whatever with."""

    async def press(self, button: Locator) -> None:
        """A button."""

    async def write(self, box: Locator, text: str) -> None:
        """In place of what stands there."""

    async def choose(self, menu: Locator, item: Locator) -> None:
        """Open a menu by its button, and choose one of its items."""

    async def check(self, radio: Locator) -> None:
        """One of several."""

    async def dial(self, keypad: Locator, digits: str) -> None:
        """Keys as on a phone."""


class Mouse:
    """Somebody who points at things."""

    async def press(self, button: Locator) -> None:
        await button.click()

    async def write(self, box: Locator, text: str) -> None:
        await box.fill(text)

    async def choose(self, menu: Locator, item: Locator) -> None:
        await menu.click()
        await item.click()

    async def check(self, radio: Locator) -> None:
        await radio.check()

    async def dial(self, keypad: Locator, digits: str) -> None:
        for digit in digits:
            await keypad.get_by_role("button", name=digit, exact=True).click()


class Keyboard:
    """Somebody who has only keys: nothing here points at anything, or puts the focus anywhere."""

    async def press(self, button: Locator) -> None:
        await self.goes_to(button)
        await button.page.keyboard.press("Enter")

    async def write(self, box: Locator, text: str) -> None:
        await self.goes_to(box)
        await box.page.keyboard.press("Control+A")
        await box.page.keyboard.type(text)

    async def choose(self, menu: Locator, item: Locator) -> None:
        await self.goes_to(menu)
        await menu.page.keyboard.press("ArrowDown")
        await expect(item).to_be_visible()
        await self._until(item, "ArrowDown")
        await item.page.keyboard.press("Enter")

    async def check(self, radio: Locator) -> None:
        await self.goes_to(radio.page.get_by_role("dialog").get_by_role("radio"))
        for _ in range(FAR):
            if await radio.is_checked():
                return
            await radio.page.keyboard.press("ArrowDown")
        raise AssertionError(f"the keyboard does not choose {radio}")

    async def dial(self, keypad: Locator, digits: str) -> None:
        await expect(keypad.get_by_role("textbox")).to_be_focused()
        await keypad.page.keyboard.type(digits)

    async def goes_to(self, wanted: Locator) -> None:
        """Press Tab until the focus is there, or on one of those."""
        await expect(wanted.first).to_be_visible()
        await self._until(wanted, "Tab")

    async def _until(self, wanted: Locator, key: str) -> None:
        for _ in range(FAR):
            if await wanted.evaluate_all("all => all.includes(document.activeElement)"):
                return
            await wanted.page.keyboard.press(key)
        raise AssertionError(f"the keyboard does not come to {wanted} by {key}")
