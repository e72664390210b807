"""Other software hears of each call from its beginning to its end, in order, and once where nothing goes wrong."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio

from tests.bots import Lab, answers
from tests.e2e.containers import until_ready
from tests.e2e.office import Office
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, PORT, environment, own_office
from tests.e2e.witness import reopen
from tests.support.polling import until
from tests.support.receiver import SECRET, Receiver

WITHIN = 10.0


@pytest_asyncio.fixture(loop_scope="session")
async def crm(stack: Stack) -> AsyncIterator[Receiver]:
    receiver = await Receiver(stack.bind).start()
    yield receiver
    await receiver.stop()


def listing(receiver: Receiver, tmp_path: Path, **settings: str) -> Path:
    """The demonstration's file with this receiver."""
    text = FILE.read_text()
    for line, instead in settings.items():
        text = text.replace(f"  # {line}: ", f"  {line}: {instead} # ", 1)
    file = tmp_path / "callcentre.yaml"
    file.write_text(f"webhooks:\n  crm: {{url: '{receiver.url}', secret: {SECRET}}}\n{text}")
    return file


def kinds(receiver: Receiver, subject: str = "call:") -> list[str]:
    return [event["type"] for event in receiver.taken if event["subject"].startswith(subject)]


async def arrives(receiver: Receiver, *wanted: str, subject: str = "call:") -> None:
    """Wait until all of these have."""

    async def so() -> bool:
        return set(wanted) <= set(kinds(receiver, subject))

    await until(so, f"{wanted} at the receiver, which has {kinds(receiver, '')}", WITHIN)


def once_and_in_order(receiver: Receiver) -> None:
    by_call: dict[str, list[Any]] = {}
    for event in receiver.taken:
        if event["subject"].startswith("call:"):
            by_call.setdefault(event["subject"], []).append(event)
    for events in by_call.values():
        found = [event["type"] for event in events]
        assert found[0] == "call.created"
        assert found.count("call.created") == 1
        assert found[1:-1] == ["call.updated"] * (len(found) - 2)
        assert [event["id"] for event in events] == list(dict.fromkeys(event["id"] for event in events))


async def test_a_call_is_heard_of_from_its_beginning_to_its_end_and_so_are_its_agents(
    stack: Stack, crm: Receiver, tmp_path: Path
) -> None:
    async with own_office(stack, listing(crm, tmp_path)) as office:
        alice, bob = await office.agents("alice", "bob")
        await alice.dials("agent:bob")
        await bob.phone.answer()
        await office.hears("alice <-> bob")
        await alice.do("hold")
        await alice.do("retrieve")
        await alice.do("clear")
        await arrives(crm, "call.created", "call.updated", "call.ended")
        await arrives(crm, "agent.updated", subject="agent:alice")
    once_and_in_order(crm)
    ended = next(event for event in crm.taken if event["type"] == "call.ended")["data"]["call"]
    assert (ended["state"], ended["ended_by"], ended["end_reason"]) == ("released", "agent:alice", "cleared")
    assert "held" in [event["data"]["call"]["state"] for event in crm.taken if event["type"] == "call.updated"]


async def test_a_receiver_that_refuses_and_dies_gets_all_in_order_when_it_is_back(
    stack: Stack, crm: Receiver, tmp_path: Path
) -> None:
    seen: set[str] = set()

    def at_first(event: Any) -> int:
        new = event["id"] not in seen
        seen.add(event["id"])
        return 503 if new and len(seen) % 3 == 0 else 200

    crm.answer, crm.headers = at_first, {"Retry-After": "0"}
    async with own_office(stack, listing(crm, tmp_path)) as office:
        alice, bob = await office.agents("alice", "bob")
        await alice.dials("agent:bob")
        await bob.phone.answer()
        await office.hears("alice <-> bob")
        await arrives(crm, "call.created")
        await crm.stop()
        await alice.do("hold")
        await alice.do("retrieve")
        await alice.do("clear")
        crm.answer = lambda event: 200
        await crm.start()
        admin = await office.desk("admin")
        await admin.command("POST", "/v1/admin/webhooks/crm/retry")
        await arrives(crm, "call.ended")
        listed = (await admin.command("GET", "/v1/admin/webhooks"))["webhooks"]
        assert [(each["id"], each["dead"]) for each in listed] == [("crm", 0)]
    once_and_in_order(crm)


async def test_what_happened_while_a_controller_was_dead_is_heard_of_from_the_next(
    stack: Stack, crm: Receiver, tmp_path: Path
) -> None:
    file = listing(crm, tmp_path)
    own = replace(stack, api=f"http://{stack.bind}:{PORT}")
    office = Office(Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=8), own, {})
    try:
        async with _controller(own, file) as first:
            alice, bob, dave, erin = await office.agents("alice", "bob", "dave", "erin")
            await alice.dials("agent:bob")
            await bob.phone.answer()
            await dave.dials("agent:erin")
            await erin.phone.answer()
            await office.hears("alice <-> bob", "dave <-> erin")
            goes_on, over = alice.call_id, dave.call_id
            await arrives(crm, "call.updated")
            first.kill()
            await first.wait()
            dave.phone.hangup()
        async with _controller(own, file):
            await erin.phone.ended()
            await arrives(crm, "call.ended", subject=f"call:{over}")
            assert "call.ended" not in kinds(crm, f"call:{goes_on}")
            await reopen(alice, bob, dave, erin)
            await alice.do("clear")
            await arrives(crm, "call.ended", subject=f"call:{goes_on}")
            await office.close()
    finally:
        await office.lab.close()
    once_and_in_order(crm)


@asynccontextmanager
async def _controller(own: Stack, file: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """One that may be killed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ari_app", "run", env=environment(own, file), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        await until_ready(own)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(15):
            await process.wait()


async def test_somebody_on_hold_for_too_long_is_an_alarm_until_they_are_not(
    stack: Stack, crm: Receiver, tmp_path: Path
) -> None:
    async with own_office(stack, listing(crm, tmp_path, max_hold="2")) as office:
        (alice,) = await office.agents("alice")
        erin = await office.desk("erin")
        partner = await office.caller("partner", "+33555000111", behaviour=answers())
        await alice.dials("number:+33555000111")
        await office.hears("alice <-> partner")
        assert (await erin.command("GET", "/v1/alarms"))["alarms"] == []
        await alice.do("hold")
        await partner.hears_music(within=8)
        await arrives(crm, "alarm.raised", subject="alarm:held_too_long:")
        raised = (await erin.command("GET", "/v1/alarms"))["alarms"]
        assert [(alarm["alarm"], alarm["subject"]) for alarm in raised] == [("held_too_long", f"call:{alice.call_id}")]
        await alice.do("retrieve")
        await arrives(crm, "alarm.cleared", subject="alarm:held_too_long:")
        await erin.phone.until(
            lambda: (
                [e["type"] for e in erin.events if e["type"].startswith("alarm.")] == ["alarm.raised", "alarm.cleared"]
            ),
            "is notified of the alarm and its end",
            within=WITHIN,
        )
        await alice.do("clear")


async def test_the_stream_of_metrics_names_the_receiver(stack: Stack, crm: Receiver, tmp_path: Path) -> None:
    async with own_office(stack, listing(crm, tmp_path)) as office:
        await office.agent("alice")
        await arrives(crm, "agent.updated", subject="agent:alice")
        async with aiohttp.ClientSession() as session, session.get(f"{office.stack.api}/metrics") as response:
            figures = await response.text()
        assert 'callcontrol_webhook_tries_total{outcome="taken",receiver="crm"}' in figures
