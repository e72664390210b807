"""Supervisors at the calls of others: who hears whom while they listen, whisper, barge in and take over."""

from pathlib import Path

import pytest

from tests.bots import answers, declines
from tests.e2e.office import Agent, Office, Refused
from tests.e2e.stack import Stack
from tests.e2e.test_configuration import FILE, own_office
from tests.e2e.witness import undisturbed

TALK = "caller <-> alice"
LISTEN = (TALK, "caller -> erin", "alice -> erin")
WHISPER = (*LISTEN, "erin -> alice")
ALL_THREE = (TALK, "caller <-> erin", "alice <-> erin")


async def supervisor(office: Office) -> Agent:
    """Erin, who is rung for nothing."""
    return await office.agent("erin", ready=False)


def modes(agent: Agent) -> list[tuple[str, str, str]]:
    """Who is at my call, as I see it."""
    assert agent.call is not None
    return [(m["agent"], m["mode"], m["state"]) for m in agent.call["monitors"]]


async def test_who_listens_hears_all_and_is_heard_by_nobody_and_nobody_notices(office: Office) -> None:
    (alice,), erin = await office.agents("alice"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    before, display = alice.call, alice.phone.display
    async with undisturbed(office, TALK, among=("caller", "alice")):
        call = await erin.do("monitor", mode="listen")
        assert [(m["agent"], m["name"], m["mode"], m["state"], m["you"]) for m in call["monitors"]] == [
            ("erin", "Erin O'Brien", "listen", "connected", True)
        ]
        assert "stop_monitoring" in call["actions"]
        await office.hears(*LISTEN, within=1)
        await erin.is_now("on_call")
        assert alice.call == before
        assert alice.phone.display == display
        await erin.do("stop-monitoring")
        await erin.phone.ended()
        await office.hears(TALK)
    assert alice.call == before
    await erin.is_now("logged_out")
    assert modes(erin) == []


async def test_a_whisper_is_heard_by_the_agent_alone_also_with_the_contact_on_hold(office: Office) -> None:
    (alice,), erin = await office.agents("alice"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    await erin.do("monitor", mode="whisper")
    await office.hears(*WHISPER)
    await alice.do("hold")
    await caller.hears_music(within=8)
    await office.hears("alice <-> erin")
    await alice.do("retrieve")
    await office.hears(*WHISPER)
    await alice.to("contact", "mute")
    await office.hears("alice -> caller", "alice <-> erin")
    await alice.to("contact", "unmute")
    await office.hears(*WHISPER)


async def test_modes_change_and_after_barging_in_a_supervisor_is_a_party_like_any_other(office: Office) -> None:
    (alice,), erin = await office.agents("alice"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    for mode, heard in (("listen", LISTEN), ("whisper", WHISPER), ("listen", LISTEN), ("whisper", WHISPER)):
        call = await erin.do("monitor", mode=mode)
        assert modes(erin) == [("erin", mode, "connected")]
        await office.hears(*heard, within=1)
    call = await erin.do("monitor", mode="barge")
    assert call["monitors"] == []
    assert [p["agent"] for p in call["parties"]] == [None, "alice", "erin"]
    await office.hears(*ALL_THREE)
    await alice.sees(lambda seen: len(seen["parties"]) == 3, "sees erin in the call")
    assert "remove" in alice.party("erin")["actions"]
    await alice.do("release")
    await office.hears("caller <-> erin")
    assert len(erin.phone.calls) == 1, "the phone was rung anew"


async def test_a_supervisor_barges_in_from_nowhere(office: Office) -> None:
    (alice,), erin = await office.agents("alice"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    await erin.do("monitor", mode="barge")
    await office.hears(*ALL_THREE)
    erin.phone.hangup()
    await office.hears(TALK)


@pytest.mark.parametrize("first", [None, "listen", "whisper"])
async def test_a_supervisor_takes_the_call_over(office: Office, first: str | None) -> None:
    (alice,), erin = await office.agents("alice"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    if first is not None:
        await erin.do("monitor", mode=first)
    call = await erin.do("take-over")
    assert (call["owner"], call["monitors"]) == ("erin", [])
    await office.hears("caller <-> erin")
    await alice.phone.ended()
    await alice.sees_state("released")
    await alice.is_now("ready")
    caller.never_in_silence(longer_than=2)
    assert {"hold", "single_step_transfer", "release"} <= set(call["actions"])
    assert len(erin.phone.calls) == 1


async def test_taken_over_with_the_contact_on_hold_and_a_transfer_ringing(office: Office) -> None:
    (alice, bob), erin = await office.agents("alice", "bob"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    await erin.do("monitor", mode="listen")
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    await caller.hears_music(within=8)
    await erin.do("take-over")
    await office.hears("caller <-> erin")
    await bob.phone.stops_ringing()
    await alice.phone.ended()


async def test_one_agent_of_a_conference_is_replaced_and_the_others_stay(office: Office) -> None:
    (alice, bob), erin = await office.agents("alice", "bob"), await supervisor(office)
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await erin.sees(lambda call: len(call["parties"]) == 3, "sees the conference")
    await erin.do("take-over", party=erin.party("bob")["id"])
    await bob.phone.ended()
    await office.hears(*ALL_THREE)
    await alice.sees(lambda call: call["owner"] == "erin", "sees who owns it")


async def test_listening_follows_the_call_to_whom_it_is_transferred(office: Office) -> None:
    (alice, bob), erin = await office.agents("alice", "bob"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    await erin.do("monitor", mode="listen")
    await office.hears(*LISTEN)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.answer()
    await alice.phone.ended()
    await office.hears("caller <-> bob", "caller -> erin", "bob -> erin")
    erin.phone.never_in_silence(longer_than=2)


async def test_a_consultation_is_not_listened_to_but_the_call_is_again_after(office: Office) -> None:
    (alice, bob), erin = await office.agents("alice", "bob"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.call_id
    await erin.do("monitor", mode="whisper")
    await office.hears(*WHISPER)
    consult = await alice.do("initiate-transfer", target="agent:bob")
    await bob.phone.answer()
    await erin.phone.hears_music(within=8)
    await office.hears("alice <-> bob")
    assert await erin.refused("monitor", consult["id"], mode="listen") == "not_allowed_now"  # they are at the other
    await alice.do("reconnect", consult["id"])
    await office.hears(*WHISPER)
    assert [m["state"] for m in erin.calls[first]["monitors"]] == ["connected"]


@pytest.mark.parametrize("mode", ["listen", "whisper"])
async def test_who_is_muted_or_deafened_is_so_for_the_supervisor_too(office: Office, mode: str) -> None:
    (alice,), erin = await office.agents("alice"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    await erin.do("monitor", mode=mode)
    whispered = {"erin -> alice"} if mode == "whisper" else set()
    await alice.to("alice", "mute")
    await office.hears("caller -> alice", "caller -> erin", *whispered)
    await alice.to("alice", "unmute")
    await alice.to("alice", "deafen")
    await office.hears("alice -> caller", "alice -> erin")
    await alice.to("alice", "undeafen")
    await office.hears(*(WHISPER if whispered else LISTEN))


async def test_a_supervisor_who_hangs_up_ends_it_and_leaves_the_call_alone(office: Office) -> None:
    (alice,), erin = await office.agents("alice"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    async with undisturbed(office, TALK, among=("caller", "alice")):
        await erin.do("monitor", mode="listen")
        await office.hears(*LISTEN)
        erin.phone.hangup()
        await erin.sees(lambda call: call["monitors"] == [], "monitors no more")
    await erin.is_now("logged_out")


@pytest.mark.parametrize("how", ["hung up", "cleared"])
async def test_the_end_of_the_call_frees_their_phone(office: Office, how: str) -> None:
    (alice,), erin = await office.agents("alice"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    await erin.do("monitor", mode="whisper")
    if how == "hung up":
        caller.hangup()
    else:
        await erin.do("clear")
    await erin.phone.ended()
    await alice.phone.ended()
    await erin.is_now("logged_out")


async def test_a_phone_that_does_not_take_it_changes_nothing(office: Office) -> None:
    (alice,), erin = await office.agents("alice"), await supervisor(office)
    caller = await office.caller()
    await office.connect(caller, alice)
    erin.phone.auto_answer = False
    erin.phone.behaviour = declines()
    async with undisturbed(office, TALK, among=("caller", "alice")):
        for verb, body in (("monitor", {"mode": "listen"}), ("take-over", {})):
            assert await erin.refused(verb, **body) == "not_allowed_now"
            await erin.sees(lambda call: call["monitors"] == [], "monitors no more")
    await erin.is_now("logged_out")


async def test_only_supervisors_may_and_only_with_no_call_of_their_own(office: Office) -> None:
    (alice, bob), erin = await office.agents("alice", "bob"), await supervisor(office)
    caller, other = await office.caller(), await office.caller("other", "+33600000002")
    await office.connect(caller, alice)
    first = alice.call_id
    assert not {"monitor", "take_over", "stop_monitoring"} & set((alice.call or {})["actions"])
    for verb, body in (("monitor", {"mode": "listen"}), ("take-over", {}), ("stop-monitoring", {})):
        assert await alice.refused(verb, **body) == "forbidden"
        assert await bob.refused(verb, first, **body) == "not_found"
    admin = await office.desk("admin")
    assert await admin.refused("monitor", mode="listen") == "not_allowed_now"
    assert await erin.refused("stop-monitoring", first) == "not_allowed_now"

    await erin.do("monitor", first, mode="listen")
    with pytest.raises(Refused) as refused:
        await erin.dials("agent:bob")
    assert refused.value.code == "not_allowed_now"
    other.dial("1002")
    await bob.phone.answer()
    await erin.phone.until(lambda: len(erin.calls) == 2, "sees both calls")
    second = next(call for call in erin.calls if call != first)
    await erin.phone.until(lambda: erin.calls[second]["state"] == "established", "sees it established")
    assert "monitor" not in erin.calls[second]["actions"]
    assert await erin.refused("monitor", second, mode="listen") == "not_allowed_now"
    await erin.do("stop-monitoring", first)
    await erin.phone.until(lambda: "monitor" in erin.calls[second]["actions"], "may listen to the other")
    await erin.do("monitor", second, mode="listen")
    await office.hears("caller <-> alice", "other <-> bob", "other -> erin", "bob -> erin")


async def test_whether_agents_are_notified_and_whether_it_may_be_is_the_administrators(
    stack: Stack, tmp_path: Path
) -> None:
    file = tmp_path / "callcentre.yaml"
    file.write_text(FILE.read_text())
    async with own_office(stack, file) as office:
        (alice,), erin, admin = await office.agents("alice"), await supervisor(office), await office.desk("admin")
        await office.caller("partner", "+33555000111", behaviour=answers())
        await alice.dials("number:+33555000111")
        await office.hears("alice <-> partner")
        await erin.do("monitor", mode="listen")
        assert modes(alice) == []
        file.write_text(FILE.read_text().replace("agents_told: false", "agents_told: true"))
        await admin.command("POST", "/v1/admin/reload")
        await alice.phone.until(lambda: modes(alice) == [("erin", "listen", "connected")], "is reported")
        file.write_text(FILE.read_text())
        await admin.command("POST", "/v1/admin/reload")
        await alice.phone.until(lambda: modes(alice) == [], "is notified no more")
        file.write_text(FILE.read_text().replace("enabled: true, agents_told", "enabled: false, agents_told"))
        await admin.command("POST", "/v1/admin/reload")
        await erin.sees(lambda call: "monitor" not in call["actions"], "may monitor no more")
        assert await erin.refused("monitor", mode="whisper") == "feature_disabled"
        await office.hears("alice <-> partner", "alice -> erin", "partner -> erin")
        await erin.do("stop-monitoring")
        await erin.phone.ended()
        assert await erin.refused("take-over") == "feature_disabled"
