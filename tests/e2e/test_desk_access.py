"""Everybody can read and use every screen: axe-core finds nothing on any of them, in both languages, light and dark."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.desk.axe import findings
from tests.desk.scenes import SCENES
from tests.desk.stage import Scene, Stage, stage
from tests.e2e.stack import Stack


@pytest.fixture
async def on_stage(stack: Stack) -> AsyncIterator[Stage]:
    async with stage(stack.api) as opened:
        yield opened


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_everybody_can_read_a_screen_and_nothing_is_wider_than_a_small_window(
    on_stage: Stage, scene: Scene
) -> None:
    async with on_stage.show(scene, "fr") as page:
        assert await findings(page) == []
    # 320 CSS pixels are 1280 at 400 %, and more than what 200 % leaves of any screen.
    async with on_stage.show(scene, "en", dark=True, width=320) as page:
        assert await findings(page) == []
        assert await page.evaluate("document.documentElement.scrollWidth") <= 320
