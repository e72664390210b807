"""What is listed works, what is not listed is refused: for everybody, on every call and party, in every state reached.

The walk goes breadth first from calls of every kind; each listed action, phone and deadline leads to the next state.
"""

import os
from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls.model import Call, PartyRole, Progress
from ari_app.errors import Code
from ari_app.routing.directory import Monitoring, Role
from tests.properties.walk import Possible, beginnings, commands, fork, happenings, shape, unchanged
from tests.support.world import World

STATES = int(os.environ.get("CC_STATES", "100"))


def _refusal(possible: Possible, world: World) -> Code:
    if not possible.visible:
        return Code.NOT_FOUND
    verb = possible.kind.__name__
    if possible.kind in (c.MonitorCall, c.StopMonitoring, c.TakeOver) and possible.role is Role.AGENT:
        return Code.FORBIDDEN
    if possible.kind in (c.MonitorCall, c.TakeOver) and not world.directory.settings.monitoring.enabled:
        return Code.FEATURE_DISABLED
    if ("Conference" in verb or verb == "Merge") and not world.directory.settings.conferences:
        return Code.FEATURE_DISABLED
    recorded = world.switch.calls[str(possible.fields["call"])].recording is not None
    if "Recording" in verb and not recorded and not world.directory.settings.recording:
        return Code.FEATURE_DISABLED
    return Code.NOT_ALLOWED_NOW


def _is_refused(world: World, possible: Possible) -> None:
    before = unchanged(world)
    kind: Any = possible.kind
    command = kind(id="refused", by=possible.by, role=possible.role, **possible.fields)
    match world.switch.handle(command, world.now):
        case [e.Refuse("refused", error)]:
            assert error.code is _refusal(possible, world), (possible, error)
        case effects:
            raise AssertionError(f"{possible} is not listed and led to {effects}")
    assert unchanged(world) == before, possible


def _works(world: World, possible: Possible) -> World:
    after = fork(world)
    name = after.command(possible.kind, possible.by, role=possible.role, **possible.fields)
    after.settle()
    assert name not in after.refusals, (possible, after.refusals[name])
    _is_right(after, possible)
    return after


def _is_right(world: World, after: object) -> None:
    found = wrong(world)
    assert not found, "\n".join((f"after {after}:", *found))


def wrong(world: World) -> list[str]:
    """What the world finds wrong, and calls that nobody would ever come back to."""
    found = world.wrong()
    for call in world.switch.calls.values():
        if call.offering() is None:
            found += [f"{call.id}: {what}" for what in _forgotten(world, call)]
    return found


def _forgotten(world: World, call: Call) -> list[str]:
    joined = call.joined()
    agents = [p for p in joined if p.agent is not None]
    found = []
    if agents and all(p.leg is None for p in agents) and call.recall_at is None:
        found.append("waits for its agent, who is not recalled")
    if agents and call.owner is None:
        found.append("has agents and no owner")
    for party in joined:
        if any(h not in call.parties or call.parties[h].progress is Progress.LEFT for h in party.held_by):
            found.append("somebody is held by one who left")
        alone = party.role is PartyRole.CONTACT and not party.held_by and party.leg in world.asterisk.music()
        if alone and not agents:
            found.append("a contact hears music for nobody")
    return found


@pytest.mark.parametrize("everything", [True, False])
def test_every_action_that_is_listed_works_and_every_other_is_refused_and_changes_nothing(everything: bool) -> None:
    waiting = deque(
        beginnings(withholding=everything, conferences=everything, monitoring=Monitoring(enabled=everything))
    )
    seen = {shape(world) for world in waiting}
    for _ in range(STATES if everything else STATES // 4):
        world = waiting.popleft()
        possible = list(commands(world))
        for one in possible:
            if not one.listed:
                _is_refused(world, one)
        after = [_works(world, one) for one in possible if one.listed]
        for happens in happenings(world):
            after.append(fork(world))
            happens(after[-1])
            after[-1].settle()
            _is_right(after[-1], happens)
        for state in after:
            if len(state.switch.calls) < 3 and shape(state) not in seen:
                seen.add(shape(state))
                waiting.append(state)


def test_the_walk_tells_states_apart_by_what_matters_and_not_by_ids_or_times() -> None:
    first, _queue, second, *_rest = beginnings()
    later = fork(first)
    later.now += 1.0
    assert shape(first) == shape(later)
    assert shape(first) != shape(second)
    held = fork(first)
    leg = next(iter(held.switch.state.legs.values()))
    held.switch.state.legs[leg.id] = replace(leg, held_by_phone=True)
    assert shape(first) != shape(held)
