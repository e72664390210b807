"""Situations that somebody who is rung brings, and whoever waits for them to answer."""

from tests.bots.recital import recited
from tests.e2e import crowd
from tests.e2e.office import Office
from tests.e2e.prompts import prompts

ENGLISH = "+442079460123"
"""A caller from there is told things in English: the prompt of the place in the line is long."""


async def test_an_agent_who_answers_while_the_caller_is_told_the_place_is_heard_before_the_voice_has_ended(
    office: Office,
) -> None:
    known = await prompts(office.stack, "queue-youarenext")
    agent = await office.agent(crowd.CROWD[0], ready=False)
    caller = await office.caller(number=ENGLISH)
    caller.tape = bytearray()
    caller.dial(crowd.QUEUE_TOLD)
    await caller.hears_music(within=8)
    await caller.hears_speech(within=8)
    await agent.command("PUT", "/v1/me/state", {"state": "ready"})
    await agent.phone.answer()
    await office.hears(f"caller <-> {agent.name}", within=10)
    assert recited(bytes(caller.tape), known) == []
