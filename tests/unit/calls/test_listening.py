"""Agents who hear messages at their phones: what is said to them, what their keys do, and what becomes of messages."""

from dataclasses import replace
from typing import Any

import pytest

from ari_app.calls import commands as c
from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.features import listening
from ari_app.calls.model import Call, CallType, EndReason, Listening, Mark, MessageToHear, MonitorMode, Stage
from ari_app.routing.directory import Role
from ari_app.routing.entries import Fault
from tests.support.callcentre import ANNOUNCEMENTS
from tests.support.office import Office
from tests.support.world import to
from tests.unit.calls.keypad import presses, said

NOON = 1_000_000.0 - 1_000_000.0 % 86_400.0 + 43_200.0
FIRST = MessageToHear("v1", "calls/v1", NOON - 7_200.0, "+33612345678")
SECOND = MessageToHear("v2", "calls/v2", NOON - 3_600.0, "2001")
WITHHELD = MessageToHear("v3", "calls/v3", NOON - 60.0)
OLD = MessageToHear("v4", "calls/v4", NOON - 10.0, "2002", new=False)


class Boxes(Office):
    """An office with messages, in which prompts go on until they are over."""

    def __init__(self, *found: MessageToHear, **settings: Any) -> None:
        self.rests: list[e.SetActivity] = []  # who is free again
        super().__init__(**settings)
        self.now = NOON
        self.asterisk.prompts_end = False
        self.in_boxes = found

    def dials(self, phone: str = "1001", *language: str) -> None:
        self.arrives("feature", "voicemail", *language, endpoint=phone, leg="in1")
        self.settle()

    def _do(self, effect: e.Effect) -> None:
        if isinstance(effect, e.SetActivity) and effect.activity is None:
            self.rests.append(effect)
        super()._do(effect)

    def over(self) -> None:
        """What is played is over."""
        self.asterisk.end_prompts()
        self.settle()

    def plays(self) -> tuple[str, ...]:
        """What is played now."""
        playing = {name for channel in self.asterisk.world.channels.values() for name in channel.playing}
        found = [x.sounds for x in self.asterisk.executed if isinstance(x, e.Announce) and x.announcement in playing]
        return found[-1] if found else ()

    def hears_message(self, times: int = 2) -> None:
        """What is said before it, and the message."""
        for _ in range(times):
            self.over()

    @property
    def call(self) -> Call:
        return next(iter((*self.switch.calls.values(), *self.switch._over.values())))

    @property
    def heard(self) -> Listening:
        found = self.call.listening
        assert found is not None
        return found

    def without(self, *prompts: str) -> None:
        kept = {name: sounds for name, sounds in ANNOUNCEMENTS.items() if name not in prompts}
        settings = replace(self.directory.settings, announcements=kept)
        self.configure(replace(self.directory, settings=settings))


def message(name: str) -> tuple[str, ...]:
    """What is played of it."""
    return f"recording:calls/{name}", "sound:silence/1"


def marks(office: Boxes) -> dict[str, str]:
    return {message: mark.state for message, mark in office.heard.marks.items()}


def test_who_dials_the_code_hears_how_many_are_new_then_the_newest_with_time_and_number() -> None:
    office = Boxes(FIRST, SECOND)
    office.dials("1001", "en")
    assert office.wanted_boxes == [("support",)]
    assert office.plays() == ("sound:you_have", "number:2", "sound:new")
    assert office.call.type is CallType.INTERNAL
    assert office.agents.activity["alice"] == "on_call"
    office.over()
    assert office.plays() == (
        "sound:received",
        "sound:digits/today",
        "sound:digits/at",
        "number:11",
        "sound:digits/oclock",
        "sound:digits/a-m",
        "sound:from",
        "digits:2001",
    )
    assert marks(office) == {}
    office.over()
    assert office.plays() == message("v2")
    assert office.heard.marks == {"v2": Mark("heard", NOON)}
    office.over()
    assert office.plays() == ("sound:keys",)
    office.over()
    assert office.plays() == ()
    assert office.music() == set()
    office.is_calm()
    assert presses(office, "2", "in1") == ["Announce alice voicemail_received"]
    assert office.plays()[-1] == "digits:33612345678"
    office.hears_message()
    assert office.heard.stage is Stage.KEYS
    assert office.plays() == ()  # what the keys do is said once
    assert marks(office) == {"v1": "heard", "v2": "heard"}
    presses(office, "#", "in1")
    assert office.call.ended
    assert office.call.end_reason is EndReason.HANGUP
    assert office.agents.activity.get("alice") is None
    assert office.recorded.records == {}
    office.is_calm()


