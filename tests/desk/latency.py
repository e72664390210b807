"""Until a key or click was on the screen, by the compositor: not rounded, beside what the page is given.

It is noted from the input on, through each stage, until the picture with it has been handed to the screen.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page

from tests.desk.stage import Json

# That of EventLatency, with little else in it: what is noted costs the browser hardly anything.
CATEGORY = "input.scrolling"
# What changes a page. A key that goes up mostly changes nothing, and so has no picture of its own.
PRESSES = {"KEY_PRESSED", "MOUSE_PRESSED", "MOUSE_RELEASED"}
SHOWN = "SubmitCompositorFrameToPresentationCompositorFrame"


@asynccontextmanager
async def compositor(page: Page, into: list[float]) -> AsyncIterator[None]:
    """Add the milliseconds of each press in here that has changed the picture."""
    browser = page.context.browser
    assert browser is not None
    await browser.start_tracing(page=page, categories=[CATEGORY])
    yield
    into += until_shown(json.loads(await browser.stop_tracing())["traceEvents"])


def until_shown(events: list[Json]) -> list[float]:
    """Milliseconds of each press, in the order in which they were shown."""
    found: list[float] = []
    begun: dict[str, Json] = {}
    shown: set[str] = set()
    for event in sorted((each for each in events if each["ph"] in "be"), key=lambda each: float(each["ts"])):
        which = f"{event['pid']} {event.get('id2', event.get('id'))}"
        if event["name"] == SHOWN:
            shown.add(which)
        elif event["name"] == "EventLatency" and event["ph"] == "b":
            begun[which] = event
        elif event["name"] == "EventLatency" and which in begun:
            began = begun.pop(which)
            if which in shown and began["args"]["event_latency"]["event_type"] in PRESSES:
                found.append((event["ts"] - began["ts"]) / 1000)
            shown.discard(which)
    return found
