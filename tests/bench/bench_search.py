"""`GET /v1/targets` at 10,000 agents and 1,000 groups against `GET /v1/me`, alternating, at the real API server.

    python -m tests.bench.bench_search [--agents 10000] [--groups 1000] [--rounds 2000]

The server is a process of its own, with the in-memory implementations of store and availability. The searches are
what people type: beginnings of one to four letters, two words, numbers, a slip of the keyboard, nothing at all;
twenty are shown. A round is one search and one `me`, over two connections that are open. Prints a table and one line
of JSON; ends with 1 where the 99th percentile misses the goal.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import AsyncIterator, Collection, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import uvloop
from aiohttp import ClientWebSocketResponse
from pydantic_core import to_json

from ari_app.__main__ import _configure_logging
from ari_app.adapters import LiveAgents
from ari_app.api.events import EventHub
from ari_app.api.limits import Rates
from ari_app.api.listening import Listener
from ari_app.api.metrics import Metrics
from ari_app.api.port import RecordedSound, StoryEntry
from ari_app.api.server import ApiServer
from ari_app.availability.mirror import Mirror
from ari_app.calls.commands import Command
from ari_app.calls.hearing import Ear
from ari_app.calls.model import Call, CallId
from ari_app.config.credentials import ApiKey, Credential
from ari_app.config.errors import ConfigError
from ari_app.errors import AsteriskUnavailable
from ari_app.openings import Openings
from ari_app.routing.directory import Agent, Directory, Group, Queue, Skill
from ari_app.routing.given import Gifts, Given
from ari_app.routing.phones import PhoneAccounts
from ari_app.routing.webhooks import Webhook
from ari_app.store.port import Tokens, hash_token
from ari_app.testing.availability import MemoryAvailability
from ari_app.testing.history import MemoryHistory
from ari_app.testing.store import MemoryStore
from tests.bench.figures import Figure, load, parser, tell

HOST = "127.0.69.1"
GOAL_MS = 5.0
FIRST = ("Zoé", "Marie", "Jean", "Luc", "Anne", "Paul", "Élise", "Noël", "Chloé", "Hugo", "Inès", "Aïcha", "Ömer")
LAST = ("Dupont", "Lefèvre", "Müller", "Nguyen", "Martin", "Bernard", "Petit", "Durand", "Leroy", "Moreau", "Garcia",
        "David", "Bertrand", "Fournier", "Girard", "Mercier", "Guérin", "Gauthier", "Perrin", "Masson")  # fmt: skip
TOKEN = "bench-token-of-{agent}"


def people(agents: int, groups: int) -> Directory:
    """A call centre; the same for the same sizes."""
    dice = random.Random(3)
    return Directory(
        agents={
            f"agent{n}": Agent(
                f"agent{n}",
                f"{dice.choice(FIRST)} {dice.choice(LAST)}-{dice.choice(LAST)} {n // 7}",
                str(100_000 + n),
                groups=(f"group{n % groups}",),
            )
            for n in range(agents)
        },
        groups={
            f"group{n}": Group(f"group{n}", f"{dice.choice(LAST)} team {n}", str(500_000 + n)) for n in range(groups)
        },
        queues={f"queue{n}": Queue(f"queue{n}", f"Queue {n}", groups=(f"group{n % groups}",)) for n in range(50)},
        skills={name: Skill(name, name.title()) for name in ("french", "english", "billing")},
    )


NOBODYS = Credential(password="-")


class NoPhones:
    """Nobody rings."""

    def account(self, phone: str) -> str:
        return phone

    def device(self, phone: str) -> str:
        return "desk"

    def can_ring(self, phone: str, device: str) -> bool | None:
        return None

    def in_use(self, phone: str, device: str) -> bool:
        return False

    async def choose(self, phone: str, device: str) -> None:
        raise AsteriskUnavailable

    async def connect(self, phone: str, password: str) -> ClientWebSocketResponse:
        raise AsteriskUnavailable

    def closed(self, phone: str) -> None:
        raise NotImplementedError

    async def forget(self, phone: str) -> None:
        raise AsteriskUnavailable


class NoFiles:
    """Nothing is recorded."""

    def open(self, file: str) -> AbstractAsyncContextManager[RecordedSound]:
        raise AsteriskUnavailable

    async def measured(self, file: str) -> None:
        raise AsteriskUnavailable

    async def delete(self, file: str) -> None:
        raise AsteriskUnavailable


class Quiet:
    """A `Control` without calls."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    async def submit(self, command: Command) -> Call | None:
        return None

    def calls(self) -> Mapping[CallId, Call]:
        return {}

    def could_join(self, call: Call, agent: str) -> Sequence[str]:
        return ()

    def beside(self, call: Call, agent: str) -> Sequence[str]:
        return ()

    def hearing(self, call: Call) -> tuple[Ear, ...]:
        return ()

    def engaged(self, agent: str) -> Collection[CallId]:
        return ()

    async def story(self, call_id: CallId) -> Sequence[StoryEntry] | None:
        return None

    async def story_file(self, call_id: CallId) -> str | None:
        return None

    def directory(self) -> Directory:
        return self._directory

    def api_keys(self) -> Mapping[str, ApiKey]:
        return {}

    def listed(self) -> Directory:
        return self._directory

    def given(self) -> Gifts:
        return {}

    async def give(self, agent: str, gift: Given) -> None:
        return None

    def phones(self) -> PhoneAccounts:
        return {}

    def webhooks(self) -> Mapping[str, Webhook]:
        return {}

    def credential(self, agent: str) -> Credential | None:
        return NOBODYS

    async def reload(self) -> Sequence[ConfigError]:
        return ()

    def ready(self) -> Mapping[str, bool]:
        return {"asterisk": True, "store": True}

    def drained(self) -> Collection[str]:
        return ()

    def degraded(self) -> Sequence[tuple[str, str]]:
        return ()

    def faults(self) -> Sequence[ConfigError]:
        return ()

    async def asterisk_lost(self, call: CallId | None = None) -> None:
        await asyncio.Event().wait()

    async def led(self, call: CallId | None = None) -> None:
        """Always."""

    def reached(self, call: CallId | None = None) -> bool:
        return True

    async def store_trouble(self) -> str:
        return ""

    def configured(self) -> tuple[float, bool]:
        return 0.0, False


