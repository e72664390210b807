"""The desk in a real browser, as a person uses it: by the names of what they see, in their language.

async def test_something(office, desks):
    page = await desks.open("alice")
    await page.is_now("ready")
    await page.button("accept").click()
"""

from __future__ import annotations

import asyncio
import io
import re
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from playwright.async_api import Browser, Locator, Page, Playwright, async_playwright, expect

from tests.bots.sound import QUIET_RMS
from tests.bots.station import Station
from tests.bots.tones import FRAME, RATE, decode, frequency
from tests.e2e.stack import Stack

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    # Addresses as they are, and frames on loopback in pages that a test makes up.
    "--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks",
)
WITHIN = 5000.0
MICROPHONE_RATE = 48_000
RESOLUTION = 12.0
"""Hz: two bins of the page's ear."""

# What comes out of the page's phone, listened to beside the loudspeaker: the strongest tone in Hz, 0 in silence. And
# the microphones that the page has opened, for who takes them away.
LISTENS = """
(() => {
  const Original = window.RTCPeerConnection;
  const lines = new Set();
  window.RTCPeerConnection = class extends Original {
    constructor(...how) {
      super(...how);
      lines.add(this);
    }
  };
  window.microphones = [];
  const ask = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (ask) {
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await ask(wanted);
      window.microphones.push(stream);
      return stream;
    };
  }
  const ears = new WeakMap();
  const ear = (track) => {
    if (!ears.has(track)) {
      const context = new AudioContext();
      const analyser = context.createAnalyser();
      analyser.fftSize = 8192;
      analyser.smoothingTimeConstant = 0;
      context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
      ears.set(track, analyser);
    }
    return ears.get(track);
  };
  window.heardInHertz = () => {
    let best = [-70, 0];
    for (const line of lines) {
      if (line.connectionState !== "connected") continue;
      for (const { track } of line.getReceivers()) {
        const analyser = ear(track);
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        bins.forEach((level, bin) => {
          if (level > best[0]) best = [level, (bin * analyser.context.sampleRate) / analyser.fftSize];
        });
      }
    }
    return best[1];
  };
})();
"""

type Language = Literal["fr", "en"]

# What the page calls things, (French, English); what comes in braces is filled in.
WORDS = {
    "agent": ("Nom d’agent", "Agent name"),
    "password": ("Mot de passe", "Password"),
    "change_password": ("Changer de mot de passe", "Change the password"),
    "current_password": ("Mot de passe actuel", "Current password"),
    "new_password": ("Nouveau mot de passe", "New password"),
    "new_password_again": ("Nouveau mot de passe, encore une fois", "New password, once more"),
    "passwords_differ": (
        "Les deux nouveaux mots de passe ne sont pas les mêmes.",
        "The two new passwords are not the same.",
    ),
    "wrong_password": ("Le mot de passe actuel n’est pas le bon.", "The current password is not right."),
    "password_changed": (
        "Le mot de passe est changé, et vos autres sessions ont pris fin.",
        "The password is changed, and your other sessions have ended.",
    ),
    "change": ("Changer", "Change"),
    "log_in": ("Se connecter", "Log in"),
    "log_out": ("Se déconnecter", "Log out"),
    "status": ("Statut : {}", "Status: {}"),
    "ready": ("Prêt", "Ready"),
    "not_ready": ("Pas prêt", "Not ready"),
    "because": ("Pas prêt : {}", "Not ready: {}"),
    "on_call": ("En appel", "On a call"),
    "phone": ("Téléphone : {}", "Phone: {}"),
    "desk_phone": ("Poste {}", "Desk phone {}"),
    "this_page": ("Cette page", "This page"),
    "incoming": ("Appel entrant de {}", "Incoming call from {}"),
    "accept": ("Accepter", "Accept"),
    "decline": ("Refuser", "Decline"),
    "ringing": ("En sonnerie", "Ringing"),
    "connected": ("Connecté", "Connected"),
    "held": ("En attente", "On hold"),
    "ended": ("Terminé", "Ended"),
    "end": ("Mettre fin à l’appel", "End Call"),
    "clear": ("Mettre fin à l’appel pour tous", "End Call for All"),
    "hold": ("Mettre en attente", "Hold"),
    "resume": ("Reprendre l’appel", "Resume Call"),
    "transfer": ("Transfert d’appel instantané", "Instant Call Transfer"),
    "conference": ("Conférence vocale instantanée", "Instant Voice Conference"),
    "consult": ("Lancer une consultation", "Start Consultation"),
    "dtmf": ("Envoyer des signaux DTMF", "Send DTMF"),
    "complete_transfer": ("Terminer le transfert", "Complete Transfer"),
    "complete_conference": ("Terminer la conférence", "Complete Conference"),
    "alternate": ("Alterner", "Alternate"),
    "cancel_consultation": ("Annuler la consultation", "Cancel Consultation"),
    "cancel": ("Annuler", "Cancel"),
    "team": ("Team Communicator", "Team Communicator"),
    "action_menu": ("Menu Action", "Action Menu"),
    "call": ("Appeler {}", "Call {}"),
    "agents_available": ("{} agents disponibles", "{} agents available"),
    "one_available": ("1 agent disponible", "1 agent available"),
    "none_available": ("Aucun agent disponible", "No agent available"),
    "parties": ("Participants", "Participants"),
    "actions": ("Actions", "Actions"),
    "remove": ("Supprimer de la conférence", "Delete from Conference"),
    "deafen": ("Empêcher l’écoute", "Stop Listening"),
    "undeafen": ("Permettre l’écoute", "Resume Listening"),
    "mute": ("Couper le micro", "Mute"),
    "unmute": ("Rétablir le micro", "Unmute"),
    "resume_party": ("Reprendre", "Resume"),
    "caller_id": ("Veuillez sélectionner une identification d’appelant", "Select a caller identification"),
    "anonymous": ("Anonyme", "Anonymous"),
    "ok": ("Valider", "OK"),
    "hearing": ("Qui entend qui", "Who hears whom"),
    "other_language": ("English", "Français"),
}


