"""Measures and prints: the lab behind the story. Nothing here knows which scenes there are."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Iterable
from typing import TextIO

import aiohttp

from tests.bots import Contact, Sound, everyone
from tests.bots.station import Station
from tests.demo import render
from tests.demo.story import Clock, Ear, Moment, Person, Scene, Stretch, after, display
from tests.e2e.office import Agent, Office

WITHIN = 5.0
STABLE = 0.3
"""Seconds of RTP for which a matrix must be right before it is shown."""


class Stage:
    """The people of one story, its clock and its paper."""

    def __init__(self, office: Office, out: TextIO, ink: render.Ink) -> None:
        self.office = office
        self.cast: dict[str, Person] = {}
        self.clock = Clock()
        self.scene: Scene | None = None
        self._out = out
        self._ink = ink
        self._reported: Scene | None = None

    # -- people -------------------------------------------------------------------------------------------------------

    async def caller(self, bot: str, name: str, number: str, display: str) -> Contact:
        """Somebody outside, behind the carrier."""
        contact = await self.office.lab.contact(bot, number, display=display)
        self.cast[bot] = Person(bot, name, f"a customer outside, at {number}")
        return contact

    async def state_of(self, agent: str) -> str | None:
        """The state of an agent, without a phone or a desktop of theirs; None where they can't log in as such."""
        stack = self.office.stack
        async with aiohttp.ClientSession() as session:
            body = {"agent": agent, "password": f"{agent}-demo"}
            async with session.post(f"{stack.api}/v1/login", json=body) as response:
                if response.status == 401:
                    return None
                session.headers["Authorization"] = f"Bearer {(await response.json())['token']}"
            async with session.get(f"{stack.api}/v1/me") as response:
                state = str((await response.json())["state"])
            async with session.post(f"{stack.api}/v1/logout"):
                return state

    async def agent(self, bot: str) -> Agent:
        """An agent at a phone and a desktop; not yet ready."""
        agent = await self.office.agent(bot, ready=False)
        name = str(agent.me["name"])
        self.cast[bot] = Person(bot, name.split(maxsplit=1)[0], f"{name}, an agent at phone {agent.phone.user}")
        return agent

    def name(self, bot: str) -> str:
        """What somebody is called in the story."""
        return self.cast[bot].name

    # -- telling ------------------------------------------------------------------------------------------------------

    def write(self, lines: Iterable[str]) -> None:
        """Print, at once."""
        self._out.writelines(f"{line}\n" for line in lines)
        self._out.flush()

    @contextlib.asynccontextmanager
    async def act(self, title: str) -> AsyncIterator[None]:
        """A scene: its heading at once, the rest when all of it has been measured, or has failed."""
        number = self.scene.number + 1 if self.scene is not None else 1
        self.scene = Scene(number, title)
        self.write([render.heading(self.scene, self._ink)])
        try:
            yield
        finally:
            self.scene.moments.sort(key=lambda moment: moment.at)
            self.write([*render.body(self.scene, self._ink), ""])
        self._reported = self.scene

    def tell(self, stamp: float, text: str) -> None:
        """Something happened at that monotonic time."""
        assert self.scene is not None
        self.scene.moments.append(Moment(self.clock.at(stamp), text))

    # -- measuring ----------------------------------------------------------------------------------------------------

    async def hear(self, *talking: str, but: Iterable[tuple[str, str]] = ()) -> None:
        """Exactly those hear each other, `but` for pairs (who hears, who is heard); then keep that for the table.

        Raises DeadlineMissed.
        """
        assert self.scene is not None
        lab = self.office.lab
        try:
            await lab.exactly(everyone(*talking) - set(but), among=lab.bots, within=WITHIN, stable=STABLE)
            await lab.board.until(
                lambda: all(bot.timeline.now.sound is not Sound.SOUND for bot in lab.bots.values()),
                within=WITHIN,
                otherwise=lambda: "somebody hears a sound that is neither voice, music, speech nor ringing",
            )
        finally:
            self.scene.ears = self._ears()

    def _ears(self) -> list[Ear]:
        matrix = self.office.lab.matrix()
        found = []
        for bot, person in self.cast.items():
            station = self.office.lab[bot]
            if not station.live:
                continue
            heard = frozenset(self.name(voice) for hearer, voice in matrix if hearer == bot)
            found.append(Ear(person.name, heard, station.timeline.now.sound, self._notes(bot, station)))
        return found

    def _notes(self, bot: str, station: Station) -> tuple[str, ...]:
        """What the desktops got of this party."""
        if station.ringing is not None:
            return ("the phone rings",)
        outside = bot not in self.office.people
        for agent in self.office.people.values():
            for party in (agent.call or {}).get("parties", ()) if agent.phone.live else ():
                found = party["role"] == "contact" if outside else party["agent"] == bot
                if found and party["state"] != "left":
                    said = {"on hold": party["state"] == "held", "muted": party["muted"], "deaf": party["deaf"]}
                    return tuple(note for note, is_so in said.items() if is_so)
        return ()

    async def began(self, hearer: str, voice: str, since: float) -> float:
        """Tell after how long `hearer` first heard `voice`; returns that latency in seconds."""
        at = await self.office.lab[hearer].first_hears(voice, after=since, within=WITHIN)
        self.tell(at, f"{self.name(hearer)} hears {self.name(voice)} {after(at - since)}")
        return at - since

    def ceased(self, hearer: str, voice: str, since: float) -> float:
        """Tell after how long `hearer` had heard the last of `voice`, who is silent for them now; in seconds."""
        last = self.office.lab[hearer].timeline.last(voice, since)
        at = since if last is None else last
        self.tell(at, f"{self.name(hearer)} hears no more of {self.name(voice)} {after(at - since)}")
        return at - since

    async def music(self, hearer: str, since: float | None = None) -> None:
        """Tell since when music is what `hearer` hears. Raises DeadlineMissed."""
        at = await self.office.lab[hearer].hears_music(within=WITHIN)
        late = f" {after(at - since)}" if since is not None else ""
        self.tell(at, f"{self.name(hearer)} hears music {render.MUSIC}{late}")

    async def rings(self, bot: str, *, name: str, number: str, since: float) -> None:
        """The phone rings and its display shows that. Raises DeadlineMissed."""
        station = self.office.lab[bot]
        call = await station.rings(within=WITHIN)
        shown = await station.displays(name=name, number=number, within=WITHIN)
        at = call.stamps["invite received"]
        self.tell(at, f"{self.name(bot)}'s phone rings {after(at - since)}, showing\n{display(shown)}")

    # -- what somebody heard in all -----------------------------------------------------------------------------------

    def heard(self, bot: str) -> list[Stretch]:
        """The whole of it since the clock's start."""
        found = []
        for begin, end, what in self.office.lab[bot].timeline.stretches(self.clock.epoch, time.monotonic()):
            voices = frozenset(self.name(voice) for voice in what.voices)
            found.append(Stretch(self.clock.at(begin), self.clock.at(end), voices, what.sound))
        return found
