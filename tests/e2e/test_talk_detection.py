"""Who speaks in a conference is seen by all who are in it, where the administrator has it so."""

from pathlib import Path

from tests.bots import answers
from tests.e2e.office import Agent
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, own_office

PARTNER = "+33555000111"


def speak(agent: Agent) -> set[str]:
    """Who speaks, by the last event that they got; the one without an agent is the partner."""
    assert agent.call is not None
    return {party["agent"] or "partner" for party in agent.call["parties"] if party["talking"]}


async def sees_speaking(agent: Agent, *who: str) -> None:
    await agent.phone.until(lambda: speak(agent) == set(who), f"sees {' and '.join(who) or 'nobody'} speak", within=8)


async def test_the_view_says_who_speaks_and_that_they_have_stopped(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text())
    async with own_office(stack, file) as office:
        alice, bob = await office.agents("alice", "bob")
        partner = await office.caller("partner", PARTNER, behaviour=answers())
        await alice.dials(f"number:{PARTNER}")
        await office.hears("alice <-> partner")
        bob.phone.say(False)
        await alice.do("single-step-conference", target="agent:bob")
        await bob.phone.answer()
        await office.hears("alice <-> partner", "alice -> bob", "partner -> bob")
        assert speak(alice) == set()

        file.write_text(FILE.read_text().replace("talk_detection: false", "talk_detection: true"))
        await (await office.desk("admin")).command("POST", "/v1/admin/reload")  # the call follows
        for agent in (alice, bob):
            await sees_speaking(agent, "alice", "partner")
        partner.say(False)
        await sees_speaking(alice, "alice")
        bob.phone.say(True)
        await sees_speaking(alice, "alice", "bob")
        await alice.to("alice", "mute")
        await sees_speaking(bob, "bob")
        await alice.to("alice", "unmute")
        await sees_speaking(bob, "alice", "bob")
        await alice.to("bob", "hold")
        await sees_speaking(alice, "alice")
        await alice.to("bob", "retrieve")
        await sees_speaking(alice, "alice", "bob")
        partner.hangup()
        await sees_speaking(alice)  # two need no telling
        await office.hears("alice <-> bob", among=["alice", "bob"])
