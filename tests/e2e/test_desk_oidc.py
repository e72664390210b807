"""Agents sign in with a real issuer (oidc-provider, certified by the OpenID Foundation), in the page."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.desk.axe import findings
from tests.desk.stage import DIST
from tests.e2e.browser import DeskPage, Desks
from tests.e2e.containers import until_ready
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, PORT, ari_app, environment, own_controller
from tests.support.issuer import ISSUER_PORT, issuing

SECRET = "a secret of this client + more"


def configured(stack: Stack, **more: str) -> str:
    """The demonstration's file, with this issuer."""
    given = {
        "issuer": f"http://{stack.bind}:{ISSUER_PORT}",
        "client_id": "callcontrol",
        "address": own(stack),
        "name": "Acme",
        **more,
    }
    lines = "".join(f"    {name}: {value}\n" for name, value in given.items())
    text = FILE.read_text()
    assert text.count("\nsettings:\n") == 1
    return text.replace("\nsettings:\n", f"\nsettings:\n  oidc:\n{lines}")


def own(stack: Stack) -> str:
    """Where the controller of these tests serves the page."""
    return f"http://{stack.bind}:{PORT}"


@pytest_asyncio.fixture(loop_scope="session")
async def page_of_sources(stack: Stack) -> AsyncIterator[None]:
    """The built page, which is in the controller's image, beside the sources of the one that runs here."""
    if DIST.exists():
        yield
        return
    (DIST / "assets").mkdir(parents=True)
    try:
        async with aiohttp.ClientSession(stack.api) as session:

            async def fetch(path: str, file: Path) -> str:
                async with session.get(path) as response:
                    assert response.status == 200, path
                    content = await response.read()
                await asyncio.to_thread(file.write_bytes, content)
                return content.decode(errors="replace")

            found = [await fetch("/", DIST / "index.html"), await fetch("/embed", DIST / "embed.html")]
            wanted = set(re.findall(r"assets/([\w.-]+)", "".join(found)))
            have: set[str] = set()
            while wanted - have:
                name = min(wanted - have)
                have.add(name)
                text = await fetch(f"/assets/{name}", DIST / "assets" / name)
                wanted |= set(re.findall(r"[\"'(](?:\./|/?assets/)([\w-]+-[\w-]{8}\.(?:js|css|svg))", text))
        yield
    finally:
        shutil.rmtree(DIST)


@dataclass
class Visitor:
    """Somebody in a browser of their own, who signs in."""

    desk: DeskPage

    @property
    def page(self) -> Page:
        return self.desk.page

    @property
    def alert(self) -> Locator:
        """What the log-in says."""
        return self.page.get_by_role("main").get_by_role("alert")

    async def goes_to_the_issuer(self) -> None:
        there = self.page.locator("input[name=login]")
        async with asyncio.timeout(30):
            while not await there.is_visible():  # one that was away is tried again after a moment
                await self.page.get_by_role("link", name=self.desk.say("sign_in_with", "Acme")).click()
                await expect(there.or_(self.alert).first).to_be_visible()

    async def signs_in(self, login: str) -> None:
        """At the issuer, and lets it say who they are."""
        await sign_in(self.page, login)

    async def reads(self, key: str) -> None:
        await expect(self.alert).to_have_text(self.desk.say(key))
        assert await findings(self.page) == []

    async def is_on_the_desk(self, name: str) -> None:
        await expect(self.page.get_by_role("banner")).to_contain_text(name)
        await self.desk.has_status("not_ready")
        assert urlsplit(self.page.url)[2:] == ("/", "", "")  # neither code nor state is left in the address


async def sign_in(page: Page, login: str) -> None:
    """In the issuer's page, which then knows that it may say who that is."""
    await page.locator("input[name=login]").fill(login)
    await page.locator("input[name=password]").fill("any")
    await page.get_by_role("button", name="Sign-in").click()
    await page.get_by_role("button", name="Continue").click()


async def visitor(desks: Desks, at: Stack, language: str = "fr") -> Visitor:
    opened = replace(desks, stack=at, files="")
    return Visitor(await opened.open(language="en" if language == "en" else "fr"))