def test_a_withheld_number_is_not_said_and_one_new_message_is_one() -> None:
    office = Boxes(OLD, WITHHELD)
    office.dials()
    assert office.plays() == ("sound:you_have", "number:1", "sound:one_new")
    office.over()
    assert office.plays() == (
        "sound:received",
        "sound:digits/today",
        "sound:digits/at",
        "number:11",
        "sound:digits/oclock",
        "number:59",
    )
    office.over()
    assert office.plays() == message("v3")
    presses(office, "2", "in1")
    office.over()
    assert office.plays() == message("v4")
    assert marks(office) == {"v3": "heard"}  # the other was that already


def test_where_none_is_new_that_is_said_and_the_others_are_heard() -> None:
    office = Boxes(OLD)
    office.dials()
    assert office.plays() == ("sound:no_new",)
    office.hears_message()
    assert office.plays() == message("v4")


@pytest.mark.parametrize("key", ["1", "2", "4"])
def test_a_key_ends_the_number_of_messages_and_the_first_begins(key: str) -> None:
    office = Boxes(FIRST, SECOND)
    office.dials()
    presses(office, "3", "in1")
    assert office.plays()[0] == "sound:you_have"
    presses(office, key, "in1")
    assert (office.plays()[0], office.heard.at) == ("sound:received", 0)


def test_again_back_and_no_further_than_the_last() -> None:
    office = Boxes(FIRST, SECOND, WITHHELD)
    office.dials()
    presses(office, "1", "in1")
    office.over()
    assert office.plays() == message("v3")
    presses(office, "1", "in1")
    assert office.plays()[0] == "sound:received"
    office.over()
    assert office.plays() == message("v3")
    presses(office, "4", "in1")
    assert office.heard.at == 0
    presses(office, "22", "in1")
    office.over()
    assert office.plays() == message("v1")
    presses(office, "2", "in1")
    assert office.plays() == ("sound:no_more",)
    presses(office, "4", "in1")
    office.over()
    assert office.plays() == message("v2")
    presses(office, "*", "in1")
    assert office.plays() == ("sound:keys",)
    assert presses(office, "7", "in1") == []
    assert office.plays() == ("sound:keys",)
    office.is_calm()


def test_what_is_deleted_is_marked_done_and_the_next_begins() -> None:
    office = Boxes(FIRST, SECOND, WITHHELD)
    office.dials()
    office.hears_message()
    presses(office, "3", "in1")
    assert office.plays()[:2] == ("sound:deleted", "sound:received")
    assert marks(office) == {"v3": "done"}
    office.over()
    assert office.plays() == message("v2")
    presses(office, "2", "in1")
    presses(office, "3", "in1")  # before it was heard: the number was enough
    assert marks(office) == {"v3": "done", "v2": "heard", "v1": "done"}
    assert office.plays() == ("sound:deleted", "sound:no_more")
    presses(office, "1", "in1")
    office.over()
    assert office.plays() == message("v2")
    presses(office, "3", "in1")
    assert office.plays() == ("sound:deleted", "sound:no_more")
    assert office.heard.messages == ()
    presses(office, "1", "in1")  # they are on their way out
    office.over()
    assert office.call.ended
    office.is_calm()


