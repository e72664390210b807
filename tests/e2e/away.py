"""A page with the phone in it goes away in mid-call, in each way in which pages do, and comes back: what the contact
hears meanwhile, and when the two talk again.

    talk = await talking(office, page, caller)
    absence = await talk.without(closes_its_socket)
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from playwright.async_api import Route, expect

from tests.bots import Contact
from tests.bots.sound import QUIET_RMS
from tests.bots.tones import FRAME, FRAME_SECONDS, LOWEST, STEP, decode, spectrum
from tests.e2e.browser import DeskPage, Desks
from tests.e2e.office import CALLER_NAME, PHONES, Office

WITHIN = 10.0
VOICE = 1100
"""Hz, of the page's microphone."""
STEADY = 2
"""Frames that are alike: between two sounds there is one that is neither."""
PHONE = "**/v1/me/phone"
USE_THIS_WINDOW = {"fr": "Utiliser cette fenêtre", "en": "Use this window"}
REACHABLE = {"fr": "joignable", "en": "reachable"}
# The sockets that the page has opened, for who takes one away.
SOCKETS = """
(() => {
  const Socket = window.WebSocket;
  const sockets = new Set();
  window.WebSocket = class extends Socket {
    constructor(...how) {
      super(...how);
      sockets.add(this);
    }
  };
  window.closeSocket = async (path) => {
    for (const socket of sockets) {
      if (new URL(socket.url).pathname !== path || socket.readyState !== WebSocket.OPEN) continue;
      const closed = new Promise((resolve) => socket.addEventListener("close", resolve));
      socket.close();
      await closed;
    }
  };
})();
"""
MUSIC_SETTLES = 0.5


class Sounds(Enum):
    """What is in one frame."""

    AGENT = "the agent"
    OTHER = "something else"
    NOTHING = "nothing"


class Ear:
    """Every frame that a contact hears from now on, by who is in it."""

    def __init__(self, contact: Contact, hertz: int) -> None:
        self._contact = contact
        self._tone = (hertz - LOWEST) // STEP
        self._times: list[float] = []
        self._sounds: list[Sounds] = []
        contact.on_frame = self._frame

    def _frame(self, at: float, payload: bytes) -> None:
        samples = decode(payload)
        energy = float(samples @ samples)
        self._times.append(at)
        if energy < FRAME * QUIET_RMS**2:
            self._sounds.append(Sounds.NOTHING)
        else:
            tone = float(abs(spectrum(samples)[self._tone])) ** 2 * FRAME / 2
            self._sounds.append(Sounds.AGENT if tone > energy / 2 else Sounds.OTHER)
        self._contact.board.changed()

    async def first(self, wanted: Sounds, after: float) -> float:
        """Wait until that is heard for some frames, at or after a time; when the first of them came."""
        found: float | None = None

        def heard() -> bool:
            nonlocal found
            found = self.found(wanted, after)
            return found is not None

        await self._contact.until(heard, f"hears {wanted.value}", within=WITHIN)
        assert found is not None
        return found

    def found(self, wanted: Sounds, after: float) -> float | None:
        """When that was first heard for some frames, at or after a time; None if not at all."""
        alike = 0
        for index in range(bisect_left(self._times, after), len(self._times)):
            alike = alike + 1 if self._sounds[index] is wanted else 0
            if alike == STEADY:
                return self._times[index - STEADY + 1]
        return None

    def longest_nothing(self, since: float, until: float) -> float:
        """Seconds of the longest time in which no frame came that could be heard."""
        loud = [at for at, sound in zip(self._times, self._sounds, strict=True) if sound is not Sounds.NOTHING]
        inside = [since, *(at for at in loud if since < at < until), until]
        return max(0.0, max(b - a for a, b in pairwise(inside)) - FRAME_SECONDS)


@dataclass(frozen=True)
class Absence:
    """Seconds: from the loss until the contact hears music, None where the two talked again before any; from when the
    page is back until both hear each other; the longest that the contact heard nothing."""

    music: float | None
    talk: float
    silence: float


@dataclass
class Talk:
    """A page and a contact who talk."""

    page: DeskPage
    caller: Contact
    ear: Ear

    async def without(self, loses: Loses) -> Absence:
        """Lose the page or its phone in that way; in the end they talk again, in the same call."""
        call = self.caller.call
        gone = await loses(self)
        self.page = gone.page
        await self.page.hears(self.caller)
        heard = await self.ear.first(Sounds.AGENT, time.monotonic())
        assert self.caller.live == [call]
        music = self.ear.found(Sounds.OTHER, gone.lost)
        return Absence(
            music=None if music is None else music - gone.lost,
            talk=heard - gone.back,
            silence=self.ear.longest_nothing(gone.lost, heard),
        )

    async def without_at_length(self, loses: Loses) -> None:
        """The same, where the page is not back before the contact has heard music."""
        context, may_come = self.page.page.context, asyncio.Event()

        async def late(route: Route) -> None:
            await may_come.wait()
            await route.continue_()

        await context.route(PHONE, late)
        lost = time.monotonic()
        going = asyncio.ensure_future(self.without(loses))
        try:
            await self.has_had_music(lost)
        finally:
            may_come.set()
            await going
        await context.unroute(PHONE)

    async def has_had_music(self, lost: float) -> None:
        """Wait until the contact has heard it for a while since the loss."""
        await self.ear.first(Sounds.OTHER, await self.ear.first(Sounds.OTHER, lost) + MUSIC_SETTLES)


