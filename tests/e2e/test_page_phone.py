"""An agent with a phone on the desk and one in the page: which rings, whose page has it, and where it ends."""

import aiohttp
import pytest

from tests.bots import RegistrationFailed
from tests.e2e.containers import Part, until_ready
from tests.e2e.office import PHONES, Agent, Office
from tests.e2e.page_phone import PagePhone


async def state_of(agent: Agent, device: str) -> str | None:
    """How that phone is, as the API tells."""
    devices = (await agent.command("GET", "/v1/me/phone"))["devices"]
    return next((d["state"] for d in devices if d["device"] == device), None)


async def is_reported(agent: Agent, device: str, state: str) -> None:
    """Wait for the event that tells so."""

    def reported() -> bool:
        events = [e["phone"]["devices"] for e in agent.events if e["type"] == "phone.updated"]
        return bool(events) and {"device": device, "state": state} in [
            {"device": d["device"], "state": d["state"]} for d in events[-1]
        ]

    await agent.phone.until(reported, f"is notified that the phone at the {device} is {state}")


async def test_the_desk_phone_rings_until_the_agent_chooses_the_page_and_again_after(office: Office) -> None:
    (alice,) = await office.agents("alice")
    async with PagePhone.open(office, alice) as page:
        assert await page.register() == 200
        await is_reported(alice, "page", "reachable")
        caller = await office.caller()
        await office.connect(caller, alice)
        assert page.rung == []
        await alice.do("release")
        await caller.ended()
        await alice.is_now("ready")

        assert (await alice.command("PUT", "/v1/me/phone", {"device": "page"}))["device"] == "page"
        other = await office.caller("other", "+33612345679")
        other.dial(PHONES["alice"])
        invite = await page.rings()
        assert b"a=fingerprint:" in invite.body
        assert b"opus" in invite.body
        assert not alice.phone.ringing
        await alice.sees_state("ringing")
        await page.decline(invite)
        await other.ended()
        await alice.is_now("ready")

        await alice.command("PUT", "/v1/me/phone", {"device": "desk"})
        await office.connect(caller, alice)
        assert len(page.rung) == 1


async def test_whoever_chose_a_page_that_is_closed_is_offered_nothing_and_sees_why(office: Office) -> None:
    (alice,) = await office.agents("alice")
    async with PagePhone.open(office, alice) as page:
        assert await page.register() == 200
        await is_reported(alice, "page", "reachable")
        await alice.command("PUT", "/v1/me/phone", {"device": "page"})
        await alice.has_reason(None)
        await page.close()
        await alice.has_reason("phone_unreachable")
        assert await state_of(alice, "desk") == "reachable"
        await alice.command("PUT", "/v1/me/phone", {"device": "desk"})
        await alice.has_reason(None)


async def test_the_page_that_opens_last_has_the_phone_and_the_secret_of_the_other_is_worth_nothing(
    office: Office,
) -> None:
    (alice,) = await office.agents("alice")
    async with PagePhone.open(office, alice) as first:
        assert await first.register() == 200
        async with PagePhone.open(office, alice) as second:
            assert await first.is_closed() == 4009
            assert await second.register() == 200


async def test_the_phone_in_the_page_ends_with_the_session_and_so_does_its_secret(office: Office) -> None:
    (alice,) = await office.agents("alice")
    async with PagePhone.open(office, alice) as page:
        assert await page.register() == 200
        user, secret = page.phone["user"], page.phone["password"]
        await alice.command("POST", "/v1/logout")
        assert await page.is_closed() == 4001
        with pytest.raises(RegistrationFailed):
            await office.lab.phone("thief", user, secret)


async def test_a_ticket_opens_one_page_only_and_a_page_of_another_origin_none(office: Office) -> None:
    (alice,) = await office.agents("alice")
    async with PagePhone.open(office, alice) as page:
        with pytest.raises(aiohttp.WSServerHandshakeError) as used:
            await page.connect(page.used)
        assert used.value.status == 401
        with pytest.raises(aiohttp.WSServerHandshakeError) as foreign:
            await page.connect(await page.ticket(), "http://evil.example.org")
        assert foreign.value.status == 403


async def test_after_a_restart_of_asterisk_the_page_opens_its_phone_again(office: Office) -> None:
    (alice,) = await office.agents("alice")
    async with PagePhone.open(office, alice) as page:
        assert await page.register() == 200
        await Part(office.stack, "asterisk").restart()
        assert await page.is_closed() == 1013
    await until_ready(office.stack)
    await alice.command("PUT", "/v1/me/phone", {"device": "page"})
    await alice.has_reason("phone_unreachable")
    async with PagePhone.open(office, alice) as page:
        assert await page.register() == 200
        await alice.has_reason(None)
        caller = await office.caller()
        caller.dial(PHONES["alice"])
        await page.decline(await page.rings())
    await alice.command("PUT", "/v1/me/phone", {"device": "desk"})


async def test_whose_page_is_gone_in_mid_call_keeps_the_contact_and_goes_on_at_the_desk_phone(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    async with PagePhone.open(office, alice) as page:
        assert await page.register() == 200
        await is_reported(alice, "page", "reachable")
        await alice.command("PUT", "/v1/me/phone", {"device": "page"})
        with office.silence_is_right(caller, why="this page has no audio", perhaps=True):
            caller.dial(PHONES["alice"])
            await page.accept(await page.rings())
            await alice.sees_state("established")
            await page.close()
            await caller.hears_music(within=8)
    await alice.sees_state("held")
    await alice.command("PUT", "/v1/me/phone", {"device": "desk"})
    await alice.do("retrieve")
    await office.hears("caller <-> alice")
