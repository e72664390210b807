"""What supervisors give agents counts until the file says otherwise than it did then."""

from dataclasses import replace

import pytest

from ari_app.routing.directory import CallerId, Directory
from ari_app.routing.given import Given, still_given, with_given
from ari_app.routing.targets import parse_target
from tests.support.callcentre import directory

FILE = replace(
    directory(),
    caller_ids={
        "all": CallerId("all", "All", "1"),
        "sales": CallerId("sales", "Sales", "2", allowed=frozenset({"group:sales"})),
        "bob": CallerId("bob", "Bob", "3", allowed=frozenset({"agent:bob"})),
    },
)
BOB = FILE.agents["bob"]
SALES = Given(groups=("sales",), over_groups=BOB.groups, by="erin", at=1.0)


def with_bob(**fields: object) -> Directory:
    """The file with Bob's entry otherwise."""
    return replace(FILE, agents={**FILE.agents, "bob": replace(BOB, **fields)})  # type: ignore[arg-type]


def test_who_is_given_other_groups_serves_these_and_shows_their_identities() -> None:
    assert "sales" not in BOB.groups
    now = with_given(FILE, still_given(FILE, {"bob": SALES}))
    assert now.agents["bob"].groups == ("sales",)
    assert now.agents["bob"].skills == BOB.skills
    assert now.agents["bob"].caller_ids == ("all", "sales", "bob")
    assert now.serves("bob", parse_target("group:sales"))
    assert not now.serves("bob", parse_target(f"group:{BOB.groups[0]}"))
    assert now.agents["alice"] is FILE.agents["alice"]
    assert with_given(FILE, {}) is FILE


def test_skills_are_given_apart_from_groups() -> None:
    gift = Given(skills={"french": 9}, over_skills=dict(BOB.skills))
    now = with_given(FILE, still_given(FILE, {"bob": gift}))
    assert (now.agents["bob"].groups, dict(now.agents["bob"].skills)) == (BOB.groups, {"french": 9})


@pytest.mark.parametrize(
    ("file", "groups"),
    [
        (FILE, ("sales",)),
        (with_bob(name="Robert"), ("sales",)),
        (with_bob(groups=()), ()),
        (replace(FILE, groups={k: g for k, g in FILE.groups.items() if k != "sales"}), ()),
    ],
)
def test_the_file_counts_again_where_it_says_otherwise_than_when_it_was_given(
    file: Directory, groups: tuple[str, ...]
) -> None:
    assert with_given(file, still_given(file, {"bob": SALES})).agents["bob"].groups == groups


def test_a_skill_that_is_no_more_or_that_the_file_changes_is_not_given() -> None:
    gift = Given(skills={"french": 9, "gone": 1}, over_skills=dict(BOB.skills))
    assert still_given(FILE, {"bob": gift})["bob"].skills == {"french": 9}
    assert still_given(with_bob(skills={"french": 1}), {"bob": gift}) == {}


def test_who_is_no_longer_in_the_file_is_given_nothing_nor_is_whom_nothing_is_given() -> None:
    assert still_given(FILE, {"nobody": SALES, "bob": Given(by="erin")}) == {}
