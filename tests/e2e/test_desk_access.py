"""Everybody can read and use every screen: axe-core finds nothing on any of them, in both languages, light and dark."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.desk.axe import findings
from tests.desk.scenes import SCENES
from tests.desk.stage import Language, Scene, Stage, stage
from tests.e2e.stack import Stack


@pytest.fixture
async def on_stage(stack: Stack) -> AsyncIterator[Stage]:
    async with stage(stack.api) as opened:
        yield opened


async def findings_on(opened: Stage, scene: Scene, language: Language, *, dark: bool, width: int) -> list[str]:
    async with opened.show(scene, language, dark=dark, width=width) as page:
        return await findings(page)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_axe_finds_nothing_on_a_screen(on_stage: Stage, scene: Scene) -> None:
    assert await findings_on(on_stage, scene, "fr", dark=False, width=1280) == []
    assert await findings_on(on_stage, scene, "en", dark=True, width=400) == []


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_nothing_is_wider_than_a_small_window(on_stage: Stage, scene: Scene) -> None:
    # 320 CSS pixels are 1280 at 400 %, and more than what 200 % leaves of any screen.
    async with on_stage.show(scene, "fr", width=320) as page:
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320
