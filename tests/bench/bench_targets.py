"""A state changes in Redis → the last of 1,000 windows that show it has it; against bare pub/sub and WebSockets.

    python -m tests.bench.bench_targets [--agents 10000] [--groups 1000] [--windows 1000] [--rate 1000] [--rounds 4]

Ours: the real API server over the real Redis, in a process of its own, without Asterisk. Each window subscribes to 20
targets: one group that all show, and any nineteen of the other groups and agents. `rate` agents a second change their
state, any of them, straight in Redis, as other controllers would do it; ten times a second one of the group that all
show does. That change is timed, from before the request to Redis until the last window has got the new count.

Bare: the same number of aiohttp WebSockets, and a message a change over Redis' pub/sub which says who gets it: as many
frames a second as ours, with nothing known of agents, groups, permissions, numbers or what is newest.

Both take turns in one run; the windows are in another process. Redis is the call centre's (`CC_REDIS_URL`), else a
redis-server of its own on 127.0.69.1:6390. With each side stands the CPU that its server, the windows, Redis, who
makes the load, and all others on the machine had: where these sum up to all cores, the times tell of the machine, and
what the server needs for a frame is the better figure. A frame is one event of one window. Prints a table and one
line of JSON; ends with 1 where the goal is missed: 99 % under 100 ms, half under 20 ms.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time
import uuid
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from redis.asyncio import Redis

from ari_app.__main__ import _configure_logging
from ari_app.adapters import LiveAgents
from ari_app.api.events import EventHub
from ari_app.api.listening import Listener
from ari_app.api.metrics import Metrics
from ari_app.api.server import ApiServer
from ari_app.availability.mirror import Mirror
from ari_app.availability.port import AgentChanged, CountChanged
from ari_app.availability.port import Change as Heard
from ari_app.availability.redis import SCRIPTS, RedisAvailability
from ari_app.availability.rules import milliseconds
from ari_app.calls.views import timestamp
from ari_app.freezing import freeze_for_gc
from ari_app.openings import Openings
from ari_app.store.client import connect, disconnect
from ari_app.store.redis import RedisStore
from ari_app.store.scripts import Scripts
from ari_app.testing.history import MemoryHistory
from tests.bench.bare_windows import bare_windows
from tests.bench.bench_search import (
    HOST,
    TOKEN,
    NoFiles,
    NoPhones,
    Quiet,
    admit,
    people,
    percentiles,
    process,
    run_server,
)
from tests.bench.figures import load, parser, tell
from tests.bench.processes import Meter, redis_server
from tests.bench.subscribers import HOT
from tests.bench.windows import both

GOALS = {"median": 20.0, "p99": 100.0}
MARK_SECONDS = 0.1
TICK_SECONDS = 0.002
SHOWN = 19
# How long after a phase windows may take to get the last of it: it must arrive, however busy the machine is.
SETTLE_SECONDS = 60.0


def shown(window: int, agents: int, groups: int) -> list[str]:
    """What a window shows; the same for the same sizes."""
    dice = random.Random(window)
    others = dice.sample(range(1, agents + groups), SHOWN)  # after the groups come the agents
    return [HOT, *(f"group:group{n}" if n < groups else f"agent:agent{n - groups}" for n in others)]


# -- the processes ----------------------------------------------------------------------------------------------------


async def controller(redis: str, prefix: str, agents: int, groups: int, windows: int) -> None:
    """What `app.py` puts together for the API, without Asterisk."""
    _configure_logging("info")
    directory, client = people(agents, groups), connect(redis)
    availability, store, metrics = RedisAvailability(client, prefix), RedisStore(client, prefix), Metrics()
    await availability.configure(directory)
    await admit(store, [f"agent{n}" for n in range(windows)])
    mirror = Mirror(availability)
    control, openings = Quiet(directory), Openings(store, lambda: directory, time.time)
    live = LiveAgents(mirror, availability, lambda _agent: False, lambda _agent: "desk", openings.is_open)
    hub = EventHub(control, live, metrics)

    def changed(change: Heard) -> None:
        match change:
            case AgentChanged():
                hub.agent_changed(change.record)
            case CountChanged():
                hub.target_changed(change.target, change.available, change.as_of)
            case _:
                pass

    mirror.listen(changed)
    following = asyncio.create_task(mirror.run())
    await mirror.wait_fresh()
    freeze_for_gc()
    server = ApiServer(
        control, live, store, hub, metrics, NoPhones(), NoFiles(), lambda _: None, openings, MemoryHistory()
    )
    listener = Listener(server.handle)
    print(await listener.start(HOST, 0), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    following.cancel()
    server.close_windows()
    await listener.stop()
    await server.close()
    await disconnect(client)


async def bare(redis: str, prefix: str) -> None:
    """Messages `[[windows or null for all, text], …]` from a channel to WebSockets."""
    client = Redis.from_url(redis)
    pubsub = client.pubsub()
    await pubsub.subscribe(f"{prefix}:bare")
    async with bare_windows() as sockets:

        async def follow() -> None:
            async for message in pubsub.listen():
                if message["type"] == "message":
                    for windows, text in json.loads(message["data"]):
                        for n in range(len(sockets)) if windows is None else windows:
                            await sockets[n].send_str(text)

        following = asyncio.create_task(follow())
        await asyncio.to_thread(sys.stdin.read)
        following.cancel()
        os._exit(0)  # a thousand sockets need no farewell


type Change = Callable[[], tuple[str, ...]]
type Mark = Callable[[], Coroutine[None, None, None]]
type Notes = dict[str, Any]

# -- the changes ------------------------------------------------------------------------------------------------------


class Changes:
    """Both kinds of change. `sent`: when each mark was, in nanoseconds; `late`: the longest wait behind the plan."""

    def __init__(self, client: Redis, url: str, prefix: str, arguments: argparse.Namespace) -> None:
        self._redis, self._password = (urlsplit(url).hostname or "", urlsplit(url).port or 6379), urlsplit(url).password
        scripts = Scripts(client, prefix, SCRIPTS)
        self._tag, self._set_state, self._turn = scripts.tag, scripts._sha["set_state"], f"{scripts._room} 0"
        self.sent: dict[str, int] = {}
        self.late = 0.0
        self.done = 0
        self._client = client
        self._channel = f"{prefix}:bare"
        self._marking = RedisAvailability(client, prefix, self._clock)
        self._now = 0.0
        self._one = asyncio.Lock()
        self._marks = 0
        self._groups = arguments.groups
        self._agents = [n for n in range(arguments.agents) if n % arguments.groups]  # none of the group that all show
        self._ready: dict[int, bool] = {}
        self._dice = random.Random(5)
        self._showing: dict[str, list[int]] = {}
        for window in range(arguments.windows):
            for target in shown(window, arguments.agents, arguments.groups):
                self._showing.setdefault(target, []).append(window)

    def _clock(self) -> float:
        self._now = time.time()
        return self._now

    def ours(self) -> tuple[str, ...]:
        """Somebody's state changes: the command that `RedisAvailability.set_state` sends."""
        agent = self._dice.choice(self._agents)
        self._ready[agent] = not self._ready.get(agent, False)
        choice = "ready" if self._ready[agent] else "not_ready"
        now = str(milliseconds(time.time()))
        return ("EVALSHA", self._set_state, "1", self._tag, now, f"agent{agent}", choice, "", "", self._turn)

    async def ours_marked(self) -> None:
        """One of the group that all show; the time that is reported with the count says which change it was."""
        async with self._one:  # `_now` is that of one change
            self._ready[0] = not self._ready.get(0, False)
            began = time.monotonic_ns()
            await self._marking.set_state("agent0", "ready" if self._ready[0] else "not_ready")
            self.sent[timestamp(milliseconds(self._now) / 1000) or ""] = began

    def bare(self) -> tuple[str, ...]:
        """As many windows as show an agent and their group."""
        agent = self._dice.choice(self._agents)
        texts = []
        for target in (f"agent:agent{agent}", f"group:group{agent % self._groups}"):
            if target in self._showing:
                text = json.dumps({"type": "target.updated", "target": target, "available": 1, "pad": "x" * 80})
                texts.append((self._showing[target], text))
        return ("PUBLISH", self._channel, json.dumps(texts))

    async def bare_marked(self) -> None:
        """All windows."""
        self._marks += 1
        began = time.monotonic_ns()
        self.sent[f"bare{self._marks}"] = began
        text = json.dumps({"mark": f"bare{self._marks}", "available": 1, "pad": "x" * 110})
        await self._client.publish(self._channel, json.dumps([(None, text)]))

    async def phase(self, change: Change, mark: Mark, rate: int, seconds: float) -> dict[str, int]:
        """Changes as planned, whether or not those before are done, and the marks in between: when each was."""
        reader, writer = await asyncio.open_connection(*self._redis)
        if self._password is not None:
            writer.write(_command(("AUTH", self._password)))
        began = time.perf_counter()

        async def work() -> None:
            planned = 0
            while (now := time.perf_counter() - began) < seconds:
                self.late = max(self.late, now - planned / rate)
                commands = [_command(change()) for _ in range(int(now * rate) - planned)]
                planned += len(commands)
                writer.write(b"".join(commands))
                await writer.drain()
                await asyncio.sleep(TICK_SECONDS)
            self.done += planned
            writer.write_eof()

        async def check() -> None:
            while answers := await reader.read(65536):
                if b"-ERR" in answers or b"-NOSCRIPT" in answers:
                    raise SystemExit(answers.decode())

        async with asyncio.TaskGroup() as group:
            group.create_task(work())
            group.create_task(check())
            for n in range(int(seconds / MARK_SECONDS)):
                due = (n + self._dice.random() / 2) * MARK_SECONDS
                await asyncio.sleep(max(0.0, due + began - time.perf_counter()))
                group.create_task(mark())
        writer.close()
        sent, self.sent = self.sent, {}
        return sent


