"""The supervisors' page under 1,000 changes a second of calls and 150 agents: it goes on, and what it shows is so.

The server is the real one of the API, in a process of its own, with a call centre that changes as
`tests/bench/bench_live` has it: that measures how soon windows are notified, this looks at the page itself.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from playwright.async_api import Page, Route, expect

from tests.bench.bench_search import HOST, TOKEN, process
from tests.desk.stage import Stage

AGENTS, RATE, SECONDS = 150, 1000, 5
BOSS = "boss0"
MARKS_A_SECOND = 10
# Each number of callers of the queue "Marked" who are gone that the page has shown, one after the other.
NOTES = """
window.shown = [];
addEventListener("DOMContentLoaded", () =>
  new MutationObserver(() => {
    const rows = [...document.querySelectorAll(".supervisor tbody tr")];
    const row = rows.find((row) => row.textContent.includes("Marked"));
    const gone = row?.lastElementChild?.textContent.match(/\\((\\d+) of/)?.[1];
    if (gone !== undefined && gone !== window.shown.at(-1)) window.shown.push(gone);
  }).observe(document.documentElement, { subtree: true, childList: true, characterData: true }));
"""
# All rows of queues and groups: the name, and every number in the cells that are counts.
ROWS = """() => Object.fromEntries([...document.querySelectorAll(".supervisor tbody tr")].map((row) => {
  const cells = [...row.cells].map((cell) => [...cell.childNodes].filter((node) => node.className !== "title")
    .map((node) => node.textContent).join(" "));
  const counts = [2, 3, 5, 6, 7, 9, 10].map((at) => cells[at].match(/\\((\\d+) of (\\d+)\\)/)?.slice(1).map(Number)
    ?? (cells[at].trim() === "–" ? [0, 0] : [Number(cells[at])]));
  return [row.cells[0].firstChild.textContent.trim(), counts.flat()];
}))"""


@asynccontextmanager
async def supervision(stage: Stage, origin: str) -> AsyncIterator[Page]:
    """The page of a supervisor of that server; its files are those of the call centre under test."""
    context = await stage.browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 1400})
    try:
        page = await context.new_page()
        session = json.dumps({"token": TOKEN.format(agent=BOSS), "agent": BOSS})
        await page.add_init_script(f"localStorage.setItem('desk.session', {json.dumps(session)})")
        await page.add_init_script(NOTES)

        async def files(route: Route) -> None:
            path = urlsplit(route.request.url).path
            if path.startswith("/v1/"):
                await route.continue_()
            else:
                await route.fulfill(response=await route.fetch(url=f"{stage.origin}{path}", headers={}))

        await page.route("**/*", files)
        await page.goto(f"{origin}/#supervisor")
        await expect(page.get_by_role("table", name="Queues and groups")).to_be_visible()
        yield page
    finally:
        await context.close()


def row(live: dict[str, Any]) -> list[int]:
    """The counts of a queue or group as the API has them, in the order of the page."""
    shares = [live[name][part] for name in ("service_level", "abandoned") for part in ("numerator", "denominator")]
    return [
        *(live[name] for name in ("waiting", "callbacks", "available", "talking")),
        live["answered"]["numerator"],
        *shares,
    ]


async def test_under_1000_changes_a_second_of_150_agents_the_page_shows_figures_all_the_while_and_they_are_right(
    on_stage: Stage,
) -> None:
    async with process("tests.bench.bench_live", "ours", str(AGENTS), "1") as (server, port):
        origin = f"http://{HOST}:{port}"
        async with supervision(on_stage, origin) as page, aiohttp.ClientSession() as session:
            assert server.stdin is not None
            assert server.stdout is not None
            server.stdin.write(f"{RATE} {SECONDS}\n".encode())
            done = json.loads(await server.stdout.readline())
            assert done["done"] > 0.9 * RATE * SECONDS
            headers = {"Authorization": f"Bearer {TOKEN.format(agent=BOSS)}"}
            async with session.get(f"{origin}/v1/live", headers=headers) as answer:
                targets = (await answer.json())["targets"]
            wanted = {each["name"]: row(each) for each in targets}
            assert sum(counts[0] for counts in wanted.values()) > 1, "nobody waits"
            shown: dict[str, list[int]] = {}
            async with asyncio.timeout(10):
                while shown != wanted:
                    shown = await page.evaluate(ROWS)
            gone = [int(number) for number in await page.evaluate("window.shown")]
            assert gone == sorted(gone)
            assert gone[-1] == len(done["marks"]) - 1
            assert len(gone) > MARKS_A_SECOND * SECONDS / 5, "the page stood still"
