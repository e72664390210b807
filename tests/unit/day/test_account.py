"""What is counted of a day, out of what phones noted: callers one by one."""

from __future__ import annotations

import pytest

from tests.day.account import Account, finding, lateness
from tests.day.centre import FEAST, FIRST, FIRST_AGENTS, KEY_AWAY, KEY_BACK, KEY_SECOND, SECOND, SECOND_AGENTS
from tests.day.ledger import Caller, Command, Ledger, Ring
from tests.day.spans import Bounds, Lateness
from tests.day.stories import Story, stories

ALICE, BOB, CAROL = FIRST_AGENTS[0], FIRST_AGENTS[1], SECOND_AGENTS[0]
LATE, FOUND = Lateness((0.01,)), Lateness((0.05,))
LEVELS = {"queue:first": 3.0, "queue:second": 3.0, "queue:feast": 3.0}


def caller(
    number: str = "1", dialled: str = FIRST, ended: float = 10.0, *, by_caller: bool = True,
    keys: tuple[tuple[float, str], ...] = (),
) -> Caller:  # fmt: skip
    return Caller(number, dialled, 0.0, 0.02, ended, by_caller, keys)


def rang(phone: str, came: float, over: float, ended: float, number: str = "1", how: str = "answered") -> Ring:
    return Ring(phone, number, came, how, over, ended, shown_last=number)  # type: ignore[arg-type]


def put_together(ledger: Ledger, *shut: str) -> list[Story]:
    return stories(ledger, lambda number, _: number in shut)


def counted(ledger: Ledger, *shut: str) -> Account:
    return Account(ledger, put_together(ledger, *shut), LATE, FOUND)


def ways(ledger: Ledger) -> list[tuple[str, str]]:
    return [(stay.target, stay.left) for story in put_together(ledger) for stay in story.stays]


def test_who_is_served_has_waited_and_talked_until_they_hang_up() -> None:
    account = counted(Ledger([caller()], [rang(ALICE, 0.1, 2.0, 10.02)]))
    row = account.queues(LEVELS)["queue:first"]
    assert {name: row[name].low for name in ("offered", "answered", "answered_in_time", "abandoned")} == {
        "offered": 1, "answered": 1, "answered_in_time": 1, "abandoned": 0,
    }  # fmt: skip
    assert row["talk"].holds(8.0)
    assert row["talk"].high - row["talk"].low < 0.05
    assert row["waited_answered"].holds(1.99)
    assert row["wrap_up"].holds(0.505)
    agent = account.agents()[ALICE]
    assert (agent["rung"], agent["calls"], agent["transfers"]) == (Bounds(1, 1), Bounds(1, 1), Bounds(0, 0))


@pytest.mark.parametrize(("noted", "wrong"), [(20.001, []), (20.2, ["nobody knows why crowd01 was let go"])])
def test_a_hang_up_may_be_noted_just_after_it_was_seen_at_the_other_phone(noted: float, wrong: list[str]) -> None:
    (story,) = put_together(Ledger([caller(ended=noted)], [rang("crowd01", 2, 10, 20)], []))
    assert story.wrong == wrong
    assert story.served[0].end.last(0) == 20


@pytest.mark.parametrize(("ended", "field"), [(1.0, "short_abandons"), (3.0, "abandoned")])
def test_who_gives_up_soon_is_counted_apart(ended: float, field: str) -> None:
    row = counted(Ledger([caller(ended=ended)], [])).queues(LEVELS)["queue:first"]
    assert {name: row[name].high for name in ("short_abandons", "abandoned")} == {
        "short_abandons": 0, "abandoned": 0, field: 1,
    }  # fmt: skip


def test_whoever_waits_too_long_goes_on_to_the_other_queue_and_is_offered_there() -> None:
    assert ways(Ledger([caller(ended=20.0)], [rang(CAROL, 6.2, 6.5, 20.0)])) == [
        ("queue:first", "overflowed"), ("queue:second", "answered"),
    ]  # fmt: skip
    assert ways(Ledger([caller(ended=20.0)], [])) == [("queue:first", "overflowed"), ("queue:second", "abandoned")]
    (story,) = put_together(Ledger([caller(ended=20.0, by_caller=False)], []), SECOND)
    assert [stay.left for stay in story.stays] == ["overflowed"]
    assert not story.wrong


@pytest.mark.parametrize(
    ("key", "rings", "left"),
    [
        (KEY_SECOND, [rang(CAROL, 1.3, 1.6, 10.0)], [("queue:first", "by_key"), ("queue:second", "answered")]),
        (KEY_AWAY, [], [("queue:first", "by_key")]),
        (KEY_BACK, [], [("queue:first", "callbacks")]),
        (KEY_AWAY, [rang(ALICE, 0.1, 0.9, 10.0)], [("queue:first", "answered")]),
    ],
)
def test_keys_lead_out_of_the_queue_unless_somebody_has_answered(
    key: str, rings: list[Ring], left: list[tuple[str, str]]
) -> None:
    assert ways(Ledger([caller(by_caller=False, keys=((1.0, key),))], rings)) == left


