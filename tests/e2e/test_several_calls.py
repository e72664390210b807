"""Several calls of one agent at once (S45-S47), and two of them made one."""

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


async def test_each_verb_works_on_one_call_while_the_other_has_its_music_s46(office: Office) -> None:
    alice, bob, carol = await office.agents("alice", "bob", "carol")
    caller = await office.caller()
    await office.connect(caller, alice)
    second = str((await alice.dials("agent:bob"))["id"])
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    since = await caller.hears_music(within=8)
    await alice.to("bob", "mute")
    await office.hears("alice -> bob")
    await alice.to("bob", "unmute")
    await alice.to("bob", "send-dtmf", digits="5")
    await bob.phone.receives_dtmf("5")
    await alice.do("single-step-conference", second, target="agent:carol")
    await carol.phone.answer()
    await office.hears("alice <-> bob", "alice <-> carol", "bob <-> carol")
    await alice.do("hold", second)
    await bob.phone.hears_music(within=8)
    await carol.phone.hears_music(within=8)
    await office.nobody_hears_anybody()
    await alice.do("retrieve", second)
    await office.hears("alice <-> bob", "alice <-> carol", "bob <-> carol")
    assert caller.heard_since(since) == frozenset(), "the call on hold heard the other"
    caller.never_in_silence(longer_than=0.5, since=since)


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


async def test_two_calls_are_merged_into_a_conference_s45_s46(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.call_id
    second = str((await alice.dials("agent:bob"))["id"])
    assert await alice.refused("merge", first) == "not_allowed_now"
    assert "merge" not in alice.calls[first]["actions"]
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await alice.phone.until(lambda: "merge" in alice.calls[first]["actions"], "may merge its calls")
    call = await alice.command("POST", f"/v1/calls/{first}/merge", {"call_id": second})
    assert call["id"] == first
    assert call["state"] == "established"
    await office.hears("caller <-> alice", "alice <-> bob", "caller <-> bob")
    await bob.phone.until(lambda: bob.calls[first]["state"] == "established", "is in the contact's call")
    await bob.phone.until(lambda: bob.calls[second]["state"] == "released", "sees the other call end")
    await alice.do("release", first)
    await office.hears("caller <-> bob")
    caller.never_in_silence(longer_than=2)


async def test_the_call_on_hold_joins_the_one_that_talks_s45_s46(office: Office) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    await office.caller("partner", "+33555000111", behaviour=answers())
    await office.connect(caller, alice)
    first = alice.call_id
    second = str((await alice.dials("number:+33555000111"))["id"])
    await office.hears("alice <-> partner")
    await alice.command("POST", f"/v1/calls/{second}/merge", {})
    await office.hears("caller <-> alice", "alice <-> partner", "caller <-> partner")
    assert alice.calls[first]["state"] == "released"


async def test_a_second_call_dialled_by_hand_puts_the_first_on_hold_s45_s46(office: Office) -> None:
    """The phone has two lines: each call a leg of its own."""
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.call_id
    line = alice.phone.dial("1002")
    await bob.phone.answer()
    await office.hears("alice <-> bob")
    await caller.hears_music(within=8)
    second = alice.call_id
    assert second != first
    assert (alice.calls[first]["state"], alice.calls[second]["parent"]) == ("held", None)
    await alice.do("retrieve", first)
    await office.hears("caller <-> alice")
    await bob.phone.hears_music(within=8)
    await alice.do("retrieve", second)
    await office.hears("alice <-> bob")
    await caller.hears_music(within=8)
    line.hangup()
    await bob.phone.ended()
    await alice.phone.until(lambda: alice.calls[second]["state"] == "released", "sees the second call end")
    await alice.do("retrieve", first)
    await office.hears("caller <-> alice")
    caller.never_in_silence(longer_than=2)


async def test_a_second_call_dialled_by_hand_that_reaches_nobody_leaves_the_first_on_hold_s45(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.connect(caller, alice)
    first = alice.call_id
    line = alice.phone.dial("1002")
    await bob.phone.decline()
    await alice.phone.ended(line, within=15)
    await caller.hears_music(within=8)
    await alice.do("retrieve", first)
    await office.hears("caller <-> alice")
    caller.never_in_silence(longer_than=2)
