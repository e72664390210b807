"""1,000 agents' states a second → 8 supervisors' windows; against bare WebSockets.

    python -m tests.bench.bench_overseers [--agents 500] [--windows 8] [--rate 1000] [--rounds 4]

Ours: the real API server, in a process of its own, in which the states change as the mirror of Redis has them change
(`bench_targets` has the way through Redis). Ten times a second the change of one agent is timed, from before the server
is notified of it until the last window has it. Bare: as many aiohttp WebSockets that each get a message of the same
size a change, made once. Both take turns in one run; the windows are in another process.

Beside the windows of ours, two that are slow, over a connection that holds little. One supervisor's reads nothing
during the last round. One agent's shows everybody and reads 8 KiB a second. In the end each is to have the newest state
of everybody, without a gap in the numbers.

Prints a table and one line of JSON; ends with 1 where a goal is missed: 99 % of the marks with all windows under
100 ms, half under 20 ms, none lost, and the two slow ones as above.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from ari_app.__main__ import _configure_logging
from ari_app.adapters import LiveAgents
from ari_app.api.documents import agent_document
from ari_app.api.events import EventHub
from ari_app.api.listening import Listener
from ari_app.api.metrics import Metrics
from ari_app.api.server import ApiServer
from ari_app.availability.mirror import Mirror
from ari_app.availability.port import AgentRecord, AgentState
from ari_app.calls.views import timestamp
from ari_app.freezing import freeze_for_gc
from ari_app.openings import Openings
from ari_app.routing.directory import Agent, Directory, Role
from ari_app.testing.availability import MemoryAvailability
from ari_app.testing.history import MemoryHistory
from ari_app.testing.store import MemoryStore
from tests.bench.bare_windows import bare_windows
from tests.bench.bench_search import HOST, TOKEN, NoFiles, NoPhones, Quiet, admit, people, percentiles, process
from tests.bench.figures import load, parser, tell
from tests.bench.processes import Meter
from tests.bench.slow_clients import SlowClient
from tests.bench.subscribers import WATCHED

GOALS = {"median": 20.0, "p99": 100.0}
GROUPS = 50
PATIENT = "agent1"
MARK_EVERY = 0.1
TICK_SECONDS = 0.002
STATES = (AgentState.READY, AgentState.NOT_READY, AgentState.ON_CALL, AgentState.WRAP_UP)
# How long after the last change a window may take to have it: it must arrive, however busy the machine is.
SETTLE_SECONDS = 30.0


def centre(agents: int, windows: int) -> Directory:
    """Agents in groups, and supervisors; the same for the same sizes."""
    made = people(agents, GROUPS)
    overseers = {
        f"boss{n}": Agent(f"boss{n}", f"Boss {n}", str(900_000 + n), role=Role.SUPERVISOR) for n in range(windows + 1)
    }
    return replace(made, agents={**made.agents, **overseers})


type Happens = Callable[[], Coroutine[None, None, None]]
type Marks = Callable[[], Coroutine[None, None, str]]

# -- the processes ----------------------------------------------------------------------------------------------------


class Change:
    """Somebody is in another state now. `since` is different each time, and says which mark it was."""

    def __init__(self, directory: Directory) -> None:
        self._agents = [agent for agent in directory.agents if agent.startswith("agent") and agent != WATCHED]
        self._dice = random.Random(5)
        self._last = 0.0
        self.directory = directory
        self.records: dict[str, AgentRecord] = {}

    def somebody(self) -> AgentRecord:
        """Any but the one who is watched."""
        return self._of(self._dice.choice(self._agents))

    def watched(self) -> AgentRecord:
        """The one whose changes are timed."""
        return self._of(WATCHED)

    async def drive(self, happen: Callable[[AgentRecord], Coroutine[None, None, None]]) -> None:
        """See `drive`."""

        async def mark() -> str:
            record = self.watched()
            await happen(record)
            return timestamp(record.since) or ""

        await drive(
            lambda: happen(self.somebody()),
            mark,
            lambda: {agent: str(record.state) for agent, record in self.records.items()},
        )

    def _of(self, agent: str) -> AgentRecord:
        self._last = max(self._last + 0.001, time.time())
        record = AgentRecord(agent, self._dice.choice(STATES), None, self._last)
        self.records[agent] = record
        return record


async def drive(happen: Happens, mark: Marks, states: Callable[[], dict[str, str]] = dict) -> None:
    """Obey the standard input: `RATE SECONDS` is a phase, answered with what was done; `states`, with how all are.

    `happen` is one change of many, `mark` one that is timed: it says how windows know it.
    """
    while line := (await asyncio.to_thread(sys.stdin.readline)).split():
        if line == ["states"]:
            print(json.dumps(states()), flush=True)
            continue
        rate, seconds = map(float, line)
        began, done, marks, late, last = time.monotonic(), 0, dict[str, int](), 0.0, -MARK_EVERY
        while (now := time.monotonic() - began) < seconds:
            late = max(late, now - done / rate)
            for _ in range(int(now * rate) - done):
                await happen()
            done = int(now * rate)
            if now >= last + MARK_EVERY:  # never two at once, which a window may be notified of as one
                last, sent = now, time.monotonic_ns()
                marks[await mark()] = sent
            await asyncio.sleep(TICK_SECONDS)
        print(json.dumps({"done": done + len(marks), "marks": marks, "late": late}), flush=True)


async def ours(agents: int, windows: int) -> None:
    """The API, and what the shell tells it."""
    _configure_logging("info")
    directory = centre(agents, windows)
    availability, store, metrics = MemoryAvailability(time.time), MemoryStore(), Metrics()
    await availability.configure(directory)
    await admit(store, list(directory.agents))
    mirror = Mirror(availability)
    following = asyncio.create_task(mirror.run())
    await mirror.wait_fresh()
    control, openings = Quiet(directory), Openings(store, lambda: directory, time.time)
    live = LiveAgents(mirror, availability, lambda _agent: False, lambda _agent: "desk", openings.is_open)
    hub = EventHub(control, live, metrics)
    server = ApiServer(
        control, live, store, hub, metrics, NoPhones(), NoFiles(), lambda _: None, openings, MemoryHistory()
    )
    freeze_for_gc()

    async def happen(record: AgentRecord) -> None:
        hub.agent_changed(record)

    listener = Listener(server.handle)
    print(await listener.start(HOST, 0), flush=True)
    await Change(directory).drive(happen)
    following.cancel()
    server.close_windows()
    await listener.stop()
    await server.close()


async def bare(agents: int, windows: int) -> None:
    """The same documents to WebSockets, made once for all."""
    change = Change(centre(agents, windows))
    async with bare_windows() as sockets:

        async def happen(record: AgentRecord) -> None:
            document = agent_document(change.directory.agents[record.agent], record).model_dump_json()
            at = timestamp(time.time())
            text = f'{{"type":"agent.updated","seq":1234567890123456,"at":"{at}","agent":{document}}}'
            for socket in sockets:
                await socket.send_str(text)

        await change.drive(happen)


# -- what came of it --------------------------------------------------------------------------------------------------


class Side:
    """One of the two servers, and what came of it."""

    def __init__(self, server: asyncio.subprocess.Process, others: dict[str, int]) -> None:
        self.server = server
        self.meter = Meter({"server": server.pid, **others})
        self.waits: list[float] = []
        self.frames = self.changes = self.lost = 0
        self.late = 0.0
        self.memory = [resident(server.pid)]

    async def ask(self, line: str) -> dict[str, object]:
        """What it answers."""
        assert self.server.stdin is not None
        assert self.server.stdout is not None
        self.server.stdin.write(line.encode() + b"\n")
        return dict(json.loads(await self.server.stdout.readline()))

    async def phase(self, arguments: argparse.Namespace, reported: asyncio.subprocess.Process) -> None:
        """Changes for so long, until all windows have them."""
        self.meter.start()
        done = await self.ask(f"{arguments.rate} {arguments.seconds}")
        self.meter.stop()
        marks = done["marks"]
        assert isinstance(marks, dict)
        seen: dict[str, list[int]] = {}
        patience = time.monotonic() + SETTLE_SECONDS
        while time.monotonic() < patience:
            self.frames += await noted(reported, seen)
            if all(seen.get(mark, [0])[0] >= arguments.windows for mark in marks):
                break
            await asyncio.sleep(0.2)
        self.changes += int(str(done["done"]))
        self.late = max(self.late, float(str(done["late"])))
        for mark, sent in marks.items():
            count, at = seen.get(mark, [0, 0])
            self.lost += arguments.windows - count
            self.waits.append((at - sent) / 1e6)
        self.memory.append(resident(self.server.pid))

    def figures(self) -> dict[str, float]:
        """Milliseconds until the last window had each mark; processor time."""
        per_frame = 1e6 * self.meter.seconds["server"] / self.frames
        return {
            **percentiles(self.waits), "n": len(self.waits), "lost": self.lost, "frames": self.frames,
            "server_us_per_frame": round(per_frame, 1), "mb_first": self.memory[0], "mb_last": self.memory[-1],
        }  # fmt: skip


def resident(pid: int) -> float:
    """Megabytes of memory that a process has."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return round(int(status.partition("VmRSS:")[2].split()[0]) / 1024, 1)