def test_who_is_called_back_talks_to_the_agent_from_when_they_answer() -> None:
    ledger = Ledger(
        [caller(ended=2.0, by_caller=False, keys=((1.0, KEY_BACK),))],
        [rang(ALICE, 5.0, 5.3, 9.0)],
        [rang("1", 5.5, 6.0, 9.0, "+33")],
        [Command(ALICE, "release", 8.9, 8.95, "1")],
    )
    (story,) = put_together(ledger)
    assert (story.called_back, [each.agent for each in story.served]) == (True, [ALICE])
    row = counted(ledger).agents()[ALICE]
    assert row["calls"] == Bounds(1, 1)
    assert row["talk"].holds(2.9)
    assert counted(ledger).queues(LEVELS)["queue:first"]["talk"].high == 0


def test_whether_an_answer_or_a_hang_up_in_the_same_moment_was_first_either_may_be_right() -> None:
    ledger = Ledger([caller(ended=2.005)], [rang(ALICE, 0.1, 2.0, 2.03)])
    first, other = (stories(ledger, lambda *_: False, 0.02, answered_first=answered) for answered in (True, False))
    account = Account(ledger, first, LATE, FOUND, other)
    row = account.queues(LEVELS)["queue:first"]
    assert [row[name] for name in ("offered", "answered", "abandoned")] == [Bounds(1, 1), Bounds(0, 1), Bounds(0, 1)]
    agent = account.agents()[ALICE]
    assert [agent[name] for name in ("rung", "answered", "withdrawn", "calls")] == [
        Bounds(1, 1), Bounds(0, 1), Bounds(0, 1), Bounds(0, 1),
    ]  # fmt: skip
    assert counted(ledger).queues(LEVELS)["queue:first"]["answered"] == Bounds(1, 1)


def test_what_is_closed_offers_nobody_anything_and_whoever_is_served_there_is_wrong() -> None:
    assert not put_together(Ledger([caller(dialled=FEAST)], []), FEAST)[0].stays
    assert put_together(Ledger([caller()], [rang(ALICE, 0.1, 2.0, 10.0)]), FIRST)[0].wrong


def test_a_hold_is_no_talk_and_both_together_are_the_time_in_the_call() -> None:
    commands = [
        Command(ALICE, "hold", 4.0, 4.01, "1"), Command(ALICE, "retrieve", 6.0, 6.01, "1"),
        Command(ALICE, "release", 9.0, 9.01, "1"),
    ]  # fmt: skip
    ledger = Ledger([caller(ended=9.02, by_caller=False)], [rang(ALICE, 0.1, 2.0, 9.01)], [], commands)
    row = counted(ledger).agents()[ALICE]
    assert row["hold"].holds(2.0)
    assert row["talk"].holds(5.0)
    assert not put_together(ledger)[0].wrong


def test_a_transfer_is_theirs_who_left_and_the_other_one_talks_from_their_answer_on() -> None:
    commands = [Command(ALICE, "transfer", 4.0, 4.02, "1", f"agent:{BOB}"), Command(BOB, "release", 9.0, 9.01, "1")]
    rings = [rang(ALICE, 0.1, 2.0, 5.05), rang(BOB, 4.1, 5.0, 9.01)]
    ledger = Ledger([caller(ended=9.02, by_caller=False)], rings, [], commands)
    row = counted(ledger).queues(LEVELS)["queue:first"]
    assert (row["transfers"], row["conferences"]) == (Bounds(1, 1), Bounds(0, 0))
    assert row["talk"].holds(2.0 + 4.0)
    assert row["hold"].holds(1.0)
    agents = counted(ledger).agents()
    assert (agents[ALICE]["transfers"].low, agents[BOB]["transfers"].high) == (1, 0)
    assert not put_together(ledger)[0].wrong


def test_a_transfer_that_is_declined_is_none_and_the_caller_is_on_hold_until_retrieved() -> None:
    commands = [
        Command(ALICE, "transfer", 4.0, 4.02, "1", f"agent:{BOB}"), Command(ALICE, "retrieve", 5.5, 5.52, "1"),
        Command(ALICE, "release", 6.0, 6.01, "1"),
    ]  # fmt: skip
    rings = [rang(ALICE, 0.1, 2.0, 6.02), rang(BOB, 4.1, 5.0, 5.0, how="declined")]
    ledger = Ledger([caller(ended=6.02, by_caller=False)], rings, [], commands)
    row = counted(ledger).queues(LEVELS)["queue:first"]
    assert (row["transfers"], row["hold"].holds(1.5)) == (Bounds(0, 0), True)
    assert counted(ledger).agents()[BOB]["declined"] == Bounds(1, 1)


