"""The phone in the page: a browser's microphone and what it plays, heard on both sides."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import expect

from tests.bots import Contact
from tests.e2e.browser import DeskPage, Desks
from tests.e2e.office import CALLER_NAME, Agent, Office
from tests.e2e.page_ears import hears_exactly, is_heard_by, tone_of
from tests.e2e.talk import BOB

VOICE, OTHER_VOICE = 1100, 1300
UNPLUGS = """
  const requested = navigator.mediaDevices.getUserMedia;
  navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", "NotFoundError"));
  window.freed = () => { navigator.mediaDevices.getUserMedia = requested; };
  window.plugIn = () => {
    window.freed();
    navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
  };
  for (const track of window.microphones.flatMap((stream) => stream.getTracks())) {
    track.stop();
    track.dispatchEvent(new Event("ended"));
  }
"""


@pytest_asyncio.fixture(loop_scope="session")
async def alice(office: Office) -> AsyncIterator[Agent]:
    agent = await office.agent("alice", ready=False)
    yield agent
    await agent.command("PUT", "/v1/me/phone", {"device": "desk"})


@pytest_asyncio.fixture(loop_scope="session")
async def page(desks: Desks, alice: Agent) -> DeskPage:
    page = await desks.open("alice", voice=VOICE)
    await page.uses_this_page()
    await page.goes_ready()
    return page


async def talks(office: Office, page: DeskPage) -> Contact:
    """A caller whose call was taken in the page, and who hears it."""
    caller = await office.caller()
    caller.dial("1001")
    await page.accept(CALLER_NAME)
    await is_heard_by(caller, VOICE)
    return caller


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


async def test_two_agents_in_two_browsers_talk_confer_deafen_mute_and_transfer_s11_s26_s30_s31_s40(
    office: Office, desks: Desks, page: DeskPage
) -> None:
    bob = await office.agent("bob", ready=False)
    other = await desks.open("bob", "en", voice=OTHER_VOICE)
    await other.uses_this_page()
    await other.goes_ready()
    caller = await office.caller()
    contact = tone_of(caller)
    everybody = {VOICE, OTHER_VOICE, contact}

    async def hear(here: set[int], there: set[int], outside: set[int]) -> None:
        """In Alice's page, in Bob's, and at the phone outside."""
        await page.hears_exactly(here, everybody)
        await other.hears_exactly(there, everybody)
        await hears_exactly(caller, outside, everybody)

    await page.act("bob", BOB, "call", BOB)
    await other.accept("Alice Martin")
    await page.hears_exactly({OTHER_VOICE}, everybody)
    await other.hears_exactly({VOICE}, everybody)
    await page.call(BOB).press("end")
    await other.has_status("ready")
    await page.call(BOB).ends()

    caller.dial("1001")
    await page.accept(CALLER_NAME)
    call = page.call(CALLER_NAME)
    await call.is_now("connected")
    await call.reach("conference", "bob", BOB)
    await other.accept(CALLER_NAME)
    await expect(call.party(BOB)).to_contain_text("Connecté")
    await hear({OTHER_VOICE, contact}, {VOICE, contact}, {VOICE, OTHER_VOICE})
    await call.to_party(BOB, "deafen")
    await hear({OTHER_VOICE, contact}, set(), {VOICE, OTHER_VOICE})
    await call.to_party(BOB, "undeafen")
    await call.to_party("Alice Martin", "mute")
    await hear({OTHER_VOICE, contact}, {contact}, {OTHER_VOICE})
    await call.to_party("Alice Martin", "unmute")
    await hear({OTHER_VOICE, contact}, {VOICE, contact}, {VOICE, OTHER_VOICE})
    await call.to_party(BOB, "remove")
    await hear({contact}, set(), {VOICE})
    await other.has_status("ready")

    await call.reach("transfer", "bob", BOB)
    await other.accept(CALLER_NAME)
    await hear(set(), {contact}, {OTHER_VOICE})
    await call.ends()
    await bob.command("PUT", "/v1/me/phone", {"device": "desk"})


async def test_a_second_window_says_where_the_phone_is_takes_it_over_and_gives_it_back(
    office: Office, alice: Agent, page: DeskPage
) -> None:
    second = DeskPage(await page.page.context.new_page(), page.language)
    await second.page.goto(page.page.url)
    await second.has_status("ready")
    await expect(second.page.get_by_text("Le téléphone est dans une autre fenêtre.")).to_be_visible()
    await second.page.get_by_role("button", name="Utiliser cette fenêtre").click()
    await expect(second.phone).to_contain_text("joignable")
    await expect(page.page.get_by_text("Le téléphone est dans une autre fenêtre.")).to_be_visible()
    await alice.has_reason(None)  # Asterisk has found it there, which takes longer than to register
    caller = await office.caller()
    caller.dial("1001")
    await expect(page.ringing(CALLER_NAME)).to_be_visible()
    await second.accept(CALLER_NAME)
    await second.hears(caller)
    await page.call(CALLER_NAME).is_now("connected")
    await page.call(CALLER_NAME).press("end")
    await caller.ended()
    await second.page.close()
    await expect(page.phone).to_contain_text("joignable")
    await page.has_status("ready")


async def test_without_a_microphone_nobody_is_offered_a_call_and_sees_why(
    office: Office, alice: Agent, page: DeskPage
) -> None:
    await page.page.evaluate(UNPLUGS)
    await expect(page.page.get_by_role("alert").filter(has_text="Le microphone ne répond plus")).to_be_visible()
    await alice.has_reason("phone_unreachable")
    await page.page.evaluate("window.plugIn()")
    await alice.has_reason(None)
    await talks(office, page)


async def test_a_headset_pulled_out_in_mid_call_leaves_the_agent_hearing_and_another_is_taken_at_once(
    office: Office, alice: Agent, page: DeskPage
) -> None:
    caller = await talks(office, page)
    await page.page.evaluate(UNPLUGS)
    lacking = page.page.get_by_role("alert").filter(has_text="Personne ne vous entend")
    await expect(lacking).to_be_visible()
    await caller.hears_nothing()
    await page.hears(caller)
    await page.call(CALLER_NAME).is_now("connected")
    await page.page.evaluate("window.plugIn()")
    await expect(lacking).to_have_count(0)
    await is_heard_by(caller, VOICE)
    await page.hears(caller)
    await page.page.evaluate(UNPLUGS)
    await expect(lacking).to_be_visible()
    caller.hangup()
    await alice.has_reason("phone_unreachable")


async def test_a_microphone_that_is_in_use_elsewhere_ends_no_call_and_is_taken_when_it_is_free(
    office: Office, page: DeskPage
) -> None:
    caller = await talks(office, page)
    await page.page.evaluate(UNPLUGS.replace("NotFoundError", "NotReadableError"))
    lacking = page.page.get_by_role("alert").filter(has_text="Un autre programme utilise le microphone")
    await expect(lacking).to_contain_text("Personne ne vous entend")
    await page.hears(caller)
    await page.page.evaluate("window.freed()")
    await lacking.get_by_role("button", name="Réessayer").click()
    await is_heard_by(caller, VOICE)
    await page.hears(caller)


async def test_a_tab_that_was_frozen_shows_what_is_now_and_has_lost_no_call(
    office: Office, alice: Agent, desks: Desks
) -> None:
    page = await desks.open("alice")
    await page.goes_ready()
    tools = await page.page.context.new_cdp_session(page.page)
    await tools.send("Page.setWebLifecycleState", {"state": "frozen"})
    first = await office.caller()
    first.dial("1001")
    await alice.phone.rings()
    first.hangup()
    await alice.is_now("ready")
    second = await office.caller("second", "+33612345679")
    second.dial("1001")
    await alice.phone.rings()
    await tools.send("Page.setWebLifecycleState", {"state": "active"})
    await expect(page.call("+33612345679").region.get_by_role("alertdialog")).to_be_visible()
    await expect(page.page.get_by_role("alertdialog")).to_have_count(1)
