"""A gap is what is missing while the bots run: where they stand still nobody sends, and nobody notes what comes."""

import pytest

from tests.e2e.witness import without_stalls

STILL = [(10.0, 10.5), (12.0, 12.1)]


@pytest.mark.parametrize(
    ("begin", "end", "left"),
    [
        (1.0, 1.4, 0.4),  # nobody stood still
        (10.1, 10.6, 0.0),
        (9.9, 11.0, 0.4),  # before it, and after what was sent has come
        (9.8, 12.4, 1.6),
        (11.0, 11.5, 0.5),
    ],
)
def test_of_a_gap_that_counts_in_which_the_bots_ran(begin: float, end: float, left: float) -> None:
    assert without_stalls(begin, end, STILL) == pytest.approx(left)
