"""The built page (`ari_app/desk/dist`) in a browser, with the server played by a scene: no network, no Asterisk.

For what needs no call to be seen: how a page looks at any size, and whether everybody can read it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from playwright.async_api import Browser, Page, Route, WebSocketRoute, async_playwright

DIST = Path(__file__).parents[2] / "ari_app" / "desk" / "dist"
CHROMIUM = "/usr/bin/chromium"
ORIGIN = "http://127.0.0.1:8080"
KINDS = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}

type Json = dict[str, Any]
type Language = Literal["fr", "en"]


@dataclass(frozen=True)
class Scene:
    """What the server answers: JSON by path, and the events after the snapshot. `path` is the page that is opened.

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

    `address`: what the browser takes for the page's origin, where that is another.
    """

    browser: Browser
    origin: str | None = None
    address: str | None = None

    @asynccontextmanager
    async def show(
        self, scene: Scene, language: Language = "fr", *, width: int = 1280, height: int = 900, dark: bool = False
    ) -> AsyncIterator[Page]:
        """The page as the scene has it."""
        context = await self.browser.new_context(
            locale={"fr": "fr-FR", "en": "en-GB"}[language],
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(5000)
        page = await context.new_page()
        if scene.logged_in:
            session = json.dumps({"token": "t", "agent": "alice"})
            await page.add_init_script(f"localStorage.setItem('desk.session', {json.dumps(session)})")

        if scene.before:
            await page.add_init_script(scene.before)

        async def answer(route: Route) -> None:
            await _answer(route, scene, self.origin)

        def connected(socket: WebSocketRoute) -> None:
            for number, event in enumerate(scene.events, start=1):
                socket.send(json.dumps({"seq": number, "at": "2026-11-28T12:00:00.000Z", **event}))

        await page.route("**/*", answer)
        await page.route_web_socket("**/v1/events*", connected)
        await page.goto(f"{self.address or self.origin or ORIGIN}{scene.path}")
        for selector in ("main", *scene.shows):
            await page.locator(selector).first.wait_for()
        if scene.then is not None:
            await scene.then(page)
        yield page
        await context.close()


async def _answer(route: Route, scene: Scene, origin: str | None) -> None:
    path = urlsplit(route.request.url).path
    if path in scene.answers:
        await route.fulfill(json=scene.answers[path])
        return
    if origin is not None and not path.startswith("/v1/"):
        await route.fulfill(response=await route.fetch(url=f"{origin}{path}", headers={}))
        return
    file = DIST / ("index.html" if path == "/" else "embed.html" if path == "/embed" else path.lstrip("/"))
    if path.startswith("/v1/") or not file.is_file():
        # Whoever logs in on a stage has the wrong password.
        status, code = (401, "unauthenticated") if path == "/v1/login" else (404, "not_found")
        await route.fulfill(status=status, json={"code": code, "detail": "", "status": status, "title": "", "type": ""})
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
