"""Runs the story of a call again: the same stimuli, each with what it found, through a machine of its own.

Support sees step by step what happened; a test sees that the same would happen today.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ari_app.calls.hearing import Ear, hearing
from ari_app.calls.model import Call, CallId
from ari_app.calls.stimuli import Stimulus
from ari_app.calls.story import Before, Stories, StoryEntry
from ari_app.calls.switch import Switch


@dataclass(frozen=True, slots=True)
class ReplayedStep:
    """One stimulus at `at`; the effects that it had then, and those that it has now; after it the call, if it is up.

    `hearing` is who hears whom after it; None where the story does not say that: before all legs of the call were read.
    """

    at: float
    stimulus: Stimulus
    then: tuple[object, ...]
    now: tuple[object, ...]
    call: Call | None = None
    hearing: tuple[Ear, ...] | None = None

    @property
    def same(self) -> bool:
        return self.then == self.now


def replay(call: CallId, story: Sequence[StoryEntry]) -> Iterator[ReplayedStep]:
    """The steps of a story, from the first that has all it read: what came before has been forgotten, or too much."""
    switch: Switch | None = None
    for at, stimulus, before, then in _steps(story):
        if before is None:
            switch = None
            continue
        if before.whole:
            switch = Switch(before.directory, before.prefix)
        if switch is None:
            continue
        switch.stand_before(before)
        switch.stories = Stories(call)
        switch.handle(stimulus, at)
        requested = switch.stories.of(call) or ()
        now = tuple(entry.detail for entry in requested if entry.kind == "effect")
        yield ReplayedStep(at, stimulus, then, now, switch.calls.get(call), _hearing(switch, call))


def _hearing(switch: Switch, call_id: CallId) -> tuple[Ear, ...] | None:
    call = switch.calls.get(call_id)
    known = call is not None and all(party.leg is None or party.leg in switch.legs for party in call.joined())
    return hearing(call, switch.legs.get) if call is not None and known else None


def _steps(story: Sequence[StoryEntry]) -> Iterator[tuple[float, Stimulus, Before | None, tuple[object, ...]]]:
    stimuli = [place for place, entry in enumerate(story) if entry.kind == "stimulus"]
    for place, after in pairwise([*stimuli, len(story)]):
        entry = story[place]
        stimulus: Stimulus = entry.detail  # type: ignore[assignment]  # what a story has as a stimulus was one
        yield entry.at, stimulus, entry.before, tuple(effect.detail for effect in story[place + 1 : after])
