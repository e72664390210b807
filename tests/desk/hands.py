"""Hands at the page under load: they type and click without a pause, and what they waited for is noted.

Measured is what the browser itself reports of each key and click (Event Timing): from the moment at which the system
had it until the next picture was on the screen, in steps of 8 ms; and of that, how long it waited for its turn and how
long the page worked on it. What was shorter than 16 ms is not noted one by one, and counts as 16. Beside it stands what
the compositor says (`latency`).
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Page

from tests.desk.latency import compositor
from tests.desk.stage import Json

LEAST = 16.0
# Seconds from one key or click to the next: who types ten a second types fast.
PAUSE = 0.1
NAME = "mar"
# How many are shown one by one.
SLOWEST = 6
WHERE = """(selector) => {
  const thing = document.querySelector(selector);
  const middle = () => {
    const { x, y, width, height } = thing.getBoundingClientRect();
    return [x + width / 2, y + height / 2];
  };
  const seen = () => thing.contains(document.elementFromPoint(...middle()));
  if (!seen()) thing.scrollIntoView({ block: "center" });
  if (!seen()) throw new Error(`${selector} is covered`);
  return middle();
}"""
# Before the page's own scripts: counts what the socket brings, and has the browser report every key and click.
NOTES = """
(() => {
  const kinds = new Set(["keydown", "keyup", "pointerdown", "pointerup", "click"]);
  window.noted = { received: 0, entries: [], pictures: 0 };
  const Original = window.WebSocket;
  window.WebSocket = class extends Original {
    constructor(...how) {
      super(...how);
      this.addEventListener("message", () => (window.noted.received += 1));
    }
  };
  new PerformanceObserver((list) => {
    for (const { name, duration, startTime, processingStart, processingEnd, target } of list.getEntries())
      if (kinds.has(name))
        window.noted.entries.push([
          duration, processingStart - startTime, processingEnd - processingStart, `${name} ${target?.className}`,
        ]);
  }).observe({ type: "event", durationThreshold: 16, buffered: true });
  window.counted = () => {
    let sum = 0;
    for (const [kind, count] of performance.eventCounts) if (kinds.has(kind)) sum += count;
    return sum;
  };
  // How often the page shows another figure.
  window.watch = (selector) => {
    let last = "";
    const look = () => {
      const text = document.querySelector(selector)?.textContent ?? "";
      if (text !== last) window.noted.pictures += 1;
      last = text;
    };
    const around = document.querySelector(selector).closest("table, dl");
    new MutationObserver(look).observe(around, { characterData: true, childList: true, subtree: true });
  };
  // Something that moves, two pixels in a corner, and is no work for the page: each key and click has a picture then in
  // which it is shown. Otherwise one that changes nothing would be put together with whatever changes next.
  window.move = () => {
    const dot = document.createElement("div");
    dot.style.cssText = "position: fixed; inset: auto 0 0 auto; padding: 1px; background: gray; pointer-events: none";
    document.body.append(dot);
    const there = { transform: "translateX(-2px)" };
    dot.animate([{ transform: "none" }, there], { duration: 200, iterations: Infinity, direction: "alternate" });
  };
})();
"""


@dataclass
class Waits:
    """Of keys and clicks, in ms: until the picture, how long each waited and was worked on; and the slowest.

    `presented`: until the picture, by the compositor.
    """

    count: int = 0
    until_shown: list[float] = field(default_factory=list)
    presented: list[float] = field(default_factory=list)
    delay: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    slow: list[tuple[float, str]] = field(default_factory=list)

    def add(self, count: int, entries: list[tuple[float, float, float, str]]) -> None:
        """Of `count` events the browser noted these."""
        self.count += count
        quick = [LEAST] * max(0, count - len(entries))
        self.until_shown += [entry[0] for entry in entries] + quick
        self.delay += [entry[1] for entry in entries]
        self.work += [entry[2] for entry in entries]
        self.slow = sorted([*self.slow, *((entry[0], entry[3]) for entry in entries)], reverse=True)[:SLOWEST]

    def json(self) -> Json:
        """For programs."""
        return {
            "count": self.count,
            "until_shown": percentiles(self.until_shown),
            "presented": {"count": len(self.presented), **percentiles(self.presented)},
            "delay": percentiles(self.delay),
            "work": percentiles(self.work),
            "slowest": self.slow,
        }


def percentiles(values: list[float]) -> dict[str, float]:
    """p50, p99 and the worst."""
    if not values:
        return {"p50": 0.0, "p99": 0.0, "worst": 0.0}
    ordered = sorted(values)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return {"p50": round(statistics.median(ordered), 1), "p99": round(p99, 1), "worst": round(ordered[-1], 1)}


class Hands:
    """Quick ones: a key or a click each `PAUSE`, whether the last has been answered or not."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._next = time.monotonic()

    async def _wait(self) -> None:
        self._next = max(self._next + PAUSE, time.monotonic())
        await asyncio.sleep(self._next - time.monotonic())

    async def click(self, selector: str) -> None:
        """Where it is now, without waiting until it stands still."""
        await self._wait()
        x, y = await self._page.evaluate(WHERE, selector)
        await self._page.mouse.click(x, y)

    async def press(self, *keys: str) -> None:
        """One after the other."""
        for key in keys:
            await self._wait()
            await self._page.keyboard.press(key)


async def at_the_desk(hands: Hands) -> None:
    """Search for somebody, look what can be done, give it up; hold the call."""
    await hands.click("#team-search")
    await hands.press(*NAME, *["Backspace"] * len(NAME))
    await hands.click(".targets button[aria-haspopup=menu]")
    await hands.press("ArrowDown", "Escape")
    await hands.click(".interaction .actions button")
    await hands.click(".parties button[aria-haspopup=menu]")
    await hands.press("Escape")


async def at_an_empty_page(hands: Hands) -> None:
    """As many keys and clicks where there is nothing that could be slow."""
    await hands.click("input")
    await hands.press(*NAME, *["Backspace"] * len(NAME))
    for _ in range(3):
        await hands.click("button")
    await hands.press("ArrowDown", "Escape")


async def at_supervision(hands: Hands) -> None:
    """Filter people by name and by state, open one's menu, look at a call."""
    await hands.click(".filters input")
    await hands.press(*NAME, *["Backspace"] * len(NAME))
    await hands.click(".tally button")
    await hands.click(".tally button")
    await hands.click(".people li:not([hidden]) button[aria-haspopup=menu]")
    await hands.press("ArrowDown", "Escape")


@asynccontextmanager
async def noting(page: Page, waits: Waits) -> AsyncIterator[None]:
    """Note of all that is typed and clicked in here how long it took."""
    await page.evaluate("window.noted.entries = []")
    before = await page.evaluate("window.counted()")
    async with compositor(page, waits.presented):
        yield
    await page.evaluate("new Promise((done) => setTimeout(done, 300))")  # the browser tells a little later
    count = await page.evaluate("window.counted()") - before
    waits.add(count, await page.evaluate("window.noted.entries"))


async def busy(page: Page, work: Callable[[Hands], Awaitable[None]], seconds: float, waits: Waits) -> None:
    """Type and click for so long."""
    hands = Hands(page)
    ends = time.monotonic() + seconds
    async with noting(page, waits):
        while time.monotonic() < ends:
            await work(hands)