async def noted(windows: asyncio.subprocess.Process, into: dict[str, list[int]]) -> int:
    """Frames since this was last called; the marks among them are added."""
    assert windows.stdin is not None
    assert windows.stdout is not None
    windows.stdin.write(b"\n")
    notes = json.loads(await windows.stdout.readline())
    for mark, (count, at) in notes["marks"].items():
        before = into.get(mark, [0, 0])
        into[mark] = [before[0] + count, max(before[1], at)]
    return int(notes["frames"])


async def run(arguments: argparse.Namespace) -> int:
    began = load()
    sizes = [str(arguments.agents), str(arguments.windows)]
    async with AsyncExitStack() as stack:
        roles = [
            stack.enter_async_context(process("tests.bench.bench_overseers", role, *sizes)) for role in ("ours", "bare")
        ]
        (our_server, our_port), (bare_server, bare_port) = [await role for role in roles]
        reported, _ = await stack.enter_async_context(process("tests.bench.subscribers", HOST))
        assert reported.stdin is not None
        assert reported.stdout is not None
        token = f"/v1/events?token={TOKEN}"
        # As the supervisor's page does, which has Team Communicator's search beside it.
        paths = [f"{token.format(agent=f'boss{n}')}&q=&limit=50" for n in range(arguments.windows)]
        where = [[int(our_port), paths], [int(bare_port), ["/"] * len(paths)]]
        reported.stdin.write(json.dumps(where).encode() + b"\n")
        if await reported.stdout.readline() != b"ready\n":
            raise SystemExit("the windows could not be opened")
        slow = [SlowClient(HOST, int(our_port), token.format(agent=PATIENT), 8192)]
        reading = [asyncio.create_task(asyncio.to_thread(slow[0].run))]
        around = {"windows": reported.pid}
        sides = {"ours": Side(our_server, around), "bare": Side(bare_server, around)}
        await noted(reported, {})
        for round_ in range(arguments.rounds):
            if round_ == arguments.rounds - 1:  # for longer it would leave the server's pings without an answer
                slow.append(SlowClient(HOST, int(our_port), token.format(agent=f"boss{arguments.windows}"), 0))
                reading.append(asyncio.create_task(asyncio.to_thread(slow[1].run)))
            for side in sides.values() if round_ % 2 else reversed(sides.values()):
                await side.phase(arguments, reported)
        states = await sides["ours"].ask("states")
        for client in slow:
            client.hurry()
        await asyncio.gather(*reading)
    return conclude(arguments, began, sides, slow, {agent: str(state) for agent, state in states.items()})


