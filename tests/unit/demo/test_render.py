"""What the demonstration looks like: values in, lines out."""

from __future__ import annotations

import re

import pytest

from tests.bots import Display, Sound
from tests.demo import render
from tests.demo.render import WIDTH, Ink
from tests.demo.story import Clock, Ear, Moment, Person, Scene, Stretch, after, display, milliseconds

PLAIN, COLOUR = Ink(), Ink(colour=True)
NOBODY: frozenset[str] = frozenset()
ZOE_HELD = Ear("Zoé", NOBODY, Sound.MUSIC, ("on hold",))
ALICE = Ear("Alice", NOBODY, Sound.SILENCE)
HOLD = Scene(
    3,
    "Alice puts Zoé on hold",
    [Moment(1.314, "Alice, on the desktop: hold"), Moment(1.365, f"Zoé hears music ♪ {after(0.051)}")],
    [ZOE_HELD, ALICE],
)


def without_colour(lines: list[str]) -> list[str]:
    """As somebody sees them who has no colour."""
    return [re.sub(r"\x1b\[\d+m", "", line) for line in lines]


def test_a_scene_shows_what_happened_beside_who_hears_whom() -> None:
    assert render.body(HOLD, PLAIN) == [
        " 1 314 ms  Alice, on the desktop: hold                 hears    Zoé  Alice",
        " 1 365 ms  Zoé hears music ♪ after 51 ms             ┌───────┬─────────────┐",
        "                                                     │ Zoé   │  ╲     ·    │ ♪ music · on hold",
        "                                                     │ Alice │  ·     ╲    │ silence",
        "                                                     └───────┴─────────────┘",
    ]


def test_whoever_is_heard_has_a_dot_in_the_row_of_who_hears() -> None:
    ears = [
        Ear("Zoé", frozenset({"Alice"}), Sound.VOICES),
        Ear("Alice", frozenset({"Zoé"}), Sound.VOICES),
        Ear("Bob", frozenset({"Zoé", "Alice"}), Sound.VOICES, ("muted",)),
    ]
    assert render.matrix(ears, PLAIN) == [
        "  hears    Zoé  Alice  Bob",
        "┌───────┬───────────────────┐",
        "│ Zoé   │  ╲     ●     ·    │",
        "│ Alice │  ●     ╲     ·    │",
        "│ Bob   │  ●     ●     ╲    │ muted",
        "└───────┴───────────────────┘",
    ]


def test_sounds_that_are_nobodys_voice_stand_beside_the_row() -> None:
    sounds = (Sound.MUSIC, Sound.RINGING, Sound.NO_RTP, Sound.IDLE)
    tails = [render.matrix([Ear("Zoé", NOBODY, sound)], PLAIN)[2].partition("│ Zoé   │  ╲    │")[2] for sound in sounds]
    assert tails == [" ♪ music", " ringing tone", " silence", ""]


def test_moments_follow_the_clock_and_long_ones_are_wrapped_in_their_column() -> None:
    scene = Scene(1, "", [Moment(0.0, "words " * 16)])
    lines = render.body(scene, PLAIN)
    assert len(lines) == 3
    assert lines[0].startswith("     0 ms  words")
    assert all(line.startswith(" " * 11 + "words") for line in lines[1:])
    assert all(len(line) < 53 for line in lines)


def test_a_latency_and_a_display_are_never_broken() -> None:
    shown = display(Display("A rather long name", "+33140000001"))
    text = f"a phone rings in another room of the house {after(1.234)}, showing\n{shown}"
    lines = render.body(Scene(1, "", [Moment(0.0, text)]), PLAIN)
    assert any("after 1 234 ms," in line for line in lines)
    assert any("▐ A rather long name +33140000001 ▌" in line for line in lines)
    assert display(Display(anonymous=True)).split() == ["▐", "anonymous", "▌"]


