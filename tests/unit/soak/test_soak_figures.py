"""Whether what was looked at stays as it is."""

from __future__ import annotations

import pytest

from tests.soak.figures import WATCHED, Sample, second_half, slope, verdicts


def samples(*values: float, calls: int = 1000) -> list[Sample]:
    """Of all figures the same, in their units, every so many calls; each call is two lines of the record."""
    return [
        Sample(
            10.0 * n,
            calls * n,
            {each.name: value * each.scale for each in WATCHED}
            | {"audit_lines": 2.0 * calls * n, "audit_memory": 1000.0 * calls * n},
        )
        for n, value in enumerate(values)
    ]


def test_the_slope_is_that_of_the_line_that_fits_best() -> None:
    assert slope([(0, 1), (1, 3), (2, 5)]) == 2
    assert slope([(0, 0), (1, 3), (2, 0), (3, 3)]) == pytest.approx(0.6)
    with pytest.raises(ValueError, match="too few samples"):
        slope([(4, 1), (4, 2)])


def test_the_second_half_is_that_of_the_calls() -> None:
    assert [each.calls for each in second_half(samples(0, 0, 0, 0, 0))] == [2000, 3000, 4000]


def test_what_fills_up_in_the_first_half_and_stays_is_flat() -> None:
    for each in verdicts(samples(10, 20, 30, 30, 30)):
        assert (each.first, each.middle, each.last, each.growth) == (10, 30, 30, 0)
        assert each.flat


@pytest.mark.parametrize("number", range(len(WATCHED)), ids=lambda number: WATCHED[number].name)
def test_what_grows_by_what_is_allowed_is_not_flat_and_by_less_it_is(number: int) -> None:
    bound = WATCHED[number].bound
    for factor, flat in ((1.001, False), (0.999, True)):
        verdict = verdicts(samples(*(bound * factor * n for n in range(9))))[number]
        assert verdict.growth == pytest.approx(bound * factor)
        assert verdict.flat is flat
