"""The machine: `handle(stimulus, now) -> effects`. One instance for one Asterisk, fed from one queue.

The main flow, whole: a stimulus opens a step; one function of a sub-machine changes parties, offers and legs in it;
what that means for media and for agents is derived; invariants are checked; the step is committed and its effects are
returned.

`handlers` have a file for each source of stimuli; `features` say what changes in a call, `derived` what follows.

It knows no clock, randomness, I/O or logging. A refused command leaves nothing but an entry in the call's story; a
broken invariant releases that call alone.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence

from ari_app.calls import commands, discretion, invariants
from ari_app.calls import stimuli as s
from ari_app.calls.derived import (
    activities,
    announcing,
    concerned,
    displays,
    endings,
    media,
    repeats,
    talking,
    times,
    tones,
    transfer_progress,
)
from ari_app.calls.effects import (
    CallChanged,
    Effect,
    LegChanged,
    Refuse,
    Reply,
    ReportFault,
    TalkChanged,
)
from ari_app.calls.features import (
    alerting,
    answers,
    attempts,
    callbacks,
    holding,
    listening,
    merging,
    monitoring,
    opening,
    parties,
    recalls,
    recording,
    ties,
    voicemail,
    waiting,
)
from ari_app.calls.handlers import (
    arrivals,
    configured,
    deadlines,
    failures,
    feature_codes,
    legs,
    reconcile,
    reservations,
    transfer_key,
    ways_out,
)
from ari_app.calls.handlers import commands as handlers
from ari_app.calls.handlers import listening as hearers
from ari_app.calls.handlers import voicemail as messages
from ari_app.calls.model import Call, CallId, Leg, LegId
from ari_app.calls.state import Deadlines, State, is_recorded, is_unreached
from ari_app.calls.step import Step
from ari_app.calls.story import Before, Stories
from ari_app.errors import CallControlError, Code
from ari_app.routing.directory import Directory

# What follows from every step, in this order; each is a function of the calls that the step has touched.
_DERIVED: tuple[Callable[[Step], None], ...] = (
    ties.settle,  # a tie that is dialled for nobody any more is over: nothing below goes on with it
    recalls.settle,  # who has logged out is waited for no longer: all below goes without them
    callbacks.settle,  # who is to be called back is sought, dialled, or rests
    ways_out.settle,  # a number keyed in by who waits ends with the waiting
    parties.settle,  # mutes end with the last who has seen them
    feature_codes.settle,  # a number dialled by keys ends with the call it was dialled in: that may take a hold off
    holding.settle,  # who is on hold, and since when: all that follows looks at it
    listening.settle,  # what an agent who hears messages hears next: a prompt
    monitoring.settle,  # supervisors' legs and snoops come and go with those whom they listen to
    voicemail.greet,  # who has come to a box: a prompt, in place of music
    announcing.give_way,  # a prompt ends for people, before their media are requested
    media.settle,  # bridges, mutes, music
    talking.settle,  # who is listened to, by the media just requested
    displays.settle,  # who is shown to whom
    recording.settle,  # the file of a bridge, which media may just have made
    voicemail.settle,  # what they say is recorded, once their music has ended
    tones.settle,  # that somebody joined or left: prompts, which are requested next
    announcing.settle,  # after the music that prompts replace: stopping that would stop them too
    transfer_progress.settle,  # a phone is notified of its transfer when all of that is on its way
    activities.settle,  # agents are rung, talking or free
    times.settle,  # since when: after holds, and whatever changes an offer
    merging.settle,  # which calls could become one: looks at all that is above
    repeats.settle,  # which commands are being carried out now: not those that were refused above
)
# What is derived also where no call was touched: of legs, of commands under way, of what was said. All others look at
# calls alone, and half of all steps touch none.
_WITHOUT_CALLS = tuple(x for x in _DERIVED if x in {announcing.settle, activities.settle, repeats.settle})
_ANSWERS = s.AgentReserved | s.NobodyAvailable | s.ReservationFailed  # to what was requested of availability
_KEPT = 256  # calls that are over, for commands whose last effects are still under way


def can_be_rung(state: State, directory: Directory, agent: str) -> bool:
    """Whether the agent's calls there leave room for another one to be offered to them."""
    return parties.can_be_rung(Step(state, directory, 0.0), agent)