async def admit(store: Tokens, agents: Sequence[str]) -> None:
    """Give these agents tokens."""
    for agent in agents:
        digest = hash_token(TOKEN.format(agent=agent))
        kept = {"agent": agent, "expires_at": time.time() + 3600, "fingerprint": NOBODYS.fingerprint(digest)}
        await store.put_token(digest, to_json(kept), 3600, agent)


async def serve(agents: int, groups: int) -> None:
    """The API; prints its port, and ends with the standard input."""
    _configure_logging("info")
    directory = people(agents, groups)
    availability, store, metrics = MemoryAvailability(time.time), MemoryStore(), Metrics()
    await availability.configure(directory)
    await admit(store, ["agent0"])
    for n, agent in enumerate(directory.agents):
        if n % 3:
            await availability.set_state(agent, "ready")
    for n in range(20):
        await store.note_recent("agent0", f"agent:agent{n * 37 + 1}")
        await store.add_favourite("agent0", f"group:group{n}")
    mirror = Mirror(availability)
    following = asyncio.create_task(mirror.run())
    await mirror.wait_fresh()
    control, openings = Quiet(directory), Openings(store, lambda: directory, time.time)
    live = LiveAgents(mirror, availability, lambda _agent: False, lambda _agent: "desk", openings.is_open)
    server = ApiServer(
        control,
        live,
        store,
        EventHub(control, live, metrics),
        metrics,
        NoPhones(),
        NoFiles(),
        lambda _: None,
        openings,
        MemoryHistory(),
        rates=Rates(time.time, rate=1e9, burst=1e9),  # one agent types as fast as is answered
    )
    listener = Listener(server.handle)
    print(await listener.start(HOST, 0), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    following.cancel()
    server.close_windows()
    await listener.stop()
    await server.close()


def run_server(work: Coroutine[None, None, None]) -> None:
    """As the controller runs; also what it is compared with."""
    asyncio.run(work, loop_factory=uvloop.new_event_loop)


@asynccontextmanager
async def process(module: str, *arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """Another Python, and the first line that it prints; it ends when its standard input does."""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        limit=2**26,
    )  # fmt: skip
    assert started.stdin is not None
    assert started.stdout is not None
    try:
        first = (await started.stdout.readline()).decode().strip()
        if not first:
            raise SystemExit(f"{module} {' '.join(arguments)} did not start")
        yield started, first
    finally:
        started.stdin.close()
        await started.wait()


def typed(directory: Directory, count: int) -> list[str]:
    """What people type."""
    dice = random.Random(4)
    names = [agent.name for agent in directory.agents.values()]
    texts: list[str] = []
    while len(texts) < count:
        first, last, *_ = dice.choice(names).replace("-", " ").split()
        slip = last[:2] + last[3:2:-1] + last[4:]
        kinds = (
            first[: dice.randint(1, 4)], last[: dice.randint(1, 4)], last, f"{first[:2]} {last[:3]}", slip,
            str(100_000 + dice.randrange(len(names))), f"tea {dice.randrange(99)}", "", "a",
        )  # fmt: skip
        texts.append(kinds[len(texts) % len(kinds)])
    return texts


async def measure(port: int, texts: Sequence[str]) -> tuple[list[float], list[float]]:
    """Milliseconds of each search, and of each `me`."""
    headers = {"Authorization": f"Bearer {TOKEN.format(agent='agent0')}"}
    searches: list[float] = []
    trivial: list[float] = []
    async with aiohttp.ClientSession(f"http://{HOST}:{port}", headers=headers) as session:

        async def ask(path: str, params: Mapping[str, str], into: list[float]) -> None:
            began = time.perf_counter()
            async with session.get(path, params=params) as response:
                await response.read()
                assert response.status == 200, await response.text()
            into.append((time.perf_counter() - began) * 1000)

        for _ in range(50):
            await ask("/v1/me", {}, [])
            await ask("/v1/targets", {"q": "a"}, [])
        for n, text in enumerate(texts):
            pair: tuple[tuple[str, dict[str, str], list[float]], ...] = (
                ("/v1/targets", {"q": text}, searches),
                ("/v1/me", {}, trivial),
            )
            for one in pair if n % 2 else pair[::-1]:
                await ask(*one)
    return searches, trivial


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Median, 95th and 99th percentile, maximum."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {
        "median": round(cuts[49], 2),
        "p95": round(cuts[94], 2),
        "p99": round(cuts[98], 2),
        "max": round(max(values), 2),
    }


