"""How the page bears a busy centre: `python -m tests.desk.load input` or `… memory`; the page must have been built.

    input   500 agents in view, an established call, 1,000 events a second: what keys and clicks wait for, against the
            same page in silence, alternating, and against an empty page before and after, which is what browser and
            machine need by themselves. Goal: 99 % under 50 ms until the picture is on the screen.
    memory  an hour of it by count, 3,600,000 events and 60 calls, sent as fast as the page takes them: what is left
            after the browser's garbage collection, ten times. Goal: at the end no more than a tenth above the first.

The server is made up (`flood`), the browser Debian's Chromium without a graphics card. It is verified in the page that
all events were received and that it shows, when they have ended, how everybody then is. Each role (supervisor, agent)
ends with one line of JSON; the command ends with 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from playwright.async_api import CDPSession, Page

from tests.bench.figures import load, tell
from tests.desk.flood import PEOPLE
from tests.desk.hands import NOTES, Hands, Waits, at_an_empty_page, at_supervision, at_the_desk, busy
from tests.desk.stage import DIST, Json, stage

GOAL = 50.0
WIDTH, HEIGHT = 1920, 1080
# Of the browser, above the page; more than they need.
BARS = 150
# What the page may keep at the end, of what it kept at the first of so many points.
GROWTH = 1.1
POINTS = 10
WORK = ("TaskDuration", "ScriptDuration", "LayoutDuration", "RecalcStyleDuration")
ROLES: dict[str, tuple[str, Callable[[Hands], Awaitable[None]], str, str]] = {
    "supervisor": ("/#supervisor", at_supervision, ".people li", ".supervisor tbody tr:last-child td"),
    "agent": ("/", at_the_desk, ".targets li", ".interaction dd"),
}
EMPTY = """() => { document.body.innerHTML = "<input><button>Nothing</button>"; }"""


@dataclass
class Opened:
    """The page of a role, and its server."""

    page: Page
    cdp: CDPSession
    origin: str
    session: aiohttp.ClientSession

    async def flood(self, rate: float, count: int, calls: int = 0) -> Json:
        """So many events; what was done."""
        wanted = {"rate": rate, "count": count, "calls": calls}
        async with self.session.post(f"{self.origin}/flood", json=wanted) as response:
            return dict(await response.json())

    async def truth(self) -> dict[str, str]:
        """How everybody is, by name."""
        async with self.session.get(f"{self.origin}/truth") as response:
            return dict(await response.json())

    async def work(self) -> dict[str, float]:
        """Seconds for which the page's main thread was busy so far."""
        found = (await self.cdp.send("Performance.getMetrics"))["metrics"]
        return {each["name"]: each["value"] for each in found if each["name"] in WORK} | {"clock": time.monotonic()}

    async def kept(self) -> dict[str, float]:
        """What is left after the browser's garbage collection."""
        await self.page.evaluate("window.noted.entries = []")
        for _ in range(3):
            await self.cdp.send("HeapProfiler.collectGarbage")
        found = (await self.cdp.send("Performance.getMetrics"))["metrics"]
        return {each["name"]: each["value"] for each in found if each["name"] in HEAP}

    async def received(self) -> int:
        """Messages of the socket."""
        return int(await self.page.evaluate("window.noted.received"))


