"""An agent's account on two phones, a desk phone and a softphone."""

from __future__ import annotations

from pathlib import Path

from tests.bots import answers, is_busy, rings
from tests.e2e.crowd import PHONES, TWO_PHONES
from tests.e2e.office import Office
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, own_office

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


async def test_a_contact_on_hold_is_rung_for_on_both_phones_again_and_the_first_answer_has_them(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    listed = (
        f'  {TWO_PHONES}: {{name: Two Phones, phone: "{NUMBER}", password: {TWO_PHONES}-demo, groups: [support]}}\n'
    )
    text = FILE.read_text().replace("  recall: 60 ", "  recall: 1 ")
    file.write_text(text.replace("\nagents:\n", f"\nagents:\n{listed}"))
    async with own_office(stack, file) as office:
        (agent,) = await office.agents(TWO_PHONES)
        soft = await office.lab.phone("soft", NUMBER, f"phone-{NUMBER}", behaviour=rings())
        partner = await office.caller("partner", "+33555000111", behaviour=answers())
        await agent.dials("number:+33555000111")
        await agent.sees_state("established")
        await agent.do("hold")
        await partner.hears_music(within=8)
        (soft if soft.live else agent.phone).hangup()
        await agent.phone.rings()
        await soft.rings()
        assert agent.phone.display.says_the_same_as(soft.display)
        await soft.answer()
        await office.hears("partner <-> soft", among=("partner", "soft", TWO_PHONES))
        await agent.phone.ended()
        assert agent.phone.call.answered_elsewhere
