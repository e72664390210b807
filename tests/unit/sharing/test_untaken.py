"""What is reported to a call centre that begins to follow: nothing twice, nothing not at all."""

from dataclasses import replace

import pytest

from ari_app.calls.model import Call, CallType
from ari_app.sharing import untaken
from ari_app.sharing.untaken import STEPS, Untaken
from ari_app.sharing.wire import CallIs, Change

C0 = Call("c", CallType.INBOUND, "b", 1.0)
C1, C2 = replace(C0, owner="alice"), replace(C0, owner="bob")
OVER = replace(C2, ended=True)


def test_changes_are_numbered() -> None:
    reported = Untaken()
    assert reported.changed(None, C0) == CallIs(1, Change(None, C0))
    assert reported.changed(C0, C1) == CallIs(2, Change(C0, C1))
    assert reported.number == 2


def test_a_call_that_was_taken_in_has_not_changed() -> None:
    reported = Untaken()
    reported.changed(None, C0)
    assert reported.all([C0]) == (Change(None, C0),)
    reported.taken(1)
    assert reported.all([C0]) == (Change(C0, C0),)


def test_what_came_after_that_is_reported_from_there() -> None:
    reported = Untaken()
    reported.changed(None, C0)
    reported.changed(C0, C1)
    reported.changed(C1, C2)
    reported.taken(2)
    assert reported.all([C2]) == (Change(C1, C2),)


def test_a_call_that_ended_is_reported_until_it_was_taken_in() -> None:
    reported = Untaken()
    reported.changed(None, C0)
    reported.taken(1)
    reported.changed(C0, OVER)
    assert reported.all([]) == (Change(C0, OVER),)
    reported.taken(2)
    assert reported.all([]) == ()


def test_nobody_follows_for_long() -> None:
    reported = Untaken()
    reported.changed(None, C0)
    for n in range(3 * STEPS):
        reported.changed(C0, replace(C0, recalls=n))
    last = replace(C0, recalls=3 * STEPS - 1)
    assert reported.all([last]) == (Change(None, last),)
    reported.taken(reported.number)
    assert reported.all([last]) == (Change(last, last),)


def test_of_too_many_that_ended_the_oldest_is_forgotten_and_none_that_is_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untaken, "MOST", 2)
    reported = Untaken()
    up, one, two = (replace(C0, id=name) for name in ("up", "one", "two"))
    reported.changed(None, up)
    for call in (one, two):
        reported.changed(None, replace(call, ended=True))
    assert [change.call.id for change in reported.all([up])] == ["up", "two"]