def test_a_conference_is_all_its_agents_and_the_caller_is_on_hold_until_the_other_one_comes() -> None:
    commands = [
        Command(ALICE, "conference", 4.0, 4.02, "1", f"agent:{BOB}"), Command(ALICE, "release", 7.0, 7.01, "1"),
        Command(BOB, "release", 9.0, 9.01, "1"),
    ]  # fmt: skip
    rings = [rang(ALICE, 0.1, 2.0, 7.02), rang(BOB, 4.1, 5.0, 9.01)]
    ledger = Ledger([caller(ended=9.02, by_caller=False)], rings, [], commands)
    agents = counted(ledger).agents()
    assert [agents[name]["conferences"].low for name in (ALICE, BOB)] == [1, 1]
    assert [agents[name]["transfers"].high for name in (ALICE, BOB)] == [0, 0]
    assert agents[ALICE]["talk"].holds(2.0 + 2.0)
    assert agents[BOB]["talk"].holds(4.0)
    assert not put_together(ledger)[0].wrong


def test_a_consultation_is_a_call_of_its_own_and_a_transfer_when_it_is_completed() -> None:
    commands = [
        Command(ALICE, "consult", 4.0, 4.02, "1", f"agent:{BOB}"), Command(ALICE, "complete", 7.0, 7.01, "1"),
        Command(BOB, "release", 9.0, 9.01, "1"),
    ]  # fmt: skip
    consulted = Ring(BOB, "1101", 4.1, "answered", 5.0, 9.01, shown_last="1")
    ledger = Ledger([caller(ended=9.02, by_caller=False)], [rang(ALICE, 0.1, 2.0, 7.02), consulted], [], commands)
    agents = counted(ledger).agents()
    assert [agents[name]["calls"].low for name in (ALICE, BOB)] == [2, 2]
    assert agents[ALICE]["hold"].holds(3.0)
    assert agents[ALICE]["talk"].holds(2.0 + 2.0)
    assert agents[BOB]["talk"].holds(2.0 + 2.0)
    assert (agents[ALICE]["transfers"].low, agents[BOB]["transfers"].high) == (1, 0)
    assert counted(ledger).queues(LEVELS)["queue:first"]["talk"].holds(2.0 + 2.0)


def test_who_lets_it_ring_has_missed_it_unless_the_caller_was_gone() -> None:
    rings = [rang(ALICE, 0.1, 3.1, 3.1, how="cancelled"), rang(BOB, 3.2, 4.0, 4.0, how="cancelled")]
    agents = counted(Ledger([caller(ended=3.995)], rings)).agents()
    assert (agents[ALICE]["missed"], agents[BOB]["withdrawn"]) == (Bounds(1, 1), Bounds(1, 1))
    gone = [rang(ALICE, 0.1, 3.0, 3.0, how="cancelled")]
    assert counted(Ledger([caller(ended=2.995)], gone)).agents()[ALICE]["withdrawn"] == Bounds(1, 1)


def test_a_call_of_ones_own_is_no_ring_and_states_go_on_from_command_to_command() -> None:
    own = Ring(ALICE, "", 1.05, "answered", 1.06, 3.02, own=True)
    commands = [
        Command(ALICE, "login", -0.1, -0.05), Command(ALICE, "ready", 0.0, 0.05),
        Command(ALICE, "dial", 1.0, 1.1, "+33"),
        Command(ALICE, "release", 3.0, 3.01, "+33"), Command(ALICE, "lunch", 4.0, 4.01),
        Command(ALICE, "ready", 6.0, 6.01), Command(ALICE, "logout", 9.0, 9.01),
    ]  # fmt: skip
    ledger = Ledger([], [own], [rang("+33", 1.2, 1.5, 3.03, "+33140000000")], commands)
    row = counted(ledger).agents()[ALICE]
    assert (row["rung"], row["calls"]) == (Bounds(0, 0), Bounds(1, 1))
    assert row["talk"].holds(1.5)
    assert row["on_call"].holds(1.97)
    assert row["lunch"].holds(2.0)
    assert row["logged_in"].holds(9.0)


def test_how_late_is_measured_where_both_ends_of_the_way_were_seen() -> None:
    served, second = caller(), Caller("2", SECOND, 20.0, 20.01, 30.0, by_caller=False)
    rings = [rang(ALICE, 0.1, 2.0, 10.02), rang(CAROL, 20.06, 21.0, 30.0, "2")]
    ledger = Ledger([served, second], rings)
    assert list(lateness(ledger).samples) == pytest.approx([0.02])
    assert list(finding(ledger).samples) == pytest.approx([0.1, 0.06])
