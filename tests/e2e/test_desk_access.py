"""Everybody can read and use every screen: axe-core finds nothing on any of them, in both languages, light and dark."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
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


def _in_long_words_all_over(scene: Scene) -> Scene:
    return replace(scene, answers=_in_long_words(dict(scene.answers)), events=tuple(_in_long_words(scene.events)))


async def _looks(page: Page, language: str, *, dark: bool, width: int, height: int = 900) -> None:
    await page.emulate_media(color_scheme="dark" if dark else "light")
    await page.set_viewport_size({"width": width, "height": height})
    await page.evaluate(SWITCH, language)
    await page.locator(f"html[lang={language}]").wait_for()


type Size = tuple[int, int]
type Look = Callable[[Page, Size], Awaitable[list[str]]]


async def _wrong(on_stage: Stage, scene: Scene, *looks: tuple[Size, Look]) -> dict[str, list[str]]:
    """What is found wrong with a screen, by each who looks at it, at their size.

    To open a screen takes longer than to look at it, and what is where is said by style sheets: one that is open
    becomes larger and smaller. But what somebody does is done anew at each size: a menu opens where there is room.
    """
    found = {}
    for some in [looks] if scene.then is None else [[look] for look in looks]:
        width, height = some[0][0]
        async with on_stage.show(scene, "fr", width=width, height=height) as page:
            for (width, height), look in some:
                await _looks(page, "fr", dark=False, width=width, height=height)
                found[f"{scene.name}, {width} by {height}"] = await look(page, (width, height))
    return {where: wrong for where, wrong in found.items() if wrong}


async def _too_wide(page: Page, width: int) -> list[str]:
    wide = await page.evaluate("document.documentElement.scrollWidth")
    sideways = [f"scrolls sideways: {what}" for what in await page.evaluate(SIDEWAYS)]
    return [f"is {wide} pixels wide", *sideways] if wide > width else sideways


async def _readable(page: Page, _: Size) -> list[str]:
    wrong = []
    for language, dark, width in (("fr", False, WIDE), ("fr", True, NARROW), ("en", True, WIDE), ("en", False, NARROW)):
        await _looks(page, language, dark=dark, width=width)
        there = await findings(page)
        there += await _too_wide(page, width)
        there += [f"has a sign alone: {what}" for what in await page.evaluate(UNEXPLAINED)]
        wrong += [f"{language}, {'dark' if dark else 'light'}, {width}: {what}" for what in there]
    return wrong


async def _seen_by_keyboard(page: Page, _: Size) -> list[str]:
    unseen: list[str] = await page.evaluate(UNSEEN)
    return unseen


async def _room_for_long_words(page: Page, size: Size) -> list[str]:
    wrong = [f"out of reach: {what}" for what in await page.evaluate(UNSEEN)]
    wrong += await _too_wide(page, size[0])
    return wrong + [f"is squeezed: {what}" for what in await page.evaluate(SQUEEZED)]


# One test with all screens would be waited for by all others.
some_scenes = pytest.mark.parametrize(
    "scenes", [*batched(SCENES, 6, strict=False)], ids=lambda scenes: "+".join(scene.name for scene in scenes)
)


@some_scenes
async def test_everybody_can_read_a_screen_and_sees_where_they_are_by_keyboard_and_no_small_window_is_too_narrow(
    on_stage: Stage, scenes: Sequence[Scene]
) -> None:
    """320 by 256 CSS pixels are a screen of 1280 by 1024 at 400 %."""
    looks = ((WIDE, 900), _readable), ((WIDE, 720), _seen_by_keyboard), ((NARROW, 256), _seen_by_keyboard)
    wrong = [await _wrong(on_stage, scene, *looks) for scene in scenes]
    assert not any(wrong), wrong


@some_scenes
async def test_no_word_from_outside_is_so_long_that_a_screen_is_wider_or_a_button_out_of_reach(
    on_stage: Stage, scenes: Sequence[Scene]
) -> None:
    looks = ((WIDE, 900), _room_for_long_words), ((400, 900), _room_for_long_words)
    wrong = [await _wrong(on_stage, _in_long_words_all_over(scene), *looks) for scene in scenes]
    assert not any(wrong), wrong
