"""The page with more events and people than anybody can follow: it draws what the events came to, shows the newest in
the end, and comes to everybody."""

from __future__ import annotations

import random
from dataclasses import replace

from playwright.async_api import expect

from tests.desk.reported import crowd
from tests.desk.scenes import SCENES, overseen
from tests.desk.stage import Stage

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


async def test_of_many_events_a_supervisor_sees_what_they_came_to_in_few_pictures(on_stage: Stage) -> None:
    supervisor = next(scene for scene in SCENES if scene.name == "supervisor")
    dice = random.Random(1)
    people = {row["name"]: {k: v for k, v in row.items() if k not in ("calls", "groups")} for row in crowd(150)}
    events = []
    for _ in range(EVENTS):
        person = dice.choice(list(people.values()))
        person |= {"state": dice.choice(("ready", "on_call", "wrap_up")), "reason": None}
        events.append({"type": "agent.updated", "agent": dict(person)})
    flooded = replace(supervisor, events=(*supervisor.events, *events), before=COUNTS)
    async with on_stage.show(flooded, "en") as page:
        await page.set_viewport_size({"width": 1280, "height": 4000})
        rows = page.get_by_role("region", name="Agents").get_by_role("listitem")
        words = {"ready": "Ready", "on_call": "On a call", "wrap_up": "After-call work"}
        for name, person in people.items():
            if person["state"] in words:
                await expect(rows.and_(page.get_by_label(name, exact=True))).to_contain_text(words[person["state"]])
        goes = await page.evaluate("window.goes")
        took = goes[-1] - goes[0] if goes else 0.0  # on a busy machine all of it is in the first picture
        assert len(goes) <= 2 + took / PICTURE
        assert await page.evaluate("window.whole") == 0


async def test_a_supervisor_comes_to_each_of_500_people_and_the_keyboard_stays_where_it_was(on_stage: Stage) -> None:
    many = overseen("many", "/#supervisor", "supervisor", people=500)
    async with on_stage.show(many, "en") as page:
        rows = page.get_by_role("region", name="Agents").get_by_role("listitem")
        seen: set[int] = set()
        while 500 not in seen:
            # As a screen reader does: on to the last row that there is.
            await rows.evaluate_all("all => all.at(-1).scrollIntoView({ block: 'nearest' })")
            await expect(rows.last).not_to_have_attribute("aria-posinset", str(max(seen, default=0)))
            there = await rows.evaluate_all("all => all.map(row => [+row.ariaPosInSet, +row.ariaSetSize])")
            assert {size for _, size in there} == {500}
            seen |= {position for position, _ in there}
        assert seen == set(range(1, 501))
        assert await rows.count() < 300
        last = await rows.last.get_attribute("aria-label")
        await rows.last.get_by_role("button", name="Actions").focus()
        await page.evaluate("scrollTo(0, 0)")
        await expect(rows.first).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await expect(rows.and_(page.get_by_label(last or "", exact=True)).get_by_role("menuitem").first).to_be_focused()


async def test_nothing_moves_under_the_hand_that_filters_people(on_stage: Stage) -> None:
    """Whose window is at the end of a long page, which a filter makes short."""
    many = overseen("many", "/#supervisor", "supervisor", people=500)
    async with on_stage.show(many, "en") as page:
        people = page.get_by_role("region", name="Agents")
        text = people.get_by_role("searchbox")
        await text.evaluate("box => scrollTo(0, box.getBoundingClientRect().top + scrollY - 100)")
        before = await text.bounding_box()
        await text.fill("nobody of this name")
        await expect(people.get_by_role("status")).to_be_in_viewport()
        assert await text.bounding_box() == before
        await text.fill("Alice Martin 1")
        await expect(people.get_by_role("listitem").first).to_be_in_viewport()
        assert await text.bounding_box() == before
