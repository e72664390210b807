"""Logging in by a real issuer, over HTTP alone: what it says is what `tests/unit/api/issuing.py` makes up.

In the page it is done in `tests/e2e/test_desk_oidc.py`.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
import pytest

from ari_app.api.problems import STATUS
from ari_app.errors import Code
from ari_app.routing.login import Oidc
from tests.support.issuer import ISSUER_PORT, issuing
from tests.unit.api.fakes import DEMO, HOST, World

ADDRESS = "127.0.79.3"
SECRET = "a secret of this client + more"


async def started(**more: str) -> World:
    """An API that has the issuer, by the clock of the machine."""
    world = await World(now=time.time(), client_secret=more.get("secret", "")).start()
    return configured(world)


def configured(world: World, port: int | None = None) -> World:
    oidc = Oidc(f"http://{ADDRESS}:{ISSUER_PORT}", "callcontrol", f"http://{HOST}:{port or world.port}")
    world.control.now_directory = replace(DEMO.directory, settings=replace(DEMO.directory.settings, oidc=oidc))
    return world


async def signs_in(browser: aiohttp.ClientSession, world: World, login: str) -> dict[str, str]:
    """From the button to the page; what stands behind the # there."""
    where = f"http://{HOST}:{world.port}/v1/login/oidc"
    form: dict[str, str] | None = None
    for _ in range(20):
        async with browser.request("GET" if form is None else "POST", where, data=form, allow_redirects=False) as said:
            text = await said.text()
            if said.status in (302, 303):
                where, form = urljoin(where, said.headers["Location"]), None
                if "/#login?" in where:
                    return {name: values[0] for name, values in parse_qs(urlsplit(where).fragment[6:]).items()}
                continue
        found = re.search(r'<form[^>]* action="([^"]+)"', text)
        assert found is not None, text
        where, prompt = found[1], re.search(r'name="prompt" value="(\w+)"', text)
        form = {"prompt": prompt[1] if prompt is not None else "", "login": login, "password": "any"}
    raise AssertionError("the issuer sends on and on")


async def finishes(browser: aiohttp.ClientSession, world: World, said: dict[str, str]) -> tuple[int, dict[str, str]]:
    async with browser.post(f"http://{HOST}:{world.port}/v1/login/oidc", json=said) as answer:
        return answer.status, await answer.json()


def a_browser() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))


@pytest.mark.parametrize("secret", ["", SECRET], ids=["public", "with a secret"])
@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
async def test_whom_a_real_issuer_names_is_logged_in_once(algorithm: str, secret: str) -> None:
    world = await started(secret=secret)
    callback = f"http://{HOST}:{world.port}/v1/login/oidc/callback"
    try:
        async with issuing(ADDRESS, callback=callback, algorithm=algorithm, secret=secret), a_browser() as browser:
            said = await signs_in(browser, world, "alice")
            assert said["iss"] == f"http://{ADDRESS}:{ISSUER_PORT}"
            status, answer = await finishes(browser, world, said)
            assert (status, answer["agent"]) == (200, "alice")
            me = await world.ask("GET", "/v1/me", token=answer["token"])
            assert me.json["agent"] == "alice"
            assert (await finishes(browser, world, said))[0] == 401
    finally:
        await world.stop()


async def test_who_logs_out_of_the_issuer_too_says_anew_who_they_are() -> None:
    world = await started()
    callback = f"http://{HOST}:{world.port}/v1/login/oidc/callback"
    try:
        async with issuing(ADDRESS, callback=callback), a_browser() as browser:
            _, answer = await finishes(browser, world, await signs_in(browser, world, "alice"))
            _, again = await finishes(browser, world, await signs_in(browser, world, "bob"))
            assert again["agent"] == "alice", "the issuer does not ask again"
            way_out = (await world.ask("POST", "/v1/logout/oidc", token=answer["token"])).json["url"]
            async with browser.get(way_out) as page:
                text = await page.text()
            assert "Do you want to sign-out from" in text, text
            form = {"logout": "yes", **dict(re.findall(r'name="(xsrf)" value="([^"]+)"', text))}
            where = re.search(r'action="([^"]+)"', text)
            assert where is not None, text
            async with browser.post(where[1], data=form, allow_redirects=False) as left:
                assert left.headers["Location"] == f"http://{HOST}:{world.port}/"
            _, other = await finishes(browser, world, await signs_in(browser, world, "bob"))
            assert other["agent"] == "bob"
    finally:
        await world.stop()


async def test_what_one_controller_has_begun_another_finishes_and_the_code_is_good_once() -> None:
    one = await started()
    other = configured(await World(now=time.time(), shared=one.store).start(), one.port)
    try:
        callback = f"http://{HOST}:{one.port}/v1/login/oidc/callback"
        async with issuing(ADDRESS, callback=callback), a_browser() as browser:
            said = await signs_in(browser, one, "more")  # whose name the issuer has in UserInfo alone
            status, answer = await finishes(browser, other, said)
            assert (status, answer["agent"]) == (200, "bob")
            again = await signs_in(browser, one, "more")
            status, answer = await finishes(browser, one, {**again, "code": said["code"]})
            assert (status, answer["code"]) == (401, "unauthenticated")
    finally:
        await other.stop()
        await one.stop()


async def test_strangers_and_those_of_another_client_are_not_logged_in() -> None:
    world = await started(secret="another secret")
    callback = f"http://{HOST}:{world.port}/v1/login/oidc/callback"
    try:
        async with issuing(ADDRESS, callback=callback, secret=SECRET), a_browser() as browser:
            said = await signs_in(browser, world, "alice")
            status, answer = await finishes(browser, world, said)
            assert (status, answer["code"]) == (STATUS[Code.ISSUER_UNAVAILABLE], "issuer_unavailable")
    finally:
        await world.stop()
    world = await started()
    callback = f"http://{HOST}:{world.port}/v1/login/oidc/callback"
    try:
        async with issuing(ADDRESS, callback=callback), a_browser() as browser:
            status, answer = await finishes(browser, world, await signs_in(browser, world, "zoe"))
            assert (status, answer["code"]) == (403, "unknown_agent")
    finally:
        await world.stop()
