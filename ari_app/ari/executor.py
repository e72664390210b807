"""Runs effects in the order that matters, and answers each with EffectDone or EffectFailed.

Owns order: the effects of one leg run one after the other (digits in a lane of their own), those of different legs at
once. Where Asterisk does a leg's requests in order (`at_once`), the next is sent without waiting for the answer to the
one before. One that names a bridge waits for that bridge's creation; its destruction waits for all that name it, for
moves of legs, and for hang-ups under way, whose cause it would overwrite (asterisk issue 1124). What is recorded of a
bridge and what is played to it have a lane of their own each. A hang-up overtakes its leg's queue, but for what its
phone is notified of its transfer. Knows no request: see `requests`.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field

import structlog

from ari_app.ari.failures import AriError, ChannelGone, Unreachable
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
    PlayDtmf,
    PlayToBridge,
    StartRecorder,
    TellTransfer,
)
from ari_app.calls.model import BridgeId, LegId
from ari_app.calls.stimuli import EffectDone, EffectFailed

log = structlog.get_logger(__name__)

type AtOnce = Callable[[AsteriskEffect, Sequence[AsteriskEffect]], bool]
"""Whether an effect is one request, that may be sent while these of the same leg have not been answered."""
type OnResult = Callable[[EffectDone | EffectFailed], None]

LIMIT = 5.0
DIGIT = 0.5
HUNG_UP = "hung up"
DIGITS = "#digits"
"""Digits go in a lane of their own beside their leg's."""
TRANSFER = "#transfer"
"""So does what a phone is notified of its transfer: a hang-up waits for it, and nothing else does."""
RECORDER = "#recorder"
PROMPTS = "#prompts"
"""Of a bridge: what is written of it, and what is played to it."""


def never(effect: AsteriskEffect, unanswered: Sequence[AsteriskEffect]) -> bool:
    """Each waits for the answer to the one before."""
    return False


def takes_out_of(effect: AsteriskEffect, bridge: BridgeId) -> bool:
    """Whether the effect may be taking a leg out of this bridge, by itself or into another."""
    match effect:
        case JoinBridge():
            return effect.bridge != bridge
        case LeaveBridge():
            return effect.bridge == bridge
        case _:
            return False


@dataclass(eq=False, slots=True)
class _Job:
    """An effect that was taken on. `finished` is set whatever became of it."""

    effect: AsteriskEffect
    after: list["_Job"] = field(default_factory=list)
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    context: Context = field(default_factory=copy_context)  # of whoever requested it, whenever it is its turn
    task: asyncio.Task[None] | None = None

    @property
    def bridge(self) -> BridgeId | None:
        match self.effect:
            case OnBridge(bridge=bridge) | JoinBridge(bridge=bridge) | LeaveBridge(bridge=bridge):
                return bridge
            case _:
                return None


@dataclass(slots=True)
class _Lane:
    """One leg's jobs: those under way and those that wait. `sent`: all under way are with Asterisk, in this order."""

    running: list[_Job] = field(default_factory=list)
    waiting: deque[_Job] = field(default_factory=deque)
    sent: bool = True


