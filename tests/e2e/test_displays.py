"""What phones show when the one they talk with has changed (S51, S55)."""

from tests.e2e.office import CALLER_NAME, CALLER_NUMBER, Office


async def test_after_a_consulted_transfer_the_target_sees_the_contact_s55(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    consult = await alice.do("initiate-transfer", target="agent:bob")
    await bob.phone.rings()
    await bob.phone.displays(name="Alice Martin", number="1001")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.do("complete-transfer", consult["id"])
    await office.hears("caller <-> bob")
    await bob.phone.displays(name=CALLER_NAME, number=CALLER_NUMBER)


async def test_an_identity_that_was_chosen_stays_after_the_answer_s51(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    await alice.do("single-step-transfer", target="agent:bob", caller_id="sales")
    await bob.phone.answer()
    await office.hears("caller <-> bob")
    await bob.phone.displays(name="Sales", number="+33140000002")
    updates = [e for e in office.lab.board.events if e.bot == "bob" and "update" in e.kind]
    assert updates == []


async def test_whoever_calls_a_group_sees_who_answered(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    await alice.dials("group:support")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.phone.displays(name="Bob Lefèvre", number="1002")


async def test_an_agent_who_dialled_by_hand_sees_with_whom_they_talk_after_a_transfer(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    alice.phone.dial("1002")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await bob.do("single-step-transfer", target="agent:carol")
    await carol.phone.answer()
    await office.hears("alice <-> carol")
    await alice.phone.displays(name="Carol Nguyen", number="1003")
