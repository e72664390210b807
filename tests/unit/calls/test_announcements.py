"""What callers in a queue hear of their position, word by word, and when."""

from dataclasses import replace

import pytest

from ari_app.calls import effects as e
from ari_app.calls import stimuli as s
from ari_app.calls.features import queueing
from ari_app.calls.state import Pace
from ari_app.calls.step import Step
from ari_app.routing.directory import Queue
from tests.support.office import Office
from tests.support.world import to

PROMPTS = {
    "queue_next": "sound:next",
    "queue_position": "sound:there_are",
    "queue_waiting": "sound:before_you",
    "queue_wait": "sound:about",
    "queue_minutes": "sound:minutes",
}


def _line(office: Office, *legs: str, pace: float = 0.0, **changes: object) -> None:
    """Callers in the queue, one after the other, of whom one is served every `pace` seconds."""
    changed: Queue = replace(office.directory.queues["help"], max_wait=None, **changes)  # type: ignore[arg-type]
    office.directory = replace(office.directory, queues={"help": changed})
    office.feed(s.DirectoryReplaced(office.directory))
    if pace:
        office.switch.state.paces["queue:help"] = Pace(office.now, pace)
    for leg in legs:
        office.arrives("queue", "help", leg=leg)
        office.settle()
        office.now += 1.0


def _reported(office: Office) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(x.leg, x.prompt, x.sounds) for x in office.asterisk.executed if isinstance(x, e.Announce)]


def test_a_place_is_announced_as_often_as_the_queue_says() -> None:
    office = Office(ready=())
    _line(office, "in1", announce_every=7.0)
    began = office.now - 1.0
    for number in range(1, 4):
        assert office.switch.next_deadline() == began + 7.0 * number
        office.pass_time()
        office.settle()
    assert _reported(office) == [("in1", "queue_position", ("sound:next",))] * 3


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (60.0, ()),  # "about one minute" is not worth saying
        (60.5, ("sound:about", "number:2", "sound:minutes")),
        (241.0, ("sound:about", "number:5", "sound:minutes")),
    ],
)
def test_the_wait_is_announced_in_whole_minutes_rounded_up(seconds: float, said: tuple[str, ...]) -> None:
    office = Office(ready=(), announcements=PROMPTS)
    _line(office, "in1", pace=seconds)
    office.pass_time()
    office.settle()
    assert _reported(office)[0][2] == ("sound:next", *said)


def test_who_stands_further_back_waits_longer() -> None:
    office = Office(ready=(), announcements=PROMPTS)
    _line(office, "in1", "in2", pace=90.0)
    for _ in range(2):
        office.pass_time()
        office.settle()
    assert _reported(office)[1][2] == (
        "sound:there_are",
        "number:2",
        "sound:before_you",
        "sound:about",
        "number:3",
        "sound:minutes",
    )


def test_nothing_is_known_of_a_line_that_has_not_moved() -> None:
    office = Office(ready=())
    step = Step(office.switch.state, office.directory, office.now)
    assert queueing.expected_wait(step, to("queue:help"), 3) == 0.0


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("queue_position", ("sound:about", "number:3", "sound:minutes")),
        ("queue_waiting", ("sound:there_are", "number:2", "sound:about", "number:3", "sound:minutes")),
        ("queue_wait", ("sound:there_are", "number:2", "sound:before_you")),
        ("queue_minutes", ("sound:there_are", "number:2", "sound:before_you", "sound:about", "number:3")),
    ],
)
def test_a_prompt_that_the_administrator_does_not_list_is_left_out(missing: str, said: tuple[str, ...]) -> None:
    prompts = {name: sound for name, sound in PROMPTS.items() if name != missing}
    office = Office(ready=(), announcements=prompts)
    _line(office, "in1", "in2", pace=90.0)
    for _ in range(2):
        office.pass_time()
        office.settle()
    assert _reported(office)[1][2] == said


def test_who_is_being_rung_for_hears_no_place_and_the_queue_is_one_shorter() -> None:
    office = Office(ready=("alice",))
    _line(office, "in1", "in2", announce_every=7.0, max_length=None)
    for _ in range(2):
        office.pass_time()
        office.settle()
    assert _reported(office) == [("in2", "queue_position", ("sound:next",))]
    office.is_calm()


def test_a_queue_that_is_taken_away_or_silenced_while_somebody_waits_is_due_no_more() -> None:
    for queues in ({}, {"help": Queue("help", "Help", "3000", groups=("support",))}):
        office = Office(ready=())
        _line(office, "in1")
        office.directory = replace(office.directory, queues=queues)
        office.feed(s.DirectoryReplaced(office.directory))
        office.pass_time()
        assert office.switch.next_deadline() is None
        office.is_calm()
        assert _reported(office) == []
        assert office.music() == {"in1"}


def test_overflow_goes_on_five_times_and_no_further() -> None:
    office = Office(ready=())
    queues = {
        f"q{number}": Queue(f"q{number}", "Q", "3000", max_length=0, overflow=to(f"queue:q{number + 1}"))
        for number in range(7)
    }
    queues["q5"] = replace(queues["q5"], max_length=None)
    queues["q6"] = replace(queues["q6"], max_length=None)
    office.feed(s.DirectoryReplaced(replace(office.directory, queues=queues)))
    office.arrives("queue", "q0", leg="in1")
    office.settle()
    offer = office.only_call().offer
    assert offer is not None
    assert (str(offer.target), offer.overflows) == ("queue:q5", 5)
    queues["q5"] = replace(queues["q5"], max_length=0)
    office.feed(s.DirectoryReplaced(replace(office.directory, queues=queues)))
    office.arrives("queue", "q0", leg="in2")
    office.is_calm()
    assert len(office.switch.calls) == 1  # the second heard that nobody is there for them
    assert _reported(office) == [("in2", "nobody_available", ("sound:nobody",))]
