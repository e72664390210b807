"""What the story looks like on a terminal of 100 columns. Pure: values in, lines out.

Everything reads without colour; colour only underlines what the signs say.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from tests.bots import Sound
from tests.demo.story import Ear, Moment, Person, Scene, Stretch, milliseconds

WIDTH = 100
HEARS, DEAF_TO, ONESELF, MUSIC = "●", "·", "╲", "♪"

_LEFT = 53
_STAMP = 9
_CELL = 6
_LATENCY = re.compile(r"after\xa0[\d\xa0]+ms")
_DISPLAY = re.compile(r"▐.*▌")
_ESCAPE = re.compile(r"\x1b\[\d+m")
_STYLES = {"bold": "1", "dim": "2", "reverse": "7", "red": "31", "green": "32", "yellow": "33", "cyan": "36"}
_SOUNDS = {
    Sound.MUSIC: f"{MUSIC} music",
    Sound.RINGING: "ringing tone",
    Sound.SPEECH: "an announcement",
    Sound.SOUND: "a sound",
    Sound.SILENCE: "silence",
    Sound.NO_RTP: "silence",
}
_STRIP = {Sound.MUSIC: MUSIC, Sound.RINGING: "~", Sound.SPEECH: "a", Sound.SOUND: "?", Sound.IDLE: " "}
_LEGEND = {
    MUSIC: "music",
    "~": "ringing tone",
    "a": "announcement",
    "?": "a sound not recognised",
    DEAF_TO: "nothing",
}


@dataclass(frozen=True, slots=True)
class Ink:
    """Colour, or none."""

    colour: bool = False

    def __call__(self, style: str, text: str) -> str:
        """`text` in that style."""
        return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if self.colour and text else text


def wants_colour(*, is_terminal: bool, environment: Mapping[str, str]) -> bool:
    """Colour only for people at terminals that have it, and who have not said no (no-color.org)."""
    return is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"


# -- a scene ----------------------------------------------------------------------------------------------------------


def heading(scene: Scene, ink: Ink) -> str:
    """The rule above a scene."""
    number = f"── {scene.number} "
    rule = "─" * max(WIDTH - len(number) - len(scene.title) - 1, 2)
    return f"{ink('dim', number)} {ink('bold', scene.title)} {ink('dim', rule[1:])}"


def body(scene: Scene, ink: Ink) -> list[str]:
    """What happened, on the left; who hears whom in the end, on the right."""
    right = matrix(scene.ears, ink) if scene.ears else []
    room = min(_LEFT, WIDTH - max((_seen(line) for line in right), default=0))
    left = [line for moment in scene.moments for line in _moment(moment, room, ink)]
    return [
        f"{text}{' ' * (room - _seen(text))}{picture}".rstrip()
        for text, picture in zip_longest(left, right, fillvalue="")
    ]


def _seen(line: str) -> int:
    """How wide a line is to the eye."""
    return len(_ESCAPE.sub("", line))


def _moment(moment: Moment, width: int, ink: Ink) -> list[str]:
    stamp = milliseconds(moment.at).rjust(_STAMP)
    room = width - _STAMP - 4
    texts = [text for line in moment.text.split("\n") for text in textwrap.wrap(line, room)]
    lines = []
    for index, text in enumerate(texts):
        begin = ink("dim", stamp) if index == 0 else " " * _STAMP
        painted = _DISPLAY.sub(lambda found: ink("reverse", found.group()), text)
        painted = _LATENCY.sub(lambda found: ink("bold", found.group()), painted)
        lines.append(f"{begin}  {painted}".replace("\N{NO-BREAK SPACE}", " "))
    return lines


def matrix(ears: Sequence[Ear], ink: Ink) -> list[str]:
    """A row for each ear, a column for each voice."""
    names = [ear.name for ear in ears]
    label = max(len("hears"), *(len(name) for name in names))
    rule = "─" * (label + 2), "─" * (_CELL * len(names) + 1)
    head = "".join(name.center(_CELL) for name in names)
    lines = [
        ink("dim", f"  {'hears':>{label}}   ") + head.rstrip(),
        ink("dim", f"┌{rule[0]}┬{rule[1]}┐"),
    ]
    for ear in ears:
        cells = "".join(_cell(ear, voice, ink) for voice in names)
        bar = ink("dim", "│")
        lines.append(f"{bar} {ear.name:<{label}} {bar}{cells} {bar} {_tail(ear, ink)}".rstrip())
    lines.append(ink("dim", f"└{rule[0]}┴{rule[1]}┘"))
    return lines


def _cell(ear: Ear, voice: str, ink: Ink) -> str:
    if voice == ear.name:
        sign, style = ONESELF, "dim"
    elif voice in ear.hears:
        sign, style = HEARS, "green"
    else:
        sign, style = DEAF_TO, "dim"
    before = (_CELL - 1) // 2
    return " " * before + ink(style, sign) + " " * (_CELL - 1 - before)


def _tail(ear: Ear, ink: Ink) -> str:
    """What is heard that is nobody's voice, and what the API says of this party."""
    heard = "" if ear.hears else _SOUNDS.get(ear.sound, "")
    parts = []
    if heard:
        parts.append(ink("cyan" if ear.sound is Sound.MUSIC else "dim", heard))
    if ear.notes:
        parts.append(ink("yellow", ", ".join(ear.notes)))
    return " · ".join(parts)


