"""Alarms: raised when something is wrong for long enough, over when it is fine, and never to and fro."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from types import MappingProxyType
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.api import alarm_rules as rules
from ari_app.api.alarm_rules import Reading, Watched, judge
from ari_app.api.alarms import AlarmBoard
from ari_app.api.models.agents import State
from ari_app.api.models.alarms import AlarmDocument
from ari_app.api.models.openings import Opening
from ari_app.api.models.supervision import LiveTarget, Share, Waited
from ari_app.calls.model import Alarm
from ari_app.calls.views import timestamp
from ari_app.routing.alarms import AlarmLimits
from ari_app.routing.directory import Voicemail
from ari_app.routing.targets import parse_target
from ari_app.routing.webhooks import About
from ari_app.webhooks.model import Followed
from tests.unit.api.fakes import HOST, NOW, FakeControl, World, call, party

SALES = "queue:sales"
DAY = 86_400.0
OPEN = Opening(open=True, changes_at=None, opening="hours", hours=None, until=None, by=None, at=None)


class Watch:
    """An alarm board whose time a test makes go by."""

    def __init__(self, limits: AlarmLimits) -> None:
        self.control, self.now = FakeControl(), NOW
        directory = self.control.now_directory
        queues = {name: replace(queue, alarms=limits) for name, queue in directory.queues.items()}
        self.control.now_directory = replace(directory, queues=MappingProxyType(queues))
        self.said: list[tuple[str, AlarmDocument, About]] = []
        self.timers: dict[int, tuple[float, Callable[[], None]]] = {}
        self.board = self.another()

    def another(self) -> AlarmBoard:
        return AlarmBoard(self.control, self._tell, lambda: self.now, self._later)

    def _tell(self, change: str, alarm: AlarmDocument, about: About) -> None:
        self.said.append((change, alarm, about))

    def _later(self, seconds: float, work: Callable[[], None]) -> "Timer":
        timer = Timer(self)
        self.timers[id(timer)] = self.now + seconds, work
        return timer

    def passes(self, seconds: float) -> None:
        """So much time, with all that is due in it."""
        until = self.now + seconds
        while due := sorted((at, key) for key, (at, _) in self.timers.items() if at <= until):
            at, key = due[0]
            self.now = max(self.now, at)
            self.timers.pop(key)[1]()
        self.now = until

    def shows(
        self, waiting: int = 0, oldest: float | None = None, in_time: int = 0, of: int = 0, **agents: int
    ) -> None:
        states = cast("dict[State, int]", agents)
        share = Share(numerator=in_time, denominator=of)
        self.board.target_changed(
            LiveTarget(
                target=SALES, name="Sales", opening=OPEN, waiting=waiting, oldest_queued_at=timestamp(oldest),
                agents=states,
                service_level=share, abandoned=Share(numerator=0, denominator=of), as_of=timestamp(self.now) or "",
                talking=0, answered=share, speed_of_answer=Waited(numerator=0.0, denominator=0),
            )
        )  # fmt: skip

    def take(self) -> list[tuple[str, str]]:
        """What was said since."""
        said, self.said = self.said, []
        return [(change, alarm.alarm) for change, alarm, _ in said]


class Timer:
    """One of a test's."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch

    def cancel(self) -> None:
        self._watch.timers.pop(id(self), None)


def test_a_message_that_nobody_has_heard_is_an_alarm_at_that_moment_and_survives_a_restart() -> None:
    watch = Watch(AlarmLimits())
    box = Voicemail("support", "Support", (parse_target("group:support"),), alarm_after=3600.0)
    directory = watch.control.now_directory
    watch.control.now_directory = replace(directory, voicemail={"support": box})
    watch.board.boxes_counted({"support": NOW - 600.0})
    watch.passes(2999.0)
    assert watch.take() == []
    watch.passes(1.0)
    ((change, alarm, about),) = watch.said
    assert (change, alarm.value, alarm.limit) == ("alarm.raised", 3600.0, 3600.0)
    assert about == {"voicemail:support", "group:support"}
    watch.take()
    board = watch.another()
    kept = json.dumps({"alarm": alarm.model_dump(), "about": sorted(about)})
    board.restore({f"alarm:{alarm.id}": Followed(kept, ())})
    board.catch_up()
    board.boxes_counted({"support": NOW - 600.0})
    assert watch.take() == []
    board.boxes_counted({"support": NOW - 600.0 + 3600.0})
    assert watch.take() == [("alarm.cleared", "unheard_message")]
    board.boxes_counted({"support": None, "gone": NOW})
    watch.passes(DAY)
    assert watch.take() == []


