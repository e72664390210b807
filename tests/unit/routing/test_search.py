"""Finding somebody as one types (S1): what matches, in which order, and what is left out."""

import pytest

from ari_app.routing.directory import Agent, Directory, Group, Queue, RoutingPoint, Skill
from ari_app.routing.outside import OutsideRule
from ari_app.routing.search import SearchIndex, fold, matches
from ari_app.routing.targets import Target, TargetType

ALL = frozenset(TargetType)
LISTED = Directory(
    agents={
        "zoe": Agent("zoe", "Zoé Lefèvre", "1001"),
        "bob": Agent("bob", "Bob Marchand", "1002"),
        "eve": Agent("eve", "Eve Lefort", "1003"),
    },
    groups={"sales": Group("sales", "Sales", "2001")},
    queues={"line": Queue("line", "Sales line", "3000")},
    skills={"french": Skill("french", "French")},
    routing_points={"menu": RoutingPoint("menu", "Menu", "4000")},
    outside=(OutsideRule(r"\+?[0-9]{6,}"),),
)


def _found(text: str, types: frozenset[TargetType] = ALL, limit: int = 20) -> list[str]:
    return [str(target) for target in SearchIndex(LISTED).search(text, types, limit, lambda target: True)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("lef", ["agent:eve", "agent:zoe"]),
        ("LEFEVRE", ["agent:zoe"]),
        ("zoé l", ["agent:zoe"]),
        ("lefevre zoe", ["agent:zoe"]),
        ("marchnad", ["agent:bob"]),
        ("mrchand", ["agent:bob"]),
        ("marxhand", ["agent:bob"]),
        ("marcchand", ["agent:bob"]),
        ("mneu", ["routing_point:menu"]),
        ("bbo", []),
        ("sales", ["group:sales", "queue:line"]),
        ("1002", ["agent:bob"]),
        ("100", ["agent:bob", "agent:eve", "agent:zoe"]),
        ("4000", ["routing_point:menu"]),
        ("skill:french>=3", ["skill:french>=3"]),
        ("agent:bob", ["agent:bob"]),
        ("+33 (6) 12-34.56", ["number:+336123456"]),
        ("12345", []),
        ("mxx", []),
        ("...", []),
    ],
)
def test_what_is_typed_finds_the_best_first_s1(text: str, found: list[str]) -> None:
    assert _found(text) == found


def test_nothing_typed_finds_all_by_name_no_more_than_requested_of_the_kinds_requested_s1() -> None:
    assert _found("")[:3] == ["agent:bob", "agent:eve", "skill:french"]
    assert _found("", limit=2) == ["agent:bob", "agent:eve"]
    assert _found("", frozenset({TargetType.GROUP})) == ["group:sales"]


def test_what_is_not_permitted_is_not_found_s2() -> None:
    bob = Target(TargetType.AGENT, "bob")
    assert SearchIndex(LISTED).search("bob", ALL, 20, lambda target: target != bob) == []


@pytest.mark.parametrize(
    ("text", "folded"), [(" Zoé ", "zoe"), ("Łukasz", "lukasz"), ("Straße", "strasse"), ("Æ", "ae")]
)
def test_case_and_accents_do_not_matter_s1(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_of_those_that_match_equally_well_the_ranked_come_first_and_what_is_not_listed_is_passed_over_s1() -> None:
    zoe, gone = Target(TargetType.AGENT, "zoe"), Target(TargetType.AGENT, "gone")
    ranks = {zoe: 2, gone: 1}
    found = SearchIndex(LISTED).search("lef", ALL, 20, lambda target: True, ranks)
    assert [str(target) for target in found] == ["agent:zoe", "agent:eve"]
    assert SearchIndex(LISTED).search("", ALL, 1, lambda target: True, ranks) == [zoe]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", True),
        ("zoe", True),
        ("LEF zo", True),
        ("10 01", True),
        ("agent:zoe", True),
        ("bob", False),
        ("zoe bob", False),
        ("-", False),
    ],
)
def test_whether_one_target_is_found_by_what_is_typed_s1(text: str, found: bool) -> None:
    assert matches(text, Target(TargetType.AGENT, "zoe"), "Zoé Lefèvre", "1001") is found
