"""A picture (SVG) of who heard whom over time: one row a bot, a colour a voice."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from itertools import pairwise

from tests.bots.runner import Result
from tests.bots.sound import Sound
from tests.bots.timeline import HeardSince

_COLOURS = (
    "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377",
    "#ee7733", "#009988", "#882255", "#999933", "#332288", "#44aa99",
)  # fmt: skip
_SOUNDS = {
    Sound.MUSIC: "url(#music)",
    Sound.SPEECH: "url(#speech)",
    Sound.SOUND: "#dddddd",
    Sound.RINGING: "url(#ringing)",
    Sound.SILENCE: "#ffffff",
    Sound.NO_RTP: "#f3d9d9",
}
_PATTERNS = (
    '<pattern id="music" width="8" height="8" patternUnits="userSpaceOnUse">'
    '<rect width="8" height="8" fill="#eee"/><path d="M0 8L8 0" stroke="#999"/></pattern>'
    '<pattern id="speech" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<rect width="6" height="6" fill="#eee"/><circle cx="3" cy="3" r="1.2" fill="#777"/></pattern>'
    '<pattern id="ringing" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<rect width="6" height="6" fill="#fff6cc"/><path d="M3 0V6" stroke="#e0b000"/></pattern>'
)
_LEFT, _WIDTH, _ROW, _GAP, _TOP = 110, 1000, 34, 10, 64


def svg(result: Result) -> str:
    """The picture of a scenario that was run. A few kilobytes, no fonts or scripts from elsewhere."""
    names = list(result.timelines)
    seconds = max(result.took, 0.1)
    bottom = _TOP + len(names) * (_ROW + _GAP)
    height = bottom + 30 + 14 * len(result.steps) + 20
    colours = {name: _COLOURS[index % len(_COLOURS)] for index, name in enumerate(names)}
    verdict = "passed" if result.passed else "FAILED"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + 20}" height="{height}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="100%" height="100%" fill="#fafafa"/><defs>{_PATTERNS}</defs>',
        f'<text x="8" y="20" font-size="15">{escape(result.name)}: {verdict}</text>',
        *_legend(colours),
    ]
    for row, name in enumerate(names):
        top = _TOP + row * (_ROW + _GAP)
        parts.append(f'<text x="8" y="{top + 21}" fill="{colours[name]}">{escape(name)} hears</text>')
        parts.append(f'<rect x="{_LEFT}" y="{top}" width="{_WIDTH}" height="{_ROW}" fill="none" stroke="#ccc"/>')
        parts += _row(result.timelines[name], result, top, seconds, colours)
    parts += _steps(result, seconds, bottom)
    parts.append("</svg>")
    return "\n".join(parts)


def _legend(colours: dict[str, str]) -> Iterator[str]:
    x = 8.0
    for label, fill in [*colours.items(), *((sound.value, fill) for sound, fill in _SOUNDS.items())]:
        yield f'<rect x="{x}" y="32" width="12" height="12" fill="{fill}" stroke="#999"/>'
        yield f'<text x="{x + 16}" y="42">{escape(label)}</text>'
        x += 30 + 7 * len(label)


def _row(
    timeline: list[HeardSince], result: Result, top: int, seconds: float, colours: dict[str, str]
) -> Iterator[str]:
    end = HeardSince(result.epoch + seconds, frozenset(), Sound.IDLE)
    for heard, after in pairwise([*timeline, end]):
        begin = max(heard.at - result.epoch, 0.0)
        until = min(after.at - result.epoch, seconds)
        if until <= begin or heard.sound is Sound.IDLE:
            continue
        x, width = _LEFT + begin / seconds * _WIDTH, (until - begin) / seconds * _WIDTH
        title = f"<title>{begin:.3f}–{until:.3f} s: {escape(str(heard))}</title>"
        voices = sorted(heard.voices)
        fills = [colours.get(voice, "#000") for voice in voices] or [_SOUNDS.get(heard.sound, "none")]
        band = _ROW / len(fills)
        for lane, fill in enumerate(fills):
            yield (
                f'<rect x="{x:.1f}" y="{top + lane * band:.1f}" width="{width:.1f}" height="{band:.1f}" '
                f'fill="{fill}">{title}</rect>'
            )


def _steps(result: Result, seconds: float, bottom: int) -> Iterator[str]:
    for second in range(int(seconds) + 1):
        x = _LEFT + second / seconds * _WIDTH
        yield f'<text x="{x:.1f}" y="{bottom + 12}" fill="#666" text-anchor="middle">{second} s</text>'
    for number, step in enumerate(result.steps, 1):
        x = _LEFT + step.began / seconds * _WIDTH
        colour = "#c00" if step.failure else "#555"
        yield (
            f'<path d="M{x:.1f} {_TOP - 6}V{bottom}" stroke="{colour}" stroke-dasharray="2 3"/>'
            f'<text x="{x:.1f}" y="{_TOP - 8}" fill="{colour}" font-size="9">{number}</text>'
            f'<text x="{_LEFT}" y="{bottom + 26 + 14 * number}" fill="{colour}">'
            f"{number}. {step.began:.2f} s: {escape(step.label[:150])}</text>"
        )
