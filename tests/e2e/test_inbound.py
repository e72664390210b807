"""Callers come in: to an agent, to a group, while nobody is there."""

from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Office


async def test_a_caller_to_an_agent_talks_with_them(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.connect(caller, alice)
    assert alice.call is not None
    assert alice.call["type"] == "inbound"
    assert alice.call["owner"] == "alice"
    assert "single_step_transfer" in alice.call["actions"]


async def test_the_phone_that_rings_shows_who_calls_s51(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    caller.dial("1001")
    await alice.phone.rings()
    await alice.phone.displays(name=CALLER_NAME, number=CALLER_NUMBER)


async def test_a_caller_to_a_group_rings_one_free_member(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    caller.dial("2000")
    await alice.phone.rings()
    assert bob.phone.ringing is None
    await caller.hears_music(within=8)
    await alice.phone.answer()
    await office.hears("caller <-> alice")
