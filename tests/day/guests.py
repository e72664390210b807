"""Callers who are bots: they press keys, are called back, and hang up when they have heard enough. Each calls several
times, with another number each time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence

from tests.bots import Contact, Lab, answers, is_busy, rings
from tests.bots.call import Call
from tests.bots.call_state import CallState
from tests.day.agents import Notes, at, now, rings_of
from tests.day.centre import FIRST, KEY_AWAY, KEY_BACK, KEY_SECOND, RETRY_AFTER, SECOND
from tests.day.ledger import Caller
from tests.day.plan import GUESTS, Wish

_KEYS: dict[Wish, str] = {
    "second": KEY_SECOND,
    "away": KEY_AWAY,
    "back": KEY_BACK,
    "back busy": KEY_BACK,
    "never back": KEY_BACK,
}
_PATIENCE = 30.0
_COMES_BACK = 60.0
"""Seconds in which somebody is called back, or never."""


class Guest:
    """Somebody at a phone outside."""

    def __init__(self, contact: Contact, lab: Lab, notes: Notes, dice: random.Random) -> None:
        self._contact, self._lab, self._notes, self._dice = contact, lab, notes, dice
        self._called = 0
        self.busy = asyncio.Lock()

    async def calls(self, wish: Wish) -> None:
        """Call once, and all that follows from it."""
        async with self.busy:
            await self._is_another()
            dials = SECOND if wish == "listens" and self._dice.random() < 0.5 else FIRST
            self._contact.behaviour = is_busy() if wish in ("back busy", "never back") else rings()
            call = self._contact.dial(dials)
            keys, served = await self._waits(call, wish)
            self._notes.ledger.callers.append(self._noted(call, dials, keys))
            if keys and not served and _KEYS[wish] == KEY_BACK:
                await self._is_called_back(wish)
            self._notes.ledger.outside += rings_of(self._contact, self._contact.number)
            self._notes.done[f"guests: {wish}"] += 1

    async def _is_another(self) -> None:
        carrier = await self._lab.carrier()
        carrier.contacts.pop(self._contact.number, None)
        self._called += 1
        number = f"{GUESTS}{self._contact.name.rpartition('-')[2]:0>3}{self._called:04}"
        self._contact.number = self._contact.user = number
        carrier.contacts[number] = self._contact

    async def _waits(self, call: Call, wish: Wish) -> tuple[list[tuple[float, str]], bool]:
        """Until the call is over. Which keys were pressed, and when; and whether an agent was heard."""
        pressed: list[tuple[float, str]] = []
        await self._until(call, lambda: call.state is CallState.UP, 5.0)
        if wish in _KEYS:
            await self._until(call, lambda: self._served(call), self._dice.uniform(0.8, 1.6))
            if call.state is CallState.UP and not self._served(call):
                pressed.append((now(), _KEYS[wish]))
                pressing = asyncio.ensure_future(call.send_dtmf(_KEYS[wish]))  # they may be gone before it is let go
                await asyncio.wait([pressing], timeout=1.0)
                pressing.cancel()
        await self._until(call, lambda: self._served(call), _PATIENCE)
        served = self._served(call)
        if served and wish == "listens":
            await self._until(call, lambda: False, self._dice.uniform(0.4, 1.0))
            call.hangup()
        await self._until(call, lambda: False, _PATIENCE)
        call.hangup()
        return pressed, served

    def _served(self, call: Call) -> bool:
        """Whether an agent is heard."""
        return call.state is CallState.UP and any(not voice.startswith("guest") for voice in self._voices())

    def _voices(self) -> frozenset[str]:
        return frozenset(voice for voice in self._contact.timeline.now.voices if not voice.endswith("Hz"))

    async def _is_called_back(self, wish: Wish) -> None:
        """Who is busy at first is rung again; who never comes to the phone is given up."""
        if wish != "back":
            await self._rung(_COMES_BACK)
            if wish == "never back":
                await self._rung(_COMES_BACK)
                return
            self._contact.behaviour = rings()
        if await self._rung(RETRY_AFTER + _COMES_BACK):
            call = self._contact.ringing
            if call is not None:
                await asyncio.sleep(0.3)
                if call.state is CallState.RINGING:
                    call.answer()
                await self._until(call, lambda: False, _PATIENCE)
                call.hangup()

    async def _rung(self, within: float) -> bool:
        """Whether one more call has come."""
        before = sum(call.direction == "in" for call in self._contact.calls)
        try:
            await self._contact.until(
                lambda: sum(call.direction == "in" for call in self._contact.calls) > before,
                "is called back",
                within=within,
            )
        except AssertionError:
            self._notes.wrong["guests who were not called back"] += 1
            return False
        return True

    async def _until(self, call: Call, holds: Callable[[], bool], within: float) -> None:
        """As long as the call is up, and not so, for so long at most."""
        try:
            await self._contact.until(lambda: holds() or call.state is CallState.ENDED, "waits", within=within)
        except AssertionError:
            return

    def _noted(self, call: Call, dials: str, keys: Sequence[tuple[float, str]]) -> Caller:
        stamps = call.stamps
        up = at(stamps["200 received"]) if "200 received" in stamps else None
        ended = at(stamps["ended"])
        by_caller = "bye sent" in stamps or call.cause == "cancelled"
        return Caller(self._contact.number, dials, at(stamps["invite sent"]), up, ended, by_caller, tuple(keys))


async def guests(lab: Lab, notes: Notes, number: int, dice: random.Random) -> list[Guest]:
    """So many people."""
    found = []
    for n in range(number):
        contact = await lab.contact(f"guest-{n:03}", f"{GUESTS}{n:03}0000", behaviour=answers())
        found.append(Guest(contact, lab, notes, random.Random(dice.random())))
    return found
