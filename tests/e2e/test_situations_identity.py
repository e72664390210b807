"""Who is shown to whom when somebody withholds it, changes, or has a name that is hard to write (F3, F4, F15, F18)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.bots import Withholding, answers
from tests.bots.station import Station
from tests.e2e.crowd import TRUNK
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Agent, Office
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, own_office

OUTSIDE = "+33555000111"
COMPANY = "+33140000000"
NAME = r'Dupont "le grand" \o/'


def _sees_nobody(agent: Agent) -> None:
    """Nothing that this desktop ever got has the caller's name or number."""
    reported = json.dumps(agent.events, ensure_ascii=False) + json.dumps(agent.call, ensure_ascii=False)
    assert CALLER_NUMBER not in reported
    assert CALLER_NAME not in reported


def _invited_with(contact: Station) -> dict[str, str]:
    """Who calls, as the INVITE to this contact says in each of its headers."""
    assert contact.call.invite is not None
    request = contact.call.invite.request
    return {name: ", ".join(request.headers.get(name)) for name in ("From", "P-Asserted-Identity", "Privacy")}


@pytest.mark.parametrize("way", Withholding)
async def test_a_caller_who_withholds_who_they_are_is_anonymous_on_phone_and_desktop(
    office: Office, way: Withholding
) -> None:
    alice = await office.agent("alice")
    caller = await office.caller()
    caller.dial("1001", withheld=way)
    await alice.phone.rings()
    await alice.phone.displays(anonymous=True)
    await alice.phone.answer()
    call = await alice.sees_state("established")
    await office.hears("caller <-> alice")
    assert alice.party("contact")["anonymous"]
    assert alice.phone.display.anonymous
    _sees_nobody(alice)
    admin = await office.desk("admin")
    story = await admin.command("GET", f"/v1/admin/calls/{call['id']}/story")
    assert CALLER_NUMBER not in json.dumps(story)


async def test_a_caller_who_withholds_who_they_are_stays_anonymous_when_passed_on_inside_and_outside(
    office: Office,
) -> None:
    alice, bob = await office.agents("alice", "bob")
    partner = await office.caller("partner", OUTSIDE, behaviour=answers())
    caller = await office.caller()
    caller.dial("1001", withheld=Withholding.BESIDE_IDENTITY)
    await alice.phone.answer()
    await office.hears("caller <-> alice")
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    await bob.phone.displays(anonymous=True)
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await bob.do("single-step-conference", target=f"number:{OUTSIDE}")
    await office.hears("caller <-> bob", "caller <-> partner", "bob <-> partner")
    assert bob.phone.display.anonymous
    assert partner.display.anonymous
    said = _invited_with(partner)
    assert "<sip:anonymous@anonymous.invalid>" in said["From"]
    assert said["Privacy"] == "id"
    assert f"<sip:{COMPANY}@" in said["P-Asserted-Identity"]
    _sees_nobody(bob)


async def test_phone_and_desktop_follow_when_the_contact_is_passed_on_by_their_own_switchboard(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await caller.is_passed_on("Yann Le Goff", "+33698765432")
    await alice.phone.displays(name="Yann Le Goff", number="+33698765432")
    await alice.sees(lambda call: "Yann Le Goff" in [p["name"] for p in call["parties"]], "sees who it is now")
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    await bob.phone.displays(name="Yann Le Goff", number="+33698765432")
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await caller.is_passed_on("Odile Secret", "+33699887766", withheld=True)
    await bob.phone.displays(anonymous=True)
    await bob.sees(lambda call: any(p["anonymous"] for p in call["parties"]), "sees that they withhold it")
    assert "+33699887766" not in json.dumps(bob.events)


async def test_a_name_with_quotes_and_backslashes_is_shown_as_it_is_written(office: Office) -> None:
    alice = await office.agent("alice")
    partner = await office.caller("partner", OUTSIDE, behaviour=answers())
    caller = await office.lab.contact("caller", CALLER_NUMBER, display=NAME)
    await office.connect(caller, alice)
    await alice.phone.displays(name=NAME, number=CALLER_NUMBER)
    assert alice.party("contact")["name"] == NAME
    await alice.do("single-step-transfer", target=f"number:{OUTSIDE}")
    await office.hears("caller <-> partner")
    assert partner.display.name == NAME


async def test_who_was_shown_last_behind_a_number_that_was_dialled_is_not_shown_for_the_next_who_withholds(
    office: Office,
) -> None:
    alice, bob = await office.agents("alice", "bob")
    partner = await office.caller("partner", OUTSIDE, behaviour=answers())
    await alice.dials(f"number:{OUTSIDE}")
    await office.hears("alice <-> partner")
    await partner.is_passed_on("Yann Le Goff", "+33698765432")
    await alice.phone.displays(name="Yann Le Goff")
    await partner.is_passed_on("Odile Secret", "+33699887766", withheld=True)
    await alice.phone.displays(number=OUTSIDE)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    assert (bob.phone.call.display.name in ("", OUTSIDE), bob.phone.call.display.number) == (True, OUTSIDE)
    await bob.phone.answer()
    await office.hears("bob <-> partner")


async def test_whoever_is_called_by_hand_outside_sees_the_company_and_nobody_inside_it(office: Office) -> None:
    alice = await office.agent("alice")
    partner = await office.caller("partner", OUTSIDE, behaviour=answers())
    alice.phone.dial(OUTSIDE)
    await office.hears("alice <-> partner")
    assert (partner.display.name, partner.display.number) == ("Call Centre", COMPANY)
    said = " ".join(_invited_with(partner).values())
    assert "1001" not in said
    assert "Alice" not in said


async def test_a_trunk_that_is_trusted_with_no_identity_is_requested_to_withhold_it_and_given_none_s53(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace("  trunk: carrier ", f"  trunk: {TRUNK} "))
    async with own_office(stack, file) as office:
        alice = await office.agent("alice")
        partner = await office.lab.phone("partner", TRUNK, f"phone-{TRUNK}", behaviour=answers())
        await alice.dials(f"number:{OUTSIDE}", caller_id="anonymous")
        await office.hears("alice <-> partner")
        said = _invited_with(partner)
        assert "<sip:anonymous@anonymous.invalid>" in said["From"]
        assert (said["Privacy"], said["P-Asserted-Identity"]) == ("id", "")
