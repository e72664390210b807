"""Two servers that notify windows of the same changes, ours and a bare one, in turns: `bench_overseers` and
`bench_live`.

Each server is a process of its own that a bench is run as (`MODULE ours SIZE…`, `MODULE bare SIZE…`): it prints its
port, and then obeys `drive`. The windows are one more (`subscribers`).
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bench_search import HOST, percentiles, process, run_server
from tests.bench.figures import Figure, load, parser, tell
from tests.bench.processes import Meter

MARK_EVERY = 0.1
TICK_SECONDS = 0.002
# How long after the last change a window may take to have it: it must arrive, however busy the machine is.
SETTLE_SECONDS = 30.0

type Happens = Callable[[], Coroutine[None, None, None]]
type Marks = Callable[[], Coroutine[None, None, str]]
type Serve = Callable[[int, int], Coroutine[None, None, None]]
type Run = Callable[[argparse.Namespace], Coroutine[None, None, int]]


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


@dataclass
class Compared:
    """Both servers with their windows open. `port` is that of ours."""

    sides: dict[str, Side]
    port: int
    began: float
    _reported: asyncio.subprocess.Process

    async def round(self, number: int, arguments: argparse.Namespace) -> None:
        """A phase of each; which goes first alternates."""
        for side in self.sides.values() if number % 2 else reversed(self.sides.values()):
            await side.phase(arguments, self._reported)


@asynccontextmanager
async def compared(module: str, arguments: argparse.Namespace, paths: Sequence[str]) -> AsyncIterator[Compared]:
    """Both, while the block lasts; windows of ours at these paths, and as many of the bare one."""
    began = load()
    sizes = [str(arguments.agents), str(arguments.windows)]
    async with AsyncExitStack() as stack:
        roles = [stack.enter_async_context(process(module, role, *sizes)) for role in ("ours", "bare")]
        (our_server, our_port), (bare_server, bare_port) = [await role for role in roles]
        reported, _ = await stack.enter_async_context(process("tests.bench.subscribers", HOST))
        assert reported.stdin is not None
        assert reported.stdout is not None
        where = [[int(our_port), list(paths)], [int(bare_port), ["/"] * len(paths)]]
        reported.stdin.write(json.dumps(where).encode() + b"\n")
        if await reported.stdout.readline() != b"ready\n":
            raise SystemExit("the windows could not be opened")
        around = {"windows": reported.pid}
        sides = {"ours": Side(our_server, around), "bare": Side(bare_server, around)}
        await noted(reported, {})
        yield Compared(sides, int(our_port), began, reported)


def conclude(
    bench: str, what: str, arguments: argparse.Namespace, found: Compared, goals: dict[str, bool], **more: object
) -> int:
    """Tell; 0 where the goals are met."""
    sides = found.sides
    found_in = {name: side.figures() for name, side in sides.items()}
    shares = {name: side.meter.shares() for name, side in sides.items()}
    mine, plain = found_in["ours"], found_in["bare"]
    ratios = {name: round(mine[name] / plain[name], 2) for name in ("median", "p99", "server_us_per_frame")}
    rate = sides["ours"].changes / (arguments.rounds * arguments.seconds)
    kept = f"plan kept within {sides['ours'].late * 1000:.0f} ms"
    print(f"{arguments.windows} windows, {arguments.agents} agents, {rate:.0f} changes/s, {kept}; ms")
    for name in sides:
        print(f"  {name:5}" + "  ".join(f"{kind} {value}" for kind, value in found_in[name].items()))
        print("        % of a core: " + "  ".join(f"{who} {share}" for who, share in shares[name].items()))
    print(f"  ratio {ratios}")
    print("  goals: " + ", ".join(f"{name} {'met' if met else 'MISSED'}" for name, met in goals.items()))
    figures = both(what, "bare WebSockets", sides["ours"].waits, sides["bare"].waits)
    said = {**found_in, "cpu_percent": shares, "ratio": ratios, "changes_per_second": round(rate), "goals": goals}
    tell(bench, arguments.json, began=found.began, figures=figures, more={**said, **more})
    return 0 if all(goals.values()) else 1


def both(what: str, against: str, ours: list[float], bare: list[float]) -> list[Figure]:
    """The median, and the 99th percentile."""
    return [Figure(what, against, ours=ours, baseline=bare, paired=False, at=at) for at in (50, 99)]


def main(
    doc: str | None, sizes: tuple[int, int, float, float], serve: dict[str, Serve], run: Run, arguments: Sequence[str]
) -> int:
    """As the arguments say: a server, or the bench. `sizes`: agents, windows, changes a second, seconds of a phase."""
    if arguments[:1] and arguments[0] in serve:
        agents, windows = map(int, arguments[1:3])
        run_server(serve[arguments[0]](agents, windows))
        return 0
    made = parser(doc, 4)
    agents, windows, rate, seconds = sizes
    made.add_argument("--agents", type=int, default=agents)
    made.add_argument("--windows", type=int, default=windows)
    made.add_argument("--rate", type=float, default=rate, help="changes a second")
    made.add_argument("--seconds", type=float, default=seconds, help="of a phase")
    return asyncio.run(run(made.parse_args(arguments)))