def conclude(
    arguments: argparse.Namespace,
    began: float,
    sides: dict[str, Side],
    slow: list[SlowClient],
    states: dict[str, str],
) -> int:
    """Tell; 0 where the goals are met."""
    figures = {name: side.figures() for name, side in sides.items()}
    shares = {name: side.meter.shares() for name, side in sides.items()}
    mine, plain = figures["ours"], figures["bare"]
    ratios = {name: round(mine[name] / plain[name], 2) for name in (*GOALS, "server_us_per_frame")}
    side, (patient, still) = sides["ours"], slow
    rate = side.changes / (arguments.rounds * arguments.seconds)
    wrong = {
        # Nobody is a target of their own.
        "slow": sum(patient.newest.get(f"agent:{a}") != state for a, state in states.items() if a != PATIENT),
        "still": sum(still.overseen.get(agent, state) != state for agent, state in states.items()),
    }
    goals = {
        **{name: mine[name] < goal for name, goal in GOALS.items()},
        "none lost": not mine["lost"],
        "who stood still has the newest": bool(still.overseen)
        and still.closed is None
        and not still.gaps
        and not wrong["still"],
        "who reads slowly has the newest": patient.closed is None and not patient.gaps and not wrong["slow"],
    }
    sizes = f"{arguments.windows} windows, {arguments.agents} agents"
    print(f"{sizes}, {rate:.0f} changes/s, plan kept within {side.late * 1000:.0f} ms; ms")
    for name in sides:
        print(f"  {name:5}" + "  ".join(f"{kind} {value}" for kind, value in figures[name].items()))
        print("        % of a core: " + "  ".join(f"{who} {share}" for who, share in shares[name].items()))
    print(f"  ratio {ratios}")
    for what, client in (("still", still), ("slow", patient)):
        said = f"{client.events} events of {side.changes} changes, {client.gaps} gaps, closed with {client.closed}"
        print(f"  {what}: {said}, {wrong[what]} of {len(states)} not the newest")
    print("  goals: " + ", ".join(f"{name} {'met' if met else 'MISSED'}" for name, met in goals.items()))
    result: dict[str, object] = {
        "unit": "ms", "load_before": began, **figures, "cpu_percent": shares, "ratio": ratios,
        "changes_per_second": round(rate),
        "stood_still": {"closed": still.closed, "events": still.events, "gaps": still.gaps, "wrong": wrong["still"]},
        "reads_slowly": {"events": patient.events, "gaps": patient.gaps, "wrong": wrong["slow"]},
        "changes": side.changes,
        "goals": goals,
    }  # fmt: skip
    tell("overseers", result, arguments.json)
    return 0 if all(goals.values()) else 1


def main() -> None:
    if sys.argv[1:2] == ["ours"]:
        asyncio.run(ours(*map(int, sys.argv[2:])))
    elif sys.argv[1:2] == ["bare"]:
        asyncio.run(bare(*map(int, sys.argv[2:])))
    else:
        made = parser(__doc__, 4)
        made.add_argument("--agents", type=int, default=500)
        made.add_argument("--windows", type=int, default=8)
        made.add_argument("--rate", type=int, default=1_000, help="changes a second")
        made.add_argument("--seconds", type=float, default=8.0, help="of a phase")
        sys.exit(asyncio.run(run(made.parse_args())))


if __name__ == "__main__":
    main()
