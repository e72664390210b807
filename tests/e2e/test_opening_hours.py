"""What callers hear of what is closed, and how it is closed: by the file, by a supervisor's page, API and phone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import expect

from tests.bots import Contact
from tests.bots.recital import recited
from tests.e2e import crowd
from tests.e2e.browser import Desks
from tests.e2e.office import Agent, Office
from tests.e2e.prompts import prompts
from tests.e2e.test_announcements import tape_of, taped
from tests.e2e.test_lamps import lamp_becomes

SALES = "/v1/targets/queue:sales/opening"


@asynccontextmanager
async def opened_again(erin: Agent, *targets: str) -> AsyncIterator[None]:
    """Whatever happens, the next test finds these as their hours say."""
    try:
        yield
    finally:
        for target in targets:
            await erin.command("PUT", f"/v1/targets/{target}/opening", {"opening": "hours"})


async def choose(erin: Agent, target: str, opening: str) -> None:
    await erin.command("PUT", f"/v1/targets/{target}/opening", {"opening": opening})


async def hears_that_it_is_closed(office: Office, caller: Contact, language: str) -> None:
    known = await prompts(office.stack, "please-try-call-later", "goodbye", "vm-nobodyavail")
    caller.dial("3000")
    await caller.ended(within=15)
    assert recited(tape_of(caller), known) == [f"{language}/please-try-call-later", f"{language}/goodbye"]


async def test_who_calls_a_queue_that_was_closed_hears_so_in_their_language_and_is_released(office: Office) -> None:
    erin = await office.desk("erin")
    dave = await office.agent("dave")
    async with opened_again(erin, "queue:sales"):
        await choose(erin, "queue:sales", "closed")
        for language in ("fr", "en"):
            await hears_that_it_is_closed(office, await taped(office, f"caller-{language}", language), language)
        assert dave.phone.ringing is None
    caller = await office.caller("caller", "+33600000001")
    caller.dial("3000")
    await dave.phone.answer()
    await office.hears("caller <-> dave")


async def test_everybody_sees_that_a_queue_is_closed_and_nobody_is_put_through_to_it(office: Office) -> None:
    erin = await office.desk("erin")
    alice, dave = await office.agents("alice", "dave")
    caller = await office.caller()
    await office.connect(caller, alice)
    async with opened_again(erin, "queue:sales"):
        await choose(erin, "queue:sales", "closed")
        await alice.phone.until(
            lambda: any(e["type"] == "target.updated" and e["state"] == "closed" for e in alice.events),
            "sees the queue closed",
        )
        found = await alice.command("GET", "/v1/targets/queue:sales")
        assert (found["state"], found["actions"]) == ("closed", [])
        assert await alice.refused("single-step-transfer", target="queue:sales") == "no_agent_available"
        await office.hears("caller <-> alice")
    assert dave.phone.ringing is None


async def test_what_is_closed_by_its_hours_says_goodbye_and_passes_its_callers_on(office: Office) -> None:
    known = await prompts(office.stack, "vm-goodbye", "please-try-call-later")
    rested = await office.agent(crowd.RESTED)
    caller = await taped(office, "caller", "fr")
    caller.dial(crowd.QUEUE_SHUT)
    await rested.phone.rings()
    await caller.until(
        lambda: recited(tape_of(caller), known) == ["fr/vm-goodbye"], "hears that it is closed", within=15
    )
    await caller.hears_music(within=10)
    await rested.phone.answer()
    await office.hears(f"caller <-> {crowd.RESTED}")


async def test_closing_now_while_they_wait_sends_them_away_where_the_file_says_so(office: Office) -> None:
    known = await prompts(office.stack, "vm-goodbye", "queue-thankyou")
    erin = await office.desk("erin")
    waiting = [await taped(office, name, language) for name, language in (("first", "fr"), ("second", "en"))]
    async with opened_again(erin, "queue:welcoming"):
        for caller in waiting:
            caller.dial(crowd.QUEUE_WELCOMING)
            await caller.hears_music(within=15)
        await choose(erin, "queue:welcoming", "closed")
        for caller, language in zip(waiting, ("fr", "en"), strict=True):
            await caller.ended(within=15)
            assert recited(tape_of(caller), known) == [f"{language}/queue-thankyou", f"{language}/vm-goodbye"]
    await office.stack.no_calls()


async def test_who_waits_when_it_closes_is_served_unless_the_file_says_otherwise(office: Office) -> None:
    erin = await office.desk("erin")
    caller = await office.caller()
    async with opened_again(erin, "queue:sales"):
        caller.dial("3000")
        await caller.hears_music(within=8)
        await choose(erin, "queue:sales", "closed")
        dave = await office.agent("dave")
        await dave.phone.answer()
        await office.hears("caller <-> dave")


async def test_a_queue_welcomes_comforts_and_lets_its_agents_rest(office: Office) -> None:
    known = await prompts(office.stack, "queue-thankyou", "queue-periodic-announce")
    caller = await taped(office, "caller", "fr")
    caller.dial(crowd.QUEUE_WELCOMING)
    said = ["fr/queue-thankyou", "fr/queue-periodic-announce"]
    await caller.until(lambda: recited(tape_of(caller), known) == said, "is welcomed and comforted", within=30)
    await caller.hears_music(within=15)
    rested = await office.agent(crowd.RESTED)
    await rested.phone.answer()
    await office.hears(f"caller <-> {crowd.RESTED}")
    caller.hangup()
    await rested.is_now("wrap_up")
    await rested.is_now("ready")


async def test_whoever_is_on_a_list_goes_before_who_came_first(office: Office) -> None:
    plain = await office.caller("plain", "+33600000001")
    gold = await office.caller("gold", "+33600000009")
    for caller in (plain, gold):
        caller.dial(crowd.QUEUE)
        await caller.hears_music(within=8)
    agent = await office.agent(crowd.CROWD[9])
    await agent.phone.answer()
    await office.hears(f"gold <-> {agent.name}")
    await agent.do("release")
    await agent.phone.answer()
    await office.hears(f"plain <-> {agent.name}")


async def test_a_supervisors_phone_closes_a_queue_by_a_code_and_opens_it_by_the_same(office: Office) -> None:
    erin = await office.agent("erin", ready=False)
    known = await prompts(office.stack, "activated", "de-activated", "pbx-invalid")
    async with opened_again(erin, "queue:sales"):
        await lamp_becomes(office, "queue:sales", "NOT_INUSE")
        for said, lamp in (("fr/de-activated", "INUSE"), ("fr/activated", "NOT_INUSE")):
            erin.phone.tape = bytearray()
            erin.phone.dial("*743000")
            await erin.phone.ended(within=15)
            assert recited(bytes(erin.phone.tape), known) == [said]
            await lamp_becomes(office, "queue:sales", lamp)
            shown = (await erin.command("GET", "/v1/openings"))["openings"]
            sales = next(each for each in shown if each["target"] == "queue:sales")
            assert (sales["open"], sales["by"]) == (lamp == "NOT_INUSE", "erin")
        await hears_no_code(office)


async def hears_no_code(office: Office) -> None:
    """An agent who is no supervisor opens and closes nothing."""
    alice = await office.agent("alice")
    known = await prompts(office.stack, "activated", "de-activated", "pbx-invalid")
    alice.phone.tape = bytearray()
    alice.phone.dial("*743000")
    await alice.phone.ended(within=15)
    assert recited(bytes(alice.phone.tape), known) == ["fr/pbx-invalid"]
    await lamp_becomes(office, "queue:sales", "NOT_INUSE")


async def test_what_was_closed_stays_closed_when_the_file_is_read_again(office: Office) -> None:
    erin, admin = await office.desk("erin"), await office.desk("admin")
    async with opened_again(erin, "queue:sales"):
        await choose(erin, "queue:sales", "closed")
        await admin.command("POST", "/v1/admin/reload")
        shown = await erin.command("GET", "/v1/targets/queue:sales")
        assert shown["state"] == "closed"


async def test_a_supervisor_closes_a_queue_on_the_page_and_sees_what_others_choose(
    office: Office, desks: Desks
) -> None:
    erin = await office.desk("erin")
    async with opened_again(erin, "queue:sales"):
        page = await desks.open("erin", "en")
        await page.page.get_by_role("link", name="Supervision").click()
        row = page.page.get_by_role("table", name="Queues and groups").get_by_role(
            "row", name=re.compile("^Sales queue")
        )
        button = row.get_by_role("button", name="Open", exact=True)
        await button.click()
        await row.get_by_role("menuitemradio", name="Close now").click()
        await expect(row.get_by_role("button", name="Closed (by hand)")).to_be_visible()
        async with asyncio.timeout(5):
            while (await erin.command("GET", "/v1/targets/queue:sales"))["state"] != "closed":
                pass
        await choose(erin, "queue:sales", "hours")
        await expect(row.get_by_role("button", name="Open", exact=True)).to_be_visible()
