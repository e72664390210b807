"""More callers than may be: those who talk notice nothing, and whoever is refused is so before any answer (SIP 503)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.e2e.callers import calling
from tests.e2e.containers import asterisk_console
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import APPLICATION, FILE, own_office
from tests.e2e.witness import undisturbed
from tests.support.polling import until

PER_SECOND = 5
SECONDS = 4
WITHIN = 10.0


@asynccontextmanager
async def callers_come_to(stack: Stack, application: str) -> AsyncIterator[None]:
    """The dialplan hands callers over to this application while the block lasts."""
    before = (await asterisk_console(stack, "dialplan eval function GLOBAL(CALL_CONTROL)")).rpartition(" ")[2]
    await asterisk_console(stack, f"dialplan set global CALL_CONTROL {application}")
    try:
        yield
    finally:
        await asterisk_console(stack, f"dialplan set global CALL_CONTROL {before}")
        await asterisk_console(stack, "channel request hangup all")  # those who wait would not hang up


async def reasons(stack: Stack) -> list[str]:
    """Why `/readyz` says that callers are refused."""
    async with aiohttp.ClientSession() as session, session.get(f"{stack.api}/readyz") as response:
        return [each["reason"] for each in (await response.json())["degraded"]]


async def test_with_twice_as_many_callers_as_may_come_a_talk_is_undisturbed_and_a_mute_is_heard_at_once(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    limits = f"  admission: {{per_second: {PER_SECOND}}}\n  conferences: true"
    file.write_text(FILE.read_text().replace("  conferences: true", limits))
    numbers = [f"+3361{n:07}" for n in range(2 * PER_SECOND * SECONDS)]
    async with own_office(stack, file) as office, callers_come_to(stack, APPLICATION):
        (alice,) = await office.agents("alice")
        caller = await office.caller()
        await office.connect(caller, alice)

        async def limited() -> bool:
            return await reasons(office.stack) == ["rate"]

        assert await reasons(office.stack) == []
        began = time.monotonic()
        async with calling(tmp_path, stack, "3000", numbers, 2 * PER_SECOND) as crowd:
            async with undisturbed(office, "caller <-> alice"):
                await until(limited, "callers are refused", WITHIN)
            for _ in range(4):
                await alice.to("alice", "mute")
                await office.hears("caller -> alice")
                await alice.to("alice", "unmute")
                await office.hears("caller <-> alice")
            let_in, refused = await crowd.decided(len(numbers), 3 * SECONDS)
            seconds = time.monotonic() - began
            assert refused > PER_SECOND
            assert PER_SECOND <= let_in <= PER_SECOND * (seconds + 1) + 3  # a few come before the door is shut
