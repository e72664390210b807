"""The order in which an in-memory Asterisk does things: what waits in lanes, and for what.

The same order as the executor's (`ari.executor`): effects of one leg one after the other, those of different legs in
any order; whoever names a bridge waits for its creation; its destruction waits for the moves that one step requests
with it; a hang-up overtakes its leg's lane.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from ari_app.ari.executor import HUNG_UP, PROMPTS, RECORDER, takes_out_of
from ari_app.calls.effects import (
    AsteriskEffect,
    CreateBridge,
    CreateLeg,
    CreateSnoop,
    DestroyBridge,
    HangUp,
    JoinBridge,
    LeaveBridge,
    OnBridge,
    OnRecording,
    PlayToBridge,
    StartRecorder,
    TellTransfer,
)
from ari_app.calls.model import LegId
from ari_app.calls.stimuli import AsteriskFact, EffectDone, EffectFailed

type Lane = str


@dataclass(eq=False, slots=True)
class Item:
    """One step: an effect to carry out, a fact to tell, or something a phone does."""

    lane: Lane
    effect: AsteriskEffect | None = None
    fact: AsteriskFact | None = None
    act: Callable[[], None] | None = None
    after: list["Item"] = field(default_factory=list)
    answer: "Item | None" = None
    taken: bool = False
    begun: bool = False

    @property
    def done(self) -> bool:
        return self.taken and (self.answer is None or self.answer.done)

    @property
    def bridge(self) -> str | None:
        return self.effect.bridge if isinstance(self.effect, OnBridge | JoinBridge | LeaveBridge) else None


def lane_of(effect: AsteriskEffect) -> str:
    """Effects of one lane are carried out one after the other."""
    match effect:
        case CreateBridge(bridge=bridge) | DestroyBridge(bridge=bridge):
            return bridge
        case OnRecording(bridge=bridge):
            return bridge + RECORDER
        case PlayToBridge(bridge=bridge):
            return bridge + PROMPTS
        case _:
            return effect.leg


class Lanes:
    """Items in their lanes, the longest waiting first."""

    def __init__(self) -> None:
        self._items: list[Item] = []
        self._effects: list[Item] = []

    def take_on(self, effect: AsteriskEffect) -> None:
        """An effect takes its place."""
        match effect:
            case HangUp(leg=leg):
                item = self._overtake(leg, effect)
            case TellTransfer(leg=leg):
                item = self.add(Item(f"transfer:{leg}", effect=effect))
            case _:
                item = self.add(Item(f"effects:{lane_of(effect)}", effect=effect))
        item.after = self._predecessors(item)

    def tell(self, lane: Lane, fact: AsteriskFact) -> Item:
        """A fact that is reported in its turn."""
        return self.add(Item(lane, fact=fact))

    def add(self, item: Item) -> Item:
        self._items.append(item)
        if item.effect is not None:
            self._effects.append(item)
        return item

    def first(self, item: Item) -> None:
        """Before all that waits."""
        self._items.insert(0, item)

    def remove(self, item: Item) -> None:
        item.taken = True
        self._items.remove(item)

    def clear(self, lane: Lane) -> None:
        for item in [item for item in self._items if item.lane == lane]:
            self.remove(item)

    def fail_all(self, reason: str) -> None:
        """What waits is never reported, what is pending fails; phones go on."""
        for item in list(self._items):
            if item.lane.startswith("phone:"):
                continue
            self.remove(item)
            if item.effect is not None:
                self.tell("link", EffectFailed(item.effect.number, reason))
            elif isinstance(item.fact, EffectDone | EffectFailed):
                self.tell("link", EffectFailed(item.fact.effect, reason))
        self._effects.clear()

    def pending(self) -> tuple[Lane, ...]:
        """The lanes that can go on, the one that waits longest first."""
        self._begin()
        lanes = dict.fromkeys(item.lane for item in self._items)
        return tuple(lane for lane in lanes if self.head(lane) is not None)

    def head(self, lane: Lane) -> Item | None:
        """What goes on next in a lane, unless it has to wait."""
        head = next((item for item in self._items if item.lane == lane), None)
        if head is None or any(not other.done for other in head.after):
            return None
        if lane.startswith("effects:"):
            # The executor starts a leg's next effect when the one before is answered.
            answers = lane.replace("effects:", "answers:", 1)
            if any(item.lane == answers for item in self._items):
                return None
        return head

    def moves(self, leg: LegId) -> bool:
        """Whether a move of this leg into a bridge waits."""
        return any(isinstance(item.effect, JoinBridge) and item.effect.leg == leg for item in self._items)

    def _begin(self) -> None:
        """One step requests a bridge's destruction first, and then the moves out of it."""
        for item in self._effects:
            if isinstance(item.effect, DestroyBridge) and not item.begun:
                item.begun = True
                bridge = item.effect.bridge
                item.after += [o for o in self._unanswered() if o.effect is not None and takes_out_of(o.effect, bridge)]

    def _overtake(self, leg: LegId, effect: HangUp) -> Item:
        """The first in the leg's lane is under way; those behind it are dropped."""
        lane = f"effects:{leg}"
        queued = [item for item in self._items if item.lane == lane]
        for item in queued[1:]:
            self.remove(item)
            if item.effect is not None:
                item.answer = self.tell(f"answers:{leg}", EffectFailed(item.effect.number, HUNG_UP, gone=True))
        if queued and isinstance(queued[0].effect, CreateLeg | CreateSnoop):
            return self.add(Item(lane, effect=effect))
        return self.add(Item(f"hangup:{leg}", effect=effect))

    def _predecessors(self, item: Item) -> list[Item]:
        if isinstance(item.effect, HangUp):
            progress = f"transfer:{item.effect.leg}"
            return [other for other in self._unanswered() if other.lane == progress]
        if item.bridge is None:
            return []
        others = [other for other in self._unanswered() if other is not item]
        if isinstance(item.effect, DestroyBridge):
            return [o for o in others if o.bridge == item.bridge or isinstance(o.effect, HangUp)]
        awaited: tuple[type[AsteriskEffect], ...] = (CreateBridge, DestroyBridge)
        if isinstance(item.effect, LeaveBridge):
            awaited = (CreateBridge,)  # a destruction waits for it
        elif isinstance(item.effect, PlayToBridge):
            awaited = (*awaited, JoinBridge, StartRecorder)
        return [o for o in others if o.bridge == item.bridge and isinstance(o.effect, awaited)]

    def _unanswered(self) -> list[Item]:
        """Effects not carried out yet, or whose answer was not reported yet."""
        self._effects = [item for item in self._effects if not item.done]
        return self._effects