class Switch:
    """All calls of one Asterisk.

    `prefix` must never have been used before with this Asterisk: ids of channels and bridges start with it.
    """

    def __init__(self, directory: Directory, prefix: str) -> None:
        self.directory = directory
        self.state = State(prefix)
        self.stories = Stories()
        self._deadlines = Deadlines()
        self._over: OrderedDict[CallId, Call] = OrderedDict()

    # -- reading ------------------------------------------------------------------------------------------------------

    @property
    def calls(self) -> dict[CallId, Call]:
        """The calls that are not over."""
        return self.state.calls

    @property
    def legs(self) -> dict[LegId, Leg]:
        return self.state.legs

    def can_be_rung(self, agent: str) -> bool:
        """Whether their calls leave room for another one to be offered to them."""
        return can_be_rung(self.state, self.directory, agent)

    def next_deadline(self) -> float | None:
        """When the machine next wants `TimePassed`, in seconds since the epoch. Never while Asterisk is away."""
        if not self.state.linked:
            return None
        return self._deadlines.next()

    def restore(self, calls: Sequence[Call], legs_: Sequence[Leg], counter: int = 0) -> None:
        """Take over what an earlier incarnation of the controller left; AsteriskReconciled must follow."""
        for call in calls:
            self.state.keep(call)
            if call.ended:
                self._over[call.id] = call
        for leg in legs_:
            self.state.keep_leg(leg.id, leg)
            self._note_leg_deadline(leg.id, leg)
        self.state.counter = max(self.state.counter, counter)
        for call in self.state.calls.values():
            self._note_deadline(call)

    def stand_before(self, before: Before) -> None:
        """Have what a step of a story found, in place of what is here."""
        state = self.state
        self.directory = before.directory
        state.counter, state.linked = before.counter, before.linked
        for (table, key), value in before.values.items():
            _merge(getattr(state, table), {key: value})
        for (table, key), keys in before.lists.items():
            match table:
                case "calls_of_agent" | "calls_of_leg" | "legs_of_agent" | "legs_outside":
                    getattr(state, table)[key] = dict.fromkeys(map(str, keys))
                case "unreached" | "recorded":
                    setattr(state, table, dict.fromkeys(map(str, keys)))
                case "deadlines":
                    self._deadlines.only(map(str, keys))
                case _:
                    _only(getattr(state, table), keys)
        for table, belongs in (("unreached", is_unreached), ("recorded", is_recorded)):
            if (table, "") not in before.lists:  # of an earlier version, which looked at all calls for them
                setattr(state, table, {call.id: None for call in state.calls.values() if belongs(call)})

    def knows(self, command: commands.Command) -> bool:
        """Whether the repeat of a command is answered by what is known of the first; without Asterisk that is open."""
        return not self.state.linked or repeats.known(self.state, self._over, command) is not None

    # -- the one way in -----------------------------------------------------------------------------------------------

    def handle(self, stimulus: s.Stimulus, now: float) -> list[Effect]:
        """Change the state by one stimulus and say what is to be done. Never raises."""
        if not self.directory.settings.agents_see_withheld:
            stimulus = discretion.of_stimulus(stimulus)
        if isinstance(stimulus, commands.BaseCommand) and (done := repeats.known(self.state, self._over, stimulus)):
            self.state.pending.setdefault(done.command, done)
            return self._answers()
        step = Step(self.state, self.directory, now)
        try:
            self._dispatch(step, stimulus)
            self._finish(step, stimulus)
        except CallControlError as error:
            if isinstance(stimulus, s.TimePassed):  # dropped, it would be due again at once, and for ever
                return self._contain(stimulus, step, error)
            return self._refused(step, stimulus, error)
        except Exception as error:
            return self._contain(stimulus, step, error)
        return self._commit(step, stimulus)

    @staticmethod
    def _finish(step: Step, stimulus: s.Stimulus) -> None:
        for derive in _DERIVED if step.calls else _WITHOUT_CALLS:
            derive(step)
        endings.settle(step, stimulus)
        invariants.check(step)

    def _dispatch(self, step: Step, stimulus: s.Stimulus) -> None:  # noqa: C901, PLR0912, PLR0915 - a flat table
        match stimulus:
            case s.EffectDone(effect):
                failures.effect_done(step, effect)
            case s.EffectFailed():
                failures.effect_failed(step, stimulus)
            case s.LegCreated(leg):
                legs.created(step, leg)
            case s.OtherPlaceFound(leg, place):
                alerting.ring_also(step, leg, place)
            case s.LegRinging(leg):
                legs.ringing(step, leg)
            case s.LegAnswered(leg):
                legs.answered(step, leg)
            case s.LegGone(leg, cause):
                legs.gone(step, leg, cause)
            case s.LegDied(leg):
                legs.died(step, leg)
            case s.LegLostFromBridge(leg, bridge):
                legs.lost_from_bridge(step, leg, bridge)
            case s.LegHeldByPhone(leg):
                legs.held_by_phone(step, leg)
            case s.LegRetrievedByPhone(leg):
                legs.retrieved_by_phone(step, leg)
            case s.LegIdentified():
                legs.identified(step, stimulus)
            case s.LegDigit(leg, digit):
                if not hearers.digit(step, leg, digit):
                    ways_out.digit(step, leg, digit)
                    messages.digit(step, leg, digit)
                    feature_codes.digit(step, leg, digit)
            case s.LegTalking(leg, talks):
                talking.heard(step, leg, talks)
            case s.TransferRequested():
                transfer_key.requested(step, stimulus)
            case s.AnnouncementFinished(leg, announcement):
                legs.announcement_finished(step, leg, announcement)
            case s.RecorderEnded(name):
                recording.ended(step, name)
                messages.ended(step, stimulus)
            case s.ChannelArrived(entry_verb="replaced"):
                transfer_key.replaced(step, stimulus)
            case s.ChannelArrived():
                arrivals.arrived(step, stimulus)
            case s.LinkLost():
                reconcile.link_lost(step)
            case s.AsteriskReconciled():
                reconcile.reconciled(step, stimulus)
            case s.PhoneReachable(phone, reachable):
                recalls.phone_reachable(step, phone, reachable)
            case s.AgentReserved(request, agent):
                reservations.agent_reserved(step, request, agent)
            case s.NobodyAvailable(request):
                reservations.nobody_available(step, request)
            case s.ReservationFailed(request):
                reservations.reservation_failed(step, request)
            case s.AgentBecameAvailable(agent):
                waiting.agent_free(step, agent)
            case s.AgentLoggedOut(agent):
                recalls.logged(step, agent, out=True)
            case s.AgentUnlisted(agent):
                recalls.look(step, agent)
            case s.AgentLoggedIn(agent):
                recalls.logged(step, agent, out=False)
            case s.AvailabilityEmptied():
                step.tells_all_agents = True
            case s.OpeningsReplaced(overrides):
                opening.replaced(step, overrides)
            case s.MessagesCounted():
                messages.counted(step, stimulus)
            case s.MessagesListed():
                hearers.listed(step, stimulus)
            case s.OutcomeChecked():
                arrivals.outcome_checked(step, stimulus)
            case s.TimePassed():
                self._time_passed(step)
            case s.DirectoryReplaced(directory):
                configured.apply(step, directory)
                self.directory = directory
            case _:
                handlers.command(step, stimulus)

    def _time_passed(self, step: Step) -> None:
        if not step.linked:
            return  # whoever is rung may have answered: reconciliation tells, then what is due is due
        for call_id in step.read.all("deadlines", self._deadlines.due(step.now)):
            call = step.find_call(call_id)
            if call is not None:
                deadlines.passed(step, call)
            else:
                legs.overdue(step, call_id)

    # -- the one way out ----------------------------------------------------------------------------------------------

    def _commit(self, step: Step, stimulus: s.Stimulus) -> list[Effect]:
        state = self.state
        meant = concerned.calls(step, stimulus)
        by = {call.id: endings.who(step, call, stimulus) for call in step.calls.values()}
        state.counter, state.linked = step.counter, step.linked
        _merge(state.seeks, step.seeks)
        _merge(state.activities, step.activities)
        _merge(state.in_flight, step.in_flight)
        _merge(state.unreachable, step.unreachable)
        _merge(state.gone_home, step.gone_home)
        _merge(state.overrides, step.overrides)
        _merge(state.messages, step.messages)
        state.paces.update(step.paces)
        state.dialled_outside.update(step.dialled_outside)
        effects = list(step.effects)
        for leg_id, leg in step.legs.items():
            if leg is not state.legs.get(leg_id):
                effects.append(LegChanged(leg_id, leg))
            state.keep_leg(leg_id, leg)
            self._note_leg_deadline(leg_id, leg)
        for call_id, call in step.calls.items():
            before = state.calls.get(call_id)
            state.keep(call)
            if call.ended:
                self._over[call_id] = call
            self._note_deadline(call)
            if before is None or call != before:
                effects.append(CallChanged(before, call, step.now, by[call_id], endings.died(stimulus)))
            elif talking.only(before, call):
                effects.append(TalkChanged(call))
        _merge(state.pending, step.pending)
        self._keep_in_stories(step, stimulus, meant)
        effects += self._answers()
        return effects

    def _keep_in_stories(self, step: Step, stimulus: s.Stimulus, meant: Sequence[CallId]) -> None:
        """Of the calls that the step has touched, and of those `meant`, which it may have left as they were."""
        calls = {call.id: call.ended for call in step.calls.values()}
        for call_id in meant:
            if call_id in self.state.calls or self.stories.has(call_id):
                calls.setdefault(call_id, call_id not in self.state.calls)
        # Whoever begins or stops to speak is reported: that would leave no room for anything else.
        only_talk = isinstance(stimulus, s.LegTalking) and not step.effects
        if calls and not only_talk and not isinstance(stimulus, s.DirectoryReplaced):
            kept = discretion.without_keys(stimulus, read=step.key_is_read, stands_for=step.key_stands_for)
            # What a key has left that is not in the story is nothing that whoever runs it again could know.
            results = step.results() if kept is stimulus or step.key_stands_for else {}
            self.stories.add(calls, step.now, kept, step.effects, step.read, step.directory, results)

    def _note_deadline(self, call: Call) -> None:
        self._deadlines.note(call.id, deadlines.of(call))

    def _note_leg_deadline(self, leg_id: LegId, leg: Leg | None) -> None:
        self._deadlines.note(leg_id, leg.ends_by if leg is not None else None)

    def _answers(self) -> list[Effect]:
        """Answer the commands that have come to their end with a step; none while nobody knows what Asterisk did."""
        replies: list[Effect] = []
        for pending in list(self.state.pending.values()) if self.state.linked else ():
            call = self.state.calls.get(pending.call) or self._over.get(pending.call)
            if not pending.effects and (call is None or call.ended or answers.came_about(self.state, pending, call)):
                del self.state.pending[pending.command]
                replies.append(Reply(pending.command, call))
        while len(self._over) > _KEPT:
            self._over.popitem(last=False)
        return replies

    # -- what goes wrong ----------------------------------------------------------------------------------------------

    def _refused(self, dropped: Step, stimulus: s.Stimulus, error: CallControlError) -> list[Effect]:
        """Nothing of the step is kept but its place in the story. A reservation that came for nothing is given back."""
        step = self._instead_of(dropped)
        if isinstance(stimulus, commands.BaseCommand):
            step.emit(Refuse(stimulus.id, error))
        elif isinstance(stimulus, _ANSWERS):
            seek = step.awaited(stimulus.request)
            step.seeks[stimulus.request] = None
            if isinstance(stimulus, s.AgentReserved):
                attempts.free(step, stimulus.agent, stimulus.request)
            if seek is not None and seek.command is not None:
                step.emit(Refuse(seek.command.id, error))
        return self._commit(step, stimulus)

    def _instead_of(self, dropped: Step) -> Step:
        """A step with what this one has read, for the story."""
        step = Step(self.state, self.directory, dropped.now)
        step.read, step.key_is_read = dropped.read, dropped.key_is_read
        return step

    def _contain(self, stimulus: s.Stimulus, broken: Step, error: Exception) -> list[Effect]:
        """Release the calls that the broken step touched, and nothing else."""
        what = f"{type(stimulus).__name__}: {type(error).__name__}: {error}"
        step = self._instead_of(broken)
        for call_id in broken.calls:
            step.emit(ReportFault(call_id, what))
            parties.end(step, call_id)
        if not broken.calls:
            step.emit(ReportFault(None, what))
        if isinstance(stimulus, commands.BaseCommand):
            step.emit(
                Refuse(stimulus.id, CallControlError(Code.INTERNAL, "the call was released after a fault of ours"))
            )
        if isinstance(stimulus, s.LegGone):
            step.drop_leg(stimulus.leg)
        holding.settle(step)
        for derive in _DERIVED:
            derive(step)
        endings.settle(step, None)
        return self._commit(step, stimulus)


def _only[K, V](table: dict[K, V], keys: Sequence[object]) -> None:
    """Exactly these keys, in this order."""
    there = dict(table)
    table.clear()
    table.update({key: there[key] for key in keys if key in there})


def _merge[K, V](into: dict[K, V], changes: "dict[K, V | None]") -> None:
    for key, value in changes.items():
        if value is None:
            into.pop(key, None)
        else:
            into[key] = value
