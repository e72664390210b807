"""Pictures (SVG) of docs/benchmarks.md: each ratio with its interval, and how figures go with load or size. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tests.bench.goals import name_of

_ROW, _HEAD, _FOOT = 18, 30, 26
_NAMES, _PLOT, _SAID = 500, 380, 160
_OURS, _GOAL, _GREY = "#26c", "#c33", "#999"
_COLOURS = ("#26c", "#c60", "#282", "#92c", "#666")
_WIDTH, _HEIGHT = 450, 210
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 30, 14, 52
_MORE = 1.1
_COLUMNS = 2


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        'font-family="sans-serif" font-size="11">'
    )
    return "\n".join([head, '<rect width="100%" height="100%" fill="#fff"/>', *parts, "</svg>\n"])


def ratios(figures: Sequence[Mapping[str, Any]]) -> str:
    """A row for each figure: the ratio, its interval and the goal; the axis is logarithmic."""
    ends = [1.0, *(value for each in figures for value in (*each["ratio_95"], each["ratio"]) if value > 0)]
    ends += [each["goal"] for each in figures if each["goal"]]
    low, high = math.log(min(ends) / _MORE), math.log(max(ends) * _MORE)

    def at(value: float) -> float:
        return _NAMES + _PLOT * (math.log(max(value, math.exp(low))) - low) / (high - low)

    bottom = _HEAD + _ROW * len(figures)
    parts = [f'<path d="M{at(1):.1f} {_HEAD - 8}V{bottom}" stroke="{_GREY}" stroke-dasharray="3 3"/>']
    parts += [
        f'<text x="{at(tick):.1f}" y="{bottom + 16}" text-anchor="middle" fill="#666">{tick:g}</text>'
        for tick in _ticks(math.exp(low), math.exp(high))
    ]
    parts.append(f'<text x="{_NAMES}" y="16">ours / baseline, with the 95 % interval; a red mark is the goal</text>')
    parts += [_row(each, _HEAD + _ROW * number + _ROW / 2, at) for number, each in enumerate(figures)]
    return _svg(_NAMES + _PLOT + _SAID, bottom + _FOOT, parts)


def _row(each: Mapping[str, Any], middle: float, at: Any) -> str:
    low, high = each["ratio_95"]
    parts = [
        f'<text x="{_NAMES - 8}" y="{middle + 4:.1f}" text-anchor="end">{escape(_named(each))}</text>',
        f'<path d="M{at(low):.1f} {middle:.1f}H{at(high):.1f}" stroke="{_OURS}" stroke-width="2"/>',
        f'<circle cx="{at(each["ratio"]):.1f}" cy="{middle:.1f}" r="3.5" fill="{_OURS}"/>',
        f'<text x="{_NAMES + _PLOT + 8}" y="{middle + 4:.1f}" fill="#444">{each["ratio"]:.2f} '
        f"({low:.2f}–{high:.2f})</text>",
    ]
    if each["goal"]:
        parts.append(f'<path d="M{at(each["goal"]):.1f} {middle - 7:.1f}v14" stroke="{_GOAL}" stroke-width="2"/>')
    return "".join(parts)


def _named(each: Mapping[str, Any]) -> str:
    at = each.get("at", 50)
    return name_of(each) if at == 50 else f"{name_of(each)}, {at} %"


def _ticks(low: float, high: float) -> list[float]:
    steps = (1, 2, 5) if high < 100 * low else (1,)
    candidates = [step * 10.0**power for power in range(-3, 5) for step in steps]
    return [value for value in candidates if low <= value <= high]


def curves(found: Sequence[Mapping[str, Any]]) -> str:
    """A small picture for each `picture` of the curves, with all curves of that name; axes begin at zero."""
    titles = list(dict.fromkeys(each["picture"] for each in found))
    rows = -(-len(titles) // _COLUMNS)
    parts = []
    for number, title in enumerate(titles):
        row, column = divmod(number, _COLUMNS)
        drawn = _panel(title, [each for each in found if each["picture"] == title])
        parts.append(f'<g transform="translate({column * _WIDTH},{row * _HEIGHT})">{drawn}</g>')
    return _svg(min(len(titles), _COLUMNS) * _WIDTH, rows * _HEIGHT, parts)


def _panel(title: str, found: Sequence[Mapping[str, Any]]) -> str:
    points = [point for each in found for point in each["points"]]
    most, top = max(x for x, _ in points) or 1, max(y for _, y in points) * _MORE or 1
    log = most > 100 * min(x for x, _ in points if x > 0)
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    least = min(x for x, _ in points)

    def across(x: float) -> float:
        share = math.log(x / least) / math.log(most / least) if log else x / most
        return _LEFT + wide * share

    base, end, of = _TOP + high, _LEFT + wide, escape(found[0]["across"])
    parts = [
        f'<text x="{_LEFT}" y="16">{escape(title)} ({escape(found[0]["unit"])})</text>',
        f'<path d="M{_LEFT} {_TOP}V{base}H{end}" fill="none" stroke="{_GREY}"/>',
        f'<text x="{_LEFT - 5}" y="{_TOP + 9}" text-anchor="end" fill="#666">{top:.3g}</text>',
        f'<text x="{_LEFT - 5}" y="{base}" text-anchor="end" fill="#666">0</text>',
        f'<text x="{end}" y="{base + 14}" text-anchor="end" fill="#666">{most:,.0f} {of}</text>',
        f'<text x="{_LEFT}" y="{base + 14}" fill="#666">{least if log else 0:,.0f}</text>',
    ]
    for number, each in enumerate(found):
        colour = _COLOURS[number % len(_COLOURS)]
        line = " ".join(f"{across(x):.1f},{_TOP + high * (1 - y / top):.1f}" for x, y in each["points"])
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        left = _LEFT + number * wide / len(found)
        parts.append(f'<path d="M{left:.0f} {base + 30}h14" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{left + 18:.0f}" y="{base + 34}">{escape(each["name"])}</text>')
    return "".join(parts)
