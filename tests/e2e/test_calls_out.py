"""Calls that agents make: inside the company and out, from the desktop and from the phone (S40, S41, S50-S54)."""

import pytest

from tests.bots import answers, is_busy
from tests.e2e.office import Office, Refused


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("agent:bob", "bob"),
        ("group:support", "bob"),
        ("number:1002", "bob"),
        ("skill:french>=2", "bob"),
        ("queue:sales", "dave"),
        ("routing_point:plain", "bob"),
    ],
)
async def test_an_agent_calls_every_kind_of_target_s40(office: Office, target: str, name: str) -> None:
    alice, other = await office.agents("alice", name)
    call = await alice.dials(target)
    assert call["type"] == "internal"
    await other.phone.answer()
    await office.hears(f"alice <-> {name}")
    await alice.sees_state("established")
    await other.sees_state("established")


async def test_what_can_be_done_to_a_contact_can_be_done_to_a_colleague_s41(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    await alice.dials("agent:bob")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.do("hold")
    await bob.phone.hears_music(within=8)
    await alice.do("retrieve")
    await alice.do("send-dtmf", digits="5")
    await bob.phone.receives_dtmf("5")
    await alice.do("single-step-conference", target="agent:carol")
    await carol.phone.answer()
    await office.hears("alice <-> bob", "bob <-> carol", "alice <-> carol")
    await alice.do("release")
    await office.hears("bob <-> carol")


async def test_a_colleague_is_transferred_and_cleared_as_a_contact_is_s41(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    await alice.dials("agent:bob")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.do("single-step-transfer", target="agent:carol")
    await bob.phone.hears_music(within=8)
    await carol.phone.answer()
    await office.hears("bob <-> carol")
    await alice.phone.ended()
    await carol.do("clear")
    await bob.phone.ended()
    await carol.phone.ended()


async def test_an_agent_calls_out_with_the_identity_that_they_chose_s50_s51(office: Office) -> None:
    (alice,) = await office.agents("alice")
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    call = await alice.dials("number:+33555000111", caller_id="support")
    assert call["type"] == "outbound"
    await office.hears("alice <-> partner")
    assert (partner.display.name, partner.display.number) == ("Support", "+33140000001")


async def test_anonymous_shows_nothing_s53(office: Office) -> None:
    (alice,) = await office.agents("alice")
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    await alice.dials("number:+33555000111", caller_id="anonymous")
    await office.hears("alice <-> partner")
    assert partner.display.anonymous
    assert "1001" not in (partner.display.name + partner.display.number)


async def test_anonymous_is_only_for_those_whom_the_administrator_lists_s53_s54(office: Office) -> None:
    (dave,) = await office.agents("dave")
    me = await dave.command("GET", "/v1/me")
    assert "anonymous" not in [c["id"] for c in me["caller_ids"]]
    for identity in ("anonymous", "alice-direct", "nonsense"):
        with pytest.raises(Refused) as refused:
            await dave.dials("number:+33555000111", caller_id=identity)
        assert refused.value.code == "caller_id_not_allowed"


async def test_the_last_choice_is_the_default_the_next_time_s52(office: Office) -> None:
    (alice,) = await office.agents("alice")
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    await alice.dials("number:+33555000111", caller_id="sales")
    await office.hears("alice <-> partner")
    await alice.do("release")
    await partner.ended()
    me = await alice.command("GET", "/v1/me")
    assert me["default_caller_id"] == "sales"
    await alice.dials("number:+33555000111")
    await office.hears("alice <-> partner")
    assert partner.display.number == "+33140000002"


async def test_a_busy_number_ends_the_call(office: Office) -> None:
    (alice,) = await office.agents("alice")
    await office.caller("partner", "+33555000111", behaviour=is_busy())
    await alice.dials("number:+33555000111")
    await alice.sees_offer("busy")
    await alice.phone.ended()
    await alice.is_now("ready")


async def test_an_agent_dials_by_hand(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    alice.phone.dial("1002")
    await bob.phone.rings()
    await bob.phone.displays(name="Alice Martin", number="1001")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    call = await alice.sees_state("established")
    assert call["type"] == "internal"
    assert "single_step_transfer" in call["actions"]


async def test_an_agent_dials_out_by_hand(office: Office) -> None:
    (alice,) = await office.agents("alice")
    await office.caller("partner", "+33555000111", behaviour=answers())
    alice.phone.dial("+33555000111")
    await office.hears("alice <-> partner")
    call = await alice.sees_state("established")
    assert call["type"] == "outbound"


async def test_a_number_that_is_nobodys_says_so(office: Office) -> None:
    (alice,) = await office.agents("alice")
    alice.phone.dial("1999")
    await alice.phone.ended(within=15)


async def test_feature_codes_change_the_state_and_a_voice_confirms_it(office: Office) -> None:
    alice = await office.agent("alice", ready=False)
    for code, state in (("*72", "ready"), ("*71", "not_ready"), ("*70", "ready"), ("*73", "logged_out")):
        alice.phone.dial(code)
        await alice.phone.hears_speech(within=8)
        await alice.is_now(state)
        await alice.phone.ended(within=15)
