"""One step of the machine: a transaction over its state.

A step reads the state, collects replacements and effects, and is either committed whole or dropped whole: a refused
command and a broken invariant leave nothing behind. Sub-machines (offers, holds, ...) work through a Step only.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Concatenate, Literal, Unpack

from ari_app.calls import lifecycle
from ari_app.calls.changes import (
    AttemptChanges,
    CallChanges,
    LegChanges,
    MonitorChanges,
    OfferChanges,
    PartyChanges,
    PendingChanges,
    changed,
)
from ari_app.calls.effects import AsteriskEffect, Effect, HangUp, Refuse
from ari_app.calls.model import (
    ENDS_WITHIN,
    AgentId,
    Attempt,
    Call,
    CallId,
    Leg,
    LegId,
    Monitor,
    Offer,
    OfferId,
    Party,
    PartyId,
    Pending,
    Until,
)
from ari_app.calls.reads import Reads
from ari_app.calls.state import Pace, Seek, State, agents_of, legs_of
from ari_app.errors import CallControlError, Code, Refused
from ari_app.routing.directory import Directory
from ari_app.routing.hours import Override

_FOUND_BY = frozenset(("parties", "monitors", "awaits"))
_PARTY_FOUND_BY = frozenset(("leg", "also_rung", "agent", "progress"))
"""What a call is found by, by its legs and agents (`legs_of`, `agents_of`)."""


class Step:
    """Reads through to the state; keeps every change aside until it is committed."""

    def __init__(self, state: State, directory: Directory, now: float) -> None:
        self.state = state
        self.read = Reads(state.prefix, state.counter, linked=state.linked)
        self.directory = directory
        self.now = now
        self.effects: list[Effect] = []
        self.calls: dict[CallId, Call] = {}
        self.touched: dict[str, dict[CallId, None]] = {}  # by leg and by agent
        self.legs: dict[LegId, Leg | None] = {}
        self.seeks: dict[str, Seek | None] = {}
        self.pending: dict[str, Pending | None] = {}
        self.activities: dict[str, str | None] = {}
        self.in_flight: dict[int, AsteriskEffect | None] = {}
        self.paces: dict[str, Pace] = {}
        self.dialled_outside: dict[AgentId, tuple[float, ...]] = {}
        self.unreachable: dict[str, bool | None] = {}
        self.gone_home: dict[AgentId, bool | None] = {}
        self.overrides: dict[str, Override | None] = {}
        self.messages: dict[str, int | None] = {}
        self.counter = state.counter
        self.linked = state.linked
        self.tells_all_agents = False
        self.key_is_read = False  # the key just pressed is part of a feature code, or of a number after one
        self.key_stands_for: str | None = None  # what the story has in its place, where it means something otherwise
        self.causes: set[str] = set()
        self.announcements: list[tuple[LegId, str, str, str]] = []
        self.to_all: list[tuple[CallId, str]] = []

    # -- reading ------------------------------------------------------------------------------------------------------

    def find_call(self, call_id: CallId | None) -> Call | None:
        if call_id is None:
            return None
        found = self.calls.get(call_id) or self.read.one("calls", self.state.calls, call_id)
        return found if found is not None and not found.ended else None

    def call(self, call_id: CallId) -> Call:
        """The call; one that is over is refused as not found."""
        found = self.find_call(call_id)
        if found is None:
            raise Refused(Code.NOT_FOUND, "there is no such call")
        return found

    def offer(self, call_id: CallId) -> Offer:
        """The call's offer, where it must have one."""
        offer = self.call(call_id).offer
        if offer is None:
            raise AssertionError("an offer that is not there")
        return offer

    def leg(self, leg_id: LegId | None) -> Leg | None:
        if leg_id is None:
            return None
        return self.legs[leg_id] if leg_id in self.legs else self.read.one("legs", self.state.legs, leg_id)

    def all_in_flight(self) -> tuple[int, ...]:
        """The numbers of the effects on Asterisk that have not ended."""
        return self.read.all("in_flight", self.state.in_flight)

    def before(self, call_id: CallId) -> Call | None:
        """The call as it was before this step."""
        return self.read.one("calls", self.state.calls, call_id)

    def leg_before(self, leg_id: LegId) -> Leg | None:
        """The leg as it was before this step."""
        return self.read.one("legs", self.state.legs, leg_id)

    def legs_before(self) -> list[Leg]:
        """All legs as they were before this step."""
        found = (self.read.one("legs", self.state.legs, leg_id) for leg_id in self.read.all("legs", self.state.legs))
        return [leg for leg in found if leg is not None]

    def activity_before(self, agent: str) -> str | None:
        """What was last reported to availability of what calls make of this agent."""
        return self.read.one("activities", self.state.activities, agent)

    def in_flight_before(self, number: int) -> AsteriskEffect | None:
        """The effect on Asterisk with this number, as long as it has not ended."""
        return self.read.one("in_flight", self.state.in_flight, number)

    def live_calls(self) -> Iterator[Call]:
        """Every call that is not over, as this step leaves it."""
        return self._those("calls", self.state.calls)

    def unreached_calls(self) -> Iterator[Call]:
        """Every call for which somebody is sought, rung, or to be called back, and those that this step has touched."""
        return self._those("unreached", self.state.unreached)

    def recorded_calls(self) -> Iterator[Call]:
        """Every call that has to do with a file, and those that this step has touched."""
        return self._those("recorded", self.state.recorded)

    def _those(self, table: str, kept: Iterable[CallId]) -> Iterator[Call]:
        for call_id in dict.fromkeys([*self.read.all(table, kept), *self.calls]):
            call = self.find_call(call_id)
            if call is not None:
                yield call

    def versions(self) -> Iterator[Call]:
        """The calls that this step has touched, as they were before and as they are now."""
        for call_id, call in self.calls.items():
            if (before := self.before(call_id)) is not None:
                yield before
            yield call

    def calls_of(self, agent: str) -> list[Call]:
        """The calls that the agent is in or is rung for."""
        return [c for c in self._candidates("calls_of_agent", agent) if c.party_of(agent) is not None]

    def _candidates(self, index: Literal["calls_of_agent", "calls_of_leg"], key: str) -> Iterator[Call]:
        """Calls that the state's index has under this key, and those that this step has touched."""
        kept: Mapping[CallId, None] = getattr(self.state, index).get(key, {})
        for call_id in dict.fromkeys([*self.read.all(index, kept, key), *self.touched.get(key, ())]):
            call = self.find_call(call_id)
            if call is not None:
                yield call

    @staticmethod
    def mine(call: Call, agent: AgentId | None) -> Party:
        """The agent's own party; who has none is refused."""
        party = call.party_of(agent) if agent is not None else None
        if party is None:
            raise Refused(Code.NOT_ALLOWED_NOW, "you are not in this call")
        return party

    def party_by_leg(self, leg_id: LegId) -> Iterator[tuple[Call, Party]]:
        """Each (call, party) that speaks through this leg: several for an agent with several calls."""
        for call in self._candidates("calls_of_leg", leg_id):
            for party in call.parties.values():
                if leg_id in party.legs:
                    yield call, party

    def awaiting(self, tie: str) -> Call | None:
        """The call that awaits the tie of this name, which was not used yet."""
        return next(
            (c for c in self._candidates("calls_of_leg", tie) if c.awaits is not None and c.awaits.tie == tie), None
        )

    def monitors_by_leg(self, leg_id: LegId) -> Iterator[tuple[Call, Monitor]]:
        """The (call, monitor) whose phone or snoop this leg is."""
        for call in self._candidates("calls_of_leg", leg_id):
            for monitor in call.monitors.values():
                if leg_id == monitor.leg or (monitor.snoop is not None and leg_id == monitor.snoop.leg):
                    yield call, monitor

    def monitored_by(self, agent: str) -> Call | None:
        """The call that this supervisor listens to, or is rung for."""
        return next((c for c in self._candidates("calls_of_agent", agent) if agent in c.monitors), None)

    def legs_of(self, agent: str) -> list[Leg]:
        """All legs of theirs that are not known to be over, also those that are on their way out."""
        known = [*self.read.all("legs_of_agent", self.state.legs_of_agent.get(agent, ()), agent), *self.legs]
        legs = [leg for leg_id in dict.fromkeys(known) if (leg := self.leg(leg_id)) is not None]
        return [leg for leg in legs if leg.agent == agent]

    def engaged(self, agent: str) -> bool:
        """Whether any call has them, as a party or as its supervisor, or their phone has not let go of one yet: then
        they are not rung for another."""
        return bool(self.calls_of(agent)) or self.monitored_by(agent) is not None or bool(self.legs_of(agent))

    def awaited(self, request: str) -> Seek | None:
        """The reservation requested under this name, as long as it has not been answered."""
        return self.seeks[request] if request in self.seeks else self.read.one("seeks", self.state.seeks, request)

    def all_awaited(self) -> tuple[str, ...]:
        """The reservations that were requested and have not been answered."""
        known = dict.fromkeys([*self.read.all("seeks", self.state.seeks), *self.seeks])
        return tuple(request for request in known if self.awaited(request) is not None)

    def pace_of(self, target: str) -> Pace | None:
        """How fast the queue for `target` moves."""
        return self.paces.get(target) or self.read.one("paces", self.state.paces, target)

    def override_of(self, target: str) -> Override | None:
        """What somebody has chosen for this target, open or closed."""
        if target in self.overrides:
            return self.overrides[target]
        return self.read.one("overrides", self.state.overrides, target)

    def messages_kept(self, where: str) -> int:
        """How many messages there are, as `model.voicemail.counted` says where."""
        return self.read.one("messages", self.state.messages, where) or 0

    def outside_now(self, agent: AgentId) -> int:
        """How many calls to numbers outside go on that this agent dialled; EVERYBODY: that any agent did."""
        return len(self.read.all("legs_outside", self.state.legs_outside.get(agent, ()), agent))

    def outside_lately(self, agent: AgentId) -> tuple[float, ...]:
        """When they dialled such numbers in the last minute."""
        noted = self.dialled_outside.get(agent)
        times = noted or self.read.one("dialled_outside", self.state.dialled_outside, agent) or ()
        return tuple(at for at in times if at > self.now - 60.0)

    def can_reach(self, phone: str) -> bool:
        """Whether this phone, by its SIP user, can be rung, as far as is known."""
        if phone in self.unreachable:
            return not self.unreachable[phone]
        return not self.read.one("unreachable", self.state.unreachable, phone)

    def has_gone_home(self, agent: AgentId) -> bool:
        """Whether the agent is logged out, as far as is known, or in the administrator's file no longer."""
        if agent not in self.directory.agents:
            return True
        if agent in self.gone_home:
            return bool(self.gone_home[agent])
        return bool(self.read.one("gone_home", self.state.gone_home, agent))

    def require_phone(self, phone: str) -> None:
        """An agent's own phone must be there for what they ask. Raises Refused `phone_unreachable`."""
        if not self.can_reach(phone):
            raise Refused(
                Code.PHONE_UNREACHABLE, "your phone is registered nowhere, or does not answer; start it first"
            )

    # -- changing -----------------------------------------------------------------------------------------------------

    def new_id(self, kind: str) -> str:
        """An id never used before: a later incarnation of the controller has another prefix."""
        self.counter += 1
        return f"{self.state.prefix}-{kind}{self.counter}"

    def add_call(self, call: Call) -> Call:
        """A new call."""
        return self._keep(call)

    def touch(self, call_id: CallId) -> Call:
        """Have what follows from the call derived anew, though nothing of it has changed."""
        return self._keep(self._current(call_id))

    def put_call(self, call_id: CallId, **changes: Unpack[CallChanges]) -> Call:
        call = changed(self._current(call_id), changes)
        return self._keep(call) if not _FOUND_BY.isdisjoint(changes) else self._keep_as_found(call)

    def _current(self, call_id: CallId) -> Call:
        """The call, also one that this very step has ended: its end is written bit by bit."""
        return self.calls.get(call_id) or self.call(call_id)

    def _keep_as_found(self, call: Call) -> Call:
        """It is found by the legs and agents by which it was."""
        self.calls[call.id] = call
        return call

    def _keep(self, call: Call) -> Call:
        self.calls[call.id] = call
        for key in (*legs_of(call), *agents_of(call)):
            self.touched.setdefault(key, {})[call.id] = None
        return call

    def put_party(self, call_id: CallId, party_id: PartyId, **changes: Unpack[PartyChanges]) -> Call:
        call = self.call(call_id)
        party = changed(call.parties[party_id], changes)
        made = changed(call, CallChanges(parties={**call.parties, party_id: party}))
        return self._keep(made) if not _PARTY_FOUND_BY.isdisjoint(changes) else self._keep_as_found(made)

    def add_party(self, call_id: CallId, party: Party) -> Call:
        call = self.call(call_id)
        order = 1 + max((p.order for p in call.parties.values()), default=0)
        added = {**call.parties, party.id: changed(party, PartyChanges(order=order))}
        return self.put_call(call_id, parties=added)

    def drop_party(self, call_id: CallId, party_id: PartyId) -> Call:
        call = self.call(call_id)
        kept = {key: p for key, p in call.parties.items() if key != party_id}
        return self.put_call(call_id, parties=kept)

    def put_monitor(self, call_id: CallId, agent: AgentId, **changes: Unpack[MonitorChanges]) -> Monitor:
        call = self.call(call_id)
        monitor = changed(call.monitors[agent], changes)
        self.put_call(call_id, monitors={**call.monitors, agent: monitor})
        return monitor

    def put_offer(self, call_id: CallId, **changes: Unpack[OfferChanges]) -> Offer:
        before = self.offer(call_id)
        offer = changed(before, changes)
        lifecycle.check(before.state, offer.state)
        self.put_call(call_id, offer=offer)
        return offer

    def put_attempt(self, call_id: CallId, leg_id: LegId, **changes: Unpack[AttemptChanges]) -> None:
        offer = self.call(call_id).offer
        if offer is not None:
            attempts = tuple(changed(a, changes) if a.leg == leg_id else a for a in offer.attempts)
            self.put_offer(call_id, attempts=attempts)

    def add_leg(self, leg: Leg) -> Leg:
        """A new leg."""
        self.legs[leg.id] = leg
        return leg

    def put_leg(self, leg_id: LegId, **changes: Unpack[LegChanges]) -> Leg:
        leg = self.leg(leg_id)
        if leg is None:
            raise AssertionError("a change to a leg that is not there")
        return self.add_leg(changed(leg, changes))

    def drop_leg(self, leg_id: LegId) -> None:
        self.legs[leg_id] = None

    def results(self) -> dict[tuple[str, Hashable], object]:
        """The calls and legs as this step leaves them, by table of the state and key; None: gone."""
        results: dict[tuple[str, Hashable], object] = {("legs", key): leg for key, leg in self.legs.items()}
        return results | {("calls", key): None if call.ended else call for key, call in self.calls.items()}

    # -- effects ------------------------------------------------------------------------------------------------------

    def emit(self, effect: Effect) -> None:
        self.effects.append(effect)

    def ask[**P](self, kind: Callable[Concatenate[int, P], AsteriskEffect], *args: P.args, **kwargs: P.kwargs) -> None:
        """Emit an effect on Asterisk under a fresh number, awaited by the commands that this step serves."""
        if not self.linked:
            return  # reconciliation asks anew for all that is still wanted
        self.counter += 1
        number = self.counter
        effect = kind(number, *args, **kwargs)
        self.effects.append(effect)
        self.in_flight[number] = effect
        for command in self.causes:
            pending = self.find_pending(command)
            if pending is not None:
                self._put_pending(pending, effects=pending.effects | {number})

    def hang_up(self, leg: Leg) -> None:
        """End a leg once."""
        if not leg.hanging_up:
            self.give_up(leg.id)
            self.ask(HangUp, leg.id)

    def give_up(self, leg_id: LegId) -> None:
        """Take a leg for one that is on its way out: it speaks in no call any more."""
        self.put_leg(leg_id, hanging_up=True, focus=None, ends_by=self.now + ENDS_WITHIN)

    # -- commands under way -------------------------------------------------------------------------------------------

    def answer_with(self, command: str, call: CallId) -> None:
        """The command is answered with another call than the one it was given on."""
        pending = self.find_pending(command)
        if pending is not None:
            self._put_pending(pending, call=call)

    def find_pending(self, command: str) -> Pending | None:
        if command in self.pending:
            return self.pending[command]
        return self.read.one("pending", self.state.pending, command)

    def await_effects(
        self,
        command: str,
        call: CallId,
        *,
        until: Until = "done",
        offer: OfferId | None = None,
        party: PartyId | None = None,
        agent: AgentId | None = None,
    ) -> None:
        """From here on, what this step asks of Asterisk must be done before `command` is answered: see Pending."""
        self.pending[command] = Pending(command, call, frozenset(), until, offer, party, agent)
        self.causes.add(command)

    def forget_effect(self, command: str, effect: int) -> None:
        """The command waits for this effect no longer."""
        pending = self.find_pending(command)
        if pending is not None:
            self._put_pending(pending, effects=pending.effects - {effect})

    def forget_effects(self, pending: Pending) -> None:
        """The command waits for none of its effects any longer."""
        self._put_pending(pending, effects=frozenset())

    def _put_pending(self, pending: Pending, **changes: Unpack[PendingChanges]) -> None:
        self.pending[pending.command] = changed(pending, changes)

    def refuse(self, command: str, error: CallControlError) -> None:
        """The command under way will not come to its end; nothing, where that has been answered already."""
        if self.find_pending(command) is None:
            return
        self.pending[command] = None
        self.effects.append(Refuse(command, error))

    def all_pending(self) -> list[Pending]:
        names = dict.fromkeys([*self.read.all("pending", self.state.pending), *self.pending])
        return [p for name in names if (p := self.find_pending(name)) is not None]


def attempt_of(offer: Offer | None, leg_id: LegId) -> Attempt | None:
    """The attempt that rings through this leg, while the offer goes on."""
    if offer is None or not offer.going_on:
        return None
    return next((a for a in offer.attempts if a.leg == leg_id), None)
