"""The administrator's file: checked against the running Asterisk, and read again with calls up."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.bots import Lab, answers
from tests.e2e.containers import until_ready
from tests.e2e.office import Office, Refused
from tests.e2e.stack import Stack

FILE = Path(__file__).parents[2] / "asterisk" / "callcentre.yaml"
PORT = 18_080
APPLICATION = "configuration-test"


def environment(stack: Stack, file: Path) -> dict[str, str]:
    """A controller of its own beside the one under test: another application, other keys, another port."""
    return {
        **os.environ,
        "ARI_APP_ARI_URL": stack.ari,
        "ARI_APP_ARI_USER": stack.ari_user,
        "ARI_APP_ARI_PASSWORD": stack.ari_password,
        "ARI_APP_DEMO": "yes",
        "ARI_APP_STASIS_APP": APPLICATION,
        "ARI_APP_REDIS_URL": stack.redis,
        "ARI_APP_REDIS_PREFIX": APPLICATION,
        "ARI_APP_API_HOST": stack.bind,
        "ARI_APP_API_PORT": str(PORT),
        "ARI_APP_CONFIG": str(file),
        "ARI_APP_CONFIG_ORIGIN": str(file.parent),
    }


async def ari_app(stack: Stack, file: Path, *arguments: str) -> tuple[int, str]:
    """Run the command line; exit status and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ari_app",
        *arguments,
        env=environment(stack, file),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


@asynccontextmanager
async def own_controller(stack: Stack, surroundings: Mapping[str, str], log: Path) -> AsyncIterator[Stack]:
    """A controller of its own, which may not be ready yet, as the stack that it is part of; it logs to `log`."""
    with log.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "ari_app", "run", env=surroundings, stderr=written
        )
    try:
        yield replace(stack, api=f"http://{stack.bind}:{PORT}")
    finally:
        # Whatever was found wrong, the next test must not meet this controller.
        process.terminate()
        async with asyncio.timeout(15):
            await process.wait()


@asynccontextmanager
async def own_office(stack: Stack, file: Path) -> AsyncIterator[Office]:
    """An office with a controller of its own that reads `file`."""
    async with own_controller(stack, environment(stack, file), Path(os.devnull)) as own:
        lab = Lab(stack.asterisk, bind=stack.bind, carrier=stack.carrier, voices=8)
        office = Office(lab, own, {})
        try:
            await until_ready(own)
            yield office
        finally:
            await office.close()


async def test_the_demos_file_fits_the_running_asterisk(stack: Stack) -> None:
    status, output = await ari_app(stack, FILE, "check")
    assert status == 0, output
    assert output.endswith("\nno faults: all that the files speak of is there\n")


