"""The desk in a real browser, as a person uses it: by the names of what they see, in their language.

async def test_something(office, desks):
    page = await desks.open("alice")
    await page.is_now("ready")
    await page.button("accept").click()
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, Locator, Page, Route, expect

from tests.bots.station import Station
from tests.bots.tones import FRAME, RATE
from tests.e2e.chromium import Browsers
from tests.e2e.hands import Hands, Mouse
from tests.e2e.page_ears import LISTENS, tone_of
from tests.e2e.stack import Stack
from tests.e2e.words import WORDS, Language

WITHIN = 5000.0
RESOLUTION = 12.0
"""Hz: two bins of the page's ear."""


@dataclass
class DeskPage:
    """One window. `words` are found by their key in `WORDS`."""

    page: Page
    language: Language
    hands: Hands = field(default_factory=Mouse)

    def say(self, key: str, *filling: str) -> str:
        """What the page calls it."""
        return WORDS[key][0 if self.language == "fr" else 1].format(*filling)

    async def log_in(self, agent: str) -> None:
        """By the form."""
        await self.hands.write(self.page.get_by_role("textbox", name=self.say("agent")), agent)
        await self.hands.write(self.page.get_by_label(self.say("password")), f"{agent}-demo")
        await self.hands.press(self.page.get_by_role("button", name=self.say("log_in")))
        await expect(self.page.get_by_role("banner")).to_be_visible()

    @property
    def status(self) -> Locator:
        """The button that says the agent's own state."""
        return self.page.get_by_role("button", name=re.compile("^" + re.escape(self.say("status", "").strip())))

    async def choose_status(self, key: str, *filling: str) -> None:
        """Out of the menu."""
        item = self.page.get_by_role("menuitemradio", name=self.say(key, *filling), exact=True)
        await self.hands.choose(self.status, item)

    async def has_status(self, key: str, *filling: str) -> None:
        """Wait until the button says it."""
        await expect(self.status).to_contain_text(self.say("status", self.say(key, *filling)))

    async def goes_ready(self) -> None:
        """Calls may come."""
        await self.choose_status("ready")
        await self.has_status("ready")

    async def uses_this_page(self) -> None:
        """Take calls in this page from now on; the phone is registered then."""
        item = self.page.get_by_role("menuitemradio", name=self.say("this_page"), exact=True)
        await self.hands.choose(self.phone, item)
        await expect(self.phone).to_contain_text(self.say("phone", self.say("this_page")))
        await expect(self.phone).to_contain_text({"fr": "joignable", "en": "reachable"}[self.language])

    @property
    def phone(self) -> Locator:
        """The button that says which phone is the agent's."""
        return self.page.get_by_role("button", name=re.compile("^" + re.escape(self.say("phone", "").strip())))

    async def hears(self, bot: Station) -> None:
        """Wait until the page's phone plays that bot's tone, and hears no other louder."""
        wanted = tone_of(bot)
        heard = 0.0
        try:
            async with asyncio.timeout(WITHIN / 1000):
                while abs(heard - wanted) > RESOLUTION:
                    await asyncio.sleep(FRAME / RATE)
                    heard = await self.page.evaluate("heardInHertz()")
        except TimeoutError:
            raise AssertionError(
                f"the page does not hear {bot.name} ({wanted} Hz), but {heard:.0f} Hz loudest"
            ) from None

    async def hears_exactly(self, wanted: set[int], among: set[int]) -> None:
        """Wait until the page's phone plays these of some tones, in Hz, and no other of them."""
        heard: set[int] = set()
        try:
            async with asyncio.timeout(WITHIN / 1000):
                while True:
                    heard = set(await self.page.evaluate("tones => heardAmong(tones)", sorted(among)))
                    if heard == wanted:
                        return
                    await asyncio.sleep(FRAME / RATE)
        except TimeoutError:
            raise AssertionError(f"the page hears {sorted(heard)} Hz, not {sorted(wanted)} Hz") from None

    def ringing(self, who: str) -> Locator:
        """The call that rings."""
        return self.page.get_by_role("alertdialog", name=self.say("incoming", who))

    async def accept(self, who: str) -> None:
        """The call that rings."""
        await self.hands.press(self.ringing(who).get_by_role("button", name=self.say("accept")))

    def call(self, who: str) -> Interaction:
        """The interaction with somebody that has not ended; one that says that it has is to be seen for a while."""
        ended = self.page.locator("header", has_text=self.say("ended"))
        shown = self.page.get_by_role("region", name=who)
        return Interaction(self, shown.filter(has_not=ended), shown)

    @property
    def search(self) -> Locator:
        """The box of Team Communicator."""
        return self.page.get_by_role("searchbox", name=self.say("team"))

    async def finds(self, text: str, name: str) -> Locator:
        """Type a text; the item of what is found."""
        await self.hands.write(self.search, text)
        team = self.page.get_by_role("region", name=self.say("team"))
        # Until then the list is what an earlier text has found.
        await expect(team.locator("ul.targets")).to_have_attribute("aria-busy", "false")
        item = team.locator(self.page.get_by_role("listitem", name=re.compile("^" + re.escape(name))))
        await expect(item).to_be_visible()
        return item

    async def act(self, text: str, name: str, key: str, *filling: str) -> None:
        """Find somebody, and choose out of their menu."""
        item = await self.finds(text, name)
        menu = item.get_by_role("button", name=self.say("action_menu"))
        await self.hands.choose(menu, item.get_by_role("menuitem", name=self.say(key, *filling)))

    @property
    def keypad(self) -> Locator:
        """The dialog with twelve keys."""
        return self.page.get_by_role("dialog", name=self.say("dtmf"))

    async def dials(self, digits: str) -> None:
        """In the keypad, which is open."""
        await self.hands.dial(self.keypad, digits)

    async def closes_keypad(self) -> None:
        """By its button."""
        await self.hands.press(self.keypad.get_by_role("button", name=self.say("close")))
        await expect(self.keypad).to_have_count(0)

    async def chooses_identity(self, name: str) -> None:
        """Out of the list that the dialog has."""
        dialog = self.page.get_by_role("dialog", name=self.say("caller_id"))
        await self.hands.check(dialog.get_by_role("radio", name=name))
        await self.hands.press(dialog.get_by_role("button", name=self.say("ok")))


