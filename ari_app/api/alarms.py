"""Alarms for those who oversee, and for receivers of webhooks: raised and over, each once. What they follow from is
said by whoever knows it; nothing is polled: where time alone decides, it is looked at that moment.
"""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Literal, Protocol

from pydantic import TypeAdapter

from ari_app.api import alarm_rules as rules
from ari_app.api.alarm_rules import Reading, Watched, judge
from ari_app.api.models.alarms import AlarmDocument, AlarmName, Alarms
from ari_app.api.models.supervision import LiveTarget
from ari_app.api.notices import about_call
from ari_app.api.port import Control
from ari_app.api.routes import Access, Exchange, Route
from ari_app.calls.model import Alarm, Call
from ari_app.calls.views import timestamp
from ari_app.routing.alarms import AlarmLimits
from ari_app.routing.targets import Target, TargetType, parse_target
from ari_app.routing.webhooks import About
from ari_app.webhooks.model import Followed

type Change = Literal["alarm.raised", "alarm.cleared"]

_NAME: TypeAdapter[AlarmName] = TypeAdapter(AlarmName)
_OF_TARGETS = ("oldest_wait", "service_level", "nobody_logged_in")
_OF_BOXES = "unheard_message"


class Timer(Protocol):
    """One that was set."""

    def cancel(self) -> None: ...


def _later(seconds: float, work: Callable[[], None]) -> Timer:
    return asyncio.get_running_loop().call_later(seconds, work)


