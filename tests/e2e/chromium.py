"""Browsers that stay from test to test: to start one takes more of a machine than what a test does in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.async_api import Browser, Playwright, async_playwright

from tests.desk.stage import CHROMIUM
from tests.e2e.page_ears import microphone

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
    # Addresses as they are, and frames on loopback in pages that a test makes up.
    "--disable-features=WebRtcHideLocalIpsWithMdns,LocalNetworkAccessChecks",
)


@dataclass
class Browsers:
    """One for each sound that microphones hear, for Chromium has one microphone for all of its windows.

    Whoever uses one opens a context in it: windows and storage of their own.
    """

    playwright: Playwright
    directory: Path
    running: dict[int | None, Browser] = field(default_factory=dict)
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def hearing(self, voice: int | None = None) -> Browser:
        """The one whose microphone hears a tone of so many Hz, or silence."""
        async with self._starting:
            found = self.running.get(voice)
            if found is None or not found.is_connected():
                found = self.running[voice] = await self.start(voice)
        return found

    async def start(self, voice: int | None = None) -> Browser:
        """A new one, of which nobody else knows."""
        # Chromium opens the file when a page opens its microphone.
        file = self.directory / f"{voice}.wav"
        file.write_bytes(microphone(voice))
        flags = [*FLAGS, f"--use-file-for-fake-audio-capture={file}"]
        return await self.playwright.chromium.launch(executable_path=self._behind_bots(), args=flags)

    def _behind_bots(self) -> Path:
        """The same browser, which takes what the bots' audio leaves of the machine."""
        program = self.directory / "chromium"
        program.write_text(f'#!/bin/sh\nexec nice -n 5 {CHROMIUM} "$@"\n')
        program.chmod(0o755)
        return program

    async def close(self) -> None:
        """All that run."""
        for browser in self.running.values():
            await browser.close()


@asynccontextmanager
async def browsers() -> AsyncIterator[Browsers]:
    """Browsers, as long as they are needed."""
    with TemporaryDirectory() as directory:
        async with async_playwright() as playwright:
            opened = Browsers(playwright, Path(directory))
            try:
                yield opened
            finally:
                await opened.close()
