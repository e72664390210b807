"""How fast one person may fill the record, and what is left of what they do beyond that."""

from dataclasses import replace

import pytest

from ari_app.audit.chain import LONGEST, Entry
from ari_app.audit.pace import FULL, NAMED, OF_PROGRAMS, TOGETHER, Pace

NOW = 1_800_000_000.0
HELD = Entry(NOW, "hold_party", "alice", "192.0.2.7", call="c1", details={"party": "p1"})


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(clock)


def spent(pace: Pace, who: str = "alice", times: float = 1.0) -> Pace:
    """They have done so much that no line of their own is left."""
    entry = Entry(NOW, "set_state", who)
    assert all(pace.take(entry) == [entry] for _ in range(int(FULL * times)))
    return pace


def test_what_people_do_who_work_has_a_line_of_its_own_each_time(pace: Pace, clock: Clock) -> None:
    for second in range(1_000):
        clock.now = NOW + second
        entry = replace(HELD, at=clock.now)
        assert pace.take(entry) == [entry]
    assert pace.due(all_=True) == []


def test_beyond_that_those_of_one_kind_are_one_line_every_ten_seconds(pace: Pace, clock: Clock) -> None:
    spent(pace)
    for n in range(7):
        clock.now = NOW + n * 0.01
        assert pace.take(replace(HELD, at=clock.now)) == []
    assert pace.take(replace(HELD, what="mute_party", details={})) == []
    assert pace.due() == []
    clock.now = NOW + TOGETHER
    assert pace.due() == [
        replace(HELD, details={"times": "7", "seconds": "0.1"}),
        replace(HELD, what="mute_party", details={}),
    ]
    assert pace.due(all_=True) == []


def test_one_alone_stays_as_it_is(pace: Pace) -> None:
    spent(pace).take(HELD)
    assert pace.due(all_=True) == [HELD]


def test_the_line_names_whom_they_concerned_up_to_a_bound(pace: Pace) -> None:
    spent(pace)
    for n in range(40):
        pace.take(
            replace(HELD, address=f"192.0.2.{n}", call=f"cc-mx1asfdo-c{n}", agents=(f"a{n}",), numbers={"to": f"+3{n}"})
        )
    pace.take(replace(HELD, call="", numbers={"to": "+30"}))
    (line,) = pace.due(all_=True)
    assert (line.call, line.address) == ("", "")
    assert line.details["times"] == "41"
    assert line.agents == tuple(f"a{n}" for n in range(NAMED))
    assert list(line.numbers.values()) == [f"+3{n}" for n in range(NAMED)]
    assert len(line.details["calls"]) <= LONGEST
    assert line.details["calls"].split() == [f"cc-mx1asfdo-c{n}" for n in range(len(line.details["calls"].split()))]


def test_done_and_refused_are_two_kinds(pace: Pace) -> None:
    spent(pace)
    for outcome in ("done", "done", "not_allowed_now", "not_allowed_now"):
        pace.take(replace(HELD, outcome=outcome))
    assert [(line.outcome, line.details["times"]) for line in pace.due(all_=True)] == [
        ("done", "2"),
        ("not_allowed_now", "2"),
    ]


@pytest.mark.parametrize("what", ["delete_recording", "delete_voicemail", "forget"])
def test_what_is_gone_for_good_has_its_own_line_always(pace: Pace, what: str) -> None:
    entry = replace(HELD, what=what)
    spent(pace)
    assert [pace.take(entry) for _ in range(3)] == [[entry]] * 3


@pytest.mark.parametrize("who", ["contact", "system", "", "terminal", "bob"])
def test_nobody_else_is_concerned(pace: Pace, who: str) -> None:
    entry = replace(HELD, who=who)
    assert spent(pace).take(entry) == [entry]


def test_a_program_has_more_for_it_does_what_several_want(pace: Pace) -> None:
    spent(pace, "key:crm", OF_PROGRAMS)
    assert pace.take(replace(HELD, who="key:crm")) == []


def test_whoever_is_quiet_has_their_lines_again(pace: Pace, clock: Clock) -> None:
    spent(pace)
    clock.now += 3.0
    assert [bool(pace.take(HELD)) for _ in range(10)] == [True] * 9 + [False]
    clock.now += 10 * FULL
    pace.due()
    spent(pace)
    assert pace.take(HELD) == []
