"""Which stream is sent what, and when. Newest values (of targets; for supervisors also of agents and queues) wait here.

What changes again before a stream has sent it is sent once, as it is then; what waits is always sent in the end. A
number is given when an event is sent, so nothing that was left out leaves a gap. However much changes at once, what
waits is one value of each thing there is, and no window is full of it.

Work is done in slices: a thousand windows of one target are notified within some milliseconds, but calls never wait for
longer than one slice. What many streams show goes round: each is come to once, and is sent it then, rather than noted
there first. It must not know how windows are sent to, or what a subscription means.
"""

import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import islice

from ari_app.api.streams import Stream, Value
from ari_app.api.windows import Outgoing
from ari_app.routing.targets import Target, TargetType

# Seconds of work, after which whatever else waits comes first. Of this thread's own time: where the machine is busy a
# slice would otherwise be over before it did anything.
SLICE = 0.004
# Streams between two looks at the clock, whose frames are written one after the other.
LOOK = 64
# Streams to which a value goes round.
MANY = 16
# Values that one stream is notified of at once, at most.
BATCH = 64


@dataclass(slots=True, eq=False)
class Round:
    """A value on its way to `streams`, the last of them first; those that had the one before come after all others."""

    name: str
    value: Value
    streams: list[Stream]


type Defer = Callable[[Callable[[], None]], object]


class Fanout:
    """`tell(stream, values)` numbers and sends by `outgoing`; `defer` runs something when the loop comes to it."""

    def __init__(self, tell: Callable[[Stream, list[Value]], None], defer: Defer, outgoing: Outgoing) -> None:
        self._tell = tell
        self._defer = defer
        self._outgoing = outgoing
        self._everything: dict[Stream, None] = {}
        self._showing: dict[str, dict[Stream, None]] = {}
        self._skills: dict[str, dict[str, Target]] = {}
        self._due: deque[Stream | Round] = deque()
        self._rounds: dict[str, Round] = {}
        self._running = False

    def add(self, stream: Stream) -> None:
        """The stream wants to be notified, of what its subscription says; without one of everything."""
        if stream.subscription is None:
            self._everything[stream] = None
            return
        for target in stream.subscription.targets:
            self._showing.setdefault(str(target), {})[stream] = None
            if target.type is TargetType.SKILL:
                self._skills.setdefault(target.id, {})[str(target)] = target

    def remove(self, stream: Stream) -> None:
        """The stream wants to be notified of no target any more; what has changed already still waits."""
        self._everything.pop(stream, None)
        for round_ in self._rounds.values():
            if round_.value.target is not None and stream in round_.streams:
                round_.streams.remove(stream)
        for target in stream.subscription.targets if stream.subscription is not None else ():
            streams = self._showing.get(str(target), {})
            streams.pop(stream, None)
            if not streams:
                self._showing.pop(str(target), None)
                if target.type is TargetType.SKILL:
                    self._skills.get(target.id, {}).pop(str(target), None)

    def wanted(self, target: Target) -> bool:
        """Whether any stream is to be notified of it."""
        return bool(self._everything) or str(target) in self._showing

    def levels(self, skill: str) -> tuple[Target, ...]:
        """The targets of this skill that are in somebody's subscription: `skill:french`, `skill:french>=3`."""
        return tuple(self._skills.get(skill, {}).values())

    def changed(self, target: Target, rest: str) -> None:
        """The target is now as the JSON `rest` says."""
        name = str(target)
        streams = [*self._showing.get(name, ()), *self._everything]
        self.replace_waiting(streams, name, Value("target.updated", rest, target))

    def replace_waiting(self, streams: Collection[Stream], name: str, value: Value) -> None:
        """These streams are to tell the value, in place of one of that name which still waits."""
        if len(streams) > MANY or name in self._rounds:
            self._go_round(streams, name, value)
        else:
            for stream in streams:
                self._wait(stream, name, value)
        self._begin()

    def _go_round(self, streams: Collection[Stream], name: str, value: Value) -> None:
        round_ = self._rounds.get(name)
        if round_ is None:
            self._rounds[name] = round_ = Round(name, value, list(streams))
            round_.streams.reverse()
            self._due.append(round_)
            return
        round_.value = value
        still, behind = set(streams), set(round_.streams)
        round_.streams = [s for s in streams if s not in behind] + [s for s in round_.streams if s in still]

    def _wait(self, stream: Stream, name: str, value: Value) -> None:
        stream.changed[name] = value
        if not stream.due:
            stream.due = True
            self._due.append(stream)

    def drained(self, stream: Stream) -> None:
        """One of its windows has room again."""
        if stream.changed:
            self._flush(stream)

    def _begin(self) -> None:
        if self._due and not self._running:
            self._running = True
            self._defer(self._slice)

    def _slice(self) -> None:
        self._running = False
        ends = time.thread_time() + SLICE
        while self._due:
            self._outgoing.hold()
            try:
                for _ in range(LOOK):
                    if not self._due:
                        break
                    self._step(self._due[0])
            finally:
                self._outgoing.release()
            if time.thread_time() >= ends:
                break
        self._begin()

    def _step(self, first: Stream | Round) -> None:
        if isinstance(first, Stream):
            self._due.popleft()
            first.due = False
            self._flush(first)
            return
        if not first.streams:
            self._due.popleft()
            del self._rounds[first.name]
            return
        stream = first.streams.pop()
        if stream.changed or not _is_ready(stream):
            self._wait(stream, first.name, first.value)
        else:
            self._tell(stream, [first.value])

    def _flush(self, stream: Stream) -> None:
        """Tell what waits, unless no window has room: the first that has will ask (`drained`)."""
        if not _is_ready(stream):
            return
        values = list(stream.changed.values())
        stream.changed = dict(islice(stream.changed.items(), BATCH, None)) if len(values) > BATCH else {}
        self._tell(stream, values[:BATCH])
        if stream.changed and not stream.due:
            stream.due = True
            self._due.append(stream)
            self._begin()


def _is_ready(stream: Stream) -> bool:
    """Whether one of its windows has room."""
    for window in stream.windows:  # noqa: SIM110 - half the time of `any`
        if window.ready:
            return True
    return False
