"""An agent's account on two phones, a desk phone and a softphone."""

from __future__ import annotations

from tests.bots import is_busy, rings
from tests.e2e.crowd import PHONES, TWO_PHONES
from tests.e2e.office import Office

NUMBER = PHONES[TWO_PHONES]


async def test_both_phones_ring_the_first_answer_wins_and_the_other_misses_nothing(office: Office) -> None:
    (agent, alice) = await office.agents(TWO_PHONES, "alice")
    soft = await office.lab.phone("soft", NUMBER, f"phone-{NUMBER}", behaviour=rings())
    caller = await office.caller()
    caller.dial(NUMBER)
    await agent.phone.rings()
    await soft.rings()
    assert agent.phone.display.says_the_same_as(soft.display)
    assert agent.phone.display.number == caller.number
    await soft.answer()
    await office.hears("caller <-> soft", among=("caller", "soft", TWO_PHONES))
    await agent.phone.ended()
    assert agent.phone.call.answered_elsewhere

    await agent.do("hold")
    await caller.hears_music(within=8)
    await agent.do("retrieve")
    await office.hears("caller <-> soft", among=("caller", "soft", TWO_PHONES))
    await agent.do("single-step-conference", target="agent:alice")
    await alice.phone.answer()
    await office.hears("caller <-> soft", "alice <-> soft", "alice <-> caller")
    assert len(agent.phone.calls) == 1
    soft.hangup()
    await office.hears("alice <-> caller")

    await agent.is_now("ready")
    await alice.do("single-step-transfer", target=f"agent:{TWO_PHONES}")
    await soft.rings()
    await agent.phone.answer()
    await office.hears(f"caller <-> {TWO_PHONES}")
    await soft.ended()
    assert soft.call.answered_elsewhere


async def test_declined_on_one_phone_it_rings_on_neither_and_a_busy_one_lets_the_other_ring(office: Office) -> None:
    (agent,) = await office.agents(TWO_PHONES)
    soft = await office.lab.phone("soft", NUMBER, f"phone-{NUMBER}", behaviour=rings())
    caller = await office.caller()
    first = caller.dial(NUMBER)
    await agent.phone.rings()
    await soft.decline()
    await agent.phone.ended()
    await caller.ended(first, within=15)
    soft.behaviour = is_busy()  # by itself, before it has rung
    caller.dial(NUMBER)
    await agent.phone.answer()
    await office.hears(f"caller <-> {TWO_PHONES}")
