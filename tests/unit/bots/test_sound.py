"""What is no bot: ringing, music, speech, silence."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.bots import tones
from tests.bots.sound import Sound
from tests.unit.bots.listening import Listener, babble, music


def tone(seconds: float, *hertz: float) -> NDArray[np.floating]:
    """Steady frequencies, together."""
    time = np.arange(round(seconds * tones.RATE)) / tones.RATE
    return np.asarray(sum(2000 * np.sin(2 * np.pi * each * time) for each in hertz))


@pytest.mark.parametrize("hertz", [(425,), (440, 480), (400, 450), (440,)])
def test_the_ringing_tones_of_several_countries_are_ringing(hertz: tuple[float, ...]) -> None:
    listener = Listener()
    listener.listen(tone(1, *hertz))
    assert listener.ear.sound is Sound.RINGING
    assert listener.reports[-1][0] == 0.0
    assert listener.ever() == set()


def test_the_pause_of_ringing_is_still_ringing_but_not_for_ever() -> None:
    listener = Listener()
    listener.listen(tone(1.5, 425))
    listener.hear(tones.SILENCE, 175)
    assert [sound for _, _, sound in listener.reports] == [Sound.RINGING]
    listener.hear(tones.SILENCE, 75)
    at, *rest = listener.reports[-1]
    assert at == pytest.approx(1.5)
    assert rest == [frozenset(), Sound.SILENCE]


def test_music_is_music_since_its_first_frame() -> None:
    listener = Listener()
    listener.hear(tones.SILENCE, 10)
    listener.listen(music(1.5, seed=1))
    assert listener.ear.sound is Sound.MUSIC
    assert next(at for at, _, sound in listener.reports if sound is Sound.MUSIC) == pytest.approx(0.2, abs=0.03)


def test_speech_is_speech() -> None:
    listener = Listener()
    listener.listen(babble(2.0, seed=1))
    assert listener.ear.sound is Sound.SPEECH


def test_music_after_a_voice_begins_where_the_voice_ends() -> None:
    listener = Listener()
    listener.hear(tones.payload(4, listener.level), 50)
    listener.listen(music(1.5, seed=2))
    assert listener.ear.sound is Sound.MUSIC
    assert next(at for at, _, sound in listener.reports if sound is Sound.MUSIC) == pytest.approx(1.0, abs=0.03)
