"""Somebody is lost in the midst of a call without a word: no power, no network, nobody hangs up."""

from __future__ import annotations

from pathlib import Path

from tests.bots import Phone, answers, is_busy, rings
from tests.bots.recital import recited
from tests.e2e.containers import logged
from tests.e2e.crowd import LOST_AFTER, PHONES, TRUNK, TWO_PHONES
from tests.e2e.office import Office
from tests.e2e.prompts import prompts
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, own_office

LOST_WITHIN = 12.0
"""Of a phone: it misses an OPTIONS (every 2 s), and is quiet for 2.5 s."""


async def ghost(office: Office, name: str = "ghost") -> Phone:
    """A caller at a trunk where the lost are noticed soon."""
    return await office.lab.phone(name, TRUNK, f"phone-{TRUNK}")


async def test_a_waiting_caller_who_was_lost_is_offered_to_nobody_and_one_who_is_quiet_is_kept(office: Office) -> None:
    (dave,) = await office.agents("dave")
    caller = await ghost(office)
    caller.dial("1004")
    await dave.phone.answer()
    await office.hears("dave <-> ghost")
    caller.say(False)
    await dave.do("hold")
    await caller.stays_up(LOST_AFTER + 1.5)
    await caller.hears_music()
    await dave.do("retrieve")
    await caller.hold("inactive")  # now it sends nothing at all
    await dave.phone.stays_up(LOST_AFTER + 1.5)
    await caller.resume()
    caller.say(True)
    await office.hears("dave <-> ghost")

    await dave.command("PUT", "/v1/me/state", {"state": "not_ready", "reason": "break"})
    waiting = caller.dial("3000")
    await caller.until(lambda: waiting.state == "up", "waits in the queue")
    caller.unplug()
    await dave.phone.ended(within=LOST_AFTER + 5)
    await office.stack.no_calls()
    rung = len(dave.phone.calls)
    await dave.command("PUT", "/v1/me/state", {"state": "ready"})
    await dave.is_now("ready")
    assert len(dave.phone.calls) == rung


async def test_the_contact_hears_music_when_the_phone_loses_power_and_it_rings_when_it_has_booted(
    office: Office,
) -> None:
    (alice,) = await office.agents("alice")
    supervisor = await office.desk("erin")
    caller = await office.caller()
    await office.connect(caller, alice)
    with office.silence_is_right(caller, why="nobody knows yet that the phone is dead"):
        alice.phone.unplug()
        await caller.hears_music(within=LOST_WITHIN)
    await alice.sees_state("held")
    await supervisor.phone.until(lambda: bool(supervisor.alarms), "is notified of it")
    assert supervisor.alarms[0]["alarm"] == "agent_gone"
    (line,) = [line for line in await logged(office.stack, "agent_gone") if line["call_id"] == alice.call_id]
    assert line["held_since"] == supervisor.alarms[0]["since"]
    booted = await office.lab.phone("booted", "1001", "phone-1001")
    await booted.answer()
    await office.hears("caller <-> booted")
    await alice.sees_state("established")


async def test_a_phone_that_boots_faster_than_it_is_missed_rings_at_once_and_can_be_invited_again(
    office: Office,
) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    alice.phone.unplug()
    with office.silence_is_right(caller, why="nobody knows yet that the phone is dead"):
        booted = await office.lab.phone("booted", "1001", "phone-1001")
        await booted.answer(within=LOST_WITHIN)
    await office.hears("caller <-> booted")

    await alice.do("single-step-conference", target="agent:bob")
    await bob.phone.answer()
    await office.hears("caller <-> booted", "bob <-> booted", "caller <-> bob")
    bob.phone.unplug()
    await alice.sees(
        lambda call: not any(p["agent"] == "bob" and p["state"] != "left" for p in call["parties"]),
        "sees bob leave",
        within=LOST_WITHIN,
    )
    again = await office.lab.phone("again", "1002", "phone-1002")
    await alice.phone.until(lambda: alice.call is not None and "single_step_conference" in alice.call["actions"], "may")
    await bob.is_now("ready")
    await bob.has_reason(None)  # the phone is known to be back
    await alice.do("single-step-conference", target="agent:bob")
    await again.answer()
    await office.hears("caller <-> booted", "again <-> booted", "caller <-> again")


async def test_a_lost_options_and_a_phone_that_moves_end_no_call_in_which_people_talk(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    await bob.dials("number:+33555000111")
    await office.hears("bob <-> partner", "caller <-> alice")
    await bob.phone.hold("inactive")  # it sends nothing, and is there
    for number in ("1001", "1002"):
        await office.lab.phone(f"elsewhere-{number}", number, f"phone-{number}")
    await caller.stays_up(4.0)
    await partner.hears_music()
    await bob.phone.resume()
    await office.hears("caller <-> alice", "bob <-> partner", among=("caller", "alice", "bob", "partner"))


async def test_of_two_phones_of_an_agent_one_loses_power_and_the_other_which_holds_goes_on(office: Office) -> None:
    (agent,) = await office.agents(TWO_PHONES)
    number = PHONES[TWO_PHONES]
    soft = await office.lab.phone("soft", number, f"phone-{number}", behaviour=rings())
    caller = await office.caller()
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    await office.connect(caller, agent)
    await agent.phone.hold("inactive")
    soft.dial("+33555000111")
    await office.hears("partner <-> soft")
    with office.silence_is_right(partner, why="nobody knows yet that the phone is dead"):
        soft.unplug()
        await partner.hears_music(within=LOST_WITHIN)
    await caller.hears_music()
    await agent.phone.resume()
    await office.hears(f"caller <-> {TWO_PHONES}")


async def test_a_contact_whose_agent_does_not_come_back_goes_to_the_fallback_s16(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    text = FILE.read_text().replace("  recall: 60 ", "  recall: 1 ").replace("  max_recalls: 3 ", "  max_recalls: 2 ")
    file.write_text(text.replace("  # fallback: group:support ", "  fallback: agent:bob #"))
    async with own_office(stack, file) as office:
        alice, bob = await office.agents("alice", "bob")
        erin = await office.desk("erin")
        partner = await office.caller("partner", "+33555000111", behaviour=answers())
        await alice.dials("number:+33555000111")
        await office.hears("alice <-> partner")
        await alice.do("hold")
        alice.phone.behaviour = is_busy()  # do not disturb
        alice.phone.hangup()
        await partner.hears_music(within=8)
        await bob.phone.answer(within=10)
        await office.hears("bob <-> partner")
        assert [call.status for call in alice.phone.calls[1:]] == [486, 486]
        assert {alarm["alarm"] for alarm in erin.alarms} == {"agent_gone"}
        partner.never_in_silence(longer_than=2)


async def test_a_contact_whose_agent_logs_out_hears_why_and_is_released_s16(office: Office) -> None:
    (alice,) = await office.agents("alice")
    known = await prompts(office.stack, "vm-nobodyavail", "goodbye")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("hold")
    alice.phone.hangup()
    await alice.phone.ended()
    await caller.hears_music(within=8)
    caller.tape = bytearray()
    await alice.command("PUT", "/v1/me/state", {"state": "logged_out"})
    await caller.ended(within=15)
    assert recited(bytes(caller.tape), known) == ["fr/vm-nobodyavail", "fr/goodbye"]
    assert [call.direction for call in alice.phone.calls] == ["in"], "nobody rang for an agent who went home"
