"""The stream of events of each agent (API.md, "Events"): numbered, in order, without gaps, for all of his windows.

`EventHub` is told what changed, synchronously, and renders it once for each agent who has a window open or had one a
moment ago (so that a window that lost its connection can resume). It never waits for anybody: a window is a bounded
queue, and one that does not keep up is dropped. Sending is `websocket`'s.

Numbers of a stream begin at the time in milliseconds, so that they grow over restarts, and a number of an earlier life
of the stream is recognised as too old.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from pydantic_core import to_json

from ari_app.api.documents import agent_document, shown_count
from ari_app.api.metrics import Metrics
from ari_app.api.port import Agents, AgentState, Control
from ari_app.api.problems import problem_json, problem_of
from ari_app.calls.model import Call, CallId
from ari_app.calls.views import CallView, timestamp, view
from ari_app.routing.directory import Agent, Role
from ari_app.routing.permissions import allowed_verbs
from ari_app.routing.targets import Target, TargetType, parse_target

TOO_SLOW = 4008
SESSION_ENDED = 4001
GOING_AWAY = 1001
RESTART = 1012

OVERSEERS = frozenset({Role.SUPERVISOR, Role.ADMIN})


def render_call(call: Call, agent: Agent, control: Control) -> CallView:
    """The call as the agent sees it; one that he is no longer in is over for him."""
    shown = view(call, agent.id, control.directory(), agent.role)
    gone = call.party_of(agent.id) is None and agent.role not in OVERSEERS
    if not gone and not call.ended:
        return shown
    parties = tuple(replace(p, actions=()) for p in shown.parties)
    return replace(shown, state="released", parties=parties, actions=())


def sees(agent: Agent, call: Call) -> bool:
    """Whether this call concerns him: he is in it (or it rings his phone), or he oversees all."""
    return not call.ended and (agent.role in OVERSEERS or call.party_of(agent.id) is not None)


@dataclass(frozen=True, slots=True)
class Event:
    """One numbered event. `rest` is JSON: the members besides type, number and time, shared between streams."""

    seq: int
    kind: str
    at: str
    rest: str

    def text(self) -> str:
        """The message."""
        return f'{{"type":"{self.kind}","seq":{self.seq},"at":"{self.at}",{self.rest}}}'


class Window:
    """One connection's queue: events that wait to be sent, at most `limit`. Ends with a close code."""

    def __init__(self, agent: str, digest: str, limit: int) -> None:
        self.agent = agent
        self.digest = digest
        self.closed: tuple[int, str] | None = None
        self._limit = limit
        self._waiting: deque[Event] = deque()
        self._wake = asyncio.Event()

    def put(self, event: Event) -> None:
        """Queue an event; a window that is full is closed instead: what it missed it gets by a new snapshot."""
        if self.closed is not None:
            return
        if len(self._waiting) >= self._limit:
            self.close(TOO_SLOW, "too slow")
            return
        self._waiting.append(event)
        self._wake.set()

    def close(self, code: int, reason: str) -> None:
        """End it; what still waits is not sent."""
        if self.closed is None:
            self.closed = (code, reason)
            self._waiting.clear()
            self._wake.set()

    async def next(self) -> Event | None:
        """The next event, when there is one; None once it is closed."""
        while not self._waiting and self.closed is None:
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.popleft() if self._waiting else None

    async def wait_closed(self) -> None:
        """Until it is closed, for whatever reason."""
        while self.closed is None:
            self._wake.clear()
            await self._wake.wait()


@dataclass(slots=True)
class Opened:
    """A window that begins: with `snapshot` as of `seq`, unless it resumes after `since`."""

    window: Window
    seq: int
    calls: list[CallView] | None


@dataclass(slots=True)
class _Stream:
    agent: str
    role: Role
    seq: int
    recent: deque[Event]
    windows: set[Window] = field(default_factory=set)
    alone_since: float = 0.0
    told: dict[CallId, str] = field(default_factory=dict)
    told_offers: dict[CallId, str] = field(default_factory=dict)


