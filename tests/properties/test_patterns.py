"""Patterns of numbers against Python's `re`, which says what they mean."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ari_app.routing.patterns import PatternError, compiled

_ATOMS = st.sampled_from(
    ["0", "1", "9", r"\+", "[0-9]", "[^0-3]", r"\d", ".", "(?=1)", "(?!0)", "(?:)", "[*#]", "^", "$"]
)
_NUMBERS = st.text("+0123*#9", max_size=12)


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    times = st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,2}", "{1,}", "*?", "+?", "??", "{1,2}?"])
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda two: f"(?:{two[0]}|{two[1]})"),
        inner.map(lambda one: f"({one})"),
        st.tuples(inner, times).map(lambda two: f"(?:{two[0]}){two[1]}"),
        inner.map(lambda one: f"(?!{one})"),
    )


PATTERNS = st.recursive(_ATOMS, _grown, max_leaves=8)


@given(PATTERNS, _NUMBERS)
@example(r"(0+)+#", "0" * 12)
@example(r"(?:1|)*", "11")
def test_a_pattern_takes_the_numbers_that_re_takes(pattern: str, number: str) -> None:
    assert (compiled(pattern).fullmatch(number) is not None) is (re.fullmatch(pattern, number) is not None)


_PART = st.tuples(st.sampled_from(["0", "[0-9]", r"\+?", "1"]), st.sampled_from(["", "+", "*", "{1,3}", "+?", "*?"]))


@given(st.lists(_PART), _NUMBERS)
def test_the_groups_of_a_pattern_are_those_of_re(parts: list[tuple[str, str]], number: str) -> None:
    pattern = "".join(f"((?:{atom}){times})" for atom, times in parts)
    ours, theirs = compiled(pattern).fullmatch(number), re.fullmatch(pattern, number)
    assert (ours is None) is (theirs is None)
    if ours is not None and theirs is not None:
        assert ours.groups[1:] == theirs.groups()


@given(PATTERNS, st.text("+0139", max_size=6), st.text("0123456789", min_size=1, max_size=6))
def test_whoever_could_dial_on_is_waited_for(pattern: str, number: str, more: str) -> None:
    if re.fullmatch(pattern, number + more):
        assert compiled(pattern).goes_on(number)


@pytest.mark.filterwarnings("ignore::FutureWarning")
@given(st.text(r"01[]()|*+?{},\^$.-=!:P<>dgw", max_size=12))
def test_what_is_refused_is_refused_and_all_else_means_what_re_says(pattern: str) -> None:
    try:
        ours = compiled(pattern)
    except PatternError:
        return
    for number in ("", "0", "1", "01", "{0,}"):
        assert (ours.fullmatch(number) is not None) is (re.fullmatch(pattern, number) is not None)
