"""What phones dial outside: what it may cost who has stolen one, and what nobody may be kept from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bots import answers, forwards
from tests.bots.recital import recited
from tests.e2e.containers import logged
from tests.e2e.office import Office, Refused
from tests.e2e.prompts import prompts
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import APPLICATION, FILE, own_office
from tests.e2e.test_overload import callers_come_to
from tests.e2e.test_situations_admin import figure

PLACE = "+33140000000"
OUTSIDE, PREMIUM = "+33555000111", "+33899000111"
MORE = """
outside:
  - {pattern: '(\\+33|0)89[0-9]+', deny: true}
  - {pattern: '00[0-9]+', for: ["role:supervisor"]}
"""


async def test_an_emergency_is_dialled_as_it_is_by_a_phone_that_is_logged_out_and_supervisors_are_notified(
    office: Office, stack: Stack
) -> None:
    bob = await office.agent("bob")
    erin = await office.desk("erin")
    await bob.command("PUT", "/v1/me/state", {"state": "logged_out"})
    counted = await figure(stack, "callcontrol_emergency_calls_total")
    service = await office.lab.contact("service", "15", behaviour=answers())
    bob.phone.dial("15")
    await office.hears("bob <-> service")
    assert service.display.number == PLACE
    seen = [{name: event[name] for name in ("agent", "phone", "number")} for event in erin.events
            if event["type"] == "emergency.dialled"]  # fmt: skip
    assert seen == [{"agent": "bob", "phone": "1002", "number": "15"}]
    assert not [event for event in bob.events if event["type"] == "emergency.dialled"]
    assert await figure(stack, "callcontrol_emergency_calls_total") == counted + 1
    assert (await logged(stack, "emergency_dialled"))[-1]["number"] == "15"


async def test_an_emergency_is_dialled_from_a_desktop_whatever_the_rules_say(office: Office) -> None:
    alice = await office.agent("alice")
    erin = await office.desk("erin")
    service = await office.lab.contact("service", "112", behaviour=answers())
    await alice.dials("number:112", caller_id="anonymous")
    await office.hears("alice <-> service")
    assert service.display.number == PLACE
    await erin.phone.until(lambda: any(e["type"] == "emergency.dialled" for e in erin.events), "is notified")


async def test_a_stolen_phone_calls_no_premium_number_and_few_others(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    text = FILE.read_text().replace("\noutside:\n", MORE).replace('"0[0-9]+"', '"0[1-9][0-9]+"')
    file.write_text(text.replace("settings:\n", "settings:\n  outside: {calls: 1, per_minute: 2}\n"))
    async with own_office(stack, file) as office, callers_come_to(stack, APPLICATION):
        alice = await office.agent("alice")
        partner = await office.caller("partner", OUTSIDE, behaviour=answers())
        premium = await office.caller("premium", PREMIUM, behaviour=answers())
        for number in (PREMIUM, "0044"):
            with pytest.raises(Refused) as refused:
                await alice.dials(f"number:{number}")
            assert refused.value.code == "unknown_target"
        assert (await figure(stack, 'callcontrol_arrivals_refused_total{reason="number_refused"}')) == 0
        await dials_and_hears(office, stack, PREMIUM, "pbx-invalid")
        alice.phone.dial(OUTSIDE)
        await office.hears("alice <-> partner")
        await dials_and_hears(office, stack, OUTSIDE, "simul-call-limit-reached")
        with pytest.raises(Refused) as refused:
            await alice.dials(f"number:{OUTSIDE}")
        assert refused.value.code == "too_many"
        partner.hangup()
        await alice.phone.ended()
        alice.phone.dial(OUTSIDE)
        await office.hears("alice <-> partner")
        partner.hangup()
        await alice.phone.ended()
        with pytest.raises(Refused) as refused:
            await alice.dials(f"number:{OUTSIDE}")
        assert refused.value.code == "rate_limited"
        assert premium.calls == []


async def dials_and_hears(office: Office, stack: Stack, number: str, prompt: str) -> None:
    """Alice's phone dials it, hears why not, and is released."""
    phone = office.people["alice"].phone
    call = phone.dial(number)
    call.audio.tape = bytearray()
    await phone.until(lambda: call.state == "ended", "is released", within=15)
    assert recited(bytes(call.audio.tape), await prompts(stack, prompt)) == [f"fr/{prompt}"]


@pytest.mark.parametrize("where", [OUTSIDE, "*91003"])
async def test_a_phone_that_forwards_is_not_followed_to_where_it_says(office: Office, where: str) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    partner = await office.caller("partner", OUTSIDE, behaviour=answers())
    bob.phone.behaviour = forwards(where)
    call = alice.phone.dial("*91002")
    await alice.phone.until(lambda: call.state == "ended", "is released", within=8)
    assert partner.calls == carol.phone.calls == []
