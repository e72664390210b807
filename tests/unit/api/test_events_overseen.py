"""Who oversees is notified of agents and queues: what a window is too slow for comes as one, and does not close it."""

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ari_app.api.events import EventHub, Opened
from ari_app.api.fanout import BATCH
from ari_app.api.metrics import Metrics
from ari_app.api.models.openings import Opening
from ari_app.api.models.supervision import LiveTarget, Share, Waited
from ari_app.api.streams import Selection, Subscription
from ari_app.api.windows import Window
from ari_app.calls.views import timestamp
from ari_app.routing.targets import parse_target
from tests.unit.api.fakes import DEMO, NOW, FakeAgents, FakeControl, FakeRecord

ERIN = DEMO.directory.agents["erin"]
OTHERS = sorted(DEMO.directory.agents.keys() - {"erin"})
QUEUES = [f"queue:q{n}" for n in range(BATCH + 50)]
STATES = ("ready", "not_ready", "on_call")
SHOWN = Subscription(Selection(("agent:bob",)), (parse_target("agent:bob"),), DEMO.directory)
# Own steps that wait for a window beside all else.
STEPS = 8


def overseen(queue: int = 1024, recent: int = 512) -> EventHub:
    return EventHub(
        FakeControl(), FakeAgents(), Metrics(), queue=queue, recent=recent, clock=lambda: NOW, defer=lambda do: do()
    )


def live(target: str, waiting: int) -> LiveTarget:
    none = Share(numerator=0, denominator=0)
    opening = Opening(open=True, changes_at=None, opening="hours", hours=None, until=None, by=None, at=None)
    return LiveTarget(target=target, name=target, waiting=waiting, oldest_queued_at=None, talking=0, agents={},
                      opening=opening, answered=none, service_level=none, abandoned=none,
                      speed_of_answer=Waited(numerator=0, denominator=0), as_of=timestamp(NOW) or "")  # fmt: skip


def all_of(window: Window) -> list[Any]:
    """All that waits for it."""
    events = []
    while (event := window.take()) is not None:
        events.append(json.loads(event.text()))
    return events


def reported(event: Any) -> tuple[str, object]:
    """Of what an event tells, and how it is."""
    match event["type"]:
        case "agent.updated":
            return event["agent"]["agent"], event["agent"]["state"]
        case "queue.updated":
            return event["queue"]["target"], event["queue"]["waiting"]
        case _:
            return event.get("target", event["type"]), event.get("state")


def test_a_window_that_stands_still_gets_the_newest_of_each_in_the_order_in_which_they_changed() -> None:
    hub = overseen()
    opened = hub.open(ERIN, "d", None, Subscription(Selection(()), (), DEMO.directory))
    for n, state in enumerate(("ready", "on_call", "not_ready")):
        hub.agent_changed(FakeRecord("bob", state))
        hub.live_changed(live("queue:sales", n))
        hub.agent_changed(FakeRecord("carol", state))
    events = all_of(opened.window)
    assert [reported(event) for event in events[1:]] == [
        ("bob", "not_ready"),
        ("queue:sales", 2),
        ("carol", "not_ready"),
    ]
    assert [event["seq"] for event in events] == [opened.seq + n for n in range(1, 5)]


def test_of_the_own_state_every_step_comes_with_its_reason() -> None:
    hub = overseen()
    opened = hub.open(ERIN, "d", None, Subscription(Selection(()), (), DEMO.directory))
    for reason in ("break", "lunch", None):
        hub.agent_changed(FakeRecord("erin", "not_ready", reason))
    assert [event["agent"]["reason"] for event in all_of(opened.window)[1:]] == ["break", "lunch", None]


def test_a_window_that_keeps_up_gets_every_change() -> None:
    hub = overseen()
    opened = hub.open(ERIN, "d", None, Subscription(Selection(()), (), DEMO.directory))
    events = all_of(opened.window)
    for state in STATES:
        hub.agent_changed(FakeRecord("bob", state))
        events += all_of(opened.window)
    assert [reported(event) for event in events[1:]] == [("bob", state) for state in STATES]


def test_more_changes_at_once_than_may_wait_for_a_window_close_none() -> None:
    hub = overseen(queue=BATCH)
    opened = hub.open(ERIN, "d", None)
    for target in QUEUES:
        hub.live_changed(live(target, 3))
    assert [reported(event) for event in all_of(opened.window)] == [(target, 3) for target in QUEUES]


