"""The controller dies in the middle of a transfer, a consultation, a queue: what happened meanwhile is made up for."""

from tests.bots import answers
from tests.e2e.containers import Part
from tests.e2e.office import Agent, Office
from tests.e2e.witness import reopen


async def consulting(office: Office) -> tuple[Agent, Agent, str, str]:
    """Alice consults Bob, the caller is on hold; with the ids of the two calls."""
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.call_id
    second = str((await alice.do("initiate-transfer", target="agent:bob"))["id"])
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await caller.hears_music(within=8)
    return alice, bob, first, second


async def test_a_consultation_is_completed_after_the_controller_died_s21(office: Office) -> None:
    alice, bob, _, second = await consulting(office)
    async with Part(office.stack, "controller").killed():
        pass
    await reopen(alice, bob)
    await alice.do("complete-transfer", second)
    await office.hears("caller <-> bob")
    await alice.phone.ended()
    await alice.is_now("ready")


async def test_the_agent_hangs_up_while_the_controller_is_dead_and_the_contact_is_kept_for_them_s13_s22(
    office: Office,
) -> None:
    alice, bob, first, _ = await consulting(office)
    async with Part(office.stack, "controller").killed():
        alice.phone.hangup()
    await reopen(alice, bob)
    await bob.phone.ended()
    await office.lab["caller"].hears_music(within=8)
    await alice.do("retrieve", first)
    await office.hears("caller <-> alice")


async def test_the_contact_hangs_up_while_the_controller_is_dead_and_the_two_talk_on_s22_s47(office: Office) -> None:
    alice, bob, first, second = await consulting(office)
    async with Part(office.stack, "controller").killed():
        office.lab["caller"].hangup()
    await reopen(alice, bob)
    await office.hears("alice <-> bob")
    assert alice.calls.get(first, {"state": "released"})["state"] == "released"
    await alice.do("release", second)
    await bob.phone.ended()


async def test_the_target_answers_while_the_controller_is_dead_and_has_the_contact_s11(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob")
    await bob.phone.rings()
    async with Part(office.stack, "controller").killed():
        await bob.phone.answer()
    await reopen(alice, bob)
    await office.hears("caller <-> bob")
    await alice.phone.ended()
    await alice.is_now("ready")
    await bob.is_now("on_call")


async def test_a_waiting_caller_who_gives_up_while_the_controller_is_dead_leaves_no_trace(office: Office) -> None:
    caller = await office.caller()
    caller.dial("3000")
    await caller.hears_music(within=8)
    async with Part(office.stack, "controller").killed():
        caller.hangup()
        await caller.ended()
    await office.stack.no_calls()
    dave = await office.agent("dave")
    assert dave.phone.calls == []


async def test_the_last_choice_of_an_identity_outlives_the_controller_s52(office: Office) -> None:
    (alice,) = await office.agents("alice")
    partner = await office.caller("partner", "+33555000111", behaviour=answers())
    await alice.dials("number:+33555000111", caller_id="sales")
    await office.hears("alice <-> partner")
    await alice.do("release")
    await partner.ended()
    async with Part(office.stack, "controller").killed():
        pass
    await reopen(alice)
    assert (await alice.command("GET", "/v1/me"))["default_caller_id"] == "sales"
    await alice.dials("number:+33555000111")
    await office.hears("alice <-> partner")
    assert partner.display.number == "+33140000002"
