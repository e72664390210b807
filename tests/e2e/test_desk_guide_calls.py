"""The guide on calls of one's own, several at once, and the caller ID: done in the page in French, with a mouse and
with keys alone, and heard.
"""

from __future__ import annotations

from playwright.async_api import expect

from tests.bots import answers
from tests.e2e.browser import Desks
from tests.e2e.hands import Hands
from tests.e2e.office import Office
from tests.e2e.talk import BOB, CAROL, Talk

OUTSIDE = "+33555000222"


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


async def test_a_contact_on_hold_who_hangs_up_ends_that_call_alone_s47(office: Office, talk: Talk) -> None:
    bob = await office.agent("bob")
    await talk.page.act("bob", BOB, "call", BOB)
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    talk.caller.hangup()
    await talk.call.ends()
    await office.hears("alice <-> bob")
    await talk.page.call(BOB).is_now("connected")


async def test_every_kind_of_target_is_called_and_what_one_does_with_contacts_is_there_s40_s41(
    office: Office, desks: Desks, hands: Hands
) -> None:
    await office.agent("alice", behaviour=answers())
    page = await desks.open("alice", hands=hands)
    carol = await office.agent("carol")
    colleague = page.call(CAROL)
    for text, name in (
        ("carol", CAROL),
        ("support", "Support"),
        ("sales", "Sales queue"),
        ("english", "English"),
        ("plain", "Plain"),
    ):
        await page.act(text, name, "call", name)
        await carol.phone.answer()
        await colleague.is_now("connected")
        await office.hears("alice <-> carol")
        if name == CAROL:
            await colleague.offers("hold", "dtmf", "transfer", "conference", "consult", "end")
            await colleague.press("hold")
            await office.nobody_hears_anybody()
            await colleague.press("resume")
            await office.hears("alice <-> carol")
            await colleague.press("dtmf")
            await page.dials("12")
            await carol.phone.receives_dtmf("12")
            await page.closes_keypad()
        await colleague.press("end")
        await carol.phone.ended()
        await colleague.ends()
        await carol.is_now("ready")


async def test_the_identity_for_a_number_outside_is_chosen_and_is_the_default_the_next_time_s50_s51_s52_s53_s54(
    office: Office, desks: Desks, hands: Hands
) -> None:
    await office.agent("alice", behaviour=answers())
    page = await desks.open("alice", hands=hands)
    customer = await office.caller("customer", OUTSIDE)
    radios = page.page.get_by_role("dialog", name=page.say("caller_id")).get_by_role("radio")
    await page.act(OUTSIDE, OUTSIDE, "call", OUTSIDE)
    await expect(radios).to_have_count(4)
    for name in ("Support", "Sales", "Alice Martin", "Anonyme"):
        await expect(radios.and_(page.page.get_by_role("radio", name=name))).to_be_visible()
    await page.chooses_identity("Sales")
    await customer.rings()
    assert customer.display.number == "+33140000002"
    await customer.answer()
    await office.hears("alice <-> customer")
    await page.call(OUTSIDE).press("end")
    await customer.ended()
    await page.call(OUTSIDE).ends()
    await page.act(OUTSIDE, OUTSIDE, "call", OUTSIDE)
    await expect(radios.and_(page.page.get_by_role("radio", name="Sales"))).to_be_checked()
    await page.chooses_identity("Anonyme")
    await customer.rings()
    assert customer.display.anonymous


async def test_an_instant_transfer_to_somebody_outside_shows_the_chosen_identity_s14_s50(
    office: Office, talk: Talk
) -> None:
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    await talk.call.reach("transfer", "+33 5 55 00 01 11", "+33555000111")
    await talk.page.chooses_identity("Support")
    await office.hears("caller <-> partner")
    assert partner.display.number == "+33140000001"
    talk.caller.hangup()
    await talk.call.ends()
