"""The guide on conferences: done in the page in French, with a mouse and with keys alone, and heard."""

from __future__ import annotations

from playwright.async_api import expect

from tests.bots import answers, declines
from tests.e2e.office import CALLER_NAME, Agent, Office
from tests.e2e.talk import BOB, CAROL, DAVE, Talk


async def confer(office: Office, talk: Talk, name: str) -> Agent:
    """The caller, Alice and a colleague in a conference."""
    colleague = await office.agent("bob")
    await talk.call.reach("conference", name.partition(" ")[0].lower(), name)
    await colleague.phone.answer()
    await office.hears("alice <-> caller", "alice <-> bob", "bob <-> caller")
    return colleague


async def test_in_a_conference_each_party_is_muted_deafened_held_and_removed_alone_s26_s29_s30_s31_s33(
    office: Office, talk: Talk
) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("conference", "bob", BOB)
    await bob.phone.rings()
    await talk.call.is_now("held")
    await office.nobody_hears_anybody()
    await bob.phone.answer()
    await office.hears("alice <-> caller", "alice <-> bob", "bob <-> caller")
    await expect(talk.call.region.get_by_role("table", name="Qui entend qui")).to_be_visible()
    await talk.call.to_party(BOB, "deafen")
    await office.hears("alice <-> caller", "bob -> alice", "bob -> caller")
    await expect(talk.call.party(BOB)).to_contain_text("n’entend pas")
    await talk.call.to_party(BOB, "undeafen")
    await talk.call.to_party(CALLER_NAME, "mute")
    await office.hears("alice -> caller", "bob -> caller", "alice <-> bob")
    await talk.call.to_party(CALLER_NAME, "unmute")
    await talk.call.to_party(CALLER_NAME, "hold")
    await office.hears("alice <-> bob")
    await expect(talk.call.party(CALLER_NAME)).to_contain_text("En attente")
    await talk.call.to_party(CALLER_NAME, "resume_party")
    await office.hears("alice <-> caller", "alice <-> bob", "bob <-> caller")
    await talk.call.to_party(BOB, "remove")
    await bob.phone.ended()
    await office.hears("alice <-> caller")


async def test_a_conference_that_is_declined_leaves_the_contact_on_hold_until_resumed_s13_s27(
    office: Office, talk: Talk
) -> None:
    await office.agent("bob", behaviour=declines())
    await talk.call.reach("conference", "bob", BOB)
    await expect(talk.call.region).to_contain_text("refusé")
    await talk.call.is_now("held")
    await office.nobody_hears_anybody()
    await talk.call.press("resume")
    await office.hears("alice <-> caller")


async def test_both_are_put_on_hold_and_the_conference_grows_and_is_passed_on_s32_s34(
    office: Office, talk: Talk
) -> None:
    await confer(office, talk, BOB)
    await talk.call.press("hold")
    await talk.call.is_now("held")
    await office.nobody_hears_anybody()
    await talk.call.press("resume")
    await office.hears("alice <-> caller", "alice <-> bob", "bob <-> caller")
    carol, dave = await office.agents("carol", "dave")
    await talk.call.reach("conference", "carol", CAROL)
    await carol.phone.answer()
    four = ("alice", "bob", "caller", "carol")
    await office.hears(*(f"{one} <-> {other}" for one in four for other in four if one < other))
    await talk.call.reach("transfer", "dave", DAVE)
    await dave.phone.answer()
    four = ("bob", "caller", "carol", "dave")
    await office.hears(*(f"{one} <-> {other}" for one in four for other in four if one < other))
    await talk.call.ends()


async def test_who_was_added_leaves_another_is_added_and_then_the_call_is_theirs_s36_s37(
    office: Office, talk: Talk
) -> None:
    bob = await confer(office, talk, BOB)
    bob.phone.hangup()
    await expect(talk.call.party(BOB)).to_have_count(0)
    await office.hears("alice <-> caller")
    carol = await office.agent("carol")
    await talk.call.reach("conference", "carol", CAROL)
    await carol.phone.answer()
    await office.hears("alice <-> caller", "alice <-> carol", "carol <-> caller")
    await talk.call.press("end")
    await office.hears("caller <-> carol")
    await talk.call.ends()


async def test_end_call_for_all_disconnects_everybody_s38(office: Office, talk: Talk) -> None:
    bob = await confer(office, talk, BOB)
    await talk.call.press("clear")
    await talk.caller.ended()
    await bob.phone.ended()
    await talk.call.ends()


async def test_keys_reach_one_party_and_no_other_s35(office: Office, talk: Talk) -> None:
    bob = await confer(office, talk, BOB)
    await talk.call.to_party(BOB, "dtmf")
    await talk.page.dials("42#")
    await bob.phone.receives_dtmf("42#")
    assert talk.caller.digits == ""


async def test_groups_queues_skills_and_routing_points_join_a_conference_s25(office: Office, talk: Talk) -> None:
    carol = await office.agent("carol")
    for text, name in (("support", "Support"), ("sales", "Sales queue"), ("english", "English"), ("plain", "Plain")):
        await talk.call.reach("conference", text, name)
        await carol.phone.answer()
        await office.hears("alice <-> caller", "alice <-> carol", "carol <-> caller")
        await talk.call.to_party(CAROL, "remove")
        await carol.is_now("ready")
        await office.hears("alice <-> caller")


async def test_somebody_outside_joins_sees_the_chosen_identity_and_goes_with_the_last_agent_s25_s39_s50_s51(
    office: Office, talk: Talk
) -> None:
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    await talk.call.reach("conference", "+33555000111", "+33555000111")
    await talk.page.chooses_identity("Support")
    await office.hears("alice <-> caller", "alice <-> partner", "caller <-> partner")
    assert partner.display.number == "+33140000001"
    await talk.call.press("end")
    await talk.caller.ended()
    await partner.ended()
