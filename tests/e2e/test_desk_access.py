"""Everybody can read and use every screen: axe-core finds nothing on any of them, in both languages, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import batched
from typing import Any

import pytest
from playwright.async_api import Page

from tests.desk.axe import findings
from tests.desk.scenes import SCENES
from tests.desk.stage import Scene, Stage

# Of English and French, light and dark, wide and narrow: every two of them together, once. 320 CSS pixels are 1280 at
# 400 %, and more than what 200 % leaves of any screen.
WIDE, NARROW = 1280, 320
SWITCH = """language => {
  if (document.documentElement.lang === language) return;
  // As the button does, also where a dialog is before it.
  document.querySelector(`button[lang=${language}]`).click();
}"""


# Parts of the page that would have to be scrolled from side to side (WCAG 1.4.10), text boxes apart.
SIDEWAYS = """[...document.querySelectorAll("body *:not(input, textarea)")].filter(
  each => /auto|scroll/.test(getComputedStyle(each).overflowX) && each.scrollWidth > each.clientWidth
).map(each => each.outerHTML.slice(0, 100))"""
# Buttons with a sign in place of words, which neither a pointer nor a screen reader finds explained.
UNEXPLAINED = r"""[...document.querySelectorAll("button")].filter(
  each => !/[\p{L}\p{N}*#]/u.test(each.textContent) && !(each.title && each.ariaLabel)
).map(each => each.outerHTML.slice(0, 200))"""

# What somebody who goes through the page by keyboard does not see while it has the keyboard: is not in the window, or
# under something else (WCAG 1.4.10, 2.4.11). Of text boxes the corners too, as there one reads what one types.
UNSEEN = """() => {
  const at = [...document.querySelectorAll("dialog[open], :popover-open")].at(-1) ?? document.body;
  const seen = (each, x, y) => {
    const there = document.elementFromPoint(x, y);
    return each.contains(there) || there?.closest("label")?.contains(each) === true;
  };
  const wrong = [];
  for (const each of at.querySelectorAll("a, button, input, select, textarea, summary")) {
    if (each.disabled || !each.checkVisibility({ visibilityProperty: true })) continue;
    each.focus();
    const { left, right, top, bottom } = each.getBoundingClientRect();
    const places = [[(left + right) / 2, (top + bottom) / 2]];
    if (each.matches("input:not([type=radio]), select, textarea"))
      for (const x of [left + 4, right - 4]) for (const y of [top + 4, bottom - 4]) places.push([x, y]);
    const lost = document.activeElement !== each ? ["without the keyboard"] : [];
    const hidden = places.filter(([x, y]) => !seen(each, x, y)).map(
      ([x, y]) => `at ${x}, ${y} under ${document.elementFromPoint(x, y)?.outerHTML.slice(0, 60)}`);
    if (lost.length || hidden.length) wrong.push(`${each.outerHTML.slice(0, 120)} ${[...lost, ...hidden].join("; ")}`);
  }
  return wrong;
}"""


# Buttons with words of the page's own that are broken within a word: as high as three lines, and narrow.
SQUEEZED = """[...document.querySelectorAll("button")].filter(
  each => each.checkVisibility() && each.offsetWidth < 40 && each.offsetHeight > 60
).map(each => each.outerHTML.slice(0, 120))"""
# What the server tells that others have chosen: names, labels, queues, attached data, what a fault says.
OUTSIDE = {"name", "label", "queue", "message", "field"}
WORD = "Wolfeschlegelsteinhausenbergerdorff" * 6


def _in_long_words(shown: Any, key: str = "") -> Any:
    """The same with a word of 200 characters for every text that comes from outside."""
    if isinstance(shown, dict):
        if key == "user_data":
            return {WORD[: 60 * number]: WORD[:200] for number in (1, 3)}
        return {each: _in_long_words(value, each) for each, value in shown.items()}
    if isinstance(shown, list | tuple):
        return [_in_long_words(each, key) for each in shown]
    # A number that was typed is found by itself.
    return WORD[:200] if key in OUTSIDE and isinstance(shown, str) and shown and not shown.startswith("+") else shown


async def _looks(page: Page, language: str, *, dark: bool, width: int) -> None:
    await page.emulate_media(color_scheme="dark" if dark else "light")
    await page.set_viewport_size({"width": width, "height": 900})
    await page.evaluate(SWITCH, language)
    await page.locator(f"html[lang={language}]").wait_for()


# A browser takes as long to start as a screen to be looked at: it shows several.
@pytest.mark.parametrize(
    "scenes", [*batched(SCENES, 6, strict=False)], ids=lambda scenes: "+".join(scene.name for scene in scenes)
)
async def test_everybody_can_read_a_screen_and_nothing_is_wider_than_a_small_window(
    on_stage: Stage, scenes: Sequence[Scene]
) -> None:
    found: dict[str, list[str]] = {}
    for scene in scenes:
        async with on_stage.show(scene, "fr") as page:
            for language, dark, width in (
                ("fr", False, WIDE),
                ("fr", True, NARROW),
                ("en", True, WIDE),
                ("en", False, NARROW),
            ):
                await _looks(page, language, dark=dark, width=width)
                wrong = await findings(page)
                if (wide := await page.evaluate("document.documentElement.scrollWidth")) > width:
                    wrong.append(f"is {wide} pixels wide")
                wrong += [f"scrolls sideways: {what}" for what in await page.evaluate(SIDEWAYS)]
                wrong += [f"has a sign alone: {what}" for what in await page.evaluate(UNEXPLAINED)]
                found[f"{scene.name}, {language}, {'dark' if dark else 'light'}, {width}"] = wrong
    assert not any(found.values()), {look: wrong for look, wrong in found.items() if wrong}


@pytest.mark.parametrize("size", [(320, 256), (1280, 720)], ids=("400 %", "wide"))
async def test_whoever_goes_through_a_screen_by_keyboard_sees_where_they_are(
    on_stage: Stage, size: tuple[int, int]
) -> None:
    """320 by 256 CSS pixels are a screen of 1280 by 1024 at 400 %."""
    unseen: dict[str, list[str]] = {}
    for scene in SCENES:
        async with on_stage.show(scene, "fr", width=size[0], height=size[1]) as page:
            unseen[scene.name] = await page.evaluate(UNSEEN)
    assert not any(unseen.values()), {name: found for name, found in unseen.items() if found}


@pytest.mark.parametrize("width", [400, 1280])
async def test_no_word_from_outside_is_so_long_that_a_screen_is_wider_or_a_button_out_of_reach(
    on_stage: Stage, width: int
) -> None:
    found: dict[str, list[str]] = {}
    for scene in SCENES:
        wordy = replace(scene, answers=_in_long_words(dict(scene.answers)), events=tuple(_in_long_words(scene.events)))
        async with on_stage.show(wordy, "fr", width=width) as page:
            wrong = [f"out of reach: {what}" for what in await page.evaluate(UNSEEN)]
            if (wide := await page.evaluate("document.documentElement.scrollWidth")) > width:
                wrong.append(f"is {wide} pixels wide")
            wrong += [f"scrolls sideways: {what}" for what in await page.evaluate(SIDEWAYS)]
            wrong += [f"is squeezed: {what}" for what in await page.evaluate(SQUEEZED)]
            found[scene.name] = wrong
    assert not any(found.values()), {name: wrong for name, wrong in found.items() if wrong}