@dataclass
class Interaction:
    """A call in the page."""

    desk: DeskPage
    region: Locator
    shown: Locator
    """Also after its end."""

    def button(self, key: str) -> Locator:
        """One of its buttons; menus have items of the same names."""
        return self.region.get_by_role("button", name=self.desk.say(key), exact=True)

    async def press(self, key: str) -> None:
        """One of its buttons."""
        await self.desk.hands.press(self.button(key))

    async def is_now(self, key: str) -> None:
        """Wait until its state is this."""
        await expect(self.region.locator("header")).to_contain_text(self.desk.say(key))

    async def offers(self, *keys: str) -> None:
        """Wait until these buttons are there."""
        for key in keys:
            await expect(self.button(key)).to_be_visible()

    async def offers_no(self, *keys: str) -> None:
        """Wait until none of these buttons is there."""
        for key in keys:
            await expect(self.button(key)).to_have_count(0)

    async def ends(self) -> None:
        """Wait until it says that it has ended."""
        await expect(self.region).to_have_count(0)

    async def closes(self) -> None:
        """Wait until it is no longer to be seen, which is a while after its end."""
        await expect(self.shown).to_have_count(0, timeout=12_000)

    async def reach(self, key: str, text: str, name: str) -> None:
        """Open Team Communicator by one of the three buttons, and press the target's own of that name."""
        await self.press(key)
        await expect(self.desk.search).to_be_focused()
        item = await self.desk.finds(text, name)
        await self.desk.hands.press(item.get_by_role("button", name=self.desk.say(key), exact=True))

    def party(self, name: str) -> Locator:
        """Somebody in the list of participants."""
        return self.region.get_by_role("list", name=self.desk.say("parties")).get_by_role("listitem", name=name)

    async def to_party(self, name: str, key: str) -> None:
        """Choose out of a party's menu."""
        item = self.party(name)
        menu = item.get_by_role("button", name=self.desk.say("actions"))
        await self.desk.hands.choose(menu, item.get_by_role("menuitem", name=self.desk.say(key), exact=True))


@dataclass
class Desks:
    """Windows: an agent has one, with storage of its own.

    `files`: who serves the page's files, where the stack's API does not (a controller that runs from sources).
    """

    stack: Stack
    browsers: Browsers
    files: str = ""
    contexts: list[BrowserContext] = field(default_factory=list)

    async def open(
        self,
        agent: str | None = None,
        language: Language = "fr",
        *,
        voice: int | None = None,
        hands: Hands | None = None,
    ) -> DeskPage:
        """A window; with an agent, logged in.

        `voice`: the tone in Hz that its microphone hears, or silence. `hands`: the mouse, unless given.
        """
        browser = await self.browsers.hearing(voice)
        locale = {"fr": "fr-FR", "en": "en-GB"}[language]
        context = await browser.new_context(locale=locale, viewport={"width": 1280, "height": 900})
        self.contexts.append(context)
        context.set_default_timeout(WITHIN)
        await context.add_init_script(LISTENS)
        if self.files:
            await context.route(re.compile(r"^http://[^/]+/(?!v1/)"), self._serve)
        desk = DeskPage(await context.new_page(), language, hands or Mouse())
        await desk.page.goto(f"{self.stack.api}/")
        if agent is not None:
            await desk.log_in(agent)
        return desk

    async def _serve(self, route: Route) -> None:
        response = await route.fetch(url=f"{self.files}{urlsplit(route.request.url).path}", headers={})
        await route.fulfill(response=response)

    async def close(self) -> None:
        """All windows."""
        for context in self.contexts:
            await context.close()
