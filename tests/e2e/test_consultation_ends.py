"""A consultation of three, in every order in which they hang up, refuse or give up (S20-S22)."""

import pytest

from tests.bots import Behaviour, answers, declines, is_busy, rings
from tests.e2e.office import Agent, Office


async def consulting(office: Office, behaviour: Behaviour | None = None) -> tuple[Agent, Agent, str, str]:
    """The caller is on hold, and Alice's consultation rings at Bob's; with the ids of the two calls."""
    alice, bob = await office.agents("alice", "bob")
    bob.phone.behaviour = behaviour or rings()
    await office.connect(await office.caller(), alice)
    first = alice.call_id
    second = str((await alice.do("initiate-transfer", target="agent:bob"))["id"])
    return alice, bob, first, second


async def over(agent: Agent, call: str) -> None:
    """Wait until that call of theirs is over."""
    await agent.phone.until(lambda: agent.calls[call]["state"] == "released", "sees the call end")


@pytest.mark.parametrize(
    ("target", "name"),
    [("group:sales", "dave"), ("queue:sales", "dave"), ("skill:english", "dave"), ("routing_point:plain", "bob")],
)
async def test_every_kind_of_target_inside_is_consulted_s20_s21(office: Office, target: str, name: str) -> None:
    alice, other = await office.agents("alice", name)
    caller = await office.caller()
    await office.connect(caller, alice)
    second = str((await alice.do("initiate-transfer", target=target))["id"])
    await other.phone.answer()
    await office.hears(f"alice <-> {name}")
    await caller.hears_music(within=8)
    await alice.do("complete-transfer", second)
    await office.hears(f"caller <-> {name}")
    await alice.phone.ended()


async def test_somebody_outside_is_consulted_s20_s21(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.caller("partner", "+33555000111", behaviour=answers())
    await office.connect(caller, alice)
    second = str((await alice.do("initiate-transfer", target="number:+33555000111"))["id"])
    await office.hears("alice <-> partner")
    await caller.hears_music(within=8)
    await alice.do("complete-conference", second)
    await office.hears("alice <-> partner", "caller <-> alice", "caller <-> partner")


async def test_the_contacts_music_has_no_break_while_two_consult_s20(office: Office) -> None:
    alice, bob, _, second = await consulting(office)
    caller = office.lab["caller"]
    since = await caller.hears_music(within=8)
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.do("reconnect", second)
    await office.hears("caller <-> alice")
    caller.never_in_silence(longer_than=0.5, since=since)


@pytest.mark.parametrize(
    ("refusal", "outcome"),
    [(declines(), "declined"), (is_busy(), "busy"), (rings(), "no_answer")],
    ids=["declines", "is busy", "does not answer"],
)
async def test_whoever_is_not_there_to_be_consulted_leaves_the_contact_on_hold_s22(
    office: Office, refusal: Behaviour, outcome: str
) -> None:
    alice, _, first, second = await consulting(office, refusal)
    await alice.phone.until(
        lambda: alice.calls[second]["offer"]["state"] == outcome, f"sees it end: {outcome}", within=20
    )
    await office.lab["caller"].hears_music(within=8)
    assert alice.calls[first]["state"] == "held"
    await office.nobody_hears_anybody()
    await alice.do("retrieve", first)
    await office.hears("caller <-> alice")


async def test_the_agent_gives_up_while_it_rings_and_is_back_with_the_contact_s21(office: Office) -> None:
    alice, bob, _, second = await consulting(office)
    await bob.phone.rings()
    await alice.do("reconnect", second)
    await bob.phone.stops_ringing()
    await office.hears("caller <-> alice")
    await bob.is_now("ready")


async def test_the_contact_hangs_up_while_it_rings_and_the_two_agents_talk_s22_s47(office: Office) -> None:
    alice, bob, first, _ = await consulting(office)
    await bob.phone.rings()
    office.lab["caller"].hangup()
    await over(alice, first)
    await bob.phone.answer()
    await office.hears("alice <-> bob")


async def test_the_contact_hangs_up_the_target_declines_and_all_is_over_s22(office: Office) -> None:
    alice, bob, first, second = await consulting(office)
    await bob.phone.rings()
    office.lab["caller"].hangup()
    await over(alice, first)
    await bob.phone.decline()
    await over(alice, second)
    await alice.phone.ended()
    await alice.is_now("ready")
    await bob.is_now("ready")


async def test_contact_and_agent_hang_up_while_it_rings_and_the_ringing_stops_s22(office: Office) -> None:
    alice, bob, first, _ = await consulting(office)
    await bob.phone.rings()
    office.lab["caller"].hangup()
    await over(alice, first)
    alice.phone.hangup()
    await bob.phone.stops_ringing()
    await alice.is_now("ready")
    await bob.is_now("ready")


async def test_contact_and_agent_hang_up_and_all_is_over_s22(office: Office) -> None:
    alice, bob, first, _ = await consulting(office)
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    office.lab["caller"].hangup()
    await over(alice, first)
    alice.phone.hangup()
    await bob.phone.ended()
    await alice.is_now("ready")
    await bob.is_now("ready")


@pytest.mark.parametrize("when", ["while it rings", "while they talk"])
async def test_the_agent_hangs_up_and_the_contact_is_kept_for_them_with_music_s13_s22(
    office: Office, when: str
) -> None:
    alice, bob, first, _ = await consulting(office)
    await bob.phone.rings()
    if when == "while they talk":
        await bob.phone.answer()
        await office.hears("alice <-> bob")
    alice.phone.hangup()
    await bob.phone.ended()
    await office.lab["caller"].hears_music(within=8)
    await alice.do("retrieve", first)
    await office.hears("caller <-> alice")
    await bob.is_now("ready")


async def test_while_the_contact_is_on_hold_for_a_third_the_consultation_cannot_take_them_s12_s21(
    office: Office,
) -> None:
    alice, bob, first, second = await consulting(office)
    carol, caller = await office.agent("carol"), office.lab.bots["caller"]
    await bob.phone.answer()
    await alice.do("single-step-transfer", first, target="agent:carol")
    await carol.phone.rings()
    for verb in ("complete-transfer", "complete-conference", "alternate", "reconnect"):
        assert await alice.refused(verb, second) == "not_allowed_now"
        assert verb.replace("-", "_") not in alice.calls[second]["actions"]
    await office.hears("alice <-> bob")
    await caller.hears_music(within=8)
    await carol.phone.answer()
    await office.hears("alice <-> bob", "caller <-> carol")


async def test_after_the_transfer_whoever_hangs_up_ends_it_for_both_s21(office: Office) -> None:
    alice, bob, _, second = await consulting(office)
    caller = office.lab["caller"]
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.do("complete-transfer", second)
    await office.hears("caller <-> bob")
    bob.phone.hangup()
    await caller.ended()
    await bob.is_now("ready")
