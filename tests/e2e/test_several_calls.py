"""Several calls of one agent at once (S45-S47)."""

from tests.bots import answers
from tests.e2e.office import Office


async def test_a_new_call_puts_the_active_one_on_hold_by_itself_s45(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.call_id
    call = await alice.dials("agent:bob")
    assert call["parent"] is None
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await caller.hears_music(within=8)
    assert alice.calls[first]["state"] == "held"
    assert "complete_transfer" not in alice.calls[call["id"]]["actions"]


async def test_retrieving_the_first_puts_the_other_on_hold_s46(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.call_id
    second = str((await alice.dials("agent:bob"))["id"])
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.do("retrieve", first)
    await office.hears("caller <-> alice")
    await bob.phone.hears_music(within=8)
    await alice.do("retrieve", second)
    await office.hears("alice <-> bob")
    await caller.hears_music(within=8)
    await alice.do("release", second)
    await bob.phone.ended()
    await alice.do("retrieve", first)
    await office.hears("caller <-> alice")
    caller.never_in_silence(longer_than=2)


async def test_one_call_is_transferred_while_the_other_is_held_s46(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.call_id
    await alice.dials("agent:bob")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.do("single-step-transfer", first, target="agent:carol")
    await carol.phone.answer()
    await office.hears("alice <-> bob", "caller <-> carol")


async def test_a_contact_on_hold_who_hangs_up_ends_only_that_call_s47(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.caller("partner", "+33555000111", behaviour=answers())
    await office.connect(caller, alice)
    first = alice.call_id
    await alice.dials("number:+33555000111")
    await office.hears("alice <-> partner")
    caller.hangup()
    await alice.phone.until(lambda: alice.calls[first]["state"] == "released", "sees the first call end")
    await office.hears("alice <-> partner")