def test_keys_are_in_the_story_and_what_is_no_key_here_is_not() -> None:
    office = Boxes(FIRST)
    office.dials()
    presses(office, "29", "in1")
    story = office.switch.stories.of(office.call.id) or ()
    assert [x.detail.digit for x in story if isinstance(x.detail, s.LegDigit)] == ["2"]


def test_no_in_call_code_is_read_meanwhile() -> None:
    office = Boxes(FIRST, feature_codes={"transfer": "1"})
    office.dials()
    presses(office, "1", "in1")
    assert office.plays()[0] == "sound:received"


def test_silence_ends_it_after_a_while() -> None:
    office = Boxes(FIRST)
    office.dials()
    office.hears_message(4)
    office.pass_time(listening.KEY_WITHIN - 1)
    assert len(office.switch.calls) == 1
    office.pass_time(1.0)
    office.settle()
    assert len(office.switch.calls) == 0
    office.is_calm()


def test_without_messages_that_is_said_and_the_call_is_over() -> None:
    office = Boxes()
    office.dials()
    assert office.plays() == ("sound:no_messages",)
    office.over()
    assert office.call.ended


def test_while_the_store_is_away_that_is_said_and_the_call_is_over() -> None:
    office = Boxes()
    office.in_boxes = None
    office.dials()
    assert office.plays() == ("sound:later",)
    office.over()
    assert office.call.ended


def test_who_is_not_answered_in_time_hears_that_it_does_not_work_and_a_late_answer_changes_nothing() -> None:
    office = Boxes()
    office.arrives("feature", "voicemail", endpoint="1001", leg="in1")
    fact = office.asterisk.deliver_next()
    assert fact is not None
    office.feed(fact)
    office.inbox.clear()
    presses(office, "1", "in1")
    assert not said(office)
    office.pass_time(listening.LISTED_WITHIN)
    office.settle()
    assert office.plays() == ("sound:later",)
    office.feed(s.MessagesListed(office.call.id, (FIRST,)))
    office.settle()
    assert office.plays() == ("sound:later",)
    office.over()
    assert office.call.ended
    office.feed(s.MessagesListed(office.call.id, (FIRST,)))
    office.feed(s.MessagesListed("cc-1-c99", (FIRST,)))
    office.is_calm()


def test_without_prompts_the_messages_alone_are_played() -> None:
    office = Boxes(FIRST)
    office.without(*(name for name in ANNOUNCEMENTS if name.startswith("voicemail_")))
    office.dials()
    assert office.plays() == message("v1")
    presses(office, "2", "in1")
    assert office.plays() == ()
    presses(office, "1", "in1")
    assert office.plays() == message("v1")
    presses(office, "3", "in1")
    assert office.call.ended
    office.is_calm()


def test_whom_no_box_notifies_is_turned_away_and_who_oversees_hears_all() -> None:
    office = Boxes(FIRST)
    office.dials("1004")
    assert [(x.fault, x.argument) for x in office.turned_away] == [(Fault.NOT_ALLOWED, "voicemail")]
    assert said(office) == ["invalid_number"]
    office.over()
    office.dials("1010")
    assert office.wanted_boxes == [("support",)]
    assert office.plays()[0] == "sound:you_have"
    other = Boxes(FIRST)
    other.dials("1999")
    assert [x.fault for x in other.turned_away] == [Fault.UNKNOWN_PHONE]


def test_who_has_as_many_calls_as_they_may_hears_that() -> None:
    office = Boxes(FIRST)
    alice = replace(office.directory.agents["alice"], max_calls=1)
    office.configure(replace(office.directory, agents={**office.directory.agents, "alice": alice}))
    call = office.served(leg="in9")
    office.dials()
    assert said(office) == ["too_many_calls"]
    assert office.party(call, "alice").held_by == frozenset()


