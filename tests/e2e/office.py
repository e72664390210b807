"""A call centre at work for end-to-end tests: phones, desktops and callers against the real parts.

async def test_something(office):
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    ...
    await office.hears("bob <-> caller")
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from ari_app.api.event_models import Event
from tests.bots import Behaviour, Contact, Lab, Phone, pairs, rings
from tests.bots.desktop import Desktop, Json
from tests.bots.events import DeadlineMissed
from tests.e2e.containers import asterisk_console
from tests.e2e.crowd import PHONES as CROWD
from tests.e2e.silence import SilenceWatch
from tests.e2e.stack import Stack

PHONES = {"alice": "1001", "bob": "1002", "carol": "1003", "dave": "1004", "erin": "1005", "frank": "1006"} | CROWD
CALLER_NUMBER = "+33612345678"
CALLER_NAME = "Zoé Caller"
WITHIN = 5.0
LOOKS = ("bridge show all", "core show channels concise", "pjsip show channelstats")
EVENT: TypeAdapter[Any] = TypeAdapter(Event)


class Refused(AssertionError):
    """The API refused a command; `code` says why."""

    def __init__(self, status: int, problem: Any) -> None:
        super().__init__(f"{status} {problem}")
        self.status = status
        self.code = problem.get("code") if isinstance(problem, dict) else None


class Agent(Desktop):
    """An agent with a phone and a desktop."""

    def __init__(self, base: str, name: str, phone: Phone) -> None:
        super().__init__(base, name, phone.board)
        self.name = name
        self.phone = phone
        self.counts: dict[str, int | None] = {}
        self.errors: list[Json] = []
        self.alarms: list[Json] = []
        self.events: list[Json] = []

    def _event(self, event: Json) -> None:
        EVENT.validate_python(event)
        self.events.append(event)
        if event.get("type") == "call.alarm":
            self.alarms.append(event)
        if event.get("type") == "target.updated":
            self.counts[event["target"]] = event["available"]
        elif event.get("type") == "error":
            self.errors.append(event)
        super()._event(event)

    async def command(self, method: str, path: str, body: Json | None = None) -> Any:
        """A request that must succeed; raises Refused."""
        status, answer = await self.request(method, path, body)
        if status >= 300:
            raise Refused(status, answer)
        return answer

    async def do(self, verb: str, call: str | None = None, **body: Any) -> Json:
        """A verb on my call."""
        answer: Json = await self.command("POST", f"/v1/calls/{call or self.call_id}/{verb}", body or None)
        return answer

    async def to(self, who: str, verb: str, **body: Any) -> Json:
        """A verb on a party of my call: an agent's name, or `contact`."""
        path = f"/v1/calls/{self.call_id}/parties/{self.party(who)['id']}"
        if verb == "remove":
            answer: Json = await self.command("DELETE", path)
        else:
            answer = await self.command("POST", f"{path}/{verb}", body or None)
        return answer

    async def dials(self, target: str, **body: Any) -> Json:
        """A new call from the desktop."""
        answer: Json = await self.command("POST", "/v1/calls", {"target": target, **body})
        return answer

    async def refused(self, verb: str, call: str | None = None, **body: Any) -> str:
        """The code with which a verb on my call is refused."""
        try:
            answer = await self.do(verb, call, **body)
        except Refused as refused:
            return str(refused.code)
        raise AssertionError(f"{verb} was not refused: {answer}")

    @property
    def call_id(self) -> str:
        assert self.call is not None, f"{self.name} has no call"
        return str(self.call["id"])

    def party(self, who: str) -> Json:
        """The party of an agent, or the `contact`."""
        assert self.call is not None, f"{self.name} has no call"
        for party in self.call["parties"]:
            if party["state"] != "left" and (party["agent"] == who or (who == "contact" and party["role"] == who)):
                found: Json = party
                return found
        raise AssertionError(f"no {who} in {self.call['parties']}")

    async def sees(self, holds: Callable[[Json], bool], what: str, within: float = WITHIN) -> Json:
        """Wait until my call, by the events that I get, is so."""
        await self.phone.until(lambda: self.call is not None and holds(self.call), what, within=within)
        assert self.call is not None
        return self.call

    async def sees_state(self, state: str, within: float = WITHIN) -> Json:
        """Wait until my call has this state."""
        return await self.sees(lambda call: call["state"] == state, f"sees its call {state}", within)

    async def sees_offer(self, state: str, within: float = WITHIN) -> Json:
        """Wait until the last offer of my call has this state."""
        return await self.sees(
            lambda call: bool(call["offer"]) and call["offer"]["state"] == state, f"sees the offer {state}", within
        )

    def counts_of(self, target: str) -> list[int | None]:
        """Every number of free agents that my window got for a target."""
        return [e["available"] for e in self.events if e["type"] == "target.updated" and e["target"] == target]

    def reasons(self) -> set[str | None]:
        """Every reason that my own state has had."""
        return {e["agent"]["reason"] for e in self.events if e["type"] == "agent.updated" and e["agent"] == self.agent}

    async def is_now(self, state: str, within: float = WITHIN) -> None:
        """Wait until my own state is this."""
        await self.phone.until(lambda: self.me.get("state") == state, f"is {state}", within=within)

    async def has_reason(self, reason: str | None) -> None:
        """Wait until that is the reason why I am offered nothing."""
        await self.phone.until(lambda: self.me.get("reason") == reason, f"sees {reason} as the reason")