def test_what_changed_while_nobody_looked_is_there_when_the_window_resumes() -> None:
    hub = overseen(recent=2)
    opened = hub.open(ERIN, "d", None, Subscription(Selection(()), (), DEMO.directory))
    assert len(all_of(opened.window)) == 1
    hub.publisher.closed(opened.window)
    for n, target in enumerate(QUEUES):
        hub.live_changed(live(target, n))
        hub.live_changed(live(target, n + 1))
    resumed = hub.open(ERIN, "d", opened.seq + 1)
    assert resumed.calls is None
    assert [reported(event) for event in all_of(resumed.window)] == [(target, n + 1) for n, target in enumerate(QUEUES)]


def test_another_subscription_takes_away_nothing_that_it_does_not_tell_itself() -> None:
    hub = overseen()
    opened = hub.open(ERIN, "d", None)
    hub.agent_changed(FakeRecord("bob", "ready"))
    hub.live_changed(live("queue:sales", 7))
    hub.subscribe(opened.window, SHOWN)
    hub.target_changed("agent:bob", 1, NOW)
    hub.subscribe(opened.window, None)
    assert [reported(event) for event in all_of(opened.window)] == [
        ("subscribed", None), ("subscribed", None), ("bob", "ready"), ("queue:sales", 7), ("agent:bob", None),
    ]  # fmt: skip


class Overseer(RuleBasedStateMachine):
    """Erin's client reads when it likes; in the end it knows what one would know that had read everything at once."""

    @initialize()
    def begin(self) -> None:
        self.hub = overseen(queue=BATCH + STEPS, recent=BATCH)
        self.truth: dict[str, object] = {}
        self.known: dict[str, object] = {}
        self.steps: list[str] = []
        self.seen: list[str] = []
        self.changes = 0
        self.seq = 0
        self._open(None)

    # -- what happens --------------------------------------------------------------------------------------------------

    @rule(agent=st.sampled_from(OTHERS), state=st.sampled_from(STATES))
    def an_agent_changes(self, agent: str, state: str) -> None:
        self.truth[agent] = state
        self.hub.agent_changed(FakeRecord(agent, state))

    @rule(queue=st.sampled_from(QUEUES))
    def a_queue_changes(self, queue: str) -> None:
        self.changes += 1
        self.truth[queue] = self.changes
        self.hub.live_changed(live(queue, self.changes))

    @rule()
    def all_change_at_once(self) -> None:
        for agent in OTHERS:
            self.an_agent_changes(agent, STATES[self.changes % 3])
        for queue in QUEUES:
            self.a_queue_changes(queue)

    @precondition(lambda self: len(self.steps) - len(self.seen) < STEPS)
    @rule()
    def the_own_state_changes(self) -> None:
        self.changes += 1
        self.steps.append(f"step {self.changes}")
        self.hub.agent_changed(FakeRecord("erin", "not_ready", self.steps[-1]))

    # -- what the client does ------------------------------------------------------------------------------------------

    @rule(most=st.sampled_from((1, 3, BATCH, 1000)))
    def reads(self, most: int) -> None:
        for _ in range(most):
            if (event := self.opened.window.take()) is None:
                return
            assert event.seq == self.seq + 1
            self.seq = event.seq
            fields = json.loads(event.text())
            if event.kind == "agent.updated" and fields["agent"]["agent"] == "erin":
                self.seen.append(fields["agent"]["reason"])
            elif event.kind in ("agent.updated", "queue.updated"):
                name, value = reported(fields)
                self.known[name] = value

    @rule(subscription=st.sampled_from((None, SHOWN)))
    def shows_other_targets(self, subscription: Subscription | None) -> None:
        self.reads(1000)
        self.hub.subscribe(self.opened.window, subscription)

    @rule()
    def loses_its_window_and_resumes(self) -> None:
        self.hub.publisher.closed(self.opened.window)
        self._open(self.seq)

    @rule()
    def begins_anew(self) -> None:
        self.hub.publisher.closed(self.opened.window)
        self._open(None)

    @invariant()
    def it_is_not_closed(self) -> None:
        assert self.opened.window.closed is None

    def teardown(self) -> None:
        if hasattr(self, "opened"):
            self.reads(10_000)
            assert self.known == self.truth
            assert self.seen == self.steps

    def _open(self, since: int | None) -> None:
        self.opened: Opened = self.hub.open(ERIN, "digest", since)
        if self.opened.calls is not None:  # a client asks for what it shows after a snapshot
            self.known, self.seen, self.seq = dict(self.truth), list(self.steps), self.opened.seq


TestOverseer = Overseer.TestCase
