"""Snapshot and events, over any number of lost windows, add up to the calls and targets that the agent sees."""

import json
from dataclasses import replace

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ari_app.api.events import EventHub, Opened
from ari_app.api.metrics import Metrics
from ari_app.calls.model import Call
from tests.unit.api.fakes import DEMO, NOW, FakeAgents, FakeControl, FakeRecord, call, party

ALICE = DEMO.directory.agents["alice"]


class Follower(RuleBasedStateMachine):
    """A client that follows alice's events while one call comes and goes. `recent` is small, so that much is missed."""

    @initialize()
    def begin(self) -> None:
        self.control = FakeControl()
        self.hub = EventHub(self.control, FakeAgents(), Metrics(), recent=3, clock=lambda: NOW, defer=lambda do: do())
        self.known = False
        self.seq = 0
        self.ready: str | None = None
        self.count = 0
        self.reported: dict[str, tuple[str | None, int | None]] = {}
        self.changes = 0
        self._open(None)

    # -- what happens ----------------------------------------------------------------------------------------------

    @rule()
    def changes_with_alice(self) -> None:
        self._change(call("c", party("p1"), party("p2", "alice"), user_data={"n": str(self.changes)}))

    @rule()
    def changes_without_alice(self) -> None:
        self._change(call("c", party("p1"), party("p2", "bob"), user_data={"n": str(self.changes)}))

    @precondition(lambda self: self.control.up)
    @rule()
    def ends(self) -> None:
        self._change(replace(self.control.up["c"], ended=True))

    @rule()
    def somebodys_state_changes(self) -> None:
        self.ready = "not_ready" if self.ready == "ready" else "ready"
        self.hub.agent_changed(FakeRecord("bob", self.ready))

    @rule()
    def a_count_changes(self) -> None:
        self.count += 1
        self.hub.target_changed("group:support", self.count, NOW)

    # -- what the client does ---------------------------------------------------------------------------------------

    @rule()
    def loses_its_window(self) -> None:
        self.hub.publisher.closed(self.opened.window)

    @rule()
    def resumes(self) -> None:
        self.hub.publisher.closed(self.opened.window)
        self._open(self.seq)

    @rule()
    def begins_anew(self) -> None:
        self.hub.publisher.closed(self.opened.window)
        self._open(None)

    @invariant()
    def knows_what_the_server_knows(self) -> None:
        if self.opened.window.closed is not None:
            return
        self._take()
        assert self.reported.get("agent:bob", (self.ready, None)) == (self.ready, None)
        assert self.reported.get("group:support", (None, self.count)) == (None, self.count)
        up = self.control.up.get("c")
        assert self.known == (up is not None and up.party_of("alice") is not None)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _change(self, after: Call) -> None:
        self.changes += 1
        before = self.control.up.get("c")
        self.control.up = {} if after.ended else {"c": after}
        self.hub.call_changed(before, after)

    def _open(self, since: int | None) -> None:
        self.opened: Opened = self.hub.open(ALICE, "digest", since)
        if self.opened.calls is not None:
            self.known = bool(self.opened.calls)
            self.reported = {}  # a client asks for what it shows after a snapshot
            self.seq = self.opened.seq

    def _take(self) -> None:
        while (event := self.opened.window.take()) is not None:
            assert event.seq == self.seq + 1
            self.seq = event.seq
            if event.kind == "target.updated":
                reported = json.loads(event.text())
                self.reported[reported["target"]] = (reported["state"], reported["available"])
            elif event.kind.startswith("call."):
                assert self.known == (event.kind != "call.created")
                self.known = event.kind != "call.ended"


TestFollower = Follower.TestCase