async def run(arguments: argparse.Namespace) -> int:
    began = load()
    sizes = (str(arguments.agents), str(arguments.groups))
    async with process("tests.bench.bench_search", "--serve", "--agents", sizes[0], "--groups", sizes[1]) as (_, port):
        directory = people(arguments.agents, arguments.groups)
        texts = typed(directory, arguments.rounds)
        searches, trivial = await measure(int(port), texts)
    ours, baseline = percentiles(searches), percentiles(trivial)
    ratios = {name: round(ours[name] / baseline[name], 2) for name in ours}
    print(f"{arguments.agents} agents, {arguments.groups} groups, {len(searches)} rounds; milliseconds")
    for name, figures in (("GET /v1/targets?q=…", ours), ("GET /v1/me", baseline), ("ratio", ratios)):
        print(f"  {name:20}" + "".join(f"{kind} {value:<9}" for kind, value in figures.items()))
    slowest = sorted(zip(searches, texts, strict=True), reverse=True)[:5]
    print("  slowest: " + ", ".join(f"{text!r} {taken:.1f}" for taken, text in slowest))
    print(f"  99 % under {GOAL_MS} ms: {'met' if ours['p99'] < GOAL_MS else 'MISSED'}")
    made = [
        Figure(
            f"a search at {arguments.agents:,} agents",
            "GET /v1/me",
            ours=searches,
            baseline=trivial,
            paired=at == 50,
            at=at,
        )
        for at in (50, 99)
    ]
    said = {"search": ours, "me": baseline, "ratio": ratios, "goal_p99": GOAL_MS}
    tell("search", arguments.json, began=began, figures=made, more=said)
    return 0 if ours["p99"] < GOAL_MS else 1


def main() -> None:
    made = parser(__doc__, 2000)
    made.add_argument("--agents", type=int, default=10_000)
    made.add_argument("--groups", type=int, default=1_000)
    made.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = made.parse_args()
    if arguments.serve:
        run_server(serve(arguments.agents, arguments.groups))
    else:
        sys.exit(asyncio.run(run(arguments)))


if __name__ == "__main__":
    main()
