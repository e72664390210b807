"""1,000 changes a second of calls and 150 agents → `queue.updated` at supervisors' windows; against bare WebSockets.

    python -m tests.bench.bench_live [--agents 150] [--windows 2] [--rate 1000] [--seconds 5] [--rounds 4]

Ours: the real API server, in a process of its own, which is notified of changes as the shell notifies it: of agents
who are in another state, of callers who come, are answered and leave, in turn. Ten times a second a caller comes to a
queue that nothing else changes, and the one of before leaves: timed from before the server is notified of it until
the last window has the figures of that queue. Windows are supervisors', who get all that theirs get: every change of
a call too.

Bare: as many aiohttp WebSockets that each get a message of the same size a change, made once. Both take turns in one
run; the windows are in another process. What changes while something is published waits for up to 50 ms, to be
published once: half of that is what ours has to be slower in the middle.

Prints a table and one line of JSON; ends with 1 where a goal is missed: 99 % of the marks with all windows under
100 ms, none lost.
"""

import argparse
import asyncio
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import replace

from ari_app.__main__ import _configure_logging
from ari_app.adapters import LiveAgents
from ari_app.agent_changes import AgentsShown
from ari_app.api.events import EventHub
from ari_app.api.listening import Listener
from ari_app.api.live import PAUSE
from ari_app.api.metrics import Metrics
from ari_app.api.server import ApiServer
from ari_app.availability.mirror import Mirror
from ari_app.availability.port import AgentChanged, AgentRecord, AgentState
from ari_app.calls.model import (
    Call,
    CallId,
    CallType,
    Identity,
    Offer,
    OfferKind,
    OfferState,
    Party,
    PartyRole,
    Progress,
)
from ari_app.calls.views import timestamp
from ari_app.freezing import freeze_for_gc
from ari_app.openings import Openings
from ari_app.routing.directory import Agent, Directory, Group, Queue, Role
from ari_app.routing.targets import Target, TargetType
from ari_app.testing.availability import MemoryAvailability
from ari_app.testing.history import MemoryHistory
from ari_app.testing.store import MemoryStore
from tests.bench.bare_windows import bare_windows
from tests.bench.bench_search import HOST, TOKEN, NoFiles, NoPhones, Quiet, admit
from tests.bench.windows import compared, conclude, drive, main

GOAL_P99 = 100.0
GROUPS, QUEUES, UP = 10, 10, 60
MARKED = "marked"
STATES = (AgentState.READY, AgentState.NOT_READY, AgentState.ON_CALL, AgentState.WRAP_UP)


def centre(agents: int, windows: int) -> Directory:
    """Agents in groups that serve queues, one queue that nobody serves, supervisors; no names of `subscribers`."""
    listed = {f"person{n}": Agent(f"person{n}", f"Person {n}", groups=(f"team{n % GROUPS}",)) for n in range(agents)}
    listed |= {f"boss{n}": Agent(f"boss{n}", f"Boss {n}", role=Role.SUPERVISOR) for n in range(windows)}
    queues = {f"queue{n}": Queue(f"queue{n}", f"Queue {n}", groups=(f"team{n}", "team0")) for n in range(QUEUES)}
    return Directory(
        agents=listed,
        groups={f"team{n}": Group(f"team{n}", f"Team {n}") for n in range(GROUPS)},
        queues={**queues, MARKED: Queue(MARKED, "Marked")},
    )


class Busy(Quiet):
    """A `Control` with the calls that there are."""

    def __init__(self, directory: Directory) -> None:
        super().__init__(directory)
        self.up: dict[CallId, Call] = {}

    def calls(self) -> Mapping[CallId, Call]:
        return self.up


class Known(LiveAgents):
    """Agents' states as they are made here."""

    def __init__(self, mirror: Mirror, availability: MemoryAvailability) -> None:
        super().__init__(mirror, availability, lambda _agent: False, lambda _agent: "desk", lambda _target: True)
        self.records: dict[str, AgentRecord] = {}

    def record(self, agent: str) -> AgentRecord | None:
        return self.records.get(agent)


class Day:
    """What happens: callers come to queues, are answered and leave, and agents' states change."""

    def __init__(self, agents: int) -> None:
        self._agents = agents
        self._dice = random.Random(7)
        self._made = 0
        self._last = 0.0
        self.calls: list[Call] = []

    def agent(self) -> AgentRecord:
        """Somebody is in another state."""
        return AgentRecord(f"person{self._dice.randrange(self._agents)}", self._dice.choice(STATES), None, time.time())

    def call(self) -> tuple[Call | None, Call]:
        """A caller comes, or one of those who are here is answered, or leaves."""
        if len(self.calls) < UP:
            self.calls.append(self.caller(f"queue{self._dice.randrange(QUEUES)}", time.time()))
            return None, self.calls[-1]
        at = self._dice.randrange(UP)
        before = self.calls[at]
        if before.answered_at is None and self._dice.random() < 0.8:
            self.calls[at] = answered(before, f"person{self._dice.randrange(self._agents)}")
            return before, self.calls[at]
        del self.calls[at]
        return before, over(before)

    def caller(self, queue: str, since: float) -> Call:
        """Who comes to that queue."""
        self._made += 1
        party = Party("p1", PartyRole.CONTACT, Identity("Zoé Caller", "+33612345678"), progress=Progress.JOINED)
        offer = Offer("o1", OfferKind.CALL, Target(TargetType.QUEUE, queue), None, Identity(), OfferState.WAITING)
        return Call(
            f"c{self._made}", CallType.INBOUND, f"b{self._made}", since, parties={"p1": party}, offer=offer,
            queue=queue, queued_at=since,
        )  # fmt: skip

    def moment(self) -> float:
        """Now, and no millisecond twice."""
        self._last = max(self._last + 0.001, time.time())
        return self._last


