"""The controller dies in the middle of calls: each is recorded once, with all that its parties did before and after."""

from datetime import datetime

from tests.e2e.containers import Part
from tests.e2e.office import Office
from tests.e2e.test_faults_controller import AWAY, talk
from tests.e2e.test_history import past
from tests.e2e.test_supervisor import supervisor
from tests.e2e.witness import reopen


async def test_calls_over_which_the_controller_died_are_recorded_once_with_all_of_them(office: Office) -> None:
    erin = await supervisor(office)
    alice, bob = await office.agents("alice", "bob")
    goes_on = await office.caller("goes on", "+33600000001")
    gone = await office.caller("gone", "+33600000002")
    await talk(goes_on, alice, "1001")
    await talk(gone, bob, "1002")
    calls = (alice.call_id, bob.call_id)
    async with Part(office.stack, "controller").killed():
        gone.hangup()
        await gone.ended()
        await goes_on.stays_up(AWAY)
    await reopen(alice, bob, erin)
    await alice.do("hold")
    await goes_on.hears_music()
    await alice.do("retrieve")
    await alice.do("release")
    await goes_on.ended()
    first, second = [await past(erin, call) for call in calls]
    waited, before, held, after = [s for s in first["segments"] if s["role"] == "contact"]
    assert [s["kind"] for s in (waited, before, held, after)] == ["queue", "talk", "hold", "talk"]
    assert [s["end"] for s in (waited, before, held, after)] == ["answered", "next", "next", "over"]
    begun, ended = (datetime.fromisoformat(before[key]) for key in ("begins_at", "ends_at"))
    assert (ended - begun).total_seconds() >= AWAY
    assert [s["kind"] for s in second["segments"] if s["role"] == "contact"] == ["queue", "talk"]
    listed = [x["id"] for x in (await erin.command("GET", "/v1/history?limit=50"))["calls"]]
    assert [listed.count(call) for call in calls] == [1, 1]
