"""Two hundred callers and twenty agents: the order is kept, nobody is lost, nobody is served twice."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from ari_app.availability.redis import RedisAvailability
from ari_app.store.client import connect, disconnect
from tests.bots import Contact, Phone, answers
from tests.bots.desktop import Json
from tests.e2e import crowd
from tests.e2e.callers import calling
from tests.e2e.containers import Part, until_away
from tests.e2e.office import Agent, Office
from tests.e2e.stack import Stack

CALLERS = 200
RATE = 50
LISTENERS = {"early": 110, "middle": 140, "late": 170}
"""Callers of ours who listen, by how many have come before them."""
SERVED_BEFORE = 20
AWAY = 4.0


class Watcher(Agent):
    """The administrator, who sees who comes, and whose turn it is: whose call rings whom, in the order of events."""

    def __init__(self, base: str, phone: Phone) -> None:
        super().__init__(base, "admin", phone)
        self.came: list[str] = []
        self.turns: list[tuple[str, str]] = []

    def _event(self, event: Json) -> None:
        if event.get("type") in ("call.created", "call.updated"):
            call = event["call"]
            number = contact(call)
            if event["type"] == "call.created":
                self.came.append(number)
            self.turns += [turn for agent in call["offer"]["ringing"] if (turn := (number, agent)) not in self.turns]
        super()._event(event)

    async def sees_come(self, number: int) -> None:
        """Wait until so many have come in all."""
        await self.phone.until(lambda: len(self.came) >= number, f"sees {number} calls", within=30)

    async def sees_turns(self, number: int) -> None:
        """Wait until it has been the turn of so many."""
        await self.phone.until(lambda: len(self.turns) >= number, f"sees {number} turns", within=30)


def contact(call: Json) -> str:
    """The number of who called."""
    return next(str(party["number"]) for party in call["parties"] if party["role"] == "contact")


def established(agent: Agent) -> str | None:
    """The call that they are in."""
    call = agent.call
    return str(call["id"]) if call is not None and call["state"] == "established" else None


async def serves(agent: Agent, listeners: Mapping[str, Contact]) -> None:
    """Whoever is put through is released at once; those who can be heard, when the two have heard each other."""
    while True:
        await agent.phone.until(lambda: established(agent) is not None, "serves the next", within=120)
        call = established(agent)
        assert call is not None
        caller = listeners.get(agent.party("contact")["number"])
        if caller is not None:
            await agent.phone.hears(caller.name)
            await caller.hears(agent.name)
        await agent.do("release", call)
        await rid_of(agent, call)


async def rid_of(agent: Agent, call: str) -> None:
    """Wait until they are no longer in that call."""
    await agent.phone.until(lambda: established(agent) != call, "is rid of the call")


def offered(agents: list[Agent]) -> list[str]:
    """Who was announced to anybody's phone, one after the other, as the phones' displays said."""
    calls = [call for agent in agents for call in agent.phone.calls]
    return [call.display.number for call in sorted(calls, key=lambda call: call.stamps["invite received"])]


def farthest(order: list[str], other: list[str]) -> int:
    """By how many places anybody stands elsewhere."""
    places = {number: place for place, number in enumerate(other)}
    return max(abs(place - places[number]) for place, number in enumerate(order))


async def drift(stack: Stack) -> tuple[str, ...]:
    """What is wrong with the counts and sets of available agents, computed anew from the agents' own records."""
    client = connect(stack.redis)
    try:
        return await RedisAvailability(client, "cc").recompute()
    finally:
        await disconnect(client)


async def test_two_hundred_wait_and_are_served_in_order_also_when_redis_dies_meanwhile(
    office: Office, tmp_path: Path
) -> None:
    """The controller decides in the order in which the callers came, exactly. Twenty agents may be rung at once, and
    Asterisk's threads then reach the phones in any order, one of them when others have served already and are rung once
    more: no call is so far from its own place that all were rung twice before it.
    """
    agents = [await office.agent(name, behaviour=answers(), ready=False) for name in crowd.CROWD]
    watcher = Watcher(office.stack.api, await office.lab.phone("admin", register=False))
    office.people["admin"] = watcher
    await watcher.login("admin-demo")
    listeners: dict[str, Contact] = {}
    numbers = [f"+3370000{n:04}" for n in range(CALLERS - len(LISTENERS))]
    async with calling(tmp_path, office.stack, crowd.QUEUE, numbers, RATE) as crowded, asyncio.TaskGroup() as group:
        for name, before in LISTENERS.items():
            await watcher.sees_come(before)
            listener = await office.caller(name, f"+3360000{before:04}")
            listener.dial(crowd.QUEUE)
            listeners[listener.number] = listener
        await watcher.sees_come(CALLERS)
        for listener in listeners.values():
            await listener.hears_music(within=8)
        begin = time.monotonic()

        work = [group.create_task(serves(agent, listeners)) for agent in agents]
        await asyncio.gather(*(agent.command("PUT", "/v1/me/state", {"state": "ready"}) for agent in agents))
        await watcher.sees_turns(SERVED_BEFORE)
        async with Part(office.stack, "redis").killed():
            await until_away(office.stack, "store_unavailable")
            await asyncio.gather(*(listener.stays_up(AWAY) for listener in listeners.values()))
            for listener in listeners.values():
                await listener.hears_music()
                listener.never_in_silence(longer_than=0.5, since=begin)
            assert len(watcher.turns) < min(LISTENERS.values()), "those who listen were to wait all that time"

        await crowded.all_were_served(within=60)
        for listener in listeners.values():
            await listener.ended(within=20)
            listener.never_in_silence(longer_than=1.0, since=begin)
        for task in work:
            task.cancel()

    assert Counter(watcher.came) == Counter([*numbers, *listeners]), "somebody was lost, or came twice"
    assert farthest([number for number in watcher.came if number not in listeners], numbers) < RATE
    assert [number for number, _ in watcher.turns] == watcher.came
    rung = offered(agents)
    assert Counter(rung) == Counter(watcher.came), "somebody was offered twice"
    assert farthest(rung, watcher.came) < 2 * len(agents)

    await office.stack.no_calls()
    for agent in agents:
        await agent.phone.ended()
        await agent.is_now("ready")
    assert (await agents[0].command("GET", "/v1/targets/queue:crowd"))["available"] == len(agents)
    assert await drift(office.stack) == ()
