"""Which phones are in use past call control, by the events of their channels."""

from collections.abc import Callable
from typing import Any

import pytest

from ari_app.ari.in_use import GRACE, PhonesInUse

ALICE, BOB = "PJSIP/1001-0000002a", "PJSIP/1002-0000002b"


class Clock:
    """Timers that run out when the test says so."""

    def __init__(self) -> None:
        self.running: list[Timer] = []

    def later(self, seconds: float, do: Callable[[], None]) -> "Timer":
        assert seconds == GRACE
        timer = Timer(self, do)
        self.running.append(timer)
        return timer

    def passes(self) -> None:
        running, self.running = self.running, []
        for timer in running:
            timer.do()


class Timer:
    def __init__(self, clock: Clock, do: Callable[[], None]) -> None:
        self.clock, self.do = clock, do

    def cancel(self) -> None:
        if self in self.clock.running:
            self.clock.running.remove(self)


class Scene:
    def __init__(self) -> None:
        self.clock = Clock()
        self.reported: list[tuple[str, bool]] = []
        self.emergencies: list[tuple[str, str]] = []
        self.in_application: set[str] = set()
        self.phones = PhonesInUse(
            "cc-",
            self.in_application.__contains__,
            lambda user, used: self.reported.append((user, used)),
            self.clock.later,
            lambda user, number: self.emergencies.append((user, number)),
        )

    def happens(self, kind: str, leg: str, name: str = ALICE, state: str = "Up") -> None:
        self.phones.event({"type": kind, "channel": channel(leg, name, state)})

    def dials(self, caller: str | None, peer: str, status: str = "", caller_name: str = ALICE) -> None:
        ends: dict[str, Any] = {"caller": channel(caller, caller_name, "Ring")} if caller else {}
        self.phones.event({"type": "Dial", "dialstatus": status, "peer": channel(peer, BOB, "Down"), **ends})

    def listed(self, *channels: dict[str, Any]) -> None:
        self.phones.listed(channels)


def channel(leg: str, name: str = ALICE, state: str = "Up", application: str = "") -> dict[str, Any]:
    return {"id": leg, "name": name, "state": state, "dialplan": {"app_name": application}}


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_phone_that_dials_another_past_us_is_in_use_and_so_is_the_other_each_until_it_is_gone(scene: Scene) -> None:
    scene.dials("a", "b")
    assert scene.reported == [("1001", True), ("1002", True)]
    for status in ("RINGING", "ANSWER"):
        scene.dials("a", "b", status)
    scene.happens("ChannelStateChange", "b", BOB, "Ringing")
    scene.happens("ChannelStateChange", "b", BOB, "Up")
    scene.happens("ChannelDestroyed", "b", BOB)
    assert scene.reported[2:] == [("1002", False)]
    scene.happens("ChannelDestroyed", "a")
    assert scene.reported[3:] == [("1001", False)]


def test_what_is_reported_of_dialling_after_the_channel_is_gone_says_nothing(scene: Scene) -> None:
    scene.dials("a", "b")
    scene.happens("ChannelDestroyed", "b", BOB)
    scene.happens("ChannelDestroyed", "a")
    scene.dials("a", "b", "CANCEL")
    assert scene.reported[-2:] == [("1002", False), ("1001", False)]


def test_a_phone_that_is_rung_by_others_than_us_is_in_use(scene: Scene) -> None:
    scene.happens("ChannelStateChange", "b", BOB, "Ringing")
    assert scene.reported == [("1002", True)]


def test_a_phone_that_is_answered_and_does_not_come_to_us_is_in_use_after_a_while(scene: Scene) -> None:
    scene.happens("ChannelStateChange", "a")
    scene.happens("ChannelStateChange", "a")
    assert scene.reported == []
    scene.clock.passes()
    assert scene.reported == [("1001", True)]
    scene.happens("ChannelDestroyed", "a")
    assert scene.reported == [("1001", True), ("1001", False)]


@pytest.mark.parametrize("kind", ["StasisStart", "ChannelStateChange", "Dial", "ChannelDestroyed", ["Dial"], None])
@pytest.mark.parametrize("channel", [None, "a", [], {}, {"id": 7}, {"name": ALICE}, {"id": "a", "dialplan": "x"}])
def test_an_event_that_is_malformed_says_nothing_of_a_phone(scene: Scene, kind: object, channel: object) -> None:
    scene.phones.event({"type": kind, "channel": channel, "caller": channel, "peer": channel, "dialstatus": ""})
    assert scene.reported == []


def test_a_phone_that_is_gone_meanwhile_was_never_in_use(scene: Scene) -> None:
    scene.happens("ChannelStateChange", "a")
    scene.happens("ChannelDestroyed", "a")
    scene.clock.passes()
    assert scene.reported == []


def test_a_phone_that_comes_to_us_is_not_in_use_also_not_when_it_goes_back_to_the_dialplan(scene: Scene) -> None:
    scene.happens("ChannelStateChange", "a")
    scene.happens("StasisStart", "a")
    scene.happens("StasisEnd", "a")
    scene.dials("a", "cc-1")
    scene.happens("ChannelStateChange", "a")
    scene.clock.passes()
    scene.happens("ChannelDestroyed", "a")
    assert scene.reported == []


