"""The phone in the page: a browser's microphone and what it plays, heard on both sides."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.e2e.browser import DeskPage, Desks, is_heard_by
from tests.e2e.office import CALLER_NAME, Agent, Office

VOICE = 1100


@pytest.fixture
async def alice(office: Office) -> AsyncIterator[Agent]:
    agent = await office.agent("alice", ready=False)
    yield agent
    await agent.command("PUT", "/v1/me/phone", {"device": "desk"})


@pytest.fixture
async def page(desks: Desks, alice: Agent) -> DeskPage:
    page = await desks.open("alice", voice=VOICE)
    await page.uses_this_page()
    await page.goes_ready()
    return page


async def test_a_call_is_taken_in_the_page_and_both_hear_each_other(
    office: Office, alice: Agent, page: DeskPage
) -> None:
    caller = await office.caller()
    caller.dial("1001")
    await page.accept(CALLER_NAME)
    call = page.call(CALLER_NAME)
    await call.is_now("connected")
    await page.hears(caller)
    await is_heard_by(caller, VOICE)
    assert not alice.phone.calls
    await call.press("hold")
    await caller.hears_music(within=8)
    await call.press("resume")
    await page.hears(caller)
    await is_heard_by(caller, VOICE)
    await call.press("end")
    await caller.ended()
    await page.has_status("ready")


async def test_two_agents_in_two_browsers_talk_and_confer(office: Office, desks: Desks, page: DeskPage) -> None:
    bob = await office.agent("bob", ready=False)
    other = await desks.open("bob", "en", voice=1300)
    await other.uses_this_page()
    await other.goes_ready()
    caller = await office.caller()
    caller.dial("1001")
    await page.accept(CALLER_NAME)
    await page.hears(caller)
    await page.call(CALLER_NAME).reach("conference", "bob", "Bob Lefèvre")
    await other.accept(CALLER_NAME)
    await other.hears(caller)
    await expect(page.call(CALLER_NAME).party("Bob Lefèvre")).to_contain_text("Connecté")
    await page.call(CALLER_NAME).to_party("Alice Martin", "mute")
    await is_heard_by(caller, 1300)
    await bob.command("PUT", "/v1/me/phone", {"device": "desk"})
