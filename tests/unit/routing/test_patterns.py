"""What may stand in a pattern and in its rewriting, and what is refused."""

import pytest

from ari_app.routing.patterns import LONGEST, PatternError, compiled


@pytest.mark.parametrize(
    ("pattern", "template", "number", "out"),
    [
        (r"0(\d+)", r"+33\1", "0123", "+33123"),
        (r"0(?P<rest>[0-9]+)", r"\g<rest>\g<1>\\", "012", "1212\\"),
        (r"(1)?(2)", r"<\1>\2", "2", "<>2"),
        (r"\D(\d+)", r"\g<0>", "+12", "+12"),
        (r"[\d+*-]+", "x", "+1-*", "x"),
        (r"0(?!9)\d{2}", "ok", "012", "ok"),
        (r"^0(\d)$", r"\1", "01", "1"),
        (r"(0*?)(0*)", r"<\1>\2", "00", "<>00"),
    ],
)
def test_a_number_is_rewritten_by_the_groups_of_its_pattern(pattern: str, template: str, number: str, out: str) -> None:
    read = compiled(pattern)
    read.check(template)
    match = read.fullmatch(number)
    assert match is not None
    assert match.expand(template) == out


@pytest.mark.parametrize(
    "pattern",
    [
        "(", ")", "[", "[]", "[0", "[9-0]", r"[0-\d]", r"[\D]", "*", "0**", "0{2}{3}", "0+*", "^*", "(?=0)*", "\\",
        r"\w", r"\1", "(?i)0", "(?<=0)1",
        "(?P=x)", "(?P<x>0)(?P<x>1)", "0{101}", "0{3,2}", "(" * 25 + ")" * 25, "(?:0{100}){100}",
    ],
)  # fmt: skip
def test_what_cannot_be_matched_in_good_time_or_means_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        compiled(pattern)


@pytest.mark.parametrize("template", [r"\2", r"\g<2>", r"\g<name>", r"\q", "\\", r"\0"])
def test_a_rewriting_of_what_is_not_there_is_refused(template: str) -> None:
    with pytest.raises(PatternError):
        compiled("(0)").check(template)


@pytest.mark.parametrize(
    ("pattern", "number", "goes_on"),
    [("0[0-9]{3}", "01", True), ("0[0-9]{3}", "0123", False), ("0[0-9]{3}", "1", False), (".*#", "0", False),
     ("(?:0(?!1)[0-9]*|1?)", "0", True), (f"[0-9]{{{40}}}", "0", False)],
)  # fmt: skip
def test_whether_more_digits_may_come_is_read_from_the_pattern(pattern: str, number: str, goes_on: bool) -> None:
    assert compiled(pattern).goes_on(number) is goes_on


def test_a_pattern_may_be_long_and_not_longer_than_that() -> None:
    assert compiled("0" * LONGEST).fullmatch("0" * 33) is None


@pytest.mark.parametrize("pattern", ["0^1", "0$1"])
def test_a_number_has_one_begin_and_one_end(pattern: str) -> None:
    assert compiled(pattern).fullmatch("01") is None


@pytest.mark.parametrize("pattern", [r"(0+)+#", r"(0|0)*#", r"(0|00)+#", r"((0*)*)*#", r"(?:0?){60}#"])
def test_a_number_that_makes_re_try_for_ever_is_refused_at_once(pattern: str) -> None:
    steps = compiled(pattern)
    assert steps.fullmatch("0" * 33) is None
    assert steps.fullmatch("0" * 32 + "#") is not None
