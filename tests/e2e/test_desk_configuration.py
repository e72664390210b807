"""What the administrator has switched off is nowhere to be seen in the page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from playwright.async_api import Route, expect

from tests.bots import answers
from tests.e2e.browser import Desks
from tests.e2e.stack import Stack
from tests.e2e.talk import BOB
from tests.e2e.test_configuration import FILE, own_office, without_alice

OUTSIDE = "+33555000222"
NEW = """  zed:
    name: Zed New
    phone: "1009"
    password: zed-demo
"""
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


async def test_a_supervisor_sees_who_and_what_the_file_has_now_and_reads_what_is_no_longer_there(
    stack: Stack, desks: Desks, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text())
    async with own_office(stack, file) as office:
        admin = await office.desk("admin")
        window = await replace(desks, stack=office.stack, files=stack.api).open("admin", "en")
        page = window.page
        await page.goto(f"{office.stack.api}/#supervisor")
        people, queues = (page.get_by_role("region", name=name) for name in ("Agents", "Queues and groups"))
        alice = people.get_by_role("listitem", name="Alice Martin")
        await expect(alice).to_be_visible()
        await expect(queues).to_contain_text("Sales queue")
        await page.route("**/v1/agents/alice/state", _gone)
        await alice.get_by_role("button", name="Actions").click()
        await alice.get_by_role("menuitem").first.click()
        await expect(page.get_by_role("region", name="Messages")).to_contain_text("This agent is no longer listed.")

        text = without_alice(FILE.read_text()).replace("agents:\n", f"agents:\n{NEW}", 1)
        file.write_text(text.replace("  sales:\n    name: Sales queue", "  other:\n    name: Other queue"))
        await admin.command("POST", "/v1/admin/reload")
        await expect(people.get_by_role("listitem", name="Zed New")).to_be_visible()
        await expect(alice).to_have_count(0)
        await expect(queues).to_contain_text("Other queue")
        await expect(queues).not_to_contain_text("Sales queue")


async def _gone(route: Route) -> None:
    """As a server does that has read its file a moment ago."""
    problem = {"type": "about:blank", "title": "", "status": 404, "code": "not_found", "detail": ""}
    await route.fulfill(status=404, json=problem)
