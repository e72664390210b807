"""Lines for a terminal: aligned, and with nothing in them that a terminal would obey. Pure."""

import unicodedata
from collections.abc import Sequence

_READABLE = 12


def plain(text: str) -> str:
    """What came from outside, as names do, without characters that move a cursor or hide what stands there."""
    return "".join(x if x.isprintable() else "\N{REPLACEMENT CHARACTER}" for x in text)


def counted(number: int, what: str) -> str:
    """`no calls`, `1 call`, `2 calls`."""
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def width(text: str) -> int:
    """How many columns it takes."""
    wide = sum(unicodedata.east_asian_width(x) in "WF" for x in text)
    return len(text) + wide - sum(bool(unicodedata.combining(x)) for x in text)


def fit(text: str, columns: int) -> str:
    """Filled up with blanks, or cut with an ellipsis."""
    if width(text) <= columns:
        return text + " " * (columns - width(text))
    while text and width(text) > columns - 1:
        text = text[:-1]
    return fit(f"{text}…", columns)


def table(rows: Sequence[Sequence[str]], columns: int, indent: str = "", first: int = 0) -> list[str]:
    """Rows with as many cells each, aligned. Where they would be wider than `columns`, the cells at `first` are cut, as
    far as something can be read of them, and then whichever are the widest."""
    if not rows:
        return []
    widths = [max(width(row[at]) for row in rows) for at in range(len(rows[0]))]
    room = columns - width(indent) - 2 * (len(widths) - 1)
    widths[first] = max(min(widths[first], _READABLE), widths[first] - max(0, sum(widths) - room))
    while sum(widths) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
    return [
        (indent + "  ".join(fit(cell, most) for cell, most in zip(row, widths, strict=True))).rstrip() for row in rows
    ]


def lasting(seconds: float) -> str:
    """`0:07`, `12:03`, `1:00:00`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
