"""What is due first is found however many calls there are, and never what is no more."""

from hypothesis import given
from hypothesis import strategies as st

from ari_app.calls.state import Deadlines

NAMES = st.sampled_from([f"call{number}" for number in range(12)])
TIMES = st.none() | st.integers(0, 30).map(float)


@given(st.lists(st.tuples(NAMES, TIMES, st.integers(0, 30)), max_size=400))
def test_the_first_and_all_that_are_due_are_those_noted_last(changes: list[tuple[str, float | None, int]]) -> None:
    deadlines, noted = Deadlines(), dict[str, float]()
    for name, at, now in changes:
        deadlines.note(name, at)
        noted.pop(name, None)
        if at is not None:
            noted[name] = at
        assert deadlines.next() == min(noted.values(), default=None)
        assert deadlines.due(now) == [
            name for at, name in sorted((at, name) for name, at in noted.items()) if at <= now
        ]


def test_a_call_whose_time_changes_for_ever_takes_no_more_room() -> None:
    deadlines = Deadlines()
    deadlines.note("first", 0.0)
    for at in range(1, 10_000):
        deadlines.note("ringing", float(at))
    assert len(deadlines._first) < 100
    assert deadlines.due(10_000.0) == ["first", "ringing"]


def test_a_step_that_is_run_again_finds_what_was_due_then_in_that_order() -> None:
    deadlines = Deadlines()
    deadlines.note("other", 1.0)
    deadlines.only(["zoe", "alice"])
    assert deadlines.due(1_000.0) == ["zoe", "alice"]
