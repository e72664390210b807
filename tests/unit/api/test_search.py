"""Finding somebody by name or number (S1)."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ari_app.routing.directory import Agent, Directory, Group
from ari_app.routing.outside import OutsideRule
from ari_app.routing.search import SearchIndex, fold
from ari_app.routing.targets import Target, TargetType
from tests.unit.api.fakes import DEMO

ALL = frozenset(TargetType)


def anybody(target: Target) -> bool:
    return True


def search(
    text: str,
    directory: Directory = DEMO.directory,
    types: frozenset[TargetType] = ALL,
    limit: int = 20,
    permitted: Callable[[Target], bool] = anybody,
) -> list[str]:
    return [str(t) for t in SearchIndex(directory).search(text, types, limit, permitted)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("lefevre", "agent:bob"),
        ("LEFÈVRE", "agent:bob"),
        ("lef", "agent:bob"),
        ("Bob L", "agent:bob"),
        ("lef bob", "agent:bob"),
        ("muller", "agent:dave"),
        ("o'brien", "agent:erin"),
        ("obrien", "agent:erin"),
        ("brien", "agent:erin"),
        ("1003", "agent:carol"),
        ("agent:frank", "agent:frank"),
        ("skill:french>=3", "skill:french>=3"),
        ("sales", "group:sales"),
        ("Sales q", "queue:sales"),
        ("+33 6 12 34 56 78", "number:+33612345678"),
        ("nguyne", "agent:carol"),
        ("ngyen", "agent:carol"),
        ("martim", "agent:alice"),
        ("supprot", "group:support"),
    ],
)
def test_what_is_typed_finds(text: str, first: str) -> None:
    assert search(text)[0] == first


@pytest.mark.parametrize("text", ["zzz", "12", "mt", "bob martin", "...", "%"])
def test_what_is_not_there_is_not_found(text: str) -> None:
    assert search(text) == []


def test_better_matches_come_first() -> None:
    names = {"a": "Ann Lee", "b": "Lee", "c": "Leeward Joe", "d": "Leo Marx", "e": "Xee Ledd", "f": "Leex"}
    directory = Directory(agents={i: Agent(i, n, phone=f"9{i}") for i, n in names.items()})
    assert search("lee", directory) == ["agent:b", "agent:c", "agent:f", "agent:a"]


def test_nothing_typed_finds_all_by_name() -> None:
    everything = search("", limit=100)
    assert len(everything) == 16
    assert everything[:3] == ["agent:admin", "agent:alice", "skill:billing"]


def test_types_limit_and_permission() -> None:
    assert search("s", types=frozenset({TargetType.GROUP})) == ["group:sales", "group:support"]
    assert search("s", limit=1) == ["group:sales"]
    assert search("sales", permitted=lambda t: t.type is TargetType.QUEUE) == ["queue:sales"]


def test_numbers_outside_only_where_a_rule_allows_them() -> None:
    assert search("123456", Directory(outside=(OutsideRule("[0-9]{6}"),))) == ["number:123456"]
    assert search("123456", Directory()) == []


@given(st.text(max_size=20))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=30))
def test_whatever_is_typed_it_answers(text: str) -> None:
    found = search(text)
    assert len(found) == len(set(found))


@given(st.text(st.characters(categories=["L"]), min_size=4, max_size=12), st.data())
def test_one_slip_is_forgiven(name: str, data: st.DataObject) -> None:
    word = fold(name)
    if len(word) < 4 or not word.isalnum():
        return
    directory = Directory(groups={"g": Group("g", name)})
    at = data.draw(st.integers(0, len(word) - 2))
    swapped = word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    for typed in (swapped, word[:at] + "q" + word[at + 1 :], word[:at] + "q" + word[at:], word + "q"):
        assert search(typed, directory) == ["group:g"]
