"""A phone that is not ours, by TLS and SRTP: who listens on the network hears nothing, its agent everything."""

from __future__ import annotations

import asyncio
import socket
import ssl
import warnings
from pathlib import Path

import aiohttp

from tests.bots import declines
from tests.e2e.foreign import TLS_PORT
from tests.e2e.office import Office
from tests.e2e.stack import Stack
from tests.e2e.test_foreign_phone import TALK, bob_at_baresip


async def is_encrypted(stack: Stack, user: str) -> dict[str, str]:
    """What Asterisk says of the call at that phone: its signalling, its audio."""
    found = {}
    async with aiohttp.ClientSession(headers=stack.ari_headers) as session:
        (channel,) = [c for c in await stack.asterisk_has("channels") if c["name"].startswith(f"PJSIP/{user}-")]
        for what in ("pjsip,secure", "rtp,secure,audio"):
            url = f"{stack.ari}/ari/channels/{channel['id']}/variable"
            async with session.get(url, params={"variable": f"CHANNEL({what})"}) as response:
                found[what] = str((await response.json())["value"])
    return found


async def test_an_encrypted_phone_transfers_keeps_the_contact_on_hold_and_retrieves_s10_s12_s13(
    office: Office, tmp_path: Path
) -> None:
    (carol,) = await office.agents("carol")
    caller = await office.caller()
    async with bob_at_baresip(office, tmp_path, encrypted=True) as (bob, phone):
        caller.dial("1002")
        await phone.until("CALL_ESTABLISHED")
        await bob.sees_state("established")
        await office.hears("bob -> caller")
        assert await is_encrypted(office.stack, "1002") == {"pjsip,secure": "1", "rtp,secure,audio": "1"}
        carol.phone.behaviour = declines()
        await bob.do("single-step-transfer", target="agent:carol")
        await caller.hears_music()
        await bob.sees_offer("declined")
        await caller.hears_music()
        await bob.do("retrieve")
        await office.hears("bob -> caller")
        await caller.stays_up(1.0)
        await phone.command("hangup")
        await caller.ended()
        await bob.is_now("ready")
    assert phone.heard()[caller.tone] >= TALK, phone.heard()


async def test_a_contact_is_transferred_to_an_encrypted_phone_and_talks_s10_s11(office: Office, tmp_path: Path) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    async with bob_at_baresip(office, tmp_path, encrypted=True) as (_, phone):
        await office.connect(caller, alice)
        await alice.do("single-step-transfer", target="agent:bob")
        await phone.until("CALL_ESTABLISHED")
        await office.hears("bob -> caller")
        await alice.phone.ended()
        assert await is_encrypted(office.stack, "1002") == {"pjsip,secure": "1", "rtp,secure,audio": "1"}
        await caller.stays_up(1.0)
        await phone.command("hangup")
        await caller.ended()
    assert phone.heard()[caller.tone] >= TALK, phone.heard()


def speaks(address: str, version: ssl.TLSVersion) -> bool:
    """Whether Asterisk takes a connection by that version of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # as it should be
        context.minimum_version = context.maximum_version = version
    with socket.create_connection((address, TLS_PORT), timeout=5) as plain:
        try:
            with context.wrap_socket(plain):
                return True
        except (ssl.SSLError, ConnectionError):
            return False


async def test_old_versions_of_tls_are_refused(stack: Stack) -> None:
    address = stack.asterisk[0]
    assert not await asyncio.to_thread(speaks, address, ssl.TLSVersion.TLSv1_1)
    assert await asyncio.to_thread(speaks, address, ssl.TLSVersion.TLSv1_2)
