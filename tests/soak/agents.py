"""Agents at work: each does something with every call that becomes theirs, chosen by lot, until they are sent home."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp

from tests.bots import Contact, DeadlineMissed, Phone
from tests.bots.desktop import Desktop, Json
from tests.e2e.crowd import CROWD

OUTSIDE = tuple(f"+3371000{n:04}" for n in range(10))
"""Numbers of people whom agents call."""
_PATIENCE = 20.0
_STAYS = 1.5
"""Seconds that somebody stays in a conference of another, or at a phone outside."""
_CALLS_OUT = 0.08
"""How often a call of an agent's own follows on one that was served."""


class Over(Exception):
    """The call is over, or what was requested of it is refused by now: somebody else was faster."""


@dataclass
class Tally:
    """What all have done, and what should not have been."""

    done: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    stop: bool = False


class Worker(Desktop):
    """An agent with their phone, which answers by itself. Forgets each call that is over."""

    def __init__(self, base: str, phone: Phone, tally: Tally, dice: random.Random) -> None:
        super().__init__(base, phone.name, phone.board)
        self.phone = phone
        self.tally = tally
        self.dice = dice

    def _event(self, event: Json) -> None:
        super()._event(event)
        if event.get("type") == "call.ended":
            self.calls.pop(event["call"]["id"], None)
            self.phone.calls[:] = self.phone.live
            del self.phone.timeline.changes[:-1]

    def mine(self) -> Json | None:
        """The call in which I talk now."""
        talking = [call for call in self.calls.values() if call["state"] == "established" and _me(call) == "connected"]
        return talking[-1] if talking else None

    async def works(self) -> None:
        """Until it is over: whatever becomes mine."""
        while not self.tally.stop:
            try:
                await self._next()
            except DeadlineMissed as missed:
                self.tally.wrong[f"waited in vain: {str(missed).splitlines()[0]}"] += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                self.tally.wrong[f"no answer: {type(error).__name__}"] += 1

    async def _next(self) -> None:
        """Wait for a call, and serve it; or become ready again."""
        await self._until(lambda: self.mine() is not None or self.tally.stop or self._sent_away(), "idle", 3600)
        if self._sent_away():
            self.tally.wrong["agents who were not ready by themselves"] += 1
            await self.request("PUT", "/v1/me/state", {"state": "ready"})
            await self._until(lambda: not self._sent_away(), "ready again")
            return
        try:
            if call := self.mine():
                await self._serves(call)
        except Over:
            self.tally.done["given up, the call had changed"] += 1
        finally:
            for call_id in [each["id"] for each in self.calls.values() if each["state"] in ("established", "held")]:
                await self._leaves(call_id)

    async def _leaves(self, call: str) -> None:
        """Whatever has become of what was tried with it."""
        await self.request("POST", f"/v1/calls/{call}/release")
        await self._gone(call)

    def _sent_away(self) -> bool:
        return self.me.get("state") == "not_ready"

    async def _serves(self, call: Json) -> None:
        if call["owner"] != self.agent:
            await self._visits(call)
            return
        kinds, weights = zip(*_LOTS, strict=True)
        (what,) = self.dice.choices(kinds, weights)
        await what(self, call["id"])
        self.tally.done[what.__name__.strip("_").replace("_", " ")] += 1
        if self.dice.random() < _CALLS_OUT and not self.tally.stop and self.mine() is None:
            await self._calls_out()

    async def _visits(self, call: Json) -> None:
        """I was consulted, or am in a conference of somebody else's: until it is mine, or over, or long enough."""
        name = call["id"]

        def changed() -> bool:
            now = self.calls.get(name)
            return now is None or now["state"] == "released" or now["owner"] == self.agent

        try:
            await self._until(changed, "is let go", _PATIENCE if call["type"] == "consult" else _STAYS)
        except DeadlineMissed:
            if call["type"] == "consult":
                raise
            await self.does(name, "release")
            await self._gone(name)

    async def _calls_out(self) -> None:
        status, answer = await self.request("POST", "/v1/calls", {"target": f"number:{self.dice.choice(OUTSIDE)}"})
        if status >= 300:
            self._refused("call out", status, answer)
        await self._until(lambda: self._state(answer["id"]) in ("established", "released"), "talks outside")
        await self.does(answer["id"], "hold")
        await self.does(answer["id"], "retrieve")
        await self.does(answer["id"], "release")
        self.tally.done["calls out"] += 1
        await self._gone(answer["id"])

    # -- what is waited for, and requested ----------------------------------------------------------------------------

    async def _until(self, holds: Callable[[], bool], what: str, within: float = _PATIENCE) -> None:
        await self._board.until(holds, within=within, otherwise=lambda: f"{what}, with {_brief(self.calls)}")

    def _state(self, call: str) -> str:
        return str(self.calls.get(call, {}).get("state", "released"))

    async def _gone(self, call: str) -> None:
        """Wait until I am in that call no more."""
        await self._until(lambda: self._state(call) == "released" or _me(self.calls[call]) == "left", "is rid of it")

    async def does(self, call: str, verb: str, **body: object) -> Json:
        """A verb. Raises Over."""
        status, answer = await self.request("POST", f"/v1/calls/{call}/{verb}", dict(body) or None)
        if status >= 300:
            self._refused(verb, status, answer)
        found: Json = answer
        return found

    def _refused(self, verb: str, status: int, answer: object) -> None:
        code = answer.get("code") if isinstance(answer, dict) else answer
        if status not in (404, 409):
            self.tally.wrong[f"{verb.rpartition('/')[2]} is answered {status} {code}"] += 1
        raise Over

    async def party(self, call: str, verb: str) -> None:
        """A verb on the contact. Raises Over."""
        parties = [each for each in self.calls.get(call, {}).get("parties", ()) if each["role"] == "contact"]
        if not parties:
            raise Over
        await self.does(call, f"parties/{parties[0]['id']}/{verb}")

    async def offered(self, call: str) -> str:
        """What became of the call's offer: wait until it rings no more."""

        def over() -> bool:
            offer = self.calls.get(call, {}).get("offer") or {}
            return self._state(call) == "released" or offer.get("state", "") != "ringing"

        await self._until(over, "the offer is over")
        return str((self.calls.get(call, {}).get("offer") or {}).get("state", ""))

    def target(self) -> str:
        """Somebody, or something."""
        colleague = self.dice.choice([name for name in CROWD if name != self.agent])
        return self.dice.choice(
            (f"agent:{colleague}", "group:crowd", "queue:crowd", "skill:tools", f"number:{self.dice.choice(OUTSIDE)}")
        )


