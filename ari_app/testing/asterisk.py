"""Asterisk in memory: takes effects, yields facts, knows who hears whom. Deterministic; no asyncio, no clock.

What happens and its report are two steps, as in life: an effect is first carried out, then answered; a phone
first does something, then the event comes. Each step waits in a *lane*; inside a lane they go in order, between lanes
in any, and all of that may really occur. `pending()` names the lanes that can go on; `deliver_next()` takes one step,
or with no lane named as many as it takes to the next fact, oldest first. `tests/contract` runs the same scenarios
over this and over the real one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ari_app.calls.effects import (
    AsteriskEffect,
    CreateLeg,
    DestroyBridge,
    DialLeg,
    HangUp,
)
from ari_app.calls.model import Destination, Identity, LegId, Phone, Withheld
from ari_app.calls.stimuli import (
    AnnouncementFinished,
    AsteriskFact,
    AsteriskReconciled,
    ChannelArrived,
    ChannelFact,
    EffectDone,
    EffectFailed,
    LegAnswered,
    LegDigit,
    LegGone,
    LegHeldByPhone,
    LegIdentified,
    LegLostFromBridge,
    LegRetrievedByPhone,
    LegRinging,
    LegTalking,
    LinkLost,
    OtherPlaceFound,
    TransferRequested,
)
from ari_app.testing.asterisk_model import Behaviour, Channel, State, World
from ari_app.testing.lanes import Item, Lane, Lanes, lane_of

__all__ = ["Behaviour", "FakeAsterisk"]

LOST = "the connection to Asterisk was lost"


@dataclass(slots=True)
class _Failure:
    matches: Callable[[AsteriskEffect], bool]
    reason: str
    carried_out: bool


class FakeAsterisk:
    """One Asterisk without sound. `bridge_prefix` as in the real one's settings.

    Phones answer unless `behaviour` says otherwise.
    """

    def __init__(self, bridge_prefix: str = "") -> None:
        self.behaviour: dict[Destination, Behaviour] = {}
        self.places: dict[str, Sequence[str]] = {}
        """The phones that have registered with an account, by SIP user, where they are several."""
        self.executed: list[AsteriskEffect] = []
        self.prompts_end = True  # by themselves; else they go on until they are stopped
        self.world = World()
        self.connected = True
        self._prefix = bridge_prefix
        self._lanes = Lanes()
        self._failures: list[_Failure] = []
        self._leaving: dict[LegId, tuple[Channel, int]] = {}

    # -- what the controller does -------------------------------------------------------------------------------------

    def execute(self, effect: AsteriskEffect) -> None:
        """Take an effect on; it is carried out by a later step."""
        if not self.connected:
            self._tell("link", EffectFailed(effect.number, LOST))
            return
        self._lanes.take_on(effect)

    def pending(self) -> tuple[Lane, ...]:
        """The lanes that can go on, the one that waits longest first. Empty: nothing more happens by itself."""
        return self._lanes.pending()

    def deliver_next(self, lane: Lane | None = None) -> AsteriskFact | None:
        """One step of that lane, and the fact if it had one; without a lane, go on to the next fact, if any comes."""
        if lane is not None:
            head = self._lanes.head(lane)
            return None if head is None else self._take(head)
        while (lanes := self.pending()) and (head := self._lanes.head(lanes[0])) is not None:
            fact = self._take(head)
            if fact is not None:
                return fact
        return None

    def deliver_all(self) -> list[AsteriskFact]:
        """Facts until nothing more happens by itself."""
        facts = []
        while (fact := self.deliver_next()) is not None:
            facts.append(fact)
        return facts

    def _take(self, item: Item) -> AsteriskFact | None:
        self._lanes.remove(item)
        if item.act is not None:
            item.act()
        if item.effect is not None:
            self._carry_out(item, item.effect)
        return item.fact

    # -- what tests do ------------------------------------------------------------------------------------------------

    def arrive(
        self,
        leg: LegId,
        endpoint: str,
        verb: str,
        *args: str,
        caller: Identity | None = None,
        user_data: Mapping[str, str] | None = None,
        via: LegId | None = None,
        withheld: Withheld | None = None,
        up: bool = True,
        entry: str = "",
    ) -> None:
        """A channel enters the application from the dialplan."""
        arrived = ChannelArrived(
            leg, endpoint, verb, args, caller or Identity(), dict(user_data or {}), via, entry, withheld=withheld
        )
        state = State.UP if up else State.WAITING
        self.world.channels[leg] = Channel(leg, state=state, arrived=arrived)
        self._event(leg, arrived)

    def ring(self, leg: LegId) -> None:
        """The dialled phone rings."""
        channel = self.world.channels.get(leg)
        if channel is not None and channel.state is State.DIALLING:
            channel.state = State.RINGING
            self._event(leg, LegRinging(leg))

    def answer(self, leg: LegId) -> None:
        """The dialled phone is answered."""
        channel = self.world.channels.get(leg)
        if channel is not None and channel.state in (State.DIALLING, State.RINGING):
            channel.state = State.UP
            self._event(leg, LegAnswered(leg))

    def hang_up(self, leg: LegId, cause: int = 16) -> None:
        """The phone hangs up, declines or is unreachable: whatever the cause says."""
        channel = self.world.channels.pop(leg, None)
        if channel is None:
            return
        for name, fact in self.world.left(channel.bridge) if channel.bridge is not None else ():
            self._event(name, fact)
        self.end_message(leg)
        self._lanes.clear(f"phone:{leg}")
        self._event(leg, LegGone(leg, cause))
        if not self.connected:
            self._leaving[leg] = channel, cause
        for along in self.world.ends_with(channel):
            self.hang_up(along)

    def lose_from_bridge(self, leg: LegId) -> None:
        """Asterisk has this leg no longer in the bridge into which it was put."""
        channel = self.world.channels.get(leg)
        if channel is not None and channel.bridge is not None:
            bridge, channel.bridge = channel.bridge, None
            for name, fact in self.world.left(bridge):
                self._event(name, fact)
            self._event(leg, LegLostFromBridge(leg, bridge))

    def end_prompts(self) -> None:
        """Whatever is played comes to its end."""
        for channel in list(self.world.channels.values()):
            for announcement in list(channel.playing):
                self._finish(channel.id, announcement)

    def identify(self, leg: LegId, identity: Identity, withheld: Withheld | None = None) -> None:
        """The name and number at the other end change."""
        channel = self.world.channels.get(leg)
        if channel is not None:
            if channel.arrived is not None:
                channel.arrived = replace(channel.arrived, caller=identity, withheld=withheld)
            self._event(leg, LegIdentified(leg, identity, withheld))

    def press_hold(self, leg: LegId) -> None:
        """The phone's hold key."""
        if leg in self.world.channels:
            self.world.channels[leg].held_by_phone = True
            self._event(leg, LegHeldByPhone(leg))

    def press_retrieve(self, leg: LegId) -> None:
        """The phone's hold key again."""
        if leg in self.world.channels:
            self.world.channels[leg].held_by_phone = False
            self._event(leg, LegRetrievedByPhone(leg))

    def cannot_write(self, name: str) -> None:
        """Asterisk completes a file that nobody wants completed: no room, no right."""
        if name in self.world.tapes:
            self._event(name, self.world.complete(name))

    def press_key(self, leg: LegId, digit: str) -> None:
        """A key of the phone."""
        if leg in self.world.channels:
            self._event(leg, LegDigit(leg, digit))
            if digit == "#":
                self.end_message(leg)

    def end_message(self, leg: LegId, seconds: float = 5.0) -> None:
        """Whoever leaves a message has said what they had to say, for so long, or hangs up."""
        name = self.world.message_of(leg)
        if name is not None:
            self._event(name, self.world.complete(name, seconds))

    def talk(self, leg: LegId, talking: bool) -> None:
        """Somebody begins to speak, or has been silent for a while: reported where it is requested."""
        channel = self.world.channels.get(leg)
        if channel is not None and channel.speaking is not talking:
            channel.speaking = talking
            if channel.detecting:
                self._event(leg, LegTalking(leg, talking))

    def press_transfer(self, leg: LegId, number: str, *, replaces: bool = False, other: LegId | None = None) -> None:
        """The phone's transfer key, where it is ours: to a number, or to whom its other call talks to."""
        channel = self.world.channels.get(leg)
        if channel is not None and channel.transfer_key:
            self._event(leg, TransferRequested(leg, number, replaces, other))

    def refer(self, leg: LegId, to: str, other: LegId | None = None) -> bool:
        """The transfer key of a phone that Asterisk answers by itself: to `<number>@<context>`, or to whom the phone's
        call `other` talks to. A channel of Asterisk's own takes the place of the leg, and of `other`: reported of each
        by itself, in any order. False: refused.
        """
        if not self.world.may_refer(leg, other):
            return False
        self.world.referred += 1
        local = f"local{self.world.referred}"
        for half, replaced in enumerate((leg, other) if other is not None else (leg,), start=1):
            self.arrive(f"{local};{half}", to, "replaced", replaced, local)
            self.hang_up(replaced)
        return True

    def fail_next(
        self, matches: Callable[[AsteriskEffect], bool], reason: str = "refused", *, carried_out: bool = False
    ) -> None:
        """The next effect that matches fails; with `carried_out` it is done all the same, only the answer is lost."""
        self._failures.append(_Failure(matches, reason, carried_out))

    def lose_link(self) -> None:
        """The connection breaks: what waits is never reported, what is pending fails, phones go on."""
        self.connected = False
        self._lanes.fail_all(LOST)
        self._lanes.first(Item("link", fact=LinkLost()))

    def restore_link(self, *, leaving: bool = False) -> None:
        """The connection stands again, and what there is was reported. With `leaving`, those who hung up meanwhile are
        still listed; the end of one that had entered our application by itself was reported before, to nobody.
        """
        self.connected = True
        left, self._leaving = self._leaving if leaving else {}, {}
        channels = tuple(
            ChannelFact(
                leg=channel.id,
                up=channel.state is State.UP,
                ringing=channel.state is State.RINGING,
                in_app=True,
                arrived=channel.arrived,
            )
            for channel in self.world.channels.values()
        )
        channels += tuple(
            ChannelFact(leg, up=channel.state is State.UP, ringing=channel.state is State.RINGING, in_app=False)
            for leg, (channel, _) in left.items()
        )
        bridges = tuple(bridge for bridge in self.world.bridges if bridge.startswith(self._prefix))
        self._tell("link", AsteriskReconciled(channels, bridges))
        for leg, (channel, cause) in left.items():
            if channel.arrived is None:
                self._tell("link", LegGone(leg, cause))
        for channel in self.world.channels.values():
            if channel.state is State.UP:  # requested one by one, as it is in no list
                reported = LegHeldByPhone if channel.held_by_phone else LegRetrievedByPhone
                self._tell("link", reported(channel.id))

    def hears(self) -> set[tuple[LegId, LegId]]:
        """Pairs (a, b): a hears b."""
        return self.world.hears()

    def music(self) -> set[LegId]:
        """The legs that hear music."""
        return self.world.music()

    # -- what happens -------------------------------------------------------------------------------------------------

    def _carry_out(self, item: Item, effect: AsteriskEffect) -> None:
        self.executed.append(effect)
        failure = next((f for f in self._failures if f.matches(effect)), None)
        if failure is None:
            result = self._do(effect)
        else:
            self._failures.remove(failure)
            if failure.carried_out:
                self._do(effect)
            result = EffectFailed(effect.number, failure.reason, unknown=failure.carried_out)
        item.answer = self._lanes.tell(f"answers:{lane_of(effect)}", result)
        if isinstance(effect, DestroyBridge):
            item.answer.act = self._settle

    def _settle(self) -> None:
        """A bridge's end is over. What is requested from now on finds its legs; a move that was requested before may
        not have.
        """
        for channel in self.world.channels.values():
            channel.adrift = channel.adrift and self._lanes.moves(channel.id)

    def _do(self, effect: AsteriskEffect) -> EffectDone | EffectFailed:
        if isinstance(effect, CreateLeg) and self._behaviour(effect.destination) is Behaviour.UNREACHABLE:
            return EffectFailed(effect.number, "Allocation failed")
        if isinstance(effect, CreateLeg):
            for place in self._other_places(effect):
                self._event(effect.leg, OtherPlaceFound(effect.leg, place))
        undialled = isinstance(effect, DialLeg) and self.world.state_of(effect.leg) is State.CREATED
        result = self.world.apply(effect)
        if not isinstance(result.answer, EffectDone):
            return result.answer
        for leg, fact in result.facts:
            self._event(leg, fact)
        for leg, announcement in result.playing if self.prompts_end else ():
            self._phone(leg, partial(self._finish, leg, announcement))
        if isinstance(effect, HangUp) and (channel := self.world.channels.get(effect.leg)) is not None:
            unanswered = effect.answered_elsewhere and channel.state is not State.UP
            self.hang_up(effect.leg, 26 if unanswered else 16)
        if undialled and isinstance(effect, DialLeg):
            self._play_phone(effect.leg)
        return result.answer

    def _other_places(self, effect: CreateLeg) -> Sequence[str]:
        """Where else the phone is that is about to be rung."""
        phone = effect.destination
        if effect.auto_answer or not isinstance(phone, Phone) or phone.place is not None:
            return ()
        return self.places.get(phone.user, ())[1:] if effect.leg not in self.world.channels else ()

    def _behaviour(self, destination: Destination | None) -> Behaviour:
        if isinstance(destination, Phone) and destination not in self.behaviour:
            destination = Phone(destination.user)
        return self.behaviour.get(destination, Behaviour.ANSWER) if destination is not None else Behaviour.ANSWER

    def _play_phone(self, leg: LegId) -> None:
        behaviour = self._behaviour(self.world.channels[leg].destination)
        if behaviour in (Behaviour.ANSWER, Behaviour.DECLINE, Behaviour.NO_ANSWER, Behaviour.RING):
            self._phone(leg, partial(self.ring, leg))
        match behaviour:
            case Behaviour.ANSWER:
                self._phone(leg, partial(self.answer, leg))
            case Behaviour.DECLINE | Behaviour.REFUSE:
                self._phone(leg, partial(self.hang_up, leg, 21))
            case Behaviour.BUSY:
                self._phone(leg, partial(self.hang_up, leg, 17))
            case Behaviour.NO_ANSWER:
                self._phone(leg, partial(self.hang_up, leg, 19))
            case _:
                pass

    def _finish(self, leg: LegId, announcement: str) -> None:
        channel = self.world.channels.get(leg)
        if channel is not None and announcement in channel.playing:
            channel.playing.remove(announcement)
            self._event(leg, AnnouncementFinished(leg, announcement))

    def _event(self, leg: LegId, fact: AsteriskFact) -> None:
        if self.connected:
            self._tell(f"events:{leg}", fact)

    def _phone(self, leg: LegId, act: Callable[[], None]) -> None:
        self._lanes.add(Item(f"phone:{leg}", act=act))

    def _tell(self, lane: Lane, fact: AsteriskFact) -> None:
        self._lanes.tell(lane, fact)