def test_a_phone_that_we_ring_is_not_in_use(scene: Scene) -> None:
    scene.dials(None, "cc-1-l7")
    for state in ("Ringing", "Up"):
        scene.happens("ChannelStateChange", "cc-1-l7", BOB, state)
    scene.happens("StasisStart", "cc-1-l7", BOB)
    scene.clock.passes()
    assert scene.reported == []


def test_what_comes_to_us_late_stays_in_use_until_it_ends(scene: Scene) -> None:
    scene.happens("ChannelStateChange", "a")
    scene.clock.passes()
    scene.happens("StasisStart", "a")
    assert scene.reported == [("1001", True)]
    scene.happens("ChannelDestroyed", "a")
    assert scene.reported == [("1001", True), ("1001", False)]


def test_a_phone_with_two_calls_past_us_is_in_use_until_both_are_gone(scene: Scene) -> None:
    scene.dials("a", "b")
    scene.dials("c", "d", caller_name="PJSIP/1001-00000031")
    assert scene.reported == [("1001", True), ("1002", True)]
    scene.happens("ChannelDestroyed", "a")
    scene.happens("ChannelDestroyed", "b", BOB)
    assert len(scene.reported) == 2
    scene.happens("ChannelDestroyed", "c")
    assert scene.reported[2:] == [("1001", False)]


def test_what_is_no_phone_is_nothing(scene: Scene) -> None:
    scene.dials("x", "y", caller_name="Local/4000@routing-points-00000001;2")
    scene.happens("ChannelStateChange", "x", "Local/4000@routing-points-00000001;2")
    scene.clock.passes()
    for malformed in (
        {},
        {"type": "Dial"},
        {"type": "ChannelDestroyed"},
        {"type": "ChannelStateChange", "channel": {}},
    ):
        scene.phones.event(malformed)
    assert scene.reported == [("1002", True)]


def test_after_a_new_connection_the_list_says_what_happened_meanwhile(scene: Scene) -> None:
    scene.dials("a", "b")
    scene.happens("ChannelStateChange", "e", "PJSIP/1005-00000033")
    scene.reported.clear()
    scene.in_application |= {"f"}
    scene.listed(
        channel("b", BOB),
        channel("c", "PJSIP/1003-0000002c", "Ring", "Dial"),
        channel("d", "PJSIP/1004-0000002d", "Ringing", "AppDial"),
        channel("f", "PJSIP/1006-0000002e", "Up", "Stasis"),
        channel("cc-1-l9", "PJSIP/1007-0000002f", "Ringing"),
    )
    assert scene.reported == [("1001", False), ("1003", True), ("1004", True)]
    scene.clock.passes()
    assert len(scene.reported) == 3, "1005 is gone, 1006 and 1007 are ours"
    scene.listed()
    assert sorted(scene.reported[3:]) == [("1002", False), ("1003", False), ("1004", False)]


def test_what_is_listed_on_its_way_to_us_has_time_to_get_there(scene: Scene) -> None:
    scene.listed(channel("a", ALICE, "Up", "MusicOnHold"), channel("b", BOB, "Up", "Echo"))
    assert scene.reported == []
    scene.happens("StasisStart", "a")
    scene.clock.passes()
    assert scene.reported == [("1002", True)]


def test_what_was_ours_before_the_connection_was_lost_is_ours_though_it_has_gone_on(scene: Scene) -> None:
    scene.happens("StasisStart", "a")
    scene.listed(channel("a", ALICE, "Up", "Playback"))
    scene.clock.passes()
    assert scene.reported == []


def test_nothing_is_reported_after_the_end(scene: Scene) -> None:
    scene.happens("ChannelStateChange", "a")
    scene.phones.close()
    scene.clock.passes()
    assert scene.reported == []


def test_nothing_is_kept_of_channels_that_are_gone(scene: Scene) -> None:
    for leg in ("a", "b"):
        scene.happens("ChannelStateChange", leg)
    scene.happens("StasisStart", "a")
    scene.dials("c", "d")
    for leg in ("a", "b", "c", "d"):
        scene.happens("ChannelDestroyed", leg)
    phones = scene.phones
    assert (phones._ours, phones._undecided, phones._users, phones._uses) == (set(), {}, {}, {})
    assert scene.clock.running == []


def test_an_emergency_is_reported_once_when_it_is_dialled_and_no_other_call_is() -> None:
    scene = Scene()
    caller = {**channel("1", ALICE, "Ring"), "dialplan": {"context": "emergency", "exten": "112"}}
    for status in ("", "RINGING", "ANSWER"):
        scene.phones.event({"type": "Dial", "dialstatus": status, "caller": caller, "peer": channel("2", BOB, "Down")})
    scene.dials("3", "4")
    assert scene.emergencies == [("1001", "112")]
