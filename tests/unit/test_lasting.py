"""What lasts is out of the collector's sight, and goes all the same."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from ari_app.lasting import set_aside


class Thing:
    """May be watched."""


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_was_there_is_not_looked_at_again_s5() -> None:
    before, thing = gc.get_freeze_count(), Thing()
    set_aside()
    assert gc.get_freeze_count() > before
    assert all(each is not thing for each in gc.get_objects())


def test_garbage_is_not_kept() -> None:
    circle = Thing()
    circle.__dict__["itself"] = circle
    gone = weakref.ref(circle)
    del circle
    set_aside()
    assert gone() is None


def test_what_nobody_refers_to_any_more_goes() -> None:
    thing = Thing()
    gone = weakref.ref(thing)
    set_aside()
    del thing
    assert gone() is None
