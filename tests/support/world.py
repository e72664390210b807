"""The machine with all that it drives in memory, and without time: what the pure tests play with.

`World` feeds a Switch from FakeAsterisk and from a small availability; tests decide what is delivered when.
"""

import copy
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.discretion import of_call
from ari_app.calls.model import Alarm, Call, CallId, Identity, MessageToHear, Phone
from ari_app.calls.switch import Switch
from ari_app.calls.views import CallView, view
from ari_app.errors import CallControlError
from ari_app.routing.directory import Directory, Role
from ari_app.routing.hours import Chosen, Override
from ari_app.routing.targets import Target
from ari_app.testing.asterisk import Behaviour, FakeAsterisk
from tests.support import account, astray, callbacks, discretion, earshot, hearers, messages, steps, wellformed
from tests.support.agents import Agents
from tests.support.callcentre import directory as small_directory
from tests.support.callcentre import target
from tests.support.records import Recorded

CALLER = Identity("Zoé Caller", "+33612345678")
ANONYMOUS = Identity(anonymous=True)


@dataclass(frozen=True)
class Written:
    """What the store has of calls, of legs, of calls that are over, and what is recorded."""

    calls: dict[str, bytes]
    legs: dict[str, bytes]
    over: dict[str, bytes]
    recorded: Recorded