# -- before and after -------------------------------------------------------------------------------------------------


def opening(cast: Iterable[Person], where: str, ink: Ink) -> list[str]:
    """Who takes part, and how to read what follows."""
    people = [f"   {ink('bold', f'{person.name:<6}')} {person.who}" for person in cast]
    return [
        "",
        ink("bold", "A call through the call centre") + ink("dim", f"{where:>{WIDTH - 30}}"),
        ink("dim", "═" * WIDTH),
        "",
        *people,
        "",
        "Every phone speaks with a tone of its own and listens to the RTP that arrives. The tables are what",
        "was measured there, after each step; were one of them wrong, this would stop and say so.",
        f"A row is an ear:  {HEARS} hears that person   {DEAF_TO} does not   {MUSIC} music on hold",
        "",
    ]


def strip(name: str, stretches: Sequence[Stretch], until: float, ink: Ink) -> list[str]:
    """What one person heard from the first moment to the last, on one line; each sign is an equal piece of time."""
    room = WIDTH - 10
    step = until / room
    signs = [_loudest(stretches, index * step, (index + 1) * step) for index in range(room)]
    painted = "".join(ink("cyan" if sign == MUSIC else "dim" if sign == DEAF_TO else "bold", sign) for sign in signs)
    voices = sorted({voice for stretch in stretches for voice in stretch.voices})
    legend = [f"{voice[0]} {voice}" for voice in voices]
    if "+" in signs:
        legend.append("+ several")
    for sign, meaning in _LEGEND.items():
        if sign in signs:
            legend.append(f"{sign} {meaning}")
    end = milliseconds(until).replace("\N{NO-BREAK SPACE}", " ")
    return [
        f"What {name} heard, from the first moment to the last:",
        "",
        f"     {painted}",
        f"     {ink('dim', '0 ms' + end.rjust(room - 4))}",
        f"     {ink('dim', '   '.join(legend))}",
    ]


def _loudest(stretches: Sequence[Stretch], begin: float, end: float) -> str:
    """The sign for what filled most of that time."""
    lengths: dict[str, float] = {}
    for stretch in stretches:
        overlap = min(stretch.end, end) - max(stretch.begin, begin)
        if overlap > 0:
            sign = _sign(stretch)
            lengths[sign] = lengths.get(sign, 0.0) + overlap
    return max(lengths, key=lambda sign: lengths[sign]) if lengths else " "


def _sign(stretch: Stretch) -> str:
    if len(stretch.voices) > 1:
        return "+"
    if stretch.voices:
        return next(iter(stretch.voices))[0]
    return _STRIP.get(stretch.sound, DEAF_TO)


def closing(shown: str, seconds: float, ink: Ink) -> list[str]:
    """The last line."""
    head = f"✓ Shown in {seconds:.1f} s: "
    text = textwrap.wrap(head + shown, WIDTH, subsequent_indent="  ")
    return [ink("dim", "═" * WIDTH), *(ink("green", line) for line in text)]


def refusal(why: str, ink: Ink) -> list[str]:
    """Why it can't begin."""
    text = textwrap.wrap(f"✗ The demonstration can't begin: {why}", WIDTH, subsequent_indent="  ")
    return [ink("red", line) for line in text]


def failure(scene: Scene | None, error: str, ink: Ink) -> list[str]:
    """What was not as it should be: the first lines say it, the rest is for whoever looks into it."""
    first, *rest = error.splitlines() or ["no reason given"]
    where = f"scene {scene.number} ({scene.title}): " if scene is not None else ""
    summary = textwrap.wrap(f"✗ The demonstration failed. {where}{first}", WIDTH, subsequent_indent="  ")
    return ["", *(ink("red", line) for line in summary), *(f"  {line}" for line in rest)]