async def test_check_names_what_asterisk_lacks(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    text = FILE.read_text().replace('phone: "1002"', 'phone: "1999"').replace("trunk: carrier", "trunk: nowhere")
    text = text.replace("  company:", "  # company:")
    file.write_text(text.replace('number: "4001"', 'number: "4999"').replace("pbx-invalid", "no-such-sound"))
    status, output = await ari_app(stack, file, "check")
    assert status == 1
    for missing in ("phone 1999", "trunk nowhere", "dialplan 4999", "sound", "settings.company"):
        assert missing in output, output


async def test_check_names_file_line_and_field_of_every_fault(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    lines = FILE.read_text().splitlines()
    place = next(i for i, line in enumerate(lines) if line.startswith("  offer_timeout:"))
    lines[place] = "  offer_timeout: soon"
    file.write_text("\n".join(lines).replace("groups: [support]", "groups: [suport]", 1))
    status, output = await ari_app(stack, file, "check", "--offline")
    assert status == 1
    assert f"{file}:{place + 1}: settings.offer_timeout" in output
    assert "suport" in output


async def test_a_call_goes_on_while_the_file_is_read_again_and_conferences_are_switched_off_s28(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text())
    async with own_office(stack, file) as office:
        alice, bob = await office.agents("alice", "bob")
        await alice.dials("agent:bob")
        await bob.phone.answer()
        await office.hears("alice <-> bob")
        admin = await office.desk("admin")

        file.write_text(FILE.read_text().replace("conferences: true", "conferences: perhaps"))
        with pytest.raises(Refused) as refused:
            await admin.command("POST", "/v1/admin/reload")
        assert refused.value.code == "invalid"
        assert "settings.conferences" in str(refused.value)
        await alice.sees(lambda call: "single_step_conference" in call["actions"], "may still confer")

        file.write_text(FILE.read_text().replace("conferences: true", "conferences: false"))
        await admin.command("POST", "/v1/admin/reload")
        assert await alice.refused("single-step-conference", target="agent:carol") == "feature_disabled"
        call = await alice.command("GET", f"/v1/calls/{alice.call_id}")
        assert "single_step_conference" not in call["actions"]
        await office.hears("alice <-> bob")
        await alice.do("hold")
        await alice.do("retrieve")
        await office.hears("alice <-> bob")


def in_order(*order: str) -> str:
    """The demo's file with support ringing so, 2 seconds each."""
    text = FILE.read_text().replace("offer_timeout: 15", "offer_timeout: 2")
    ring = f"\n    ring: in_order\n    order: [{', '.join(order)}]"
    return text.replace('number: "2000"', f'number: "2000"{ring}')


async def test_another_order_of_a_group_holds_from_the_next_ring_on_also_in_a_call_that_rings(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(in_order("carol", "alice"))
    async with own_office(stack, file) as office:
        alice, bob, carol, dave = await office.agents("alice", "bob", "carol", "dave")
        admin = await office.desk("admin")

        async def reads(text: str) -> None:
            file.write_text(text)
            await admin.command("POST", "/v1/admin/reload")

        await dave.dials("group:support")
        for agent in (carol, alice):
            await agent.phone.rings()
            await agent.phone.decline()
        await bob.phone.answer()
        await office.hears("bob <-> dave")
        await dave.do("release")
        await bob.is_now("ready")

        await reads(in_order("bob", "carol"))
        await dave.dials("group:support")
        await bob.phone.rings()
        await reads(in_order("bob", "alice"))
        await alice.phone.rings()  # 2 seconds later: bob lets it ring
        assert bob.phone.ringing is None
        await alice.phone.answer()
        await office.hears("alice <-> dave")
        assert (len(alice.phone.calls), len(bob.phone.calls), len(carol.phone.calls)) == (2, 2, 1)

        with pytest.raises(Refused) as refused:
            await reads(in_order("bob", "dave"))
        assert "groups.support.order.1" in str(refused.value)
        await office.hears("alice <-> dave")


async def test_what_may_be_done_to_a_group_is_enabled_verb_by_verb_s3(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    text = FILE.read_text()
    file.write_text(text.replace("enabled_for: [call, transfer, conference]", "enabled_for: [transfer]", 1))
    async with own_office(stack, file) as office:
        alice, bob, _ = await office.agents("alice", "bob", "carol")
        support = await alice.command("GET", "/v1/targets/group:support")
        assert set(support["actions"]) == {"single_step_transfer", "initiate_transfer"}
        with pytest.raises(Refused) as refused:
            await alice.dials("group:support")
        assert refused.value.code == "feature_disabled"
        await alice.dials("agent:bob")
        await bob.phone.answer()
        await office.hears("alice <-> bob")
        assert await alice.refused("single-step-conference", target="group:support") == "feature_disabled"
        await alice.do("single-step-transfer", target="group:support")


@pytest.mark.parametrize("enabled", ["call", "transfer", "conference"])
async def test_identities_are_chosen_where_the_administrator_enabled_it_s50(
    stack: Stack, tmp_path: Path, enabled: str
) -> None:
    file = tmp_path / "callcentre.yaml"
    text = FILE.read_text()
    file.write_text(
        text.replace("caller_ids_enabled_for: [call, transfer, conference]", f"caller_ids_enabled_for: [{enabled}]")
    )
    async with own_office(stack, file) as office:
        (alice,) = await office.agents("alice")
        partner = await office.caller("partner", "+33555000111", behaviour=answers())
        adviser = await office.caller("adviser", "+33555000222", behaviour=answers())
        chosen = {"caller_id": "sales"}
        if enabled == "call":
            await alice.dials(f"number:{partner.number}", **chosen)
        else:
            with pytest.raises(Refused) as refused:
                await alice.dials(f"number:{partner.number}", **chosen)
            assert refused.value.code == "feature_disabled"
            await alice.dials(f"number:{partner.number}")
        await office.hears("alice <-> partner")
        for verb in ("transfer", "conference"):
            if verb != enabled:
                refusal = await alice.refused(f"single-step-{verb}", target=f"number:{adviser.number}", **chosen)
                assert refusal == "feature_disabled"
        if enabled != "call":
            await alice.do(f"single-step-{enabled}", target=f"number:{adviser.number}", **chosen)
            await adviser.hears("partner")
        shown = partner if enabled == "call" else adviser
        assert (shown.display.name, shown.display.number) == ("Sales", "+33140000002")


async def test_a_contact_whose_agent_and_target_are_gone_goes_to_the_fallback_s16(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace("  # fallback: group:support", "  fallback: group:sales"))
    async with own_office(stack, file) as office:
        alice, bob, dave = await office.agents("alice", "bob", "dave")
        partner = await office.caller("partner", "+33555000111", behaviour=answers())
        await alice.dials("number:+33555000111")
        await office.hears("alice <-> partner")
        await alice.do("single-step-transfer", target="agent:bob")
        await bob.phone.rings()
        alice.phone.hangup()
        await partner.hears_music(within=8)
        await bob.phone.decline()
        await dave.phone.answer()
        await office.hears("dave <-> partner")


def without_alice(text: str) -> str:
    """The file once Alice has left the company."""
    entry = text[text.index("  alice:\n") : text.index("  bob:\n")]
    identity = text[text.index("  alice-direct:\n") : text.index("  anonymous:\n")]
    return text.replace(entry, "").replace(identity, "")


async def test_an_agent_taken_out_of_the_file_leaves_whom_they_have_on_hold_to_the_fallback_at_once_s16(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    text = FILE.read_text().replace("  # fallback: group:support", "  fallback: group:sales")
    file.write_text(text)
    async with own_office(stack, file) as office:
        alice, bob, dave = await office.agents("alice", "bob", "dave")
        admin = await office.desk("admin")
        talks = await office.caller("talks", "+33555000222", behaviour=answers())
        waits = await office.caller("waits", "+33555000111", behaviour=answers())
        await bob.dials(f"number:{talks.number}")
        await office.hears("bob <-> talks")
        await alice.dials(f"number:{waits.number}")
        await office.hears("alice <-> waits", "bob <-> talks")
        await alice.do("hold")
        alice.phone.hangup()
        await waits.hears_music(within=8)
        file.write_text(without_alice(text))
        await admin.command("POST", "/v1/admin/reload")
        await dave.phone.answer()
        await office.hears("dave <-> waits", "bob <-> talks")

        file.write_text(text.replace("  bob:\n", "  robert:\n"))
        await admin.command("POST", "/v1/admin/reload")
        await office.hears("dave <-> waits", "bob <-> talks")
        file.write_text(text)
        await admin.command("POST", "/v1/admin/reload")
        await bob.close(log_out=False)
        await bob.login("bob-demo")
        await bob.is_now("on_call")
        await office.hears("dave <-> waits", "bob <-> talks")
        talks.hangup()
        await bob.phone.ended()


async def test_a_call_between_people_outside_goes_on_where_the_administrator_allows_it_s39(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace("outside_may_continue: false", "outside_may_continue: true"))
    async with own_office(stack, file) as office:
        (alice,) = await office.agents("alice")
        await office.caller("partner", "+33555000111", behaviour=answers())
        await office.caller("adviser", "+33555000222", behaviour=answers())
        await alice.dials("number:+33555000111")
        await office.hears("alice <-> partner")
        await alice.do("single-step-conference", target="number:+33555000222")
        await office.hears("alice <-> partner", "alice <-> adviser", "partner <-> adviser")
        await alice.do("release")
        await office.hears("partner <-> adviser")


async def test_a_hold_that_lasts_too_long_is_reported_and_brought_back_s13(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    text = FILE.read_text().replace("  # max_hold: 120            #", "  max_hold: 2 #")
    file.write_text(text.replace("  # hold_reminder: beep               #", "  hold_reminder: beep #"))
    async with own_office(stack, file) as office:
        (alice,) = await office.agents("alice")
        erin = await office.desk("erin")
        partner = await office.caller("partner", "+33555000111", behaviour=answers())
        await alice.dials("number:+33555000111")
        await office.hears("alice <-> partner")
        await alice.do("hold")
        await partner.hears_music(within=8)
        for who in (alice, erin):
            await who.phone.until(lambda who=who: bool(who.alarms), "is notified of the hold", within=8)  # type: ignore[misc]
            assert who.alarms[0]["alarm"] == "held_too_long"
            assert who.alarms[0]["call_id"] == alice.call_id
        await partner.hears_music(within=8)
        alice.phone.hangup()
        await alice.phone.rings()
        await alice.phone.answer()
        await office.hears("alice <-> partner")
        partner.never_in_silence(longer_than=2)


async def test_a_second_call_is_offered_where_there_is_call_waiting_s45_s46(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace('    phone: "1001"', '    phone: "1001"\n    call_waiting: true', 1))
    async with own_office(stack, file) as office:
        alice, bob, carol = await office.agents("alice", "bob", "carol")
        partner = await office.caller("partner", "+33555000111", behaviour=answers())
        await alice.dials("number:+33555000111")
        await office.hears("alice <-> partner")
        first = alice.call_id
        assert (await bob.command("GET", "/v1/targets/agent:alice"))["actions"]
        second = str((await bob.dials("agent:alice"))["id"])
        await alice.phone.rings()
        await office.hears("alice <-> partner")
        await alice.do("answer", second)
        await office.hears("alice <-> bob")
        await partner.hears_music(within=8)
        assert not (await carol.command("GET", "/v1/targets/agent:alice"))["actions"]
        with pytest.raises(Refused) as refused:
            await carol.dials("agent:alice")
        assert refused.value.code == "no_agent_available"
        await alice.do("retrieve", first)
        await office.hears("alice <-> partner")
        await bob.phone.hears_music(within=8)
        partner.never_in_silence(longer_than=2)


async def test_the_phone_itself_takes_the_second_call_s45_s46(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text().replace('    phone: "1001"', '    phone: "1001"\n    call_waiting: true', 1))
    async with own_office(stack, file) as office:
        alice, bob = await office.agents("alice", "bob")
        partner = await office.caller("partner", "+33555000111", behaviour=answers())
        await alice.dials("number:+33555000111")
        await office.hears("alice <-> partner")
        first = alice.call_id
        await bob.dials("agent:alice")
        await alice.phone.rings()
        await alice.phone.answer()
        await office.hears("alice <-> bob")
        await partner.hears_music(within=8)
        assert alice.calls[first]["state"] == "held"
        partner.never_in_silence(longer_than=2)
