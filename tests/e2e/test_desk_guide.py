"""The guide on finding somebody, transfers and consultations: done in the page in French, with a mouse and with keys
alone, by an agent with a phone on the desk, and heard.
"""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.bots import declines
from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Office
from tests.e2e.talk import BOB, Talk


async def test_an_instant_transfer_closes_the_interaction_when_the_colleague_accepts_s10_s11_s55(
    office: Office, talk: Talk
) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("transfer", "lefe", BOB)
    await talk.call.is_now("held")
    await expect(talk.call.region).to_contain_text(f"Transfert vers {BOB}")
    await talk.caller.hears_music(within=8)
    await bob.phone.rings()
    assert bob.phone.display.number == CALLER_NUMBER
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await expect(talk.call.shown).to_contain_text(f"Transféré à {BOB}")
    await expect(talk.page.search).to_have_value("")
    await talk.call.closes()
    await talk.page.has_status("ready")


async def test_after_a_transfer_that_was_declined_only_resume_takes_the_contact_off_hold_s12_s13(
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


async def test_a_ringing_transfer_is_cancelled_or_ends_with_the_contact_s15_s17(office: Office, talk: Talk) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("transfer", "bob", BOB)
    await bob.phone.rings()
    await talk.call.press("cancel")
    await talk.call.offers_no("cancel")
    await talk.call.is_now("held")
    await office.nobody_hears_anybody()
    await bob.is_now("ready")
    await talk.call.reach("transfer", "bob", BOB)
    await bob.phone.rings()
    talk.caller.hangup()
    await bob.phone.ended()
    await talk.call.ends()


async def test_who_ends_the_call_while_the_transfer_rings_leaves_the_contact_to_the_target_s16(
    office: Office, talk: Talk
) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("transfer", "bob", BOB)
    await bob.phone.rings()
    await talk.call.press("end")
    await talk.alice.phone.ended()
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await talk.call.ends()


async def test_what_is_found_is_what_the_administrator_lists_and_a_group_tells_who_is_free_s1_s2_s4_s5_s6(
    office: Office, talk: Talk
) -> None:
    for text, name, kind in (
        ("LEFEVRE", BOB, "Agent"),
        ("sal", "Sales queue", "File d’attente"),
        ("fren", "French", "Compétence"),
        ("menu", "Billing menu", "Point de routage"),
    ):
        await expect(await talk.page.finds(text, name)).to_contain_text(kind)
    await expect(await talk.page.finds("night", "Night")).not_to_contain_text("disponible")
    await talk.page.hands.write(talk.page.search, "administrator")
    await expect(talk.page.page.get_by_text("Aucun résultat.")).to_be_visible()

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
    await talk.page.hands.press(item.get_by_role("button", name="Transfert d’appel instantané"))
    await office.people["carol"].phone.answer()
    await office.hears("caller <-> carol")
    await talk.call.ends()


async def test_queues_skills_and_routing_points_take_contacts_over_s14(office: Office, talk: Talk) -> None:
    carol = await office.agent("carol")
    for text, name in (("sales", "Sales queue"), ("english", "English"), ("plain", "Plain")):
        if not talk.caller.live:
            await talk.alice.is_now("ready")
            await office.connect(talk.caller, talk.alice)
        await talk.call.reach("transfer", text, name)
        await carol.phone.answer()
        await office.hears("caller <-> carol")
        await talk.call.ends()
        talk.caller.hangup()
        await carol.phone.ended()
        await carol.is_now("ready")


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
    await talk.call.ends()
    await consultation.ends()


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


@pytest.mark.parametrize("how", ["declines", "hangs up"])
async def test_when_the_one_consulted_is_gone_only_resume_takes_the_contact_off_hold_s13_s22(
    office: Office, talk: Talk, how: str
) -> None:
    bob = await office.agent("bob")
    await talk.call.reach("consult", "bob", BOB)
    if how == "declines":
        await bob.phone.rings()
        bob.phone.hangup()
    else:
        await bob.phone.answer()
        await office.hears("alice <-> bob")
        bob.phone.hangup()
    await talk.page.call(BOB).ends()
    await talk.call.is_now("held")
    await office.nobody_hears_anybody()
    await talk.call.press("resume")
    await office.hears("alice <-> caller")


async def test_what_a_favourite_routing_point_attaches_is_read_in_the_interaction_s7_s8(
    office: Office, talk: Talk
) -> None:
    await talk.call.reach("consult", "billing", "Billing menu")
    await expect(talk.page.page.get_by_text("priority")).to_be_visible()
    await expect(talk.page.page.get_by_text("high")).to_be_visible()
    await talk.page.call("Billing menu").press("cancel_consultation")
    await office.hears("alice <-> caller")
    await expect(talk.page.page.get_by_role("region", name=CALLER_NAME)).to_be_visible()
