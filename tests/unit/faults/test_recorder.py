"""What answers say of a command, and what is written down of a call at a phone."""

from __future__ import annotations

import pytest

from tests.bots import Lab, answers
from tests.faults.history import Outcome, Stay
from tests.faults.people import Answer
from tests.faults.recorder import Recorder, outcome

NOTHING: Answer = (0, {})
STANDBY: Answer = (503, {"code": "standby"})
REFUSED: Answer = (409, {"code": "not_allowed_now"})
NOBODY_KNOWS: Answer = (504, {"code": "unknown_outcome"})


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ([(200, {})], "ok"),
        ([NOTHING, STANDBY, (201, {})], "ok"),
        ([REFUSED], "fail"),
        ([STANDBY, STANDBY, REFUSED], "fail"),
        ([STANDBY], "fail"),
        ([NOTHING, REFUSED], "unknown"),
        ([NOBODY_KNOWS, REFUSED], "unknown"),
        ([NOBODY_KNOWS], "unknown"),
        ([STANDBY, NOTHING], "unknown"),
        ([(500, {}), REFUSED], "unknown"),
    ],
)
def test_a_command_was_done_or_not_or_nobody_knows(said: list[Answer], wanted: Outcome) -> None:
    assert outcome(said) == wanted


@pytest.mark.parametrize(
    ("offer", "wanted"),
    [(None, "ok"), ({"state": "ringing"}, "ok"), ({"state": "declined"}, "ok"), ({"state": "unavailable"}, "unknown")],
)
def test_who_is_answered_that_nobody_was_reached_knows_that_it_was_not_done(
    offer: dict[str, str] | None, wanted: Outcome
) -> None:
    said: list[Answer] = [(200, {"offer": offer})]
    assert outcome(said, rings=True) == wanted
    assert outcome(said) == "ok"


async def test_a_call_is_written_down_as_both_phones_saw_it() -> None:
    async with Lab(None) as lab:
        alice = await lab.phone("alice", behaviour=answers())
        bob = await lab.phone("bob", "+33820000001")
        call = bob.dial(alice.uri)
        await lab.hears(("alice", "bob"), ("bob", "alice"), within=3)
        recorder = Recorder()
        recorder.dialled["+33820000001"] = (bob, call)
        recorder.hung_up("alice", "+33820000001")
        alice.hangup()
        await bob.ended()
        history = recorder.history([alice], [], lab.board.epoch, call.stamps["ended"] + 1)
    (ring,), (stay,), (left,) = history.rings, history.stays, history.operations
    assert (ring.phone, ring.call, ring.by_request) == ("alice", "+33820000001", False)
    assert ring.received < ring.answered < ring.ended
    assert stay == Stay(
        ring.call, call.stamps["invite sent"], call.stamps["200 received"], stay.ended, "system", stay.why
    )
    assert stay.why.startswith("the other side hung up")
    assert (left.kind, left.call, left.outcome) == ("hang-up", ring.call, "ok")
    assert {(each.ear, each.voice) for each in history.heard} == {("alice", ring.call), (ring.call, "alice")}
    assert all(ring.answered <= each.begin < each.end <= ring.ended + 1 for each in history.heard)