def answered(call: Call, agent: str) -> Call:
    """By this agent."""
    assert call.offer is not None
    party = Party("p2", PartyRole.AGENT, Identity(agent, "1001"), agent=agent, progress=Progress.JOINED, order=1)
    return replace(
        call,
        owner=agent,
        answered_at=time.time(),
        parties={**call.parties, "p2": party},
        offer=replace(call.offer, state=OfferState.ACCEPTED),
    )


def over(call: Call) -> Call:
    """As it ends: who was not answered has given up."""
    assert call.offer is not None
    state = OfferState.CANCELLED if call.answered_at is None else OfferState.ACCEPTED
    return replace(call, ended=True, ended_at=time.time(), offer=replace(call.offer, state=state))


# -- the processes ----------------------------------------------------------------------------------------------------


async def ours(agents: int, windows: int) -> None:
    """The API, and what the shell tells it."""
    _configure_logging("error")
    directory = centre(agents, windows)
    availability, store, metrics = MemoryAvailability(time.time), MemoryStore(), Metrics()
    await admit(store, list(directory.agents))
    control, live, day = Busy(directory), Known(Mirror(availability), availability), Day(agents)
    hub, openings = EventHub(control, live, metrics), Openings(store, lambda: directory, time.time)
    server = ApiServer(
        control, live, store, hub, metrics, NoPhones(), NoFiles(), lambda _: None, openings, MemoryHistory()
    )
    shown = AgentsShown(hub, server.board, metrics.calls)
    working = [asyncio.create_task(server.board.run())]
    freeze_for_gc()
    turn = 0
    marked: Call | None = None

    def change(before: Call | None, call: Call) -> None:
        if call.ended:
            control.up.pop(call.id, None)
        else:
            control.up[call.id] = call
        hub.call_changed(before, call)
        server.call_changed(before, call)

    async def happen() -> None:
        nonlocal turn
        turn += 1
        if turn % 2:
            change(*day.call())
        else:
            record = day.agent()
            live.records[record.agent] = record
            shown(AgentChanged(record, became_available=False))

    async def mark() -> str:
        nonlocal marked
        if marked is not None:
            change(marked, over(marked))
        marked = day.caller(MARKED, day.moment())
        change(None, marked)
        return timestamp(marked.queued_at) or ""

    listener = Listener(server.handle)
    print(await listener.start(HOST, 0), flush=True)
    await drive(happen, mark)
    for work in working:
        work.cancel()
    server.close_windows()
    await listener.stop()
    await server.close()


async def bare(agents: int, windows: int) -> None:
    """A message of that size a change to WebSockets, made once for all."""
    day = Day(agents)
    async with bare_windows() as sockets:

        async def send(target: str, since: float) -> str:
            at = timestamp(since) or ""
            figures = '"numerator":41,"denominator":50'
            shares = ",".join(f'"{name}":{{{figures}}}' for name in ("answered", "service_level", "abandoned", "speed"))
            shown = f'"target":"{target}","name":"Queue","waiting":3,"oldest_queued_at":"{at}","talking":7'
            states = '"agents":{"not_ready":3,"on_call":4,"ready":5,"wrap_up":3},"available":5'
            text = (
                f'{{"type":"queue.updated","seq":1234567890123456,"at":"{at}","queue":{{{shown},{states},{shares}}}}}'
            )
            for socket in sockets:
                await socket.send_str(text)
            return at

        async def happen() -> None:
            await send("queue:another", time.time())

        await drive(happen, lambda: send(f"queue:{MARKED}", day.moment()))


# -- what came of it --------------------------------------------------------------------------------------------------


async def run(arguments: argparse.Namespace) -> int:
    paths = [f"/v1/events?token={TOKEN.format(agent=f'boss{n}')}" for n in range(arguments.windows)]
    async with compared("tests.bench.bench_live", arguments, paths) as found:
        for round_ in range(arguments.rounds):
            await found.round(round_, arguments)
        mine = found.sides["ours"].figures()
        goals = {"p99": mine["p99"] < GOAL_P99, "none lost": not mine["lost"]}
        print(f"published at most every {PAUSE * 1000:.0f} ms")
        return conclude("live", "figures of a queue → last supervisor", arguments, found, goals)


if __name__ == "__main__":
    sys.exit(main(__doc__, (150, 2, 1000.0, 5.0), {"ours": ours, "bare": bare}, run, sys.argv[1:]))
