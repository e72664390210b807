"""What happens, as receivers of webhooks are notified of it (docs/webhooks.md): calls, agents and alarms, as a
supervisor sees them.

It is notified of every change, synchronously, and waits for nobody: what is to be sent is kept and sent elsewhere
(`Changes`). What receivers know last is kept beside each event, so that a controller that takes over tells them what
has changed meanwhile, and nothing twice.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from pydantic_core import to_json

from ari_app.api.documents import agent_document
from ari_app.api.following import Notice, follow
from ari_app.api.models.alarms import AlarmDocument
from ari_app.api.models.recordings import RecordingDocument
from ari_app.api.models.voicemails import VoicemailDocument
from ari_app.api.port import Agents, AgentState, Control
from ari_app.api.rendering import render_call
from ari_app.calls import discretion
from ari_app.calls.model import Call
from ari_app.routing.directory import Agent, Role
from ari_app.routing.targets import Target, TargetType
from ari_app.routing.webhooks import About, Kind, Webhook
from ari_app.webhooks.model import LONGEST, Event, Followed

VIEWER = Agent("webhook:", "webhook", role=Role.SUPERVISOR)
"""Nobody, by an id that nobody can have: who sees all calls, and is in none."""
_KINDS: Mapping[Notice, Kind] = {
    Notice.BEGINS: "call.created",
    Notice.CHANGED: "call.updated",
    Notice.OVER: "call.ended",
}
_ROOM = 2_048
"""Bytes around a document."""


class Changes(Protocol):
    """Where they go."""

    def put(self, events: Sequence[tuple[Event, Sequence[str]]], line: str, known: Followed | None) -> None:
        """Have them kept, and sent to these receivers; and what is known of the line after them."""


class Notices:
    """`clock` in seconds since the epoch."""

    def __init__(
        self, control: Control, agents: Agents, changes: Changes, clock: Callable[[], float] = time.time
    ) -> None:
        self._control = control
        self._agents = agents
        self._changes = changes
        self._clock = clock
        self._known: dict[str, Followed] = {}

    # -- what has changed ---------------------------------------------------------------------------------------------

    def call_changed(self, call: Call) -> None:
        """A call is new, changed or over."""
        line = f"call:{call.id}"
        if call.tie is not None or not (line in self._known or self._follow("call.")):
            return
        self._tell(line, _KINDS, "call", self._call_document(call), about_call(call), over=call.ended)

    def agent_changed(self, record: AgentState) -> None:
        """An agent's state has."""
        agent = self._control.directory().agents.get(record.agent)
        if agent is None or not self._follow("agent."):
            return
        text = _json(agent_document(agent, record, self._agents.device(agent.id)))
        updated: Mapping[Notice, Kind] = dict.fromkeys(Notice, "agent.updated")
        self._tell(f"agent:{agent.id}", updated, "agent", text, self._about_agent(agent))

    def agents_read_again(self) -> None:
        """Changes may have been missed: of whoever receivers have heard of."""
        for line in [line for line in self._known if line.startswith("agent:")]:
            record = self._agents.record(line.removeprefix("agent:"))
            if record is not None:
                self.agent_changed(record)

    def alarm(self, kind: Kind, document: AlarmDocument, about: About) -> None:
        """An alarm is raised, or over. What is raised is kept, for who takes over to know when it is over."""
        receivers = tuple(name for name, w in self._listed().items() if kind in w.events and w.concerned(about))
        line, text = f"alarm:{document.id}", _json(document)
        events = [(self._event(kind, line, f'{{"alarm":{text}}}'), receivers)] if receivers else []
        raised = Followed(_json({"alarm": document, "about": sorted(about)}), ()) if kind == "alarm.raised" else None
        self._changes.put(events, line, raised)

    def voicemail_left(self, message: VoicemailDocument) -> None:
        """A caller has left a message; who tells it again gives the event the same id."""
        box = self._control.directory().voicemail.get(message.box)
        about = frozenset(map(str, box.notify if box is not None else ()))
        about |= {str(Target(TargetType.QUEUE, message.queue))} if message.queue is not None else frozenset()
        receivers = [n for n, w in self._listed().items() if "voicemail.left" in w.events and w.concerned(about)]
        line, data = f"voicemail:{message.id}", f'{{"voicemail":{_json(message)}}}'
        if receivers:
            event = Event(f"evt_{message.id}", "voicemail.left", line, self._clock(), data)
            self._changes.put([(event, receivers)], line, None)

    def recorded(self, document: RecordingDocument, about: About) -> None:
        """The file of a recording is complete. Whoever tells it again, as its predecessor may not have, does so by the
        same id."""
        kind: Kind = "call.recorded"
        receivers = tuple(name for name, w in self._listed().items() if kind in w.events and w.concerned(about))
        line = f"recording:{document.id}"
        event = Event(f"evt_{document.id}", kind, line, self._clock(), f'{{"recording":{_json(document)}}}')
        if receivers:
            self._changes.put([(event, receivers)], line, None)

    def directory_changed(self) -> None:
        """The configuration was read again: other receivers may follow now."""
        for call in list(self._control.calls().values()):
            self.call_changed(call)
        for line in [line for line in self._known if line.startswith("agent:")]:
            if line.removeprefix("agent:") not in self._control.directory().agents:
                del self._known[line]
                self._changes.put((), line, None)

    # -- after another controller -------------------------------------------------------------------------------------

    def restore(self, known: Mapping[str, Followed]) -> None:
        """What receivers were notified of before this controller led."""
        self._known = dict(known)

    async def catch_up(self, over: Iterable[Call] = ()) -> None:
        """Tell what has changed since; `over` are calls that ended lately. Once calls and agents are restored."""
        for call in (*over, *list(self._control.calls().values())):
            self.call_changed(call)
        self.agents_read_again()
        for line in list(self._known):
            kind, _, name = line.partition(":")
            if kind == "call":
                await self._control.led(name)
                if name not in self._control.calls() and self._control.reached(name):
                    self._lost(line)

    def _lost(self, line: str) -> None:
        """A call that ended when nobody looked: as it was last, and over."""
        followed = self._known.get(line)
        if followed is not None:
            last = json.loads(followed.text)
            last |= {"state": "released", "actions": [], "ended_by": "system", "end_reason": "lost"}
            self._tell(line, _KINDS, "call", json.dumps(last), frozenset(), over=True)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _listed(self) -> Mapping[str, Webhook]:
        return self._control.webhooks()

    def _follow(self, prefix: str) -> bool:
        return any(webhook.follows(prefix) for webhook in self._listed().values())

    def _tell(
        self, line: str, kinds: Mapping[Notice, Kind], name: str, text: str, about: About, *, over: bool = False
    ) -> None:
        listed, prefix = self._listed(), f"{name}."
        concerned = [w.id for w in listed.values() if w.follows(prefix) and w.concerned(about)]
        before = self._known.get(line)
        said, known = follow(before, text, concerned, listed, over=over)
        events = []
        for what, receivers in said.items():
            kind = kinds[what]
            wanting = [receiver for receiver in receivers if kind in listed[receiver].events]
            if wanting:
                events.append((self._event(kind, line, f'{{"{name}":{text}}}'), wanting))
        if known is None:
            self._known.pop(line, None)
        else:
            self._known[line] = known
        if events or known != before:
            self._changes.put(events, line, known)

    def _event(self, kind: Kind, line: str, data: str) -> Event:
        return Event(f"evt_{uuid.uuid4().hex}", kind, line, self._clock(), data)

    def _call_document(self, call: Call) -> str:
        """Without what somebody withholds, whatever agents may see; and without attached data that is too long."""
        shown = render_call(discretion.of_call(call), VIEWER, self._control)
        shown = replace(shown, parties=tuple(replace(party, talking=False) for party in shown.parties))
        text = _json(shown)
        return text if len(text.encode()) <= LONGEST - _ROOM else _json(replace(shown, user_data={}))

    def _about_agent(self, agent: Agent) -> About:
        queues = self._control.directory().queues.values()
        served = (str(Target(TargetType.QUEUE, q.id)) for q in queues if not set(q.groups).isdisjoint(agent.groups))
        groups = (str(Target(TargetType.GROUP, group)) for group in agent.groups)
        return frozenset((f"agent:{agent.id}", *served, *groups))


def about_call(call: Call) -> About:
    """Where its caller waits or waited, for whom somebody is sought, and the agents in it."""
    found = {f"agent:{party.agent}" for party in call.parties.values() if party.agent is not None}
    if call.queue is not None:
        found.add(str(Target(TargetType.QUEUE, call.queue)))
    if call.offer is not None:
        found.add(str(call.offer.target))
    return frozenset(found)


def _json(value: object) -> str:
    return to_json(value).decode()
