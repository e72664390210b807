"""Callers for whose message there is no room: they go to the fallback, or hear that none can be taken."""

from dataclasses import replace

import pytest

from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.model import NO_ROOM, CallId, Full, Identity, counted, least_left
from tests.support.callcentre import ANNOUNCEMENTS
from tests.support.world import ANONYMOUS, CALLER, to
from tests.unit.calls.keypad import presses, said
from tests.unit.calls.test_voicemail import Answering

MB = 2**20
BOX = to("voicemail:support")
OF_ALL, OF_CALLER = counted("support"), counted("support", CALLER.number)


class Filled(Answering):
    """An office in whose box there are so many messages."""

    def __init__(self, *quick: str, counts: dict[str, int], **settings: object) -> None:
        super().__init__(*quick, **settings)  # type: ignore[arg-type]
        self.count(counts)

    def count(self, counts: dict[str, int]) -> None:
        self.feed(s.MessagesCounted(counts))

    def bounded(self, **bounds: int) -> None:
        box = replace(self.directory.voicemail["support"], **bounds)  # type: ignore[arg-type]
        self.configure(replace(self.directory, voicemail={"support": box}))

    def calls(self, leg: str, who: Identity) -> None:
        self.asterisk.arrive(leg, "carrier", "voicemail", "support", caller=who)
        self.settle()

    @property
    def why(self) -> list[Full]:
        return [refused.why for refused in self.refused_messages]

    def speaking(self) -> set[CallId]:
        return {call.id for call in self.switch.calls.values() if call.leaves_message}


@pytest.mark.parametrize(
    ("size", "least"),
    [(0, 32), (64, 32), (320, 32), (330, 33), (4000, 400), (5120, 512), (5130, 512), (1_000_000, 512)],
)
def test_so_much_of_a_disk_must_be_left(size: int, least: int) -> None:
    assert least_left(size * MB) == least * MB


def test_where_the_disk_has_no_room_callers_hear_that_no_message_is_taken_and_are_released() -> None:
    office = Filled(counts={NO_ROOM: 1})
    office.comes()
    assert said(office) == ["voicemail_failed"]
    assert office.records() == []
    assert office.call.message is None
    assert office.call.ended
    assert office.refused_messages == [e.MessageRefused(office.call.id, "support", Full.DISK)]
    assert office.record.outcome == "unanswered"
    office.is_calm()


def test_when_there_is_room_again_messages_are_taken_again() -> None:
    office = Filled(counts={NO_ROOM: 1})
    office.count({NO_ROOM: 0})
    office.comes()
    assert office.call.leaves_message
    assert office.refused_messages == []
    assert office.switch.state.messages == {}


def test_who_speaks_when_the_disk_fills_up_goes_on() -> None:
    office = Filled(counts={})
    office.comes()
    office.count({NO_ROOM: 1})
    office.says(12.0)
    assert office.message.left


def test_they_go_to_the_fallback_where_there_is_one() -> None:
    office = Filled("dave", counts={NO_ROOM: 1}, ready=("dave",), fallback=to("agent:dave"))
    office.comes()
    assert ("dave", "in1") in office.hears()
    assert said(office) == []


def test_a_fallback_that_is_the_same_box_is_tried_once() -> None:
    office = Filled(counts={OF_ALL: 500}, fallback=BOX)
    office.comes()
    assert said(office) == ["voicemail_failed"]
    assert office.why == [Full.BOX, Full.BOX]
    assert office.call.ended
    office.is_calm()


@pytest.mark.parametrize(
    ("prompts", "heard"),
    [(("voicemail_failed",), ["nobody_available"]), (("voicemail_failed", "nobody_available"), [])],
)
def test_where_that_is_not_announced_they_hear_what_all_do_for_whom_nobody_is_there(
    prompts: tuple[str, ...], heard: list[str]
) -> None:
    office = Filled(counts={NO_ROOM: 1})
    assert "nobody_available" in ANNOUNCEMENTS
    office.without(*prompts)
    office.comes()
    assert said(office) == heard
    assert office.call.ended


def test_a_key_to_a_box_that_is_full_leads_to_the_same() -> None:
    office = Filled(counts={NO_ROOM: 1})
    office.comes("queue", "help")
    presses(office, "7", "in1")
    assert said(office)[-1] == "voicemail_failed"
    assert office.call.ended
    office.is_calm()


@pytest.mark.parametrize(("there", "why"), [(499, []), (500, [Full.BOX]), (501, [Full.BOX])])
def test_a_box_takes_so_many_and_no_more(there: int, why: list[Full]) -> None:
    office = Filled(counts={OF_ALL: there})
    office.comes()
    assert office.why == why
    assert bool(office.speaking()) is not bool(why)


@pytest.mark.parametrize(("there", "why"), [(9, []), (10, [Full.CALLER])])
def test_of_one_number_so_many_wait_unheard_and_no_more(there: int, why: list[Full]) -> None:
    office = Filled(counts={OF_ALL: there, OF_CALLER: there})
    office.comes()
    assert office.why == why
    office.calls("in2", Identity(number="+33600000009"))
    assert office.why == why, "of others there may be more"


def test_who_withholds_their_number_is_bounded_by_the_box_alone() -> None:
    office = Filled(counts={OF_ALL: 20})
    office.bounded(max_unheard=1)
    office.calls("in1", ANONYMOUS)
    office.calls("in2", ANONYMOUS)
    assert office.why == []
    assert len(office.speaking()) == 2


def test_those_who_are_speaking_count() -> None:
    office = Filled(counts={OF_ALL: 1})
    office.bounded(max_messages=3, max_unheard=1)
    office.comes()
    office.calls("in2", CALLER)
    assert office.why == [Full.CALLER]
    office.calls("in3", Identity(number="+33600000009"))
    assert len(office.speaking()) == 2
    office.calls("in4", Identity(number="+33600000010"))
    assert office.why == [Full.CALLER, Full.BOX]