@dataclass(frozen=True)
class Gone:
    """`page` is where the call is to be again; `lost` and `back` are monotonic seconds."""

    page: DeskPage
    lost: float
    back: float


type Loses = Callable[[Talk], Awaitable[Gone]]


async def is_loaded_again(talk: Talk) -> Gone:
    """The agent presses F5."""
    lost = time.monotonic()
    await talk.page.page.reload()
    return Gone(talk.page, lost, time.monotonic())


async def is_killed(talk: Talk) -> Gone:
    """The tab crashes; once the contact has had music for a while, the agent opens the page again."""
    page = talk.page.page
    tools = await page.context.new_cdp_session(page)
    lost = time.monotonic()
    async with page.expect_event("crash"):
        crash = asyncio.ensure_future(tools.send("Page.crash"))
    await talk.has_had_music(lost)
    again = await page.context.new_page()
    await again.goto(page.url)
    back = time.monotonic()
    await page.close()
    # A tab that is dead does not answer: the request fails when it closes.
    await asyncio.gather(crash, return_exceptions=True)
    return Gone(DeskPage(again, talk.page.language), lost, back)


async def is_closed(talk: Talk) -> Gone:
    """The agent closes the tab; once the contact has had music for a while, they open the page again."""
    context, address = talk.page.page.context, talk.page.page.url
    lost = time.monotonic()
    await talk.page.page.close()
    await talk.has_had_music(lost)
    again = await context.new_page()
    await again.goto(address)
    return Gone(DeskPage(again, talk.page.language), lost, time.monotonic())


async def loses_its_socket(talk: Talk) -> Gone:
    """The phone's socket closes under a page that stays."""
    lost = time.monotonic()
    await talk.page.page.evaluate("closeSocket('/phone')")
    return Gone(talk.page, lost, lost)


async def is_taken_over(talk: Talk) -> Gone:
    """A second window takes the phone, and the first one is closed."""
    first = talk.page.page
    second = DeskPage(await first.context.new_page(), talk.page.language)
    await second.page.goto(first.url)
    takes = second.page.get_by_role("button", name=USE_THIS_WINDOW[second.language])
    await expect(takes).to_be_visible()
    lost = time.monotonic()
    await takes.click()
    await is_reachable(second)
    await first.close()
    return Gone(second, lost, lost)


@dataclass(frozen=True)
class Frozen:
    """Seconds: the longest that the contact heard nothing while the tab was frozen; from its thawing until it showed
    what had happened meanwhile."""

    silence: float
    shown: float


async def freezes(office: Office, talk: Talk, note: str, seconds: float) -> Frozen:
    """The browser freezes the tab, while somebody attaches a note to the call; then the agent is back at it."""
    alice = office.people["alice"]
    tools = await talk.page.page.context.new_cdp_session(talk.page.page)
    began = time.monotonic()
    await tools.send("Page.setWebLifecycleState", {"state": "frozen"})
    await alice.command("PATCH", f"/v1/calls/{alice.call_id}/user-data", {"note": note})
    await talk.ear.first(Sounds.AGENT, began + seconds)
    thawed = time.monotonic()
    await tools.send("Page.setWebLifecycleState", {"state": "active"})
    await expect(talk.page.call(CALLER_NAME).region).to_contain_text(note)
    shown = time.monotonic()
    await talk.page.hears(talk.caller)
    await tools.detach()
    assert talk.ear.found(Sounds.OTHER, began) is None, "the two did not talk on"
    return Frozen(talk.ear.longest_nothing(began, shown), shown - thawed)


async def is_reachable(page: DeskPage) -> None:
    """Wait until the phone in this page is registered."""
    await expect(page.phone).to_contain_text(page.say("phone", page.say("this_page")))
    await expect(page.phone).to_contain_text(REACHABLE[page.language])


async def with_the_phone(desks: Desks, agent: str) -> DeskPage:
    """A page that has its agent's phone, and a microphone that hums; ready."""
    page = await desks.open(agent, voice=VOICE)
    await page.page.context.add_init_script(SOCKETS)
    await page.page.reload()
    await page.uses_this_page()
    await page.goes_ready()
    return page


async def talking(office: Office, page: DeskPage, caller: Contact) -> Talk:
    """The caller rings the agent of the page, which has the phone, and they talk."""
    ear = Ear(caller, VOICE)
    caller.dial(PHONES["alice"])
    await page.accept(CALLER_NAME)
    await ear.first(Sounds.AGENT, time.monotonic())
    await page.hears(caller)
    await page.call(CALLER_NAME).is_now("connected")
    return Talk(page, caller, ear)