async def test_alice_signs_in_with_the_issuer_and_is_on_the_desk_and_strangers_are_not(
    stack: Stack, desks: Desks, page_of_sources: None, tmp_path: Path
) -> None:
    file, log = tmp_path / "callcentre.yaml", tmp_path / "log"
    file.write_text(configured(stack))
    surroundings = {**environment(stack, file), "ARI_APP_OIDC_CLIENT_SECRET": SECRET}
    callback = f"{own(stack)}/v1/login/oidc/callback"
    async with own_controller(stack, surroundings, log) as here, AsyncExitStack() as later:
        await until_ready(here)
        alice = await visitor(desks, here)
        assert await findings(alice.page) == []
        await alice.page.get_by_role("link", name=alice.desk.say("sign_in_with", "Acme")).click()
        await alice.reads("issuer_away")
        await later.enter_async_context(issuing(stack.bind, callback=callback, secret=SECRET))
        await alice.goes_to_the_issuer()
        await alice.signs_in("alice")
        await alice.is_on_the_desk("Alice")
        await alice.desk.goes_ready()
        await alice.page.reload()
        await alice.desk.has_status("ready")

        zoe = await visitor(desks, here, "en")
        await zoe.goes_to_the_issuer()
        await zoe.signs_in("zoe")
        await zoe.reads("not_an_agent")
        await zoe.desk.log_in("bob")  # by password, as ever

        mallory, victim = await visitor(desks, here), await visitor(desks, here)
        await mallory.goes_to_the_issuer()
        returned: list[str] = []
        mallory.page.on("request", lambda request: returned.append(request.url))
        await mallory.page.route("**/v1/login/oidc", lambda route: route.abort())
        await mallory.signs_in("bob")  # and does not finish: the victim is to be at work as bob
        await expect(mallory.alert).to_be_visible()
        (stolen,) = (url for url in returned if "callback?" in url)
        await victim.page.goto(stolen)
        await victim.reads("not_signed_in")

        nobody = await visitor(desks, here)
        await nobody.goes_to_the_issuer()
        await nobody.page.locator("a", has_text="Cancel").click()
        await nobody.reads("not_signed_in")
    written = log.read_text()
    assert "oidc_agent_unknown" in written
    for secret in (SECRET, parse_qs(urlsplit(stolen).query)["state"][0], "zoe"):
        assert secret not in written


async def test_where_there_are_no_passwords_bob_signs_in_by_what_the_issuer_alone_can_look_up(
    stack: Stack, desks: Desks, page_of_sources: None, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(configured(stack, passwords="false"))
    callback = f"{own(stack)}/v1/login/oidc/callback"
    async with (
        issuing(stack.bind, callback=callback, algorithm="ES256"),
        own_controller(stack, environment(stack, file), tmp_path / "log") as here,
    ):
        await until_ready(here)
        status, said = await ari_app(stack, file, "check")
        assert status == 0, said
        assert f"http://{stack.bind}:{ISSUER_PORT}: an issuer; it must know the redirect URI {callback}\n" in said
        bob = await visitor(desks, here, "en")
        await expect(bob.page.get_by_label(bob.desk.say("password"))).to_have_count(0)
        assert await findings(bob.page) == []
        await bob.goes_to_the_issuer()
        await bob.signs_in("more")
        await bob.is_on_the_desk("Bob")
        banner = bob.page.get_by_role("banner")
        await expect(banner.get_by_role("button", name=bob.desk.say("password"), exact=True)).to_have_count(0)
        await bob.desk.choose_status("log_out")
        await bob.page.get_by_role("button", name="Yes, sign me out").click()
        await expect(bob.page.get_by_role("link", name=bob.desk.say("sign_in_with", "Acme"))).to_be_visible()
        assert bob.page.url == f"{own(stack)}/"
        await bob.goes_to_the_issuer()  # who asks again who it is


AROUND = "http://127.0.0.1:9/crm"
"""Of another site than the desk."""


async def test_in_a_frame_of_another_site_alice_signs_in_by_a_window_of_its_own(
    stack: Stack, desks: Desks, page_of_sources: None, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    listed = '\nsettings:\n  desk: {embedded_in: ["http://127.0.0.1:9"]}\n'
    file.write_text(configured(stack).replace("\nsettings:\n", listed))
    callback = f"{own(stack)}/v1/login/oidc/callback"
    async with (
        issuing(stack.bind, callback=callback),
        own_controller(stack, environment(stack, file), tmp_path / "log") as here,
    ):
        await until_ready(here)
        alice = await visitor(desks, here, "en")
        body = f'<!doctype html><title>CRM</title><iframe src="{own(stack)}/embed" width="900" height="700"></iframe>'
        await alice.page.route(AROUND, lambda route: route.fulfill(body=body, content_type="text/html"))
        await alice.page.goto(AROUND)
        frame = alice.page.frame_locator("iframe")
        button = frame.get_by_role("link", name=alice.desk.say("sign_in_with", "Acme"))

        async with alice.page.expect_popup() as opening:
            await button.click()
        await (await opening.value).close()
        said = frame.get_by_role("main").get_by_role("alert")
        await expect(said).to_have_text(alice.desk.say("frame_not_reached"))
        await expect(frame.get_by_role("link", name=alice.desk.say("own_window"))).to_be_visible()

        async with alice.page.expect_popup() as opening:
            await button.click()
        window = await opening.value
        closed = asyncio.ensure_future(window.wait_for_event("close"))
        await sign_in(window, "alice")
        await closed
        await expect(frame.get_by_role("banner")).to_contain_text("Alice")

        # What the window had to know is not kept where the next one finds it.
        another = await alice.page.context.new_page()
        await another.goto(own(stack))
        await expect(another.get_by_role("link", name=alice.desk.say("sign_in_with", "Acme"))).to_be_visible()
