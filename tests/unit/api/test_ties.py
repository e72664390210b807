"""Calls of one agent at two Asterisks, as their desktop sees them: whether they could become one."""

import json
from dataclasses import replace

from ari_app.api.events import EventHub
from ari_app.api.metrics import Metrics
from ari_app.api.rendering import render_call, sees
from ari_app.calls.model import Tie
from ari_app.calls.verbs import CallAction
from tests.unit.api.fakes import DEMO, NOW, FakeAgents, FakeControl, call, party

ALICE, ERIN = DEMO.directory.agents["alice"], DEMO.directory.agents["erin"]
ONE, OTHER = (call(name, party("p1"), party("p2", "alice")) for name in ("one", "other"))


def test_a_call_that_one_at_another_asterisk_could_join_may_be_merged() -> None:
    control = FakeControl()
    control.up = {"one": ONE, "other": OTHER}
    assert CallAction.MERGE not in render_call(ONE, ALICE, control).actions
    control.joinable = {"one": ["other"]}
    actions = render_call(ONE, ALICE, control).actions
    assert CallAction.MERGE in actions
    assert list(actions) == sorted(set(actions))
    assert CallAction.MERGE not in render_call(OTHER, ALICE, control).actions
    assert render_call(replace(ONE, ended=True), ALICE, control).actions == ()


def test_what_may_be_done_with_a_call_is_shown_anew_when_the_one_at_the_other_asterisk_changes() -> None:
    control = FakeControl()
    control.up = {"one": ONE, "other": OTHER}
    control.joinable = {"one": [], "other": []}
    hub = EventHub(control, FakeAgents(), Metrics(), clock=lambda: NOW, defer=lambda do: do())
    window = hub.open(ALICE, "digest", None).window
    control.joinable = {"one": ["other"], "other": []}
    hub.call_changed(OTHER, replace(OTHER, owner="alice"))
    events = []
    while (event := window.take()) is not None:
        events.append(json.loads(event.text()))
    changed = {event["call"]["id"]: event["call"]["actions"] for event in events if event["type"] == "call.updated"}
    assert "merge" in changed["one"]
    assert "merge" not in changed["other"]


def test_a_tie_is_nobodys_call_also_for_who_oversees_all() -> None:
    assert sees(ERIN, ONE)
    assert not sees(ERIN, replace(ONE, tie=Tie("other", "alice", None)))
