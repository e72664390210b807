"""Who leads either Asterisk is lost while two calls become one: nobody is dropped, or left in silence."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ari_app.calls import commands as c
from ari_app.calls.model import Identity, Outside, PartyRole
from ari_app.testing.asterisk import Behaviour
from tests.support import wellformed
from tests.support.office import hear_each_other
from tests.support.tied import Tied


def test_calls_that_an_earlier_version_has_kept_are_read_and_have_no_tie() -> None:
    call = Tied().b.served()
    kept = json.loads(wellformed.CALL.dump_json(call))
    for name in ("tie", "tied_by", "awaits"):
        assert kept.pop(name) is None
    assert wellformed.CALL.validate_python(kept) == call


def test_an_earlier_version_takes_a_tie_for_somebody_outside() -> None:
    both = Tied()
    _, tie = both.merged()
    call = both.b.switch.calls[tie]
    legs = [both.b.switch.legs[party.leg or ""] for party in call.joined()]
    assert [p.role for p in call.joined()] == [PartyRole.CONTACT] * 2
    assert any(isinstance(leg.destination, Outside) for leg in legs)


@pytest.mark.parametrize("lost", ["a", "b"])
@pytest.mark.parametrize("behind", [False, True])
@pytest.mark.parametrize("steps", range(12))
def test_whoever_leads_is_lost_at_any_step_and_nobody_is_dropped_or_left_in_silence(
    lost: str, behind: bool, steps: int
) -> None:
    both = Tied()
    here, there = both.two_calls()
    name = both.awaited(here, there)
    both.a.settle()
    command = both.handed_over(there, name)
    both.b.settle() if lost == "a" else both.b.step()
    for _ in range(steps):
        both.edge.carries()
        both.worlds[lost].step() or both.worlds["b" if lost == "a" else "a"].step()
    both.worlds[lost].restart(behind=behind)
    both.settle()
    if any(call.tie is not None and call.tie.until is not None for call in both.b.switch.calls.values()):
        both.b.pass_time()
        both.settle()
    merged = there not in both.b.switch.calls
    assert both.hears() == (
        hear_each_other("alice", "in1", "out1")
        if merged
        else hear_each_other("alice", "in1") | hear_each_other("alice", "out1")
    )
    assert merged or command not in both.b.replies
    both.is_calm()


@pytest.mark.parametrize("lost", ["a", "b"])
def test_what_was_requested_of_asterisk_is_found_there_though_nothing_was_written_since(lost: str) -> None:
    both = Tied()
    here, there = both.two_calls()
    name = both.awaited(here, there)
    both.prepared(there, name)
    written = both.written(lost)
    both.b.asterisk.behaviour[Outside(f"tie+a+{name}", "tie")] = Behaviour.NEVER
    both.b.command(c.HandOver, "alice", call=there, tie=name)
    both.settle()
    assert there not in both.b.switch.calls
    both.dies(lost, written)
    both.settle()
    assert there not in both.b.switch.calls
    assert both.hears() == hear_each_other("alice", "in1", "out1")
    both.is_calm()


def test_a_name_is_good_though_it_is_late_when_its_leader_was_lost_meanwhile() -> None:
    both = Tied()
    here, there = both.two_calls()
    both.handed_over(there, both.awaited(here, there))
    both.a.settle()
    both.b.settle()
    both.a.asterisk.lose_link()
    both.edge.carries()
    both.a.now += 30
    both.a.restart()
    both.settle()
    assert len(both.a.switch.calls[here].joined()) == 3
    assert both.hears() == hear_each_other("alice", "in1", "out1")


def test_who_somebody_is_at_a_tie_the_other_asterisk_does_not_say() -> None:
    both = Tied()
    here, _ = both.merged()
    party = both.tie_party(here)
    before = both.a.switch.calls[here].parties[party].identity
    both.a.asterisk.identify(both.a.switch.calls[here].parties[party].leg or "", Identity("Trunk", "5060"))
    both.a.settle()
    both.a.restart()
    both.settle()
    assert both.a.switch.calls[here].parties[party].identity == before


def test_a_command_that_is_repeated_after_its_leader_died_has_the_answer_that_was_lost() -> None:
    both = Tied()
    here, there = both.two_calls()
    name = both.awaited(here, there)
    command = both.handed_over(there, name)
    both.settle()
    for world, of in ((both.a, here), (both.b, None)):
        world.restart()
        world.settle()
        repeated = next(x for x in world.commands.values() if isinstance(x, c.AwaitTie | c.HandOver))
        world.replies.clear()
        world.feed(replace(repeated, again=True))
        world.settle()
        answer = world.replies[repeated.id]
        assert answer is not None
        assert of is None or (answer.awaits is not None and answer.awaits.party is not None)
    assert command in both.b.replies
