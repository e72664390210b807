"""The loop around the machine: stimuli in, one after the other; effects out to whoever carries them out.

Owns the one queue, the timer and the answers to commands. It must not decide anything about calls.

After it stood still no deadline is believed until the calls were reconciled, nor that Asterisk did not answer in time,
and nothing is requested: nobody has let a phone ring too long that was answered meanwhile, and what it has answered is
still to be read.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Protocol, assert_never

import structlog

from ari_app.calls import effects as e
from ari_app.calls.commands import BaseCommand, Command
from ari_app.calls.model import Call, CallId
from ari_app.calls.stimuli import AsteriskReconciled, LinkLost, Stimulus, TimePassed
from ari_app.calls.story import StoryEntry
from ari_app.calls.switch import Switch
from ari_app.engine.pulse import Pulse
from ari_app.errors import AsteriskUnavailable, LeadsNoMore, NotYetKnown, OutcomeUnknown
from ari_app.tasks import report

log = structlog.get_logger(__name__)

_ANSWER_WITHIN = 60.0
_DOUBTS_FOR = 2.0
_STOPPED = "the controller stopped over it: this may have been carried out; look at the call"
MOST_COMMANDS = 2_000
"""Under way at once, each with somebody who waits for its answer."""


class Outlets(Protocol):
    """Where effects go. None of these may block or raise; what comes of them is fed back as stimuli."""

    def asterisk(self, effect: e.AsteriskEffect) -> None: ...
    def availability(self, effect: e.AvailabilityEffect) -> None: ...
    def call_changed(self, change: e.CallChanged) -> None: ...
    def talk_changed(self, call: Call) -> None: ...
    def leg_changed(self, effect: e.LegChanged) -> None: ...
    def caller_id_chosen(self, agent: str, caller_id: str) -> None: ...
    def opening_chosen(self, effect: e.OpeningChosen) -> None: ...
    def list_messages(self, effect: e.ListMessages) -> None: ...
    def check_outcome(self, effect: e.CheckOutcome) -> None: ...
    def call_alarm(self, effect: e.CallAlarm) -> None: ...
    def operation_failed(self, effect: e.OperationFailed) -> None: ...
    def arrival_refused(self, effect: e.ArrivalRefused) -> None: ...
    def message_refused(self, effect: e.MessageRefused) -> None: ...
    def emergency_dialled(self, effect: e.EmergencyDialled) -> None: ...
    def beat(self, late: float) -> None:
        """Several times a second: the loop is later by so many seconds than it wanted to be."""

    def stood_still(self) -> None:
        """Nobody knows what was missed: LinkLost, or AsteriskReconciled, is to be fed as soon as can be."""


class Figures(Protocol):
    """What is counted of the work, for whoever wants to know (`api.metrics`). Must be quick."""

    def found(self, waiting: int) -> None:
        """The engine comes to its queue, and so many stimuli wait there."""

    def handled(self, kind: str, seconds: float) -> None:
        """One of that kind was, with all that it brought about at once, after so long."""


class NoFigures:
    """Nobody wants to know."""

    def found(self, waiting: int) -> None:
        """See `Figures`."""

    def handled(self, kind: str, seconds: float) -> None:
        """See `Figures`."""


class Engine:
    """Runs one Switch inside the event loop.

    `feed` may be called from anywhere in the loop, also from within an outlet: a stimulus never interrupts a step.
    So may `feed_now`, where a caller waits for what follows: each turn of the loop has much else to do.
    """

    def __init__(
        self,
        switch: Switch,
        outlets: Outlets,
        clock: Callable[[], float] = time.time,
        figures: Figures | None = None,
    ) -> None:
        self.switch = switch
        self._figures = figures or NoFigures()
        self._outlets = outlets
        self._clock = clock
        # Each with the context of whoever fed it: what it requests is part of their trace.
        self._queue: deque[tuple[Stimulus, Context]] = deque()
        self._answers: dict[str, asyncio.Future[Call | None]] = {}
        self._draining: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._untold: deque[e.Effect] = deque()
        self._pulse = Pulse(self._stood_still, outlets.beat)
        self.lost = asyncio.Event()
        """Set while the connection to Asterisk is lost."""
        self.reconciled = asyncio.Event()
        """Set once it is known what Asterisk has."""
        self._no_doubt = asyncio.Event()  # not set from when this process stood still until the calls are reconciled
        self._no_doubt.set()
        self._closed = False
        self._handling = False
        self.handled = 0

    @property
    def calls(self) -> Mapping[CallId, Call]:
        """The calls that are up now."""
        return self.switch.calls

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock()

    def feed(self, stimulus: Stimulus) -> None:
        """Queue a stimulus; it is handled before the loop's next turn ends."""
        self._queue.append((stimulus, copy_context()))
        if self._draining is None:
            self._draining = asyncio.get_running_loop().call_soon(self._drain)

    def feed_now(self, stimulus: Stimulus) -> None:
        """Have it handled before this returns, with all that is queued before it; within a step, after that."""
        self.feed(stimulus)
        self.go_on()

    def go_on(self) -> None:
        """Have what is queued handled before this returns; within a step, after that."""
        if self._handling or self._draining is None:
            return
        self._draining.cancel()
        try:
            self._drain()
        except Exception as fault:
            report(fault, "Engine.go_on")  # as where the loop itself calls: whoever feeds it is not at fault

    async def submit(self, command: Command) -> Call | None:
        """Have a command carried out; the call as it then is. The outlets know of all that it has changed.

        Who requests one that is under way waits for the same answer: the call centre that did so before may have died.

        As long as the connection to Asterisk is lost no answer comes; when it stands again, the true one does. What is
        requested after this process stood still begins when it is known what happened meanwhile, at most 2 s later.

        Raises:
            CallControlError: it was refused, or Asterisk is away; nothing has changed.
            LeadsNoMore: this engine is closed, and has not begun with it.
            NotYetKnown: it takes too long.
            OutcomeUnknown: and nobody will ever know.
        """
        if not self._no_doubt.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(_DOUBTS_FOR):
                    await self._no_doubt.wait()
        if self._closed:
            raise LeadsNoMore
        if (answer := self._answers.get(command.id)) is None:
            if len(self._answers) >= MOST_COMMANDS:
                raise AsteriskUnavailable("too many commands are under way; try again shortly")
            answer = self._answers[command.id] = asyncio.get_running_loop().create_future()
            self.feed(command)
        while not (await asyncio.wait({answer}, timeout=_ANSWER_WITHIN))[0]:
            if not self.lost.is_set():
                log.error("command_unanswered", command=type(command).__name__, command_id=command.id)
                self._answers.pop(command.id, None)
                raise NotYetKnown
        self.tell()
        return answer.result()

    def close(self) -> None:
        """Stop the timer; commands under way end with: nobody will answer them. Those that wait have not begun."""
        self._closed = True
        self.tell()
        self._pulse.close()
        for handle in (self._timer, self._draining):
            if handle is not None:
                handle.cancel()
        waiting = {stimulus.id for stimulus, _ in self._queue if isinstance(stimulus, BaseCommand)}
        self._queue.clear()
        for command, answer in self._answers.items():
            if not answer.done():
                answer.set_exception(LeadsNoMore() if command in waiting else OutcomeUnknown(_STOPPED))
                answer.exception()  # read, for whoever waited may be gone

    def _drain(self) -> None:
        self._draining = None
        self._pulse.look()
        self._figures.found(len(self._queue))
        self._handling = True
        try:
            while self._queue:
                self._next(*self._queue.popleft())
        finally:
            self._handling = False
        if self._untold:
            # After the requests, which the loop begins first: snapshots and windows take longer than an answer may.
            asyncio.get_running_loop().call_soon(self.tell)
        self._wake_in_time()

    def _next(self, stimulus: Stimulus, context: Context) -> None:
        match stimulus:
            case LinkLost():
                self.lost.set()
            case AsteriskReconciled():
                self.lost.clear()
                self.reconciled.set()
                self._no_doubt.set()
            case _:
                pass
        self._handle(stimulus, context)

    def _handle(self, stimulus: Stimulus, context: Context) -> None:
        self.handled += 1
        began = time.perf_counter()
        effects = self.switch.handle(stimulus, self._clock())
        # Who is to be heard comes before who is to go: one request of Asterisk's less in the way of the answer.
        for effect in sorted(effects, key=lambda x: isinstance(x, e.HangUp | e.DestroyBridge)):
            if isinstance(effect, e.Notification):
                self._untold.append(effect)
            else:
                context.run(self._dispatch, effect)
        self._figures.handled(type(stimulus).__name__, time.perf_counter() - began)

    def tell(self) -> None:
        """Notify the outlets now of all that has changed."""
        while self._untold:
            self._dispatch(self._untold.popleft())

    def _wake_in_time(self) -> None:
        at = self.switch.next_deadline()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if at is not None:
            delay = max(0.0, at - self._clock())
            self._timer = asyncio.get_running_loop().call_later(delay + 0.001, self.feed, TimePassed())

    def _stood_still(self, seconds: float) -> None:
        log.error("event_loop_stalled", seconds=round(seconds, 1))
        if self.switch.state.linked:
            self._no_doubt.clear()
            # What is decided from here on is requested once it is known what Asterisk has. Of what is on its way as the
            # connection is given up nobody knows whether it was done, and who is dialled twice is rung no more.
            self.lost.set()
            self._handle(LinkLost(), copy_context())
        self._outlets.stood_still()

    def _dispatch(self, effect: e.Effect) -> None:  # noqa: C901 - a flat table
        match effect:
            case e.OnAsterisk():
                self._outlets.asterisk(effect)
            case e.OnAgents():
                self._outlets.availability(effect)
            case e.Reply():
                if (answer := self._answers.pop(effect.command, None)) is not None and not answer.done():
                    answer.set_result(effect.call)
            case e.Refuse():
                if (answer := self._answers.pop(effect.command, None)) is not None and not answer.done():
                    answer.set_exception(effect.error)
                    answer.exception()  # read, for whoever waited may be gone
            case e.CallChanged():
                self._outlets.call_changed(effect)
            case e.TalkChanged():
                self._outlets.talk_changed(effect.call)
            case e.LegChanged():
                self._outlets.leg_changed(effect)
            case e.CallerIdChosen():
                self._outlets.caller_id_chosen(effect.agent, effect.caller_id)
            case e.OpeningChosen():
                self._outlets.opening_chosen(effect)
            case e.ListMessages():
                self._outlets.list_messages(effect)
            case e.CheckOutcome():
                self._outlets.check_outcome(effect)
            case e.CallAlarm():
                self._outlets.call_alarm(effect)
            case e.OperationFailed():
                self._outlets.operation_failed(effect)
            case e.ArrivalRefused():
                self._outlets.arrival_refused(effect)
            case e.MessageRefused():
                self._outlets.message_refused(effect)
            case e.EmergencyDialled():
                self._outlets.emergency_dialled(effect)
            case e.ReportFault():
                self._fault(effect)
            case _:
                assert_never(effect)

    def _fault(self, effect: e.ReportFault) -> None:
        story: tuple[StoryEntry, ...] = self.switch.stories.of(effect.call) or () if effect.call else ()
        log.error("call_released_by_fault", call_id=effect.call, what=effect.what, story=[repr(x) for x in story[-20:]])


def incarnation(now: float) -> str:
    """What the ids of a process begin with that began at `now`, in seconds since the epoch: no later one's do."""
    number, text = int(now * 1000), ""
    while number:
        number, rest = divmod(number, 36)
        text = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + text
    return text
