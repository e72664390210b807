"""The history of what a bot heard."""

from __future__ import annotations

from tests.bots.sound import Sound
from tests.bots.timeline import HeardSince, Timeline

NOBODY: frozenset[str] = frozenset()


def history(*changes: tuple[float, str, Sound]) -> Timeline:
    """A timeline that begins idle at 0."""
    timeline = Timeline([HeardSince(0.0, NOBODY, Sound.IDLE)])
    for at, voices, sound in changes:
        timeline.add(at, frozenset(voices.split()), sound)
    return timeline


def test_a_guess_is_replaced_by_what_it_turns_out_to_be() -> None:
    timeline = history((1, "", Sound.SILENCE), (2, "", Sound.SOUND), (2, "", Sound.MUSIC))
    assert [change.sound for change in timeline.changes] == [Sound.IDLE, Sound.SILENCE, Sound.MUSIC]


def test_what_is_already_so_is_no_change() -> None:
    timeline = history((1, "bob", Sound.VOICES))
    assert not timeline.add(2, frozenset({"bob"}), Sound.VOICES)


def test_first_and_last_are_requested_from_a_time_on() -> None:
    timeline = history((1, "bob", Sound.VOICES), (2, "", Sound.SILENCE), (3, "bob", Sound.VOICES), (4, "", Sound.MUSIC))
    assert timeline.first("bob", 0) == 1
    assert timeline.first("bob", 1.5) == 1.5
    assert timeline.first("bob", 2.5) == 3
    assert timeline.last("bob") == 4
    assert timeline.first("carol", 0) is None
    assert timeline.voices(2.0, 2.9) == NOBODY
    assert timeline.voices(0.0, 2.0) == {"bob"}


def test_the_longest_nothing_joins_silence_and_missing_rtp_but_not_idle_time() -> None:
    timeline = history(
        (1, "", Sound.NO_RTP),
        (2, "", Sound.SILENCE),
        (4, "bob", Sound.VOICES),
        (5, "", Sound.SILENCE),
        (6, "", Sound.IDLE),
    )
    assert timeline.longest_nothing(0.0, 60.0) == (3.0, 1)
    assert timeline.longest_nothing(3.0, 60.0) == (1.0, 3.0)


def test_every_stretch_of_nothing_in_calls() -> None:
    timeline = history(
        (1, "", Sound.NO_RTP),
        (2, "", Sound.SILENCE),
        (4, "bob", Sound.VOICES),
        (5, "", Sound.SILENCE),
        (6, "", Sound.IDLE),
        (7, "", Sound.NO_RTP),
    )
    assert list(timeline.nothings(0.0, 9.0)) == [(1, 4), (5, 6), (7, 9.0)]
    assert list(timeline.nothings(3.0, 8.0)) == [(3.0, 4), (5, 6), (7, 8.0)]
    assert list(history((1, "bob", Sound.VOICES)).nothings(0.0, 9.0)) == []
