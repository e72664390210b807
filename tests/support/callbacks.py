"""What must hold of those who are to be called back: by an account of what each step requested. Their turn: `steps`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ari_app.calls import effects as e
from ari_app.calls.model import Alarm, Call, CallId, EndReason, LegState, Outside

if TYPE_CHECKING:
    from tests.support.world import World

_RIGHT_ENDS = (EndReason.NOT_CALLED_BACK, EndReason.CLEARED, EndReason.MERGED)


class Promises:
    """The calls whose caller was promised to be called back, and has not been reached."""

    def __init__(self) -> None:
        self.kept: dict[CallId, int] = {}  # with how often they were rung in vain

    def note(self, world: World, effects: Sequence[e.Effect]) -> list[str]:
        """After a step: what it did to them that it must not."""
        alarms = [x.call.id for x in effects if isinstance(x, e.CallAlarm) and x.alarm is Alarm.NOT_CALLED_BACK]
        found = []
        for change in effects:
            if isinstance(change, e.CallChanged):
                found += self._changed(world, change.call, alarms)
            elif isinstance(change, e.CreateLeg):
                found += _dialled(world, change)
        return found

    def _changed(self, world: World, call: Call, alarms: list[CallId]) -> list[str]:
        back = call.to_call_back()
        if back is None:
            self.kept.pop(call.id, None)
            return []
        if not call.ended:
            before, self.kept[call.id] = self.kept.get(call.id, 0), back.tries
            queue = world.switch.directory.queues.get(back.target.id)
            too_often = queue is not None and back.tries >= queue.callback.tries
            wrong = [f"{call.id} is out of tries, and goes on"] if too_often else []
            return [*wrong, f"{call.id} has lost tries"] if back.tries < before else wrong
        known = self.kept.pop(call.id, None) is not None
        found = [] if not known or call.end_reason in _RIGHT_ENDS else [f"{call.id} was lost: {call.end_reason}"]
        if (call.end_reason is EndReason.NOT_CALLED_BACK) != (call.id in alarms):
            found.append(f"that {call.id} is over, or is not, nobody was notified of")
        return found

    def restarted(self, world: World, *, behind: bool) -> None:
        """A controller that starts anew finds all of them, but for what its last step had made of one."""
        if behind:
            there = world.switch.calls
            self.kept = {key: back.tries for key, call in there.items() if (back := call.to_call_back()) is not None}

    def lost(self, world: World) -> list[str]:
        """Those whose place is nowhere."""
        calls = world.switch.calls
        return [f"the place of {key} is lost" for key in self.kept if key not in calls or not calls[key].to_call_back()]


def _dialled(world: World, effect: e.CreateLeg) -> list[str]:
    """Who is to be called back is rung with an agent there, once at a time."""
    call = world.switch.calls.get(effect.call)
    offer = call.offering() if call is not None else None
    attempt = next((a for a in offer.attempts if a.leg == effect.leg), None) if offer is not None else None
    if call is None or offer is None or attempt is None:
        return []
    if isinstance(effect.destination, Outside) and call.to_call_back() is not None:
        alone = not any(p.agent for p in call.joined())
        ringing = [
            leg for leg in world.switch.legs.values() if leg.focus == call.id and isinstance(leg.destination, Outside)
        ]
        found = [f"{call.id} is rung, and no agent is there"] if alone else []
        return [*found, f"{call.id} is rung twice"] if len(ringing) > 1 else found
    return []


def wrong(world: World) -> list[str]:
    """What should not be of them, now that everything has happened that could."""
    found = world.promises.lost(world)
    for call in world.switch.calls.values():
        back, offer = call.to_call_back(), call.offering()
        if back is not None and back.next_at is not None and (offer is not None or call.joined()):
            found.append(f"{call.id} rests, and somebody is rung for it")
        if back is None or call.joined() or offer is not None:
            continue
        if back.next_at is None:
            found.append(f"{call.id} is to be called back, and nobody is sought for it")
    rung: dict[str, set[CallId]] = {}
    for call in world.switch.calls.values():
        for attempt in call.offer.attempts if call.offer is not None else ():
            leg = world.switch.legs.get(attempt.leg)
            if attempt.agent is not None and leg is not None and leg.state is not LegState.UP:
                rung.setdefault(attempt.agent, set()).add(call.id)
    return [*found, *(f"{agent} is rung for {calls}" for agent, calls in rung.items() if len(calls) > 1)]