class Executor:
    """Takes effects on without blocking. `perform` does one and raises AriError where Asterisk refuses.

    `on_result` is called from the event loop, never from within `execute`. `limit` (seconds) bounds each effect, so
    that no leg's queue stands still for ever.
    """

    def __init__(
        self,
        perform: Callable[[AsteriskEffect], Awaitable[None]],
        on_result: OnResult,
        *,
        limit: float = LIMIT,
        at_once: AtOnce = never,
    ) -> None:
        self._perform = perform
        self._at_once = at_once
        self._on_result = on_result
        self._limit = limit
        self._lanes: dict[LegId, _Lane] = {}
        self._jobs: set[_Job] = set()
        self._refusing: str | None = "not connected"

    @property
    def pending(self) -> int:
        """How many effects have not been answered yet."""
        return len(self._jobs)

    def open(self) -> None:
        """The connection stands."""
        self._refusing = None

    def close(self, reason: str) -> None:
        """Fail all that is pending, and from now on everything, with `reason`."""
        self._refusing = reason
        self._lanes.clear()
        for job in list(self._jobs):
            if job.task is not None:
                job.task.cancel()
            self._answer(job, EffectFailed(job.effect.number, reason, unknown=True))

    def execute(self, effect: AsteriskEffect) -> None:
        """Take an effect on; its result comes by `on_result`."""
        job = _Job(effect)
        self._jobs.add(job)
        if self._refusing is not None:
            failed = EffectFailed(effect.number, self._refusing)
            asyncio.get_running_loop().call_soon(self._answer, job, failed)
            return
        job.after = self._predecessors(job)
        match effect:
            case CreateBridge() | DestroyBridge():
                self._start(job)
            case HangUp(leg=leg):
                self._drop(leg + DIGITS)
                self._overtake(leg, job)
            case PlayDtmf(leg=leg):
                # A hold or a mute must not wait until all digits are sent.
                self._append(leg + DIGITS, job)
            case TellTransfer(leg=leg):
                self._append(leg + TRANSFER, job)
            case OnRecording(bridge=bridge):
                self._append(bridge + RECORDER, job)
            case PlayToBridge(bridge=bridge):
                self._append(bridge + PROMPTS, job)
            case _:
                self._append(effect.leg, job)

    def _append(self, name: str, job: _Job) -> None:
        lane = self._lanes.setdefault(name, _Lane())
        lane.waiting.append(job)
        self._next(name, lane)

    def _drop(self, name: str) -> None:
        """Forget what waits in a lane, answered as gone."""
        lane = self._lanes.get(name)
        if lane is None:
            return
        dropped, lane.waiting = lane.waiting, deque()
        for other in dropped:
            failed = EffectFailed(other.effect.number, HUNG_UP, gone=True)
            asyncio.get_running_loop().call_soon(self._answer, other, failed)

    def _predecessors(self, job: _Job) -> list[_Job]:
        if isinstance(job.effect, HangUp):
            return [o for o in self._jobs if isinstance(o.effect, TellTransfer) and o.effect.leg == job.effect.leg]
        bridge = job.bridge
        if bridge is None:
            return []
        others = [other for other in self._jobs if other is not job]
        if isinstance(job.effect, DestroyBridge):
            return [other for other in others if other.bridge == bridge or isinstance(other.effect, HangUp)]
        awaited: tuple[type[AsteriskEffect], ...] = (CreateBridge, DestroyBridge)
        if isinstance(job.effect, LeaveBridge):
            awaited = (CreateBridge,)  # a destruction waits for it
        elif isinstance(job.effect, JoinBridge):
            # Whoever leaves makes Asterisk tell the two who stay each other's identity: a phone about to be rung must
            # not be one of them, or its display shows the wrong one.
            awaited = (*awaited, LeaveBridge)
        elif isinstance(job.effect, PlayToBridge):
            # Whoever comes in with it shall hear it, and what begins to be recorded shall have it.
            awaited = (*awaited, JoinBridge, StartRecorder)
        return [other for other in others if other.bridge == bridge and isinstance(other.effect, awaited)]

    def _moves(self, leg: LegId) -> list[_Job]:
        """What takes the leg into a bridge or out of it: a snoop on it waits for that.

        The snoop would translate what both bridges send to the leg by one translator, and Debian's Asterisk drops there
        each RTP packet that is numbered below the one before: numbers begin at random, so of every other new source
        the supervisor hears nothing for up to eleven minutes, and the agent hears no whisper.
        """
        return [o for o in self._jobs if isinstance(o.effect, JoinBridge | LeaveBridge) and o.effect.leg == leg]

    def _moved_out_of(self, bridge: BridgeId) -> list[_Job]:
        """Whatever may be taking legs out of this bridge: its destruction waits for that.

        Where Asterisk destroys a bridge and moves a leg out of it at once, or right after, it answers both with
        success, and now and then the leg is in no bridge from then on: two people who hear nothing. So it was with 17
        of 600 legs that were moved right after, 9 that were moved at once, and none that were moved before.
        """
        return [other for other in self._jobs if takes_out_of(other.effect, bridge)]

    def _overtake(self, leg: LegId, job: _Job) -> None:
        lane = self._lanes.get(leg)
        if lane is None:
            self._start(job)
            return
        self._drop(leg)
        if any(isinstance(other.effect, CreateLeg | CreateSnoop) for other in lane.running):
            # It would find no channel yet, and leave one behind.
            lane.waiting.append(job)
            return
        # Beside what is under way: that may wait for the channel's thread, which the hang-up frees.
        self._start(job)

    def _next(self, name: str, lane: _Lane, *, behind: bool = False) -> None:
        if lane.waiting and self._may_start(lane):
            job = lane.waiting.popleft()
            lane.running.append(job)
            lane.sent = False
            self._start(job, name, lane, behind=behind)
        elif not lane.running:
            self._lanes.pop(name, None)

    def _may_start(self, lane: _Lane) -> bool:
        if not lane.running:
            return True
        return lane.sent and self._at_once(lane.waiting[0].effect, [job.effect for job in lane.running])

    def _sends(self, job: _Job, name: str, lane: _Lane) -> None:
        """It is about to be performed: the next one can't be before it is sent."""
        if self._at_once(job.effect, ()) and self._lanes.get(name) is lane:
            lane.sent = True
            self._next(name, lane, behind=True)

    def _over(self, job: _Job, name: str, lane: _Lane) -> None:
        if self._lanes.get(name) is lane:
            lane.running.remove(job)
            self._next(name, lane)

    def _start(self, job: _Job, name: str = "", lane: _Lane | None = None, *, behind: bool = False) -> None:
        # Sent before anything else of this turn of the loop is done; but for what looks first at all that its step
        # wants, and what is behind another that is about to be sent.
        later = behind or isinstance(job.effect, CreateSnoop | DestroyBridge)
        job.task = asyncio.Task(
            self._run(job, name, lane),
            loop=asyncio.get_running_loop(),
            name=type(job.effect).__name__,
            context=job.context,
            eager_start=not later,
        )

    async def _run(self, job: _Job, name: str, lane: _Lane | None) -> None:
        result: EffectDone | EffectFailed = EffectDone(job.effect.number)
        # Only now: one step asks for these first, and then for the moves.
        if isinstance(job.effect, CreateSnoop):
            job.after = self._moves(job.effect.of)
        elif isinstance(job.effect, DestroyBridge):
            job.after += self._moved_out_of(job.effect.bridge)
        try:
            for other in job.after:
                await other.finished.wait()
            if lane is not None:
                self._sends(job, name, lane)
            async with asyncio.timeout(self._limit_of(job.effect)):
                await self._perform(job.effect)
        except ChannelGone as error:
            result = EffectFailed(job.effect.number, error.message, gone=True)
        except AriError as error:
            log.warning("asterisk_refused", effect=job.effect, status=error.status, message=error.message)
            result = EffectFailed(job.effect.number, error.message, unknown=isinstance(error, Unreachable))
        except TimeoutError:
            log.warning("asterisk_too_slow", effect=job.effect)
            result = EffectFailed(job.effect.number, "no answer in time", unknown=True)
        except Exception:
            # A defect of ours must not leave a call waiting for ever.
            log.exception("effect_crashed", effect=job.effect)
            result = EffectFailed(job.effect.number, "internal error")
        if job.task is None:  # there was nothing to wait for: this is within `execute`
            await asyncio.sleep(0)
        self._answer(job, result)
        if lane is not None:
            self._over(job, name, lane)

    def _limit_of(self, effect: AsteriskEffect) -> float:
        return self._limit + (DIGIT * len(effect.digits) if isinstance(effect, PlayDtmf) else 0.0)

    def _answer(self, job: _Job, result: EffectDone | EffectFailed) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
            job.finished.set()
            self._on_result(result)
