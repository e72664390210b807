"""Lamps on phones follow the agents' states."""

import asyncio

import aiohttp

from tests.e2e.office import Office


async def lamp_becomes(office: Office, agent: str, state: str) -> None:
    """Ask Asterisk until its device state of the agent is this."""
    url = f"{office.stack.ari}/ari/deviceStates/Stasis:{agent}"
    async with asyncio.timeout(5), aiohttp.ClientSession(headers=office.stack.ari_headers) as session:
        shown = ""
        while shown != state:
            async with session.get(url) as response:
                shown = (await response.json())["state"]


async def test_a_lamp_shows_ready_ringing_on_call_and_logged_out(office: Office) -> None:
    (alice,) = await office.agents("alice")
    await lamp_becomes(office, "alice", "NOT_INUSE")
    caller = await office.caller()
    caller.dial("1001")
    await lamp_becomes(office, "alice", "RINGING")
    await alice.phone.answer()
    await lamp_becomes(office, "alice", "INUSE")
    await alice.do("release")
    await lamp_becomes(office, "alice", "NOT_INUSE")
    await alice.command("PUT", "/v1/me/state", {"state": "not_ready", "reason": "lunch"})
    await lamp_becomes(office, "alice", "BUSY")
    await alice.command("PUT", "/v1/me/state", {"state": "logged_out"})
    await lamp_becomes(office, "alice", "UNAVAILABLE")