class EventHub:
    """All streams. `recent` events are kept for resuming, for `keep` seconds after the last window left."""

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
    ) -> None:
        self._control = control
        self._agents = agents
        self._metrics = metrics
        self._recent = recent
        self._queue = queue
        self._keep = keep
        self.clock = clock
        self._streams: dict[str, _Stream] = {}
        self._overseers: set[str] = set()

    # -- what the shell tells -----------------------------------------------------------------------------------------

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call is new, changed or over: for each `CallChanged` effect, in order."""
        for stream in self._concerned(before, call):
            agent = self._agent(stream)
            if agent is None:
                continue
            if sees(agent, call):
                self._tell_call(stream, call, agent)
            elif call.id in stream.told or (before is not None and sees(agent, before)):
                self._tell_call_ended(stream, call, agent)

    def agent_changed(self, record: AgentState) -> None:
        """An agent's state changed: himself and those who oversee, and as a target everybody who may reach him."""
        agent = self._control.directory().agents.get(record.agent)
        if agent is None:
            return
        rest = f'"agent":{_json(agent_document(agent, record))}'
        for stream in self._live():
            if stream.agent == agent.id or stream.role in OVERSEERS:
                self._publish(stream, "agent.updated", rest)
        if agent.phone is not None:
            self._tell_target(Target(TargetType.AGENT, agent.id), str(record.state), None, self.clock())

    def target_changed(self, target: Target | str, available: int, as_of: float) -> None:
        """The number of free agents changed. `as_of` in seconds since the epoch."""
        target = parse_target(target) if isinstance(target, str) else target
        shown = shown_count(self._control.directory(), target, available)
        self._tell_target(target, None, shown, as_of)

    def failed(self, agent: str, operation: str, error: Exception) -> None:
        """Something that this agent asked for went wrong after it had been answered."""
        stream = self._streams.get(agent)
        if stream is not None:
            problem = problem_json(problem_of(error)).decode()
            self._publish(stream, "error", f'"operation":{_json(operation)},"problem":{problem}')

    def directory_changed(self) -> None:
        """The configuration was read again: who is gone, or has another role, must begin anew."""
        for stream in tuple(self._streams.values()):
            agent = self._control.directory().agents.get(stream.agent)
            if agent is None or agent.role is not stream.role:
                self._close(stream.windows, SESSION_ENDED if agent is None else RESTART, "configuration changed")
                self._forget(stream)

    # -- windows ------------------------------------------------------------------------------------------------------

    def open(self, agent: Agent, digest: str, since: int | None) -> Opened:
        """A new window of the agent. It resumes after event `since` where those that follow are still here."""
        stream = self._stream(agent)
        window = Window(agent.id, digest, self._queue)
        stream.windows.add(window)
        self._metrics.windows.inc()
        oldest = stream.recent[0].seq if stream.recent else stream.seq + 1
        if since is not None and oldest - 1 <= since <= stream.seq:
            for event in stream.recent:
                if event.seq > since:
                    window.put(event)
            return Opened(window, stream.seq, None)
        calls = sorted((c for c in self._control.calls().values() if sees(agent, c)), key=lambda c: c.started_at)
        return Opened(window, stream.seq, [render_call(c, agent, self._control) for c in calls])

    def closed(self, window: Window) -> None:
        """The window's connection is gone."""
        window.close(GOING_AWAY, "")
        stream = self._streams.get(window.agent)
        self._metrics.windows.dec()
        if window.closed is not None and window.closed[0] == TOO_SLOW:
            self._metrics.slow_windows.inc()
        if stream is not None and window in stream.windows:
            stream.windows.remove(window)
            stream.alone_since = self.clock()

    def end_session(self, digest: str) -> None:
        """Close the windows that were opened with this token."""
        for stream in self._streams.values():
            self._close((w for w in stream.windows if w.digest == digest), SESSION_ENDED, "logged out")

    def close_all(self) -> None:
        """The server stops."""
        for stream in self._streams.values():
            self._close(stream.windows, GOING_AWAY, "the server stops")

    # -- inside -------------------------------------------------------------------------------------------------------

    def _stream(self, agent: Agent) -> _Stream:
        stream = self._streams.get(agent.id)
        if stream is None:
            begin = int(self.clock() * 1000)
            stream = _Stream(agent.id, agent.role, begin, deque(maxlen=self._recent))
            self._streams[agent.id] = stream
            if agent.role in OVERSEERS:
                self._overseers.add(agent.id)
            for call in self._control.calls().values():
                if sees(agent, call):
                    shown = render_call(call, agent, self._control)
                    stream.told[call.id] = _json(shown)
                    stream.told_offers[call.id] = _json(shown.offer)
        return stream

    def _live(self, agents: Iterable[str] | None = None) -> list[_Stream]:
        """The streams of these agents (all unless given) that somebody may still read; forgets the others."""
        limit = self.clock() - self._keep
        live = []
        for agent in tuple(self._streams) if agents is None else agents:
            stream = self._streams.get(agent)
            if stream is not None and (stream.windows or stream.alone_since >= limit):
                live.append(stream)
            elif stream is not None:
                self._forget(stream)
        return live

    def _concerned(self, before: Call | None, call: Call) -> list[_Stream]:
        """Of a thousand agents, a call concerns three: those who are or were in it, and who oversees all."""
        parties = (*call.parties.values(), *(before.parties.values() if before is not None else ()))
        in_it = {p.agent for p in parties if p.agent is not None}
        return self._live(sorted(in_it | self._overseers))

    def _forget(self, stream: _Stream) -> None:
        del self._streams[stream.agent]
        self._overseers.discard(stream.agent)

    def _agent(self, stream: _Stream) -> Agent | None:
        return self._control.directory().agents.get(stream.agent)

    def _tell_call(self, stream: _Stream, call: Call, agent: Agent) -> None:
        shown = render_call(call, agent, self._control)
        text, offer = _json(shown), _json(shown.offer)
        kind = "call.updated" if call.id in stream.told else "call.created"
        if stream.told.get(call.id) != text:  # much of what changes inside cannot be seen from outside
            stream.told[call.id] = text
            self._publish(stream, kind, f'"call":{text}')
        if stream.told_offers.get(call.id, "null") != offer:
            stream.told_offers[call.id] = offer
            self._publish(stream, "offer.updated", f'"call_id":{_json(call.id)},"offer":{offer}')

    def _tell_call_ended(self, stream: _Stream, call: Call, agent: Agent) -> None:
        stream.told.pop(call.id, None)
        stream.told_offers.pop(call.id, None)
        self._publish(stream, "call.ended", f'"call":{_json(render_call(call, agent, self._control))}')

    def _tell_target(self, target: Target, state: str | None, available: int | None, as_of: float) -> None:
        directory = self._control.directory()
        document = {"target": str(target), "available": available, "state": state, "as_of": timestamp(as_of)}
        rest = _json(document)[1:-1]
        for stream in self._live():
            if allowed_verbs(directory, stream.agent, target):
                self._publish(stream, "target.updated", rest)

    def _publish(self, stream: _Stream, kind: str, rest: str) -> None:
        stream.seq += 1
        event = Event(stream.seq, kind, timestamp(self.clock()) or "", rest)
        stream.recent.append(event)
        self._metrics.events.inc()
        for window in stream.windows:
            window.put(event)

    def _close(self, windows: Iterable[Window], code: int, reason: str) -> None:
        for window in tuple(windows):
            window.close(code, reason)


def _json(value: object) -> str:
    return to_json(value).decode()