@dataclass
class DeskPage:
    """One window. `words` are found by their key in `WORDS`."""

    page: Page
    language: Language

    def say(self, key: str, *filling: str) -> str:
        """What the page calls it."""
        return WORDS[key][0 if self.language == "fr" else 1].format(*filling)

    async def log_in(self, agent: str) -> None:
        """By the form."""
        await self.page.get_by_role("textbox", name=self.say("agent")).fill(agent)
        await self.page.get_by_label(self.say("password")).fill(f"{agent}-demo")
        await self.page.get_by_role("button", name=self.say("log_in")).click()
        await expect(self.page.get_by_role("banner")).to_be_visible()

    @property
    def status(self) -> Locator:
        """The button that says the agent's own state."""
        return self.page.get_by_role("button", name=re.compile("^" + re.escape(self.say("status", "").strip())))

    async def choose_status(self, key: str, *filling: str) -> None:
        """Out of the menu."""
        await self.status.click()
        await self.page.get_by_role("menuitemradio", name=self.say(key, *filling), exact=True).click()

    async def has_status(self, key: str, *filling: str) -> None:
        """Wait until the button says it."""
        await expect(self.status).to_contain_text(self.say("status", self.say(key, *filling)))

    async def goes_ready(self) -> None:
        """Calls may come."""
        await self.choose_status("ready")
        await self.has_status("ready")

    async def uses_this_page(self) -> None:
        """Take calls in this page from now on; the phone is registered then."""
        await self.phone.click()
        await self.page.get_by_role("menuitemradio", name=self.say("this_page"), exact=True).click()
        await expect(self.phone).to_contain_text(self.say("phone", self.say("this_page")))
        await expect(self.phone).to_contain_text({"fr": "joignable", "en": "reachable"}[self.language])

    @property
    def phone(self) -> Locator:
        """The button that says which phone is the agent's."""
        return self.page.get_by_role("button", name=re.compile("^" + re.escape(self.say("phone", "").strip())))

    async def hears(self, bot: Station) -> None:
        """Wait until the page's phone plays that bot's tone, and hears no other louder."""
        wanted = frequency(next(index for index, owner in bot.studio.owners.items() if owner == bot.name))
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

    def ringing(self, who: str) -> Locator:
        """The call that rings."""
        return self.page.get_by_role("alertdialog", name=self.say("incoming", who))

    async def accept(self, who: str) -> None:
        """The call that rings."""
        await self.ringing(who).get_by_role("button", name=self.say("accept")).click()

    def call(self, who: str) -> Interaction:
        """The interaction with somebody."""
        return Interaction(self, self.page.get_by_role("region", name=who))

    @property
    def search(self) -> Locator:
        """The box of Team Communicator."""
        return self.page.get_by_role("searchbox", name=self.say("team"))

    async def finds(self, text: str, name: str) -> Locator:
        """Type a text; the item of what is found."""
        await self.search.fill(text)
        item = self.page.get_by_role("listitem", name=re.compile("^" + re.escape(name)))
        item = self.page.get_by_role("region", name=self.say("team")).locator(item)
        await expect(item).to_be_visible()
        return item

    async def act(self, text: str, name: str, key: str, *filling: str) -> None:
        """Find somebody, and choose out of their menu."""
        item = await self.finds(text, name)
        await item.get_by_role("button", name=self.say("action_menu")).click()
        await item.get_by_role("menuitem", name=self.say(key, *filling)).click()


