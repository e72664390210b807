"""The watch over silence: what it finds, and what is excused."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from tests.bots import Contact, Lab
from tests.bots.sound import Sound
from tests.e2e.silence import SilenceWatch, beside

NOBODY: frozenset[str] = frozenset()


def test_what_is_excused_is_cut_out_of_what_is_not() -> None:
    assert list(beside([(1, 4), (6, 9)], [])) == [(1, 4), (6, 9)]
    assert list(beside([(1, 4), (6, 9)], [(2, 3), (5, 10)])) == [(1, 2), (3, 4)]
    assert list(beside([(1, 4)], [(0, 1), (4, 5)])) == [(1, 4)]
    assert list(beside([(1, 9)], [(2, 3), (5, 6)])) == [(1, 2), (3, 5), (6, 9)]


class Office:
    """A lab with one contact, who has heard what a test says, in seconds before now."""

    def __init__(self, lab: Lab, contact: Contact) -> None:
        self.watch = SilenceWatch(lab)
        self.contact = contact

    def heard(self, *sounds: tuple[float, Sound]) -> None:
        now = time.monotonic()
        self.contact.timeline.changes[0] = type(self.contact.timeline.now)(now - 60, NOBODY, Sound.IDLE)
        for before, sound in sounds:
            self.contact.timeline.add(now - before, NOBODY, sound)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with Lab(("127.0.0.1", 9), carrier=("127.0.0.1", 0)) as lab:
        yield Office(lab, await lab.contact("caller", "+33600000001"))


async def test_two_seconds_of_nothing_in_a_call_are_found(office: Office) -> None:
    office.heard((9, Sound.MUSIC), (8, Sound.SILENCE), (5.9, Sound.MUSIC), (1, Sound.IDLE))
    with pytest.raises(AssertionError, match=r"caller heard nothing at all for 2\.1"):
        office.watch.check()


async def test_less_and_what_is_no_call_is_not(office: Office) -> None:
    office.heard((9, Sound.NO_RTP), (7.1, Sound.MUSIC), (5, Sound.IDLE))
    office.watch.check()


async def test_silence_that_lasts_to_the_end_is_found(office: Office) -> None:
    office.heard((9, Sound.MUSIC), (3, Sound.NO_RTP))
    with pytest.raises(AssertionError, match="caller heard nothing at all"):
        office.watch.check()


async def test_silence_that_is_right_is_excused_and_an_excuse_without_silence_is_none(office: Office) -> None:
    with office.watch.is_right(office.contact, why="they are deafened", perhaps=False):
        pass
    with pytest.raises(AssertionError, match="never in silence while they are deafened"):
        office.watch.check()
    office.contact.timeline.add(time.monotonic() - 1.9, NOBODY, Sound.SILENCE)
    office.watch.check()


async def test_an_excuse_that_may_not_be_needed_is_none_the_worse(office: Office) -> None:
    with office.watch.is_right(office.contact, why="they may be deafened", perhaps=True):
        pass
    office.watch.check()