def test_who_has_heard_messages_needs_no_rest_from_them() -> None:
    office = Boxes(FIRST)
    groups = {name: replace(group, wrap_up=30.0) for name, group in office.directory.groups.items()}
    office.configure(replace(office.directory, groups=groups))
    office.dials()
    presses(office, "#", "in1")
    office.is_calm()
    rests = [effect.wrap_up for effect in office.rests if effect.agent == "alice"]
    assert rests == [0.0]


def test_a_contact_is_on_hold_meanwhile() -> None:
    office = Boxes(FIRST)
    call = office.served(leg="in9")
    office.dials()
    assert "in9" in office.music()
    assert office.plays()[0] == "sound:you_have"
    presses(office, "#", "in1")
    assert office.switch.calls[call.id].party_of("alice") is not None
    office.is_calm()


def test_who_turns_to_another_call_hears_no_more_messages() -> None:
    office = Boxes(FIRST)
    call = office.served(leg="in9")
    office.dials()
    office.ask(c.Retrieve, "alice", call=call.id)
    assert [x.listening for x in office.switch.calls.values()] == [None]
    assert ("alice", "in9") in office.hears()
    office.is_calm()


def test_who_calls_somebody_from_the_desktop_hears_no_more_messages() -> None:
    office = Boxes(FIRST)
    office.dials()
    office.ask(c.MakeCall, "alice", target=to("agent:bob"))
    office.picks_up("bob")
    assert [x.listening for x in office.switch.calls.values()] == [None]
    office.over()
    assert ("alice", "bob") in office.hears()
    office.is_calm()


def test_the_hold_key_ends_it() -> None:
    office = Boxes(FIRST)
    office.dials()
    office.asterisk.press_hold("in1")
    office.settle()
    assert office.call.ended
    office.is_calm()


def test_the_transfer_key_ends_it_and_rings_nobody() -> None:
    office = Boxes(FIRST)
    office.dials()
    office.feed(s.ChannelArrived("half", "1002@from-phones", "replaced", ("in1", "Local/1002@from-phones-1")))
    assert not [effect for effect in office.effects if isinstance(effect, e.CreateLeg)]
    office.settle()
    assert office.call.ended


def test_nobody_else_comes_into_it_or_listens_in() -> None:
    office = Boxes(FIRST)
    office.dials()
    call = office.call
    assert set(office.actions("alice", call)) == {"release", "clear", "update_user_data"}
    assert set(office.actions("erin", call)) == {"clear", "update_user_data"}
    assert all(not party.actions for party in office.seen("alice").parties)
    assert (
        office.refused(c.MonitorCall, "erin", role=Role.SUPERVISOR, call=call.id, mode=MonitorMode.LISTEN)
        == "not_allowed_now"
    )
    office.ask(c.Clear, "alice", call=call.id)
    assert office.call.ended
    office.is_calm()


def test_after_a_restart_and_a_lost_connection_it_goes_on() -> None:
    office = Boxes(FIRST, SECOND)
    office.dials()
    office.over()
    office.restart()
    office.settle()
    assert office.plays() == message("v2")
    office.lose_link()
    office.asterisk.restore_link()
    office.settle()
    assert office.plays() == ("sound:keys",)
    assert marks(office) == {"v2": "heard"}
    office.hangs_up("in1")
    assert office.call.ended
    office.is_calm()


def test_a_controller_that_dies_before_messages_are_listed_leaves_nobody_waiting() -> None:
    office = Boxes(FIRST)
    office.arrives("feature", "voicemail", endpoint="1001", leg="in1")
    fact = office.asterisk.deliver_next()
    assert fact is not None
    office.feed(fact)
    office.restart()
    office.settle()
    office.pass_time()
    office.settle()
    assert office.plays() == ("sound:later",)


def test_what_asterisk_does_not_play_is_passed_over() -> None:
    office = Boxes(FIRST)
    office.dials()
    (announce,) = [x for x in office.asterisk.executed if isinstance(x, e.Announce)]
    office.feed(s.AnnouncementFinished("in1", announce.announcement))
    assert office.requests() == ["Announce alice voicemail_received"]
