"""Two owners of one hold, verbs that find a phone that is not there, and what others see of it."""

from pathlib import Path

import pytest

from tests.bots import answers
from tests.bots.desktop import Json
from tests.e2e.containers import Part
from tests.e2e.office import Office, Refused
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, own_office
from tests.e2e.witness import reopen


async def test_an_agent_whose_phone_is_not_registered_is_notified_and_calls_when_it_is_back(office: Office) -> None:
    (alice,) = await office.agents("alice")
    await office.caller("somebody", "+33145454545", behaviour=answers())
    await alice.phone.unregister()
    await alice.has_reason("phone_unreachable")
    with pytest.raises(Refused) as refused:
        await alice.dials("number:+33145454545")
    assert (refused.value.status, refused.value.code) == (409, "phone_unreachable")
    assert (await alice.command("GET", "/v1/calls"))["calls"] == []
    await alice.phone.register()
    await alice.has_reason(None)
    await alice.dials("number:+33145454545")
    await office.hears("somebody <-> alice")


async def test_what_the_phone_holds_stays_with_music_and_says_so_until_the_phone_resumes_s13(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.phone.hold()
    call = await alice.sees_state("held")
    assert "retrieve" not in call["actions"]
    assert await alice.refused("retrieve") == "not_allowed_now"
    await caller.hears_music(within=8)
    assert {party["state"] for party in call["parties"]} == {"held"}
    await alice.phone.resume()
    await alice.sees_state("established")
    await office.hears("caller <-> alice")


async def test_beside_a_line_that_the_phone_holds_a_new_call_has_a_line_of_its_own_s45_s46(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.call_id
    await alice.phone.hold()
    await alice.sees_state("held")
    await alice.dials("agent:bob")
    second = alice.call_id
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await caller.hears_music(within=8)
    await alice.do("retrieve", first)
    await office.hears("caller <-> alice")
    await bob.phone.hears_music(within=8)
    await alice.do("retrieve", second)
    await office.hears("alice <-> bob")


async def test_the_contact_has_music_when_only_a_phone_on_hold_is_left_in_the_conference_s36(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.phone.hold()
    await alice.sees_state("held")
    await alice.do("single-step-conference", target="agent:bob")
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await alice.sees_state("held")
    await bob.do("release")
    await caller.hears_music(within=8)
    await alice.sees_state("held")
    await alice.phone.resume()
    await office.hears("caller <-> alice")


async def test_a_phone_resumed_while_the_controller_was_dead_talks_to_the_contact_s13(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.phone.hold()
    await alice.sees_state("held")
    async with Part(office.stack, "controller").killed():
        await alice.phone.resume()
    await reopen(alice)
    await alice.sees_state("established", within=15)
    await office.hears("caller <-> alice", within=15)


async def test_retrieve_while_the_phone_is_rung_for_the_contact_has_it_answer_by_itself_s13(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace("  recall: 60", "  recall: 1"))
    async with own_office(stack, file) as office:
        (alice,) = await office.agents("alice")
        somebody = await office.caller("somebody", "+33145454545", behaviour=answers())
        await alice.dials("number:+33145454545")
        await office.hears("somebody <-> alice")
        await alice.do("hold")
        await somebody.hears_music(within=8)
        alice.phone.hangup()
        await alice.phone.ended()
        await alice.phone.rings()
        await alice.sees(lambda call: _states(call)["alice"] == "ringing", "sees its own phone ring for the contact")
        call = await alice.do("retrieve")
        assert call["state"] == "established", "answered when the phone is up"
        await office.hears("somebody <-> alice")


async def test_a_supervisor_sees_a_call_on_hold_as_its_agent_does(office: Office) -> None:
    (alice,) = await office.agents("alice")
    erin = await office.agent("erin", ready=False)
    caller = await office.caller()
    await office.connect(caller, alice)
    await erin.sees_state("established")
    await alice.do("hold")
    await erin.sees_state("held")
    await caller.hears_music(within=8)
    alice.phone.hangup()
    await alice.phone.ended()
    call = await erin.sees(lambda call: _states(call)["alice"] == "held", "sees that alice is not connected")
    assert (call["state"], _states(call)["contact"]) == ("held", "held")
    await alice.do("retrieve")
    await office.hears("caller <-> alice")
    await erin.sees_state("established")


def _states(call: Json) -> dict[str, str]:
    return {party["agent"] or party["role"]: party["state"] for party in call["parties"]}


@pytest.mark.parametrize("by", ["agent", "supervisor"])
async def test_a_contact_muted_and_deafened_talks_to_whom_they_are_transferred_s11_s30_s31(
    office: Office, by: str
) -> None:
    alice, bob = await office.agents("alice", "bob")
    who = alice if by == "agent" else await office.desk("erin")
    caller = await office.caller()
    await office.connect(caller, alice)
    contact = f"/v1/calls/{alice.call_id}/parties/{alice.party('contact')['id']}"
    for verb in ("mute", "deafen"):
        await who.command("POST", f"{contact}/{verb}")
    with office.silence_is_right(caller, why="deafened"):
        await office.nobody_hears_anybody()
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    assert not bob.party("contact")["muted"]


async def test_an_agent_who_waits_with_music_is_heard_by_no_supervisor_and_offered_no_retrieve(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    erin = await office.agent("erin", ready=False)
    await bob.dials("agent:alice")
    await alice.phone.answer()
    await office.hears("alice <-> bob")
    await erin.do("monitor", bob.call_id, mode="listen")
    await office.hears("alice <-> bob", "alice -> erin", "bob -> erin")
    alice.phone.dial("1003")
    await carol.phone.decline()
    await bob.phone.hears_music(within=8)
    await office.nobody_hears_anybody()
    await bob.sees(lambda call: "retrieve" not in call["actions"], "is offered no retrieve")