def test_a_caller_who_waits_too_long_is_an_alarm_at_that_moment_though_nothing_changes() -> None:
    watch = Watch(AlarmLimits(oldest_wait=60))
    watch.shows(waiting=1, oldest=NOW, ready=1)
    watch.passes(59.9)
    assert watch.take() == []
    watch.passes(0.2)
    ((change, alarm, about),) = watch.said
    assert (change, alarm.subject, alarm.value, alarm.limit) == ("alarm.raised", SALES, 60.0, 60.0)
    assert about == {SALES}
    assert watch.board.now() == [alarm]


def test_it_is_over_when_who_waits_longest_waits_for_less_than_half_as_long() -> None:
    watch = Watch(AlarmLimits(oldest_wait=60))
    watch.shows(waiting=2, oldest=NOW, ready=1)
    watch.passes(61)
    watch.take()
    watch.shows(waiting=1, oldest=NOW + 10, ready=1)  # 51 s: neither
    assert watch.take() == []
    watch.shows(waiting=1, oldest=NOW + 50, ready=1)
    assert watch.take() == [("alarm.cleared", "oldest_wait")]
    assert watch.board.now() == []
    watch.passes(60)
    assert watch.take() == [("alarm.raised", "oldest_wait")]


def test_who_is_answered_in_time_was_no_alarm() -> None:
    watch = Watch(AlarmLimits(oldest_wait=60))
    watch.shows(waiting=1, oldest=NOW, ready=1)
    watch.passes(50)
    watch.shows(ready=1)
    watch.passes(3_600)
    assert (watch.take(), watch.timers) == ([], {})


def test_a_service_level_below_its_limit_is_one_from_the_tenth_caller_on_and_until_it_is_better() -> None:
    watch = Watch(AlarmLimits(service_level=0.8))
    watch.shows(in_time=3, of=9)
    assert watch.take() == []
    watch.shows(in_time=7, of=10)
    assert watch.take() == [("alarm.raised", "service_level")]
    watch.shows(in_time=82, of=100)
    assert watch.take() == []
    watch.shows(in_time=85, of=100)
    assert watch.take() == [("alarm.cleared", "service_level")]
    watch.shows(in_time=81, of=100)
    assert watch.take() == []


def test_a_new_day_has_no_service_level_yet() -> None:
    watch = Watch(AlarmLimits(service_level=0.8))
    watch.shows(in_time=1, of=100)
    watch.shows()
    assert watch.take() == [("alarm.raised", "service_level"), ("alarm.cleared", "service_level")]


def test_callers_for_whom_nobody_is_logged_in_are_an_alarm_after_a_moment() -> None:
    watch = Watch(AlarmLimits())
    watch.shows(waiting=1, oldest=NOW, logged_out=2)
    watch.passes(5)
    watch.shows(waiting=2, oldest=NOW, logged_out=2)
    watch.passes(5)
    assert watch.take() == [("alarm.raised", "nobody_logged_in")]
    watch.shows(waiting=2, oldest=NOW, not_ready=1, logged_out=1)
    assert watch.take() == [("alarm.cleared", "nobody_logged_in")]


def test_it_is_none_where_the_file_says_so() -> None:
    watch = Watch(AlarmLimits(nobody_logged_in=False))
    watch.shows(waiting=1, oldest=NOW)
    watch.passes(60)
    assert watch.take() == []


