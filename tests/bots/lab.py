"""The lab: many bots in one event loop, and who hears whom among them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Self

from tests.bots import tones
from tests.bots.behaviour import Behaviour
from tests.bots.carrier import Carrier, Contact
from tests.bots.events import Board
from tests.bots.phone import Phone
from tests.bots.registration import RegistrationFailed
from tests.bots.rtp import MediaClock
from tests.bots.sip import Address
from tests.bots.station import Station
from tests.bots.studio import Studio

Pair = tuple[str, str]
"""(who hears, who is heard)."""

_SHOWN = 12
"""Bots that a failure message shows one by one."""

_CLOSING = 2.0
"""Seconds that the BYEs and unregistrations of a closing lab are waited for."""


def pairs(*talks: str) -> set[Pair]:
    """Pairs written as people do: `pairs("alice <-> caller", "erin -> alice")`; `a -> b`: b hears a.

    Raises ValueError for anything else.
    """
    found: set[Pair] = set()
    for talk in talks:
        for arrow in ("<->", "->"):
            left, match, right = (part.strip() for part in talk.partition(arrow))
            if match:
                break
        if not (match and left and right):
            raise ValueError(f"{talk!r} is neither 'a <-> b' nor 'a -> b'")
        found.add((right, left))
        if arrow == "<->":
            found.add((left, right))
    return found


def everyone(*names: str) -> set[Pair]:
    """Everybody of those hears everybody else: a conference."""
    return {(a, b) for a in names for b in names if a != b}


class Lab:
    """Bots by name. Use as `async with Lab(...) as lab`; leaving it hangs everything up.

    `voices` is how many bots may be mixed in one conference without clipping; more voices, softer tones.
    """

    def __init__(
        self,
        asterisk: Address | None = ("127.0.0.1", 5060),
        *,
        bind: str = "127.0.0.1",
        carrier: Address = ("127.0.0.2", 5080),
        voices: int = tones.DEFAULT_VOICES,
    ) -> None:
        self.asterisk = asterisk
        self.bind = bind
        self.board = Board()
        self.stalls: list[tuple[float, float]] = []
        """When nobody here sent or noted anything, from and to: the machine had no time for this process."""
        self.studio = Studio(self.board, MediaClock(self._stalled), tones.amplitude(voices))
        self.bots: dict[str, Station] = {}
        self._carrier_address = carrier
        self._carrier: Carrier | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up everything, take registrations back, close all sockets."""
        for bot in self.bots.values():
            bot.hangup()
        plugged = [bot for bot in self.bots.values() if bot.line.agent.plugged]
        phones = [bot for bot in plugged if isinstance(bot, Phone) and bot.registered]
        with contextlib.suppress(TimeoutError, RegistrationFailed):
            async with asyncio.timeout(_CLOSING):
                await asyncio.gather(*(phone.unregister() for phone in phones))
                await asyncio.gather(*(bot.line.agent.drain() for bot in plugged if bot.calls))
        lines = [bot.line for bot in self.bots.values()]
        for bot in self.bots.values():
            bot.close()
        if self._carrier is not None:
            self._carrier.close()
            lines.append(self._carrier.line)
        # The next lab may want the same addresses at once.
        await asyncio.gather(*(line.agent.closed() for line in lines))

    def _stalled(self, seconds: float) -> None:
        now = time.monotonic()
        self.stalls.append((now - seconds, now))
        self.board.note("lab", "event loop stalled", f"{seconds * 1000:.0f} ms")

    # -- bots -------------------------------------------------------------------------------------

    async def phone(
        self,
        name: str,
        user: str = "",
        secret: str = "",
        *,
        behaviour: Behaviour | None = None,
        display: str = "",
        register: bool = True,
        bind: Address | None = None,
    ) -> Phone:
        """A phone, registered as `user` unless `register` is False or the lab has no Asterisk.

        `bind` is the (address, port) of its socket; by default the lab's address and a free port. Raises
        RegistrationFailed, OSError, and ValueError for a name that is taken.
        """
        self._free(name)
        server = self.asterisk
        phone = Phone(self.studio, name, user or name, secret, server, behaviour or Behaviour(), display)
        await phone.open(bind or (self.bind, 0))
        self.bots[name] = phone
        if register and server is not None:
            await phone.register()
        return phone

    async def carrier(self) -> Carrier:
        """The trunk of everybody outside, opened at the first call. Raises OSError."""
        if self._carrier is None:
            if self.asterisk is None:
                raise RuntimeError("a carrier needs an Asterisk to call")
            self._carrier = Carrier(self.studio, self.asterisk)
            await self._carrier.open(self._carrier_address)
        return self._carrier

    async def contact(
        self, name: str, number: str, *, display: str = "", behaviour: Behaviour | None = None
    ) -> Contact:
        """Somebody outside, with that number. Raises OSError, and ValueError for what is taken."""
        self._free(name)
        carrier = await self.carrier()
        contact = carrier.contact(name, number, display, behaviour or Behaviour())
        self.bots[name] = contact
        return contact

    def _free(self, name: str) -> None:
        if name in self.bots:
            raise ValueError(f"there is a bot {name} already")

    def __getitem__(self, name: str) -> Station:
        return self.bots[name]

    # -- who hears whom ---------------------------------------------------------------------------

    def matrix(self, among: Iterable[str] | None = None) -> set[Pair]:
        """Who hears whom now: pairs (who hears, who is heard)."""
        chosen = set(self.bots if among is None else among)
        return {(name, voice) for name in chosen for voice in self.bots[name].timeline.now.voices & chosen}

    async def hears(self, *wanted: Pair, within: float = 5.0, stable: float = 0.0) -> None:
        """All those pairs hear at once; others may too. Raises DeadlineMissed."""
        by_bot = _by_bot(wanted, _names(wanted))

        def holds() -> bool:
            return all(voices <= self.bots[name].timeline.now.voices for name, voices in by_bot.items())

        await self._until(holds, by_bot, exact=False, within=within, stable=stable)

    async def exactly(
        self, wanted: Iterable[Pair], *, among: Iterable[str], within: float = 5.0, stable: float = 0.3
    ) -> None:
        """Exactly those pairs among those bots, for `stable` seconds of RTP. Raises DeadlineMissed.

        Raises ValueError where a pair or `among` names somebody who is not among the hearers or not there.
        """
        talks, chosen = set(wanted), frozenset(among)
        unknown = (chosen - set(self.bots)) | (_names(talks) - chosen)
        if unknown:
            raise ValueError(f"not among the hearers: {', '.join(sorted(unknown))}")
        by_bot = _by_bot(talks, chosen)

        def holds() -> bool:
            return all(self.bots[name].timeline.now.voices & chosen == voices for name, voices in by_bot.items())

        await self._until(holds, by_bot, exact=True, within=within, stable=stable)

    async def silence_between(self, *names: str, within: float = 5.0, stable: float = 0.3) -> None:
        """Nobody of those hears anybody of those. Raises DeadlineMissed."""
        await self.exactly(set(), among=names, within=within, stable=stable)

    async def _until(
        self,
        holds: Callable[[], bool],
        by_bot: Mapping[str, frozenset[str]],
        *,
        exact: bool,
        within: float,
        stable: float,
    ) -> None:
        def story() -> str:
            wrong = "\n".join(self._wrong(by_bot, exact=exact)) or "right at last, but too late or not stable"
            held = f" (stable for {stable:g} s)" if stable else ""
            names = sorted(by_bot)
            table = self.table(names) if len(names) <= _SHOWN else f"({len(names)} bots)"
            log = self.board.recent(set(names))
            return f"who hears whom is not so within {within:g} s{held}\n{wrong}\n{table}\n{log}"

        await self.board.until(holds, within=within, stable=stable, otherwise=story)

    def _wrong(self, by_bot: Mapping[str, frozenset[str]], *, exact: bool) -> list[str]:
        """A line for each bot that does not hear what it should; the first few."""
        lines = []
        for name, wanted in sorted(by_bot.items()):
            now = self.bots[name].timeline.now
            missing = ", ".join(sorted(wanted - now.voices)[:_SHOWN])
            surplus = ", ".join(sorted((now.voices & by_bot.keys()) - wanted)[:_SHOWN]) if exact else ""
            if missing or surplus:
                does_not = f" does not hear {missing}" if missing else ""
                hears = f" hears {surplus}, and should not" if surplus else ""
                lines.append(f"{name}{does_not}{';' if missing and surplus else ''}{hears}")
        return [*lines[:_SHOWN], f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else lines

    def table(self, among: Iterable[str] | None = None) -> str:
        """The matrix for people: who hears, across; `x` heard. The last column is the class of sound."""
        names = sorted(self.bots if among is None else among)
        width = max((len(name) for name in names), default=0) + 1
        lines = ["hears".ljust(width) + " ".join(name[:8].center(8) for name in names)]
        for name in names:
            heard = self.bots[name].timeline.now
            marks = " ".join(("x" if other in heard.voices else "·").center(8) for other in names)
            lines.append(f"{name.ljust(width)}{marks}  {heard.sound}")
        return "\n".join(lines)

    def since_start(self) -> float:
        """Seconds since the lab began."""
        return time.monotonic() - self.board.epoch


def _by_bot(found: Iterable[Pair], names: Iterable[str]) -> dict[str, frozenset[str]]:
    heard: dict[str, set[str]] = {name: set() for name in names}
    for hearer, voice in found:
        heard[hearer].add(voice)
    return {name: frozenset(voices) for name, voices in heard.items()}


def _names(found: Iterable[Pair]) -> set[str]:
    return {name for pair in found for name in pair}