@asynccontextmanager
async def opened(role: str, dist: Path, *, empty: bool = False) -> AsyncIterator[Opened]:
    """The page, all in view; or an empty one in its place."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.desk.flood", role, str(dist),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert server.stdin is not None
    assert server.stdout is not None
    origin = f"http://127.0.0.1:{int(await server.stdout.readline())}"
    path, _, shows, _ = ROLES[role]
    try:
        async with stage(origin) as scene, aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
            context = await scene.browser.new_context(locale="en-GB", viewport={"width": WIDTH, "height": HEIGHT})
            page = await context.new_page()
            cdp = await context.new_cdp_session(page)
            await all_on_the_screen(cdp)
            logged_in = json.dumps({"token": "t", "agent": "alice" if role == "agent" else "erin"})
            await page.add_init_script(f"localStorage.setItem('desk.session', {json.dumps(logged_in)});{NOTES}")
            if empty:
                await page.goto(f"{origin}/nothing")
                await page.evaluate(EMPTY)
            else:
                await page.goto(f"{origin}{path}")
                await page.wait_for_function(ALL, arg=[shows, PEOPLE])
                await page.evaluate(IN_VIEW, shows)
            await cdp.send("Performance.enable")
            yield Opened(page, cdp, origin, session)
    finally:
        server.stdin.close()
        await server.wait()


async def all_on_the_screen(cdp: CDPSession) -> None:
    """Playwright makes the window as high as the page is to be, and the browser's own bars take some of that.

    What is in the last 90 pixels is on no picture then: a key there counts as shown with what is drawn next elsewhere.
    """
    window = await cdp.send("Browser.getWindowForTarget")
    bounds = {"width": WIDTH, "height": HEIGHT + BARS}
    await cdp.send("Browser.setWindowBounds", {"windowId": window["windowId"], "bounds": bounds})


# The list of people from the top of the window on.
IN_VIEW = """(shows) => {
  const list = document.querySelector(shows).closest("section");
  scrollTo(0, list.getBoundingClientRect().top + scrollY - 80);
}"""
# How long the list is: as its rows say, where those out of sight are not in the document.
ALL = """([list, size]) => {
  const rows = document.querySelectorAll(list);
  return Number(rows[0]?.ariaSetSize ?? rows.length) >= size;
}"""
# From the first row to the last, as somebody would who looks at all of them.
SHOWN = """async (list) => {
  const found = {};
  for (let at = 0; at < document.documentElement.scrollHeight; at += innerHeight / 2) {
    scrollTo(0, at);
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 100)));
    for (const row of document.querySelectorAll(list)) {
      const state = [...row.querySelector(".state").classList].find((name) => name.startsWith("state-"));
      found[row.querySelector(".name").textContent] = state?.slice("state-".length);
    }
  }
  return found;
}"""


async def shown_rightly(page: Opened, role: str) -> tuple[int, int]:
    """(how many are shown as they are, how many there are), once all has come."""
    truth, right = await page.truth(), 0
    seen: dict[str, str] = {}
    for _ in range(5):
        seen |= await page.page.evaluate(SHOWN, ROLES[role][2])
        right = sum(seen.get(name) == state for name, state in truth.items())
        if right == len(truth):
            break
    return right, len(truth)


def spent(into: dict[str, float], begun: dict[str, float], ended: dict[str, float]) -> None:
    """Add what was used between."""
    for name, value in ended.items():
        into[name] = into.get(name, 0.0) + value - begun[name]


def shares(work: dict[str, float]) -> dict[str, float]:
    """Percent of one core."""
    return {name: round(100 * value / work["clock"], 1) for name, value in work.items() if name != "clock"}


async def at_nothing(role: str, dist: Path, seconds: float, waits: Waits) -> None:
    """Keys and clicks in an empty page of the same browser, as large."""
    async with opened(role, dist, empty=True) as page:
        await page.page.evaluate("window.move()")
        await busy(page.page, at_an_empty_page, 2, Waits())
        await busy(page.page, at_an_empty_page, seconds, waits)


async def one_input(role: str, dist: Path, rate: float, seconds: float, rounds: int) -> Json:
    """Silence and flood in turns, an empty page before and after."""
    _, work, _, mark = ROLES[role]
    silent_work: dict[str, float] = {}
    flooded_work: dict[str, float] = {}
    empty, silent, flooded = Waits(), Waits(), Waits()
    floods: list[Json] = []
    await at_nothing(role, dist, seconds, empty)
    async with opened(role, dist) as page:
        await page.page.evaluate("window.move()")
        await busy(page.page, work, 2, Waits())
        await page.page.evaluate("(mark) => window.watch(mark)", mark)
        for number in range(rounds):
            for flood in (False, True) if number % 2 == 0 else (True, False):
                if not flood:
                    begun = await page.work()
                    await busy(page.page, work, seconds, silent)
                    spent(silent_work, begun, await page.work())
                    continue
                begun = await page.work()
                before = await page.received()
                sending = asyncio.ensure_future(page.flood(rate, int(rate * (seconds + 1))))
                await busy(page.page, work, seconds, flooded)
                spent(flooded_work, begun, await page.work())
                done = await sending
                floods.append(done | {"received": await page.received() - before})
        right, of = await shown_rightly(page, role)
        pictures = await page.page.evaluate("window.noted.pictures")
    await at_nothing(role, dist, seconds, empty)
    return {
        "role": role,
        "empty": empty.json(),
        "silent": silent.json(),
        "flooded": flooded.json(),
        "work": {"silent": shares(silent_work), "flooded": shares(flooded_work)},
        "events_a_second": round(sum(f["sent"] for f in floods) / sum(f["seconds"] for f in floods)),
        "received_of_sent": [sum(f["received"] - f["requested"] for f in floods), sum(f["sent"] for f in floods)],
        "shown_rightly": [right, of],
        "pictures": pictures,
        "goal_ms": GOAL,
        "met": max(flooded.json()[by]["p99"] for by in ("until_shown", "presented")) < GOAL and right == of,
    }


HEAP = ("JSHeapUsedSize", "Nodes", "JSEventListeners", "Documents", "LayoutObjects")


async def one_memory(role: str, dist: Path, count: int, calls: int) -> Json:
    """So many events in `POINTS` parts, and what the page keeps after each; a part more goes before, to warm up."""
    _, work, _, _ = ROLES[role]
    kept: list[dict[str, float]] = []
    seconds, sent, received = 0.0, 0, 0
    async with opened(role, dist) as page:
        for point in range(-1, POINTS):
            before = await page.received()
            done = await page.flood(1e9, count // POINTS, max(1, calls // POINTS))
            expected = done["sent"] + done["more"] + done["requested"]
            await page.page.wait_for_function("(all) => window.noted.received >= all", arg=before + expected, timeout=0)
            got = await page.received() - before
            await busy(page.page, work, 2, Waits())
            if point < 0:
                continue
            kept.append(await page.kept())
            seconds, sent, received = seconds + done["seconds"], sent + done["sent"], received + got
        right, of = await shown_rightly(page, role)
    heap = [each["JSHeapUsedSize"] for each in kept]
    slope, _ = statistics.linear_regression(range(POINTS), heap)
    return {
        "role": role,
        "events": sent,
        "events_a_second": round(sent / seconds),
        "calls": max(1, calls // POINTS) * POINTS,
        "heap_mb": [round(each / 1e6, 2) for each in heap],
        "last_to_first": round(heap[-1] / heap[0], 3),
        "slope_kb_for_all": round(slope * (POINTS - 1) / 1000, 1),
        **{name: [each[name] for each in kept] for name in HEAP[1:]},
        "shown_rightly": [right, of],
        "goal": GROWTH,
        "met": heap[-1] <= GROWTH * heap[0] and right == of,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", choices=("input", "memory"))
    arguments.add_argument("--role", choices=tuple(ROLES), action="append")
    arguments.add_argument("--dist", type=Path, default=DIST, help="another build of the page")
    arguments.add_argument("--rate", type=float, default=1000)
    arguments.add_argument("--seconds", type=float, default=20)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--events", type=int, default=3_600_000, help="memory: how many in all")
    arguments.add_argument("--calls", type=int, default=60, help="memory: own calls in all")
    arguments.add_argument("--json", type=Path)
    given = arguments.parse_args()
    missed = False
    for role in given.role or tuple(ROLES):
        began = load()
        if given.what == "memory":
            result = asyncio.run(one_memory(role, given.dist, given.events, given.calls))
        else:
            result = asyncio.run(one_input(role, given.dist, given.rate, given.seconds, given.rounds))
        tell(f"desk {given.what}", given.json, began=began, more=result)
        missed |= not result["met"]
    sys.exit(missed)


if __name__ == "__main__":
    main()
