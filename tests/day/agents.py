"""Agents at work: each serves the calls that come, some of them otherwise than most, and notes what their phone did.

They sleep where people take their time: that is in the figures that are counted. No fact is waited for that way.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp

from tests.bots import DeadlineMissed, Phone
from tests.bots.call import Call
from tests.bots.call_state import CallState
from tests.bots.desktop import Desktop, Json
from tests.bots.dialog import identity, wants_auto_answer
from tests.bots.station import Station
from tests.day.centre import FIRST_AGENTS, RINGS
from tests.day.ledger import Command, How, Ledger, Ring, Verb
from tests.day.plan import PREFIX

_PATIENCE = 20.0
_SOON = 3.0
_EPOCH = time.time() - time.monotonic()
"""What bots note is by the clock that never jumps."""


class Over(Exception):
    """The call is over, or what was requested of it is refused by now."""


@dataclass
class Notes:
    """What all of them note, and what should not have been."""

    ledger: Ledger = field(default_factory=Ledger)
    wrong: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    closing: bool = False
    outside: tuple[str, ...] = ()


def at(monotonic: float) -> float:
    """That time, in seconds since the epoch."""
    return monotonic + _EPOCH


def now() -> float:
    """The time, by the same clock."""
    return at(time.monotonic())


def rings_of(station: Station, phone: str) -> list[Ring]:
    """What rang at a phone, named so, and is over; it forgets them, as it does the calls that it made."""
    over = [call for call in station.calls if call.state is CallState.ENDED]
    station.calls[:] = station.live
    del station.timeline.changes[:-1]
    return [_ring(phone, call) for call in over if call.direction == "in"]


def _ring(phone: str, call: Call) -> Ring:
    assert call.invite is not None
    shown = identity(call.invite.request, with_from=True)
    how: How = "cancelled"
    if "200 sent" in call.stamps:
        how = "answered"
    elif call.status:
        how = "busy" if call.status == 486 else "declined"
    ended = at(call.stamps["ended"])
    return Ring(
        phone=phone,
        shown=shown.number if shown is not None else "",
        came=at(call.stamps["invite received"]),
        how=how,
        over=at(call.stamps["200 sent"]) if how == "answered" else ended,
        ended=ended,
        by_phone="bye sent" in call.stamps,
        own=wants_auto_answer(call.invite.request),
        shown_last=call.display.number,
    )


class Worker(Desktop):
    """An agent with their phone, from when they log in until they are sent home."""

    def __init__(self, base: str, phone: Phone, notes: Notes, dice: random.Random) -> None:
        super().__init__(base, phone.name, phone.board)
        self.phone, self.notes, self.dice = phone, notes, dice
        self.home = False

    def _event(self, event: Json) -> None:
        super()._event(event)
        if event.get("type") == "call.ended":
            self.calls.pop(event["call"]["id"], None)

    # -- a day ------------------------------------------------------------------------------------

    async def comes(self, password: str) -> None:
        """Log in, and be ready."""
        began = now()
        await self.login(password)
        self._note("login", began)
        await self._state("ready", "ready")

    async def goes(self) -> None:
        """Log out."""
        began = now()
        status, _ = await self.request("PUT", "/v1/me/state", {"state": "logged_out"})
        self._note("logout", began, done=status < 300)
        await self.close(log_out=False)
        self._keep()

    async def works(self) -> None:
        """Serve whatever comes, until sent home and nothing goes on."""
        while not self.home:
            try:
                await self._next()
            except Over:
                self.notes.done["the call was over first"] += 1
            except DeadlineMissed as missed:
                self.notes.wrong[f"waited in vain: {str(missed).splitlines()[0]}"] += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                self.notes.wrong[f"no answer: {type(error).__name__}"] += 1
            finally:
                await self._all_over()

    async def _next(self) -> None:
        await self._until(lambda: self.phone.ringing is not None or self.home, "idle", 3600)
        ring = self.phone.ringing
        if ring is None:
            return
        how = self.dice.choices(("answer", "decline", "busy", "ignore"), (94, 2.5, 2, 1.5))[0]
        await asyncio.sleep(self.dice.uniform(0.1, 0.4))
        if how == "ignore":
            await self._until(lambda: ring.state is CallState.ENDED, "rings in vain", RINGS + _SOON)
            await self._back_to_work()
            return
        if ring.state is not CallState.RINGING:
            return
        if how != "answer":
            ring.reject(486 if how == "busy" else 603)
            return
        ring.answer()
        await self._serves(ring)

    async def _serves(self, ring: Call) -> None:
        """Until it is over: whoever is in a call of a colleague's waits until it is theirs."""
        await self._until(lambda: ring.state is CallState.ENDED or self._own() is not None, "has a call of their own")
        call = self._own()
        if call is None or ring.state is CallState.ENDED:
            return
        number = ring.display.number
        # What takes several steps is done for callers alone who stay: whose turn it was, phones would tell otherwise.
        patient = number.startswith(PREFIX["patient"]) and call["type"] == "inbound" and not self.home
        kinds, weights = zip(*(_LOTS if patient and not self._was_passed_on(call) else _PLAIN), strict=True)
        (what,) = self.dice.choices(kinds, weights)
        await asyncio.sleep(self.dice.uniform(0.3, 1.2))
        await what(self, call["id"], ring.display.number)  # after a consultation it takes a moment to show who it is
        self.notes.done[what.__name__.strip("_").replace("_", " ")] += 1

    def _was_passed_on(self, call: Json) -> bool:
        """Whether others have done something with it already: once is enough."""
        return len([party for party in call["parties"] if party["role"] == "agent"]) > 1

    async def _all_over(self) -> None:
        """Nothing goes on at this phone; then what it did is noted, and now and then a break follows."""
        ends = time.monotonic() + _PATIENCE
        while self.phone.live and time.monotonic() < ends:
            if self.phone.ringing is not None:
                break  # the next one
            call = self._talks()
            if call is not None:
                with suppress(Over):
                    await self._does(call["id"], "release", "release", self.phone.call.display.number)
            with suppress(DeadlineMissed):
                await self._until(lambda: not self.phone.live or self.phone.ringing is not None, "lets go", _SOON)
        self._keep()
        if self.home or self.phone.live or self.me.get("state") not in ("ready", "wrap_up"):
            return
        lot = self.dice.random()
        if lot < _BREAKS and not self.notes.closing:
            await self._rests()
        elif lot < _BREAKS + _DIALS and self.notes.outside and not self.notes.closing:
            await self._dials()

    def _keep(self) -> None:
        self.notes.ledger.rings += rings_of(self.phone, self.agent)

    async def _back_to_work(self) -> None:
        """The phone rang in vain, which makes its agent not ready; not so where the caller had given up before."""
        await self._until(lambda: self.phone.ringing is not None or self.me.get("state") != "ringing", "is free", _SOON)
        if self.me.get("state") != "not_ready":
            return
        await asyncio.sleep(0.5)
        await self._state("ready", "ready")

    async def _rests(self) -> None:
        await self._until(lambda: self.me.get("state") == "ready" or self.phone.ringing is not None, "is free", _SOON)
        if self.phone.ringing is None:
            await self._state("not_ready", "lunch", reason="lunch")
            await asyncio.sleep(2.0)
            await self._state("ready", "ready")

    async def _dials(self) -> None:
        """A call of their own; refused where they are being rung meanwhile."""
        await self._until(lambda: self.me.get("state") == "ready" or self.phone.ringing is not None, "is free", _SOON)
        began, number = now(), self.dice.choice(self.notes.outside)
        status, answer = await self.request("POST", "/v1/calls", {"target": f"number:{number}"})
        self._note("dial", began, of=number, done=status < 300)
        if status >= 300:
            return
        await self._until(lambda: self._mine(answer["id"]) or self._is_over(answer["id"]), "talks outside")
        await asyncio.sleep(0.5)
        await self._does(answer["id"], "release", "release", number)
        self.notes.done["dialled"] += 1

    # -- what is done -----------------------------------------------------------------------------

    async def _state(self, state: str, verb: Verb, reason: str | None = None) -> None:
        began = now()
        body = {"state": state} | ({"reason": reason} if reason is not None else {})
        status, answer = await self.request("PUT", "/v1/me/state", body)
        self._note(verb, began, done=status < 300)
        if status >= 300:
            self.notes.wrong[f"{state} is answered {status} {answer}"] += 1

    async def _does(self, call: str, path: str, verb: Verb, of: str, target: str = "") -> Json:
        """Raises Over."""
        began = now()
        status, answer = await self.request("POST", f"/v1/calls/{call}/{path}", {"target": target} if target else None)
        self._note(verb, began, of, target, done=status < 300)
        if status >= 300:
            code = answer.get("code") if isinstance(answer, dict) else answer
            if status not in (404, 409):
                self.notes.wrong[f"{path} is answered {status} {code}"] += 1
            raise Over
        found: Json = answer
        return found

    def _note(self, verb: Verb, began: float, of: str = "", target: str = "", *, done: bool = True) -> None:
        self.notes.ledger.commands.append(Command(self.agent, verb, began, now(), of, target, done))

    # -- what is waited for -----------------------------------------------------------------------

    async def _until(self, holds: Callable[[], bool], what: str, within: float = _PATIENCE) -> None:
        await self._board.until(holds, within=within, otherwise=lambda: f"{what}, with {_brief(self.calls)}")

    def _talks(self) -> Json | None:
        """The call in which I am, and somebody else."""
        return next((call for call in reversed(list(self.calls.values())) if self._is_in(call)), None)

    def _is_in(self, call: Json) -> bool:
        return call["state"] in ("established", "held") and _me(call) == "connected"

    def _own(self) -> Json | None:
        return next((call for call in self.calls.values() if self._mine(call["id"])), None)

    def _mine(self, call: str) -> bool:
        """Whether I have it now."""
        found = self.calls.get(call)
        talks = found is not None and self._is_in(found) and found["answered_at"] is not None
        return talks and found is not None and bool(found["owner"] == self.agent)

    def _is_over(self, call: str) -> bool:
        found = self.calls.get(call)
        return found is None or found["state"] == "released" or _me(found) == "left"

    async def offered(self, call: str) -> str:
        """What became of the call's offer."""

        def over() -> bool:
            return self._is_over(call) or (self.calls[call].get("offer") or {}).get("state", "") != "ringing"

        await self._until(over, "the offer is over")
        return str((self.calls.get(call, {}).get("offer") or {}).get("state", "accepted"))


