"""Sessions and passwords, in the page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest_asyncio
from playwright.async_api import expect

from tests.e2e.browser import Desks
from tests.e2e.stack import Stack

NEW = "un mot de passe à elle"


class Api:
    """The bare API, as a client of an integrator's own."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def ask(self, method: str, path: str, token: str = "", body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        async with self._session.request(method, path, headers=headers, json=body) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None

    async def log_in(self, agent: str, password: str) -> str | None:
        status, answer = await self.ask("POST", "/v1/login", body={"agent": agent, "password": password})
        return str(answer["token"]) if status == 200 else None


@pytest_asyncio.fixture(loop_scope="session")
async def api(stack: Stack) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession(stack.api) as session:
        yield Api(session)


async def test_an_agent_chooses_another_password_and_is_logged_out_everywhere_else(desks: Desks, api: Api) -> None:
    elsewhere = await api.log_in("carol", "carol-demo")
    assert elsewhere is not None
    window = await desks.open("carol")
    page = window.page
    await page.get_by_role("banner").get_by_role("button", name=window.say("password"), exact=True).click()
    dialog = page.get_by_role("dialog", name=window.say("change_password"))

    async def change(current: str, wanted: str, again: str) -> None:
        for key, text in (("current_password", current), ("new_password", wanted), ("new_password_again", again)):
            await dialog.get_by_label(window.say(key), exact=True).fill(text)
        await dialog.get_by_role("button", name=window.say("change"), exact=True).click()

    await change("carol-demo", NEW, f"{NEW}!")
    await expect(dialog.get_by_role("alert").filter(has_text=window.say("passwords_differ"))).to_be_visible()
    await change("carol", NEW, NEW)
    await expect(dialog.get_by_role("alert").filter(has_text=window.say("wrong_password"))).to_be_visible()
    assert (await api.ask("GET", "/v1/me", elsewhere))[0] == 200
    await change("carol-demo", NEW, NEW)
    try:
        await expect(dialog.get_by_role("status")).to_have_text(window.say("password_changed"))
        assert (await api.ask("GET", "/v1/me", elsewhere))[0] == 401
        assert await api.log_in("carol", "carol-demo") is None
        await dialog.get_by_role("button").click()
        await expect(dialog).to_have_count(0)
        await page.reload()
        await window.has_status("not_ready")  # this one goes on
    finally:
        token = await api.log_in("carol", NEW)
        body = {"current_password": NEW, "new_password": "carol-demo"}
        status, _ = await api.ask("PUT", "/v1/me/password", token or "", body)
    assert status == 204
    assert await api.log_in("carol", "carol-demo") is not None


async def test_an_administrator_ends_somebodys_sessions_and_each_of_their_windows_says_so_and_its_phone_ends(
    desks: Desks, api: Api
) -> None:
    window = await desks.open("alice", "en")
    await window.uses_this_page()
    beside = await window.page.context.new_page()
    await beside.goto(window.page.url)
    await expect(beside.get_by_role("banner")).to_contain_text("Alice Martin")
    admin = await desks.open("admin", "en")
    await admin.page.get_by_role("link", name="Supervision").click()
    person = admin.page.get_by_role("region", name="Agents").get_by_role("listitem", name="Alice Martin")
    await person.get_by_role("button", name="Actions").click()
    await person.get_by_role("menuitem", name="End sessions").click()
    for each in (window.page, beside):
        await expect(each.get_by_role("status")).to_have_text("The session has ended. Log in again.")
    token = await api.log_in("alice", "alice-demo")
    assert token is not None
    async with asyncio.timeout(5):
        while (await api.ask("GET", "/v1/me/phone", token))[1]["held_by"] is not None:
            pass


async def test_who_logs_out_has_done_so_in_each_of_their_windows_and_none_complains(desks: Desks) -> None:
    window = await desks.open("carol", "en")
    beside = await window.page.context.new_page()
    await beside.goto(window.page.url)
    await expect(beside.get_by_role("banner")).to_contain_text("Carol Nguyen")
    await window.choose_status("log_out")
    for each in (window.page, beside):
        await expect(each.get_by_role("button", name="Log in")).to_be_visible()
    await expect(window.page.get_by_role("status")).to_have_count(0)