def test_a_trunk_that_is_away_for_some_seconds_is_an_alarm_until_it_is_back_for_some() -> None:
    watch = Watch(AlarmLimits())
    watch.board.trunk_changed("carrier", reached=False)
    watch.passes(3)
    watch.board.trunk_changed("carrier", reached=True)
    watch.passes(10)
    assert watch.take() == []
    watch.board.trunk_changed("carrier", reached=False)
    watch.passes(5)
    assert watch.take() == [("alarm.raised", "trunk_down")]
    watch.board.trunk_changed("carrier", reached=True)
    watch.passes(3)
    watch.board.trunk_changed("carrier", reached=False)
    watch.passes(10)
    assert watch.take() == []
    watch.board.trunk_changed("carrier", reached=True)
    watch.passes(5)
    assert watch.take() == [("alarm.cleared", "trunk_down")]


@pytest.mark.parametrize("alarm", list(Alarm))
def test_an_alarm_of_a_call_is_over_when_nobody_is_on_hold_in_it_any_more(alarm: Alarm) -> None:
    watch = Watch(AlarmLimits())
    held = call("c1", party("p1"), party("p2", "alice"), held_since=NOW)
    watch.board.call_alarm(held, alarm)
    watch.board.call_alarm(held, alarm)
    watch.board.call_changed(held)
    ((_, raised, about),) = watch.said
    assert (raised.subject, "agent:alice" in about) == ("call:c1", True)
    watch.take()
    watch.board.call_changed(replace(held, held_since=None))
    watch.board.call_changed(replace(held, held_since=None))
    assert watch.take() == [("alarm.cleared", alarm.value)]


def test_each_emergency_is_an_alarm_of_its_own_for_ten_minutes() -> None:
    watch = Watch(AlarmLimits())
    watch.board.emergency("alice", "1001", "112")
    watch.passes(1)
    watch.board.emergency("alice", "1001", "112")
    watch.board.emergency(None, "1009", "15")
    assert [(a.subject, a.detail) for _, a, _ in watch.said] == [
        ("agent:alice", "112"),
        ("agent:alice", "112"),
        ("phone:1009", "15"),
    ]
    watch.take()
    watch.passes(600)
    assert watch.take() == [("alarm.cleared", "emergency_dialled")] * 3


def test_what_is_no_longer_in_the_file_is_no_alarm() -> None:
    watch = Watch(AlarmLimits(oldest_wait=60))
    watch.shows(waiting=1, oldest=NOW, ready=1)
    watch.passes(61)
    watch.take()
    watch.board.trunk_changed("carrier", reached=False)
    watch.passes(5)
    watch.take()
    watch.board.directory_changed()
    assert watch.take() == []
    directory = watch.control.now_directory
    watch.control.now_directory = replace(directory, queues={}, settings=replace(directory.settings, trunk="another"))
    watch.board.directory_changed()
    assert watch.take() == [("alarm.cleared", "oldest_wait"), ("alarm.cleared", "trunk_down")]


def test_a_limit_that_is_taken_out_of_the_file_is_none() -> None:
    watch = Watch(AlarmLimits(service_level=0.8))
    watch.shows(in_time=1, of=10)
    watch.take()
    watch.control.now_directory = FakeControl().now_directory
    watch.shows(in_time=1, of=10)
    assert watch.take() == [("alarm.cleared", "service_level")]


def test_the_limits_of_a_queue_go_before_those_of_all() -> None:
    own, usual = AlarmLimits(oldest_wait=30), AlarmLimits(60, 0.8, nobody_logged_in=False)
    assert own.over(usual) == AlarmLimits(30, 0.8, nobody_logged_in=False)


