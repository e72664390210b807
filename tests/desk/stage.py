"""The built page (`ari_app/desk/dist`) in a browser, with the server played by a scene: no network, no Asterisk.

For what needs no call to be seen: how a page looks at any size, and whether everybody can read it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Route, WebSocketRoute, async_playwright

DIST = Path(__file__).parents[2] / "ari_app" / "desk" / "dist"
CHROMIUM = "/usr/bin/chromium"
ORIGIN = "http://127.0.0.1:8080"
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

type Json = dict[str, Any]
type Language = Literal["fr", "en"]


@dataclass(frozen=True)
class Refusal:
    """What the server answers where it refuses."""

    status: int
    code: str

    @property
    def problem(self) -> Json:
        """As the API has it."""
        return {"code": self.code, "detail": "", "status": self.status, "title": "", "type": ""}


@dataclass(frozen=True)
class Scene:
    """What the server answers: JSON or a `Refusal` by path, and the events after the snapshot. A page that requests
    anything else fails the test. `path` is the page that is opened.

    `shows`: selectors of what is to be seen once the page has taken all of it in; `before`: a script that the page runs
    first; `then`: what somebody does.
    """

    name: str
    answers: Mapping[str, object]
    events: tuple[Json, ...] = ()
    logged_in: bool = True
    path: str = "/"
    shows: tuple[str, ...] = ()
    before: str = ""
    then: Callable[[Page], Any] | None = field(default=None, compare=False)


@dataclass
class Stage:
    """A browser. `origin` is who serves the page's files; None: this machine's own build does.

    `address`: what the browser takes for the page's origin, where that is another. `kept`: for each language what
    windows have in common.
    """

    browser: Browser
    origin: str | None = None
    address: str | None = None
    kept: dict[Language, BrowserContext] = field(default_factory=dict)

    async def close(self) -> None:
        """All windows."""
        for context in self.kept.values():
            await context.close()

    async def _window(self, language: Language) -> Page:
        """A new one, in which nothing is stored.

        An empty window stays open beside it, whose process is the next one's too and knows the page's scripts then: to
        open a screen takes half of what it does in a process of its own.
        """
        if language not in self.kept:
            locale = {"fr": "fr-FR", "en": "en-GB"}[language]
            context = self.kept[language] = await self.browser.new_context(locale=locale, reduced_motion="reduce")
            context.set_default_timeout(5000)
            await context.new_page()
        return await self.kept[language].new_page()

    @asynccontextmanager
    async def show(
        self, scene: Scene, language: Language = "fr", *, width: int = 1280, height: int = 900, dark: bool = False
    ) -> AsyncIterator[Page]:
        """The page as the scene has it."""
        page = await self._window(language)
        await page.set_viewport_size({"width": width, "height": height})
        await page.emulate_media(color_scheme="dark" if dark else "light")
        if scene.logged_in:
            session = json.dumps({"token": "t", "agent": "alice"})
            await page.add_init_script(f"localStorage.setItem('desk.session', {json.dumps(session)})")

        if scene.before:
            await page.add_init_script(scene.before)

        missing: set[str] = set()

        async def answer(route: Route) -> None:
            await _answer(route, scene, self.origin, missing)

        def connected(socket: WebSocketRoute) -> None:
            for number, event in enumerate(scene.events, start=1):
                socket.send(json.dumps({"seq": number, "at": "2026-11-28T12:00:00.000Z", **event}))

        await page.route("**/*", answer)
        await page.route_web_socket("**/v1/events*", connected)
        with _nothing_missing(scene, missing):
            await page.goto(f"{self.address or self.origin or ORIGIN}{scene.path}")
            for selector in ("main", *scene.shows):
                await page.locator(selector).first.wait_for()
            if scene.then is not None:
                await scene.then(page)
            yield page
            await page.evaluate("localStorage.clear()")
            await page.close()


@contextmanager
def _nothing_missing(scene: Scene, missing: set[str]) -> Iterator[None]:
    """What the page requested, and the scene has no answer for, is named, also where that made something else fail."""
    try:
        yield
    except Exception as error:
        if missing:
            error.add_note(_unanswered(scene, missing))
        raise
    assert not missing, _unanswered(scene, missing)


def _unanswered(scene: Scene, missing: set[str]) -> str:
    return f"the scene {scene.name} has no answer for {', '.join(sorted(missing))} (tests/desk/scenes.py)"


async def _answer(route: Route, scene: Scene, origin: str | None, missing: set[str]) -> None:
    path = urlsplit(route.request.url).path
    if path in scene.answers:
        given = scene.answers[path]
        if isinstance(given, Refusal):
            await route.fulfill(status=given.status, json=given.problem)
        else:
            await route.fulfill(json=given)
        return
    of_the_api = path.startswith("/v1/") or path in ("/readyz", "/healthz")
    if origin is not None and not of_the_api:
        await route.fulfill(response=await route.fetch(url=f"{origin}{path}", headers={}))
        return
    file = DIST / ("index.html" if path == "/" else "embed.html" if path == "/embed" else path.lstrip("/"))
    if of_the_api or not file.is_file():
        missing.add(path)
        await route.fulfill(status=404, json=Refusal(404, "not_found").problem)
    else:
        await route.fulfill(body=file.read_bytes(), content_type=KINDS.get(file.suffix, "application/octet-stream"))


@asynccontextmanager
async def stage(origin: str | None = None) -> AsyncIterator[Stage]:
    """A browser, as long as it is needed."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
            ],
        )
        try:
            yield Stage(browser, origin)
        finally:
            await browser.close()
