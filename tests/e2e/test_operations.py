"""What whoever runs the call centre sees of it at a terminal: its health, its calls, a call's story."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from tests.bots import declines
from tests.e2e.containers import Part, asterisk_console, run_in, until_away, with_container
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Office
from tests.e2e.stack import Stack

DEMO = {"demo_passwords", "demo_phone_secrets"}
"""What the files of the demonstration cannot but have."""
TESTS = ["asterisk_file_invalid", "clear_passwords", "recordings_low", "recordings_full", "voicemail_full"]
"""What the call centre of the tests has besides, on purpose: a number that leads nowhere, many people, a small disk."""
BUSY = ["redis_slow", "redis_clock", "asterisk_clock"]
"""What a machine on which many tests run may have, and what is measured is not what is tested here."""
_MODULE = "func_holdintercept.so"


async def ari_app(stack: Stack, *arguments: str, environment: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Run the command line where the documents do, in the controller's container: its status, output and complaint."""

    def run(container: Any) -> tuple[int, str, str]:
        done = container.exec_run(["ari-app", *arguments], environment=dict(environment or {}), demux=True)
        out, complaint = cast("tuple[bytes | None, bytes | None]", done.output)
        return done.exit_code, (out or b"").decode(), (complaint or b"").decode()

    return await with_container(f"{stack.project}-controller", run)


async def doctor(stack: Stack, **environment: str) -> list[str]:
    """The code of each finding that is not one of the files that these tests run with."""
    status, out, complaint = await ari_app(stack, "doctor", "--json", environment=environment)
    assert not complaint, complaint
    found = json.loads(out)
    assert status == 1, "a number that leads nowhere is an error"
    codes = sorted(finding["code"] for finding in found)
    assert set(codes) >= DEMO
    return [code for code in codes if code not in {*DEMO, *TESTS, *BUSY}]


@asynccontextmanager
async def without_module(stack: Stack, name: str) -> AsyncIterator[None]:
    """An Asterisk that lacks a module while the block lasts."""
    await asterisk_console(stack, f"module unload {name}")
    try:
        yield
    finally:
        await asterisk_console(stack, f"module load {name}")


async def test_the_doctor_finds_nothing_in_a_sound_call_centre_and_names_what_breaks(stack: Stack) -> None:
    for command in ("dialplan reload", "module reload res_pjsip.so"):  # what tests before may have left newer
        await asterisk_console(stack, command)
    assert await doctor(stack) == []
    wrong = stack.redis.replace("://:", "://:not-")
    assert await doctor(stack, ARI_APP_REDIS_URL=wrong) == ["redis_password_wrong"]
    assert await doctor(stack, ARI_APP_ARI_PASSWORD="not the password") == ["ari_password_wrong"]
    change = "cp -a /etc/ari_app /tmp/changed && echo '# changed' >> /tmp/changed/callcentre.yaml"
    await run_in(f"{stack.project}-controller", "sh", "-c", change)
    assert await doctor(stack, ARI_APP_CONFIG="/tmp/changed/callcentre.yaml") == ["configuration_not_live"]
    async with without_module(stack, _MODULE):
        assert await doctor(stack) == ["module_missing"]
    async with Part(stack, "asterisk").killed():
        await until_away(stack, "asterisk_unavailable")
        assert await doctor(stack) == ["asterisk_unreached", "controller_not_ready"]


async def test_calls_are_listed_with_who_is_in_them_and_nobody_who_withholds_it_is_named(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    zoe, hidden = await office.caller(), await office.caller("hidden", "anonymous")
    await office.connect(zoe, alice)
    await alice.do("hold")
    await zoe.hears_music()
    await office.connect(hidden, bob)
    status, out, _ = await ari_app(office.stack, "calls")
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert (status, lines[-1]) == (0, "2 calls are up")
    assert any(line.startswith(f"contact {CALLER_NAME} {CALLER_NUMBER} held 0:0") for line in lines), out
    assert "contact withheld connected" in lines, out
    status, out, _ = await ari_app(office.stack, "calls", "--json")
    first, second = json.loads(out)["calls"]
    assert (first["id"], first["state"], first["owner"]) == (alice.call_id, "held", "alice")
    assert [(p["name"], p["held_by"]) for p in first["parties"] if p["role"] == "contact"] == [(CALLER_NAME, ["alice"])]
    assert (second["id"], second["state"]) == (bob.call_id, "established")


async def test_a_story_is_shown_to_a_person_who_knows_an_administrators_password(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    bob.phone.behaviour = declines()
    caller = await office.caller()
    await office.connect(caller, alice)
    call = alice.call_id
    await alice.do("single-step-transfer", target="agent:bob")
    await alice.sees_offer("declined")
    status, account, complaint = await story(office.stack, call, "admin-demo")
    assert (status, complaint) == (0, "")
    assert re.search("Alice Martin +single step transfer: agent:bob", account)
    assert "Bob Lefèvre   gone: declined" in account
    status, account, complaint = await story(office.stack, call, "wrong")
    assert (status, account) == (1, "")
    assert complaint.startswith(f"{call}: unauthenticated: ")
    status, _, complaint = await story(office.stack, "cc-never", "admin-demo")
    assert (status, complaint.startswith("cc-never: not_found: ")) == (1, True)


async def story(stack: Stack, call: str, password: str) -> tuple[int, str, str]:
    """What `ari-app story` prints and complains of to who gives that password."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ari_app", "story", call, "--url", stack.api,
        env=dict(os.environ), stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, complaint = await process.communicate(f"{password}\n".encode())
    return process.returncode or 0, out.decode(), complaint.decode()