def _command(words: tuple[str, ...]) -> bytes:
    """As Redis takes it. Nothing else costs so little: what is measured is not who asks."""
    return b"*%d\r\n%b" % (len(words), b"".join(b"$%d\r\n%b\r\n" % (len(w), w) for w in map(str.encode, words)))


# -- what came of it --------------------------------------------------------------------------------------------------


@dataclass
class Side:
    """One of the two: how it is driven, and what came of it. `sent` and `reported`: the marks."""

    change: Change
    mark: Mark
    meter: Meter
    sent: dict[str, int] = field(default_factory=dict)
    reported: dict[str, list[int]] = field(default_factory=dict)
    frames: int = 0
    waits: list[float] = field(default_factory=list)

    def take(self, notes: Notes) -> None:
        """What the windows noted."""
        for mark, (count, at) in notes["marks"].items():
            before = self.reported.get(mark, [0, 0])
            self.reported[mark] = [before[0] + count, max(before[1], at)]
        self.frames += notes["frames"]

    def settled(self, windows: int) -> bool:
        """Whether all windows have had the last mark."""
        last = max(self.sent, key=lambda mark: self.sent[mark])
        return self.reported.get(last, [0])[0] >= windows

    def figures(self, windows: int) -> dict[str, float]:
        """Milliseconds until the last window had each mark, or a newer one, and how many were overtaken so; CPU."""
        self.waits = values = list[float]()
        overtaken, last = 0, None
        for mark, began in sorted(self.sent.items(), key=lambda pair: pair[1], reverse=True):
            count, at = self.reported.get(mark, [0, 0])
            if count >= windows:
                last = at
            else:
                overtaken += 1
            if last is None:
                raise SystemExit(f"{mark}: {count} of {windows} windows were notified, and nothing after it")
            values.append((last - began) / 1e6)
        per_frame = 1e6 * self.meter.seconds["server"] / self.frames
        return {
            **percentiles(values), "n": len(values), "overtaken": overtaken, "frames": self.frames,
            "server_us_per_frame": round(per_frame, 1),
        }  # fmt: skip


