"""The desk in a browser: its phone lost in mid-call, in each way in which that happens, and what a first visit costs.

    docker/bench desk     or, with the CC_* of `tests/e2e/stack.py`:     python -m tests.bench.bench_desk

An agent with the phone in the page talks to a contact. In `--rounds` rounds the page is loaded again; in a quarter as
many each its tab is closed, or killed, the phone's socket closes, a second window takes the phone over, the browser
freezes the tab. Times, in milliseconds:

* music: from the loss until the first frame of it that the contact hears; there is none in rounds in which the two
  talked again before;
* talk: from when the page is there again (loaded, or never gone) until each has heard the other. The page's ear looks
  back over 0.17 s, so this is rather too long;
* silence: the longest that the contact heard nothing, from the loss on.

A first visit is that of a browser that has never been there: each has a profile of its own. Bytes are those that come
over the wire, with the headers.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import CDPSession, expect

from tests.bench.figures import load, parser, progress, summary, tell
from tests.bots import Lab
from tests.e2e.away import (
    Loses,
    Talk,
    freezes,
    is_closed,
    is_killed,
    is_loaded_again,
    is_reachable,
    is_taken_over,
    loses_its_socket,
    talking,
    with_the_phone,
)
from tests.e2e.browser import DeskPage, Desks
from tests.e2e.chromium import browsers
from tests.e2e.office import Office
from tests.e2e.stack import Stack

FROZEN_SECONDS = 3.0
MUSIC, TALK, SILENCE = "music", "talk", "silence"
# What is wanted, in milliseconds, in the worst round.
GOALS = {MUSIC: 500.0, TALK: 2000.0, SILENCE: 500.0}
WAYS: dict[str, Loses] = {
    "loaded again": is_loaded_again,
    "tab closed": is_closed,
    "tab killed": is_killed,
    "socket closed": loses_its_socket,
    "second window": is_taken_over,
}


@dataclass
class Times:
    """Milliseconds of one kind, and the most that is wanted."""

    of: str
    what: str
    goal: float | None = None
    values: list[float] = field(default_factory=list)

    def add(self, seconds: float) -> None:
        self.values.append(seconds * 1000)

    @property
    def row(self) -> str:
        """For people."""
        if not self.values:
            return f"{self.of:16}{self.what:28}   0"
        shown = summary(self.values)
        goal = "" if self.goal is None else f"{self.goal:7.0f}  {'met' if shown['max'] <= self.goal else 'MISSED'}"
        return f"{self.of:16}{self.what:28}{len(self.values):4}{shown['median']:9.0f}{shown['max']:9.0f}{goal}"

    def json(self) -> dict[str, object]:
        """For programs."""
        return {
            "of": self.of,
            "what": self.what,
            "n": len(self.values),
            "goal": self.goal,
            **(summary(self.values) if self.values else {}),
        }


class Visit:
    """A browser that has never been there: what it loads."""

    def __init__(self) -> None:
        self.bytes = 0

    def watch(self, tools: CDPSession) -> None:
        """Count what comes."""
        tools.on("Network.loadingFinished", self._loaded)

    def _loaded(self, event: dict[str, Any]) -> None:
        self.bytes += int(event["encodedDataLength"])


async def first_visit(desks: Desks, shown: Times, ready: Times) -> int:
    """A new browser opens the address, and an agent logs in and is ready; bytes until then."""
    browser = await desks.browsers.start()
    page, visit = DeskPage(await browser.new_page(locale="fr-FR"), "fr"), Visit()
    tools = await page.page.context.new_cdp_session(page.page)
    visit.watch(tools)
    await tools.send("Network.enable")
    began = time.monotonic()
    await page.page.goto(f"{desks.stack.api}/")
    await expect(page.page.get_by_role("button", name=page.say("log_in"))).to_be_visible()
    shown.add(time.monotonic() - began)
    began = time.monotonic()
    await page.log_in("alice")
    await is_reachable(page)
    await page.goes_ready()
    ready.add(time.monotonic() - began)
    await browser.close()
    return visit.bytes


async def rounds_of(way: Loses, talk: Talk, rounds: int, kinds: dict[str, Times], done: Callable[[], None]) -> None:
    """Lose the page in one way, again and again."""
    for _ in range(rounds):
        absence = await talk.without(way)
        if absence.music is not None:
            kinds[MUSIC].add(absence.music)
        kinds[TALK].add(absence.talk)
        kinds[SILENCE].add(absence.silence)
        done()


async def in_mid_call(office: Office, page: DeskPage, rounds: int) -> list[Times]:
    """All ways, in one call."""
    talk = await talking(office, page, await office.caller())
    few = max(1, rounds // 4)
    numbers = dict.fromkeys(WAYS, few) | {"loaded again": rounds}
    passed, total = 0, sum(numbers.values()) + few

    def done() -> None:
        nonlocal passed
        passed += 1
        progress(passed, total)

    found: list[Times] = []
    for name, way in WAYS.items():
        kinds = {what: Times(name, what, goal) for what, goal in GOALS.items()}
        found += kinds.values()
        await rounds_of(way, talk, numbers[name], kinds, done)
    silence, shown = Times("tab frozen", SILENCE, GOALS[SILENCE]), Times("tab frozen", "shows what came", 1000.0)
    for round_ in range(few):
        frozen = await freezes(office, talk, f"round {round_}", FROZEN_SECONDS)
        silence.add(frozen.silence)
        shown.add(frozen.shown)
        done()
    talk.caller.hangup()
    await talk.caller.ended()
    return [*found, silence, shown]


async def run(stack: Stack, rounds: int, file: Path | None) -> None:
    began = load()
    lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=8)
    office = Office(lab, stack, {})
    async with browsers() as opened:
        desks = Desks(stack, opened)
        try:
            alice = await office.agent("alice", ready=False)
            page = await with_the_phone(desks, "alice")
            found = await in_mid_call(office, page, rounds)
            await page.page.context.close()
            visits = Times("first visit", "log-in is shown"), Times("first visit", "logged in, can be called")
            sizes = [await first_visit(desks, *visits) for _ in range(max(1, rounds // 4))]
            await alice.command("PUT", "/v1/me/phone", {"device": "desk"})
        finally:
            await desks.close()
            await office.close()
    print(f"{'':16}{'ms':28}{'n':>4}{'median':>9}{'worst':>9}{'goal':>7}")
    print("\n".join(times.row for times in (*found, *visits)))
    print(f"first visit: {max(sizes)} bytes over the wire until the agent can be called")
    said = {"bytes": max(sizes), "times": [each.json() for each in (*found, *visits)]}
    tell("desk", file, began=began, more=said)


def main() -> None:
    given = parser(__doc__, 20).parse_args()
    asyncio.run(run(Stack.from_environment(), given.rounds, given.json))


if __name__ == "__main__":
    main()
