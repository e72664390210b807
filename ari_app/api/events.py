"""The events of each agent (docs/events.md): numbered, in order, without gaps, for every window.

`EventHub` is notified of what changed, synchronously, and renders it once for each agent who has a window open or had
one a moment ago. It never waits for anybody: `publisher` numbers and sends. Of targets, and for who oversees of agents
and queues, the newest value waits in `fanout`. Of calls every change is sent, and so is every one of the agent's own
state: a desktop follows each step of it, with its reason.

Subscriptions. Without one a window is notified of every target that its agent may reach. With one (`subscriptions`) it
gets `subscribed`, with the targets as they are now, and from there on of every change of these. It may be replaced at
any time, is done again when the configuration changes, and is kept when the window resumes; a new snapshot has none
but that of its query.
"""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from pydantic_core import to_json

from ari_app.api.documents import agent_document, shown_count, shows_state, target_document
from ari_app.api.fanout import Defer, Fanout
from ari_app.api.metrics import Metrics
from ari_app.api.models.alarms import AlarmDocument
from ari_app.api.models.day import DayDocument
from ari_app.api.models.phones import PhoneDocument
from ari_app.api.models.recordings import RecordingDocument
from ari_app.api.models.supervision import LiveTarget
from ari_app.api.models.voicemails import VoicemailDocument
from ari_app.api.port import Agents, AgentState, Control
from ari_app.api.problems import problem_json, problem_of
from ari_app.api.publisher import Publisher, stamp
from ari_app.api.rendering import heard, render_call, render_hearing, sees
from ari_app.api.streams import Stream, Subscription, Value, Viewer
from ari_app.api.windows import RESTART, SESSION_ENDED, News, Outgoing, Window
from ari_app.calls.actions import OVERSEERS
from ari_app.calls.model import Alarm, Call
from ari_app.calls.views import CallView, OfferView, timestamp
from ari_app.routing.directory import Agent
from ari_app.routing.permissions import allowed_purposes
from ari_app.routing.targets import Target, TargetType, parse_target