async def run(arguments: argparse.Namespace) -> int:
    prefix, began = f"bench-{uuid.uuid4().hex}", load()
    sizes = [str(getattr(arguments, name)) for name in ("agents", "groups", "windows")]
    async with AsyncExitStack() as stack:
        redis, seen = await stack.enter_async_context(redis_server())
        roles = [stack.enter_async_context(process("tests.bench.bench_targets", role, redis, prefix, *sizes))
                 for role in ("controller", "bare")]  # fmt: skip
        (ours, our_port), (bare_, bare_port) = [await role for role in roles]
        reported, _ = await stack.enter_async_context(process("tests.bench.subscribers", HOST))
        assert reported.stdin is not None
        assert reported.stdout is not None
        paths = [
            f"/v1/events?token={TOKEN.format(agent=f'agent{n}')}"
            f"&targets={','.join(shown(n, arguments.agents, arguments.groups))}"
            for n in range(arguments.windows)
        ]
        reported.stdin.write(
            json.dumps([[int(our_port), paths], [int(bare_port), ["/"] * len(paths)]]).encode() + b"\n"
        )
        if await reported.stdout.readline() != b"ready\n":
            raise SystemExit("the windows could not be opened")
        client = connect(redis)
        stack.push_async_callback(disconnect, client)
        changes = Changes(client, redis, prefix, arguments)
        await changes.ours_marked()  # from here on Redis has the script
        changes.sent.clear()
        await noted(reported)
        around = {"windows": reported.pid, "load": os.getpid(), **seen}
        sides = {
            "ours": Side(changes.ours, changes.ours_marked, Meter({"server": ours.pid, **around})),
            "bare": Side(changes.bare, changes.bare_marked, Meter({"server": bare_.pid, **around})),
        }
        for round_ in range(arguments.rounds):
            for side in sides.values() if round_ % 2 else reversed(sides.values()):
                side.meter.start()
                side.sent |= await changes.phase(side.change, side.mark, arguments.rate, arguments.seconds)
                side.meter.stop()
                patience = time.monotonic() + SETTLE_SECONDS
                while not side.settled(arguments.windows) and time.monotonic() < patience:
                    await asyncio.sleep(1.0)
                    side.take(await noted(reported))
        keys = [key async for key in client.scan_iter(match=f"{{{prefix}}}*", count=5000)]
        await client.unlink(*keys)
    return conclude(arguments, began, changes, sides)


