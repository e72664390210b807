"""A picture (SVG) of what was looked at: a small curve for each figure, over the calls. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tests.soak.figures import WATCHED, Sample, Watched

_COLUMNS = 3
_WIDTH, _HEIGHT = 300, 130
_LEFT, _TOP, _RIGHT, _BOTTOM = 46, 26, 12, 22
_MORE = 1.15
"""How far the axis goes above the greatest value."""


def svg(samples: Sequence[Sample]) -> str:
    """Each axis begins at zero: what is flat looks flat. The second half, which is judged, is shaded."""
    rows = -(-len(WATCHED) // _COLUMNS)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_COLUMNS * _WIDTH}" height="{rows * _HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="#fff"/>',
    ]
    for number, watched in enumerate(WATCHED):
        row, column = divmod(number, _COLUMNS)
        parts.append(f'<g transform="translate({column * _WIDTH},{row * _HEIGHT})">{_curve(watched, samples)}</g>')
    return "\n".join([*parts, "</svg>\n"])


def _curve(watched: Watched, samples: Sequence[Sample]) -> str:
    values = [each.values[watched.name] / watched.scale for each in samples]
    top, calls = max(values) * _MORE or 1.0, max(samples[-1].calls, 1)
    wide, high = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM
    points = " ".join(
        f"{_LEFT + wide * each.calls / calls:.1f},{_TOP + high * (1 - value / top):.1f}"
        for each, value in zip(samples, values, strict=True)
    )
    base, end = _TOP + high, _LEFT + wide
    unit = f" ({watched.unit})" if watched.unit else ""
    return "".join(
        (
            f'<text x="{_LEFT}" y="16">{escape(watched.title + unit)}</text>',
            f'<rect x="{_LEFT + wide / 2:.1f}" y="{_TOP}" width="{wide / 2:.1f}" height="{high}" fill="#f0f3f7"/>',
            f'<path d="M{_LEFT} {_TOP}V{base}H{end}" fill="none" stroke="#999"/>',
            f'<text x="{_LEFT - 5}" y="{_TOP + 9}" text-anchor="end" fill="#666">{top:.0f}</text>',
            f'<text x="{_LEFT - 5}" y="{base}" text-anchor="end" fill="#666">0</text>',
            f'<text x="{end}" y="{base + 14}" text-anchor="end" fill="#666">{calls:,} calls</text>',
            f'<polyline points="{points}" fill="none" stroke="#26c" stroke-width="1.4"/>',
        )
    )
