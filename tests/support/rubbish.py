"""What nobody should send: any JSON, and JSON that was right before something was done to it."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

type Json = Any

# What breaks lines, terminals, keys and markup; what turns text around; half a character; and what looks like nothing.
STRANGE = (
    *("", " ", "\x00", "\n", "\r\nX-Injected: 1", "\x1b[2J\x07", "\u202egnp.exe", "\u2028", "\ufeff", "\ud800"),
    *("<script>alert(1)</script>", '"; DROP TABLE calls; --', "${SHELL(id)}", "{cc}:token:*", "../../etc/passwd"),
    *("\U0010ffff", "%00%0a%s%n", "é" * 70, "9" * 300, "-1", "NaN", "null", "true", "constructor", "__proto__"),
)
NUMBERS = (0, -1, 1, 2**31, 2**53 + 1, 2**63, -(2**64), 10**400, 0.1, 1e308, float("inf"), float("nan"))

texts = st.one_of(st.sampled_from(STRANGE), st.text(max_size=20), st.text(st.characters(), max_size=5))
scalars = st.one_of(st.none(), st.booleans(), st.sampled_from(NUMBERS), st.integers(), texts)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


def deep(levels: int = 200) -> Json:
    """A list in a list in a list."""
    nested: Json = []
    for _ in range(levels):
        nested = [nested]
    return nested


def places(value: Json) -> Iterator[tuple[Json, Any]]:
    """Every place in some JSON: what has it, and its key or index there."""
    match value:
        case dict():
            keys: list[Any] = list(value)
        case list():
            keys = list(range(len(value)))
        case _:
            return
    for key in keys:
        yield value, key
        yield from places(value[key])


def _taken_out(owner: Json, key: Any, _: Json) -> None:
    del owner[key]


def _replaced(owner: Json, key: Any, by: Json) -> None:
    owner[key] = by


def _wrapped(owner: Json, key: Any, _: Json) -> None:
    owner[key] = [owner[key]]


def _as_text(owner: Json, key: Any, _: Json) -> None:
    owner[key] = json.dumps(owner[key])


def _added(owner: Json, key: Any, what: Json) -> None:
    if isinstance(owner, dict):
        owner[f"{key}2"] = what
    else:
        owner.append(what)


_DEEDS: tuple[Callable[[Json, Any, Json], None], ...] = (_taken_out, _replaced, _replaced, _wrapped, _as_text, _added)


@st.composite
def spoilt(draw: st.DrawFn, good: st.SearchStrategy[Json], most: int = 3) -> Json:
    """Something good, to which up to so many things were done."""
    value = copy.deepcopy(draw(good))
    for _ in range(draw(st.integers(0, most))):
        found = list(places(value))
        if not found:
            return draw(anything)
        owner, key = draw(st.sampled_from(found))
        draw(st.sampled_from(_DEEDS))(owner, key, draw(anything))
    return value
