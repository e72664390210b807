"""What desktops and supervisors see beside the calls: who hears whom, times, and how queues are now and today."""

from typing import Any

from tests.e2e.office import Agent, Office
from tests.e2e.test_supervisor import supervisor


def hears(agent: Agent, event: dict[str, Any]) -> dict[str, Any]:
    """Whom each hears, agents by name, or what instead."""
    assert agent.call is not None
    names = {p["id"]: p["agent"] or "contact" for p in agent.call["parties"]}
    return {
        names.get(ear["ear"], ear["ear"]): sorted(names.get(x, x) for x in ear["hears"]) or ear["sound"]
        for ear in event["matrix"]
    }


async def is_reported(agent: Agent, wanted: dict[str, Any]) -> None:
    """Wait until that is who hears whom, as it was reported last."""

    def reported() -> bool:
        events = [e for e in agent.events if e["type"] == "call.hearing"]
        return bool(events) and hears(agent, events[-1]) == wanted

    await agent.phone.until(reported, f"is notified that {wanted}")


async def test_who_hears_whom_is_reported_as_it_is_heard(office: Office) -> None:
    alice, bob = await office.agents("alice", "bob")
    caller = await office.caller()
    await office.conference(caller, alice, bob)
    await is_reported(alice, {"contact": ["alice", "bob"], "alice": ["bob", "contact"], "bob": ["alice", "contact"]})
    await alice.to("contact", "deafen")
    await alice.to("bob", "mute")
    await is_reported(alice, {"contact": "silence", "alice": ["contact"], "bob": ["alice", "contact"]})
    await office.hears("caller -> alice", "caller -> bob", "alice -> bob")
    await alice.to("contact", "hold")
    await is_reported(alice, {"contact": "music", "alice": "silence", "bob": ["alice"]})
    answer = await alice.command("GET", f"/v1/calls/{alice.call_id}/hearing")
    assert hears(alice, answer)["contact"] == "music"


async def test_a_call_tells_what_was_dialled_who_waited_and_who_ended_it_why(office: Office) -> None:
    erin = await supervisor(office)
    caller = await office.caller()
    caller.dial("3000")
    await caller.hears_music(within=8)
    queued = await erin.sees(lambda call: call["state"] == "queued", "sees who waits")
    assert (queued["queue"], queued["dialled"]) == ("sales", "3000")
    assert queued["queued_at"] is not None
    (dave,) = await office.agents("dave")
    await dave.phone.answer()
    call = await dave.sees_state("established")
    assert call["queued_at"] == queued["queued_at"]
    assert all(p["joined_at"] for p in call["parties"])
    await dave.do("hold")
    call = await dave.sees_state("held")
    assert [bool(p["held_since"]) for p in call["parties"] if p["role"] == "contact"] == [True]
    caller.hangup()
    call = await dave.sees_state("released")
    assert (call["ended_by"], call["end_reason"]) == ("contact", "hangup")
    assert call["ended_at"] is not None


async def test_a_supervisor_sees_queues_now_and_today_and_sends_somebody_home(office: Office) -> None:
    (alice,), erin = await office.agents("alice"), await supervisor(office)

    def sales() -> dict[str, Any]:
        reported = [e["queue"] for e in erin.events if e["type"] == "queue.updated"]
        return next((q for q in reversed(reported) if q["target"] == "queue:sales"), {})

    before = next(t for t in (await erin.command("GET", "/v1/live"))["targets"] if t["target"] == "queue:sales")
    caller = await office.caller()
    caller.dial("3000")
    await caller.hears_music(within=8)
    await erin.phone.until(lambda: sales().get("waiting") == 1, "sees who waits")
    caller.hangup()
    await erin.phone.until(lambda: sales().get("waiting") == 0, "sees that nobody waits")
    assert sales()["abandoned"]["numerator"] == before["abandoned"]["numerator"] + 1
    agents = {a["agent"]: a for a in (await erin.command("GET", "/v1/agents"))["agents"]}
    assert agents["alice"]["state"] == "ready"
    await erin.command("PUT", "/v1/agents/alice/state", {"state": "logged_out"})
    await alice.is_now("logged_out")


async def test_whoever_misses_a_call_finds_it_in_their_history_and_whoever_took_it_says_how_it_went(
    office: Office,
) -> None:
    (alice,) = await office.agents("alice")
    caller = await office.caller()
    caller.dial("1001")
    await alice.sees_state("ringing")
    missed = alice.call_id
    caller.hangup()
    await alice.phone.ended()
    await alice.sees_state("released")
    await alice.is_now("ready")
    await office.connect(caller, alice)
    taken = alice.call_id
    await alice.command("PATCH", f"/v1/calls/{taken}/disposition", {"code": "solved", "notes": "all is well"})
    await alice.do("release")
    await caller.ended()

    async def history() -> dict[str, Any]:
        found = await alice.command("GET", "/v1/history?limit=2")
        return {call["id"]: call for call in found["calls"]}

    calls = await history()
    while set(calls) != {missed, taken}:  # kept a moment after the window was notified
        await alice.is_now("ready")
        calls = await history()
    assert calls[missed]["outcome"] == "missed"
    assert calls[missed]["end_reason"] == "abandoned"
    assert calls[taken]["outcome"] == "answered"
    assert calls[taken]["contact"]["number"] == "+33612345678"
    assert [(d["agent"], d["code"]) for d in calls[taken]["dispositions"]] == [("alice", "solved")]
