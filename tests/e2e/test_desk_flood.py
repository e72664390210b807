"""The page under more events than anybody can follow: it draws what they came to, and shows the newest in the end."""

from __future__ import annotations

import random
from dataclasses import replace

from playwright.async_api import expect

from tests.desk.reported import crowd
from tests.desk.scenes import SCENES
from tests.desk.stage import stage
from tests.e2e.stack import Stack

EVENTS = 1500
PICTURE = 100
"""Milliseconds from one picture to the next, at least (`ari_app/desk/src/core/pictures.ts`)."""
# When states in the list of people changed; and whether anything of the document itself was
# set, which has the browser work out the style of every element again.
COUNTS = """
window.goes = []; window.whole = 0;
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(() => {
    const list = document.querySelector(".people");
    if (list === null || list.dataset.watched) return;
    list.dataset.watched = "yes";
    new MutationObserver(() => window.goes.push(performance.now())).observe(
      list, { subtree: true, attributes: true, attributeFilter: ["class"] });
    new MutationObserver((all) => (window.whole += all.length)).observe(document.documentElement, { attributes: true });
  }).observe(document.body, { subtree: true, childList: true });
});
"""


async def test_of_many_events_a_supervisor_sees_what_they_came_to_in_few_pictures(stack: Stack) -> None:
    supervisor = next(scene for scene in SCENES if scene.name == "supervisor")
    dice = random.Random(1)
    people = {row["name"]: {k: v for k, v in row.items() if k not in ("calls", "groups")} for row in crowd(150)}
    events = []
    for _ in range(EVENTS):
        person = dice.choice(list(people.values()))
        person |= {"state": dice.choice(("ready", "on_call", "wrap_up")), "reason": None}
        events.append({"type": "agent.updated", "agent": dict(person)})
    flooded = replace(supervisor, events=(*supervisor.events, *events), before=COUNTS)
    async with stage(stack.api) as opened, opened.show(flooded, "en") as page:
        rows = page.get_by_role("region", name="Agents").get_by_role("listitem")
        words = {"ready": "Ready", "on_call": "On a call", "wrap_up": "After-call work"}
        for name, person in people.items():
            if person["state"] in words:
                await expect(rows.and_(page.get_by_label(name, exact=True))).to_contain_text(words[person["state"]])
        goes = await page.evaluate("window.goes")
        assert len(goes) <= 2 + (goes[-1] - goes[0]) / PICTURE
        assert await page.evaluate("window.whole") == 0
