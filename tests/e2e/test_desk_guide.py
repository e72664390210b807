"""Every sentence of the guide, done in the page in French by an agent with a phone on the desk, and heard."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.bots import Contact, answers, declines
from tests.e2e.browser import DeskPage, Desks, Interaction
from tests.e2e.office import CALLER_NAME, Agent, Office

BOB, CAROL = "Bob Lefèvre", "Carol Nguyen"


class Talk:
    """Alice, at the page, talks to a caller."""

    def __init__(self, page: DeskPage, alice: Agent, caller: Contact) -> None:
        self.page = page
        self.alice = alice
        self.caller = caller
        self.call: Interaction = page.call(CALLER_NAME)


@pytest.fixture
async def talk(office: Office, desks: Desks) -> Talk:
    alice = await office.agent("alice")
    page = await desks.open("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    talk = Talk(page, alice, caller)
    await talk.call.is_now("connected")
    return talk


async def test_an_instant_transfer_closes_the_interaction_when_the_colleague_accepts_s11(
    office: Office, talk: Talk
) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("transfer", "lefe", BOB)
    await talk.call.is_now("held")
    await expect(talk.call.region).to_contain_text(f"Transfert vers {BOB}")
    await office.nobody_hears_anybody()
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await talk.call.closes()
    await talk.page.has_status("ready")


async def test_after_a_transfer_that_was_declined_only_resume_takes_the_contact_off_hold_s12(
    office: Office, talk: Talk
) -> None:
    await office.agent("bob", behaviour=declines())
    await talk.call.reach("transfer", "bob", BOB)
    await expect(talk.call.region).to_contain_text("refusé")
    await talk.call.is_now("held")
    await office.nobody_hears_anybody()
    await talk.call.press("resume")
    await talk.call.is_now("connected")
    await office.hears("caller <-> alice")


async def test_a_ringing_transfer_is_cancelled_and_the_contact_stays_on_hold_s15(office: Office, talk: Talk) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("transfer", "bob", BOB)
    await bob.phone.rings()
    await talk.call.press("cancel")
    await talk.call.offers_no("cancel")
    await talk.call.is_now("held")
    await office.nobody_hears_anybody()


async def test_a_group_shows_how_many_are_free_and_loses_its_verbs_with_the_last_one_s4_s5_s6(
    office: Office, talk: Talk
) -> None:
    item = await talk.page.finds("support", "Support")
    await expect(item).to_contain_text("Aucun agent disponible")
    await expect(item.get_by_role("button")).to_have_count(0)
    bob = await office.agent("bob")
    await expect(item).to_contain_text("1 agent disponible")
    await office.agent("carol")
    await expect(item).to_contain_text("2 agents disponibles")
    await talk.call.press("transfer")
    item = await talk.page.finds("support", "Support")
    await expect(item.get_by_role("button", name="Transfert d’appel instantané")).to_be_visible()
    await bob.command("PUT", "/v1/me/state", {"state": "not_ready", "reason": "break"})
    await expect(item).to_contain_text("1 agent disponible")
    await item.get_by_role("button", name="Transfert d’appel instantané").click()
    await office.people["carol"].phone.answer()
    await office.hears("caller <-> carol")
    await talk.call.closes()


async def test_a_consultation_alternates_and_completes_as_a_transfer_s20_s21(office: Office, talk: Talk) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("consult", "bob", BOB)
    await bob.phone.answer()
    consultation = talk.page.call(BOB)
    await consultation.is_now("connected")
    await office.hears("alice <-> bob")
    await consultation.offers("complete_transfer", "complete_conference", "alternate", "cancel_consultation")
    await consultation.press("alternate")
    await office.hears("alice <-> caller")
    await consultation.press("alternate")
    await office.hears("alice <-> bob")
    await consultation.press("complete_transfer")
    await office.hears("caller <-> bob")
    await talk.call.closes()
    await consultation.closes()


async def test_a_consultation_becomes_a_conference_or_is_given_up_s21(office: Office, talk: Talk) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("consult", "bob", BOB)
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await talk.page.call(BOB).press("cancel_consultation")
    await office.hears("alice <-> caller")
    await bob.is_now("ready")
    await talk.call.reach("consult", "bob", BOB)
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await talk.page.call(BOB).press("complete_conference")
    await office.hears("alice <-> caller", "alice <-> bob", "bob <-> caller")
    await expect(talk.call.party(BOB)).to_contain_text("Connecté")


async def test_in_a_conference_each_party_is_muted_deafened_held_and_removed_alone_s26_s29_s30_s31_s33(
    office: Office, talk: Talk
) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("conference", "bob", BOB)
    await bob.phone.answer()
    await office.hears("alice <-> caller", "alice <-> bob", "bob <-> caller")
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


async def test_who_added_a_colleague_leaves_and_the_call_is_theirs_s37(office: Office, talk: Talk) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("conference", "bob", BOB)
    await bob.phone.answer()
    await office.hears("alice <-> caller", "alice <-> bob", "bob <-> caller")
    await talk.call.press("end")
    await office.hears("caller <-> bob")
    await talk.call.closes()


async def test_end_call_for_all_disconnects_everybody_s38(office: Office, talk: Talk) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("conference", "bob", BOB)
    await bob.phone.answer()
    await talk.call.press("clear")
    await talk.caller.ended()
    await bob.phone.ended()


async def test_keys_reach_one_party_and_no_other_s35(office: Office, talk: Talk) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("conference", "bob", BOB)
    await bob.phone.answer()
    await expect(talk.call.party(BOB)).to_contain_text("Connecté")
    await talk.call.to_party(BOB, "dtmf")
    keypad = talk.page.page.get_by_role("dialog", name=talk.page.say("dtmf"))
    await keypad.get_by_role("button", name="4", exact=True).click()
    await keypad.get_by_role("textbox").press_sequentially("2#")
    await bob.phone.receives_dtmf("42#")
    assert talk.caller.digits == ""


async def test_a_colleague_is_called_while_the_contact_waits_and_both_are_there_s40_s45_s46(
    office: Office, talk: Talk
) -> None:
    bob = await office.agent("bob")
    await talk.page.act("bob", BOB, "call", BOB)
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    colleague = talk.page.call(BOB)
    await colleague.is_now("connected")
    await talk.call.is_now("held")
    await talk.call.press("resume")
    await office.hears("alice <-> caller")
    await colleague.is_now("held")
    await colleague.press("end")
    await bob.phone.ended()


async def test_the_identity_for_a_number_outside_is_chosen_and_is_the_default_the_next_time_s50_s51_s52(
    office: Office, desks: Desks
) -> None:
    await office.agent("alice", behaviour=answers())
    page = await desks.open("alice")
    customer = await office.caller("customer", "+33555000222")
    dialog = page.page.get_by_role("dialog", name=page.say("caller_id"))
    await page.act("+33555000222", "+33555000222", "call", "+33555000222")
    await expect(dialog.get_by_role("radio", name="Anonyme")).to_be_visible()
    await dialog.get_by_role("radio", name="Sales").check()
    await dialog.get_by_role("button", name="Valider").click()
    await customer.rings()
    assert customer.display.number == "+33140000002"
    await customer.answer()
    await office.hears("alice <-> customer")
    await page.call("+33555000222").press("end")
    await customer.ended()
    await page.act("+33555000222", "+33555000222", "call", "+33555000222")
    await expect(dialog.get_by_role("radio", name="Sales")).to_be_checked()
    await dialog.get_by_role("button", name=page.say("cancel")).click()


async def test_an_instant_transfer_to_somebody_outside_shows_the_chosen_identity_s14_s50(
    office: Office, talk: Talk
) -> None:
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    await talk.call.reach("transfer", "+33 5 55 00 01 11", "+33555000111")
    dialog = talk.page.page.get_by_role("dialog", name=talk.page.say("caller_id"))
    await dialog.get_by_role("radio", name="Support").check()
    await dialog.get_by_role("button", name="Valider").click()
    await office.hears("caller <-> partner")
    assert partner.display.number == "+33140000001"
    talk.caller.hangup()
    await talk.call.closes()


async def test_what_a_favourite_routing_point_attaches_is_read_in_the_interaction_s7_s8(
    office: Office, talk: Talk
) -> None:
    await talk.call.reach("consult", "billing", "Billing menu")
    await expect(talk.page.page.get_by_text("priority")).to_be_visible()
    await expect(talk.page.page.get_by_text("high")).to_be_visible()
