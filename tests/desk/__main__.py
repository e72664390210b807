"""Pictures of the page: `python -m tests.desk DIRECTORY [scene…]`, at three widths, light and dark, in both languages;
`python -m tests.desk` alone: those that the documents show, into docs/pictures.

The page must have been built (`npm run build` in ari_app/desk).
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from tests.desk.scenes import SCENES
from tests.desk.stage import Language, stage

# (width, dark, language): each of them once, not all with all.
LOOKS: tuple[tuple[int, bool, Language], ...] = (
    (1280, False, "fr"),
    (1920, True, "en"),
    (400, False, "fr"),
    (400, True, "en"),
)


MOST = 4000
"""Pixels from top to bottom of a picture: of hundreds of people the first are enough."""
SHOWN = ("ringing", "conference", "consultation", "day", "supervisor", "admin")
PICTURES = Path(__file__).parents[2] / "docs" / "pictures"


async def draw_shown() -> None:
    """Draw what the documents show."""
    PICTURES.mkdir(exist_ok=True)
    async with stage() as opened:
        for scene in SCENES:
            if scene.name in SHOWN:
                async with opened.show(scene, "en") as page:
                    await page.screenshot(path=PICTURES / f"{scene.name}.png")


async def draw(directory: Path, wanted: list[str]) -> None:
    """Draw all scenes, or those that are wanted."""
    async with stage() as opened:
        for scene in SCENES:
            if wanted and scene.name not in wanted:
                continue
            for width, dark, language in LOOKS:
                async with opened.show(scene, language, width=width, dark=dark) as page:
                    look = f"{scene.name}-{width}-{language}{'-dark' if dark else ''}"
                    if width < 1000:
                        # All of it in view: what is not is not drawn.
                        height = await page.evaluate("document.documentElement.scrollHeight")
                        await page.set_viewport_size({"width": width, "height": min(height, MOST)})
                    await page.screenshot(path=directory / f"{look}.png")


if __name__ == "__main__":
    asyncio.run(draw(Path(sys.argv[1]), sys.argv[2:]) if len(sys.argv) > 1 else draw_shown())
