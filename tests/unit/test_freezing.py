"""What lasts is out of the collector's sight, and goes all the same."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from ari_app.freezing import freeze_for_gc, thaw_for_gc


class Thing:
    """May be watched."""


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_was_there_is_not_looked_at_again_s5() -> None:
    before, thing = gc.get_freeze_count(), Thing()
    freeze_for_gc()
    assert gc.get_freeze_count() > before
    assert all(each is not thing for each in gc.get_objects())


def test_garbage_is_not_kept() -> None:
    circle = Thing()
    circle.__dict__["itself"] = circle
    gone = weakref.ref(circle)
    del circle
    freeze_for_gc()
    assert gone() is None


def test_what_nobody_refers_to_any_more_goes() -> None:
    thing = Thing()
    gone = weakref.ref(thing)
    freeze_for_gc()
    del thing
    assert gone() is None


def test_what_lasted_is_looked_at_again_when_it_lasts_no_more() -> None:
    thing = Thing()
    thing.__dict__["itself"] = thing
    gone = weakref.ref(thing)
    freeze_for_gc()
    del thing
    thaw_for_gc()
    gc.collect()
    assert gone() is None