@dataclass
class Interaction:
    """A call in the page."""

    desk: DeskPage
    region: Locator

    def button(self, key: str) -> Locator:
        """One of its buttons; menus have items of the same names."""
        return self.region.get_by_role("button", name=self.desk.say(key), exact=True)

    async def press(self, key: str) -> None:
        """One of its buttons."""
        await self.button(key).click()

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

    async def closes(self) -> None:
        """Wait until it is no longer to be seen."""
        await expect(self.region).to_have_count(0)

    async def reach(self, key: str, text: str, name: str) -> None:
        """Open Team Communicator by one of the three buttons, and press the target's own of that name."""
        await self.press(key)
        await expect(self.desk.search).to_be_focused()
        item = await self.desk.finds(text, name)
        await item.get_by_role("button", name=self.desk.say(key), exact=True).click()

    def party(self, name: str) -> Locator:
        """Somebody in the list of participants."""
        return self.region.get_by_role("list", name=self.desk.say("parties")).get_by_role("listitem", name=name)

    async def to_party(self, name: str, key: str) -> None:
        """Choose out of a party's menu."""
        item = self.party(name)
        await item.get_by_role("button", name=self.desk.say("actions")).click()
        await item.get_by_role("menuitem", name=self.desk.say(key), exact=True).click()


@dataclass
class Desks:
    """Browsers: an agent has one of their own, with its own microphone."""

    stack: Stack
    playwright: Playwright
    directory: Path
    browsers: list[Browser] = field(default_factory=list)

    async def open(self, agent: str | None = None, language: Language = "fr", *, voice: int | None = None) -> DeskPage:
        """A window in a browser of its own; with an agent, logged in.

        `voice`: the tone in Hz that its microphone hears; without one there is silence.
        """
        # Chromium opens the file when the page opens its microphone.
        file = self.directory / f"{len(self.browsers)}.wav"
        file.write_bytes(microphone(voice))
        flags = [*FLAGS, f"--use-file-for-fake-audio-capture={file}"]
        browser = await self.playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        self.browsers.append(browser)
        locale = {"fr": "fr-FR", "en": "en-GB"}[language]
        context = await browser.new_context(locale=locale, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(WITHIN)
        await context.add_init_script(LISTENS)
        desk = DeskPage(await context.new_page(), language)
        await desk.page.goto(f"{self.stack.api}/")
        if agent is not None:
            await desk.log_in(agent)
        return desk

    async def close(self) -> None:
        """All windows."""
        for browser in self.browsers:
            await browser.close()


def microphone(hertz: int | None) -> bytes:
    """A second of sound for Chromium's microphone, which plays it again and again."""
    steps = np.arange(MICROPHONE_RATE)
    samples = np.zeros(MICROPHONE_RATE) if hertz is None else np.sin(2 * np.pi * hertz / MICROPHONE_RATE * steps)
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(MICROPHONE_RATE)
        file.writeframes((samples * 12_000).astype("<i2").tobytes())
    return content.getvalue()


@asynccontextmanager
async def browsers(stack: Stack) -> AsyncIterator[Desks]:
    """Browsers for a test."""
    with TemporaryDirectory() as directory:
        async with async_playwright() as playwright:
            desks = Desks(stack, playwright, Path(directory))
            try:
                yield desks
            finally:
                await desks.close()


async def is_heard_by(bot: Station, hertz: int, within: float = 5.0) -> None:
    """Wait until the bot hears a page that speaks with this tone: its strongest, over half a second.

    What a browser sends has gone through opus: the ear that bots have for each other wants every frame alike.
    """
    bot.tape = bytearray()
    loudest = 0.0
    try:
        async with asyncio.timeout(within):
            while loudest != hertz:
                await asyncio.sleep(FRAME / RATE)
                loudest = strongest(bytes(bot.tape[-RATE // 2 :]))
    except TimeoutError:
        raise AssertionError(f"{bot.name} does not hear {hertz} Hz, but {loudest} Hz loudest") from None
    finally:
        bot.tape = None


def strongest(payload: bytes) -> float:
    """The strongest frequency in half a second of PCMU, 0 where there is less, or silence."""
    if len(payload) < RATE // 2:
        return 0.0
    samples = decode(payload)
    if float(np.sqrt(np.mean(samples * samples))) < QUIET_RMS:
        return 0.0
    return float(np.argmax(np.abs(np.fft.rfft(samples * np.hanning(len(samples))))) * RATE / len(samples))
