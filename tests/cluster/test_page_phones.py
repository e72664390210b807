"""Phones in pages in a cluster: they are at its edge, and any Asterisk rings them."""

from __future__ import annotations

from tests.e2e.browser import Desks
from tests.e2e.cluster import ASTERISKS, Asterisk, Cluster
from tests.e2e.office import CALLER_NAME, PHONES, Office
from tests.e2e.page_ears import is_heard_by
from tests.e2e.page_phone import PagePhone

VOICE = 1100
ACCOUNT = f"{PHONES['alice']}-page"


async def rung_by(page: PagePhone, office: Office, cluster: Cluster, asterisk: Asterisk, number: str) -> None:
    """A caller whom the edge gives to this Asterisk rings the page, which declines."""
    caller = await office.caller(f"caller-{number}", number)
    caller.dial(PHONES["alice"])
    invite = await page.rings()
    assert await cluster.calls_of(asterisk)
    assert b"a=fingerprint:" in invite.body
    await page.decline(invite)
    await caller.ended()
    await page.agent.is_now("ready")


async def test_a_phone_in_a_page_is_rung_by_both_asterisks_and_by_the_other_when_the_first_dies(
    cluster: Cluster, office: Office
) -> None:
    (alice,) = await office.agents("alice")
    async with PagePhone.open(office, alice) as page:
        assert await page.register() == 200
        await cluster.until_seen_by_all({ACCOUNT})
        await alice.command("PUT", "/v1/me/phone", {"device": "page"})
        for number, name in enumerate(ASTERISKS):
            drained = next(other for other in ASTERISKS if other != name)
            try:
                await cluster.drain(drained)
                await rung_by(page, office, cluster, name, f"+3360000000{number}")
            finally:
                await cluster.resume(drained)
        first = cluster.asterisk("asterisk-a")
        await first.kill()
        try:
            await rung_by(page, office, cluster, "asterisk-b", "+33600000005")
        finally:
            await first.start()
        await cluster.until_seen_by_all({ACCOUNT})  # which had forgotten it
        assert page.closed is None
    await alice.has_reason("phone_unreachable")
    await alice.command("PUT", "/v1/me/phone", {"device": "desk"})


async def test_a_call_of_the_second_asterisk_is_taken_in_the_page_and_both_hear_each_other(
    cluster: Cluster, office: Office, desks: Desks
) -> None:
    alice = await office.agent("alice", ready=False)
    page = await desks.open("alice", voice=VOICE)
    await page.uses_this_page()
    await page.goes_ready()
    await cluster.until_seen_by_all({ACCOUNT})
    try:
        await cluster.drain("asterisk-a")
        caller = await office.caller()
        caller.dial(PHONES["alice"])
        await page.accept(CALLER_NAME)
    finally:
        await cluster.resume("asterisk-a")
    assert await cluster.calls_of("asterisk-b")
    await page.hears(caller)
    await is_heard_by(caller, VOICE)
    await page.call(CALLER_NAME).press("hold")
    await caller.hears_music(within=8)
    await page.call(CALLER_NAME).press("end")
    await caller.ended()
    await alice.command("PUT", "/v1/me/phone", {"device": "desk"})
