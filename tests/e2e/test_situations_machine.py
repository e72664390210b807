"""What the machine and its parts bring: quiet music, a full disk, a wrong password, a flood of logins, an Asterisk that
stands still."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import numpy as np

from tests.bots.sound import QUIET_RMS
from tests.bots.tones import FRAME, RATE
from tests.e2e.containers import Part, run_in, until_away
from tests.e2e.office import Office
from tests.e2e.prompts import shipped_music
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, environment, own_controller
from tests.e2e.witness import reopen

ADDRESSES, EACH = 8, 100
"""Those who flood, and how many logins each tries at once."""
RECORDINGS = "/var/spool/asterisk/recording"
LONGEST_PAUSE = 1.0
"""Seconds of silence in music, after which a caller may take the line for dead."""


async def test_no_music_that_is_shipped_leaves_a_caller_in_silence(stack: Stack) -> None:
    files = await shipped_music(stack)
    assert len(files) > 1
    played = np.concatenate([*files.values(), next(iter(files.values()))])  # in this order, and from the start again
    loudness = np.sqrt(np.mean(played.reshape(-1, FRAME) ** 2, axis=1))
    loud = np.flatnonzero(loudness >= QUIET_RMS)
    pauses = np.diff(loud) * FRAME / RATE
    assert loud[0] == 0
    assert pauses.max() < LONGEST_PAUSE, f"after {loud[pauses.argmax()] * FRAME / RATE:.1f} s of {list(files)}"


async def test_a_wrong_password_of_the_store_is_called_by_its_name(stack: Stack, tmp_path: Path) -> None:
    right = urlsplit(stack.redis)
    wrong = right._replace(netloc=f":guessed@{right.hostname}:{right.port}").geturl()
    log = tmp_path / "log"
    refused = "the store refuses the password that it is given (ARI_APP_REDIS_URL)"
    async with own_controller(stack, {**environment(stack, FILE), "ARI_APP_REDIS_URL": wrong}, log) as own:
        await until_away(own, "store_unavailable")
        async with aiohttp.ClientSession(own.api) as session:
            async with session.get("/readyz") as response:
                assert (await response.json())["detail"] == refused
            async with session.post("/v1/login", json={"agent": "alice", "password": "alice-demo"}) as response:
                problem = await response.json()
    assert (response.status, problem["code"], problem["detail"]) == (503, "store_unavailable", refused)
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert {line["reason"] for line in lines if line["event"] == "store_unavailable"} == {refused}
    assert "guessed" not in log.read_text()


async def test_no_recording_is_begun_on_a_full_disk_and_one_whose_disk_fills_up_is_reported(office: Office) -> None:
    asterisk = f"{office.stack.project}-asterisk"
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    await run_in(asterisk, "fallocate", "-l", "40M", f"{RECORDINGS}/full")  # of 64 MB
    try:
        assert await alice.refused("start-recording") == "disk_full"
        assert alice.call is not None
        assert alice.call["recording"] is None
        await run_in(asterisk, "rm", f"{RECORDINGS}/full")
        await alice.do("start-recording")
        await run_in(asterisk, "sh", "-c", f"dd if=/dev/zero of={RECORDINGS}/full bs=4k 2>/dev/null; true")
        await alice.phone.until(lambda: bool(alice.errors), "is notified", within=20)
        assert [error["operation"] for error in alice.errors] == ["recording"]
        await alice.sees(lambda call: call["recording"] is None, "sees that it is not recorded any more")
    finally:
        await run_in(asterisk, "rm", "-f", f"{RECORDINGS}/full")
    await office.hears("alice <-> caller")
    await alice.do("start-recording")


async def test_a_flood_of_logins_with_made_up_names_makes_nobody_at_another_address_wait(office: Office) -> None:
    answers: list[tuple[str, int]] = []

    async def log_in(session: aiohttp.ClientSession, whose: str, agent: str, password: str) -> None:
        async with session.post("/v1/login", json={"agent": agent, "password": password}) as response:
            answer = await response.json()
            answers.append((whose, response.status))
            if response.status == 429:
                assert answer["code"] == "rate_limited"
                assert int(response.headers["Retry-After"]) > 0

    async def flood(address: str) -> None:
        connector = aiohttp.TCPConnector(local_addr=(address, 0), limit=0)
        async with aiohttp.ClientSession(office.stack.api, connector=connector) as session:
            await asyncio.gather(*(log_in(session, "flood", f"nobody{n}", "guess") for n in range(EACH)))

    floods = [asyncio.ensure_future(flood(f"127.0.79.{10 + number}")) for number in range(ADDRESSES)]
    async with asyncio.timeout(20):
        while not any(status == 429 for _, status in answers):  # it is under way, and more than can wait have come
            await asyncio.wait(floods, timeout=0.01)
    before = len(answers)
    elsewhere = aiohttp.TCPConnector(local_addr=("127.0.78.9", 0))
    async with aiohttp.ClientSession(office.stack.api, connector=elsewhere) as session:
        await log_in(session, "dave", "dave", "dave-demo")
    checked = Counter(status for _, status in answers[before:])[401]
    assert ("dave", 200) in answers  # whoever floods may have an answer since
    await asyncio.gather(*floods)
    # Of those who waited already, one of each address may come first; then it is dave's turn.
    assert checked <= 3 * ADDRESSES
    statuses = Counter(status for whose, status in answers if whose == "flood")
    assert set(statuses) == {401, 429}
    assert statuses.total() == ADDRESSES * EACH


async def test_the_numbers_of_events_grow_over_a_restart_of_the_controller(office: Office) -> None:
    (alice,) = await office.agents("alice")

    async def snapshot(session: aiohttp.ClientSession, since: int | None = None) -> int:
        """The number of a window's first message."""
        async with session.ws_connect("/v1/events", params={} if since is None else {"since": str(since)}) as socket:
            first = await socket.receive_json(timeout=10)
            assert first["type"] == "snapshot"
            return int(first["seq"])

    async with aiohttp.ClientSession(office.stack.api) as session:
        session.headers["Authorization"] = f"Bearer {await office.stack.login(session, 'alice')}"
        had = [await snapshot(session) for _ in range(5)]  # each a minute after the last, in a moment
        async with Part(office.stack, "controller").killed():
            pass
        fresh = await snapshot(session)
        again = [await snapshot(session, since=number) for number in reversed(had)]
    assert had == sorted(had)
    assert fresh < had[-1], "numbers never got ahead of the time"
    assert again[0] > had[-1]
    assert again == sorted(again)
    await reopen(alice)


async def test_a_command_to_an_asterisk_that_stands_still_is_not_called_undone_and_its_repeat_gets_what_became_of_it(
    office: Office,
) -> None:
    alice, bob = await office.agents("alice", "bob")
    await alice.dials("agent:bob")
    await bob.phone.answer()
    await office.hears("alice <-> bob")

    async def hold(session: aiohttp.ClientSession) -> tuple[int, dict[str, Any]]:
        async with session.post(f"/v1/calls/{alice.call_id}/hold", headers={"Idempotency-Key": "frozen"}) as response:
            return response.status, await response.json()

    async with aiohttp.ClientSession(office.stack.api) as session:
        session.headers["Authorization"] = f"Bearer {await office.stack.login(session, 'alice')}"
        async with Part(office.stack, "asterisk").frozen():
            for _ in range(2):
                status, answer = await hold(session)
                assert (status, answer["code"]) == (504, "unknown_outcome")
        status, answer = await hold(session)
    assert (status, answer["state"]) == (200, "held")
    await bob.phone.hears_music(within=8)
    await alice.sees_state("held")
    await alice.do("retrieve")
    await office.hears("alice <-> bob")