class World:
    """One call centre under test. Nothing happens until it is made to: `settle()` lets all happen that can."""

    withholding = False
    """Whether callers who arrive from now on withhold who they are."""

    def __init__(self, directory: Directory | None = None, ready: Sequence[str] = ("alice", "bob", "carol", "dave")):
        self.directory = directory or small_directory()
        self.everybody = dict(self.directory.agents)  # also who is listed no longer
        self.asterisk = FakeAsterisk("cc-")
        self.agents = Agents(self.directory, list(ready))
        self.incarnations = 0
        self.now = 1_000_000.0
        self.inbox: deque[s.Stimulus] = deque()
        self.replies: dict[str, Call | None] = {}
        self.refusals: dict[str, CallControlError] = {}
        self.requested: set[str] = set()
        self.alarms: list[str] = []
        self.talks = 0
        self.chosen: list[tuple[str, str]] = []
        self.held_too_long: list[str] = []
        self.abandoned: list[str] = []
        self.failed: list[e.OperationFailed] = []
        self.unplugged: set[str] = set()
        self.gone_home: set[str] = set()
        self.turned_away: list[e.ArrivalRefused] = []
        self.emergencies: list[e.EmergencyDialled] = []
        self.refused_messages: list[e.MessageRefused] = []
        self.refusing: Counter[str] = Counter()  # agent -> how often in a row their phone refused before it rang
        self.declined: dict[tuple[CallId, str], float] = {}  # who declined that caller -> until when they have rest
        self.among: dict[str, set[str]] = {}  # announcement -> the legs that its own could talk to when it began
        self.overrides: dict[str, Override] = {}
        self.noticed: list[str] = []
        self.retrieves: dict[str, str] = {}  # command -> who wants their call back
        self.saved_calls: dict[str, bytes] = {}
        self.saved_legs: dict[str, bytes] = {}
        self.saved_over: dict[str, bytes] = {}
        self.commands: dict[str, c.Command] = {}
        self.carried_out: set[str] = set()  # as far as the last controller that died has written it
        self.recorded = Recorded()
        self.written = self.kept()
        self.effects: list[e.Effect] = []
        self.numbers = 0
        self.named = astray.Named()
        self.promises = callbacks.Promises()
        self.messages = messages.Messages()
        self.wanted_boxes: list[tuple[str, ...]] = []
        self.outcomes_missing: set[str] = set()
        self.in_boxes: tuple[MessageToHear, ...] | None = ()  # None: the store is away
        self.lost: list[str] = []
        self.switch = self._new_switch()
        self.asterisk.restore_link()
        self.settle()

    def _new_switch(self) -> Switch:
        self.incarnations += 1
        return Switch(self.directory, f"cc-{self.incarnations}")

    # -- turning it ---------------------------------------------------------------------------------------------------

    def feed(self, stimulus: s.Stimulus) -> list[e.Effect]:
        self.written = self.kept()
        steps.note_refusal(self, stimulus)
        new = isinstance(stimulus, s.ChannelArrived) and stimulus.leg not in self.switch.legs
        self.named.note(self, stimulus)
        also = stimulus if isinstance(stimulus, s.OtherPlaceFound) and steps.may_ring(self, stimulus) else None
        effects = self.switch.handle(stimulus, self.now)
        self.noticed += steps.not_rung(also, effects) if also is not None else []
        discretion.check(self, stimulus, effects)
        self.effects = effects
        self.lost += astray.strayed(self, stimulus, effects)
        self.noticed += self.promises.note(self, effects)
        self.noticed += self.messages.note(self, effects) + hearers.note(effects)
        for effect in effects:
            self._do(effect)
        if isinstance(stimulus, s.ChannelArrived) and new:
            steps.is_served_or_reported_of(self, stimulus, effects)
        return effects

    def _do(self, effect: e.Effect) -> None:  # noqa: C901, PLR0912 - a flat table
        wellformed.check(effect)
        steps.note_effect(self, effect)
        match effect:
            case e.OnAgents():
                self.inbox.extend(self.agents.do(effect))
            case e.Reply() | e.Refuse():
                self._answered(effect)
            case e.ReportFault(call, what):
                self.alarms.append(f"{call}: {what}")
            case e.CallChanged(before, call):
                self.noticed += steps.outlived(before, call) + steps.rung_out_of_turn(self, before, call)
                self.recorded.changed(effect)
                if call.ended:
                    self.saved_calls.pop(call.id, None)
                    self.saved_over[call.id] = wellformed.written(wellformed.CALL, of_call(call))
                else:
                    self.saved_calls[call.id] = wellformed.written(wellformed.CALL, call)
            case e.TalkChanged(call):
                self.talks += 1
            case e.LegChanged(leg_id, leg):
                if leg is None:
                    self.saved_legs.pop(leg_id, None)
                else:
                    self.saved_legs[leg_id] = wellformed.written(wellformed.LEG, leg)
            case e.CallAlarm(call, alarm):
                (self.held_too_long if alarm is Alarm.HELD_TOO_LONG else self.abandoned).append(call.id)
            case e.CallerIdChosen(agent, caller_id):
                self.chosen.append((agent, caller_id))
            case e.ListMessages(call, boxes):
                self.wanted_boxes.append(boxes)
                self.inbox.append(s.MessagesListed(call, self.in_boxes))
            case e.CheckOutcome(leg, agent, feature):
                self.inbox.append(s.OutcomeChecked(leg, agent, feature, missing=agent in self.outcomes_missing))
            case e.OpeningChosen(target, chosen, agent):
                self.chooses(target, chosen, agent)
            case e.OperationFailed():
                self.failed.append(effect)
            case e.ArrivalRefused():
                self.turned_away.append(effect)
            case e.MessageRefused():
                self.refused_messages.append(effect)
            case e.EmergencyDialled():
                self.emergencies.append(effect)
            case e.OnAsterisk():
                if isinstance(effect, e.Announce):
                    self.among[effect.announcement] = earshot.company(self, effect.leg)
                self.asterisk.execute(effect)
            case _:
                assert_never(effect)

    def _answered(self, effect: e.Reply | e.Refuse) -> None:
        assert effect.command not in self.replies, "answered twice"
        assert effect.command not in self.refusals, "answered twice"
        if isinstance(effect, e.Refuse):
            self.refusals[effect.command] = effect.error
        else:
            self.replies[effect.command] = effect.call
            if not self.switch.state.linked:
                self.noticed.append(f"{effect.command} is answered while nobody knows what Asterisk did")
            self.noticed += steps.not_retrieved(effect.call, self.retrieves.pop(effect.command, None))

    def step(self, lane: str | None = None) -> bool:
        """Let one thing happen; False: nothing more happens by itself."""
        if self.inbox and lane is None:
            self.feed(self.inbox.popleft())
            return True
        begun = len(self.asterisk.executed)
        fact = self.asterisk.deliver_next(lane)
        if any(isinstance(effect, e.StartRecorder) for effect in self.asterisk.executed[begun:]):
            self.written = self.kept()  # it waits for that
        if fact is not None:
            self.feed(fact)
        return fact is not None

    def settle(self) -> None:
        """Let everything happen that happens by itself."""
        for _ in range(5_000):
            if not self.step():
                return
        raise AssertionError("it never comes to rest")

    def pass_time(self, seconds: float | None = None) -> None:
        """To the next deadline, or so many seconds on."""
        at = self.switch.next_deadline()
        if seconds is None:
            self.now = max(self.now, at) if at is not None else self.now + 1.0
        else:
            self.now += seconds
        for _ in range(5):
            self.feed(s.TimePassed())
            at = self.switch.next_deadline()
            if at is None or at > self.now:
                return
        raise AssertionError("what was due is due for ever")

    def configure(self, directory: Directory) -> None:
        """The administrator's file is read again."""
        before, self.directory = self.directory.agents.keys(), directory
        self.everybody |= directory.agents
        self.agents.configure(directory)
        self.feed(s.DirectoryReplaced(directory))
        for agent in sorted(before - directory.agents.keys()):
            self.feed(s.AgentUnlisted(agent))
        if directory.agents.keys() - before:
            self.feed(s.AvailabilityEmptied())

    def kept(self) -> Written:
        """All that the store has now."""
        return Written(
            dict(self.saved_calls), dict(self.saved_legs), dict(self.saved_over), copy.deepcopy(self.recorded)
        )

    def has_kept(self, written: Written) -> None:
        """The store has that, and no more."""
        self.saved_calls, self.saved_legs = dict(written.calls), dict(written.legs)
        self.saved_over, self.recorded = dict(written.over), copy.deepcopy(written.recorded)

    def lose_link(self) -> None:
        """The connection breaks; the machine knows before anything that happens later."""
        self.asterisk.lose_link()
        while "link" in self.asterisk.pending():
            self.step("link")

    def restart(self, *, behind: bool = False) -> None:
        """The controller dies and starts anew from what was kept; `behind`: before its last step was written."""
        self.carried_out = {*self.switch.state.pending, *self.replies}
        if behind:
            self.commands.clear()
            self.has_kept(self.written)
        self.recorded.restored()
        if self.asterisk.connected:
            self.asterisk.lose_link()
        while self.asterisk.deliver_next() is not None:
            pass
        self.inbox.clear()
        self.switch = self._new_switch()
        calls = [wellformed.CALL.validate_json(v) for v in self.saved_calls.values()]
        legs = [wellformed.LEG.validate_json(v) for v in self.saved_legs.values()]
        over = [wellformed.CALL.validate_json(v) for v in self.saved_over.values()]
        self.switch.restore([*calls, *over], legs)
        self.promises.restarted(self, behind=behind)
        self.messages.restarted(self)
        for agent in sorted(self.unplugged):
            self.plug(agent, there=False)  # reported at each connection
        self.inbox.append(s.OpeningsReplaced(self.overrides))
        self.inbox.extend(s.AgentLoggedOut(agent) for agent in sorted(self.gone_home))  # reported at each start
        self.requested = {x for x in self.requested if x in self.replies or x in self.refusals}
        self.asterisk.restore_link()

    def chooses(self, target: str, chosen: Chosen, by: str = "erin", until: float | None = None) -> None:
        """Somebody opens or closes it: every leader sees that a moment later."""
        self.overrides = {**self.overrides, target: Override(chosen, by, self.now, until)}
        self.inbox.append(s.OpeningsReplaced(self.overrides))

    # -- what people do -----------------------------------------------------------------------------------------------

    def command(self, kind: type[c.BaseCommand], by: str, **fields: object) -> str:
        """Ask for something; returns the command's id."""
        self.numbers += 1
        name = f"k{self.numbers}"
        self.requested.add(name)
        if kind is c.Retrieve:
            self.retrieves[name] = by
        self.commands[name] = kind(id=name, by=by, **fields)  # type: ignore[arg-type,assignment]
        self.feed(self.commands[name])
        return name

    def ask(self, kind: type[c.BaseCommand], by: str, **fields: object) -> CallView:
        """Ask for something, let it happen, and see it done."""
        name = self.command(kind, by, **fields)
        self.settle()
        if name in self.refusals:
            raise self.refusals[name]
        assert name in self.replies, "not answered"
        call = self.replies[name]
        assert call is not None
        return self.shown(self.switch.calls.get(call.id, call), by)

    def refused(self, kind: type[c.BaseCommand], by: str, **fields: object) -> str:
        """Ask for something that is refused; returns the code."""
        name = self.command(kind, by, **fields)
        self.settle()
        assert name in self.refusals, f"not refused but {self.replies.get(name)}"
        return self.refusals[name].code.value

    def arrives(self, verb: str = "group", *args: str, leg: str | None = None, endpoint: str = "carrier") -> str:
        """A caller comes out of the dialplan; returns their leg."""
        self.numbers += 1
        name = leg or f"in{self.numbers}"
        caller, withheld = (ANONYMOUS, discretion.SECRET) if self.withholding else (CALLER, None)
        self.asterisk.arrive(name, endpoint, verb, *(args or ("support",)), caller=caller, withheld=withheld)
        return name

    def passed_on(self, leg: str, *, withheld: bool = False) -> None:
        """Whoever is at this leg has handed their phone to somebody else, who may withhold who they are."""
        identity, secret = (
            (ANONYMOUS, discretion.SECRET) if withheld else (Identity("Somebody Else", "+33600000002"), None)
        )
        self.asterisk.identify(leg, identity, secret)

    def phone(self, agent: str, behaviour: Behaviour) -> None:
        """What the agent's phone does from now on."""
        phone = self.everybody[agent].phone
        assert phone is not None
        self.asterisk.behaviour[Phone(phone)] = behaviour

    def plug(self, agent: str, *, there: bool) -> None:
        """The agent's phone is registered again, or no longer."""
        self.unplugged = self.unplugged - {agent} if there else self.unplugged | {agent}
        self.phone(agent, Behaviour.ANSWER if there else Behaviour.UNREACHABLE)
        self.inbox.append(s.PhoneReachable(self.everybody[agent].phone or "", there))

    def goes_home(self, agent: str) -> None:
        """The agent logs out."""
        self.gone_home.add(agent)
        self.feed(s.AgentLoggedOut(agent))

    def is_back(self, agent: str) -> None:
        """The agent logs in again."""
        self.gone_home.discard(agent)
        self.feed(s.AgentLoggedIn(agent))

    # -- what is to be seen -------------------------------------------------------------------------------------------

    def only_call(self) -> Call:
        (call,) = self.switch.calls.values()
        return call

    def seen(self, agent: str, call: CallId | None = None) -> CallView:
        """The call as the agent sees it."""
        found = self.switch.calls[call] if call else self.only_call()
        return self.shown(found, agent)

    def shown(self, call: Call, agent: str) -> CallView:
        """The call as the agent sees it, in the role that the directory gives them."""
        listed = self.directory.agents.get(agent)
        role = listed.role if listed is not None else Role.SUPERVISOR
        return view(call, agent, self.directory, role, engaged=self.engaged(agent, call))

    def engaged(self, agent: str, call: Call) -> bool:
        """Whether another call has them."""
        return any(
            other.id != call.id and (other.party_of(agent) is not None or agent in other.monitors)
            for other in self.switch.calls.values()
        )

    def leg_of(self, agent: str, call: CallId | None = None) -> str:
        """The leg of the agent's party."""
        found = self.switch.calls[call] if call else next(c for c in self.switch.calls.values() if c.party_of(agent))
        party = found.party_of(agent)
        assert party is not None
        assert party.leg is not None
        return party.leg

    def hears(self) -> set[tuple[str, str]]:
        """Who hears whom, agents by name, others by leg."""
        return {(self._name(a), self._name(b)) for a, b in self.asterisk.hears()}

    def music(self) -> set[str]:
        """Who hears music, agents by name, others by leg."""
        return {self._name(leg) for leg in self.asterisk.music()}

    def _name(self, leg_id: str) -> str:
        leg = self.switch.legs.get(leg_id)
        return leg.agent if leg is not None and leg.agent is not None else leg_id

    def wrong(self) -> list[str]:
        """What should not be, now that everything has happened that could."""
        return (
            account.wrong(self)
            + discretion.kept(self)
            + self.recorded.wrong
            + callbacks.wrong(self)
            + messages.wrong(self)
            + hearers.wrong(self)
        )


def to(text: str) -> Target:
    """A target."""
    return target(text)