_VIEWS = msgspec.json.Encoder()
_target = lru_cache(2**14)(parse_target)
"""Of what availability reports, again and again."""


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
        self.clock = clock
        self.outgoing = Outgoing()
        self._fanout = Fanout(self._number_values, defer, self.outgoing)
        self.publisher = Publisher(metrics, self._fanout, recent=recent, queue=queue, keep=keep, clock=clock)
        self._control = control
        self._agents = agents
        self.renew: Callable[[], None] = lambda: None  # called when subscriptions are out of date; see `outdated`
        self._defer = defer
        self._unheard: dict[str, None] = {}

    # -- what has changed ---------------------------------------------------------------------------------------------

    def call_changed(self, before: Call | None, call: Call) -> None:
        """A call is new, changed or over: for each `CallChanged` effect, in order."""
        for viewer in self._concerned(before, call):
            agent = self._control.directory().agents.get(viewer.agent)
            if agent is None:
                continue
            if sees(agent, call):
                self._publish_call(viewer, call, agent)
            elif call.id in viewer.sent or (before is not None and sees(agent, before)):
                self._publish_end(viewer, call, agent)
            for other in self._control.beside(call, agent.id):  # whether it could join those follows from how it is
                if other in viewer.sent:
                    self._publish_call(viewer, self._control.calls()[other], agent)
            if agent.role in OVERSEERS and _has(before, agent) != _has(call, agent):
                self._publish_others(viewer, agent, call)

    def _publish_others(self, viewer: Viewer, agent: Agent, but: Call) -> None:
        """What they may do with other calls follows from whether they have one of their own."""
        for call in list(self._control.calls().values()):
            if call.id != but.id and call.id in viewer.sent:
                self._publish_call(viewer, call, agent)

    def hearing_changed(self, calls: Iterable[str]) -> None:
        """Who hears whom in these calls may be another now: published when all of this step is done."""
        if not self._unheard:
            self._defer(self._publish_hearing)
        self._unheard.update(dict.fromkeys(calls))

    def _publish_hearing(self) -> None:
        calls, self._unheard = self._unheard, {}
        for call_id in calls:
            call = self._control.calls().get(call_id)
            if call is None or not (viewers := self._concerned(None, call)):
                continue
            ears = self._control.hearing(call)
            for viewer in viewers:
                agent = self._control.directory().agents.get(viewer.agent)
                if agent is None or call_id not in viewer.sent:
                    continue
                shown = heard(ears, call, agent, self._control)
                if viewer.sent_hearing.get(call_id, ()) != shown:  # most of what changes a call or leg changes none
                    viewer.sent_hearing[call_id] = shown
                    matrix = _json(render_hearing(shown))[1:-1]
                    self.publisher.publish(viewer, "call.hearing", f'"call_id":{_json(call_id)},{matrix}')

    def alarm(self, call: Call, alarm: Alarm) -> None:
        """Something is wrong with the call: its agents and whoever oversees are notified."""
        alarmed = {"call_id": call.id, "alarm": alarm.value, "since": timestamp(call.held_since)}
        for viewer in self._concerned(None, call):
            self.publisher.publish(viewer, "call.alarm", _json(alarmed)[1:-1])

    def recorded(self, recording: RecordingDocument) -> None:
        """The file of a recording is complete: whoever may hear it is notified."""
        agents = recording.agents if self._control.directory().settings.agents_hear_recordings else ()
        for viewer in self.publisher.live({*agents, *self.publisher.overseers}):
            self.publisher.publish(viewer, "call.recorded", f'"recording":{_json(recording)}')

    def alarm_changed(self, change: str, alarm: AlarmDocument) -> None:
        """An alarm is raised, or over: whoever oversees is notified."""
        for viewer in self.publisher.live(self.publisher.overseers):
            self.publisher.publish(viewer, change, f'"alarm":{_json(alarm)}')

    def emergency(self, agent: str | None, phone: str, number: str) -> None:
        """Somebody has dialled a number for emergencies: whoever oversees is notified."""
        dialled = {"agent": agent, "phone": phone, "number": number}
        for viewer in self.publisher.live(self.publisher.overseers):
            self.publisher.publish(viewer, "emergency.dialled", _json(dialled)[1:-1])

    def voicemail_changed(self, change: str, message: VoicemailDocument) -> None:
        """A message is left, marked or deleted: those whom its box notifies, and who oversees."""
        directory = self._control.directory()
        for viewer in self.publisher.viewers():
            agent = directory.agents.get(viewer.agent)
            if agent is not None and (agent.role in OVERSEERS or directory.notified(agent.id, message.box)):
                self.publisher.publish(viewer, change, f'"voicemail":{_json(message)}')

    def agent_changed(self, record: AgentState) -> None:
        """An agent's state changed: themselves and those who oversee, and as a target everybody who may reach them."""
        agent = self._control.directory().agents.get(record.agent)
        if agent is None:
            return
        themselves, others = self.publisher.viewer(agent.id), self.publisher.overseeing(but=agent.id)
        if themselves is not None or others:
            rest = f'"agent":{_json(agent_document(agent, record, self._agents.device(agent.id)))}'
            if themselves is not None:
                self.publisher.publish(themselves, "agent.updated", rest)
            self._fanout.replace_waiting(others, f"agent.updated {agent.id}", Value("agent.updated", rest))
        target = Target(TargetType.AGENT, agent.id)
        shown = agent.phone is not None and shows_state(self._control.directory(), agent.id)
        if shown and self._fanout.wanted(target):
            self._target_changed(target, str(record.state), None, self.clock())

    def live_changed(self, shown: LiveTarget) -> None:
        """A queue or group is another now, or another of its figures: whoever oversees."""
        overseeing = self.publisher.overseeing()
        if overseeing:
            value = Value("queue.updated", f'"queue":{_json(shown)}')
            self._fanout.replace_waiting(overseeing, f"queue.updated {shown.target}", value)

    def day_changed(self, agent: str, day: DayDocument) -> None:
        """The agent's own figures of today are others, or which calls they have missed: themselves."""
        viewer = self.publisher.viewer(agent)
        if viewer is not None:
            self._fanout.replace_waiting(viewer.streams, "day.updated", Value("day.updated", f'"day":{_json(day)}'))

    def follows(self, agent: str) -> bool:
        """Whether the agent has a window, or may come back to one."""
        return self.publisher.viewer(agent) is not None

    def phone_changed(self, agent: str, phone: PhoneDocument) -> None:
        """Which of the agent's phones rings, how they are, or whose page has one, has changed: themselves."""
        viewer = self.publisher.viewer(agent)
        if viewer is not None:
            self.publisher.publish(viewer, "phone.updated", f'"phone":{_json(phone)}')

    def target_changed(self, target: Target | str, available: int, as_of: float) -> None:
        """The number of free agents changed. `as_of` in seconds since the epoch.

        A level of a skill counts those above too, and need not be one that somebody has: each that is shown is sent.
        """
        target = _target(target) if isinstance(target, str) else target
        counts = {target: available} if self._fanout.wanted(target) else {}
        if target.type is TargetType.SKILL:
            others = (level for level in self._fanout.levels(target.id) if level not in counts)
            counts |= {level: self._agents.available(level) for level in others}
        for counted, count in counts.items():
            state = None if self._agents.is_open(counted) else "closed"
            self._target_changed(counted, state, shown_count(self._control.directory(), counted, count), as_of)

    def opening_changed(self, target: Target) -> None:
        """A queue, group or routing point is open now, or closed."""
        self.target_changed(target, self._agents.available(target), self.clock())

    def failed(self, agent: str, operation: str, error: Exception) -> None:
        """A request of this agent failed after it had been answered."""
        viewer = self.publisher.viewer(agent)
        if viewer is not None:
            self.publisher.publish(viewer, "error", _failure(operation, error))

    def directory_changed(self) -> None:
        """The configuration was read again: who is gone, or has another role, must begin anew."""
        for viewer in self.publisher.viewers():
            agent = self._control.directory().agents.get(viewer.agent)
            if agent is None or agent.role is not viewer.role:
                self.publisher.end(viewer, SESSION_ENDED if agent is None else RESTART, "configuration changed")
        for call in list(self._control.calls().values()):
            self.call_changed(call, call)  # what is shown and what may be done follows from the settings too
        if self.outdated():
            self.renew()

    # -- windows ------------------------------------------------------------------------------------------------------

    def open(self, agent: Agent, digest: str, since: int | None, subscription: Subscription | None = None) -> Opened:
        """A new window of the agent. It resumes after event `since` where those that follow are still here."""
        viewer = self._viewer(agent)
        window, stream, resumed = self.publisher.open(viewer, digest, since)
        opened = Opened(window, stream.seq, None)
        if not resumed:
            calls = sorted((c for c in self._control.calls().values() if sees(agent, c)), key=lambda c: c.started_at)
            opened.calls = [render_call(c, agent, self._control) for c in calls]
        if subscription is not None and subscription != stream.subscription:
            self.subscribe(window, subscription)
        return opened

    def subscribe(self, window: Window, subscription: Subscription | None) -> None:
        """From now on the window is notified of these targets, as they are and when they change; None: of all."""
        stream = self.publisher.stream(window)
        if stream is not None:
            self.resubscribe(stream, subscription)

    def resubscribe(self, stream: Stream, subscription: Subscription | None) -> None:
        """The same, for a stream that need not have a window just now."""
        self._fanout.remove(stream)
        stream.subscription = subscription
        documents = None
        if subscription is not None:
            # Targets are sent here, as they are.
            stream.changed = {name: value for name, value in stream.changed.items() if value.target is None}
            now, directory, viewer = self.clock(), self._control.directory(), stream.viewer.agent
            listed = (target for target in subscription.targets if directory.exists(target))
            documents = [target_document(directory, self._agents, viewer, target, now) for target in listed]
        self._fanout.add(stream)
        self.publisher.number(stream, [News("subscribed", self.publisher.now(), f'"targets":{_json(documents)}')])

    def outdated(self) -> list[Stream]:
        """The streams whose subscription is of a directory that is no longer."""
        now = self._control.directory()
        streams = (stream for viewer in self.publisher.viewers() for stream in viewer.streams)
        return [s for s in streams if s.subscription is not None and s.subscription.directory is not now]

    def refuse(self, window: Window, operation: str, error: Exception) -> None:
        """What this window sent can't be done."""
        stream = self.publisher.stream(window)
        if stream is not None:
            self.publisher.number(stream, [News("error", self.publisher.now(), _failure(operation, error))])

    # -- inside -------------------------------------------------------------------------------------------------------

    def _viewer(self, agent: Agent) -> Viewer:
        viewer = self.publisher.viewer(agent.id)
        if viewer is None:
            viewer = self.publisher.add(Viewer(agent.id, agent.role))
            for call in self._control.calls().values():
                if sees(agent, call):
                    shown = render_call(call, agent, self._control)
                    viewer.sent[call.id] = _view_json(shown)
                    viewer.sent_offers[call.id] = _view_json(shown.offer)
        return viewer

    def _concerned(self, before: Call | None, call: Call) -> list[Viewer]:
        """Of a thousand agents, a call concerns three: those who are or were in it, and who oversees all."""
        parties = (*call.parties.values(), *(before.parties.values() if before is not None else ()))
        return self.publisher.live({p.agent for p in parties if p.agent is not None} | self.publisher.overseers)

    def _publish_call(self, viewer: Viewer, call: Call, agent: Agent) -> None:
        shown = render_call(call, agent, self._control)
        text, offer = _view_json(shown), _view_json(shown.offer)
        kind = "call.updated" if call.id in viewer.sent else "call.created"
        if viewer.sent.get(call.id) != text:  # much of what changes inside cannot be seen from outside
            viewer.sent[call.id] = text
            self.publisher.publish(viewer, kind, f'"call":{text}')
        if viewer.sent_offers.get(call.id, "null") != offer:
            viewer.sent_offers[call.id] = offer
            self.publisher.publish(viewer, "offer.updated", f'"call_id":{_json(call.id)},"offer":{offer}')

    def _publish_end(self, viewer: Viewer, call: Call, agent: Agent) -> None:
        viewer.sent.pop(call.id, None)
        viewer.sent_offers.pop(call.id, None)
        viewer.sent_hearing.pop(call.id, None)
        self.publisher.publish(viewer, "call.ended", f'"call":{_view_json(render_call(call, agent, self._control))}')

    def _target_changed(self, target: Target, state: str | None, available: int | None, as_of: float) -> None:
        document = {"target": str(target), "available": available, "state": state, "as_of": stamp(as_of)}
        self._fanout.changed(target, _json(document)[1:-1])

    def _number_values(self, stream: Stream, values: list[Value]) -> None:
        """The targets of a subscription were permitted when it was made; others are checked now."""
        directory = self._control.directory()
        if stream.subscription is None or stream.subscription.directory is not directory:
            viewer = stream.viewer.agent
            values = [v for v in values if v.target is None or allowed_purposes(directory, viewer, v.target)]
        at = self.publisher.now()
        for value in values:
            if value.news is None or value.news.at != at:
                value.news = News(value.kind, at, value.rest)
        self.publisher.number(stream, [value.news for value in values if value.news is not None])


def _failure(operation: str, error: Exception) -> str:
    return f'"operation":{_json(operation)},"problem":{problem_json(problem_of(error)).decode()}'


def _json(value: object) -> str:
    return to_json(value).decode()


def _view_json(shown: CallView | OfferView | None) -> str:
    """As `_json` writes it, at a third of its time: a call is shown again with each change, to everybody in it."""
    return _VIEWS.encode(shown).decode()
