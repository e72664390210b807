"""Calls for a visitor who tries the page: callers ring them, colleagues answer what they transfer.

    python -m tests.demo.visit [AGENT]

Whoever has the page open as that agent (alice), and is ready, is called; what happens is shown line by line. Ends with
Ctrl-C or `docker stop`; everybody goes home then, but for the visitor.

Exit code 2: it can't be run now. 3: the call centre has other people than the demonstration.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import aiohttp

from tests.bots import Contact, Lab, RegistrationFailed, answers
from tests.bots.desktop import ApiFailed, Desktop, Json
from tests.demo import ending
from tests.demo.__main__ import NOT_THE_DEMOS
from tests.e2e.office import PHONES, Agent, Office
from tests.e2e.stack import Stack

COLLEAGUES = ("bob", "carol", "dave")
CALLERS = (("Zoé Caller", "+33612345678"), ("Hans Weber", "+4930123456"), ("Amina Diallo", "+221338001122"))
REST = 6.0
"""Seconds between two calls, so that the visitor can look around."""
PICKS_UP_AFTER = 1.5
"""Seconds for which a colleague's phone rings: long enough to be seen."""
FOR_EVER = 1e9

_STATES = {"ringing": "rings", "established": "talk", "held": "on hold", "queued": "waits", "released": "is over"}


@dataclass
class Visitor:
    """The agent whose page the visitor has open, as its events tell."""

    desktop: Desktop
    office: Office

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait for as long as it takes."""
        await self.office.lab.board.until(holds, within=FOR_EVER, otherwise=lambda: what)

    @property
    def ready(self) -> bool:
        return self.desktop.me.get("state") == "ready" and bool(self.desktop.me.get("phone_state") != "unreachable")


def described(call: Json) -> str:
    """One line of what a call is now: its state, and who is in it with what was done to them."""
    people = []
    for party in call.get("parties", []):
        if party.get("state") != "left":
            marks = [
                word for word, name in (("on hold", "held"), ("muted", "muted"), ("deaf", "deaf")) if party.get(name)
            ]
            if party.get("state") == "ringing":
                marks.insert(0, "rings")
            name = party.get("name") or party.get("number") or "somebody"
            people.append(f"{name} ({', '.join(marks)})" if marks else str(name))
    state = str(call.get("state"))
    return f"{_STATES.get(state, state):8} {' · '.join(people)}"


async def colleagues(office: Office, visitor: str) -> list[str]:
    """Those who answer; whoever is at work is left alone, for a real phone or page may be theirs."""
    found = []
    for name in COLLEAGUES:
        if name == visitor:
            continue
        desktop = Desktop(office.stack.api, name, office.lab.board)
        await desktop.login(f"{name}-demo")
        free = desktop.me.get("state") == "logged_out"
        await desktop.close(log_out=False)
        if not free:
            print(f"· {name} is at work, and is left alone", flush=True)
            continue
        await office.agent(name, behaviour=answers(PICKS_UP_AFTER))
        found.append(name)
    return found


def left_to_themselves(call: Json, bots: Collection[str]) -> bool:
    """Whether nobody is in the call any more but these colleagues, who would never hang up."""
    here = [party for party in call.get("parties", []) if party.get("state") != "left"]
    return call.get("state") != "released" and bool(here) and all(party.get("agent") in bots for party in here)


async def hang_up_when_left(office: Office, bots: Sequence[str]) -> None:
    """For ever: colleagues who were brought together and left alone hang up, and can be called again."""

    def left() -> list[Agent]:
        agents = [office.people[name] for name in bots]
        return [a for a in agents if any(left_to_themselves(call, bots) for call in a.calls.values())]

    board = office.lab.board
    while True:
        await board.until(lambda: bool(left()), within=FOR_EVER, otherwise=lambda: "colleagues are left alone")
        for agent in left():
            agent.phone.hangup()
        await board.until(lambda: not left(), within=FOR_EVER, otherwise=lambda: "that call is over")


async def one_call(visitor: Visitor, caller: Contact, number: str, rest: float) -> None:
    """Call the visitor, and tell what becomes of it, until they are rid of it or the caller is."""
    caller.dial(number)
    said: str | None = None

    def now() -> str | None:
        calls = [described(each) for each in visitor.desktop.calls.values() if each.get("state") != "released"]
        return calls[-1] if calls else None

    while caller.live:
        await visitor.until(lambda: not caller.live or now() != said, f"{caller.name} goes on")
        if (said := now()) is not None:
            print(f"  {said}", flush=True)
        else:
            await asyncio.sleep(rest)
            if caller.live:
                await visitor.until(lambda: not caller.live or bool(caller.timeline.now.voices), "somebody is heard")
                print(f"  {caller.name} hears {', '.join(sorted(caller.timeline.now.voices)) or 'nobody'}", flush=True)
            caller.hangup()
    print(f"  {caller.name} is gone", flush=True)


async def visit(stack: Stack, agent: str, rest: float = REST) -> int:
    """Ring the visitor again and again, `rest` seconds after the last call."""
    office = Office(Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier), stack, {})
    desktop = Desktop(stack.api, agent, office.lab.board)
    leaving: asyncio.Task[None] | None = None
    try:
        try:
            await desktop.login(f"{agent}-demo")
            present = await colleagues(office, agent)
            callers = [await office.lab.contact(name, number, display=name) for name, number in CALLERS]
        except (ApiFailed, RegistrationFailed) as error:
            print(f"· nobody calls: these are not the demonstration's people ({error})", file=sys.stderr)
            return NOT_THE_DEMOS
        except (OSError, aiohttp.ClientError) as error:
            print(f"✗ nobody can call: {error}", file=sys.stderr)
            return 2
        visitor = Visitor(desktop, office)
        leaving = asyncio.create_task(hang_up_when_left(office, present))
        print(f"✓ {', '.join(present) or 'nobody'} answer what is transferred to them. Ctrl-C ends this.", flush=True)
        for caller in itertools.cycle(callers):
            if not visitor.ready:
                print(
                    f"· open {stack.api}/ as {agent} (password {agent}-demo), choose a phone, become ready", flush=True
                )
                await visitor.until(lambda: visitor.ready, f"{agent} becomes ready")
            await asyncio.sleep(rest)
            if visitor.ready:
                print(f"{caller.name} calls {agent}", flush=True)
                await one_call(visitor, caller, PHONES[agent], rest)
        return 0
    finally:
        if leaving is not None:
            leaving.cancel()
        await desktop.close(log_out=False)
        with contextlib.suppress(AssertionError, TimeoutError, OSError, aiohttp.ClientError):
            await office.close()


def main(arguments: list[str]) -> int:
    """The command."""
    agent = arguments[0] if arguments else "alice"
    if agent not in PHONES:
        print(f"✗ there is no agent {agent} in the demonstration", file=sys.stderr)
        return 2
    return ending.run(visit(Stack.from_environment(), agent)) or 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