def test_who_takes_over_raises_nothing_twice_and_says_what_is_over() -> None:
    watch = Watch(AlarmLimits(oldest_wait=60))
    watch.shows(waiting=1, oldest=NOW, ready=1)
    watch.passes(61)
    for name in ("c1", "c2"):
        watch.board.call_alarm(call(name, party("p1"), held_since=NOW), Alarm.AGENT_GONE)
    watch.board.emergency("alice", "1001", "112")
    kept = {
        f"alarm:{alarm.id}": Followed(f'{{"alarm":{alarm.model_dump_json()},"about":["x"]}}', ())
        for _, alarm, _ in watch.said
    }
    watch.take()
    watch.timers.clear()
    watch.control.up = {"c1": call("c1", party("p1"), held_since=NOW)}
    watch.board = watch.another()
    watch.board.restore(kept)
    watch.board.catch_up()
    assert watch.take() == [("alarm.cleared", "agent_gone")]
    watch.shows(waiting=1, oldest=NOW, ready=1)
    assert watch.take() == []
    watch.shows(ready=1)
    assert watch.take() == [("alarm.cleared", "oldest_wait")]
    watch.passes(600)
    assert watch.take() == [("alarm.cleared", "emergency_dialled")]
    assert [alarm.subject for alarm in watch.board.now()] == ["call:c1"]


READING = st.builds(
    Reading, st.just(True), st.just(False), st.none(), st.sampled_from([0.0, 5.0]), st.sampled_from([0.0, 5.0])
) | st.builds(
    Reading, st.just(False), st.booleans(), st.none(), st.sampled_from([0.0, 5.0]), st.sampled_from([0.0, 5.0])
)


@given(st.lists(st.tuples(st.floats(0, 20), READING)))
def test_an_alarm_is_raised_by_what_is_wrong_and_over_by_what_is_fine_for_as_long_as_it_must_be(
    steps: list[tuple[float, Reading]],
) -> None:
    now, watched, readings = 0.0, Watched(), list[tuple[float, Reading]]()
    for seconds, reading in steps:
        now += seconds
        readings.append((now, reading))
        before, (watched, due) = watched, judge(watched, reading, now)
        if before.raised_at is None and watched.raised_at is not None:
            assert reading.wrong
            assert _has_been(readings, lambda r: r.wrong) >= reading.raise_after
        elif before.raised_at is not None and watched.raised_at is None:
            assert reading.fine
            assert _has_been(readings, lambda r: r.fine) >= reading.clear_after
        if due is not None:
            assert due > now


def _has_been(readings: list[tuple[float, Reading]], so: Callable[[Reading], bool]) -> float:
    """For how many seconds it was so at each look."""
    since = now = readings[-1][0]
    for at, reading in reversed(readings):
        if not so(reading):
            break
        since = at
    return now - since


@given(st.floats(0, 1), st.integers(0, 1_000), st.integers(1, 1_000))
def test_no_share_is_both_wrong_and_fine(limit: float, numerator: int, of: int) -> None:
    reading = rules.service_level(Share(numerator=min(numerator, of), denominator=of), limit)
    assert not (reading.wrong and reading.fine)


# -- at the API -------------------------------------------------------------------------------------------------------


async def test_supervisors_see_what_is_wrong_and_are_notified_when_it_is_and_agents_are_not(
    world: World,
) -> None:
    erin, alice = await world.token("erin"), await world.token("alice")
    window = await world.http.ws_connect(f"http://{HOST}:{world.port}/v1/events?token={erin}")
    assert '"snapshot"' in await window.receive_str()
    world.server.alarms.call_alarm(call("c1", party("p1"), held_since=NOW), Alarm.HELD_TOO_LONG)
    assert '"alarm.raised"' in await window.receive_str()
    answer = await world.ask("GET", "/v1/alarms", token=erin)
    assert [alarm["id"] for alarm in answer.json["alarms"]] == ["held_too_long:call:c1"]
    world.server.alarms.call_changed(call("c1", party("p1"), ended=True))
    assert '"alarm.cleared"' in await window.receive_str()
    assert (await world.ask("GET", "/v1/alarms", token=erin)).json == {"alarms": []}
    assert (await world.ask("GET", "/v1/alarms", token=alice)).code == "forbidden"
    await window.close()


@pytest.fixture
async def world() -> AsyncIterator[World]:
    started = await World().start()
    yield started
    await started.stop()
