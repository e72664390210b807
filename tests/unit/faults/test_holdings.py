"""What is left behind, and what is lost."""

from __future__ import annotations

from tests.faults.holdings import Holdings, counted, differences

WANTED = Holdings(
    frozenset({"c1"}), frozenset({"l1", "l2"}), {"asterisk-a": 1}, {"alice": "on_call", "bob": "ready"}, {"legs": 2}
)


def test_all_as_it_should_be_is_no_difference() -> None:
    assert list(differences(WANTED, WANTED)) == []


def test_whatever_is_there_too_much_or_too_little_is_named() -> None:
    found = Holdings(
        frozenset({"c2"}), frozenset({"l1"}), {"asterisk-a": 2, "asterisk-b": 1}, {"alice": "on_call"}, {"legs": 3}
    )
    assert list(differences(found, WANTED)) == [
        "call c2 was left behind",
        "call c1 is lost",
        "channel l2 is lost",
        "bridges at asterisk-a: 2 in place of 1",
        "bridges at asterisk-b: 1 in place of 0",
        "legs in Redis: 3 in place of 2",
        "bob is None in place of ready",
    ]


def test_snapshots_are_counted_by_what_they_are_of() -> None:
    fields = ["call:c1", "over:c0", "leg:l1", "leg:l2", "state:alice"]
    assert counted(fields, {"reservations": 1, "callers who wait": 0}) == {
        "snapshots of calls": 1,
        "snapshots of legs": 2,
        "reservations": 1,
    }
