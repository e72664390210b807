"""A clock that is set does not make anything last longer, or shorter."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.clock import CATCH_UP, SteadyClock


class Times:
    """The machine's clocks."""

    def __init__(self) -> None:
        self.wall, self.passed = 1_000_000.0, 50.0

    def pass_(self, seconds: float) -> None:
        self.wall += seconds
        self.passed += seconds


def clock_of(times: Times) -> SteadyClock:
    return SteadyClock(lambda: times.wall, lambda: times.passed)


def test_it_shows_the_time_of_day() -> None:
    times = Times()
    clock = clock_of(times)
    times.pass_(3600.0)
    assert clock() == pytest.approx(1_003_600.0)


@given(st.lists(st.tuples(st.floats(0.0, 60.0), st.floats(-7200.0, 7200.0)), max_size=20))
def test_what_passes_is_what_passed_however_the_clock_is_set(steps: list[tuple[float, float]]) -> None:
    times = Times()
    clock = clock_of(times)
    before = clock()
    for passed, jump in steps:
        times.pass_(passed)
        times.wall += jump
        now = clock()
        assert now - before == pytest.approx(passed, rel=CATCH_UP * 1.01, abs=1e-6)
        assert now >= before
        before = now


def test_it_comes_back_to_the_time_of_day_in_the_end() -> None:
    times = Times()
    clock = clock_of(times)
    times.wall += 30.0
    for _ in range(3001):
        times.pass_(1.0)
        clock()
    assert clock() == pytest.approx(times.wall)