def test_colour_changes_nothing_that_is_read() -> None:
    coloured = render.body(HOLD, COLOUR)
    assert coloured != render.body(HOLD, PLAIN)
    assert without_colour(coloured) == render.body(HOLD, PLAIN)
    assert without_colour([render.heading(HOLD, COLOUR)]) == [render.heading(HOLD, PLAIN)]


@pytest.mark.parametrize("ink", [PLAIN, COLOUR], ids=["plain", "colour"])
def test_everything_fits_the_width(ink: Ink) -> None:
    names = ["Zoé", "Alice", "Bob", "Carol"]
    ears = [Ear(name, NOBODY, Sound.MUSIC, ("on hold",)) for name in names]
    scene = Scene(12, "A title", [Moment(100.0, "word " * 40)], ears)
    stretches = [Stretch(0.0, 5.0, NOBODY, Sound.MUSIC)]
    lines = [
        *render.opening([Person("zoe", "Zoé", "a customer")], "SIP 127.0.0.1:5060 · API http://127.0.0.1:8080", ink),
        render.heading(scene, ink),
        *render.body(scene, ink),
        *render.strip("Zoé", stretches, 5.0, ink),
        *render.closing("one thing, " * 20, 5.0, ink),
        *render.failure(scene, "something " * 20, ink),
    ]
    assert max(map(len, without_colour(lines))) == WIDTH


def test_the_strip_shows_what_filled_each_piece_of_time() -> None:
    stretches = [
        Stretch(0.0, 1.0, NOBODY, Sound.MUSIC),
        Stretch(1.0, 2.0, frozenset({"Alice"}), Sound.VOICES),
        Stretch(2.0, 3.0, frozenset({"Alice", "Bob"}), Sound.VOICES),
        Stretch(3.0, 4.0, NOBODY, Sound.NO_RTP),
        Stretch(4.0, 5.0, NOBODY, Sound.IDLE),
    ]
    lines = render.strip("Zoé", stretches, 5.0, PLAIN)
    assert lines[2] == "     " + "♪" * 18 + "A" * 18 + "+" * 18 + "·" * 18 + " " * 18
    assert lines[4].split("   ")[1:] == ["  A Alice", "B Bob", "+ several", "♪ music", "· nothing"]


def test_the_strip_says_what_each_of_its_signs_means() -> None:
    sounds = (Sound.MUSIC, Sound.RINGING, Sound.SPEECH, Sound.SOUND, Sound.NO_RTP)
    stretches = [Stretch(float(at), at + 1.0, NOBODY, sound) for at, sound in enumerate(sounds)]
    lines = render.strip("Zoé", stretches, float(len(sounds)), PLAIN)
    assert "? a sound not recognised" in lines[4]
    for sign in set(lines[2].strip()):
        assert f"   {sign} " in lines[4]


def test_a_failure_says_which_scene_and_what_first() -> None:
    lines = render.failure(HOLD, "caller hears alice, and should not\nthe details", PLAIN)
    assert lines[1] == (
        "✗ The demonstration failed. scene 3 (Alice puts Zoé on hold): caller hears alice, and should not"
    )
    assert lines[2] == "  the details"
    assert render.refusal("alice is at work", PLAIN) == ["✗ The demonstration can't begin: alice is at work"]
    assert render.failure(None, "", PLAIN)[1] == "✗ The demonstration failed. no reason given"


@pytest.mark.parametrize(
    ("is_terminal", "environment", "wanted"),
    [
        (True, {"TERM": "xterm"}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (True, {"TERM": "dumb"}, False),
        (False, {"TERM": "xterm"}, False),
    ],
)
def test_colour_is_for_terminals_of_people_who_want_it(
    is_terminal: bool, environment: dict[str, str], wanted: bool
) -> None:
    assert render.wants_colour(is_terminal=is_terminal, environment=environment) is wanted


def test_times_count_from_the_start_in_milliseconds() -> None:
    assert milliseconds(12.3456).split() == ["12", "346", "ms"]
    assert after(-0.001).split() == ["after", "0", "ms"]
    assert Clock(epoch=2.0).at(2.5) == 0.5
