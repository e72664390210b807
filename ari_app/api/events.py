"""The events of each agent (docs/events.md): numbered, in order, without gaps, for every window.

`EventHub` is told what changed, synchronously, and renders it once for each agent who has a window open or had one a
moment ago. It never waits for anybody: what a window can't take yet waits in `windows` (calls, agents, errors) or, the
newest value only, in `fanout` (targets).

Numbers. Every window begins a stream of its own (`streams`), whose numbers begin at the time in microseconds and at
least `SPAN` after those of the agent's last stream. So they grow over restarts, a number belongs to one stream, and one
of an earlier incarnation is recognised as too old. A window that resumes `?since=n` goes on with the stream that has n:
with its numbers, its subscription, and the targets that changed meanwhile. Events are kept for that (`recent`), but a
change of a target gets its number only when a window takes it. Many changes of one target while a client is slow, or
gone, are one event in the end, and leave no gap; and they push nothing out that can't be told anew.

Subscriptions. Without one a window is told of every target that its agent may reach. With one (`subscriptions`) it is
told `subscribed`, with the targets as they are now, and from there on of every change of these. It may be replaced at
any time, is done again when the configuration changes, and is kept when the window resumes; a new snapshot has none
but that of its query.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import takewhile

from pydantic_core import to_json

from ari_app.api.documents import agent_document, shown_count, target_document
from ari_app.api.fanout import Defer, Fanout
from ari_app.api.metrics import Metrics
from ari_app.api.models import EarDocument, HearingDocument, LiveTarget, PhoneDocument
from ari_app.api.port import Agents, AgentState, Control
from ari_app.api.problems import problem_json, problem_of
from ari_app.api.streams import SPAN, Desk, Stream, Subscription, Value
from ari_app.api.windows import GOING_AWAY, RESTART, SESSION_ENDED, TOO_SLOW, News, Window
from ari_app.calls.actions import OVERSEERS
from ari_app.calls.hearing import monitor_ear
from ari_app.calls.model import Alarm, Call
from ari_app.calls.views import CallView, timestamp, view
from ari_app.routing.directory import Agent
from ari_app.routing.permissions import allowed_verbs
from ari_app.routing.targets import Target, TargetType, parse_target

# Streams of one agent that are kept for windows which may come back, beside those that are read.
ALONE = 4
_NOBODY = '"matrix":[]'


def render_call(call: Call, agent: Agent, control: Control) -> CallView:
    """The call as the agent sees it; one that they are no longer in is over for them."""
    engaged = agent.role in OVERSEERS and any(other != call.id for other in control.engaged(agent.id))
    shown = view(call, agent.id, control.directory(), agent.role, engaged=engaged)
    gone = call.party_of(agent.id) is None and agent.role not in OVERSEERS
    if not gone and not call.ended:
        return shown
    parties = tuple(replace(p, actions=()) for p in shown.parties)
    return replace(shown, state="released", parties=parties, actions=(), monitors=())


def render_hearing(call: Call, agent: Agent, control: Control) -> HearingDocument:
    """Who hears whom, as the agent may know it: of supervisors only where they see them in the call."""
    listeners = agent.role in OVERSEERS or control.directory().settings.monitoring.agents_told
    hidden = frozenset() if listeners else frozenset(map(monitor_ear, call.monitors))
    ears = [ear for ear in control.hearing(call) if ear.ear not in hidden]
    return HearingDocument(
        matrix=[
            EarDocument(ear=e.ear, hears=heard, sound="talk" if heard else "silence" if e.hears else e.sound)
            for e in ears
            for heard in [[other for other in e.hears if other not in hidden]]
        ]
    )


def sees(agent: Agent, call: Call) -> bool:
    """Whether this call concerns them: they are in it (or it rings their phone), or they oversee all."""
    return not call.ended and (agent.role in OVERSEERS or call.party_of(agent.id) is not None)


def _has(call: Call | None, agent: Agent) -> bool:
    """Whether the call has them, as a party or as its supervisor."""
    if call is None or call.ended:
        return False
    return call.party_of(agent.id) is not None or agent.id in call.monitors


@dataclass(slots=True)
class Opened:
    """A window that begins: with `snapshot` as of `seq`, unless it resumes after `since`."""

    window: Window
    seq: int
    calls: list[CallView] | None


def _next_tick(work: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_soon(work)


class EventHub:
    """All streams. `recent` events are kept for resuming, for `keep` seconds after the last window left.

    `queue`: events that may wait for one window. `defer` runs a function when the loop comes to it.
    """

    def __init__(
        self,
        control: Control,
        agents: Agents,
        metrics: Metrics,
        *,
        recent: int = 512,
        queue: int = 1024,
        keep: float = 120.0,
        clock: Callable[[], float] = time.time,
        defer: Defer = _next_tick,
    ) -> None:
        self._control = control
        self._agents = agents
        self._metrics = metrics
        self._recent = recent
        self._queue = queue
        self._keep = keep
        self.clock = clock
        self.renew: Callable[[], None] = lambda: None  # asked when subscriptions are out of date; see `outdated`
        self._desks: dict[str, Desk] = {}
        self._overseers: set[str] = set()
        self._streams: dict[Window, Stream] = {}
        self._alone: dict[Stream, float] = {}  # without a window since then, oldest first
        self._fanout = Fanout(self._tell_targets, defer)
        self._defer = defer
        self._unheard: dict[str, None] = {}

    # -- what the shell tells -----------------------------------------------------------------------------------------

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call is new, changed or over: for each `CallChanged` effect, in order."""
        for desk in self._concerned(before, call):
            agent = self._control.directory().agents.get(desk.agent)
            if agent is None:
                continue
            if sees(agent, call):
                self._tell_call(desk, call, agent)
            elif call.id in desk.told or (before is not None and sees(agent, before)):
                self._tell_call_ended(desk, call, agent)
            if agent.role in OVERSEERS and _has(before, agent) != _has(call, agent):
                self._retell(desk, agent, call)

    def _retell(self, desk: Desk, agent: Agent, but: Call) -> None:
        """What they may do with other calls follows from whether they have one of their own."""
        for call in list(self._control.calls().values()):
            if call.id != but.id and call.id in desk.told:
                self._tell_call(desk, call, agent)

    def hearing_changed(self, calls: Iterable[str]) -> None:
        """Who hears whom in these calls may be another now: told when all of this step is done."""
        if not self._unheard:
            self._defer(self._tell_hearing)
        self._unheard.update(dict.fromkeys(calls))

    def _tell_hearing(self) -> None:
        calls, self._unheard = self._unheard, {}
        for call_id in calls:
            call = self._control.calls().get(call_id)
            for desk in self._concerned(None, call) if call is not None else ():
                agent = self._control.directory().agents.get(desk.agent)
                if call is None or agent is None or call_id not in desk.told:
                    continue
                matrix = _json(render_hearing(call, agent, self._control))[1:-1]
                if desk.told_hearing.get(call_id, _NOBODY) != matrix:
                    desk.told_hearing[call_id] = matrix
                    self._publish(desk, "call.hearing", f'"call_id":{_json(call_id)},{matrix}')

    def alarm(self, call: Call, alarm: Alarm) -> None:
        """Something is wrong with the call: its agents and who oversees are told."""
        told = {"call_id": call.id, "alarm": alarm.value, "since": timestamp(call.held_since)}
        for desk in self._concerned(None, call):
            self._publish(desk, "call.alarm", _json(told)[1:-1])

    def agent_changed(self, record: AgentState) -> None:
        """An agent's state changed: themselves and those who oversee, and as a target everybody who may reach them."""
        agent = self._control.directory().agents.get(record.agent)
        if agent is None:
            return
        desks = self._live({agent.id} | self._overseers)
        if desks:
            rest = f'"agent":{_json(agent_document(agent, record, self._agents.device(agent.id)))}'
            for desk in desks:
                self._publish(desk, "agent.updated", rest)
        target = Target(TargetType.AGENT, agent.id)
        if agent.phone is not None and self._fanout.wanted(target):
            self._tell_target(target, str(record.state), None, self.clock())

    def live_changed(self, shown: LiveTarget) -> None:
        """A queue or group is another now, or another of its figures: whoever oversees."""
        rest = f'"queue":{_json(shown)}'
        for desk in self._live(self._overseers):
            self._publish(desk, "queue.updated", rest)

    def phone_changed(self, agent: str, phone: PhoneDocument) -> None:
        """Which of the agent's phones rings, how they are, or whose page has one, has changed: themselves."""
        desk = self._desks.get(agent)
        if desk is not None:
            self._publish(desk, "phone.updated", f'"phone":{_json(phone)}')

    def target_changed(self, target: Target | str, available: int, as_of: float) -> None:
        """The number of free agents changed. `as_of` in seconds since the epoch.

        A level of a skill counts those above too, and need not be one that somebody has: all that are shown are told.
        """
        target = parse_target(target) if isinstance(target, str) else target
        counts = {target: available} if self._fanout.wanted(target) else {}
        if target.type is TargetType.SKILL:
            others = (level for level in self._fanout.levels(target.id) if level not in counts)
            counts |= {level: self._agents.available(level) for level in others}
        for counted, count in counts.items():
            self._tell_target(counted, None, shown_count(self._control.directory(), counted, count), as_of)

    def failed(self, agent: str, operation: str, error: Exception) -> None:
        """Something that this agent asked for went wrong after it had been answered."""
        desk = self._desks.get(agent)
        if desk is not None:
            self._publish(desk, "error", _failure(operation, error))

    def directory_changed(self) -> None:
        """The configuration was read again: who is gone, or has another role, must begin anew."""
        for desk in tuple(self._desks.values()):
            agent = self._control.directory().agents.get(desk.agent)
            if agent is None or agent.role is not desk.role:
                for stream in tuple(desk.streams):
                    self._close(stream.windows, SESSION_ENDED if agent is None else RESTART, "configuration changed")
                    self._forget(stream)
        for call in list(self._control.calls().values()):
            self.call_changed(call, call)  # what is shown and what may be done follows from the settings too
        if self.outdated():
            self.renew()

    # -- windows ------------------------------------------------------------------------------------------------------

    def open(self, agent: Agent, digest: str, since: int | None, subscription: Subscription | None = None) -> Opened:
        """A new window of the agent. It resumes after event `since` where those that follow are still here."""
        self._prune()
        desk = self._desk(agent)
        stream = next((s for s in desk.streams if since is not None and s.has(since)), None)
        resumed = stream is not None
        if stream is None:
            desk.begin = max(int(self.clock() * 1e6), desk.begin + SPAN)
            stream = Stream(desk, desk.begin, desk.begin, deque(maxlen=self._recent))
            desk.streams.append(stream)
            self._fanout.add(stream)
        window = Window(agent.id, digest, self._queue, partial(self._fanout.drained, stream))
        self._streams[window] = stream
        self._metrics.windows.inc()
        opened = Opened(window, stream.seq, None)
        if since is not None and resumed:
            window.put(since + 1, stream.after(since))
        else:
            calls = sorted((c for c in self._control.calls().values() if sees(agent, c)), key=lambda c: c.started_at)
            opened.calls = [render_call(c, agent, self._control) for c in calls]
        stream.windows.add(window)
        self._alone.pop(stream, None)
        if subscription is not None and subscription != stream.subscription:
            self.subscribe(window, subscription)
        return opened

    def subscribe(self, window: Window, subscription: Subscription | None) -> None:
        """From now on the window is told of these targets, as they are and when they change; None: of all."""
        stream = self._streams.get(window)
        if stream is not None:
            self.resubscribe(stream, subscription)

    def resubscribe(self, stream: Stream, subscription: Subscription | None) -> None:
        """The same, for a stream that need not have a window just now."""
        self._fanout.remove(stream)
        stream.subscription = subscription
        documents = None
        if subscription is not None:
            stream.changed.clear()  # told here, as it is
            now, directory, viewer = self.clock(), self._control.directory(), stream.desk.agent
            listed = (target for target in subscription.targets if directory.exists(target))
            documents = [target_document(directory, self._agents, viewer, target, now) for target in listed]
        self._fanout.add(stream)
        self._number(stream, [News("subscribed", self._at(), f'"targets":{_json(documents)}')])

    def outdated(self) -> list[Stream]:
        """The streams whose subscription is of a directory that is no longer."""
        now = self._control.directory()
        streams = (stream for desk in self._desks.values() for stream in desk.streams)
        return [s for s in streams if s.subscription is not None and s.subscription.directory is not now]

    def refuse(self, window: Window, operation: str, error: Exception) -> None:
        """What this window sent can't be done."""
        stream = self._streams.get(window)
        if stream is not None:
            self._number(stream, [News("error", self._at(), _failure(operation, error))])

    def closed(self, window: Window) -> None:
        """The window's connection is gone."""
        window.close(GOING_AWAY, "")
        self._metrics.windows.dec()
        if window.closed is not None and window.closed[0] == TOO_SLOW:
            self._metrics.slow_windows.inc()
        stream = self._streams.pop(window, None)
        if stream is None:
            return
        stream.windows.discard(window)
        if not stream.windows and stream in stream.desk.streams:
            self._alone[stream] = self.clock()
            alone = [s for s in stream.desk.streams if not s.windows]
            for old in sorted(alone, key=lambda s: self._alone[s])[:-ALONE]:
                self._forget(old)

    def end_session(self, digest: str) -> None:
        """Close the windows that were opened with this token."""
        self._close((w for w in self._streams if w.digest == digest), SESSION_ENDED, "logged out")

    def close_all(self) -> None:
        """The server stops."""
        self._close(self._streams, GOING_AWAY, "the server stops")

    # -- inside -------------------------------------------------------------------------------------------------------

    def _desk(self, agent: Agent) -> Desk:
        desk = self._desks.get(agent.id)
        if desk is None:
            desk = self._desks[agent.id] = Desk(agent.id, agent.role)
            if agent.role in OVERSEERS:
                self._overseers.add(agent.id)
            for call in self._control.calls().values():
                if sees(agent, call):
                    shown = render_call(call, agent, self._control)
                    desk.told[call.id] = _json(shown)
                    desk.told_offers[call.id] = _json(shown.offer)
        return desk

    def _prune(self) -> None:
        """Forget the streams that nobody may read any more."""
        limit = self.clock() - self._keep
        for stream in [s for s, since in takewhile(lambda alone: alone[1] < limit, self._alone.items())]:
            self._forget(stream)

    def _live(self, agents: Iterable[str]) -> list[Desk]:
        self._prune()
        return [desk for agent in sorted(agents) if (desk := self._desks.get(agent)) is not None]

    def _concerned(self, before: Call | None, call: Call) -> list[Desk]:
        """Of a thousand agents, a call concerns three: those who are or were in it, and who oversees all."""
        parties = (*call.parties.values(), *(before.parties.values() if before is not None else ()))
        return self._live({p.agent for p in parties if p.agent is not None} | self._overseers)

    def _forget(self, stream: Stream) -> None:
        desk = stream.desk
        self._alone.pop(stream, None)
        self._fanout.remove(stream)
        stream.changed.clear()
        desk.streams.remove(stream)
        if not desk.streams and self._desks.get(desk.agent) is desk:
            del self._desks[desk.agent]
            self._overseers.discard(desk.agent)

    def _tell_call(self, desk: Desk, call: Call, agent: Agent) -> None:
        shown = render_call(call, agent, self._control)
        text, offer = _json(shown), _json(shown.offer)
        kind = "call.updated" if call.id in desk.told else "call.created"
        if desk.told.get(call.id) != text:  # much of what changes inside cannot be seen from outside
            desk.told[call.id] = text
            self._publish(desk, kind, f'"call":{text}')
        if desk.told_offers.get(call.id, "null") != offer:
            desk.told_offers[call.id] = offer
            self._publish(desk, "offer.updated", f'"call_id":{_json(call.id)},"offer":{offer}')

    def _tell_call_ended(self, desk: Desk, call: Call, agent: Agent) -> None:
        desk.told.pop(call.id, None)
        desk.told_offers.pop(call.id, None)
        desk.told_hearing.pop(call.id, None)
        self._publish(desk, "call.ended", f'"call":{_json(render_call(call, agent, self._control))}')

    def _tell_target(self, target: Target, state: str | None, available: int | None, as_of: float) -> None:
        document = {"target": str(target), "available": available, "state": state, "as_of": _stamp(round(as_of * 1000))}
        self._fanout.changed(target, _json(document)[1:-1])

    def _tell_targets(self, stream: Stream, values: list[Value]) -> None:
        """What a subscription has was permitted when it was made; all else is asked for now."""
        directory, viewer = self._control.directory(), stream.desk.agent
        if stream.subscription is None or stream.subscription.directory is not directory:
            values = [value for value in values if allowed_verbs(directory, viewer, value.target)]
        at = self._at()
        for value in values:
            if value.news is None or value.news.at != at:
                value.news = News("target.updated", at, value.rest)
        self._number(stream, [value.news for value in values if value.news is not None])

    def _publish(self, desk: Desk, kind: str, rest: str) -> None:
        news = [News(kind, self._at(), rest)]
        for stream in tuple(desk.streams):
            self._number(stream, news)

    def _at(self) -> str:
        return _stamp(round(self.clock() * 1000))

    def _number(self, stream: Stream, told: Sequence[News]) -> None:
        first = stream.seq + 1
        stream.seq += len(told)
        stream.recent.extend(told)
        self._metrics.events.inc(len(told))
        for window in stream.windows:
            window.put(first, told)
        if stream.seq >= stream.begin + SPAN:  # the next number may be another stream's
            self._close(stream.windows, RESTART, "begin anew")
            self._forget(stream)

    def _close(self, windows: Iterable[Window], code: int, reason: str) -> None:
        for window in tuple(windows):
            window.close(code, reason)


def _failure(operation: str, error: Exception) -> str:
    return f'"operation":{_json(operation)},"problem":{problem_json(problem_of(error)).decode()}'


@lru_cache(64)
def _stamp(milliseconds: int) -> str:
    """The time as text, made once a millisecond: a thousand windows are told in some."""
    return timestamp(milliseconds / 1000) or ""


def _json(value: object) -> str:
    return to_json(value).decode()
