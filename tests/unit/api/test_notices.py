"""What receivers of webhooks are notified of calls and agents, and what they are not."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.api.following import Notice, follow
from ari_app.api.models.alarms import AlarmDocument
from ari_app.api.notices import Notices
from ari_app.calls.model import Call, Identity, Offer, OfferKind, OfferState, Withheld
from ari_app.routing.targets import Target, TargetType
from ari_app.routing.webhooks import Webhook
from ari_app.webhooks.model import Event, Followed
from tests.unit.api.fakes import NOW, FakeAgents, FakeControl, FakeRecord, call, party

URL = "https://crm.example.org/hook"


class Sent:
    """What was to be kept, and sent."""

    def __init__(self) -> None:
        self.all: list[tuple[Event, Sequence[str]]] = []
        self.known: dict[str, Followed | None] = {}

    def put(self, events: Sequence[tuple[Event, Sequence[str]]], line: str, known: Followed | None) -> None:
        self.all += events
        self.known[line] = known

    def take(self) -> list[tuple[str, str, list[str]]]:
        """Kind, line and receivers of what was sent since."""
        found = [(event.kind, event.line, list(receivers)) for event, receivers in self.all]
        self.all = []
        return found

    def data(self) -> Any:
        """Of the last."""
        return json.loads(self.all[-1][0].data)


class Desk:
    """A call centre whose receivers are listed by a test."""

    def __init__(self, *receivers: Webhook) -> None:
        self.control, self.agents, self.sent = FakeControl(), FakeAgents(), Sent()
        self.control.receivers = {receiver.id: receiver for receiver in receivers}
        self.notices = self.another()

    def another(self) -> Notices:
        return Notices(self.control, self.agents, self.sent, lambda: NOW)

    def becomes(self, now: Call) -> None:
        if now.ended:
            self.control.up.pop(now.id, None)
        else:
            self.control.up[now.id] = now
        self.notices.call_changed(now)


CRM = Webhook("crm", URL)


def queued(call_id: str, queue: str) -> Call:
    offer = Offer("o1", OfferKind.CALL, Target(TargetType.QUEUE, queue), None, Identity("", ""), OfferState.WAITING)
    return replace(call(call_id, party("p1")), queue=queue, queued_at=NOW, offer=offer)


def test_a_call_is_created_updated_and_ended_once_each() -> None:
    desk = Desk(CRM)
    begun = call("c1", party("p1"), party("p2", "alice"))
    desk.becomes(begun)
    desk.becomes(begun)
    desk.becomes(replace(begun, user_data={"ticket": "7"}))
    desk.becomes(replace(begun, ended=True, ended_at=NOW + 1))
    desk.becomes(replace(begun, ended=True, ended_at=NOW + 1))
    kinds = [kind for kind, _, _ in desk.sent.take()]
    assert kinds == ["call.created", "call.updated", "call.ended"]
    assert desk.sent.known == {"call:c1": None}


def test_it_is_shown_as_a_supervisor_sees_it_who_has_no_call() -> None:
    desk = Desk(CRM)
    desk.becomes(call("c1", party("p1"), party("p2", "alice")))
    shown = desk.sent.data()["call"]
    assert [p["number"] for p in shown["parties"]] == ["+33612345678", "+33612345678"]
    assert not any(p["you"] for p in shown["parties"])
    assert "monitor" not in shown["actions"] or "clear" in shown["actions"]


@pytest.mark.parametrize("agents_see", [False, True])
def test_a_number_that_is_withheld_reaches_nobody_whatever_agents_see(agents_see: bool) -> None:
    desk = Desk(CRM)
    settings = replace(desk.control.now_directory.settings, agents_see_withheld=agents_see)
    desk.control.now_directory = replace(desk.control.now_directory, settings=settings)
    hidden = replace(party("p1"), identity=Identity("", "", anonymous=True), withheld=Withheld("Marie", "+33699999999"))
    desk.becomes(call("c1", hidden))
    assert "+33699999999" not in desk.sent.all[-1][0].data
    assert "Marie" not in desk.sent.all[-1][0].data


def test_attached_data_that_is_too_long_is_left_out() -> None:
    desk = Desk(CRM)
    desk.becomes(call("c1", party("p1"), user_data={f"k{n}": "x" * 4_000 for n in range(20)}))
    assert desk.sent.data()["call"]["user_data"] == {}
    assert len(desk.sent.all[-1][0].data) < 65_536


def test_a_receiver_of_a_queue_gets_its_calls_from_when_they_are_there_until_they_end() -> None:
    desk = Desk(Webhook("sales", URL, whom=("queue:sales",)), Webhook("bob", URL, whom=("agent:bob",)))
    begun = call("c1", party("p1"))
    desk.becomes(begun)
    assert desk.sent.take() == []
    waits = queued("c1", "sales")
    desk.becomes(waits)
    assert desk.sent.take() == [("call.created", "call:c1", ["sales"])]
    elsewhere = replace(call("c1", party("p1"), party("p2", "bob")), queue="support")
    desk.becomes(elsewhere)
    assert sorted(desk.sent.take()) == [("call.created", "call:c1", ["bob"]), ("call.updated", "call:c1", ["sales"])]
    desk.becomes(replace(elsewhere, ended=True))
    assert desk.sent.take() == [("call.ended", "call:c1", ["sales", "bob"])]


def test_a_receiver_gets_the_kinds_that_it_is_listed_for() -> None:
    desk = Desk(Webhook("crm", URL, events=("call.ended",)), Webhook("alarms", URL, events=("alarm.raised",)))
    begun = call("c1", party("p1"))
    desk.becomes(begun)
    desk.becomes(replace(begun, ended=True))
    alarm = AlarmDocument(id="x", alarm="trunk_down", subject="trunk:carrier", raised_at="")
    desk.notices.alarm("alarm.raised", alarm, frozenset())
    desk.notices.alarm("alarm.cleared", alarm, frozenset())
    assert desk.sent.take() == [
        ("call.ended", "call:c1", ["crm"]),
        ("alarm.raised", "alarm:x", ["alarms"]),
    ]


def test_agents_are_notified_of_by_themselves_their_groups_and_queues() -> None:
    desk = Desk(Webhook("sales", URL, whom=("queue:sales",)), Webhook("alice", URL, whom=("agent:alice",)))
    of_sales = next(a for a in desk.control.now_directory.agents.values() if "sales" in a.groups)
    desk.notices.agent_changed(FakeRecord("alice", "ready"))
    desk.notices.agent_changed(FakeRecord("alice", "ready"))
    desk.notices.agent_changed(FakeRecord(of_sales.id, "ready"))
    said = desk.sent.take()
    assert ("agent.updated", "agent:alice", ["alice"]) in [(k, n, [r for r in to if r == "alice"]) for k, n, to in said]
    assert ("agent.updated", f"agent:{of_sales.id}") in [(k, n) for k, n, to in said if "sales" in to]
    assert len([x for x in said if x[1] == "agent:alice"]) == 1


async def test_who_takes_over_tells_what_has_changed_meanwhile_and_nothing_twice() -> None:
    desk = Desk(CRM)
    same, changed, over, lost = (call(f"c{n}", party("p1")) for n in range(4))
    for one in (same, changed, over, lost):
        desk.becomes(one)
    desk.notices.agent_changed(FakeRecord("alice", "ready"))
    desk.notices.agent_changed(FakeRecord("bob", "ready"))
    known = {line: followed for line, followed in desk.sent.known.items() if followed is not None}
    desk.sent.take()
    later = desk.another()
    later.restore(known)
    desk.control.up = {"c0": same, "c1": replace(changed, user_data={"a": "b"})}
    desk.agents.records["alice"] = FakeRecord("alice", "ready")
    desk.agents.records["bob"] = FakeRecord("bob", "not_ready")
    await later.catch_up([replace(over, ended=True, ended_at=NOW)])
    said = {line: kind for kind, line, _ in desk.sent.take()}
    assert said == {
        "call:c1": "call.updated",
        "call:c2": "call.ended",
        "call:c3": "call.ended",
        "agent:bob": "agent.updated",
    }


async def test_calls_of_an_asterisk_that_is_away_are_not_over() -> None:
    desk = Desk(CRM)
    desk.becomes(call("c1", party("p1")))
    known = {line: followed for line, followed in desk.sent.known.items() if followed is not None}
    desk.sent.take()
    later = desk.another()
    later.restore(known)
    desk.control.up = {}
    desk.control.parts["asterisk"] = False
    await later.catch_up()
    assert desk.sent.take() == []


def test_a_receiver_that_is_new_in_the_file_gets_the_calls_that_there_are() -> None:
    desk = Desk()
    desk.becomes(call("c1", party("p1")))
    assert desk.sent.take() == []
    desk.control.receivers = {"crm": CRM}
    desk.notices.directory_changed()
    assert desk.sent.take() == [("call.created", "call:c1", ["crm"])]


def test_an_agent_who_is_no_longer_listed_is_forgotten() -> None:
    desk = Desk(CRM)
    desk.notices.agent_changed(FakeRecord("alice", "ready"))
    desk.control.now_directory = replace(desk.control.now_directory, agents={})
    desk.notices.directory_changed()
    assert desk.sent.known == {"agent:alice": None}


def test_whoever_listens_to_no_calls_costs_none() -> None:
    desk = Desk(Webhook("alarms", URL, events=("alarm.raised",)))
    desk.becomes(call("c1", party("p1")))
    desk.notices.agent_changed(FakeRecord("alice", "ready"))
    assert (desk.sent.take(), desk.sent.known) == ([], {})


def test_a_raised_alarm_is_kept_for_who_takes_over_until_it_is_over_whether_or_not_anybody_receives_it() -> None:
    desk = Desk()
    alarm = AlarmDocument(id="x", alarm="trunk_down", subject="trunk:carrier", raised_at="")
    desk.notices.alarm("alarm.raised", alarm, frozenset({"b", "a"}))
    kept = desk.sent.known.pop("alarm:x")
    assert kept is not None
    assert json.loads(kept.text)["about"] == ["a", "b"]
    desk.notices.alarm("alarm.cleared", alarm, frozenset())
    assert desk.sent.known == {"alarm:x": None}


STEP = st.tuples(st.text("ab", max_size=2), st.frozensets(st.sampled_from("xyz")), st.booleans())


@given(st.lists(STEP))
def test_each_receiver_gets_one_beginning_then_changes_then_one_end(
    steps: list[tuple[str, frozenset[str], bool]],
) -> None:
    known: Followed | None = None
    said: dict[str, list[Notice]] = {name: [] for name in "xyz"}
    for text, concerned, over in steps:
        before = known
        now, known = follow(known, text, sorted(concerned), "xyz", over=over)
        for what, receivers in now.items():
            for name in receivers:
                said[name].append(what)
        if not over:
            assert known is None or known.text == text
            assert set(concerned) <= set(known.receivers if known is not None else ())
        if before is not None and before.text == text and not over:
            assert Notice.CHANGED not in now
    for name, heard in said.items():
        follows = False
        for what in heard:
            assert (what is Notice.BEGINS) is not follows
            follows = what is not Notice.OVER
        assert follows is (known is not None and name in known.receivers)