def _me(call: Json) -> str:
    """My state in the call; who was given it back is in it twice, and has left once."""
    mine = [str(party["state"]) for party in call["parties"] if party["you"]]
    return next((state for state in mine if state != "left"), *mine[:1] or [""])


def _brief(calls: dict[str, Json]) -> str:
    return ", ".join(f"{call['type']} {call['state']} ({_me(call)})" for call in calls.values()) or "no call"


# -- what is done with a call -----------------------------------------------------------------------------------------


async def _served(me: Worker, call: str) -> None:
    await me.does(call, "release")


async def _cleared(me: Worker, call: str) -> None:
    await me.does(call, "clear")


async def _held(me: Worker, call: str) -> None:
    for verb in ("hold", "retrieve", "release"):
        await me.does(call, verb)


async def _muted_and_deafened(me: Worker, call: str) -> None:
    for verb in ("mute", "deafen", "hold", "undeafen", "retrieve", "unmute"):
        await me.party(call, verb)
    await me.does(call, "send-dtmf", digits="12#")
    await me.does(call, "release")


async def _transferred(me: Worker, call: str) -> None:
    await me.does(call, "single-step-transfer", target=me.target())
    await me.offered(call)


async def _made_a_conference(me: Worker, call: str) -> None:
    await me.does(call, "single-step-conference", target=me.target())
    if await me.offered(call) != "accepted":
        await me.does(call, "retrieve")
    await me.does(call, "release")


async def _consulted_about(me: Worker, call: str) -> None:
    consultation = str((await me.does(call, "initiate-transfer", target=me.target()))["id"])
    if await me.offered(consultation) != "accepted":
        await me.does(call, "retrieve")
        await me.does(call, "release")
        return
    verb = me.dice.choice(("complete-transfer", "complete-conference", "reconnect", "alternate"))
    await me.does(consultation, verb)
    if verb == "alternate":
        await me.does(call, "alternate")
        await me.does(consultation, "complete-transfer")
    elif verb != "complete-transfer":
        await me.does(call, "release")


_LOTS: tuple[tuple[Callable[[Worker, str], Awaitable[None]], float], ...] = (
    (_served, 4),
    (_held, 2),
    (_muted_and_deafened, 1),
    (_cleared, 0.5),
    (_transferred, 2),
    (_made_a_conference, 1.5),
    (_consulted_about, 2),
)


async def hang_up_in_the_end(people: list[Contact]) -> None:
    """Those outside whom agents call: each of their calls ends after a while, if nobody has ended it before."""
    while True:
        up = [call for person in people for call in person.live]
        await asyncio.sleep(_STAYS)
        for call in up:
            call.hangup()
        for person in people:
            person.calls[:] = person.live
            del person.timeline.changes[:-1]