async def noted(windows: asyncio.subprocess.Process) -> Notes:
    """What the windows got since this was last called."""
    assert windows.stdin is not None
    assert windows.stdout is not None
    windows.stdin.write(b"\n")
    notes: Notes = json.loads(await windows.stdout.readline())
    return notes


def conclude(arguments: argparse.Namespace, began: float, changes: Changes, sides: Mapping[str, Side]) -> int:
    """Tell; 0 where the goals are met."""
    figures = {name: side.figures(arguments.windows) for name, side in sides.items()}
    shares = {name: side.meter.shares() for name, side in sides.items()}
    ours, plain = figures["ours"], figures["bare"]
    ratios = {name: round(ours[name] / plain[name], 2) for name in (*GOALS, "server_us_per_frame")}
    met = all(ours[name] < goal for name, goal in GOALS.items())
    rate = changes.done / (2 * arguments.rounds * arguments.seconds)
    sizes = f"{arguments.windows} windows, {arguments.agents} agents, {arguments.groups} groups"
    print(f"{sizes}, {rate:.0f} changes/s, plan kept within {changes.late * 1000:.0f} ms; ms")
    for name in sides:
        print(f"  {name:5}" + "  ".join(f"{kind} {value}" for kind, value in figures[name].items()))
        print("        % of a core: " + "  ".join(f"{who} {share}" for who, share in shares[name].items()))
    print(f"  ratio {ratios}")
    print(f"  goals {GOALS}: {'met' if met else 'MISSED'}")
    what, against = f"change → last of {arguments.windows:,} windows", "bare Redis and WebSockets"
    made = both(what, against, sides["ours"].waits, sides["bare"].waits)
    said = {**figures, "cpu_percent": shares, "ratio": ratios, "goals": GOALS, "changes_per_second": round(rate)}
    tell("targets", arguments.json, began=began, figures=made, more=said)
    return 0 if met else 1


def main() -> None:
    if sys.argv[1:2] == ["controller"]:
        redis, prefix, *sizes = sys.argv[2:]
        run_server(controller(redis, prefix, *map(int, sizes)))
    elif sys.argv[1:2] == ["bare"]:
        run_server(bare(sys.argv[2], sys.argv[3]))
    else:
        made = parser(__doc__, 2)
        made.add_argument("--agents", type=int, default=10_000)
        made.add_argument("--groups", type=int, default=1_000)
        made.add_argument("--windows", type=int, default=1_000)
        made.add_argument("--rate", type=int, default=1_000, help="changes a second")
        made.add_argument("--seconds", type=float, default=8.0, help="of a phase")
        sys.exit(asyncio.run(run(made.parse_args())))


if __name__ == "__main__":
    main()