@dataclass
class Office:
    """Everybody who takes part in one test."""

    lab: Lab
    stack: Stack
    people: dict[str, Agent]

    def __post_init__(self) -> None:
        self._silence = SilenceWatch(self.lab)

    def silence_is_right(self, *callers: Contact, why: str, perhaps: bool = False) -> AbstractContextManager[None]:
        """While the block lasts these hear nothing (`perhaps`: or do), and shall; else two seconds are a fault."""
        return self._silence.is_right(*callers, why=why, perhaps=perhaps)

    async def agents(self, *names: str, behaviour: Behaviour | None = None) -> list[Agent]:
        """Agents at their phones, logged in and ready, in this order."""
        return [await self.agent(name, behaviour=behaviour) for name in names]

    async def agent(self, name: str, *, behaviour: Behaviour | None = None, ready: bool = True) -> Agent:
        """One agent at their phone, logged in."""
        user = PHONES[name]
        phone = await self.lab.phone(name, user, f"phone-{user}", behaviour=behaviour or rings())
        agent = Agent(self.stack.api, name, phone)
        self.people[name] = agent
        await agent.login(f"{name}-demo")
        if agent.me["phone_device"] != "desk":  # another test has left it so, and the choice is remembered
            await agent.command("PUT", "/v1/me/phone", {"device": "desk"})
        if ready:
            await agent.command("PUT", "/v1/me/state", {"state": "ready"})
            # Where callers wait they may be rung before anybody has seen them ready.
            wanted = ("ready", "reserved", "ringing")
            await phone.until(
                # A phone that has just registered is reported a moment later.
                lambda: agent.me.get("state") in wanted and agent.me.get("phone_state") != "unreachable",
                "can be called, or is already",
                within=WITHIN,
            )
        return agent

    async def desk(self, name: str) -> Agent:
        """Somebody at a desktop without a phone."""
        phone = await self.lab.phone(name, register=False)
        agent = Agent(self.stack.api, name, phone)
        self.people[name] = agent
        await agent.login(f"{name}-demo")
        return agent

    async def caller(
        self, name: str = "caller", number: str = CALLER_NUMBER, *, behaviour: Behaviour | None = None
    ) -> Contact:
        """Somebody outside."""
        return await self.lab.contact(name, number, display=CALLER_NAME, behaviour=behaviour)

    async def connect(self, caller: Contact, agent: Agent, number: str | None = None) -> None:
        """The caller calls the agent, who answers; they talk."""
        caller.dial(number or PHONES[agent.name])
        await agent.phone.answer()
        await agent.sees_state("established")
        await self.hears(f"{caller.name} <-> {agent.name}")

    async def conference(self, caller: Contact, owner: Agent, *others: Agent) -> None:
        """The caller and the owner talk; the others are conferenced in."""
        await self.connect(caller, owner)
        names = [caller.name, owner.name]
        for other in others:
            await owner.do("single-step-conference", target=f"agent:{other.name}")
            await other.phone.answer()
            names.append(other.name)
            await owner.sees_offer("accepted")
            await self.hears(*(f"{a} <-> {b}" for i, a in enumerate(names) for b in names[:i]))

    async def hears(self, *talks: str, among: Iterable[str] | None = None, within: float = WITHIN) -> None:
        """Exactly these hear each other (`a <-> b`, `a -> b`: b hears a) among all, and that for 0.3 s of RTP."""
        try:
            await self.lab.exactly(pairs(*talks), among=among or self.lab.bots, within=within)
        except DeadlineMissed as missed:
            raise DeadlineMissed(f"{missed}\n{await self._in_asterisk()}") from None

    async def _in_asterisk(self) -> str:
        """Who is in which bridge, and how many packets came from and went to each: whose fault a silence is."""
        try:
            return "\n".join([await asterisk_console(self.stack, command) for command in LOOKS])
        except AssertionError as complaint:
            return str(complaint)

    async def nobody_hears_anybody(self) -> None:
        """Silence between all."""
        await self.hears()

    async def close(self) -> None:
        """Everybody goes home: calls end, agents log out. Nobody outside was ever in silence."""
        try:
            self._silence.check()
        finally:
            await self._go_home()

    async def _go_home(self) -> None:
        for bot in self.lab.bots.values():
            bot.hangup()
        try:
            await self.stack.no_calls()
        finally:
            await asyncio.gather(*(agent.close(log_out=True) for agent in self.people.values()))
            await self.lab.close()
