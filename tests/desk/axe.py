"""axe-core in a page: what people with a screen reader, a keyboard or weak eyes would stumble over."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from playwright.async_api import Page


@cache
def _script() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text()


async def findings(page: Page) -> list[str]:
    """Each rule that the page breaks, with the first places where."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_script())
    # Else axe lists every element that is right, which takes most of its time.
    found = (await page.evaluate("axe.run({resultTypes: ['violations']})"))["violations"]
    return [f"{each['id']}: {[node['html'][:200] for node in each['nodes'][:3]]}" for each in found]
