"""The supervisor's and the administrator's page, on live calls."""

from __future__ import annotations

import re

from playwright.async_api import expect

from tests.e2e.browser import Desks
from tests.e2e.office import CALLER_NAME, Office


async def test_a_supervisor_sees_calls_and_people_listens_in_and_changes_a_state(office: Office, desks: Desks) -> None:
    alice = await office.agent("alice")
    erin = await office.agent("erin")
    page = await desks.open("erin", "en")
    await page.page.get_by_role("link", name="Supervision").click()
    person = page.page.get_by_role("region", name="Agents").get_by_role("listitem", name="Alice Martin")
    await expect(person).to_contain_text("Ready")
    caller = await office.caller()
    await office.connect(caller, alice)
    await expect(person).to_contain_text("On a call")
    call = page.page.get_by_role("region", name="Calls now").get_by_role("listitem", name=CALLER_NAME)
    await expect(call).to_contain_text("Connected")
    await call.get_by_role("button", name="Who hears whom").click()
    row = call.get_by_role("table", name="Who hears whom").get_by_role("row", name=re.compile(f"^{CALLER_NAME}"))
    await expect(row).to_contain_text("hears")
    await call.get_by_role("button", name="Actions").click()
    await call.get_by_role("menuitem", name="Listen", exact=True).click()
    await office.hears("caller <-> alice", "caller -> erin", "alice -> erin")
    await expect(call).to_contain_text("Erin O'Brien: listens")
    await call.get_by_role("button", name="Actions").click()
    await call.get_by_role("menuitem", name="Stop listening in").click()
    await erin.phone.ended()
    caller.hangup()
    await expect(person).to_contain_text("Ready")
    await person.get_by_role("button", name="Actions").click()
    await person.get_by_role("menuitem", name="Not ready: Réunion").click()
    await expect(person).to_contain_text("Not ready: Réunion")
    await alice.is_now("not_ready")


async def test_an_administrator_reads_what_runs_and_how_a_call_went(office: Office, desks: Desks) -> None:
    alice = await office.agent("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    page = await desks.open("admin", "en")
    await page.page.get_by_role("link", name="Administration").click()
    await expect(page.page.get_by_role("region", name="Health")).to_contain_text("reached")
    configuration = page.page.get_by_role("region", name="Effective configuration")
    await expect(configuration).to_contain_text("The configuration has no fault.")
    await configuration.get_by_text("agents", exact=True).click()
    await expect(configuration).to_contain_text("Bob Lefèvre")
    await expect(page.page.get_by_text("bob-demo")).to_have_count(0)
    story = page.page.get_by_role("region", name="Story")
    await story.get_by_role("listitem", name=CALLER_NAME).get_by_role("button", name="Show the story").click()
    await expect(story.get_by_role("list", name="Story")).to_contain_text("LegAnswered")
