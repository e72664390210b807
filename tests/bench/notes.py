"""`notes.md`: what is known of goals that are missed, by the goal's key. Pure but for `read`."""

from __future__ import annotations

import re
from pathlib import Path

FILE = Path(__file__).with_name("notes.md")
_HEADING = re.compile(r"^## (\w+)\n", re.MULTILINE)


def parts(text: str) -> dict[str, str]:
    """By key; what stands before the first heading is for who writes them."""
    _, *found = _HEADING.split(text)
    return {key: said.strip() for key, said in zip(found[::2], found[1::2], strict=True)}


def read() -> dict[str, str]:
    """Those of this version."""
    return parts(FILE.read_text())