class AlarmBoard:
    """`tell(change, alarm, about)` is called for each that is raised or over. `clock` in seconds since the epoch."""

    def __init__(
        self,
        control: Control,
        tell: Callable[[Change, AlarmDocument, About], None],
        clock: Callable[[], float] = time.time,
        later: Callable[[float, Callable[[], None]], Timer] = _later,
    ) -> None:
        self._control = control
        self._tell = tell
        self._clock = clock
        self._later = later
        self._watched: dict[str, Watched] = {}
        self._raised: dict[str, tuple[AlarmDocument, About]] = {}
        self._again: dict[str, Timer] = {}

    # -- what is said --------------------------------------------------------------------------------------------------

    def target_changed(self, shown: LiveTarget) -> None:
        """A queue or group is another now, or one of its figures."""
        limits, now = self._limits(shown.target), self._clock()
        oldest = datetime.fromisoformat(shown.oldest_queued_at).timestamp() if shown.oldest_queued_at else None
        for name, reading in rules.of_target(shown, oldest, limits, now).items():
            subject = shown.target
            if reading is None:
                self._clear(f"{name}:{subject}")
            else:
                self._read(f"{name}:{subject}", name, subject, reading, frozenset({subject}),
                           lambda: self.target_changed(shown))  # fmt: skip

    def boxes_counted(self, oldest: Mapping[str, float | None]) -> None:
        """When the oldest message of each box was left that nobody has heard."""
        for box, left_at in oldest.items():
            self._box_changed(box, left_at)

    def _box_changed(self, name: str, left_at: float | None) -> None:
        box, subject = self._control.directory().voicemail.get(name), f"{TargetType.VOICEMAIL}:{name}"
        id_ = f"{_OF_BOXES}:{subject}"
        if box is None or box.alarm_after is None:
            self._clear(id_)
            return
        reading = rules.unheard_message(left_at, box.alarm_after, self._clock())
        about = frozenset({subject, *map(str, box.notify)})
        self._read(id_, _OF_BOXES, subject, reading, about, lambda: self._box_changed(name, left_at))

    def trunk_changed(self, trunk: str, *, reached: bool) -> None:
        """A trunk is away, or back."""
        reading, subject = rules.trunk_down(reached=reached), f"trunk:{trunk}"
        self._read(f"trunk_down:{subject}", "trunk_down", subject, reading, frozenset(),
                   lambda: self.trunk_changed(trunk, reached=reached))  # fmt: skip

    def call_alarm(self, call: Call, alarm: Alarm) -> None:
        """Something is wrong with a call."""
        subject = f"call:{call.id}"
        self._read(f"{alarm.value}:{subject}", alarm.value, subject, Reading(wrong=True, fine=False), about_call(call))

    def call_changed(self, call: Call) -> None:
        """A call that may have had one is over, or nobody is on hold in it any more."""
        if call.ended or call.held_since is None:
            for alarm in Alarm:
                self._clear(f"{alarm.value}:call:{call.id}")

    def emergency(self, agent: str | None, phone: str, number: str) -> None:
        """Somebody has dialled a number for emergencies."""
        now = self._clock()
        subject = f"agent:{agent}" if agent is not None else f"phone:{phone}"
        id_ = f"emergency_dialled:{subject}:{round(now * 1000)}"
        self._raise(id_, "emergency_dialled", subject, Reading(wrong=True, fine=True), frozenset({subject}), number)
        self._look_again(id_, now + rules.EMERGENCY_LASTS, lambda: self._clear(id_))

    def directory_changed(self) -> None:
        """The configuration was read again: of what is no longer listed there are no alarms."""
        for id_ in list(self._watched):
            name, _, subject = id_.partition(":")
            another = name == "trunk_down" and subject != f"trunk:{self._control.directory().settings.trunk}"
            if another or (name in (*_OF_TARGETS, _OF_BOXES) and not self._listed(subject)):
                self._clear(id_)

    # -- after another controller -------------------------------------------------------------------------------------

    def restore(self, known: Mapping[str, Followed]) -> None:
        """What was raised before this controller led; what is over of it is found with what is said next."""
        for line, followed in known.items():
            if line.startswith("alarm:"):
                kept = json.loads(followed.text)
                document = AlarmDocument.model_validate(kept["alarm"])
                self._raised[document.id] = document, frozenset(kept["about"])
                raised_at = datetime.fromisoformat(document.raised_at).timestamp()
                self._watched[document.id] = Watched(raised_at)

    def catch_up(self) -> None:
        """Once calls are restored: what of theirs is over."""
        for document, _ in list(self._raised.values()):
            kind, _, name = document.subject.partition(":")
            if kind == "call":
                call = self._control.calls().get(name)
                if call is not None:
                    self.call_changed(call)
                elif self._control.reached(name):
                    self._clear(document.id)
            elif document.alarm == "emergency_dialled":
                until = datetime.fromisoformat(document.raised_at).timestamp() + rules.EMERGENCY_LASTS
                self._look_again(document.id, until, partial(self._clear, document.id))
        self.directory_changed()

    # -- what is ------------------------------------------------------------------------------------------------------

    def now(self) -> list[AlarmDocument]:
        """Those that are raised, the first first."""
        return sorted((document for document, _ in self._raised.values()), key=lambda x: x.raised_at)

    async def list(self, exchange: Exchange) -> Alarms:
        """The same."""
        return Alarms(alarms=self.now())

    def routes(self) -> Iterable[Route]:
        """The operation of this class."""
        return (
            Route(
                "GET", "/v1/alarms", "list_alarms", "What is wrong now, for those who oversee", "supervision",
                self.list, Alarms, access=Access.OVERSEER,
            ),
        )  # fmt: skip

    # -- inside -------------------------------------------------------------------------------------------------------

    def _read(
        self,
        id_: str,
        name: str,
        subject: str,
        reading: Reading,
        about: About,
        again: Callable[[], None] = lambda: None,
    ) -> None:
        before = self._watched.get(id_, Watched())
        after, due = judge(before, reading, self._clock())
        if before.raised_at is None and after.raised_at is not None:
            self._raise(id_, name, subject, reading, about)
        elif before.raised_at is not None and after.raised_at is None:
            self._clear(id_)
        if after.raised_at is None or before.raised_at is not None:
            self._watched[id_] = after
        if after == Watched():
            del self._watched[id_]
        self._look_again(id_, due, again)

    def _raise(
        self, id_: str, name: str, subject: str, reading: Reading, about: About, detail: str | None = None
    ) -> None:
        now = self._clock()
        document = AlarmDocument(
            id=id_,
            alarm=_NAME.validate_python(name),
            subject=subject,
            raised_at=timestamp(now) or "",
            value=reading.value,
            limit=reading.limit,
            detail=detail,
        )
        self._watched[id_] = Watched(now)
        self._raised[id_] = document, about
        self._tell("alarm.raised", document, about)

    def _clear(self, id_: str) -> None:
        self._look_again(id_, None, lambda: None)
        self._watched.pop(id_, None)
        found = self._raised.pop(id_, None)
        if found is not None:
            document, about = found
            over = document.model_copy(update={"cleared_at": timestamp(self._clock())})
            self._tell("alarm.cleared", over, about)

    def _look_again(self, id_: str, due: float | None, again: Callable[[], None]) -> None:
        timer = self._again.pop(id_, None)
        if timer is not None:
            timer.cancel()
        if due is not None:
            self._again[id_] = self._later(max(0.0, due - self._clock()), again)

    def _limits(self, target: str) -> AlarmLimits:
        directory, found = self._control.directory(), parse_target(target)
        entry = directory.queues.get(found.id) if found.type is TargetType.QUEUE else directory.groups.get(found.id)
        own = entry.alarms if entry is not None else AlarmLimits()
        return own.over(directory.settings.alarms)

    def _listed(self, subject: str) -> bool:
        target: Target = parse_target(subject)
        directory = self._control.directory()
        return directory.exists(target)