def _me(call: Json) -> str:
    return next((str(party["state"]) for party in call["parties"] if party["you"]), "")


def _brief(calls: dict[str, Json]) -> str:
    return ", ".join(f"{call['type']} {call['state']} ({_me(call)})" for call in calls.values()) or "no call"


# -- what is done with a call -----------------------------------------------------------------------------------------

_BREAKS, _DIALS = 0.03, 0.03


async def _served(me: Worker, call: str, of: str) -> None:
    await me._does(call, "release", "release", of)


async def _held(me: Worker, call: str, of: str) -> None:
    await me._does(call, "hold", "hold", of)
    await asyncio.sleep(me.dice.uniform(0.2, 0.5))
    await me._does(call, "retrieve", "retrieve", of)
    await asyncio.sleep(0.1)
    await me._does(call, "release", "release", of)


async def _transferred(me: Worker, call: str, of: str) -> None:
    other = "queue:second" if me.agent in FIRST_AGENTS else "queue:first"
    target = other if me.dice.random() < 0.5 else f"agent:{_colleague(me)}"
    await me._does(call, "single-step-transfer", "transfer", of, target)
    if await me.offered(call) != "accepted":
        await _taken_back(me, call, of)


async def _made_a_conference(me: Worker, call: str, of: str) -> None:
    await me._does(call, "single-step-conference", "conference", of, f"agent:{_colleague(me)}")
    if await me.offered(call) != "accepted":
        await _taken_back(me, call, of)
        return
    await asyncio.sleep(0.4)
    await me._does(call, "release", "release", of)


async def _consulted(me: Worker, call: str, of: str) -> None:
    consultation = await me._does(call, "initiate-transfer", "consult", of, f"agent:{_colleague(me)}")
    if await me.offered(consultation["id"]) != "accepted":
        await _taken_back(me, call, of)
        return
    await asyncio.sleep(0.4)
    await me._does(consultation["id"], "complete-transfer", "complete", of)


async def _taken_back(me: Worker, call: str, of: str) -> None:
    await me._does(call, "retrieve", "retrieve", of)
    await me._does(call, "release", "release", of)


def _colleague(me: Worker) -> str:
    return me.dice.choice([name for name in FIRST_AGENTS if name != me.agent])


type Deed = Callable[[Worker, str, str], Awaitable[None]]
_PLAIN: tuple[tuple[Deed, float], ...] = ((_served, 1),)
_LOTS: tuple[tuple[Deed, float], ...] = (
    (_served, 10), (_held, 2), (_transferred, 1.5), (_made_a_conference, 0.7), (_consulted, 0.7)
)  # fmt: skip
