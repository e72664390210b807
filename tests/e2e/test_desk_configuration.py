"""What the administrator has switched off is nowhere to be seen in the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from playwright.async_api import expect

from tests.bots import answers
from tests.e2e.browser import Desks
from tests.e2e.stack import Stack
from tests.e2e.talk import BOB
from tests.e2e.test_configuration import FILE, own_office

OUTSIDE = "+33555000222"
SUPPORT = """  support:
    name: Support
    number: "2000"
    enabled_for: [call, transfer, conference]
    show_available: true
"""


async def test_groups_conferences_counts_and_identities_that_are_switched_off_are_absent_s3_s4_s28_s50_s53(
    stack: Stack, desks: Desks, tmp_path: Path
) -> None:
    text = FILE.read_text().replace("conferences: true", "conferences: false")
    for was, now in (
        ("caller_ids_enabled_for: [call, transfer, conference]", "caller_ids_enabled_for: [call]"),
        ('  anonymous:\n    anonymous: true\n    for: ["group:support"]\n', ""),
        (SUPPORT, SUPPORT.replace(", transfer, conference", "").replace("true", "false")),
    ):
        assert was in text
        text = text.replace(was, now)
    file = tmp_path / "callcentre.yaml"
    file.write_text(text)
    async with own_office(stack, file) as office:
        alice, bob, _ = await office.agents("alice", "bob", "carol")
        alice.phone.behaviour = answers()
        customer = await office.caller("customer", OUTSIDE)
        page = await replace(desks, stack=office.stack, files=stack.api).open("alice")
        dialog = page.page.get_by_role("dialog", name=page.say("caller_id"))

        number = await page.finds(OUTSIDE, OUTSIDE)
        await number.get_by_role("button", name=page.say("action_menu")).click()
        await number.get_by_role("menuitem").click()
        await expect(dialog.get_by_role("radio", name="Support")).to_be_visible()
        await expect(dialog.get_by_role("radio", name=page.say("anonymous"))).to_have_count(0)
        await dialog.get_by_role("button", name=page.say("cancel")).click()

        await page.act("bob", BOB, "call", BOB)
        await bob.phone.answer()
        call = page.call(BOB)
        await call.is_now("connected")
        await call.offers("transfer", "consult")
        await call.offers_no("conference")
        support = await page.finds("support", "Support")
        await expect(support).not_to_contain_text("disponible")
        await support.get_by_role("button", name=page.say("action_menu")).click()
        await expect(support.get_by_role("menuitem")).to_have_text([page.say("call", "Support")])
        await page.page.keyboard.press("Escape")
        await call.reach("transfer", OUTSIDE, OUTSIDE)
        await customer.rings()
        await expect(dialog).to_have_count(0)
