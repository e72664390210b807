"""Whoever tries the page has calls, and colleagues to give them to."""

import asyncio
import sys

import pytest

from tests.demo.visit import COLLEAGUES, visit
from tests.e2e.office import Agent, Office


async def test_a_visitor_is_called_again_and_again_and_gives_a_call_to_a_colleague_who_answers(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    (alice,), erin = await office.agents("alice"), await office.desk("erin")
    for name in COLLEAGUES:  # whom a test before has left at work
        await erin.command("PUT", f"/v1/agents/{name}/state", {"state": "logged_out"})
    visiting = asyncio.create_task(visit(office.stack, "alice", rest=0.0))
    try:
        await alice.phone.answer()
        await alice.sees_state("established")
        await alice.do("single-step-transfer", target="agent:bob")
        second = await alice.phone.answer(within=10)
        assert second.display.name == "Hans Weber"
        await alice.sees_state("established")
        for colleague in ("bob", "carol"):
            await alice.do("single-step-conference", target=f"agent:{colleague}")
            await alice.sees_offer("accepted")
        await alice.do("release")
        await alice.phone.rings(within=10)
        await erin.phone.until(lambda: "on_call" not in _shown(erin), "sees no colleague on a call", within=5)
    finally:
        visiting.cancel()
        await asyncio.wait([visiting])
    lines = capsys.readouterr().out
    assert "bob, carol, dave answer what is transferred to them" in lines
    assert "Zoé Caller calls alice" in lines
    assert "Zoé Caller hears bob" in lines


async def test_whoever_answered_for_a_visitor_goes_home_when_that_is_stopped(office: Office) -> None:
    erin = await office.desk("erin")
    for name in COLLEAGUES:  # whom a test before has left at work
        await erin.command("PUT", f"/v1/agents/{name}/state", {"state": "logged_out"})
    command = (sys.executable, "-m", "tests.demo.visit", "alice")
    visit = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert visit.stdout is not None
    async with asyncio.timeout(20):
        assert b"bob, carol, dave answer" in await visit.stdout.readline()
        visit.terminate()
        assert await visit.wait() == 0
    assert await _states(erin) == dict.fromkeys(COLLEAGUES, "logged_out")


def _shown(supervisor: Agent) -> set[str]:
    """The last state of each colleague that the events have brought."""
    events = [event["agent"] for event in supervisor.events if event["type"] == "agent.updated"]
    return set({each["agent"]: each["state"] for each in events if each["agent"] in COLLEAGUES}.values())


async def _states(supervisor: Agent) -> dict[str, str]:
    """Of the colleagues."""
    agents = (await supervisor.command("GET", "/v1/agents"))["agents"]
    return {each["agent"]: each["state"] for each in agents if each["agent"] in COLLEAGUES}
