"""After which verb a controller is killed, and when."""

from __future__ import annotations

from collections import Counter

from tests.faults.moments import WITHIN, choose, moments

VERBS = ("hold", "mute", "transfer")


def test_the_same_seed_chooses_the_same_and_another_one_others() -> None:
    assert moments(7, 60, VERBS) == moments(7, 60, VERBS) != moments(8, 60, VERBS)


def test_each_verb_has_its_turn_and_moments_cover_all_of_the_time() -> None:
    chosen = moments(7, 60, VERBS)
    assert set(Counter(each.verb for each in chosen).values()) == {20}
    assert [int(each / WITHIN * 60) for each in sorted(moment.after for moment in chosen)] == list(range(60))
    assert [moment.after for moment in chosen] != sorted(moment.after for moment in chosen)


def test_few_rounds_are_enough() -> None:
    (only,) = moments(7, 1, VERBS)
    assert 0 <= only.after < WITHIN


def test_a_lot_chooses_from_the_first_to_the_last() -> None:
    assert [choose("abc", lot) for lot in (0.0, 0.33, 0.34, 0.999)] == ["a", "a", "b", "c"]
